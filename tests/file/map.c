// SPDX-License-Identifier: GPL-2.0-or-later
/* The pieces of a file follow one another without gap and overlap, whatever the keys say, and are right where they agree. */

#include "manifest.h"

#define INUM	  77777
#define SECTORS	  1000
#define EDGE	  40 /* sectors that a range to be mapped begins before or ends behind what is there */
#define VALUE_MAX 24

/* A filesystem, and keys that the test makes. */
struct fixture {
	struct image image;
	struct bch_key_overlay *overlay;
	u64 random;
};

static u32 random_below(struct fixture *f, u32 n)
{
	f->random = f->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(f->random >> 33) % n;
}

static struct fixture fixture_new(struct temp *t, u64 seed)
{
	struct fixture f = { .image = image_unpack(t, "tests/images/12-upgraded"),
			     .overlay = bch_key_overlay_new(),
			     .random = seed };

	image_ready(&f.image, NULL);
	return f;
}

static void fixture_start(struct fixture *f)
{
	bch_key_overlay_seal(f->overlay);
	bch_btrees_set_overlay(f->image.fs, f->overlay);
	assert_int_equal(bch_files_start(f->image.fs, NULL), 0);
}

static void put_key(struct fixture *f, u8 btree_id, u8 type, u64 start, u32 size, u64 word)
{
	le64 val[VALUE_MAX / 8] = { le64_of(word), le64_of(0x1001) };
	struct bch_key k = { .pos = btree_id == BCH_BTREE_reflink
					    ? bch_pos(0, start + size)
					    : bch_spos(INUM, start + size, BCH_U32_MAX),
			     .size = size,
			     .type = type,
			     .val = { val[0].b, type == BCH_KEY_reservation ? 8 : 16 } };

	assert_int_equal(bch_key_overlay_add(f->overlay, btree_id, 0, &k), 0);
}

/* Maps [@start, @end): each piece begins where the last one ended. */
static void map_range(struct fixture *f, u64 start, u64 end,
		      void (*check)(struct fixture *f, const struct bch_piece *piece))
{
	const struct bch_file file = { .snapshot = BCH_U32_MAX, .inum = INUM };
	struct bch_file_map map bch_auto(file_map) = { 0 };
	struct bch_piece piece;
	u64 at = start;
	int more;

	bch_file_map_begin(&map, f->image.fs, &file, start, end);
	while ((more = bch_file_map_next(&map, &piece)) > 0) {
		assert_int_equal(piece.start, at);
		assert_in_range(piece.len, 1, end - at);
		at += piece.len;
		if (check)
			check(f, &piece);
	}
	assert_int_equal(more, 0);
	assert_int_equal(at, end);
}

/* ------------------------------------------------------------------ keys that agree */

/* What covers each sector, as they were made. */
static struct {
	enum bch_piece_kind kind;
	bool shared;
	u64 skip;
} model[SECTORS + 2 * EDGE];

static void set_model(u64 start, u64 len, enum bch_piece_kind kind, bool shared, u64 skip)
{
	for (u64 i = 0; i < len; i++) {
		model[start + i].kind = kind;
		model[start + i].shared = shared;
		model[start + i].skip = skip + i;
	}
}

/* Shared keys lie at [1000, 1050), [1100, 1150) and so on; between them there is nothing. */
static void put_shared_pointer(struct fixture *f, u64 start, u32 size)
{
	u64 idx = 1000 + random_below(f, 900);

	put_key(f, BCH_BTREE_extents, BCH_KEY_reflink_p, start, size, idx);
	for (u32 i = 0; i < size; i++) {
		u64 in = (idx + i) % 100;

		set_model(start + i, 1, in < 50 ? BCH_PIECE_DATA : BCH_PIECE_LOST, true,
			  in < 50 ? in : 0);
	}
}

static void put_any(struct fixture *f, u64 start, u32 size)
{
	switch (random_below(f, 5)) {
	case 0:
		put_key(f, BCH_BTREE_extents, BCH_KEY_extent, start, size, 0x1001);
		set_model(start, size, BCH_PIECE_DATA, false, 0);
		break;
	case 1:
		put_key(f, BCH_BTREE_extents, BCH_KEY_reservation, start, size, 1);
		set_model(start, size, BCH_PIECE_RESERVED, false, 0);
		break;
	case 2:
		put_key(f, BCH_BTREE_extents, BCH_KEY_inline_data, start, size, 1);
		set_model(start, size, BCH_PIECE_INLINE, false, 0);
		break;
	case 3:
		put_key(f, BCH_BTREE_extents, BCH_KEY_extent, start, size, 0x1009);
		set_model(start, size, BCH_PIECE_UNWRITTEN, false, 0);
		break;
	default:
		put_shared_pointer(f, start, size);
	}
}

static void check_by_model(struct fixture *f, const struct bch_piece *piece)
{
	(void)f;
	for (u64 i = 0; i < piece->len; i++) {
		u64 at = piece->start + i;
		bool has_key = piece->kind != BCH_PIECE_HOLE && piece->kind != BCH_PIECE_LOST;

		assert_int_equal(piece->kind, model[at].kind);
		assert_int_equal(piece->shared, model[at].shared);
		if (has_key)
			assert_int_equal(piece->k_skip + i, model[at].skip);
	}
}

static void pieces_are_what_the_keys_say(void **state)
{
	for (u64 seed = 1; seed <= 8; seed++) {
		struct fixture f = fixture_new(*state, seed);

		memset(model, 0, sizeof(model));
		for (u64 idx = 1000; idx < 2200; idx += 100)
			put_key(&f, BCH_BTREE_reflink, BCH_KEY_reflink_v, idx, 50, 1);
		for (u64 at = EDGE; at < SECTORS;) {
			u32 size = 1 + random_below(&f, 60);

			if (random_below(&f, 3))
				put_any(&f, at, size);
			at += size;
		}
		fixture_start(&f);
		map_range(&f, 0, SECTORS + 2 * EDGE, check_by_model);
		for (u32 i = 0; i < 200; i++) {
			u64 start = random_below(&f, SECTORS);

			map_range(&f, start, start + 1 + random_below(&f, EDGE), check_by_model);
		}
		image_end(&f.image);
	}
}

/* ------------------------------------------------------------------ keys that do not */

static void put_hostile(struct fixture *f)
{
	static const u8 types[] = { BCH_KEY_deleted,
				    BCH_KEY_whiteout,
				    BCH_KEY_error,
				    BCH_KEY_cookie,
				    BCH_KEY_extent,
				    BCH_KEY_reservation,
				    BCH_KEY_inline_data,
				    BCH_KEY_reflink_p,
				    BCH_KEY_reflink_p,
				    BCH_KEY_extent_whiteout,
				    99 };
	static const u64 words[] = { 0, 1, 1500, BCH_U64_MAX, 0x00ffffffffffffff, 0x1009 };
	u64 end = 1 + random_below(f, SECTORS);
	u32 size = random_below(f, 300), sizes[] = { size, size, size, 0, BCH_U32_MAX };

	size = sizes[random_below(f, bch_array_size(sizes))];
	put_key(f, BCH_BTREE_extents, types[random_below(f, bch_array_size(types))], end - size,
		size, words[random_below(f, bch_array_size(words))]);
}

static void keys_that_contradict_each_other_leave_no_gap(void **state)
{
	for (u64 seed = 1; seed <= 12; seed++) {
		struct fixture f = fixture_new(*state, seed);

		for (u32 i = 0; i < 200; i++) {
			u64 start = 1000 + random_below(&f, 1000);

			put_key(&f, BCH_BTREE_reflink,
				random_below(&f, 4) ? BCH_KEY_reflink_v : BCH_KEY_error, start,
				random_below(&f, 100), 1);
			put_hostile(&f);
		}
		fixture_start(&f);
		map_range(&f, 0, SECTORS + EDGE, NULL);
		for (u32 i = 0; i < 300; i++) {
			u64 start = random_below(&f, SECTORS);

			map_range(&f, start, start + 1 + random_below(&f, 200), NULL);
		}
		image_end(&f.image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pieces_are_what_the_keys_say, temp_setup,
						temp_teardown),
		cmocka_unit_test_setup_teardown(keys_that_contradict_each_other_leave_no_gap,
						temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
