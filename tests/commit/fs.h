/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: new filesystems in image files, opened to be changed. */

#ifndef BCHFS_TESTS_COMMIT_FS_H
#define BCHFS_TESTS_COMMIT_FS_H

#include "derived.h"

#include <bcachefs/format.h>
#include <bcachefs/journal.h>
#include "commit/commit.h"

#define FS_NOW	    1800000000ULL
#define FS_MAX_DEVS 3

struct test_fs {
	struct temp *t;
	struct bch_fs *fs;
	u32 nr;
	char *path[FS_MAX_DEVS];
};

struct test_fs_shape {
	u16 version;
	u32 nr_devs, replicas;
	u64 bytes; /* of each */
	u32 block_bytes, node_bytes, bucket_bytes;
	bool encrypted; /* its key in the clear */
	bool discard;	/* what becomes empty */
};

static inline void test_fs_set(struct bch_opt_set *set, enum bch_opt_id id, u64 value)
{
	set->given[id] = true;
	set->value[id] = value;
}

static inline void test_fs_ok(struct temp *t, int err)
{
	if (err)
		print_error("%s\n", bch_error_message(t->ctx, err));
	assert_int_equal(err, 0);
}

/* Formatted and closed; names are hashed by the method of that number in the option str_hash. */
static inline struct test_fs test_fs_make_hashed(struct temp *t, const struct test_fs_shape *shape,
						 u64 str_hash)
{
	struct test_fs f = { .t = t, .nr = shape->nr_devs };
	struct bch_format_dev devs[FS_MAX_DEVS] = { 0 };
	struct bch_format_opts opts = { .devs = devs,
					.nr_devs = shape->nr_devs,
					.version = shape->version,
					.encrypted = shape->encrypted,
					.now_ns = FS_NOW * 1000000000 };
	char name[32];

	for (u32 i = 0; i < shape->nr_devs; i++) {
		snprintf(name, sizeof(name), "dev%u.img", i);
		devs[i].path = f.path[i] = temp_path(t, name);
		assert_int_equal(temp_run("truncate -s %" PRIu64 " %s", shape->bytes, f.path[i]),
				 0);
		test_fs_set(&devs[i].opts, BCH_OPT_bucket_size, shape->bucket_bytes);
		test_fs_set(&devs[i].opts, BCH_OPT_discard, shape->discard);
	}
	test_fs_set(&opts.fs, BCH_OPT_block_size, shape->block_bytes);
	test_fs_set(&opts.fs, BCH_OPT_btree_node_size, shape->node_bytes);
	test_fs_set(&opts.fs, BCH_OPT_metadata_replicas, shape->replicas);
	test_fs_set(&opts.fs, BCH_OPT_str_hash, str_hash);
	test_fs_ok(t, bch_format(t->ctx, &opts, &f.fs));
	test_fs_ok(t, bch_fs_close(f.fs));
	f.fs = NULL;
	return f;
}

static inline struct test_fs test_fs_make(struct temp *t, const struct test_fs_shape *shape)
{
	return test_fs_make_hashed(t, shape, 2);
}

/* Without bch_fs_start(). */
static inline int test_fs_open_super(struct test_fs *f, unsigned flags)
{
	struct bch_open_opts opts = { .flags = flags, .now = FS_NOW };
	int err = bch_fs_open(f->t->ctx, (const char *const *)f->path, f->nr, &opts, &f->fs);

	if (!err && bch_fs_encryption(f->fs) == BCH_KEY_IN_CLEAR)
		err = bch_fs_unlock_from_keyring(f->fs);
	return err;
}

static inline int test_fs_open(struct test_fs *f, unsigned flags)
{
	int err = test_fs_open_super(f, flags);

	return err ? err : bch_fs_start(f->fs, NULL);
}

static inline void test_fs_close(struct test_fs *f)
{
	assert_int_equal(bch_fs_close(f->fs), 0);
	f->fs = NULL;
}

static inline void test_fs_end(struct test_fs *f)
{
	for (u32 i = 0; i < f->nr; i++) {
		assert_int_equal(unlink(f->path[i]), 0);
		free(f->path[i]);
	}
}

/* Quotas of numbers from @first on: keys that nothing else depends on, with @value in them. */
static inline int test_fs_put(struct bch_fs *fs, u64 first, u64 nr, u64 value)
{
	int err = 0;

	for (u64 i = 0; i < nr && !err; i++) {
		const le64 val[4] = { le64_of(value), le64_of(i) };
		const struct bch_key k = { .pos = bch_pos(0, first + i),
					   .type = BCH_KEY_quota,
					   .val = { (const u8 *)val, sizeof(val) } };

		err = bch_update(fs, BCH_BTREE_quotas, &k, 0);
	}
	return err;
}

#endif
