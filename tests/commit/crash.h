/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: what was recorded above a filesystem, replayed as a power cut leaves it. */

#ifndef BCHFS_TESTS_COMMIT_CRASH_H
#define BCHFS_TESTS_COMMIT_CRASH_H

#include "fs.h"

/* One write or discard, or its first @len bytes, to the files. */
static inline void crash_replay(struct test_fs *f, const struct bch_record_entry *e, u64 len)
{
	int fd;

	if (e->op == BCH_RECORD_flush || !len)
		return;
	fd = open(f->path[e->dev_nr], O_WRONLY);
	assert_true(fd >= 0);
	if (e->op == BCH_RECORD_write)
		assert_int_equal(pwrite(fd, e->data, len, (off_t)e->offset), len);
	else
		assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					   (off_t)e->offset, (off_t)len),
				 0);
	assert_int_equal(close(fd), 0);
}

/* Copies the files to others with the suffix @to. */
static inline void crash_keep(const struct test_fs *f, const char *from, const char *to)
{
	for (u32 i = 0; i < f->nr; i++)
		assert_int_equal(
			temp_run("cp --sparse=always %s%s %s%s", f->path[i], from, f->path[i], to),
			0);
}

/* Was it flushed before the crash? */
static inline bool crash_is_durable(const struct bch_record *r, size_t nr, size_t crash)
{
	u32 dev = bch_record_at(r, nr).dev_nr;

	for (size_t i = nr + 1; i < crash; i++)
		if (bch_record_at(r, i).op == BCH_RECORD_flush && bch_record_at(r, i).dev_nr == dev)
			return true;
	return false;
}

/* Of what was not flushed some is there, some is not, some is torn. */
static inline void crash_lose(struct test_fs *f, const struct bch_record *r, size_t crash)
{
	for (size_t i = 0; i < crash; i++) {
		struct bch_record_entry e = bch_record_at(r, i);
		u64 odds = crash_is_durable(r, i, crash) ? 0 : temp_random(f->t) % 3;

		if (!odds)
			crash_replay(f, &e, e.len);
		else if (odds == 1)
			crash_replay(f, &e, e.len / 512 * (temp_random(f->t) % 512));
	}
}

/* All writes of @change, recorded above overlays: the files stay as they are. */
static inline struct bch_record *crash_record(struct test_fs *f, int (*change)(struct bch_fs *fs))
{
	struct bch_record *record;

	assert_int_equal(bch_record_new(&record), 0);
	test_fs_ok(f->t, test_fs_open(f, BCH_OPEN_WRITE | BCH_OPEN_DRY_RUN));
	for (u32 i = 0; i < f->nr; i++)
		assert_int_equal(bch_record_stack(record, f->fs->members[i].blkdev,
						  &f->fs->members[i].blkdev),
				 0);
	test_fs_ok(f->t, change(f->fs));
	test_fs_close(f);
	return record;
}

#endif
