// SPDX-License-Identifier: GPL-2.0-or-later
/* What kernels wrote is encoded to the same bytes, names hash to their places. */

#include "image.h"

#include "codec/codec.h"
#include "ondisk/key_dirent.h"
#include "ondisk/key_inode.h"
#include "ondisk/key_xattr.h"

/* What was walked over in all images together, so that none of it can be nothing. */
static struct {
	u64 inodes, dirents, casefolded, xattrs;
} nr;

static void assert_value_equal(const struct bch_key *k, const u8 *val, size_t len)
{
	assert_int_equal(len, k->val.len);
	assert_memory_equal(val, k->val.p, len);
}

static void check_inodes(struct bch_fs *fs)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_inodes, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		struct bch_inode inode;
		u8 val[BCH_INODE_VAL_MAX];

		if (k.type != BCH_KEY_inode_v3)
			continue;
		assert_true(bch_inode_get(&k, &inode));
		assert_value_equal(&k, val, bch_inode_put(&inode, val));
		nr.inodes++;
	}
	assert_int_equal(more, 0);
}

/* Any version of the inode: they agree about hashes. False where there is none. */
static bool find_inode(struct bch_fs *fs, u64 inum, struct bch_inode *inode)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_inodes, bch_pos(0, inum), bch_spos(0, inum, BCH_U32_MAX));
	struct bch_key k;

	while (bch_cursor_next(&cur, &k) > 0)
		if (k.type == BCH_KEY_inode_v3)
			return bch_inode_get(&k, inode);
	return false;
}

static void check_dirent(const struct bch_key *k, const struct bch_inode *dir)
{
	struct bch_dirent d;
	u8 val[BCH_DIRENT_VAL_MAX];

	assert_true(bch_dirent_get(k, &d));
	assert_value_equal(k, val, bch_dirent_put(&d, val));
	assert_int_equal(bch_dirent_hash(dir, &d), k->pos.offset);
	nr.dirents++;
	nr.casefolded += d.d_casefold;
}

static void check_xattr(const struct bch_key *k, const struct bch_inode *owner)
{
	struct bch_xattr x;
	u8 val[BCH_XATTR_VAL_MAX];

	assert_true(bch_xattr_get(k, &x));
	assert_value_equal(k, val, bch_xattr_put(&x, val));
	assert_int_equal(bch_xattr_hash(owner, &x), k->pos.offset);
	nr.xattrs++;
}

/* No two names of the images fall on one place, so each lies where its hash says. */
static void check_names(struct bch_fs *fs, u8 btree_id, u8 type,
			void (*check)(const struct bch_key *k, const struct bch_inode *inode))
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_inode inode;
	struct bch_key k;
	u64 inum = 0;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		if (k.type != type)
			continue;
		if (k.pos.inode != inum)
			assert_true(find_inode(fs, k.pos.inode, &inode));
		inum = k.pos.inode;
		check(&k, &inode);
	}
	assert_int_equal(more, 0);
}

static void values_are_encoded_to_the_same_bytes_and_names_hashed_to_their_places(void **state)
{
	glob_t dirs = image_dirs("dev0.img.zst");

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(*state, dirs.gl_pathv[i]);

		image_open(&image, NULL);
		if (image_is_clean(&image)) {
			assert_int_equal(bch_btree_roots_from_clean(image.fs), 0);
			check_inodes(image.fs);
			check_names(image.fs, BCH_BTREE_dirents, BCH_KEY_dirent, check_dirent);
			check_names(image.fs, BCH_BTREE_xattrs, BCH_KEY_xattr, check_xattr);
		}
		image_end(&image);
	}
	globfree(&dirs);
	assert_true(nr.inodes && nr.dirents && nr.casefolded && nr.xattrs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			values_are_encoded_to_the_same_bytes_and_names_hashed_to_their_places,
			temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
