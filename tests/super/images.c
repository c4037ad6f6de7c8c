// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every superblock that kernels wrote: reads, is valid, can be shown, and comes out of our encoders byte for byte.
 * tests/images/superblocks holds the default copies; tests/images and the folders in BCACHEFS_TEST_IMAGES (each with
 * NAME/devN.img.zst) are looked at whole, all copies and the layout.
 */

#include <glob.h>

#include "temp_fs.h"

/* ------------------------------------------------------------------ encoding again */

static void again_members(struct bch_super *to, const struct bch_super *from)
{
	struct bch_member m;

	for (u32 i = 0; i < from->sb->nr_devices; i++) {
		assert_true(bch_super_member(from, i, &m));
		bch_super_member_put(to, i, &m);
	}
}

static void again_journal(struct bch_super *to, const struct bch_super *from)
{
	struct bch_bucket_range *ranges;
	u32 nr;

	assert_int_equal(bch_super_journal(from, &ranges, &nr), 0);
	assert_int_equal(bch_super_journal_put(to, ranges, nr), 0);
	free(ranges);
}

static void again_replicas(struct bch_super *to, const struct bch_super *from)
{
	struct bch_replicas r[256];
	u32 section, nr = 0;
	struct bch_bytes rest = bch_super_replicas(from, &section);

	while (nr < 256 && bch_replicas_next(&rest, section, &r[nr]) > 0)
		nr++;
	assert_int_equal(bch_super_replicas_put(to, r, nr), 0);
	/* kernels leave room behind the records */
	assert_int_equal(
		bch_super_section_resize(to, section, bch_super_section(from, section).len), 0);
}

static void again_errors(struct bch_super *to, const struct bch_super *from, u32 section)
{
	struct bch_sb_error e[256];
	u32 nr = 0;

	while (nr < 256 && bch_sb_error_get(bch_super_section(from, section), section, nr, &e[nr]))
		nr++;
	assert_int_equal(bch_super_errors_put(to, section, e, nr), 0);
}

static void again_groups(struct bch_super *to, struct bch_bytes body)
{
	struct bch_disk_group g;
	u8 *p = bch_super_section_mut(to, BCH_SECTION_disk_groups);

	for (size_t at = 0; at + 48 <= body.len; at += 48) {
		bch_disk_group_get(&g, body.p + at, 48);
		bch_disk_group_put(&g, p + at, 48);
	}
}

static void again_counters(struct bch_super *to, const struct bch_super *from)
{
	for (u32 i = 0; i < bch_super_counters_nr(from); i++)
		bch_super_counter_put(to, i, bch_super_counter(from, i));
}

/* The section from its decoded entries, in a place of its own. 0 where it has no encoder. */
static u32 put_again(struct bch_super *to, const struct bch_super *from, u32 type,
		     struct bch_bytes body)
{
	struct bch_sb_crypt crypt;
	struct bch_sb_ext ext;

	assert_int_equal(bch_super_section_resize(to, type, body.len), 0);
	switch (type) {
	case BCH_SECTION_members_v1:
	case BCH_SECTION_members_v2:
		sb_build_poke(bch_super_section_mut(to, type), 2,
			      type == BCH_SECTION_members_v2 ? body.p[0] | body.p[1] << 8 : 0);
		again_members(to, from);
		return 1;
	case BCH_SECTION_crypt:
		assert_true(bch_super_crypt(from, &crypt));
		assert_int_equal(bch_super_crypt_put(to, &crypt), 0);
		return 1;
	case BCH_SECTION_ext:
		bch_super_ext(from, &ext);
		assert_int_equal(bch_super_ext_put(to, &ext), 0);
		return 1;
	case BCH_SECTION_journal_v2:
		again_journal(to, from);
		return 1;
	case BCH_SECTION_replicas_v0:
	case BCH_SECTION_replicas:
		again_replicas(to, from);
		return 1;
	case BCH_SECTION_errors:
	case BCH_SECTION_errors_v2:
		again_errors(to, from, type);
		return 1;
	case BCH_SECTION_disk_groups:
		again_groups(to, body);
		return 1;
	case BCH_SECTION_counters:
		again_counters(to, from);
		return 1;
	default:
		return 0;
	}
}

/* A new superblock with the fixed part of @from and nothing else. */
static struct bch_super fixed_part_of(const struct bch_super *from)
{
	struct bch_super to = { 0 };

	assert_int_equal(bch_super_new(&to), 0);
	*to.sb = *from->sb;
	to.sb->u64s = le32_of(0);
	return to;
}

/* One section after the other into a new superblock, in their order: the whole is the same bytes. */
static void assert_encodes_the_same(const struct bch_super *from)
{
	struct bch_super whole = fixed_part_of(from);
	struct bch_bytes rest = bch_super_sections(from), body;
	u32 type, encoded = 0;

	while (bch_sb_section_next(&rest, &type, &body) > 0) {
		struct bch_super one = fixed_part_of(from);

		if (put_again(&one, from, type, body)) {
			struct bch_bytes b = bch_super_section(&one, type);

			sb_build_put(&whole, type, b.p, b.len);
			encoded++;
		} else {
			sb_build_put(&whole, type, body.p, body.len);
		}
		bch_super_end(&one);
	}
	assert_true(encoded >= 2);
	memset(whole.sb->csum, 0xee, sizeof(whole.sb->csum));
	assert_int_equal(bch_super_seal(&whole, le64_get(from->sb->offset)), 0);
	assert_int_equal(bch_super_len(&whole), bch_super_len(from));
	assert_memory_equal(whole.sb, from->sb, bch_super_len(from));
	bch_super_end(&whole);
}

/* Every flag field and option, read and written again, changes nothing. */
static void assert_flags_stay(const struct bch_super *from)
{
	struct bch_sb sb = *from->sb;

	for (u32 f = BCH_SB_NONE + 1; f < BCH_SB_FLAG_NR; f++)
		bch_sb_flag_set(&sb, f, bch_sb_flag(from->sb, f));
	for (u32 id = 0; id < BCH_OPT_NR; id++)
		if (bch_opt(id)->stored || id == BCH_OPT_block_size)
			bch_sb_opt_set(&sb, id, bch_sb_opt(from->sb, id));
	assert_memory_equal(&sb, from->sb, sizeof(sb));
}

static void assert_can_be_shown(const struct bch_super *super)
{
	for (u32 format = BCH_FACTS_TEXT; format <= BCH_FACTS_JSON; format++) {
		struct bch_facts *facts bch_auto(facts) = bch_facts_new(format);
		struct bch_bytes rest = bch_super_sections(super), body;
		struct bch_sb_show show = { super, NULL };
		u32 type;

		bch_sb_show_header(facts, &show);
		while (bch_sb_section_next(&rest, &type, &body) > 0)
			bch_sb_section_show(facts, &show, type, body, true);
		assert_null(strstr(bch_facts_str(facts), "unknown("));
	}
}

static void assert_good(const char *name, const struct bch_super *super)
{
	struct bch_buf why bch_auto(buf) = { 0 };
	int err = bch_sb_validate(super, le64_get(super->sb->offset), 0, &why);

	if (err)
		print_error("%s: %s (%s)\n", name, bch_err_name(err), bch_buf_str(&why));
	assert_int_equal(err, 0);
	assert_encodes_the_same(super);
	assert_flags_stay(super);
	assert_can_be_shown(super);
}

static void every_superblock_is_valid_and_encodes_to_the_same_bytes(void **state)
{
	sb_build_each_image(assert_good);
}

/* ------------------------------------------------------------------ several devices */

static void members_superblocks_follow_from_each_other(void **state)
{
	static const char *const sets[][2] = {
		{ "08-replicas2-dev0", "08-replicas2-dev1" },
		{ "09-targets-dev0", "09-targets-dev2" },
		{ "10-crash-c-dev1", "10-crash-c-dev0" },
		{ "13-k616-zstd-2dev-crash-dev0", "13-k616-zstd-2dev-crash-dev1" },
		{ "139-ec-raid6-dev0", "139-ec-raid6-dev5" },
		{ "139-removed-dev0", "139-removed-dev2" },
		{ "139-targets-pending-dev2", "139-targets-pending-dev1" },
	};

	for (size_t i = 0; i < bch_array_size(sets); i++) {
		struct bch_super from = sb_build_image(sets[i][0]);
		struct bch_super want = sb_build_image(sets[i][1]);
		struct bch_super to = sb_build_copy(&want);

		/* nothing of the filesystem's is left but what is the device's own */
		memset(to.sb->label, 'x', sizeof(to.sb->label));
		memset(to.sb->flags, 0, sizeof(to.sb->flags));
		to.sb->seq = le64_of(0);
		bch_super_section_mut(&to, BCH_SECTION_members_v2)[100] ^= 0xff;
		bch_super_section_mut(&to, BCH_SECTION_counters)[0] ^= 0xff;
		assert_int_equal(bch_super_copy_fs(&to, &from), 0);
		assert_int_equal(bch_super_seal(&to, 8), 0);
		assert_int_equal(bch_super_len(&to), bch_super_len(&want));
		assert_memory_equal(to.sb, want.sb, bch_super_len(&want));
		bch_super_end(&from);
		bch_super_end(&want);
		bch_super_end(&to);
	}
}

/* ------------------------------------------------------------------ whole images */

/* The layout, and each copy that it names; those that were never rewritten may be older. */
static void check_device(struct temp *t, const char *path, const char *name)
{
	struct bch_blkdev *dev = temp_open(t, path, 0);
	struct bch_sb_layout layout;

	assert_int_equal(bch_super_read_layout(dev, &layout, NULL), 0);
	for (u32 i = 0; i < layout.nr_superblocks; i++) {
		struct bch_super super = { 0 };
		u64 sector = le64_get(layout.sb_offset[i]);

		assert_int_equal(bch_super_read_copy(dev, sector, &super, NULL), 0);
		assert_int_equal(le64_get(super.sb->offset), sector);
		assert_good(name, &super);
		bch_super_end(&super);
	}
	assert_int_equal(bch_blkdev_close(dev), 0);
}

/* Those that hold no superblock any more are no members: 09-devices-changed and 139-removed have one each. */
static void check_image(struct temp *t, const char *packed)
{
	char *path = temp_path(t, "image");
	struct bch_blkdev *dev;
	struct bch_super super = { 0 };

	assert_int_equal(temp_run("zstd -dqf --long=27 --sparse %s -o %s", packed, path), 0);
	dev = temp_open(t, path, 0);
	if (!bch_super_read(dev, 0, &super))
		check_device(t, path, packed);
	else
		assert_true(strstr(packed, "changed") || strstr(packed, "removed"));
	bch_super_end(&super);
	assert_int_equal(bch_blkdev_close(dev), 0);
	assert_int_equal(unlink(path), 0);
	free(path);
}

static void every_copy_in_whole_images_is_valid_and_encodes_to_the_same_bytes(void **state)
{
	const char *more = getenv("BCACHEFS_TEST_IMAGES"), *folder;
	struct bch_buf folders bch_auto(buf) = { 0 };
	char *copy, *rest;
	size_t nr = 0;

	bch_buf_put(&folders, "tests/images:%s", more ? more : "");
	copy = rest = bch_buf_take(&folders);
	while ((folder = strsep(&rest, ":"))) {
		char pattern[1024];
		glob_t found = { 0 };

		if (!*folder)
			continue;
		snprintf(pattern, sizeof(pattern), "%s/*/dev*.img.zst", folder);
		(void)glob(pattern, 0, NULL, &found);
		for (size_t i = 0; i < found.gl_pathc; i++, nr++)
			check_image(*state, found.gl_pathv[i]);
		globfree(&found);
	}
	free(copy);
	assert_true(nr > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_superblock_is_valid_and_encodes_to_the_same_bytes),
		cmocka_unit_test(members_superblocks_follow_from_each_other),
		TEMP_TEST(every_copy_in_whole_images_is_valid_and_encodes_to_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
