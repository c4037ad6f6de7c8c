// SPDX-License-Identifier: GPL-2.0-or-later
/* Damaged journals: whatever the bytes are, reading them ends, and says what is wrong. */

#include "../btree/image.h"

#include <bcachefs/journal.h>
#include "journal/journal.h"

#define CRASHED	     "tests/images/10-crash-d"
#define NR_MUTATIONS 100000
#define NR_STARTS    40

static u64 next_random(struct temp *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random;
}

/* A few bytes changed, mostly to values that lengths and types may have. */
static void mutate(struct temp *t, u8 *p, size_t len)
{
	static const u8 values[] = { 0, 1, 5, 0x7f, 0x80, 0xff };
	u64 nr = 1 + next_random(t) % 4;

	for (u64 i = 0; i < nr; i++) {
		u64 r = next_random(t);

		p[r % len] = r >> 63 ? (u8)(r >> 40) : values[(r >> 40) % bch_array_size(values)];
	}
}

/* Walks all that an entry's bytes seem to be. */
static void walk(const struct bch_key_context *c, struct bch_bytes rest)
{
	struct bch_jset_entry e;

	while (bch_jset_entry_next(&rest, &e) > 0) {
		struct bch_buf text bch_auto(buf) = { 0 };
		struct bch_bytes keys = e.payload;
		struct bch_key k;
		int problem;

		(void)bch_jset_entry_validate(&e, &text);
		while (bch_jset_entry_has_keys(e.type) && bch_jset_key_next(&keys, &k, &problem)) {
			struct bch_key_context of_key = bch_jset_key_context(&e, c);

			if (problem == BCH_KEY_VALID)
				(void)bch_key_validate(&k, &of_key, &text);
		}
		bch_jset_entry_put(&text, &e, c);
		assert_true(text.len < (1 << 20) + e.payload.len * 64);
	}
}

static const struct bch_journal_entry *newest(const struct bch_journal *j)
{
	return &j->entries.a.v[j->entries.a.nr - 1];
}

static void any_bytes_of_entries_are_safe(void **state)
{
	struct image image = image_unpack(*state, CRASHED);
	struct bch_journal *j bch_auto(journal) = NULL;
	struct bch_journal_buf buf bch_auto(journal_buf) = { 0 };
	struct bch_key_fs key_fs;
	struct bch_key_context c = { .version = BCH_VERSION(1, 13), .fs = &key_fs };
	u8 *copy;

	image_open_fs(&image);
	bch_key_fs_init(&key_fs, &image.fs->super);
	assert_int_equal(bch_journal_read(image.fs, &j), 0);
	for (u32 i = 0; i < NR_MUTATIONS; i++) {
		const struct bch_journal_entry *e = newest(j) - i % j->entries.a.nr;

		assert_int_equal(bch_journal_load(j, e, &buf), 0);
		copy = malloc(buf.records.len); /* alone, so that ASan sees its end */
		memcpy(copy, buf.records.p, buf.records.len);
		mutate(*state, copy, buf.records.len < 512 ? buf.records.len : 512);
		walk(&c, (struct bch_bytes){ copy, buf.records.len });
		free(copy);
	}
	bch_journal_free(j);
	j = NULL;
	image_end(&image);
}

/* The first KiB of a bucket is where it is most often wrong. */
static void any_bytes_of_a_bucket_are_safe(void **state)
{
	enum {
		NR_SECTORS = 64
	};
	struct image image = image_unpack(*state, CRASHED);
	struct bch_journal *j bch_auto(journal) = NULL;
	u8 *bytes = malloc(NR_SECTORS * BCH_SECTOR_SIZE),
	   *copy = malloc(NR_SECTORS * BCH_SECTOR_SIZE);

	image_open_fs(&image);
	assert_int_equal(bch_journal_read(image.fs, &j), 0);
	assert_int_equal(
		bch_blkdev_read(
			image.fs->members[0].blkdev, bytes, NR_SECTORS * BCH_SECTOR_SIZE,
			BCH_BYTES(newest(j)->copy->sector - newest(j)->copy->bucket_offset)),
		0);
	for (u32 i = 0; i < NR_MUTATIONS / 10; i++) {
		struct bch_journal_bucket bucket = { .nr_sectors = NR_SECTORS };

		memcpy(copy, bytes, NR_SECTORS * BCH_SECTOR_SIZE);
		mutate(*state, copy, 1024);
		(void)bch_journal_scan_bytes(
			image.fs, &bucket,
			(struct bch_bytes){ copy, NR_SECTORS * BCH_SECTOR_SIZE });
		assert_true(bucket.copies.a.nr <= NR_SECTORS);
		bch_array_end(&bucket.copies.a);
	}
	free(bytes);
	free(copy);
	bch_journal_free(j);
	j = NULL;
	image_end(&image);
}

/* Changes bytes of the journal on the image, of the entries to be replayed too. */
static void damage_journal(struct temp *t, const struct image *image, u64 sector)
{
	int fd = open(image->path[0], O_RDWR);
	u8 block[4096];

	assert_int_equal(pread(fd, block, sizeof(block), (off_t)BCH_BYTES(sector)),
			 (ssize_t)sizeof(block));
	mutate(t, block, 256);
	assert_int_equal(pwrite(fd, block, sizeof(block), (off_t)BCH_BYTES(sector)),
			 (ssize_t)sizeof(block));
	close(fd);
}

static u64 sector_of_random_entry(struct temp *t, const struct image *image)
{
	struct bch_journal *j bch_auto(journal) = NULL;

	assert_int_equal(bch_journal_read(image->fs, &j), 0);
	return newest(j)[-(ptrdiff_t)(next_random(t) % (j->entries.a.nr / 2))].copy->sector;
}

static int drop_text(void *arg, const char *text)
{
	*(size_t *)arg += strlen(text);
	return 0;
}

static void damaged_journals_are_started_from_or_refused(void **state)
{
	const struct bch_journal_filter filter = { .all = true, .last_seq = BCH_U64_MAX };
	const struct bch_journal_form form = { 0 };

	for (u32 i = 0; i < NR_STARTS; i++) {
		struct image image = image_unpack(*state, CRASHED);
		size_t len = 0;
		int err;

		image_open_fs(&image);
		damage_journal(*state, &image, sector_of_random_entry(*state, &image));
		err = bch_journal_list(image.fs, &filter, &form, drop_text, &len);
		assert_true(err || len);
		err = bch_fs_start(image.fs, NULL);
		if (err)
			print_message("%s\n", bch_error_message(image.t->ctx, err));
		assert_true(!err || err == -BCH_ERR_version_unsupported ||
			    err == -BCH_ERR_not_supported);
		image_end(&image);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_bytes_of_entries_are_safe),
		TEST(any_bytes_of_a_bucket_are_safe),
		TEST(damaged_journals_are_started_from_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
