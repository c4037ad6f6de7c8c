// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wherever the power fails while files are put, moved and taken away, all files are as they were before one of the
 * commits or after it, with all of their bytes.
 */

#include "../commit/crash.h"

#include <bcachefs/edit.h>
#include "digest.h"

#define NR_COMMITS 4
#define NR_LOSSES  60

static const struct test_fs_shape shapes[] = {
	{ BCH_VERSION(1, 13), 1, 1, 16 << 20, 512, 4096, 16384, .discard = true },
	{ BCH_VERSION(1, 28), 2, 2, 16 << 20, 512, 4096, 16384, .discard = true },
};

static char local[128]; /* what is put; the changes have no argument */

/* ------------------------------------------------------------------ changes */

static int put(struct bch_fs *fs, const char *name, const char *dest)
{
	struct bch_put_sums sums = { 0 };
	char path[256];
	const char *source = path;
	struct bch_put_opts opts = { .sources = &source, .nr_sources = 1 };

	snprintf(path, sizeof(path), "%s/%s", local, name);
	return bch_file_put(fs, &opts, dest, &sums);
}

static int change(struct bch_fs *fs, u32 nr)
{
	static const struct bch_path_opts from;
	int err = 0;

	switch (nr) {
	case 1:
		err = put(fs, "tree", "/");
		break;
	case 2:
		err = bch_file_mv(fs, &from, "/tree/sub", "/lost+found");
		if (!err)
			err = put(fs, "other", "/tree/random");
		break;
	case 3:
		err = bch_file_rm(fs, &from, BCH_EDIT_RECURSIVE, "/tree");
		if (!err)
			err = bch_file_subvol_snapshot(fs, &from, NULL, "/then", false);
		break;
	default:
		err = bch_file_rm(fs, &from, BCH_EDIT_RECURSIVE, "/lost+found");
		if (!err)
			err = put(fs, "tree", "/then");
	}
	return err ? err : bch_commit(fs);
}

static int start(struct bch_fs *fs)
{
	int err = bch_files_start(fs, NULL);

	return err ? err : bch_writer_start(fs, NULL);
}

static int change_all(struct bch_fs *fs)
{
	int err = start(fs);

	for (u32 nr = 1; nr <= NR_COMMITS && !err; nr++)
		err = change(fs, nr);
	return err ? err : bch_writer_finish(fs);
}

/* ------------------------------------------------------------------ states */

struct states {
	u64 digest[NR_COMMITS + 1];
};

/* As they follow each other when nothing fails. */
static struct states find_states(struct test_fs *f)
{
	struct states s;

	test_fs_ok(f->t, test_fs_open(f, BCH_OPEN_WRITE | BCH_OPEN_DRY_RUN));
	test_fs_ok(f->t, start(f->fs));
	s.digest[0] = digest(f->fs);
	for (u32 nr = 1; nr <= NR_COMMITS; nr++) {
		test_fs_ok(f->t, change(f->fs, nr));
		s.digest[nr] = digest(f->fs);
		assert_int_not_equal(s.digest[nr], s.digest[nr - 1]);
	}
	test_fs_close(f);
	return s;
}

/* What is on disk now: all of it is checked. */
static u32 look(struct test_fs *f, const struct states *s)
{
	u32 nr = 0;
	u64 now;

	test_fs_ok(f->t, test_fs_open(f, 0));
	test_fs_ok(f->t, bch_files_start(f->fs, NULL));
	now = digest(f->fs);
	assert_int_equal(derived_check_all(f->fs, "crashed"), 0);
	test_fs_close(f);
	while (nr <= NR_COMMITS && s->digest[nr] != now)
		nr++;
	assert_in_range(nr, 0, NR_COMMITS);
	return nr;
}

static void make_local(struct temp *t)
{
	snprintf(local, sizeof(local), "%s/local", t->folder);
	assert_int_equal(temp_run("mkdir -p %s/tree/sub && cd %s && "
				  "head -c 100000 /dev/urandom >tree/random && "
				  "head -c 60000 /dev/urandom >other && "
				  "head -c 50000 /dev/zero | tr '\\0' x >tree/sub/text && "
				  "echo small >tree/sub/small && ln -s small tree/link",
				  local, local),
			 0);
}

/* ------------------------------------------------------------------ tests */

static void every_prefix_of_the_writes_is_a_whole_state(void **state)
{
	make_local(*state);
	for (u32 i = 0; i < bch_array_size(shapes); i++) {
		struct test_fs f = test_fs_make(*state, &shapes[i]);
		struct states s = find_states(&f);
		struct bch_record *r = crash_record(&f, change_all);
		u32 last = 0, now;

		for (size_t n = 0; n < bch_record_nr(r); n++) {
			struct bch_record_entry e = bch_record_at(r, n);

			crash_replay(&f, &e, e.len);
			now = look(&f, &s);
			assert_in_range(now, last, last + 1);
			last = now;
		}
		assert_int_equal(last, NR_COMMITS);
		bch_record_free(r);
		test_fs_end(&f);
	}
}

static void whatever_is_lost_between_flushes_a_whole_state_is_there(void **state)
{
	make_local(*state);
	for (u32 i = 0; i < bch_array_size(shapes); i++) {
		struct test_fs f = test_fs_make(*state, &shapes[i]);
		struct states s = find_states(&f);
		struct bch_record *r = crash_record(&f, change_all);

		crash_keep(&f, "", ".kept");
		for (u32 n = 0; n < NR_LOSSES; n++) {
			crash_lose(&f, r, (size_t)(temp_random(f.t) % (bch_record_nr(r) + 1)));
			look(&f, &s);
			crash_keep(&f, ".kept", "");
		}
		bch_record_free(r);
		test_fs_end(&f);
	}
}

static void a_failed_write_leaves_a_whole_state(void **state)
{
	struct temp *t = *state;
	struct test_fs f = test_fs_make(t, &shapes[0]);
	struct states s;
	int err = -BCH_ERR_injected;

	make_local(t);
	s = find_states(&f);
	crash_keep(&f, "", ".kept");
	for (u64 nth = 1; err; nth += 7) {
		struct bch_blkdev **dev;

		test_fs_ok(t, test_fs_open(&f, BCH_OPEN_WRITE));
		dev = &f.fs->members[0].blkdev;
		assert_int_equal(bch_faulty_new(*dev, dev), 0);
		bch_faulty_set(*dev, BCH_FAULT_write, nth, 100);
		err = change_all(f.fs);
		bch_faulty_set(*dev, BCH_FAULT_write, 0, 0);
		test_fs_close(&f);
		if (err)
			assert_int_equal(err, -BCH_ERR_injected);
		look(&f, &s);
		crash_keep(&f, ".kept", "");
	}
	test_fs_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(every_prefix_of_the_writes_is_a_whole_state),
		TEMP_TEST(whatever_is_lost_between_flushes_a_whole_state_is_there),
		TEMP_TEST(a_failed_write_leaves_a_whole_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
