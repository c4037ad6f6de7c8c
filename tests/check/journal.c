// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each problem of the journal: it is made in one that a kernel left, told with its id, repaired, and nothing is wrong
 * afterwards. Format reference: 07 §6.1.
 */

#include "../ondisk/key_build.h"
#include "rows.h"

#include "journal/journal.h"

#define CRASHED	   "tests/images/10-crash-d"
#define TWO_COPIES "tests/images/10-crash-c"

struct row {
	const char *name;
	u32 id;
	const char *image;
	void (*damage)(struct image *image, const struct row *row);
	const char *hex; /* of a record */
	void (*edit)(struct bch_jset *j);
	bool loses; /* keys of the journal, which no counters of single inodes are made anew for: 06 §10 */
};

/* ------------------------------------------------------------------ entries */

/* Copy number @nr of the entry @back before the newest that is to be replayed. */
static struct bch_journal_copy find_copy(struct image *image, u32 back, u32 nr)
{
	struct bch_journal *j bch_auto(journal) = NULL;
	const struct bch_journal_entry *e;

	image_open_fs(image);
	assert_int_equal(bch_journal_read(image->fs, &j), 0);
	e = &j->entries.a.v[bch_journal_find(j, j->blacklist_seq - 1) - back];
	assert_true(e->seq + back == j->blacklist_seq - 1);
	assert_true(nr < e->nr_copies);
	return e->copy[nr];
}

#define ENTRY_MAX (1 << 20)

struct entry {
	struct bch_jset head;
	u8 bytes[ENTRY_MAX];
};

static void transfer(struct image *image, const struct bch_journal_copy *c, void *bytes, size_t len,
		     bool write)
{
	int fd = open(image->path[c->dev_idx], O_RDWR);
	off_t at = (off_t)BCH_BYTES(c->sector);

	assert_true(fd >= 0 && len <= ENTRY_MAX);
	assert_int_equal(write ? pwrite(fd, bytes, len, at) : pread(fd, bytes, len, at), len);
	close(fd);
}

static void read_entry(struct image *image, const struct bch_journal_copy *c, struct entry *e)
{
	memset(e->bytes, 0, sizeof(e->bytes));
	transfer(image, c, e->bytes, BCH_JSET_BYTES + c->u64s * 8ULL, false);
	bch_jset_get(&e->head, e->bytes, BCH_JSET_BYTES);
}

/* With the checksum that it should have; a type that is unknown stays without. */
static void write_entry(struct image *image, const struct bch_journal_copy *c, struct entry *e)
{
	size_t len = (size_t)bch_jset_len(&e->head);
	struct bch_csum csum = { 0 };

	len = len < ENTRY_MAX ? len : ENTRY_MAX;
	bch_jset_put(&e->head, e->bytes, BCH_JSET_BYTES);
	(void)bch_csum(bch_jset_CSUM_TYPE(e->head.flags), NULL, bch_journal_nonce(e->head.seq),
		       e->bytes + BCH_JSET_CSUM_START, len - BCH_JSET_CSUM_START, &csum);
	e->head.csum[0] = csum.lo;
	e->head.csum[1] = csum.hi;
	bch_jset_put(&e->head, e->bytes, BCH_JSET_BYTES);
	transfer(image, c, e->bytes, len < ENTRY_MAX ? len : BCH_JSET_BYTES, true);
}

/* ------------------------------------------------------------------ ways to damage it */

static void append_record(struct image *image, const struct row *row)
{
	struct bch_journal_copy c = find_copy(image, 0, 0);
	struct entry *e = malloc(sizeof(*e));
	struct key_build b;

	image_close(image);
	key_build(&b, 0, BCH_POS_MIN, 0, row->hex);
	read_entry(image, &c, e);
	memcpy(e->bytes + bch_jset_len(&e->head), b.val, b.k.val.len);
	e->head.u64s += (u32)b.k.val.len / 8;
	write_entry(image, &c, e);
	free(e);
}

static void edit_copy(struct image *image, const struct row *row, struct bch_journal_copy c)
{
	struct entry *e = malloc(sizeof(*e));

	image_close(image);
	read_entry(image, &c, e);
	row->edit(&e->head);
	write_entry(image, &c, e);
	free(e);
}

/* Of the newest entry. */
static void edit_head(struct image *image, const struct row *row)
{
	edit_copy(image, row, find_copy(image, 0, 0));
}

/* Where it is not valid: the newest would be forgiven, it may have been torn. */
static void edit_older_head(struct image *image, const struct row *row)
{
	edit_copy(image, row, find_copy(image, 1, 0));
}

/* The first of the bucket with the newest: others follow it there, which are all to be replayed. */
static void edit_first_of_bucket(struct image *image, const struct row *row)
{
	u32 newest = find_copy(image, 0, 0).ring_idx, back = 0;
	struct bch_journal_copy c;

	do {
		image_close(image);
		c = find_copy(image, ++back, 0);
	} while (c.bucket_offset && c.ring_idx == newest);
	assert_int_equal(c.bucket_offset, 0);
	edit_copy(image, row, c);
}

static void unknown_csum(struct bch_jset *j)
{
	j->flags |= 15;
}

static void last_seq_in_future(struct bch_jset *j)
{
	j->last_seq = j->seq + 5;
}

static void too_long(struct bch_jset *j)
{
	j->u64s = 1 << 24;
}

static void of_version_7(struct bch_jset *j)
{
	j->version = BCH_VERSION(7, 0);
}

static void no_flush(struct bch_jset *j)
{
	j->flags |= 1 << 5;
}

/* All of them. */
static void each_entry(struct image *image, void (*edit)(struct bch_jset *j))
{
	struct bch_journal *j bch_auto(journal) = NULL;
	struct entry *e = malloc(sizeof(*e));

	image_open_fs(image);
	assert_int_equal(bch_journal_read(image->fs, &j), 0);
	assert_int_equal(bch_journal_reach(j, 0), 0);
	for (size_t i = 0; i < j->copies.a.nr; i++) {
		read_entry(image, &j->copies.a.v[i], e);
		edit(&e->head);
		write_entry(image, &j->copies.a.v[i], e);
	}
	bch_journal_free(j);
	j = NULL;
	image_close(image);
	free(e);
}

static void edit_all_heads(struct image *image, const struct row *row)
{
	each_entry(image, row->edit);
}

/* What was left there of earlier passes around the ring too. */
static void wipe_buckets(struct image *image, const struct row *row)
{
	struct bch_journal *j bch_auto(journal) = NULL;

	image_open_fs(image);
	assert_int_equal(bch_journal_read(image->fs, &j), 0);
	for (size_t i = 0; i < j->buckets.a.nr; i++) {
		struct bch_journal_copy c = { .sector = j->buckets.a.v[i].sector };
		size_t len = (size_t)BCH_BYTES(j->buckets.a.v[i].nr_sectors);
		u8 *zeros = calloc(1, len);

		assert_non_null(zeros);
		transfer(image, &c, zeros, len, true);
		free(zeros);
	}
	bch_journal_free(j);
	j = NULL;
	image_close(image);
}

/* The second copy of an entry says something else: a clock that no one looks at. */
static void other_copy(struct image *image, const struct row *row)
{
	struct bch_journal_copy c = find_copy(image, 0, 1);
	struct entry *e = malloc(sizeof(*e));

	image_close(image);
	read_entry(image, &c, e);
	e->head.read_clock ^= 1;
	write_entry(image, &c, e);
	free(e);
}

/* The newest entry once more, behind itself. */
static void entry_twice(struct image *image, const struct row *row)
{
	struct bch_journal_copy c = find_copy(image, 0, 0);
	struct entry *e = malloc(sizeof(*e));
	u64 sectors;

	image_close(image);
	read_entry(image, &c, e);
	sectors = (bch_jset_len(&e->head) + 4095) / 4096 * 8;
	c.sector += sectors;
	write_entry(image, &c, e);
	free(e);
}

/* ------------------------------------------------------------------ the superblock */

static void open_super(struct image *image)
{
	const struct bch_open_opts opts = { .flags = BCH_OPEN_WRITE, .now = ROWS_NOW };

	rows_ok(image, image->dir,
		bch_fs_open(image->t->ctx, (const char *const *)image->path, image->nr, &opts,
			    &image->fs));
}

static void close_super(struct image *image)
{
	rows_ok(image, image->dir, bch_fs_write_super(image->fs));
	image_close(image);
}

static void blacklist_one(struct image *image, const struct row *row)
{
	u64 seq = find_copy(image, 1, 0).seq;

	image_close(image);
	open_super(image);
	assert_int_equal(
		bch_super_blacklist_add(&image->fs->super, (struct bch_blacklist){ seq, seq + 1 }),
		0);
	close_super(image);
}

static void no_replicas(struct image *image, const struct row *row)
{
	open_super(image);
	assert_int_equal(bch_super_replicas_put(&image->fs->super, NULL, 0), 0);
	close_super(image);
}

/* ------------------------------------------------------------------ all */

/* clang-format off */
#define ZERO "0000000000000000"
#define KEY_IN_FORMAT(f) "05" f "000000000000" ZERO ZERO ZERO ZERO
#define ROW(key, image_, ...)	\
	{ .name = #key, .id = BCH_FSCK_##key, .image = image_, .damage = __VA_ARGS__ }
#define RECORD(key, hex)	ROW(key, CRASHED, append_record, hex)

static const struct row rows[] = {
	{ .name = "jset_unknown_csum", .id = BCH_FSCK_jset_unknown_csum, .image = CRASHED,
	  .damage = edit_older_head, .edit = unknown_csum },
	{ .name = "jset_last_seq_newer_than_seq", .id = BCH_FSCK_jset_last_seq_newer_than_seq, .image = CRASHED,
	  .damage = edit_head, .edit = last_seq_in_future, .loses = true },
	{ .name = "jset_past_bucket_end", .id = BCH_FSCK_jset_past_bucket_end, .image = CRASHED,
	  .damage = edit_first_of_bucket, .edit = too_long },
	{ .name = "jset_past_bucket_end of the newest", .id = BCH_FSCK_jset_past_bucket_end, .image = CRASHED,
	  .damage = edit_head, .edit = too_long, .loses = true },
	{ .name = "dirty_but_no_journal_entries", .id = BCH_FSCK_dirty_but_no_journal_entries, .image = CRASHED,
	  .damage = wipe_buckets },
	{ .name = "dirty_but_no_journal_entries_post_drop_nonflushes",
	  .id = BCH_FSCK_dirty_but_no_journal_entries_post_drop_nonflushes, .image = CRASHED,
	  .damage = edit_all_heads, .edit = no_flush, .loses = true },
	ROW(jset_seq_blacklisted, CRASHED, blacklist_one),
	ROW(journal_entry_replicas_not_marked, CRASHED, no_replicas),
	ROW(journal_entry_replicas_data_mismatch, TWO_COPIES, other_copy),
	ROW(journal_entry_dup_same_device, CRASHED, entry_twice),

	/* length, btree, level, type; the bytes of it */
	ROW(clean_but_journal_not_empty, "tests/images/11-fresh", append_record,
	    "0500 05 00 00 000000" KEY_IN_FORMAT("01")),
	RECORD(journal_entry_past_jset_end, "0010 00 00 00 000000"),
	RECORD(journal_entry_bkey_u64s_0, "0100 05 00 00 000000" ZERO),
	RECORD(bkey_u64s_too_small, "0300 05 00 00 000000" "0301000000000000" ZERO ZERO),
	RECORD(journal_entry_bkey_past_end, "0100 05 00 00 000000" "0900000000000000"),
	RECORD(journal_entry_bkey_bad_format, "0500 05 00 00 000000" KEY_IN_FORMAT("55")),
	RECORD(journal_entry_btree_root_bad_size, "0000 05 00 01 000000"),
	RECORD(btree_root_bkey_invalid, "0500 05 00 01 000000" KEY_IN_FORMAT("01")),
	RECORD(journal_entry_blacklist_bad_size, "0000 00 00 03 000000"),
	RECORD(journal_entry_blacklist_v2_bad_size, "0100 00 00 04 000000" ZERO),
	RECORD(journal_entry_blacklist_v2_start_past_end, "0200 00 00 04 000000" "0900000000000000" "0500000000000000"),
	RECORD(journal_entry_usage_bad_size, "0000 02 00 05 000000"),
	RECORD(journal_entry_data_usage_bad_size, "0100 00 00 06 000000" ZERO),
	RECORD(journal_entry_clock_bad_size, "0100 00 00 07 000000" ZERO),
	RECORD(journal_entry_clock_bad_rw, "0200 00 00 07 000000" "0200000000000000" ZERO),
	RECORD(journal_entry_dev_usage_bad_size, "0100 00 00 08 000000" ZERO),
	RECORD(journal_entry_dev_usage_bad_pad, "0300 00 00 08 000000" "0000000001000000" ZERO ZERO),
	RECORD(invalid_btree_id, "0500 3f 00 01 000000" KEY_IN_FORMAT("01")),
};
/* clang-format on */

static void each_problem_is_told_and_repaired_and_then_gone(void **state)
{
	const char *only = getenv("ONLY");

	for (size_t i = 0; i < bch_array_size(rows); i++) {
		struct image image;
		struct seen seen;

		if (only && strcmp(only, rows[i].name))
			continue;
		image = image_unpack(*state, rows[i].image);
		rows[i].damage(&image, &rows[i]);
		seen = rows_repair(&image, rows[i].name);
		assert_true(rows_seen(&seen, rows[i].name, rows[i].id));
		if (!rows[i].loses)
			rows_derived(&image, rows[i].name);
		rows_remove(&image);
	}
}

/* jset_unsupported_version: a later kernel wrote it, and what it says is not known. */
static void entry_of_an_unknown_version_is_refused(void **state)
{
	static const struct row row = { .edit = of_version_7 };
	struct image image = image_unpack(*state, CRASHED);
	const struct bch_start_opts start = { .for_check = true };

	edit_head(&image, &row);
	image_open_fs(&image);
	assert_int_equal(bch_fs_start(image.fs, &start), -BCH_ERR_version_unsupported);
	image_end(&image);
}

static void lose(struct bch_jset *j)
{
	*j = (struct bch_jset){ 0 };
}

static void number_far_ahead(struct bch_jset *j)
{
	j->seq += 1ULL << 40;
}

static void number_of_long_ago(struct bch_jset *j)
{
	j->seq = 1;
}

/* That begins the bucket with the newest; the checksum stays as it was. */
static void lose_first(struct image *image, void (*edit)(struct bch_jset *j))
{
	struct bch_journal_copy c = find_copy(image, 0, 0);
	u64 bucket = c.sector - c.bucket_offset;
	u8 bytes[BCH_JSET_BYTES];
	struct bch_jset head;

	assert_true(c.bucket_offset);
	image_close(image);
	c.sector = bucket;
	transfer(image, &c, bytes, sizeof(bytes), false);
	bch_jset_get(&head, bytes, sizeof(bytes));
	edit(&head);
	bch_jset_put(&head, bytes, sizeof(bytes));
	transfer(image, &c, bytes, sizeof(bytes), true);
}

/* The bucket was taken for an empty one or an old one, its numbers were given out again, and came back with what they had. */
static void entries_behind_a_lost_one_count_and_their_numbers_too(void **state)
{
	static void (*const edits[])(struct bch_jset * j) = { lose, number_far_ahead,
							      number_of_long_ago };

	for (size_t i = 0; i < bch_array_size(edits); i++) {
		struct image image = image_unpack(*state, CRASHED);
		u64 newest = find_copy(&image, 0, 0).seq;

		image_close(&image);
		lose_first(&image, edits[i]);
		assert_int_equal(find_copy(&image, 0, 0).seq, newest);
		image_close(&image);
		rows_repair(&image, "lost first entry");
		assert_true(find_copy(&image, 0, 0).seq > newest);
		image_close(&image);
		rows_remove(&image);
	}
}

/* ------------------------------------------------------------------ for tests in the machine */

static const char *name_of(size_t i)
{
	return rows[i].name;
}

static const char *image_of(size_t i)
{
	return rows[i].image;
}

static void damage_as(struct image *image, size_t i)
{
	rows[i].damage(image, &rows[i]);
}

static const struct rows_table table = { bch_array_size(rows), name_of, image_of, damage_as };

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_problem_is_told_and_repaired_and_then_gone,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			entries_behind_a_lost_one_count_and_their_numbers_too, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(entry_of_an_unknown_version_is_refused, temp_setup,
						temp_teardown),
	};

	if (argc > 1)
		return rows_main(&table, argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
