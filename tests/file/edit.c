// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and files changed in any order are what a local filesystem makes of them, whatever shares their slots. */

#include <errno.h>
#include <ftw.h>

#include "../commit/fs.h"
#include "codec/codec.h"
#include "file/file.h"
#include "ondisk/key_dirent.h"

#define NR_CANDIDATES 400000 /* names among which some lie next to each other */
#define NR_NAMES      40
#define NAME_SIZE     24
#define NR_DIRS	      4 /* directories that are never taken away, and the root */
#define NR_STEPS      3000
#define NR_A_COMMIT   150

struct edit {
	struct test_fs t;
	char local[128]; /* the folder in which the same is done */
	char names[NR_NAMES][NAME_SIZE];
	u64 random;
	u64 nr_done, nr_refused;
};

static u32 next(struct edit *e, u32 below)
{
	e->random = e->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)((e->random >> 33) % below);
}

/* ------------------------------------------------------------------ names that collide */

struct candidate {
	u64 hash;
	u32 nr;
};

static int compare(const void *l, const void *r)
{
	const struct candidate *a = l, *b = r;

	return a->hash < b->hash ? -1 : a->hash > b->hash;
}

/* Names that differ by little have hashes that differ by much. */
static void make_name(u32 nr, char name[NAME_SIZE])
{
	u64 random = nr * 0x9e3779b97f4a7c15ULL;

	random ^= random >> 29;
	snprintf(name, NAME_SIZE, "%" PRIx64, (u64)(random * 0xbf58476d1ce4e5b9ULL));
}

/* In the root directory, whose hashes have 32 bits, neighbours; the others have only these names. */
static void choose_names(struct edit *e)
{
	struct candidate *c = calloc(NR_CANDIDATES, sizeof(*c));
	struct bch_file root;
	struct bch_inode inode;
	u32 nr = 0;

	assert_int_equal(bch_file_subvol_root(e->t.fs, 1, &root), 0);
	assert_int_equal(bch_file_inode(e->t.fs, &root, &inode, NULL), 0);
	assert_int_equal(inode.hash_type, BCH_STR_HASH_crc32c);
	for (u32 i = 0; i < NR_CANDIDATES; i++) {
		char name[NAME_SIZE];
		struct bch_dirent d = { .name.p = (u8 *)name };

		make_name(i, name);
		d.name.len = strlen(name);
		c[i] = (struct candidate){ bch_dirent_hash(&inode, &d), i };
	}
	qsort(c, NR_CANDIDATES, sizeof(*c), compare);
	for (u32 i = 1; i < NR_CANDIDATES && nr + 2 <= NR_NAMES; i++)
		if (c[i].hash - c[i - 1].hash <= 1) {
			make_name(c[i - 1].nr, e->names[nr++]);
			make_name(c[i].nr, e->names[nr++]);
		}
	assert_int_equal(nr, NR_NAMES);
	free(c);
}

/* ------------------------------------------------------------------ steps */

static struct bch_file dir_at(struct edit *e, u32 nr)
{
	struct bch_file file;
	char path[16];

	snprintf(path, sizeof(path), nr ? "/dir%u" : "/", nr);
	assert_int_equal(bch_path_lookup(e->t.fs, NULL, path, &file), 0);
	return file;
}

static const char *local_path(const struct edit *e, u32 dir, const char *name, char path[512])
{
	if (dir)
		snprintf(path, 512, "%s/dir%u/%s", e->local, dir, name);
	else
		snprintf(path, 512, "%s/%s", e->local, name);
	return path;
}

static struct bch_name name_of(const char *name)
{
	return (struct bch_name){ name, strlen(name) };
}

static int create(struct edit *e, u32 dir, const char *name, u32 mode)
{
	struct bch_file in = dir_at(e, dir), file;
	struct bch_inode above, inode;

	assert_int_equal(bch_file_inode(e->t.fs, &in, &above, NULL), 0);
	inode = bch_edit_new_inode(e->t.fs, &above, mode);
	return bch_edit_create(e->t.fs, &in, name_of(name), &inode, &file);
}

static int link_name(struct edit *e, u32 dir, const char *name, u32 to, const char *new_name)
{
	struct bch_file from = dir_at(e, dir), in = dir_at(e, to), file;
	int err = bch_dir_lookup(e->t.fs, &from, name, strlen(name), &file);

	return err ? err : bch_edit_link(e->t.fs, &file, &in, name_of(new_name));
}

static int rename_name(struct edit *e, u32 dir, const char *name, u32 to, const char *new_name)
{
	struct bch_file from = dir_at(e, dir), in = dir_at(e, to);

	return bch_edit_rename(e->t.fs, &from, name_of(name), &in, name_of(new_name));
}

static int unlink_name(struct edit *e, u32 dir, const char *name)
{
	struct bch_file from = dir_at(e, dir);

	return bch_edit_unlink(e->t.fs, &from, name_of(name));
}

/* What is done in the filesystem is done in the folder; both can, or cannot. */
static void step(struct edit *e)
{
	u32 dir = next(e, NR_DIRS), to = next(e, NR_DIRS);
	const char *name = e->names[next(e, NR_NAMES)], *other = e->names[next(e, NR_NAMES)];
	char path[512], new_path[512];
	int err, local;

	local_path(e, dir, name, path);
	local_path(e, to, other, new_path);
	switch (next(e, 8)) {
	case 0:
	case 1:
		err = create(e, dir, name, S_IFREG | 0644);
		local = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);
		if (local >= 0)
			local = close(local);
		break;
	case 2:
		err = create(e, dir, name, S_IFDIR | 0755);
		local = mkdir(path, 0755);
		break;
	case 3:
		err = link_name(e, dir, name, to, other);
		local = link(path, new_path);
		break;
	case 4:
	case 5:
		err = rename_name(e, dir, name, to, other);
		local = rename(path, new_path);
		break;
	default:
		err = unlink_name(e, dir, name);
		local = remove(path);
	}
	if (!err != !local)
		print_error("%s %s: %s, %s\n", path, new_path, bch_err_text(err),
			    local ? strerror(errno) : "done");
	assert_int_equal(!err, !local);
	if (err)
		e->nr_refused++;
	else
		e->nr_done++;
}

/* ------------------------------------------------------------------ the end */

static struct edit *checked; /* nftw() has no argument */

/* What is in the folder is in the filesystem, found by its name, with as many links. */
static int check_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *in = path + strlen(checked->local);
	struct bch_file file;
	struct bch_stat have;

	assert_int_equal(bch_path_lookup(checked->t.fs, NULL, *in ? in : "/", &file), 0);
	assert_int_equal(bch_file_stat(checked->t.fs, &file, &have), 0);
	assert_int_equal(have.mode & S_IFMT, st->st_mode & S_IFMT);
	/* the root has lost+found besides */
	assert_int_equal(have.nlink, st->st_nlink + (ftw->level == 0));
	return 0;
}

static u64 count(struct edit *e)
{
	struct bch_walk *walk bch_auto(walk) = NULL;
	struct bch_file root = dir_at(e, 0);
	struct bch_walk_entry entry;
	u64 nr = 0;

	assert_int_equal(bch_walk_begin(e->t.fs, &root, 0, &walk), 0);
	while (bch_walk_next(walk, &entry) > 0) {
		struct bch_buf path bch_auto(buf) = { 0 };
		struct bch_inode inode;

		/* the back pointer leads to a name; of files that had several it may be lost */
		assert_int_equal(bch_file_inode(e->t.fs, &entry.file, &inode, NULL), 0);
		if (inode.bi_dir || S_ISDIR(inode.bi_mode))
			assert_int_equal(bch_file_path(e->t.fs, &entry.file, &path), 0);
		nr++;
	}
	return nr;
}

static u64 nr_local;

static int count_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	nr_local++;
	return 0;
}

static void check(struct edit *e, bool paths)
{
	checked = e;
	assert_int_equal(nftw(e->local, check_entry, 16, FTW_PHYS), 0);
	nr_local = 0;
	assert_int_equal(nftw(e->local, count_entry, 16, FTW_PHYS), 0);
	if (paths)
		assert_int_equal(count(e), nr_local + 1);
}

/* Takes all of them away again: nothing is left but what was there at the beginning. */
static void remove_all(struct edit *e)
{
	u64 nr_before;

	do {
		nr_before = e->nr_done;
		for (u32 dir = 0; dir < NR_DIRS; dir++)
			for (u32 i = 0; i < NR_NAMES; i++)
				e->nr_done += !unlink_name(e, dir, e->names[i]);
	} while (e->nr_done > nr_before);
}

static u64 nr_keys(struct bch_fs *fs, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	u64 nr = 0;

	while (bch_cursor_next(&cur, &k) > 0)
		nr += k.type != BCH_KEY_hash_whiteout; /* these stay: 04 §7.3 */
	return nr;
}

static void commit(struct edit *e)
{
	test_fs_ok(e->t.t, bch_commit(e->t.fs));
}

static void start(struct edit *e)
{
	char name[16], path[512];

	test_fs_ok(e->t.t, test_fs_open(&e->t, BCH_OPEN_WRITE));
	test_fs_ok(e->t.t, bch_files_start(e->t.fs, NULL));
	test_fs_ok(e->t.t, bch_writer_start(e->t.fs, NULL));
	choose_names(e);
	for (u32 i = 1; i < NR_DIRS; i++) {
		snprintf(name, sizeof(name), "dir%u", i);
		test_fs_ok(e->t.t, create(e, 0, name, S_IFDIR | 0755));
		assert_int_equal(mkdir(local_path(e, 0, name, path), 0755), 0);
	}
}

static void run(struct temp *t, u16 version)
{
	const struct test_fs_shape shape = {
		version, 1, 1, 32 << 20, 512, 16384, 32768, .encrypted = false,
	};
	struct edit e = { .random = version };
	u64 inodes, dirents;

	e.t = test_fs_make_hashed(t, &shape, 0);
	snprintf(e.local, sizeof(e.local), "%s/local", t->folder);
	assert_int_equal(mkdir(e.local, 0755), 0);
	start(&e);
	inodes = nr_keys(e.t.fs, BCH_BTREE_inodes);
	dirents = nr_keys(e.t.fs, BCH_BTREE_dirents);
	for (u32 i = 0; i < NR_STEPS; i++) {
		step(&e);
		if (i % NR_A_COMMIT == NR_A_COMMIT - 1)
			commit(&e);
	}
	assert_true(e.nr_done > NR_STEPS / 8 && e.nr_refused > NR_STEPS / 8);
	check(&e, true);
	remove_all(&e);
	commit(&e);
	assert_int_equal(nr_keys(e.t.fs, BCH_BTREE_inodes), inodes);
	assert_int_equal(nr_keys(e.t.fs, BCH_BTREE_dirents), dirents);
	test_fs_ok(t, bch_writer_finish(e.t.fs));
	test_fs_close(&e.t);
	test_fs_ok(t, test_fs_open(&e.t, 0));
	assert_int_equal(derived_check_all(e.t.fs, "edited"), 0);
	test_fs_close(&e.t);
	test_fs_end(&e.t);
	assert_int_equal(temp_run("rm -rf %s", e.local), 0);
}

static void names_are_as_in_a_local_filesystem(void **state)
{
	run(*state, BCH_VERSION(1, 13));
	run(*state, BCH_VERSION(1, 28));
}

/* ------------------------------------------------------------------ attributes */

/* In the system's form: owner rw, a user rw, group r, mask rw, others r. */
static const u8 acl[] = {
	2, 0,	 0,    0,    1,	   0,	 6,  0, 0xff, 0xff, 0xff, 0xff, 2,    0,    6,
	0, 0xe9, 0x03, 0,    0,	   4,	 0,  4, 0,    0xff, 0xff, 0xff, 0xff, 16,   0,
	6, 0,	 0xff, 0xff, 0xff, 0xff, 32, 0, 4,    0,    0xff, 0xff, 0xff, 0xff,
};

static const struct bch_file_xattr *find(const struct bch_file_xattrs *x, const char *name)
{
	for (size_t i = 0; i < x->nr; i++)
		if (!strcmp(x->v[i].name, name))
			return &x->v[i];
	return NULL;
}

static void attributes_are_set_replaced_and_taken_away(void **state)
{
	const struct test_fs_shape shape = {
		BCH_VERSION(1, 13), 1, 1, 32 << 20, 512, 16384, 32768, .encrypted = false,
	};
	struct edit e = { .t = test_fs_make_hashed(*state, &shape, 2) };
	struct bch_file_xattrs x;
	struct bch_file file;
	struct bch_stat st;
	static u8 long_value[2000];

	test_fs_ok(e.t.t, test_fs_open(&e.t, BCH_OPEN_WRITE));
	test_fs_ok(e.t.t, bch_files_start(e.t.fs, NULL));
	test_fs_ok(e.t.t, bch_writer_start(e.t.fs, NULL));
	test_fs_ok(e.t.t, create(&e, 0, "f", S_IFREG | 0600));
	assert_int_equal(bch_path_lookup(e.t.fs, NULL, "/f", &file), 0);
	assert_int_equal(bch_edit_xattr(e.t.fs, &file, "user.a", "one", 3), 0);
	assert_int_equal(bch_edit_xattr(e.t.fs, &file, "user.a", "three", 5), 0);
	assert_int_equal(bch_edit_xattr(e.t.fs, &file, "user.gone", "x", 1), 0);
	assert_int_equal(bch_edit_xattr(e.t.fs, &file, "user.gone", NULL, 0), 0);
	assert_int_equal(bch_edit_xattr(e.t.fs, &file, "system.posix_acl_access", acl, sizeof(acl)),
			 0);
	assert_int_equal(bch_edit_xattr(e.t.fs, &file, "system.nfs4_acl", "x", 1),
			 -BCH_ERR_not_supported);
	assert_int_equal(bch_edit_xattr(e.t.fs, &file, "user.", "x", 1), -BCH_ERR_not_supported);
	assert_int_equal(
		bch_edit_xattr(e.t.fs, &file, "system.posix_acl_default", acl, sizeof(acl)),
		-BCH_ERR_not_supported);
	assert_int_equal(bch_edit_xattr(e.t.fs, &file, "user.long", long_value, 1997),
			 -BCH_ERR_out_of_range);
	assert_int_equal(bch_edit_xattr(e.t.fs, &file, "system.posix_acl_access", acl, 7),
			 -BCH_ERR_invalid_argument);
	commit(&e);
	assert_int_equal(bch_file_xattrs_read(e.t.fs, &file, &x), 0);
	assert_int_equal(x.nr, 2);
	assert_memory_equal(find(&x, "user.a")->value, "three", 5);
	assert_int_equal(find(&x, "system.posix_acl_access")->len, sizeof(acl));
	assert_memory_equal(find(&x, "system.posix_acl_access")->value, acl, sizeof(acl));
	bch_file_xattrs_end(&x);
	assert_int_equal(bch_file_stat(e.t.fs, &file, &st), 0);
	assert_int_equal(st.mode, S_IFREG | 0664);
	assert_int_equal(nr_keys(e.t.fs, BCH_BTREE_xattrs), 2);
	test_fs_ok(e.t.t, unlink_name(&e, 0, "f"));
	commit(&e);
	assert_int_equal(nr_keys(e.t.fs, BCH_BTREE_xattrs), 0);
	test_fs_close(&e.t);
	test_fs_end(&e.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(names_are_as_in_a_local_filesystem),
		TEMP_TEST(attributes_are_set_replaced_and_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
