// SPDX-License-Identifier: GPL-2.0-or-later
/* Each field of each key that a kernel wrote can be read by its name, and set to what it is without a change. */

#include "image.h"

#include <stdlib.h>
#include "ondisk/key_fields.h"

/* Nobody writes them: a change makes them what replaced them. */
static bool is_old(u8 type)
{
	return type == BCH_KEY_inode || type == BCH_KEY_inode_v2 || type == BCH_KEY_alloc ||
	       type == BCH_KEY_alloc_v2 || type == BCH_KEY_alloc_v3;
}

static void assert_same(const struct bch_key *want, const struct bch_key *have, const char *path)
{
	struct bch_buf a bch_auto(buf) = { 0 }, b bch_auto(buf) = { 0 };

	bch_buf_hex(&a, want->val.p, want->val.len);
	bch_buf_hex(&b, have->val.p, have->val.len);
	if (strcmp(bch_buf_str(&a), bch_buf_str(&b)))
		print_error("type %u field %s\n", want->type, path);
	assert_string_equal(bch_buf_str(&b), bch_buf_str(&a));
	assert_int_equal(have->type, want->type);
	assert_int_equal(have->size, want->size);
	assert_int_equal(have->version_lo, want->version_lo);
}

static void set_to_itself(const struct bch_key *k, u16 version, const char *path)
{
	struct bch_buf text bch_auto(buf) = { 0 }, again bch_auto(buf) = { 0 };
	struct bch_key_edit e;

	assert_int_equal(bch_key_edit_copy(&e, k), 0);
	assert_int_equal(bch_key_field_get(&text, k, version, path), 0);
	if (bch_key_field_set(&e, version, path, bch_buf_str(&text))) {
		print_error("type %u field %s: %s\n", k->type, path, bch_buf_str(&text));
		fail();
	}
	assert_int_equal(bch_key_field_get(&again, &e.k, version, path), 0);
	assert_string_equal(bch_buf_str(&again), bch_buf_str(&text));
	if (!is_old(k->type))
		assert_same(k, &e.k, path);
}

static u64 check_key(const struct bch_key *k, u16 version)
{
	static const char header[] = "raw\nk.type\nk.size\nk.version_lo\nk.version_hi\n";
	struct bch_buf paths bch_auto(buf) = { 0 };
	char *path, *rest;
	u64 nr = 0;

	bch_key_field_paths(&paths, k, version);
	bch_buf_puts(&paths, header);
	rest = paths.p;
	for (; (path = strtok_r(rest, "\n", &rest)); nr++)
		set_to_itself(k, version, path);
	return nr;
}

static bool seen[BCH_KEY_TYPE_NR]; /* that had fields */

static void check_image(struct image *image)
{
	u16 version = le16_get(image->fs->super.sb->version);

	for (u8 id = 0; id < BCH_BTREE_NR; id++) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(image->fs, id, BCH_POS_MIN, BCH_SPOS_MAX);
		struct bch_key k;

		while (bch_cursor_next(&cur, &k) > 0)
			seen[k.type] |= check_key(&k, version) > 5;
	}
}

static void a_field_that_is_set_to_what_it_is_leaves_the_key_as_it_was(void **state)
{
	static const u8 types[] = {
		BCH_KEY_extent,	    BCH_KEY_inode_v3,	 BCH_KEY_dirent,	BCH_KEY_xattr,
		BCH_KEY_quota,	    BCH_KEY_reflink_p,	 BCH_KEY_reflink_v,	BCH_KEY_inline_data,
		BCH_KEY_subvolume,  BCH_KEY_snapshot,	 BCH_KEY_alloc_v4,	BCH_KEY_backpointer,
		BCH_KEY_accounting, BCH_KEY_bucket_gens, BCH_KEY_snapshot_tree, BCH_KEY_reservation,
	};

	images_for_each_clean(*state, "dev0.img.zst", NULL, check_image);
	for (size_t i = 0; i < bch_array_size(types); i++) {
		if (!seen[types[i]])
			print_error("no %s\n", bch_key_type_name(types[i]));
		assert_true(seen[types[i]]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_field_that_is_set_to_what_it_is_leaves_the_key_as_it_was, temp_setup,
			temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
