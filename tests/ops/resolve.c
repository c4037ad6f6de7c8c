// SPDX-License-Identifier: GPL-2.0-or-later
/* Every place that a key leads to leads back to it, and to a file that has the place in its map. */

#include "../file/manifest.h"

#include "ops/resolve_private.h"

static struct bch_question *ask(struct bch_resolver *r, const char *text)
{
	struct bch_question *q;

	assert_int_equal(bch_resolver_ask(r, text, &q), 0);
	return q;
}

/* Backpointers lead to cached copies since 1.21 alone. */
static bool has_backpointer(const struct bch_resolver *r, const struct bch_extent_ptr *p)
{
	return !p->ptr.cached || r->version >= BCH_VERSION(1, 21);
}

/* Asks for a sector in the middle of each thing that a key leads to. */
static void ask_pointers(struct bch_resolver *r, const struct bch_key *k, u64 *nr)
{
	struct bch_extent_walk walk = bch_extent_walk(k, NULL);
	struct bch_extent_ptr p;
	char text[64];

	while (bch_extent_ptr_next(&walk, &p)) {
		if (!r->key_fs.devs[p.ptr.dev_idx].bucket_sectors ||
		    (!r->opts->scan && !has_backpointer(r, &p)))
			continue;
		snprintf(text, sizeof(text), "%u:0x%" PRIx64, p.ptr.dev_idx,
			 p.ptr.offset_sectors + p.crc.compressed_sectors / 2);
		ask(r, text);
		++*nr;
	}
}

static u64 ask_btree(struct bch_resolver *r, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(r->fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	u64 nr = 0;

	while (bch_cursor_next(&cur, &k) > 0)
		ask_pointers(r, &k, &nr);
	return nr;
}

/* ------------------------------------------------------------------ back */

static bool piece_leads_to(const struct bch_piece *piece, const struct bch_place *place)
{
	struct bch_extent_walk walk = bch_extent_walk(&piece->k, NULL);
	struct bch_extent_ptr p;

	if (piece->kind != BCH_PIECE_DATA && piece->kind != BCH_PIECE_UNWRITTEN)
		return false;
	while (bch_extent_ptr_next(&walk, &p))
		if (p.ptr.dev_idx == place->dev_idx && place->sector >= p.ptr.offset_sectors &&
		    place->sector - p.ptr.offset_sectors < p.crc.compressed_sectors)
			return true;
	return false;
}

static bool file_has(struct image *image, const struct bch_file *file,
		     const struct bch_place *place)
{
	struct bch_file_map map bch_auto(file_map);
	struct bch_piece piece;

	bch_file_map_begin(&map, image->fs, file, 0, BCH_U64_MAX);
	while (bch_file_map_next(&map, &piece) > 0)
		if (piece_leads_to(&piece, place))
			return true;
	return false;
}

/* All paths are of files that have the place; are there any? */
static bool check_paths(struct image *image, const struct bch_answer *a,
			const struct bch_place *place)
{
	const struct bch_path_opts opts = { 0 };

	for (size_t i = 0; i < a->paths.nr; i++) {
		struct bch_file file;

		if (bch_path_lookup(image->fs, &opts, a->paths.v[i].text, &file))
			print_error("%s: %s\n", image->dir, a->paths.v[i].text);
		assert_int_equal(bch_path_lookup(image->fs, &opts, a->paths.v[i].text, &file), 0);
		assert_int_equal(file.inum, a->inum);
		assert_true(file_has(image, &file, place));
	}
	return a->paths.nr;
}

/* Does any subvolume see any of the keys? */
static bool is_seen(const struct bch_resolver *r, const struct bch_question *q)
{
	for (size_t i = 0; i < q->answers.nr; i++)
		for (size_t j = 0; j < r->viewers.a.nr; j++) {
			const struct bch_answer *a = &q->answers.v[i];
			struct bch_snapshot_view view =
				bch_snapshot_view(r->fs, r->viewers.a.v[j].snapshot);
			struct bch_pos pos = bch_pos(a->pos.inode, a->pos.offset);
			struct bch_cursor cur bch_auto(cursor) = bch_cursor_in_snapshot(
				r->fs, BCH_BTREE_extents, pos, pos, 0, &view);
			struct bch_key k;

			if (a->btree_id == BCH_BTREE_extents && bch_cursor_next(&cur, &k) > 0 &&
			    k.pos.snapshot == a->pos.snapshot)
				return true;
		}
	return false;
}

static void check_question(struct image *image, const struct bch_resolver *r,
			   const struct bch_question *q)
{
	bool has_paths = false, has_file = false;

	if (!q->answers.nr || !q->answers.v[0].has_key)
		print_error("%s: %s: %s\n", image->dir, q->text,
			    q->answers.nr ? q->answers.v[0].text : "nothing");
	assert_true(q->answers.nr > 0);
	for (size_t i = 0; i < q->answers.nr; i++) {
		assert_true(q->answers.v[i].has_key);
		has_file |= q->answers.v[i].inum;
		has_paths |= check_paths(image, &q->answers.v[i], &q->place);
	}
	if (has_file && !has_paths && is_seen(r, q))
		print_error("%s: %s has no path\n", image->dir, q->text);
	assert_true(has_paths || !has_file || !is_seen(r, q));
}

static u64 check_image(struct image *image, bool scan)
{
	const struct bch_resolve_opts opts = { .places = true, .scan = scan };
	struct bch_resolver r;
	u64 nr;

	assert_int_equal(bch_resolver_init(&r, image->fs, &opts), 0);
	nr = ask_btree(&r, BCH_BTREE_extents) + ask_btree(&r, BCH_BTREE_reflink);
	assert_int_equal(bch_resolver_run(&r), 0);
	assert_false(r.missing);
	for (size_t i = 0; i < r.questions.nr; i++)
		check_question(image, &r, r.questions.v[i]);
	bch_resolver_end(&r);
	return nr;
}

static void a_place_leads_to_its_file_by_backpointers_and_by_a_scan(void **state)
{
	glob_t dirs = image_dirs("dev0.img.zst");
	u64 nr = 0;

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(*state, dirs.gl_pathv[i]);

		image_start_files(&image, NULL);
		nr += check_image(&image, false) + check_image(&image, true);
		image_end(&image);
	}
	globfree(&dirs);
	assert_true(nr > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_place_leads_to_its_file_by_backpointers_and_by_a_scan, temp_setup,
			temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
