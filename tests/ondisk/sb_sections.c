// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of sections: there and back, growing and shrinking, the format reference's own bytes. Format reference: 01 §7, §8. */

#include "sb_build.h"

#define V_1_13 BCH_VERSION(1, 13)
#define V_1_39 BCH_VERSION(1, 39)

/* ------------------------------------------------------------------ size */

/* Sections 100 to 104, each filled with its number. */
static struct bch_super five_sections(void)
{
	struct bch_super super = sb_build_small(V_1_13);
	u8 fill[64];

	for (u32 type = 100; type < 105; type++) {
		memset(fill, (int)type, sizeof(fill));
		sb_build_put(&super, type, fill, 8 * (type - 97));
	}
	return super;
}

/* Is section @type as five_sections() made it, in its first @len bytes, and zero from there on? */
static void assert_filled(const struct bch_super *super, u32 type, size_t filled, size_t len)
{
	struct bch_bytes b = bch_super_section(super, type);

	assert_non_null(b.p);
	assert_int_equal(b.len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(b.p[i], i < filled ? type : 0);
}

static void assert_others_unharmed(const struct bch_super *super, u32 but)
{
	struct bch_super small = sb_build_small(V_1_13);

	for (u32 type = 100; type < 105; type++)
		if (type != but)
			assert_filled(super, type, 8 * (type - 97), 8 * (type - 97));
	assert_memory_equal(bch_super_section(super, BCH_SECTION_members_v2).p,
			    bch_super_section(&small, BCH_SECTION_members_v2).p,
			    8 + 3 * BCH_MEMBER_BYTES_1_13);
	bch_super_end(&small);
}

static void sections_grow_and_shrink_beside_unharmed_neighbours(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 9, 39, 40, 41, 64, 1000, 100000 };

	for (u32 type = 100; type < 105; type++)
		for (size_t i = 0; i < bch_array_size(sizes); i++) {
			struct bch_super super = five_sections();
			size_t had = 8 * (type - 97), has = (sizes[i] + 7) / 8 * 8;

			assert_int_equal(bch_super_section_resize(&super, type, sizes[i]), 0);
			assert_filled(&super, type, has < had ? has : had, has);
			assert_others_unharmed(&super, type);
			bch_super_end(&super);
		}
}

static void dropped_section_is_gone_with_all_its_copies(void **state)
{
	for (u32 type = 100; type < 105; type++) {
		struct bch_super super = five_sections();
		size_t len = bch_super_len(&super);

		bch_super_section_drop(&super, type);
		assert_null(bch_super_section(&super, type).p);
		assert_int_equal(bch_super_len(&super), len - 8 * (type - 97) - 8);
		assert_others_unharmed(&super, type);
		bch_super_section_drop(&super, type);
		bch_super_end(&super);
	}

	struct bch_super super = five_sections();

	/* the header of 104, which is the last, says 102 too */
	sb_build_poke(bch_super_section_mut(&super, 104) - 4, 4, 102);
	bch_super_section_drop(&super, 102);
	assert_null(bch_super_section(&super, 102).p);
	assert_filled(&super, 103, 48, 48);
	bch_super_end(&super);
}

static void new_section_stands_at_the_end(void **state)
{
	struct bch_super super = five_sections();
	size_t len = bch_super_len(&super);

	sb_build_put(&super, 200, "abc", 3);
	assert_int_equal(bch_super_len(&super), len + 16);
	assert_memory_equal((u8 *)super.sb + len, "\2\0\0\0\310\0\0\0abc\0\0\0\0\0", 16);
	sb_build_put(&super, 200, "x", 1);
	assert_memory_equal((u8 *)super.sb + len, "\2\0\0\0\310\0\0\0x\0\0\0\0\0\0\0", 16);
	bch_super_end(&super);
}

static void superblock_ends_where_its_place_does(void **state)
{
	struct bch_super super = five_sections();
	size_t room;

	super.sb->layout.sb_max_size_bits = 3;
	room = 4096 - bch_super_len(&super) - 8;
	assert_int_equal(bch_super_section_resize(&super, 200, room + 1), -BCH_ERR_no_space_in_sb);
	assert_null(bch_super_section(&super, 200).p);
	assert_int_equal(bch_super_section_resize(&super, 200, SIZE_MAX), -BCH_ERR_no_space_in_sb);
	assert_int_equal(bch_super_section_resize(&super, 200, room), 0);
	assert_int_equal(bch_super_len(&super), 4096);
	assert_others_unharmed(&super, 0);
	bch_super_end(&super);
}

/* It may have been made for a larger place: the way down is always open. */
static void superblock_larger_than_its_place_can_shrink(void **state)
{
	struct bch_super super = five_sections();

	super.sb->layout.sb_max_size_bits = 0;
	bch_super_section_drop(&super, 101);
	assert_int_equal(bch_super_section_resize(&super, 102, 8), 0);
	assert_null(bch_super_section(&super, 101).p);
	assert_filled(&super, 104, 56, 56);
	bch_super_end(&super);
}

static void walk_ends_at_each_bad_length(void **state)
{
	static const struct {
		u8 bytes[16];
		size_t len;
	} bad[] = {
		{ { 0 }, 8 },
		{ { 1 }, 4 },
		{ { 2 }, 8 },
		{ { 0xff, 0xff, 0xff, 0xff }, 16 },
		{ { 0, 0, 0, 0x20 }, 16 },
	};
	struct bch_bytes body;
	u32 type;

	for (size_t i = 0; i < bch_array_size(bad); i++) {
		struct bch_bytes rest = { bad[i].bytes, bad[i].len };

		assert_int_equal(bch_sb_section_next(&rest, &type, &body),
				 -BCH_ERR_invalid_sb_field_size);
	}
}

/* ------------------------------------------------------------------ members */

static void member_of_the_format_reference_decodes(void **state)
{
	static const u8 bytes[] = {
		0x22, 0xc7, 0x71, 0x3b, 0x51, 0xaf, 0xfc, 0xba, 0x9c, 0x86, 0x88, 0x46,
		0xff, 0x71, 0x87, 0xf4, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0xff, 0x10, 0x00, 0x6b,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x0e, 0x60, 0x00, 0x00, 0x00, 0x00,
	};
	struct bch_member m;

	bch_member_get(&m, bytes, sizeof(bytes));
	assert_memory_equal(m.uuid, bytes, 16);
	assert_int_equal(m.nbuckets, 2048);
	assert_int_equal(m.first_bucket, 0);
	assert_int_equal(m.bucket_size, 256);
	assert_int_equal(m.btree_bitmap_shift, 8);
	assert_int_equal(m.last_mount, 0x6b0010ff);
	assert_int_equal(bch_member_STATE(&m), 0);
	assert_int_equal(bch_member_DISCARD(&m), 1);
	assert_int_equal(bch_member_DATA_ALLOWED(&m), 0x1c);
	assert_int_equal(bch_member_GROUP(&m), 0);
	assert_int_equal(bch_member_DURABILITY(&m), 2);
	assert_int_equal(bch_member_durability(&m), 1);
	assert_int_equal(bch_member_FREESPACE_INITIALIZED(&m), 1);
	assert_int_equal(m.seq, 0); /* past what was given */
	assert_true(bch_member_alive(&m));
}

static void member_fields_go_there_and_back(void **state)
{
	struct bch_super super = sb_build_small(V_1_39);
	struct bch_member m, have;
	u8 bytes[sizeof(struct bch_member_disk)];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)(i * 7 + 1);
	bch_member_get(&m, bytes, sizeof(bytes));
	bch_super_member_put(&super, 2, &m);
	assert_memory_equal(bch_super_section(&super, BCH_SECTION_members_v2).p + 8 + 2 * 328,
			    bytes, 328);
	assert_memory_equal(bch_super_section(&super, BCH_SECTION_members_v1).p + 2 * 56, bytes,
			    56);
	assert_true(bch_super_member(&super, 2, &have));
	assert_memory_equal(&have, &m, sizeof(m));
	assert_false(bch_super_member(&super, 3, &have));
	bch_super_end(&super);
}

/* A shorter entry reads as zero behind its end and keeps its length; a longer one keeps its tail. */
static void members_of_other_sizes_are_kept(void **state)
{
	static const u16 sizes[] = { 56, 128, 136, 144, 328, 400 };

	for (size_t i = 0; i < bch_array_size(sizes); i++) {
		struct bch_super super = sb_build_small(V_1_39);
		struct bch_member m, have;
		u8 *entries;

		assert_int_equal(bch_super_members_create(&super, 2, sizes[i]), 0);
		entries = bch_super_section_mut(&super, BCH_SECTION_members_v2) + 8;
		memset(entries, 0xaa, 2 * sizes[i]);
		memset(&m, 0x55, sizeof(m));
		bch_super_member_put(&super, 0, &m);
		for (u32 b = 0; b < 2U * sizes[i]; b++)
			assert_int_equal(entries[b], b < sizes[i] && b < 328 ? 0x55 : 0xaa);
		assert_true(bch_super_member(&super, 0, &have));
		assert_int_equal(have.nbuckets, 0x5555555555555555);
		assert_int_equal(have.failure_domain[31], sizes[i] >= 328 ? 0x55 : 0);
		bch_super_end(&super);
	}
}

/* ------------------------------------------------------------------ journal */

static void journal_ranges_join_and_come_back(void **state)
{
	static const struct bch_bucket_range in[] = { { 40, 1 }, { 17, 8 }, { 25, 8 }, { 33, 1 } };
	struct bch_super super = sb_build(V_1_13);
	struct bch_bucket_range *out;
	struct bch_bytes b;
	u32 nr;

	assert_int_equal(bch_super_journal_put(&super, in, bch_array_size(in)), 0);
	assert_null(bch_super_section(&super, BCH_SECTION_journal).p);
	assert_int_equal(bch_super_journal(&super, &out, &nr), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(out[0].start, 40); /* their order has a meaning */
	assert_int_equal(out[1].start, 17);
	assert_int_equal(out[1].nr, 17);
	free(out);

	assert_int_equal(bch_super_journal_put(&super, in + 1, 2), 0);
	b = bch_super_section(&super, BCH_SECTION_journal_v2);
	assert_int_equal(b.len, 16);
	assert_memory_equal(b.p - 8, "\3\0\0\0\11\0\0\0\21\0\0\0\0\0\0\0\20\0\0\0\0\0\0\0", 24);

	assert_int_equal(bch_super_journal_put(&super, NULL, 0), 0);
	assert_null(bch_super_section(&super, BCH_SECTION_journal_v2).p);
	assert_int_equal(bch_super_journal(&super, &out, &nr), 0);
	assert_int_equal(nr, 0);
	free(out);
	bch_super_end(&super);
}

static void journal_v1_serves_where_there_is_no_v2(void **state)
{
	struct bch_super super = sb_build(V_1_13);
	struct bch_bucket_range *out;
	u32 nr;

	bch_super_section_drop(&super, BCH_SECTION_journal_v2);
	assert_int_equal(bch_super_journal(&super, &out, &nr), 0);
	assert_int_equal(nr, 3);
	assert_int_equal(out[2].start, 40);
	assert_int_equal(out[2].nr, 1);
	free(out);
	bch_super_end(&super);
}

/* ------------------------------------------------------------------ replicas */

static void replicas_are_v0_where_one_copy_is_required_each(void **state)
{
	static const u8 devs[] = { 0, 2 };
	struct bch_replicas r[] = { { 3, 1, 1, devs }, { 4, 2, 1, devs } };
	struct bch_super super = sb_build(V_1_13);
	struct bch_bytes b;
	u32 section;

	assert_int_equal(bch_super_replicas_put(&super, r, 2), 0);
	b = bch_super_replicas(&super, &section);
	assert_int_equal(section, BCH_SECTION_replicas_v0);
	assert_null(bch_super_section(&super, BCH_SECTION_replicas).p);
	assert_memory_equal(b.p, "\3\1\0\4\2\0\2\0", 8);
	assert_int_equal(bch_super_dev_has_data(&super, 0), 1 << 3 | 1 << 4);
	assert_int_equal(bch_super_dev_has_data(&super, 2), 1 << 4);
	assert_int_equal(bch_super_dev_has_data(&super, 1), 0);

	r[1].nr_required = 0;
	assert_int_equal(bch_super_replicas_put(&super, r, 2), 0);
	b = bch_super_replicas(&super, &section);
	assert_int_equal(section, BCH_SECTION_replicas);
	assert_null(bch_super_section(&super, BCH_SECTION_replicas_v0).p);
	assert_memory_equal(b.p, "\3\1\1\0\4\2\0\0\2\0\0\0\0\0\0\0", 16);
	assert_int_equal(bch_sb_validate(&super, BCH_SB_SECTOR, 0, NULL), 0);
	bch_super_end(&super);
}

static void replicas_of_the_format_reference_decode(void **state)
{
	static const u8 bytes[] = { 4, 1, 1, 3, 1, 1, 5, 1, 2, 2, 2, 0, 1, 0, 9, 9 };
	static const u8 types[] = { 4, 3, 5, 2 };
	struct bch_bytes rest = { bytes, sizeof(bytes) };
	struct bch_replicas r;

	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(bch_replicas_next(&rest, BCH_SECTION_replicas_v0, &r), 1);
		assert_int_equal(r.data_type, types[i]);
		assert_int_equal(r.nr_required, 1);
		assert_int_equal(r.nr_devs, i == 3 ? 2 : 1);
	}
	assert_int_equal(r.devs[1], 1);
	assert_int_equal(bch_replicas_next(&rest, BCH_SECTION_replicas_v0, &r), 0);
}

/* ------------------------------------------------------------------ the others */

static void crypt_section_goes_there_and_back(void **state)
{
	struct bch_super super = sb_build_small(V_1_13);
	struct bch_sb_crypt crypt;
	struct bch_bytes b;

	assert_false(bch_super_crypt(&super, &crypt));
	bch_sb_crypt_get(&crypt, sb_build_crypt, sizeof(sb_build_crypt));
	assert_true(crypt.kdf_flags == (14 | 3 << 16 | 4ULL << 32));
	assert_int_equal(bch_super_crypt_put(&super, &crypt), 0);
	b = bch_super_section(&super, BCH_SECTION_crypt);
	assert_int_equal(b.len, sizeof(sb_build_crypt));
	assert_memory_equal(b.p, sb_build_crypt, sizeof(sb_build_crypt));
	assert_true(bch_super_crypt(&super, &crypt));
	bch_super_end(&super);
}

static void errors_v2_of_the_format_reference_is_packed_and_unpacked(void **state)
{
	struct bch_super super = sb_build_small(V_1_39);
	struct bch_sb_error e;
	struct bch_bytes b = { sb_build_errors_v2, sizeof(sb_build_errors_v2) };

	assert_true(bch_sb_error_get(b, BCH_SECTION_errors_v2, 0, &e));
	assert_int_equal(e.id, 393);
	assert_int_equal(e.nr, 38);
	assert_int_equal(e.last_time, 1795170589);
	assert_int_equal(e.first_time, 1795170589);
	assert_false(bch_sb_error_get(b, BCH_SECTION_errors_v2, 1, &e));
	assert_int_equal(bch_super_errors_put(&super, BCH_SECTION_errors_v2, &e, 1), 0);
	b = bch_super_section(&super, BCH_SECTION_errors_v2);
	assert_int_equal(b.len, 16);
	assert_memory_equal(b.p, sb_build_errors_v2, 16);
	bch_super_end(&super);
}

static void errors_keep_what_their_bits_can_hold(void **state)
{
	static const struct bch_sb_error in[] = {
		{ 5, 1, 2, 1 },
		{ 0xffff, 0x123456789a, 0xfffffffffe, 0xabcdef0123 },
	};
	struct bch_super super = sb_build_small(V_1_39);
	struct bch_sb_error e;

	assert_int_equal(bch_super_errors_put(&super, BCH_SECTION_errors_v2, in, 2), 0);
	assert_true(bch_sb_error_get(bch_super_section(&super, BCH_SECTION_errors_v2),
				     BCH_SECTION_errors_v2, 1, &e));
	assert_int_equal(e.id, 0xffff);
	assert_int_equal(e.nr, UINT32_MAX); /* saturated */
	assert_true(e.last_time == 0xfffffffffe);
	assert_true(e.first_time == 0xabcdef0123);

	assert_int_equal(bch_super_errors_put(&super, BCH_SECTION_errors, in, 2), 0);
	assert_true(bch_sb_error_get(bch_super_section(&super, BCH_SECTION_errors),
				     BCH_SECTION_errors, 1, &e));
	assert_true(e.nr == 0x123456789a);
	assert_true(e.first_time == e.last_time);
	bch_super_end(&super);
}

static void downgrade_section_of_1_13_decodes(void **state)
{
	static const struct {
		u16 version, nr_errors, last;
	} want[] = { { 1033, 12, 80 }, { 1034, 13, 80 }, { 1036, 1, 272 } };
	struct bch_bytes rest = { sb_build_downgrade, sizeof(sb_build_downgrade) };
	struct bch_downgrade d;

	assert_int_equal(sizeof(sb_build_downgrade) + 8, 120);
	for (size_t i = 0; i < bch_array_size(want); i++) {
		assert_int_equal(bch_downgrade_next(&rest, &d), 1);
		assert_int_equal(d.version, want[i].version);
		assert_int_equal(d.passes[0], 1 << 5);
		assert_int_equal(d.passes[1], 0);
		assert_int_equal(d.nr_errors, want[i].nr_errors);
		assert_int_equal(bch_downgrade_error(&d, want[i].nr_errors - 1U), want[i].last);
		assert_int_equal(bch_downgrade_error(&d, want[i].nr_errors), 0);
	}
	assert_int_equal(bch_downgrade_next(&rest, &d), 0);
	assert_int_equal(rest.len, 0);
}

static void ext_is_made_at_96_bytes_and_kept_at_any_size(void **state)
{
	struct bch_super super = sb_build_small(V_1_13);
	struct bch_sb_ext ext;

	bch_super_ext(&super, &ext);
	assert_int_equal(ext.errors_silent[4], 0);
	memset(&ext, 0x77, sizeof(ext));
	assert_int_equal(bch_super_ext_put(&super, &ext), 0);
	assert_int_equal(bch_super_section(&super, BCH_SECTION_ext).len, 88);
	memset(&ext, 0, sizeof(ext));
	bch_super_ext(&super, &ext);
	assert_true(ext.btrees_lost_data == 0x7777777777777777);
	assert_int_equal(ext.flags0, 0); /* not there before 1.37 */

	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_ext, 80), 0);
	assert_int_equal(bch_super_ext_put(&super, &ext), 0);
	assert_int_equal(bch_super_section(&super, BCH_SECTION_ext).len, 80);
	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_ext, 120), 0);
	ext.btrees_clean = 0x300;
	assert_int_equal(bch_super_ext_put(&super, &ext), 0);
	bch_super_ext(&super, &ext);
	assert_int_equal(ext.btrees_clean, 0x300);
	bch_super_end(&super);
}

static void counters_that_are_not_there_are_zero(void **state)
{
	struct bch_super super = sb_build_small(V_1_13);

	assert_int_equal(bch_super_counters_nr(&super), 0);
	bch_super_counter_put(&super, 0, 7); /* nothing to write to */
	assert_int_equal(bch_super_counter(&super, 0), 0);
	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_counters, 16), 0);
	bch_super_counter_put(&super, 1, UINT64_MAX);
	bch_super_counter_put(&super, 2, 1);
	assert_int_equal(bch_super_counters_nr(&super), 2);
	assert_true(bch_super_counter(&super, 1) == UINT64_MAX);
	assert_int_equal(bch_super_counter(&super, 2), 0);
	bch_super_end(&super);
}

static void fields_of_the_flag_words_do_not_overlap(void **state)
{
	u64 seen[7] = { 0 };

	for (u32 f = BCH_SB_NONE + 1; f < BCH_SB_FLAG_NR; f++) {
		struct bch_sb sb = { 0 };

		bch_sb_flag_set(&sb, f, UINT64_MAX);
		for (u32 w = 0; w < 7; w++) {
			u64 bits = le64_get(sb.flags[w]);

			assert_int_equal(seen[w] & bits, 0);
			seen[w] |= bits;
		}
		assert_true(bch_sb_flag(&sb, f) != 0);
		bch_sb_flag_set(&sb, f, 0);
		assert_true(bch_bytes_are_zero((struct bch_bytes){ (u8 *)sb.flags, 56 }));
	}
	assert_true(seen[0] == UINT64_MAX && seen[1] == UINT64_MAX);
}

static void section_lists_are_parsed(void **state)
{
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(NULL, NULL);
	u64 set;

	assert_int_equal(bch_sb_sections_parse(ctx, "all", &set), 0);
	assert_true(set == UINT64_MAX);
	assert_int_equal(bch_sb_sections_parse(ctx, "journal,errors;ext", &set), 0);
	assert_true(set == (1 << 0 | 1 << 12 | 1 << 13));
	assert_int_equal(bch_sb_sections_parse(ctx, "-clean", &set), 0);
	assert_true(set == ~(1ULL << 6));
	assert_int_equal(bch_sb_sections_parse(ctx, "journal,journa", &set), -BCH_ERR_option_value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_grow_and_shrink_beside_unharmed_neighbours),
		cmocka_unit_test(dropped_section_is_gone_with_all_its_copies),
		cmocka_unit_test(new_section_stands_at_the_end),
		cmocka_unit_test(superblock_ends_where_its_place_does),
		cmocka_unit_test(superblock_larger_than_its_place_can_shrink),
		cmocka_unit_test(walk_ends_at_each_bad_length),
		cmocka_unit_test(member_of_the_format_reference_decodes),
		cmocka_unit_test(member_fields_go_there_and_back),
		cmocka_unit_test(members_of_other_sizes_are_kept),
		cmocka_unit_test(journal_ranges_join_and_come_back),
		cmocka_unit_test(journal_v1_serves_where_there_is_no_v2),
		cmocka_unit_test(replicas_are_v0_where_one_copy_is_required_each),
		cmocka_unit_test(replicas_of_the_format_reference_decode),
		cmocka_unit_test(crypt_section_goes_there_and_back),
		cmocka_unit_test(errors_v2_of_the_format_reference_is_packed_and_unpacked),
		cmocka_unit_test(errors_keep_what_their_bits_can_hold),
		cmocka_unit_test(downgrade_section_of_1_13_decodes),
		cmocka_unit_test(ext_is_made_at_96_bytes_and_kept_at_any_size),
		cmocka_unit_test(counters_that_are_not_there_are_zero),
		cmocka_unit_test(fields_of_the_flag_words_do_not_overlap),
		cmocka_unit_test(section_lists_are_parsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
