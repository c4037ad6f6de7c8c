// SPDX-License-Identifier: GPL-2.0-or-later
/* Headers of nodes and pointers to nodes: the examples of the format reference (02 §6.4, §9.1), and bytes cut off. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ondisk/node.h"

#define BLOCK 4096

/* The root of subvolumes of 02 §6.4: two sets of keys. */
static const u8 first[] = { 0x7b, 0xbc, 0x7c, 0xe0, 0,	  0,	0,    0,    0,	  0,	0,
			    0,	  0,	0,    0,    0,	  0xb6, 0xf3, 0xd0, 0x57, 0x75, 0x25,
			    0x59, 0xa5, 0x08, 0x01, 0,	  0,	0x01, 0,    0,	  0,	0,
			    0,	  0,	0,    0,    0,	  0,	0,    0,    0,	  0,	0,
			    0,	  0,	0,    0,    0,	  0,	0,    0,    0xff, 0xff, 0xff,
			    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,    0,    0,	  0,	0,
			    0,	  0,	0,    0x03, 0x06, 0x40, 0x40, 0x20 };
static const u8 first_keys[] = { 0x24, 0xe2, 0xe2, 0x2e, 0x79, 0xb7, 0x64, 0xdc, 0, 0, 0, 0,
				 0,    0,    0,	   0,	 1,    0,    0,	   0,	 4, 4, 0, 0 };
static const u8 second[] = { 0xe6, 0xb6, 0xb3, 0x96, 0, 0,    0,    0,	  0,	0,    0,
			     0,	   0,	 0,    0,    0, 0x24, 0xe2, 0xe2, 0x2e, 0x79, 0xb7,
			     0x64, 0xdc, 1,    0,    0, 0,    0,    0,	  0,	0,    1,
			     0,	   8,	 0,    4,    4, 8,    0,    8,	  0,	0x15 };

static void make_example(u8 bytes[2 * BLOCK])
{
	memset(bytes, 0, 2 * BLOCK);
	memcpy(bytes, first, sizeof(first));
	memcpy(bytes + 136, first_keys, sizeof(first_keys));
	memcpy(bytes + BLOCK, second, sizeof(second));
}

static void header_of_the_example_is_read(void **state)
{
	static const u8 uuid[16] = { 0x43, 0xf4, 0x4e, 0xee, 0x0d, 0x79, 0x4a, 0x35 };
	u8 bytes[2 * BLOCK];
	struct bch_bytes node = { bytes, sizeof(bytes) };
	struct bch_node_header h;

	make_example(bytes);
	assert_true(bch_node_magic_at(node) == bch_node_magic(uuid));
	assert_true(bch_node_header_get(node, &h));
	assert_int_equal(h.btree_id, 8);
	assert_int_equal(h.level, 0);
	assert_int_equal(h.seq, 1);
	assert_true(h.new_extent_overwrite);
	assert_int_equal(bch_pos_compare(h.min, BCH_POS_MIN), 0);
	assert_int_equal(bch_pos_compare(h.max, BCH_SPOS_MAX), 0);
}

static void sets_of_keys_follow_each_other_by_blocks(void **state)
{
	u8 bytes[2 * BLOCK];
	struct bch_bytes node = { bytes, sizeof(bytes) };
	struct bch_bset b;

	make_example(bytes);
	assert_true(bch_bset_at(node, 0, &b));
	assert_true(b.seq == 0xdc64b7792ee2e224);
	assert_int_equal(b.csum_type, 1);
	assert_int_equal(b.keys, 160);
	assert_int_equal(b.end, 160);
	assert_int_equal(bch_bset_end(&b, BLOCK), BLOCK);
	assert_true(bch_bset_at(node, BLOCK, &b));
	assert_true(b.seq == 0xdc64b7792ee2e224);
	assert_int_equal(b.journal_seq, 1);
	assert_int_equal(b.sector, 8);
	assert_int_equal(b.version, 0x0404);
	assert_int_equal(b.keys, BLOCK + 40);
	assert_int_equal(b.end, BLOCK + 40 + 64);
	assert_int_equal(bch_bset_end(&b, BLOCK), 2 * BLOCK);
}

static void node_that_is_cut_off_has_no_header(void **state)
{
	u8 bytes[2 * BLOCK];
	struct bch_node_header h;
	struct bch_bset b;

	make_example(bytes);
	assert_false(bch_node_header_get((struct bch_bytes){ bytes, 159 }, &h));
	assert_int_equal(bch_node_magic_at((struct bch_bytes){ bytes, 159 }), 0);
	assert_false(bch_bset_at((struct bch_bytes){ bytes, 159 }, 0, &b));
	assert_false(bch_bset_at((struct bch_bytes){ bytes, BLOCK + 39 }, BLOCK, &b));
	assert_false(bch_bset_at((struct bch_bytes){ bytes, BLOCK }, 2 * BLOCK, &b));
}

static void pointer_of_the_example_is_read(void **state)
{
	static const u8 value[] = { 0x00, 0xca, 0x8b, 0x83, 0x44, 0x72, 0x23, 0xff, 0xdc, 0x04,
				    0x1e, 0x3e, 0xf4, 0x18, 0x4d, 0x6a, 6,    0,    0,	  0,
				    1,	  0,	0,    0,    0x2e, 0,	0,    0,    0,	  0,
				    0,	  0,	0,    0,    0,	  0,	0,    0,    0,	  0,
				    0x01, 0xd4, 0x0d, 0,    0,	  0,	0,    0 };
	struct bch_key k = { .pos = bch_pos(0, 88),
			     .type = BCH_KEY_btree_ptr_v2,
			     .val = { value, sizeof(value) } };
	struct bch_node_ptr p;

	assert_true(bch_node_ptr_get(&k, &p));
	assert_true(p.v2);
	assert_true(p.seq == 0x6a4d18f43e1e04dc);
	assert_int_equal(p.nr_sectors, 6);
	assert_false(p.range_updated);
	assert_int_equal(bch_pos_compare(p.min, bch_spos(0, 46, 1)), 0);
	assert_int_equal(bch_pos_compare(p.max, bch_pos(0, 88)), 0);

	k.val.len = 39;
	assert_false(bch_node_ptr_get(&k, &p));
	k.type = BCH_KEY_extent;
	assert_false(bch_node_ptr_get(&k, &p));
	k.type = BCH_KEY_btree_ptr;
	assert_true(bch_node_ptr_get(&k, &p));
	assert_false(p.v2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_of_the_example_is_read),
		cmocka_unit_test(sets_of_keys_follow_each_other_by_blocks),
		cmocka_unit_test(node_that_is_cut_off_has_no_header),
		cmocka_unit_test(pointer_of_the_example_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
