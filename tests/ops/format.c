// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of making filesystems: sizes, every field of the new superblock, refusals that write nothing. Format reference: 01 §13. */

#include <bcachefs/format.h>

#include "../super/temp_fs.h"

#define KiB (1ULL << 10)
#define MiB (1ULL << 20)
#define GiB (1ULL << 30)
#define TiB (1ULL << 40)

#define UUID   "11111111-2222-3333-4444-555555555555"
#define NOW_NS 1795170589123456789ULL

/* One or more devices of one size, named "a", "b" ... */
struct job {
	struct temp *t;
	struct bch_format_opts opts;
	struct bch_format_dev devs[64];
	char *path[64];
	struct bch_fs *fs;
};

static struct job job_begin(struct temp *t, u32 nr, u64 size)
{
	struct job j = { .t = t };

	for (u32 i = 0; i < nr; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%u", i);
		j.path[i] = temp_image(t, name, NULL, size);
		j.devs[i].path = j.path[i];
	}
	j.opts.nr_devs = nr;
	j.opts.version = BCH_VERSION_DEFAULT;
	j.opts.now_ns = NOW_NS;
	return j;
}

static int job_run(struct job *j)
{
	int err;

	j->opts.devs = j->devs;
	err = bch_format(j->t->ctx, &j->opts, &j->fs);
	assert_int_equal(err != 0, j->fs == NULL);
	return err;
}

static void job_end(struct job *j)
{
	assert_int_equal(bch_fs_close(j->fs), 0);
	for (size_t i = 0; i < j->opts.nr_devs; i++) {
		assert_int_equal(unlink(j->path[i]), 0);
		free(j->path[i]);
	}
}

static void job_done(struct job *j)
{
	int err = job_run(j);

	if (err)
		print_error("%s\n", bch_error_message(j->t->ctx, err));
	assert_int_equal(err, 0);
}

static void give(struct bch_opt_set *set, enum bch_opt_id id, u64 value)
{
	set->given[id] = true;
	set->value[id] = value;
}

static void give_text(struct bch_opt_set *set, enum bch_opt_id id, const char *text)
{
	set->given[id] = true;
	set->text[id] = text;
}

/* ------------------------------------------------------------------ sizes */

static void sizes_follow_from_the_size_of_the_devices(void **state)
{
	/* format reference 01 §13.1, newest rule, as CLI.md 5.1 has it */
	static const struct {
		u64 size;
		u32 bucket, block, node;
	} rows[] = {
		{ 8 * MiB, 16 * KiB, 512, 16 * KiB },
		{ 16 * MiB, 16 * KiB, 512, 16 * KiB },
		{ 32 * MiB, 16 * KiB, 512, 16 * KiB },
		{ 64 * MiB, 32 * KiB, 512, 32 * KiB },
		{ 96 * MiB, 32 * KiB, 512, 32 * KiB },
		{ 128 * MiB, 64 * KiB, 512, 64 * KiB },
		{ 300 * MiB, 128 * KiB, 512, 128 * KiB },
		{ 512 * MiB - 1, 128 * KiB, 512, 128 * KiB },
		{ 512 * MiB, 256 * KiB, 512, 256 * KiB },
		{ GiB - 512, 256 * KiB, 512, 256 * KiB },
		{ GiB, 256 * KiB, 4096, 256 * KiB },
		{ 256 * GiB, 256 * KiB, 4096, 256 * KiB },
		{ 512 * GiB, 512 * KiB, 4096, 256 * KiB },
		{ TiB, MiB, 4096, 256 * KiB },
		{ 2 * TiB, 2 * MiB, 4096, 256 * KiB },
		{ 15 * TiB, 2 * MiB, 4096, 256 * KiB }, /* ext4 has no larger files */
	};

	for (size_t i = 0; i < bch_array_size(rows); i++) {
		struct job j = job_begin(*state, 1, rows[i].size);
		struct bch_member m;

		job_done(&j);
		assert_true(bch_super_member(&j.fs->super, 0, &m));
		assert_int_equal(BCH_BYTES(m.bucket_size), rows[i].bucket);
		assert_int_equal(m.nbuckets, rows[i].size / rows[i].bucket);
		assert_int_equal(bch_sb_opt(j.fs->super.sb, BCH_OPT_block_size), rows[i].block);
		assert_int_equal(bch_sb_opt(j.fs->super.sb, BCH_OPT_btree_node_size), rows[i].node);
		job_end(&j);
	}
}

static void each_device_has_its_own_bucket_size_and_options(void **state)
{
	struct job j = job_begin(*state, 3, 2 * GiB);
	struct bch_super super;
	struct bch_member m;

	give(&j.devs[0].opts, BCH_OPT_fs_size, 64 * MiB);
	give(&j.devs[1].opts, BCH_OPT_bucket_size, MiB);
	give(&j.devs[1].opts, BCH_OPT_durability, 0);
	give(&j.devs[1].opts, BCH_OPT_discard, 1);
	give_text(&j.devs[1].opts, BCH_OPT_label, "ssd.one");
	give_text(&j.devs[2].opts, BCH_OPT_label, "hdd");
	give_text(&j.opts.fs, BCH_OPT_promote_target, "ssd");
	give_text(&j.opts.fs, BCH_OPT_background_target, j.path[2]);
	job_done(&j);
	super = temp_fs_get_copy(j.t, j.path[2], 8);
	assert_true(bch_super_member(&super, 0, &m));
	assert_int_equal(m.bucket_size, 64);
	assert_int_equal(m.nbuckets, 2048);
	assert_true(bch_super_member(&super, 1, &m));
	assert_int_equal(m.bucket_size, 2048);
	assert_int_equal(bch_member_durability(&m), 0);
	assert_int_equal(bch_member_DISCARD(&m), 1);
	assert_int_equal(bch_member_GROUP(&m), 2);
	assert_true(bch_super_member(&super, 2, &m));
	assert_int_equal(m.bucket_size, 512);
	assert_int_equal(bch_member_durability(&m), 1);
	assert_int_equal(bch_member_DISCARD(&m), 0);
	assert_int_equal(bch_sb_opt(super.sb, BCH_OPT_btree_node_size), 32 * KiB);
	assert_int_equal(bch_sb_opt(super.sb, BCH_OPT_promote_target), BCH_TARGET_GROUP(0));
	assert_int_equal(bch_sb_opt(super.sb, BCH_OPT_background_target), BCH_TARGET_DEV(2));
	bch_super_end(&super);
	job_end(&j);
}

/* ------------------------------------------------------------------ bytes */

static void assert_zero(const void *p, size_t len)
{
	assert_true(bch_bytes_are_zero((struct bch_bytes){ p, len }));
}

/* 01 §13.2, from top to bottom. */
static void new_superblock_is_the_table_of_the_format_reference(void **state)
{
	static const u64 flags[] = {
		0x8111110080100104, 0x0111c102, 0, 0x000000fa30000000,
		0x0000000100000064, 0x001e0000, 0,
	};
	static const u64 offsets[] = { 8, 2056, 522240 };
	struct job j = job_begin(*state, 1, 256 * MiB);
	struct bch_super super;
	const struct bch_sb *sb;
	struct bch_bytes body;
	struct bch_member m;
	u8 member[144] = { 0 };

	give(&j.opts.fs, BCH_OPT_block_size, 4096);
	give(&j.devs[0].opts, BCH_OPT_bucket_size, 128 * KiB);
	j.opts.uuid = UUID;
	j.opts.label = "tank";
	j.opts.no_initialise = true;
	job_done(&j);
	super = temp_fs_get_copy(j.t, j.path[0], 8);
	sb = super.sb;
	assert_int_equal(le16_get(sb->version), 0x40d);
	assert_int_equal(le16_get(sb->version_min), 0x40d);
	assert_zero(sb->pad, sizeof(sb->pad));
	assert_memory_equal(sb->magic, bch_magic, 16);
	assert_memory_not_equal(sb->uuid, sb->user_uuid, 16);
	assert_memory_equal(sb->user_uuid, "\x11\x11\x11\x11\x22\x22\x33\x33\x44\x44UUUUUU", 16);
	assert_memory_equal(sb->label, "tank\0\0\0\0", 8);
	assert_zero(sb->label + 4, 28);
	assert_int_equal(le64_get(sb->offset), 8);
	assert_int_equal(le64_get(sb->seq), 0);
	assert_int_equal(le16_get(sb->block_size), 8);
	assert_int_equal(sb->dev_idx, 0);
	assert_int_equal(sb->nr_devices, 1);
	assert_true(le64_get(sb->time_base_lo) == NOW_NS);
	assert_int_equal(le32_get(sb->time_base_hi), 0);
	assert_int_equal(le32_get(sb->time_precision), 1);
	for (u32 i = 0; i < 7; i++)
		assert_true(le64_get(sb->flags[i]) == flags[i]);
	assert_int_equal(le64_get(sb->write_time), 0);
	assert_int_equal(le64_get(sb->features[0]), 0x7ba80);
	assert_zero(&sb->features[1], 8 + 16);
	assert_memory_equal(sb->layout.magic, bch_magic, 16);
	assert_memory_equal(&sb->layout.layout_type, "\0\13\3\0\0\0\0\0", 8);
	for (u32 i = 0; i < 61; i++)
		assert_int_equal(le64_get(sb->layout.sb_offset[i]), i < 3 ? offsets[i] : 0);

	body = bch_super_section(&super, BCH_SECTION_members_v2);
	assert_int_equal(body.len, 8 + 144);
	assert_memory_equal(body.p, "\x90\0\0\0\0\0\0\0", 8);
	bch_member_get(&m, body.p + 8, 144);
	assert_true(bch_member_alive(&m));
	memcpy(member, m.uuid, 16);
	member[17] = 8;	   /* nbuckets 2048 */
	member[27] = 1;	   /* bucket 256 sectors */
	member[42] = 0x0e; /* data allowed 0x1c */
	member[43] = 0x20; /* durability 2 */
	assert_memory_equal(body.p + 8, member, 144);
	body = bch_super_section(&super, BCH_SECTION_members_v1);
	assert_int_equal(body.len, 56);
	assert_memory_equal(body.p, member, 56);
	assert_int_equal(bch_super_len(&super), sizeof(*sb) + 8 + 8 + 144 + 8 + 56); /* no more */
	bch_super_end(&super);
	job_end(&j);
}

static void start_layout_and_every_copy_are_written(void **state)
{
	struct job j = job_begin(*state, 2, 64 * MiB);
	u8 start[4096], noise[8192];

	memset(noise, 0xee, sizeof(noise));
	temp_fs_write(j.path[1], noise, sizeof(noise), 0);
	job_done(&j);
	for (u32 i = 0; i < 2; i++) {
		temp_fs_io(j.path[i], start, sizeof(start), 0, false);
		assert_zero(start, 3584);
		assert_memory_equal(start + 3584, &j.fs->members[i].super.sb->layout, 512);
		for (u32 c = 0; c < 3; c++) {
			u64 at = le64_get(j.fs->members[i].super.sb->layout.sb_offset[c]);
			struct bch_super super = temp_fs_get_copy(j.t, j.path[i], at);

			assert_int_equal(le64_get(super.sb->offset), at);
			assert_int_equal(super.sb->dev_idx, i);
			assert_int_equal(bch_sb_validate(&super, at, 0, NULL), 0);
			bch_super_end(&super);
		}
	}
	job_end(&j);
}

static void same_command_gives_the_same_bytes(void **state)
{
	u8 *first = NULL, *second = malloc(64 * MiB);

	for (u32 i = 0; i < 2; i++) {
		struct job j = job_begin(*state, 2, 64 * MiB);

		j.opts.uuid = UUID;
		j.opts.reproducible = true;
		job_done(&j);
		assert_memory_not_equal(j.fs->super.sb->uuid, j.fs->super.sb->user_uuid, 16);
		temp_fs_io(j.path[1], second, 64 * MiB, 0, false);
		if (first)
			assert_memory_equal(first, second, 64 * MiB);
		else
			first = memcpy(malloc(64 * MiB), second, 64 * MiB);
		job_end(&j);
	}
	free(first);
	free(second);
}

static void identities_are_random_where_nothing_else_is_said(void **state)
{
	struct job a = job_begin(*state, 1, 16 * MiB), b;

	a.opts.uuid = UUID;
	job_done(&a);
	assert_int_equal(bch_fs_close(a.fs), 0);
	b = a;
	job_done(&b);
	b.opts.uuid = NULL;
	assert_int_equal(bch_fs_close(b.fs), 0);
	job_done(&b);
	assert_memory_not_equal(bch_fs_uuid(b.fs), "\x11\x11\x11\x11\x22\x22\x33\x33\x44\x44UUUUUU",
				16);
	job_end(&b);
}

static void devices_up_to_64_make_one_filesystem(void **state)
{
	struct job j = job_begin(*state, 64, 16 * MiB);
	struct bch_fs *open = NULL;
	struct bch_open_opts opts = { .flags = BCH_OPEN_WRITE };

	for (u32 i = 0; i < 64; i++)
		give_text(&j.devs[i].opts, BCH_OPT_label, i % 2 ? "odd" : "even.two");
	job_done(&j);
	assert_int_equal(bch_fs_close(j.fs), 0);
	j.fs = NULL;
	assert_int_equal(bch_fs_open(j.t->ctx, (const char *const *)j.path, 64, &opts, &open), 0);
	for (u32 i = 0; i < 64; i++)
		assert_non_null(open->members[i].blkdev);
	assert_int_equal(bch_super_groups_nr(&open->super), 3);
	assert_int_equal(bch_fs_close(open), 0);
	job_end(&j);
}

static void newer_versions_have_their_own_fields(void **state)
{
	struct job j = job_begin(*state, 2, 64 * MiB);
	const struct bch_sb *sb;

	j.opts.version = BCH_VERSION(1, 28);
	job_done(&j);
	sb = j.fs->super.sb;
	assert_int_equal(le64_get(sb->features[0]), 0xfba80 & ~0x3000); /* it is clean */
	assert_int_equal(bch_sb_flag(sb, BCH_SB_VERSION_INCOMPAT_ALLOWED), BCH_VERSION(1, 28));
	assert_int_equal(bch_sb_flag(sb, BCH_SB_VERSION_INCOMPAT), 0);
	assert_int_equal(bch_sb_flag(sb, BCH_SB_WRITE_ERROR_TIMEOUT), 30);
	assert_int_equal(bch_sb_flag(sb, BCH_SB_CSUM_ERR_RETRY_NR), 3);
	job_end(&j);
}

static void encrypted_one_opens_with_its_passphrase(void **state)
{
	struct job j = job_begin(*state, 1, 16 * MiB);
	struct bch_open_opts opts = { 0 };
	struct bch_fs *open = NULL;

	j.opts.encrypted = true;
	j.opts.passphrase = "hunter2";
	job_done(&j);
	assert_int_equal(bch_fs_close(j.fs), 0);
	j.fs = NULL;
	assert_int_equal(bch_fs_open(j.t->ctx, (const char *const *)j.path, 1, &opts, &open), 0);
	assert_int_equal(bch_fs_encryption(open), BCH_KEY_WRAPPED);
	assert_int_equal(bch_sb_flag(open->super.sb, BCH_SB_ENCRYPTION_TYPE), 1);
	assert_int_equal(bch_fs_unlock(open, "hunter3"), -BCH_ERR_wrong_passphrase);
	assert_int_equal(bch_fs_unlock(open, "hunter2"), 0);
	assert_int_equal(bch_fs_close(open), 0);

	j.opts.passphrase = NULL;
	job_done(&j);
	assert_int_equal(bch_fs_encryption(j.fs), BCH_KEY_IN_CLEAR);
	job_end(&j);
}

/* ------------------------------------------------------------------ refusals */

static void refuse(struct temp *t, void (*change)(struct job *j), u64 size, int want,
		   const char *words)
{
	struct job j = job_begin(t, 2, size);
	u8 *before = malloc(size), *after = malloc(size);

	temp_fs_write(j.path[0], "what was here", 13, 4096);
	temp_fs_io(j.path[0], before, size, 0, false);
	if (change)
		change(&j);
	assert_int_equal(job_run(&j), want);
	if (!strstr(bch_error_message(t->ctx, want), words))
		print_error("%s\n", bch_error_message(t->ctx, want));
	assert_non_null(strstr(bch_error_message(t->ctx, want), words));
	temp_fs_io(j.path[0], after, size, 0, false);
	assert_memory_equal(before, after, size);
	free(before);
	free(after);
	job_end(&j);
}

static void block_of_64_bytes_too_many(struct job *j)
{
	give(&j->opts.fs, BCH_OPT_block_size, 32 * KiB);
	give(&j->opts.fs, BCH_OPT_btree_node_size, 32 * KiB);
	give(&j->devs[0].opts, BCH_OPT_bucket_size, 32 * KiB);
	give(&j->devs[1].opts, BCH_OPT_bucket_size, 32 * KiB);
}

static void bucket_below_block(struct job *j)
{
	give(&j->opts.fs, BCH_OPT_block_size, 4096);
	give(&j->devs[1].opts, BCH_OPT_bucket_size, 2048);
}

static void bucket_below_node(struct job *j)
{
	give(&j->opts.fs, BCH_OPT_btree_node_size, 32 * KiB);
	give(&j->devs[1].opts, BCH_OPT_bucket_size, 16 * KiB);
}

static void few_buckets(struct job *j)
{
	give(&j->devs[1].opts, BCH_OPT_bucket_size, 64 * KiB);
}

static void more_than_there_is(struct job *j)
{
	give(&j->devs[1].opts, BCH_OPT_fs_size, 17 * MiB);
}

static void unknown_target(struct job *j)
{
	give_text(&j->opts.fs, BCH_OPT_foreground_target, "nowhere");
}

static void bad_label(struct job *j)
{
	give_text(&j->devs[1].opts, BCH_OPT_label, "a..b");
}

static void long_label(struct job *j)
{
	j->opts.label = "12345678901234567890123456789012";
}

static void bad_uuid(struct job *j)
{
	j->opts.uuid = "1111";
}

static void old_version(struct job *j)
{
	j->opts.version = BCH_VERSION(1, 3);
}

static void new_version(struct job *j)
{
	j->opts.version = BCH_VERSION(1, 29);
}

static void nocow_and_encryption(struct job *j)
{
	give(&j->opts.fs, BCH_OPT_nocow, 1);
	j->opts.encrypted = true;
}

static void same_device_twice(struct job *j)
{
	j->devs[1].path = j->path[0];
}

static void missing_device(struct job *j)
{
	j->devs[1].path = "/nowhere/at/all";
}

static void odd_superblock_size(struct job *j)
{
	j->opts.superblock_size = 16385;
}

static void what_cannot_be_is_refused_before_anything_is_written(void **state)
{
	static const struct {
		void (*change)(struct job *j);
		int want;
		const char *words;
	} rows[] = {
		{ block_of_64_bytes_too_many, -BCH_ERR_option_too_small,
		  "must be greater than block size" },
		{ bucket_below_block, -BCH_ERR_option_too_small, "smaller than block size (4096)" },
		{ bucket_below_node, -BCH_ERR_option_too_small, "smaller than btree node size" },
		{ few_buckets, -BCH_ERR_device_too_small, "Not enough buckets: 256, need 512" },
		{ more_than_there_is, -BCH_ERR_option_too_big, "fs_size: too big" },
		{ unknown_target, -BCH_ERR_target_unknown, "Invalid target nowhere" },
		{ bad_label, -BCH_ERR_label_invalid, "label" },
		{ long_label, -BCH_ERR_label_invalid, "filesystem label too long" },
		{ bad_uuid, -BCH_ERR_option_value, "not a UUID: 1111" },
		{ old_version, -BCH_ERR_version_unsupported, "cannot make version 1.3" },
		{ new_version, -BCH_ERR_version_unsupported, "cannot make version 1.29" },
		{ nocow_and_encryption, -BCH_ERR_option_value, "nocow" },
		{ same_device_twice, -BCH_ERR_invalid_argument, "f0" },
		{ missing_device, -BCH_ERR_not_found, "/nowhere/at/all" },
		{ odd_superblock_size, -BCH_ERR_option_value, "superblock_size" },
	};

	for (size_t i = 0; i < bch_array_size(rows); i++)
		refuse(*state, rows[i].change, 16 * MiB, rows[i].want, rows[i].words);
	refuse(*state, NULL, 8 * MiB - 512, -BCH_ERR_device_too_small, "too small (8388096 bytes");
}

static void dry_run_writes_nothing(void **state)
{
	struct job j = job_begin(*state, 1, 16 * MiB);
	u8 *have = malloc(16 * MiB);

	j.opts.dry_run = true;
	job_done(&j);
	temp_fs_io(j.path[0], have, 16 * MiB, 0, false);
	assert_zero(have, 16 * MiB);
	free(have);
	job_end(&j);
}

/* ------------------------------------------------------------------ what was there before */

static void backups_of_the_old_filesystem_are_wiped(void **state)
{
	struct job j = job_begin(*state, 1, 256 * MiB);
	struct bch_sb_layout old;
	u8 sector[512];

	j.opts.superblock_size = 256 * KiB;
	job_done(&j);
	old = j.fs->members[0].super.sb->layout;
	assert_int_equal(bch_fs_close(j.fs), 0);
	j.opts.superblock_size = 0;
	job_done(&j);
	for (u32 i = 1; i < old.nr_superblocks; i++) {
		u64 at = le64_get(old.sb_offset[i]);

		assert_true(at != le64_get(j.fs->super.sb->layout.sb_offset[i]));
		temp_fs_io(j.path[0], sector, 512, BCH_BYTES(at), false);
		assert_zero(sector, 512);
	}
	job_end(&j);
}

static void contents_are_told_line_by_line(void **state)
{
	struct bch_buf lines bch_auto(buf) = { 0 };
	struct job j = job_begin(*state, 3, 16 * MiB);

	assert_int_equal(bch_device_contents(j.t->ctx, j.path[1], &lines), 0);
	assert_string_equal(bch_buf_str(&lines), "");
	j.opts.label = "old";
	j.opts.uuid = UUID;
	job_done(&j);
	assert_int_equal(bch_fs_close(j.fs), 0);
	j.fs = NULL;
	assert_int_equal(bch_device_contents(j.t->ctx, j.path[1], &lines), 0);
	assert_non_null(strstr(bch_buf_str(&lines),
			       "labelled 'old' (UUID " UUID ", member 1, 2 other members)\n"));
	job_end(&j);
}

/* ------------------------------------------------------------------ little memory */

static void each_failed_allocation_is_an_error(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();
	struct job j = job_begin(*state, 2, 16 * MiB);
	u64 nth = 0, fired;
	int err;

	give_text(&j.devs[0].opts, BCH_OPT_label, "a.b");
	give_text(&j.opts.fs, BCH_OPT_foreground_target, "a");
	do {
		fired = bch_fault_fired(&faults, "memory");
		assert_int_equal(bch_fault_set(&faults, "memory", ++nth), 0);
		err = job_run(&j);
		assert_int_equal(bch_fault_set(&faults, "memory", 0), 0);
		assert_true(!err || err == -BCH_ERR_no_memory || err == -BCH_ERR_not_found);
		assert_int_equal(bch_fs_close(j.fs), 0);
		j.fs = NULL;
	} while (bch_fault_fired(&faults, "memory") != fired);
	assert_int_equal(err, 0);
	assert_true(nth > 20);
	job_end(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(sizes_follow_from_the_size_of_the_devices),
		TEMP_TEST(each_device_has_its_own_bucket_size_and_options),
		TEMP_TEST(new_superblock_is_the_table_of_the_format_reference),
		TEMP_TEST(start_layout_and_every_copy_are_written),
		TEMP_TEST(same_command_gives_the_same_bytes),
		TEMP_TEST(identities_are_random_where_nothing_else_is_said),
		TEMP_TEST(devices_up_to_64_make_one_filesystem),
		TEMP_TEST(newer_versions_have_their_own_fields),
		TEMP_TEST(encrypted_one_opens_with_its_passphrase),
		TEMP_TEST(what_cannot_be_is_refused_before_anything_is_written),
		TEMP_TEST(dry_run_writes_nothing),
		TEMP_TEST(backups_of_the_old_filesystem_are_wiped),
		TEMP_TEST(contents_are_told_line_by_line),
		TEMP_TEST(each_failed_allocation_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
