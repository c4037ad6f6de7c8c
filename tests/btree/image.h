/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests: filesystems that kernels wrote, unpacked and opened with their btrees. They lie in tests/images, and in the
 * folders of BCACHEFS_TEST_IMAGES (colon-separated).
 */

#ifndef BCHFS_TESTS_BTREE_IMAGE_H
#define BCHFS_TESTS_BTREE_IMAGE_H

#include <glob.h>

#include "../io/temp.h"
#include "btree/btree.h"
#include "super/super.h"

#define IMAGE_MAX_DEVS	 8
#define IMAGE_PASSPHRASE "correct horse"

struct image {
	struct temp *t;
	const char *dir;
	struct bch_fs *fs;
	u32 nr;
	char *path[IMAGE_MAX_DEVS];
};

/* Writes dev0.img ... of @dir into the folder of @t. */
static inline struct image image_unpack(struct temp *t, const char *dir)
{
	struct image image = { .t = t, .dir = dir };
	char name[16], packed[256];

	for (u32 i = 0; i < IMAGE_MAX_DEVS; i++) {
		snprintf(name, sizeof(name), "dev%u.img", i);
		snprintf(packed, sizeof(packed), "%s/%s.zst", dir, name);
		if (access(packed, R_OK))
			continue;
		image.path[image.nr] = temp_path(t, name);
		assert_int_equal(temp_run("zstd -qdf --long=27 --sparse %s -o %s", packed,
					  image.path[image.nr]),
				 0);
		image.nr++;
	}
	assert_true(image.nr);
	return image;
}

/* Unlocked. */
static inline void image_open_fs(struct image *image)
{
	struct bch_open_opts opts = { .flags = BCH_OPEN_ALONE | BCH_OPEN_NO_SPLITBRAIN_CHECK };
	int err = bch_fs_open(image->t->ctx, (const char *const *)image->path, image->nr, &opts,
			      &image->fs);

	if (err)
		print_error("%s: %s\n", image->dir, bch_error_message(image->t->ctx, err));
	assert_int_equal(err, 0);
	if (bch_fs_encryption(image->fs) == BCH_KEY_WRAPPED)
		assert_int_equal(bch_fs_unlock(image->fs, IMAGE_PASSPHRASE), 0);
	else if (bch_fs_encryption(image->fs) == BCH_KEY_IN_CLEAR)
		assert_int_equal(bch_fs_unlock_from_keyring(image->fs), 0);
	image->t->warned[0] = 0;
}

/* Unlocked, its btrees started and empty. */
static inline void image_open(struct image *image, const struct bch_btree_opts *btree_opts)
{
	image_open_fs(image);
	assert_int_equal(bch_btrees_start(image->fs, btree_opts), 0);
}

/* Closes it; the files stay. */
static inline void image_close(struct image *image)
{
	assert_int_equal(bch_fs_close(image->fs), 0);
	image->fs = NULL;
}

static inline bool image_is_clean(const struct image *image)
{
	return bch_sb_flag(image->fs->super.sb, BCH_SB_CLEAN) &&
	       bch_super_section(&image->fs->super, BCH_SECTION_clean).p;
}

static inline void image_end(struct image *image)
{
	image_close(image);
	for (u32 i = 0; i < image->nr; i++) {
		assert_int_equal(unlink(image->path[i]), 0);
		free(image->path[i]);
	}
}

/* Opened, its roots those of the clean section. */
static inline void image_ready(struct image *image, const struct bch_btree_opts *opts)
{
	image_open(image, opts);
	assert_int_equal(bch_btree_roots_from_clean(image->fs), 0);
}

/* What a walk over a btree gives. */
struct image_walk {
	u64 hash; /* of all keys in their order */
	u64 nr_keys, nr_errors;
};

static inline u64 image_hash(u64 hash, const void *p, size_t len)
{
	const u8 *b = p;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ b[i]) * 0x100000001b3;
	return hash;
}

static inline struct image_walk image_walk(struct bch_fs *fs, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct image_walk w = { .hash = 0xcbf29ce484222325 };
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k))) {
		if (more < 0) {
			assert_int_equal(more, -BCH_ERR_btree_node_read_failed);
			assert_true(++w.nr_errors < 1000);
			continue;
		}
		w.hash = image_hash(w.hash, &k.pos.inode, sizeof(k.pos.inode));
		w.hash = image_hash(w.hash, &k.pos.offset, sizeof(k.pos.offset));
		w.hash = image_hash(w.hash, &k.pos.snapshot, sizeof(k.pos.snapshot));
		w.hash = image_hash(w.hash, &k.type, sizeof(k.type));
		w.hash = image_hash(w.hash, k.val.p, k.val.len);
		w.nr_keys++;
	}
	return w;
}

/* The folders of all images that have the file @name; to be given to globfree(). There are some. */
static inline glob_t image_dirs(const char *name)
{
	const char *folders = getenv("BCACHEFS_TEST_IMAGES");
	char pattern[512];
	glob_t found = { 0 };

	snprintf(pattern, sizeof(pattern), "tests/images/*/%s", name);
	glob(pattern, 0, NULL, &found);
	while (folders && *folders) {
		int len = (int)strcspn(folders, ":");

		snprintf(pattern, sizeof(pattern), "%.*s/*/%s", len, folders, name);
		glob(pattern, found.gl_pathc ? GLOB_APPEND : 0, NULL, &found);
		folders += len + (folders[len] == ':');
	}
	assert_true(found.gl_pathc);
	for (size_t i = 0; i < found.gl_pathc; i++)
		*strrchr(found.gl_pathv[i], '/') = 0;
	return found;
}

/* Calls @check with each clean image that has the file @with. */
static inline void images_for_each_clean(struct temp *t, const char *with,
					 const struct bch_btree_opts *opts,
					 void (*check)(struct image *image))
{
	glob_t dirs = image_dirs(with);
	u32 nr = 0;

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(t, dirs.gl_pathv[i]);

		image_open(&image, opts);
		if (image_is_clean(&image)) {
			assert_int_equal(bch_btree_roots_from_clean(image.fs), 0);
			check(&image);
			nr++;
		}
		image_end(&image);
	}
	globfree(&dirs);
	assert_true(nr > 0);
}

#endif
