// SPDX-License-Identifier: GPL-2.0-or-later
/* What du counts is what the kernel's own counters say, and who sees a key is who finds it. */

#include "../file/manifest.h"

#include <bcachefs/du.h>
#include "alloc/alloc.h"
#include "ops/space.h"

/* ------------------------------------------------------------------ counters */

/* Bytes of user data that the filesystem's own counters know of. */
static u64 stored_user_bytes(struct image *image)
{
	struct bch_counters counters bch_auto(counters) = bch_counters();
	const struct bch_counter *c = NULL;
	u64 sum = 0;

	assert_int_equal(bch_accounting_read(image->fs, &counters), 0);
	while ((c = bch_counters_next(&counters, c))) {
		struct bch_accounting what = bch_counter_what(c);

		if (what.type == BCH_ACCOUNTING_replicas && what.data_type == BCH_DATA_user)
			sum += BCH_BYTES((u64)c->v[0]);
	}
	return sum;
}

/* The lines by snapshot are all that there is. */
static void compare_all(struct image *image)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_TEXT);
	struct bch_du_snapshots s;
	u64 sum, want = stored_user_bytes(image);

	assert_int_equal(bch_du_by_snapshot(image->fs, false, facts, &s), 0);
	sum = s.exclusive + s.common + s.hidden + s.shared;
	if (sum != want)
		print_error("%s: %" PRIu64 ", counters %" PRIu64 "\n", image->dir, sum, want);
	assert_int_equal(sum, want);
}

static bool has_inode_without_name(struct image *image)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(image->fs, BCH_BTREE_inodes, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_inode inode;
	struct bch_key k;

	while (bch_cursor_next(&cur, &k) > 0)
		if (bch_inode_get(&k, &inode) && inode.bi_flags >> BCH_INODE_unlinked & 1)
			return true;
	return false;
}

/* Where nothing is shared, all that a tree takes is all that there is. */
static void compare_tree(struct image *image)
{
	static const char *const root[] = { "/" };
	const struct bch_du_opts opts = { .depth = 0 };
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_TEXT);
	struct bch_du_sums sums;

	if (bch_snapshots_nr(image->fs) != 1 || has_inode_without_name(image) ||
	    bch_btree_root(image->fs, BCH_BTREE_reflink).state != BCH_ROOT_ABSENT)
		return;
	assert_int_equal(bch_du(image->fs, &opts, root, 1, facts, &sums), 0);
	if (sums.on_disk != stored_user_bytes(image))
		print_error("%s: /\n", image->dir);
	assert_int_equal(sums.on_disk, stored_user_bytes(image));
	assert_int_equal(sums.exclusive, sums.on_disk);
}

/* ------------------------------------------------------------------ viewers */

#define VERSIONS_MAX 64 /* of a key in these images */

/* The version that a snapshot sees, found as the reference says it; its index, or the number of versions. */
static size_t find_seen(struct image *image, u32 snapshot, const struct bch_space_versions *v)
{
	size_t nearest = v->seen.nr;

	for (size_t i = 0; i < v->seen.nr; i++)
		if (bch_snapshot_is_ancestor(image->fs, snapshot, v->seen.v[i].snapshot) &&
		    (nearest == v->seen.nr || v->seen.v[i].snapshot < v->seen.v[nearest].snapshot))
			nearest = i;
	return nearest;
}

static void check_versions(struct image *image, const struct bch_viewers *viewers,
			   const struct bch_space_versions *v)
{
	size_t nr_viewers[VERSIONS_MAX + 1] = { 0 };
	u64 sum[VERSIONS_MAX + 1] = { 0 };

	assert_true(v->seen.nr <= VERSIONS_MAX);
	for (size_t i = 0; i < viewers->a.nr; i++) {
		size_t at = find_seen(image, viewers->a.v[i].snapshot, v);

		nr_viewers[at]++;
		sum[at] += i;
	}
	for (size_t i = 0; i < v->seen.nr; i++) {
		assert_int_equal(v->seen.v[i].nr_viewers, nr_viewers[i]);
		if (nr_viewers[i] == 1)
			assert_int_equal(v->seen.v[i].viewers, sum[i]);
	}
}

static void check_viewers(struct image *image)
{
	struct bch_viewers viewers bch_auto(viewers);
	struct bch_space_walk walk bch_auto(space_walk);

	assert_int_equal(bch_viewers_load(image->fs, &viewers), 0);
	assert_true(viewers.a.nr > 0);
	bch_space_walk_begin(&walk, image->fs, &viewers, 0, BCH_U64_MAX);
	while (bch_space_walk_next(&walk) > 0)
		check_versions(image, &viewers, &walk.versions);
}

/* All at once: unpacking an image takes longer than to look at it. */
static void check_image(struct image *image)
{
	compare_all(image);
	compare_tree(image);
	check_viewers(image);
}

static void all_that_kernels_counted_is_there_and_seen_by_whom_the_reference_says(void **state)
{
	glob_t dirs = image_dirs("dev0.img.zst");

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(*state, dirs.gl_pathv[i]);

		image_start_files(&image, NULL);
		check_image(&image);
		image_end(&image);
	}
	globfree(&dirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			all_that_kernels_counted_is_there_and_seen_by_whom_the_reference_says,
			temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
