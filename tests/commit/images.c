// SPDX-License-Identifier: GPL-2.0-or-later
/* Filesystems of kernels are changed: what was changed is there, nothing else is other, and all that follows is right. */

#include "derived.h"

#include <bcachefs/journal.h>
#include "commit/commit.h"
#include "ondisk/key_dirent.h"

#define NR_COMMITS 3

/*
 * Where kernels left other than what is there: 6.16 upgraded across 1.15 keeps no counters of inodes (06 §15), and lost
 * the bucket of the node whose counters it could not read.
 */
static bool is_known_to_be_off(const char *name)
{
	return strstr(name, "13-k616-from113") || strstr(name, "13-v131-k616");
}

static bool can_be_written(const struct image *image)
{
	u16 version = le16_get(image->fs->super.sb->version);

	return version >= BCH_VERSION(1, 9) && version <= BCH_VERSION(1, 28) &&
	       bch_sb_flag(image->fs->super.sb, BCH_SB_INITIALIZED);
}

/* ------------------------------------------------------------------ changes */

struct change {
	struct bch_key k;
	u8 val[BCH_INODE_VAL_MAX];
};

struct changes {
	BCH_ARRAY(struct change) a;
};

/* Each @nth inode gets another time. */
static void change_inodes(struct bch_fs *fs, u32 nth, u32 first, struct changes *list)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_inodes, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_inode inode;
	struct bch_key k;
	u32 nr = 0;

	while (bch_cursor_next(&cur, &k) > 0) {
		struct change c = { .k = k };

		if (!bch_inode_get(&k, &inode) || nr++ % nth != first % nth)
			continue;
		inode.bi_ctime++;
		c.k.type = BCH_KEY_inode_v3;
		c.k.val.len = bch_inode_put(&inode, c.val);
		if (c.k.val.len)
			assert_int_equal(bch_array_push(&list->a, c), 0);
	}
}

static void put_all(struct bch_fs *fs, struct changes *list)
{
	for (size_t i = 0; i < list->a.nr; i++) {
		list->a.v[i].k.val.p = list->a.v[i].val;
		assert_int_equal(bch_update(fs, BCH_BTREE_inodes, &list->a.v[i].k, 0), 0);
	}
}

static void assert_all_there(struct bch_fs *fs, const struct changes *list)
{
	for (size_t i = 0; i < list->a.nr; i++) {
		const struct bch_key *want = &list->a.v[i].k;
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(fs, BCH_BTREE_inodes, want->pos, want->pos);
		struct bch_key k;

		assert_int_equal(bch_cursor_next(&cur, &k), 1);
		assert_int_equal(k.val.len, want->val.len);
		assert_memory_equal(k.val.p, list->a.v[i].val, k.val.len);
	}
}

/* What a user sees, but inodes. */
static u64 hash_of_the_rest(struct bch_fs *fs)
{
	static const u8 rest[] = { BCH_BTREE_extents, BCH_BTREE_dirents,    BCH_BTREE_xattrs,
				   BCH_BTREE_reflink, BCH_BTREE_subvolumes, BCH_BTREE_snapshots };
	u64 hash = 0;

	for (u32 i = 0; i < sizeof(rest); i++)
		hash = hash * 31 + image_walk(fs, rest[i]).hash;
	return hash;
}

/* ------------------------------------------------------------------ the tests */

static void open_to_write(struct image *image)
{
	struct bch_open_opts opts = { .flags = BCH_OPEN_WRITE | BCH_OPEN_DEGRADED |
					       BCH_OPEN_VERY_DEGRADED | BCH_OPEN_ALONE |
					       BCH_OPEN_NO_SPLITBRAIN_CHECK,
				      .now = 1800000000 };

	assert_int_equal(bch_fs_open(image->t->ctx, (const char *const *)image->path, image->nr,
				     &opts, &image->fs),
			 0);
	if (bch_fs_encryption(image->fs) == BCH_KEY_WRAPPED)
		assert_int_equal(bch_fs_unlock(image->fs, IMAGE_PASSPHRASE), 0);
	else if (bch_fs_encryption(image->fs) == BCH_KEY_IN_CLEAR)
		assert_int_equal(bch_fs_unlock_from_keyring(image->fs), 0);
	assert_int_equal(bch_fs_start(image->fs, NULL), 0);
}

static void assert_ok(struct image *image, int err)
{
	if (err)
		print_error("%s: %s\n", image->dir, bch_error_message(image->t->ctx, err));
	assert_int_equal(err, 0);
}

static void change_image(struct image *image)
{
	struct changes last = { 0 };
	u64 rest;

	open_to_write(image);
	if (!can_be_written(image)) {
		image_close(image);
		return;
	}
	assert_ok(image, bch_writer_start(image->fs, NULL));
	rest = hash_of_the_rest(image->fs);
	for (u32 i = 0; i < NR_COMMITS; i++) {
		last.a.nr = 0;
		change_inodes(image->fs, 7, i, &last);
		put_all(image->fs, &last);
		assert_all_there(image->fs, &last);
		assert_ok(image, bch_commit(image->fs));
		assert_all_there(image->fs, &last);
	}
	assert_ok(image, bch_writer_finish(image->fs));
	image_close(image);

	open_to_write(image);
	assert_all_there(image->fs, &last);
	assert_true(hash_of_the_rest(image->fs) == rest);
	if (!is_known_to_be_off(image->dir))
		assert_int_equal(derived_check_all(image->fs, image->dir), 0);
	image_close(image);
	bch_array_end(&last.a);
}

static void for_each_image(struct temp *t, void (*check)(struct image *image))
{
	glob_t dirs = image_dirs("list.txt*");

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(t, dirs.gl_pathv[i]);

		check(&image);
		for (u32 n = 0; n < image.nr; n++) {
			assert_int_equal(unlink(image.path[n]), 0);
			free(image.path[n]);
		}
	}
	globfree(&dirs);
}

static void changed_keys_are_there_and_all_that_follows_is_right(void **state)
{
	for_each_image(*state, change_image);
}

static void check_untouched(struct image *image)
{
	image_open_fs(image);
	assert_int_equal(bch_fs_start(image->fs, NULL), 0);
	if (can_be_written(image) && !is_known_to_be_off(image->dir))
		assert_int_equal(derived_check_all(image->fs, image->dir), 0);
	image_close(image);
}

static void what_kernels_derived_is_what_we_would_derive(void **state)
{
	for_each_image(*state, check_untouched);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_kernels_derived_is_what_we_would_derive,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			changed_keys_are_there_and_all_that_follows_is_right, temp_setup,
			temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
