/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: a filesystem of a kernel with files that no kernel makes, as keys over its own. */

#ifndef BCHFS_TESTS_OPS_CRAFT_H
#define BCHFS_TESTS_OPS_CRAFT_H

#include <sys/stat.h>

#include "../btree/image.h"
#include "file/file.h"
#include "ondisk/btree_ids.h"
#include "ondisk/key_dirent.h"

#define CRAFT_ROOT 500000 /* inode number of a directory without a name: its path is CRAFT_PATH */
#define CRAFT_PATH "<500000>"

struct craft {
	struct image image;
	struct bch_key_overlay *overlay;
	u64 nr_entries;
};

static inline void craft_key(struct craft *c, u8 btree_id, const struct bch_key *k)
{
	assert_int_equal(bch_key_overlay_add(c->overlay, btree_id, 0, k), 0);
}

static inline void craft_inode(struct craft *c, u64 inum, const struct bch_inode *inode)
{
	u8 val[BCH_INODE_VAL_MAX];
	struct bch_key k = { .pos = bch_spos(0, inum, BCH_U32_MAX),
			     .type = BCH_KEY_inode_v3,
			     .val = { val, bch_inode_put(inode, val) } };

	assert_true(k.val.len);
	craft_key(c, BCH_BTREE_inodes, &k);
}

static inline void craft_file(struct craft *c, u64 inum, u16 mode, u64 size)
{
	craft_inode(c, inum, &(struct bch_inode){ .bi_mode = mode, .bi_size = size });
}

static inline void craft_entry(struct craft *c, u64 dir, const char *name, u8 type, u64 inum)
{
	u8 val[BCH_DIRENT_VAL_MAX];
	struct bch_dirent d = { .d_inum = inum,
				.d_type = type,
				.name = { (const u8 *)name, strlen(name) } };
	struct bch_key k = { .pos = bch_spos(dir, ++c->nr_entries, BCH_U32_MAX),
			     .type = BCH_KEY_dirent,
			     .val = { val, bch_dirent_put(&d, val) } };

	craft_key(c, BCH_BTREE_dirents, &k);
}

/* Text at the sector @start of a file. */
static inline void craft_data(struct craft *c, u64 inum, u64 start, const char *text)
{
	char val[512] = "";
	struct bch_key k = { .pos = bch_spos(inum, start + 8, BCH_U32_MAX),
			     .size = 8,
			     .type = BCH_KEY_inline_data,
			     .val = { (const u8 *)val, (strlen(text) + 7) & ~7ULL } };

	strcpy(val, text);
	craft_key(c, BCH_BTREE_extents, &k);
}

static inline struct craft craft_begin(struct temp *t)
{
	struct craft c = { .image = image_unpack(t, "tests/images/14-quota"),
			   .overlay = bch_key_overlay_new() };

	craft_file(&c, CRAFT_ROOT, S_IFDIR | 0755, 0);
	image_ready(&c.image, NULL);
	return c;
}

static inline void craft_start(struct craft *c)
{
	bch_key_overlay_seal(c->overlay);
	bch_btrees_set_overlay(c->image.fs, c->overlay);
	assert_int_equal(bch_files_start(c->image.fs, NULL), 0);
}

#endif
