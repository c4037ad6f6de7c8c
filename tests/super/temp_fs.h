/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: filesystems of superblocks alone in sparse image files, and their copies read and broken one by one. */

#ifndef BCHFS_TESTS_SUPER_TEMP_FS_H
#define BCHFS_TESTS_SUPER_TEMP_FS_H

#include "../io/temp.h"
#include "../ondisk/sb_build.h"
#include "super/super.h"

#define TEMP_FS_SIZE   (SB_BUILD_BUCKETS * SB_BUILD_BUCKET * 512ULL)
#define TEMP_FS_MAX    4
#define TEMP_FS_COPIES 3 /* on each device: sectors 8, 2056, SB_BUILD_LAST_START */
#define TEMP_FS_NOW    1800000000ULL

/* What temp_setup() made, and image files that are members of one filesystem. */
struct temp_fs {
	struct temp *t;
	u32 nr;
	char *path[TEMP_FS_MAX];
};

/* Bytes of a file; past its end nothing is read. */
static inline void temp_fs_io(const char *path, void *buf, size_t len, u64 offset, bool write_it)
{
	int fd = open(path, write_it ? O_WRONLY : O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(write_it ? pwrite(fd, buf, len, (off_t)offset)
				  : pread(fd, buf, len, (off_t)offset),
			 len);
	assert_int_equal(close(fd), 0);
}

static inline void temp_fs_write(const char *path, const void *buf, size_t len, u64 offset)
{
	temp_fs_io(path, (void *)(uintptr_t)buf, len, offset, true);
}

static inline void temp_fs_zero(const char *path, size_t len, u64 offset)
{
	u8 *zero = calloc(1, len);

	temp_fs_write(path, zero, len, offset);
	free(zero);
}

/* One copy, sealed for its place. */
static inline void temp_fs_put_copy(const char *path, const struct bch_super *super, u64 sector)
{
	struct bch_super copy = sb_build_copy(super);

	assert_int_equal(bch_super_seal(&copy, sector), 0);
	temp_fs_write(path, copy.sb, bch_super_len(&copy), BCH_BYTES(sector));
	bch_super_end(&copy);
}

/* All copies and the layout. */
static inline void temp_fs_put(const char *path, const struct bch_super *super)
{
	const struct bch_sb_layout *layout = &super->sb->layout;

	temp_fs_write(path, layout, sizeof(*layout), BCH_BYTES(BCH_SB_LAYOUT_SECTOR));
	for (u32 i = 0; i < layout->nr_superblocks; i++)
		temp_fs_put_copy(path, super, le64_get(layout->sb_offset[i]));
}

/* The copy at @sector, which must be good. */
static inline struct bch_super temp_fs_get_copy(struct temp *t, const char *path, u64 sector)
{
	struct bch_blkdev *dev = temp_open(t, path, 0);
	struct bch_super super = { 0 };

	assert_int_equal(bch_super_read_copy(dev, sector, &super, NULL), 0);
	assert_int_equal(bch_blkdev_close(dev), 0);
	return super;
}

/* The superblock of a filesystem of @nr members, as member 0 has it. */
static inline struct bch_super temp_fs_super(u16 version, u32 nr)
{
	struct bch_super super = sb_build_small(version);
	struct bch_member m;

	assert_true(bch_super_member(&super, 0, &m));
	assert_int_equal(bch_super_members_create(&super, nr, BCH_MEMBER_BYTES_1_13), 0);
	for (u32 i = 0; i < nr; i++) {
		memset(m.uuid, 0x30 + (int)i, 16);
		bch_super_member_put(&super, i, &m);
	}
	return super;
}

/* Makes the image files, as members of @super. */
static inline struct temp_fs temp_fs_of(struct temp *t, const struct bch_super *super)
{
	struct temp_fs fs = { .t = t, .nr = super->sb->nr_devices };
	struct bch_super own = sb_build_copy(super);

	for (u32 i = 0; i < fs.nr; i++) {
		char name[] = { 'd', 'e', 'v', (char)('0' + i), 0 };

		fs.path[i] = temp_image(t, name, NULL, TEMP_FS_SIZE);
		own.sb->dev_idx = (u8)i;
		temp_fs_put(fs.path[i], &own);
	}
	bch_super_end(&own);
	return fs;
}

static inline struct temp_fs temp_fs_make(struct temp *t, u16 version, u32 nr)
{
	struct bch_super super = temp_fs_super(version, nr);
	struct temp_fs fs = temp_fs_of(t, &super);

	bch_super_end(&super);
	return fs;
}

static inline void temp_fs_end(struct temp_fs *fs)
{
	for (u32 i = 0; i < fs->nr; i++)
		free(fs->path[i]);
}

/* Opens its first @nr members. */
static inline int temp_fs_open_some(const struct temp_fs *fs, u32 nr, unsigned flags,
				    struct bch_fs **out)
{
	struct bch_open_opts opts = { .flags = flags, .now = TEMP_FS_NOW };

	return bch_fs_open(fs->t->ctx, (const char *const *)fs->path, nr, &opts, out);
}

static inline int temp_fs_open(const struct temp_fs *fs, unsigned flags, struct bch_fs **out)
{
	return temp_fs_open_some(fs, fs->nr, flags, out);
}

/* Opens it, which must be possible. */
static inline struct bch_fs *temp_fs_opened(const struct temp_fs *fs, unsigned flags)
{
	struct bch_fs *open = NULL;
	int err = temp_fs_open(fs, flags, &open);

	if (err)
		print_error("%s\n", bch_error_message(fs->t->ctx, err));
	assert_int_equal(err, 0);
	return open;
}

/* The words of the last error must hold @words. */
static inline void temp_fs_assert_said(const struct temp_fs *fs, int err, const char *words)
{
	const char *said = bch_error_message(fs->t->ctx, err);

	if (!strstr(said, words))
		print_error("said: %s\nwanted: %s\n", said, words);
	assert_non_null(strstr(said, words));
}

/* Changes one member's superblock on all its places. */
#define temp_fs_change(fs, idx, super_name, statement)                             \
	do {                                                                       \
		struct bch_super super_name =                                      \
			temp_fs_get_copy((fs)->t, (fs)->path[idx], BCH_SB_SECTOR); \
                                                                                   \
		statement;                                                         \
		temp_fs_put((fs)->path[idx], &super_name);                         \
		bch_super_end(&super_name);                                        \
	} while (0)

#endif
