/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of random damage: the filesystems that are damaged, and how a seed damages one. */

#ifndef BCHFS_TESTS_CHECK_RANDOM_BASE_H
#define BCHFS_TESTS_CHECK_RANDOM_BASE_H

#include "random_faults.h"
#include "random_files.h"

/* ------------------------------------------------------------------ filesystems to be damaged */

/* A kernel's, or one that is made. */
struct base {
	const char *name; /* a folder with images, or what it is */
	const char *tree; /* arguments of mktree; NULL: a kernel's */
	struct test_fs_shape shape;
	u64 compression; /* 0: none */
};

#define MADE(what, args, format, devs, copies, clear_key, zip)             \
	{                                                                  \
		.name = what, .tree = args, .compression = zip, .shape = { \
			.version = format,                                 \
			.nr_devs = devs,                                   \
			.replicas = copies,                                \
			.bytes = 48 << 20,                                 \
			.block_bytes = 512,                                \
			.node_bytes = 4096,                                \
			.bucket_bytes = 65536,                             \
			.encrypted = clear_key,                            \
		}                                                          \
	}

static const struct base bases[] = {
	{ .name = "tests/images/03-mixed" },
	{ .name = "tests/images/06-snapshots" },
	{ .name = "tests/images/07-reflink" },
	{ .name = "tests/images/08-replicas2" },
	{ .name = "tests/images/09-targets" },
	{ .name = "tests/images/10-crash-b" },
	{ .name = "tests/images/10-crash-c" },
	{ .name = "tests/images/12-upgraded" },
	{ .name = "tests/images/13-k616-snapshots" },
	{ .name = "tests/images/13-k616-casefold" },
	{ .name = "tests/images/14-quota" },
	{ .name = "tests/images/18-nocow" },
	MADE("deep", "-d 40 -s 3 250 6", BCH_VERSION(1, 13), 1, 1, false, 0),
	MADE("deep-1.28", "-d 40 -s 3 250 6", BCH_VERSION(1, 28), 1, 1, false, 0),
	MADE("replicas", "-d 40 200 6", BCH_VERSION(1, 28), 2, 2, false, 0),
	MADE("encrypted", "-d 40 200 6", BCH_VERSION(1, 13), 1, 1, true, 0),
	MADE("compressed", "-d 30 -s 1 100 40", BCH_VERSION(1, 13), 1, 1, false, 3 /* zstd */),
};

static inline void make_tree(struct temp *t, const struct base *b, const char *paths)
{
	char self[256];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(len > 0);
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	assert_int_equal(temp_run("%s/../bench/mktree %s %s", self, b->tree, paths), 0);
}

static inline struct image make_base(struct temp *t, const struct base *b)
{
	struct image image = { .t = t, .dir = b->name };
	char paths[512] = "";
	struct test_fs f;

	if (!b->tree)
		return image_unpack(t, b->name);
	f = test_fs_make(t, &b->shape);
	if (b->compression) {
		struct bch_opt_set set = { 0 };

		test_fs_set(&set, BCH_OPT_compression, b->compression);
		test_fs_ok(t, test_fs_open(&f, BCH_OPEN_WRITE));
		test_fs_ok(t, bch_fs_set_opts(f.fs, &set, NULL, 0));
		test_fs_ok(t, bch_fs_write_super(f.fs));
		test_fs_close(&f);
	}
	for (u32 i = 0; i < f.nr; i++) {
		image.path[image.nr++] = f.path[i];
		snprintf(paths + strlen(paths), sizeof(paths) - strlen(paths), " %s", f.path[i]);
	}
	make_tree(t, b, paths);
	return image;
}

/* ------------------------------------------------------------------ open */

static inline int open_image(struct image *image, unsigned flags, bool for_check)
{
	const struct bch_open_opts opts = { .flags = flags, .now = FS_NOW };
	const struct bch_start_opts start = { .for_check = for_check };
	int err = bch_fs_open(image->t->ctx, (const char *const *)image->path, image->nr, &opts,
			      &image->fs);

	if (!err && bch_fs_encryption(image->fs) == BCH_KEY_IN_CLEAR)
		err = bch_fs_unlock_from_keyring(image->fs);
	if (!err)
		err = bch_fs_start(image->fs, &start);
	return err;
}

static inline int close_with(struct image *image, int err)
{
	int closed = bch_fs_close(image->fs);

	image->fs = NULL;
	return err ? err : closed;
}

static inline bool succeeded(const struct image *image, const char *what, int err)
{
	if (err)
		print_error("%s: %s\n", what, bch_error_message(image->t->ctx, err));
	return !err;
}

static inline struct listing list_all(struct image *image)
{
	static const struct bch_files_opts files = { .flags = BCH_FILES_QUIET };
	struct listing l = { 0 };

	assert_true(succeeded(image, "base", open_image(image, 0, false)));
	assert_int_equal(bch_files_start(image->fs, &files), 0);
	listing_make(image->fs, &l);
	assert_int_equal(close_with(image, 0), 0);
	return l;
}

/* What follows depends on @seed alone. */
static inline void seed_faults(struct temp *t, u64 seed)
{
	t->random = seed * 0x9e3779b97f4a7c15 ^ 0x2545f4914f6cdd1d;
	for (u32 i = 0; i < 8; i++)
		temp_random(t);
}

/* In memory, if the system has such a folder: it is written much, and flushed. */
static inline void use_memory(struct temp *t)
{
	if (access("/dev/shm", W_OK))
		return;
	rmdir(t->folder);
	strcpy(t->folder, "/dev/shm/bch-random-XXXXXX");
	assert_non_null(mkdtemp(t->folder));
}

/* ------------------------------------------------------------------ damage */

/* What is written to the places of data, by who trusts allocation keys that are wrong, is damage too. */
static inline void add_overwritten(struct victim *v, const struct nodes_at *before)
{
	for (size_t i = 0; i < v->nodes.a.nr; i++) {
		struct bch_key ptr = bch_node_key_get(&v->nodes.a.v[i].ptr);
		struct copies c = copies_of(v->image->fs, &ptr, node_bytes(v) / BCH_SECTOR_SIZE);
		bool is_old = false;

		for (size_t j = 0; j < before->a.nr && !is_old; j++)
			is_old = before->a.v[j].ptr.k.val.len == ptr.val.len &&
				 !memcmp(before->a.v[j].ptr.val, ptr.val.p, ptr.val.len);
		for (u32 j = 0; j < c.nr && !is_old; j++)
			known_hurt(&v->known, c.v[j].dev_idx, BCH_BYTES(c.v[j].offset_sectors),
				   node_bytes(v), false);
	}
	known_data(&v->known, v->image->fs);
	v->known.hurt.nr = 0;
}

static inline int damage_keys(struct victim *v, u64 nr)
{
	struct nodes_at before = { 0 };
	int err = open_image(v->image, BCH_OPEN_WRITE, false);

	if (!err) {
		find_nodes(v->image->fs, &before);
		err = bch_writer_start(v->image->fs, NULL);
	}
	if (!err) {
		make_faults(v, true, nr);
		/* What says that buckets are free and are not may be refused: then there is no such fault. */
		if (!bch_commit(v->image->fs) && draw(v, 2))
			err = bch_writer_finish(v->image->fs);
	}
	err = close_with(v->image, err);
	if (!err)
		err = open_image(v->image, 0, false);
	if (!err) {
		find_nodes(v->image->fs, &v->nodes);
		add_overwritten(v, &before);
	}
	bch_array_end(&before.a);
	return err;
}

static inline void copy_image(const struct image *from, struct image *to)
{
	*to = (struct image){ .t = from->t, .dir = from->dir, .nr = from->nr };
	assert_int_equal(temp_run("mkdir -p %s/hurt", from->t->folder), 0);
	for (u32 i = 0; i < from->nr; i++) {
		const char *name = strrchr(from->path[i], '/');

		assert_true(asprintf(&to->path[i], "%s/hurt%s", from->t->folder, name) > 0);
		assert_int_equal(temp_run("cp --sparse=always %s %s", from->path[i], to->path[i]),
				 0);
	}
}

static inline void get_bytes(void *arg, const struct bch_ptr *p, u8 *to, size_t len)
{
	read_bytes(arg, p->dev_idx, BCH_BYTES(p->offset_sectors), to, len);
}

static inline void damage_bytes(struct victim *v, u64 nr)
{
	v->was_clean = bch_sb_flag(v->image->fs->super.sb, BCH_SB_CLEAN);
	v->is_encrypted = bch_fs_encryption(v->image->fs) != BCH_NOT_ENCRYPTED;
	v->bytes = malloc(node_bytes(v));
	assert_non_null(v->bytes);
	copy_image(v->image, &v->hurt);
	make_faults(v, false, nr);
	if (v->is_short)
		truncate_device(v);
	for (size_t i = 0; i < v->nodes.a.nr; i++)
		if (!v->nodes.a.v[i].level &&
		    node_is_lost(&v->known, v->image->fs, &v->nodes.a.v[i]))
			known_leaf(&v->known, v->image->fs, &v->nodes.a.v[i], get_bytes, v);
	known_data(&v->known, v->image->fs);
	free(v->bytes);
}

static inline int damage(struct victim *v)
{
	u64 nr = draw(v, 2) ? 1 + draw(v, 4) : 1 + draw(v, 20), nr_keys = draw(v, nr + 1);
	int err = nr_keys ? damage_keys(v, nr_keys) : open_image(v->image, 0, false);

	if (err)
		return err;
	if (!nr_keys)
		find_nodes(v->image->fs, &v->nodes);
	damage_bytes(v, nr - nr_keys);
	return close_with(v->image, 0);
}

static inline void victim_end(struct victim *v)
{
	known_end(&v->known);
	bch_array_end(&v->nodes.a);
	for (u32 i = 0; i < v->hurt.nr; i++)
		free(v->hurt.path[i]);
}

#endif
