// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wherever the power fails while a member is added, replaced, grown or shrunk: the filesystem is the old one or the new one,
 * or says itself what fsck has to put right and is right then; all files have all of their bytes; and another run ends what
 * was begun.
 */

#include "../commit/crash.h"

#include <bcachefs/device.h>
#include <bcachefs/fsck.h>
#include "digest.h"
#include "tree.h"

#define NR_LOSSES    40
#define COMMIT_BYTES (128U << 10) /* so that there are several */
#define NEW	     2		  /* the path of a device that is no member yet */
#define EACH	     24		  /* so manieth state is gone on from */

static const struct bch_move_opts move_opts = { .commit_bytes = COMMIT_BYTES };

static const char *new_path; /* the changes have no argument */

/* ------------------------------------------------------------------ changes */

static int add(struct bch_fs *fs)
{
	struct bch_format_dev dev = { .path = new_path };
	u32 dev_idx;
	const struct bch_device_add_opts opts = { .devs = &dev, .nr_devs = 1, .dev_idx = &dev_idx };

	test_fs_set(&dev.opts, BCH_OPT_bucket_size, 16384);
	return bch_fs_add_devices(fs, &opts);
}

static int start(struct bch_fs *fs)
{
	int err = bch_fs_start(fs, NULL);

	return err ? err : bch_files_start(fs, NULL);
}

static int replace(struct bch_fs *fs)
{
	const struct bch_replace_opts opts = { .move = move_opts };
	struct bch_move_result result;
	int err = start(fs);

	return err ? err : bch_fs_replace_dev(fs, 0, new_path, &opts, &result);
}

static int resize(struct bch_fs *fs, const char *size)
{
	const struct bch_resize_opts opts = { .size = size, .move = move_opts };
	struct bch_resize_result result;
	int err = start(fs);

	return err ? err : bch_fs_resize(fs, 0, &opts, &result);
}

static int grow(struct bch_fs *fs)
{
	return resize(fs, "20M");
}

static int shrink(struct bch_fs *fs)
{
	return resize(fs, "9M");
}

/* One of the lists of paths is the filesystem: the first where it is not changed. */
static const struct change {
	int (*run)(struct bch_fs *fs);
	u32 before[FS_MAX_DEVS], nr_before;
	u32 after[FS_MAX_DEVS], nr_after;
} changes[] = {
	{ add, { 0, 1 }, 2, { 0, 1, NEW }, 3 },
	{ replace, { 0, 1 }, 2, { NEW, 1 }, 2 },
	{ grow, { 0, 1 }, 2, { 0, 1 }, 2 },
	{ shrink, { 0, 1 }, 2, { 0, 1 }, 2 },
};

static const struct test_fs_shape shapes[] = {
	{ BCH_VERSION(1, 13), 2, 2, 16 << 20, 512, 4096, 16384, .discard = true },
	{ BCH_VERSION(1, 28), 2, 1, 16 << 20, 512, 4096, 16384, .encrypted = true },
};

/* ------------------------------------------------------------------ all writes, of devices that are opened later too */

static struct {
	struct bch_record *record;
	struct test_fs f; /* in the order of the record */
} recorded;

int __real_bch_blkdev_open(struct bch_ctx *ctx, const char *path, unsigned flags,
			   struct bch_blkdev **dev);
int __wrap_bch_blkdev_open(struct bch_ctx *ctx, const char *path, unsigned flags,
			   struct bch_blkdev **dev);

/* Of a recording the file stays as it is. */
int __wrap_bch_blkdev_open(struct bch_ctx *ctx, const char *path, unsigned flags,
			   struct bch_blkdev **dev)
{
	bool records = recorded.record && flags & BCH_BLKDEV_WRITE;
	int err = __real_bch_blkdev_open(ctx, path, flags, dev);

	if (err || !records)
		return err;
	assert_true(recorded.f.nr < FS_MAX_DEVS);
	recorded.f.path[recorded.f.nr++] = strdup(path);
	err = bch_overlay_new(*dev, dev);
	return err ? err : bch_record_stack(recorded.record, *dev, dev);
}

static struct test_fs view(const struct test_fs *f, const u32 *paths, u32 nr)
{
	struct test_fs v = { .t = f->t, .nr = nr };

	for (u32 i = 0; i < nr; i++)
		v.path[i] = f->path[paths[i]];
	return v;
}

static void record(struct test_fs *f, const struct change *c)
{
	struct test_fs v = view(f, c->before, c->nr_before);

	recorded.f = (struct test_fs){ .t = f->t };
	assert_int_equal(bch_record_new(&recorded.record), 0);
	test_fs_ok(f->t, test_fs_open_super(&v, BCH_OPEN_WRITE));
	test_fs_ok(f->t, c->run(v.fs));
	test_fs_close(&v);
}

static void record_end(void)
{
	bch_record_free(recorded.record);
	recorded.record = NULL;
	for (u32 i = 0; i < recorded.f.nr; i++)
		free(recorded.f.path[i]);
}

/* ------------------------------------------------------------------ what is on disk */

/* Opens the filesystem as it was, or else as it is to be. Is it that? */
static bool open_either(const struct test_fs *f, const struct change *c, unsigned flags,
			struct test_fs *v)
{
	*v = view(f, c->before, c->nr_before);
	if (!test_fs_open_super(v, flags))
		return false;
	*v = view(f, c->after, c->nr_after);
	test_fs_ok(f->t, test_fs_open_super(v, flags));
	return true;
}

/* Of the copies of a superblock there is always a good one. */
static int take_problem(void *arg, const struct bch_fsck_problem *p)
{
	u32 *nr_found = arg;

	if (!strncmp(p->name, "superblock_copy", strlen("superblock_copy")))
		return 0;
	++*nr_found;
	print_error("%s: %s\n", p->name, p->text);
	return 0;
}

/* Nothing is wrong that the superblock does not know of. */
static void assert_whole(struct test_fs *v, enum bch_fsck_answer answer, u64 files)
{
	bool known = bch_fs_wants_fsck(v->fs);
	u32 nr_found = 0;
	const struct bch_fsck_opts opts = { .answer = answer,
					    .problem = known ? NULL : take_problem,
					    .arg = &nr_found };
	struct bch_fsck_result result = { 0 };

	test_fs_ok(v->t, start(v->fs));
	assert_true(digest(v->fs) == files);
	test_fs_ok(v->t, bch_fsck(v->fs, &opts, &result));
	assert_int_equal(nr_found, 0);
	bch_fsck_result_end(&result);
	assert_true(digest(v->fs) == files);
}

static bool look(const struct test_fs *f, const struct change *c, u64 files)
{
	struct test_fs v;
	bool changed = open_either(f, c, 0, &v);

	assert_whole(&v, BCH_FSCK_NO, files);
	test_fs_close(&v);
	return changed;
}

/* As the user would: fsck where it is wanted, then the same once more. */
static void go_on(const struct test_fs *f, const struct change *c, u64 files)
{
	struct test_fs v;
	bool changed = open_either(f, c, BCH_OPEN_WRITE, &v);

	if (bch_fs_wants_fsck(v.fs))
		assert_whole(&v, BCH_FSCK_YES, files);
	test_fs_close(&v);
	changed = open_either(f, c, BCH_OPEN_WRITE, &v);
	assert_false(bch_fs_wants_fsck(v.fs));
	if (!changed)
		test_fs_ok(f->t, c->run(v.fs));
	test_fs_close(&v);
	v = view(f, c->after, c->nr_after);
	test_fs_ok(f->t, test_fs_open_super(&v, 0));
	assert_whole(&v, BCH_FSCK_NO, files);
	test_fs_close(&v);
}

/* ------------------------------------------------------------------ a filesystem */

static struct test_fs make(struct temp *t, const struct test_fs_shape *shape, u64 *files)
{
	struct test_fs f = test_fs_make(t, shape);

	tree_fill(&f, 1);
	test_fs_ok(t, test_fs_open(&f, 0));
	test_fs_ok(t, bch_files_start(f.fs, NULL));
	*files = digest(f.fs);
	test_fs_close(&f);
	assert_int_equal(temp_run("truncate -s 20M %s", f.path[0]), 0);
	f.path[f.nr] = temp_image(t, "new.img", NULL, 20 << 20);
	f.nr++;
	new_path = f.path[NEW];
	return f;
}

static void for_all(struct temp *t,
		    void (*check)(struct test_fs *f, const struct change *c, u64 files))
{
	for (u32 i = 0; i < bch_array_size(shapes); i++) {
		u64 files;
		struct test_fs f = make(t, &shapes[i], &files);

		crash_keep(&f, "", ".kept");
		for (u32 n = 0; n < bch_array_size(changes); n++) {
			record(&f, &changes[n]);
			check(&f, &changes[n], files);
			record_end();
			crash_keep(&f, ".kept", "");
		}
		test_fs_end(&f);
	}
}

/* ------------------------------------------------------------------ tests */

static void check_prefixes(struct test_fs *f, const struct change *c, u64 files)
{
	struct bch_record *r = recorded.record;

	recorded.record = NULL;
	for (size_t n = 0; n < bch_record_nr(r); n++) {
		struct bch_record_entry e = bch_record_at(r, n);

		crash_replay(&recorded.f, &e, e.len);
		if (e.op == BCH_RECORD_flush)
			continue;
		look(f, c, files);
		if (n % EACH != EACH / 2)
			continue;
		crash_keep(f, "", ".now");
		go_on(f, c, files);
		crash_keep(f, ".now", "");
	}
	go_on(f, c, files);
	recorded.record = r;
}

static void every_prefix_of_the_writes_is_whole_and_can_go_on(void **state)
{
	for_all(*state, check_prefixes);
}

static void check_losses(struct test_fs *f, const struct change *c, u64 files)
{
	struct bch_record *r = recorded.record;

	recorded.record = NULL;
	for (u32 n = 0; n < NR_LOSSES; n++) {
		crash_lose(&recorded.f, r, (size_t)(temp_random(f->t) % (bch_record_nr(r) + 1)));
		look(f, c, files);
		crash_keep(f, ".kept", "");
	}
	recorded.record = r;
}

static void whatever_is_lost_between_flushes_all_files_are_there(void **state)
{
	for_all(*state, check_losses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(every_prefix_of_the_writes_is_whole_and_can_go_on),
		TEMP_TEST(whatever_is_lost_between_flushes_all_files_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
