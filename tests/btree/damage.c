// SPDX-License-Identifier: GPL-2.0-or-later
/* Nodes that are lost: other replicas, the rest of the btree, leaves that a scan finds. */

#include "image.h"

#include "ondisk/key_extent.h"

#define DIR_DEEP  "tests/images/139-removed" /* has btrees of two levels, on several members */
#define DIR_FRESH "tests/images/11-fresh"    /* never mounted: each node was written once */

/* Zeroes the header of the node in the image files; @nr_copies of those that are there. Returns how many there were. */
static u32 destroy(const struct image *image, const struct bch_key *ptr, u32 nr_copies)
{
	struct bch_extent_walk w = bch_extent_walk(ptr, NULL);
	static const u8 zero[512];
	struct bch_extent_ptr p;
	u32 nr = 0;

	while (bch_extent_ptr_next(&w, &p)) {
		const struct bch_fs_member *m = &image->fs->members[p.ptr.dev_idx];
		int fd;

		if (p.ptr.dev_idx >= image->fs->nr_members || !m->blkdev || nr++ >= nr_copies)
			continue;
		fd = open(m->blkdev->name, O_WRONLY);
		assert_true(fd >= 0);
		assert_int_equal(
			pwrite(fd, zero, sizeof(zero), (off_t)BCH_BYTES(p.ptr.offset_sectors)),
			sizeof(zero));
		close(fd);
	}
	return nr;
}

/* As the kernel left it, with the walks over its btrees as they should be. */
static struct image prepare(struct temp *t, const char *dir, struct image_walk want[BCH_BTREE_NR])
{
	struct image image = image_unpack(t, dir);

	image_open(&image, NULL);
	if (!image_is_clean(&image))
		return image;
	assert_int_equal(bch_btree_roots_from_clean(image.fs), 0);
	for (u8 id = 0; id < BCH_BTREE_NR; id++)
		want[id] = image_walk(image.fs, id);
	return image;
}

static void reopen(struct image *image)
{
	image_close(image);
	image_ready(image, NULL);
}

static void assert_same(const struct image *image, u8 id, const struct image_walk *want)
{
	struct image_walk have = image_walk(image->fs, id);

	if (have.hash != want->hash)
		print_error("%s, %s: %" PRIu64 " keys of %" PRIu64 ", %" PRIu64 " errors\n",
			    image->dir, bch_btree_names[id], have.nr_keys, want->nr_keys,
			    have.nr_errors);
	assert_int_equal(have.nr_errors, 0);
	assert_true(have.hash == want->hash);
}

static void good_replica_serves_for_a_bad_one(void **state)
{
	struct image_walk want[BCH_BTREE_NR];
	struct image image = prepare(*state, DIR_DEEP, want);
	u32 nr_copies = 0;

	for (u8 id = 0; id < BCH_BTREE_NR; id++) {
		struct bch_btree_root root = bch_btree_root(image.fs, id);

		if (root.state == BCH_ROOT_PRESENT && destroy(&image, &root.k, 0) > 1)
			nr_copies += destroy(&image, &root.k, 1);
	}
	assert_true(nr_copies > 0);
	reopen(&image);
	for (u8 id = 0; id < BCH_BTREE_NR; id++)
		assert_same(&image, id, &want[id]);
	assert_int_equal(bch_btree_failures(image.fs).nr_bad, nr_copies / 2);
	assert_non_null(strstr(image.t->warned, "btree_node_bad_magic"));
	assert_non_null(strstr(image.t->warned, "at sector"));
	image_end(&image);
}

static void walk_goes_on_behind_an_unreadable_leaf(void **state)
{
	struct image_walk want[BCH_BTREE_NR], have;
	struct image image = prepare(*state, DIR_DEEP, want);
	const struct bch_btree_node *leaf;
	size_t nr_lost;

	{
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor_nodes(image.fs, BCH_BTREE_dirents, 0, BCH_POS_MIN, BCH_SPOS_MAX);
		struct bch_key ptr;

		assert_int_equal(bch_cursor_next(&cur, &ptr), 1);
		assert_int_equal(bch_btree_node_get(image.fs, BCH_BTREE_dirents, 0, &ptr, &leaf),
				 0);
		nr_lost = leaf->keys.nr;
		bch_btree_node_put(image.fs, leaf);
		assert_true(destroy(&image, &ptr, 99) > 0);
	}
	reopen(&image);
	have = image_walk(image.fs, BCH_BTREE_dirents);
	assert_int_equal(have.nr_errors, 1);
	assert_int_equal(have.nr_keys, want[BCH_BTREE_dirents].nr_keys - nr_lost);
	image_end(&image);
}

/* The pointer to the second leaf of a btree, and how many keys lie before it. */
static struct bch_key second_leaf(struct bch_fs *fs, u8 id, struct bch_cursor *cur)
{
	struct bch_key ptr;

	*cur = bch_cursor_nodes(fs, id, 0, BCH_POS_MIN, BCH_SPOS_MAX);
	assert_int_equal(bch_cursor_next(cur, &ptr), 1);
	assert_int_equal(bch_cursor_next(cur, &ptr), 1);
	return ptr;
}

static size_t nr_keys_of(struct bch_fs *fs, u8 id, const struct bch_key *ptr)
{
	const struct bch_btree_node *leaf;
	size_t nr;

	assert_int_equal(bch_btree_node_get(fs, id, 0, ptr, &leaf), 0);
	nr = leaf->keys.nr;
	bch_btree_node_put(fs, leaf);
	return nr;
}

static u64 nr_keys_descending(struct bch_fs *fs, u8 id)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(fs, id, BCH_POS_MIN, BCH_SPOS_MAX, BCH_CURSOR_DESCENDING);
	struct bch_key k;
	u64 nr = 0;

	while (bch_cursor_next(&cur, &k) > 0)
		nr++;
	return nr;
}

/* The journal deletes the pointer to a leaf and puts nothing in its place. */
static void gap_between_leaves_is_said_once_and_stepped_over(void **state)
{
	struct image_walk want[BCH_BTREE_NR];
	struct image image = prepare(*state, DIR_DEEP, want);
	struct bch_key_overlay *overlay = bch_key_overlay_new();
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key ptr = second_leaf(image.fs, BCH_BTREE_dirents, &cur);
	struct bch_key none = { .pos = ptr.pos, .type = BCH_KEY_deleted };
	u64 left = want[BCH_BTREE_dirents].nr_keys - nr_keys_of(image.fs, BCH_BTREE_dirents, &ptr);

	assert_int_equal(bch_key_overlay_add(overlay, BCH_BTREE_dirents, 1, &none), 0);
	bch_cursor_end(&cur);
	bch_key_overlay_seal(overlay);
	bch_btrees_set_overlay(image.fs, overlay);

	image.t->warned[0] = 0;
	assert_int_equal(image_walk(image.fs, BCH_BTREE_dirents).nr_keys, left);
	assert_non_null(strstr(image.t->warned, "btree dirents, level 0: "
						"btree_node_topology_gap_between_nodes"));
	image.t->warned[0] = 0;
	assert_int_equal(nr_keys_descending(image.fs, BCH_BTREE_dirents), left);
	assert_string_equal(image.t->warned, "");
	image_end(&image);
}

/* Destroys all roots that are no leaves; the scan must make up for them. Returns how many. */
static u32 check_scan(struct image *image, const struct image_walk want[BCH_BTREE_NR])
{
	u64 destroyed = 0;
	u32 nr = 0;

	for (u8 id = 0; id < BCH_BTREE_NR; id++) {
		struct bch_btree_root root = bch_btree_root(image->fs, id);

		if (root.state == BCH_ROOT_PRESENT && root.level) {
			destroy(image, &root.k, 99);
			destroyed |= 1ULL << id;
			nr++;
		}
	}
	reopen(image);
	assert_int_equal(bch_btree_scan(image->fs, BCH_U64_MAX), 0);
	for (u8 id = 0; id < BCH_BTREE_NR; id++) {
		assert_int_equal(bch_btree_root(image->fs, id).state == BCH_ROOT_SCANNED,
				 destroyed >> id & 1);
		assert_same(image, id, &want[id]);
	}
	return nr;
}

static void scan_finds_every_key_of_a_btree_without_root(void **state)
{
	glob_t dirs = image_dirs("dev0.img.zst");
	struct image_walk want[BCH_BTREE_NR];
	u32 nr = 0;

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = prepare(*state, dirs.gl_pathv[i], want);

		if (image_is_clean(&image))
			nr += check_scan(&image, want);
		image_end(&image);
	}
	globfree(&dirs);
	assert_true(nr > 0);
}

static void scan_leaves_sound_btrees_alone(void **state)
{
	struct image_walk want[BCH_BTREE_NR];
	struct image image = prepare(*state, DIR_DEEP, want);

	assert_int_equal(bch_btree_scan(image.fs, BCH_U64_MAX), 0);
	for (u8 id = 0; id < BCH_BTREE_NR; id++) {
		assert_int_not_equal(bch_btree_root(image.fs, id).state, BCH_ROOT_SCANNED);
		assert_same(&image, id, &want[id]);
	}
	image_end(&image);
}

static void btree_of_which_nothing_is_found_stays_lost(void **state)
{
	struct image_walk want[BCH_BTREE_NR];
	struct image image = prepare(*state, DIR_FRESH, want);
	struct bch_btree_root root = bch_btree_root(image.fs, BCH_BTREE_subvolumes);

	destroy(&image, &root.k, 99);
	reopen(&image);
	assert_int_equal(bch_btree_scan(image.fs, 1ULL << BCH_BTREE_subvolumes), 0);
	assert_non_null(strstr(image.t->warned, "scan_found_nothing"));
	assert_int_equal(image_walk(image.fs, BCH_BTREE_subvolumes).nr_errors, 1);
	assert_same(&image, BCH_BTREE_snapshots, &want[BCH_BTREE_snapshots]);
	image_end(&image);
}

/* What was written over is still there: better than nothing, and said. */
static void old_version_of_a_lone_node_is_used_and_said(void **state)
{
	struct image_walk want[BCH_BTREE_NR];
	struct image image = prepare(*state, DIR_DEEP, want);
	u32 nr_old = 0;

	for (u8 id = 0; id < BCH_BTREE_NR; id++) {
		struct bch_btree_root root = bch_btree_root(image.fs, id);

		if (root.state == BCH_ROOT_PRESENT && !root.level)
			destroy(&image, &root.k, 99);
	}
	reopen(&image);
	for (u8 id = 0; id < BCH_BTREE_NR; id++) {
		image.t->warned[0] = 0;
		assert_int_equal(bch_btree_scan(image.fs, 1ULL << id), 0);
		if (bch_btree_root(image.fs, id).state != BCH_ROOT_SCANNED)
			continue;
		assert_non_null(strstr(image.t->warned, "1 of these leaves are old versions"));
		assert_int_equal(image_walk(image.fs, id).nr_errors, 0);
		nr_old++;
	}
	assert_true(nr_old > 0);
	image_end(&image);
}

static void root_that_ends_early_ends_the_walk(void **state)
{
	struct image_walk want[BCH_BTREE_NR];
	struct image image = prepare(*state, DIR_FRESH, want);
	struct bch_btree_root root = bch_btree_root(image.fs, BCH_BTREE_freespace);
	struct bch_key k = root.k;
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		image.fs, BCH_BTREE_freespace, BCH_POS_MIN, BCH_SPOS_MAX, BCH_CURSOR_DESCENDING);
	struct {
		struct btree_ptr_v2 head;
		le64 ptr;
	} v;

	assert_true(want[BCH_BTREE_freespace].nr_keys > 0);
	assert_int_equal(k.val.len, sizeof(v));
	memcpy(&v, k.val.p, sizeof(v));
	v.head.flags = le16_of(BCH_BTREE_PTR_RANGE_UPDATED);
	v.head.min_key = (struct bpos){ .inode = le64_of(5) };
	k.val.p = (const u8 *)&v;
	k.pos = bch_pos(6, 0);
	assert_int_equal(bch_btree_root_set(image.fs, BCH_BTREE_freespace, root.level, &k), 0);
	assert_non_null(strstr(image.t->warned, "btree_root_bad_max_key"));
	assert_int_equal(image_walk(image.fs, BCH_BTREE_freespace).nr_keys, 0);
	assert_int_equal(bch_cursor_next(&cur, &k), 0);
	bch_cursor_end(&cur);
	image_end(&image);
}

/* ------------------------------------------------------------------ memory that is not there */

/* All that reads, as far as memory lasts; with the root of one btree lost. */
static int read_everything(struct image *image)
{
	int err = bch_btrees_start(image->fs, NULL);

	if (!err)
		err = bch_btree_roots_from_clean(image->fs);
	if (!err)
		err = bch_btree_root_set(image->fs, BCH_BTREE_dirents, 0, NULL);
	if (!err)
		err = bch_btree_scan(image->fs, 1ULL << BCH_BTREE_dirents);
	for (u8 id = 0; !err && id < BCH_BTREE_NR; id++) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(image->fs, id, BCH_POS_MIN, BCH_SPOS_MAX);
		struct bch_key k;

		while ((err = bch_cursor_next(&cur, &k)) > 0)
			;
	}
	return err;
}

static void lack_of_memory_is_an_error_and_nothing_is_lost(void **state)
{
	struct image image = image_unpack(*state, DIR_FRESH);
	struct bch_open_opts opts = { .flags = BCH_OPEN_ALONE };
	struct bch_faults faults bch_auto(faults) = bch_faults();
	bool fired = true;

	for (u64 nth = 1; fired; nth += nth < 40 ? 1 : 7) {
		int err = bch_fs_open(image.t->ctx, (const char *const *)image.path, 1, &opts,
				      &image.fs);

		assert_int_equal(err, 0);
		assert_int_equal(bch_fault_set(&faults, "memory", nth), 0);
		err = read_everything(&image);
		fired = bch_fault_fired(&faults, "memory");
		bch_faults_end(&faults);
		if (!fired)
			assert_int_equal(err, 0);
		else
			assert_true(!err || err == -BCH_ERR_no_memory);
		assert_int_equal(bch_fs_close(image.fs), 0);
	}
	image_open(&image, NULL);
	image_end(&image);
}

#define ON_IMAGES(test) cmocka_unit_test_setup_teardown(test, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_IMAGES(good_replica_serves_for_a_bad_one),
		ON_IMAGES(walk_goes_on_behind_an_unreadable_leaf),
		ON_IMAGES(gap_between_leaves_is_said_once_and_stepped_over),
		ON_IMAGES(scan_finds_every_key_of_a_btree_without_root),
		ON_IMAGES(scan_leaves_sound_btrees_alone),
		ON_IMAGES(btree_of_which_nothing_is_found_stays_lost),
		ON_IMAGES(old_version_of_a_lone_node_is_used_and_said),
		ON_IMAGES(root_that_ends_early_ends_the_walk),
		ON_IMAGES(lack_of_memory_is_an_error_and_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
