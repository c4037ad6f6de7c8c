// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of pointers: the reference's bytes, one breach of each rule, walks, texts. Format reference: 05 §2; 08 §4, §8. */

#include "key_build.h"
#include "ondisk/key_extent.h"

#define POS bch_spos(4096, 1024, BCH_U32_MAX)

#define PTR_0	    "01 00 01 00 00 00 00 00" /* device 0, sector 4096 */
#define PTR_2	    "01 00 01 00 00 00 02 00"
#define CACHED_2    "03 00 01 00 00 00 02 00"
#define UNWRITTEN_2 "09 00 01 00 00 00 02 00"
#define PTR_255	    "01 00 00 00 00 00 ff 00"
#define CRC_128	    "fe ff 00 05 f4 d7 c9 03" /* 128 sectors, crc32c */
#define STRIPE	    "10 40 02 00 00 00 00 00" /* block 0, redundancy 2, idx 1 */

/* What the reference's examples say, in its words: 05 §2.11, 08 §4.4, §8.4. */
static const struct {
	u16 version;
	u32 size;
	const char *hex, *text;
} examples[] = {
	{ V_1_13, 128, "5e ff 00 35 54 97 2d 90 01 30 04 00 00 00 00 00",
	  "durability: 1 crc: c_size 88 size 128 offset 0 nonce 0 csum crc32c 0:902d9754  compress "
	  "lz4 ptr: 0:67:0 gen 0" },
	{ V_1_28, 80, "bc f1 07 06 00 43 3c cd 22 9b 90 2b 85 f9 e9 0d 81 95 03 00 00 00 00 00",
	  "durability: 1 crc: c_size 56 size 128 offset 48 nonce 0 csum chacha20_poly1305_80 "
	  "cd3c:de9f9852b909b22  compress zstd ptr: 0:57:88 gen 0" },
	{ V_1_13, 104,
	  "f8 02 ce 00 00 00 00 44 75 5c 0d 10 62 10 e7 02 77 f5 78 11 a1 ab e9 37 "
	  "01 dd 04 00 00 00 00 00",
	  "durability: 1 crc: c_size 48 size 104 offset 0 nonce 0 csum chacha20_poly1305_128 "
	  "37e9aba11178f577:2e71062100d5c75  compress zstd ptr: 0:77:208 gen 0" },
	{ V_1_13, 8, "09 e0 09 00 00 00 00 00", "durability: 1 ptr: 0:158:0 gen 0 unwritten" },
	{ V_1_13, 128, CRC_128 STRIPE "01 d0 01 00 00 00 02 00",
	  "durability: 3 crc: c_size 128 size 128 offset 0 nonce 0 csum crc32c 0:3c9d7f4  compress "
	  "none ec: idx 1 block 0 ptr: 2:29:0 gen 0" },
	{ V_1_13, 56,
	  "fe ff 00 05 6c 0f 7e 9a 03 f0 03 00 00 00 00 00 20 00 00 00 00 73 00 00 "
	  "7e 6e 00 45 bd b8 78 b2 01 9e 01 00 00 00 02 00",
	  "durability: 1 crc: c_size 128 size 128 offset 0 nonce 0 csum crc32c 0:9a7e0f6c  "
	  "compress "
	  "none ptr: 0:63:0 gen 0 cached rebalance: target none compression zstd:7 crc: c_size 32 "
	  "size 56 offset 0 nonce 0 csum crc32c 0:b278b8bd  compress zstd ptr: 2:25:224 gen 0" },
	{ V_1_28, 8, PTR_0 "20 10 00 00 11 73 01 00",
	  "durability: 1 ptr: 0:16:0 gen 0 rebalance: replicas=1 checksum=crc32c "
	  "background_compression=zstd:7 (inode) background_target=device 0" },
	{ V_1_39, 8,
	  "01 8c 01 00 00 00 00 00 80 80 02 a0 00 00 00 00 01 00 00 00 00 00 ff 00 "
	  "00 0b 00 00 00 00 00 00",
	  "durability: 1\n  ptr: 0:24:192 gen 0\n  reconcile: need_rb=data_replicas hipri "
	  "replicas=2 "
	  "checksum=crc32c\n  ptr: 255:0 gen 0\n  reconcile_bp: idx 5" },
	{ V_1_39, 8, "40 00 00 00 00 00 00 00" PTR_0,
	  "durability: 1\n  flags: \n  ptr: 0:16:0 gen 0" },
	{ V_1_39, 8, "c0 00 00 00 00 00 00 00" CRC_128 STRIPE PTR_2,
	  "durability: 3\n  flags: poisoned\n  crc32: c_size 128 size 128 offset 0 nonce 0 csum "
	  "crc32c 0:3c9d7f4  compress none\n  stripe_ptr: idx 1 block 0\n  ptr: 2:16:0 gen 0" },
	{ V_1_13, 8, PTR_0 "01 00 01 00 00 00 01 00",
	  "durability: 1 ptr: 0:16:0 gen 0 ptr: 1:4096 gen 0" },
	{ V_1_13, 8, PTR_0 "00 02 00 00 00 00 00 00",
	  "durability: 1 ptr: 0:16:0 gen 0 (invalid extent entry)" },
	{ V_1_13, 8, PTR_0 "04 00 00 00 00 00 00 00",
	  "durability: 1 ptr: 0:16:0 gen 0 (invalid extent entry)" },
};

static void examples_read_as_the_reference_says(void **state)
{
	for (size_t i = 0; i < bch_array_size(examples); i++) {
		struct bch_key_context c =
			key_build_context(examples[i].version, BCH_BTREE_extents);
		struct key_build b;

		key_build(&b, BCH_KEY_extent, POS, examples[i].size, examples[i].hex);
		assert_value_text(&b.k, &c, examples[i].text);
	}
}

/* The error that a value of an extent must give. */
static const struct {
	u16 version;
	u32 size;
	const char *hex;
	int want;
} breaches[] = {
	{ V_1_13, 8, PTR_0, BCH_KEY_VALID },
	{ V_1_13, 8, PTR_0 PTR_2, BCH_KEY_VALID },
	{ V_1_13, 8, PTR_0 "00 00 00 00 00 00 00 00", BCH_FSCK_extent_ptrs_invalid_entry },
	{ V_1_13, 8, PTR_0 "00 02 00 00 00 00 00 00", BCH_FSCK_extent_ptrs_invalid_entry },
	{ V_1_13, 8, PTR_0 "08 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
	  BCH_FSCK_extent_ptrs_invalid_entry },
	{ V_1_13, 8, PTR_0 CACHED_2 PTR_2, BCH_FSCK_ptr_to_duplicate_device },
	{ V_1_39, 8, PTR_0 PTR_255 PTR_255, BCH_KEY_VALID },
	{ V_1_13, 8, "01 00 80 00 00 00 00 00", BCH_FSCK_ptr_after_last_bucket },
	{ V_1_13, 8, "01 00 80 00 00 00 01 00", BCH_KEY_VALID }, /* no such device */
	{ V_1_13, 8, "81 0f 01 00 00 00 00 00", BCH_KEY_VALID },
	{ V_1_13, 9, "81 0f 01 00 00 00 00 00", BCH_FSCK_ptr_spans_multiple_buckets },
	{ V_1_13, 8, STRIPE CACHED_2, BCH_FSCK_ptr_cached_and_erasure_coded },
	{ V_1_13, 128, CRC_128 PTR_0, BCH_KEY_VALID },
	{ V_1_13, 129, CRC_128 PTR_0, BCH_FSCK_ptr_crc_uncompressed_size_too_small },
	{ V_1_13, 8, "fe ff 00 08 00 00 00 00" PTR_0, BCH_FSCK_ptr_crc_csum_type_unknown },
	{ V_1_13, 8, "fe ff 00 03 00 00 00 00" PTR_0, BCH_FSCK_ptr_crc_csum_type_unknown },
	{ V_1_13, 8, "fe ff 00 65 00 00 00 00" PTR_0, BCH_FSCK_ptr_crc_compression_type_unknown },
	{ V_1_13, 8, "5e ff 00 05 00 00 00 00" PTR_0, BCH_FSCK_ptr_crc_uncompressed_size_mismatch },
	{ V_1_13, 8, "5e ff 00 35 00 00 00 00" PTR_0, BCH_KEY_VALID },
	{ V_1_13, 8, CRC_128 CRC_128 PTR_0, BCH_FSCK_ptr_crc_redundant },
	{ V_1_13, 8, CRC_128 "20 00 00 00 00 00 00 00" CRC_128 PTR_0, BCH_FSCK_ptr_crc_redundant },
	{ V_1_13, 8, CRC_128 PTR_0 CRC_128 PTR_2, BCH_KEY_VALID },
	{ V_1_13, 8, STRIPE STRIPE PTR_0, BCH_FSCK_ptr_stripe_redundant },
	{ V_1_13, 8, "", BCH_FSCK_extent_ptrs_no_ptrs },
	{ V_1_13, 8, PTR_0 UNWRITTEN_2, BCH_FSCK_extent_ptrs_written_and_unwritten },
	{ V_1_13, 8, UNWRITTEN_2, BCH_KEY_VALID },
	{ V_1_13, 8, PTR_0 CRC_128, BCH_FSCK_extent_ptrs_redundant_crc },
	{ V_1_13, 8, PTR_0 STRIPE, BCH_FSCK_extent_ptrs_redundant_stripe },
	{ V_1_28, 8, "40 00 00 00 00 00 00 00" PTR_0, BCH_KEY_VALID },
	{ V_1_28, 8, PTR_0 "40 00 00 00 00 00 00 00", BCH_FSCK_extent_flags_not_at_start },
	{ V_1_39, 8, PTR_0 "80 80 02 a0 00 00 00 00", BCH_KEY_VALID },
	{ V_1_39, 8, PTR_0 "80 00 01 a0 00 00 00 00", BCH_FSCK_extent_reconcile_bad_pending },
	{ V_1_39, 8, PTR_0 "80 80 04 a0 00 00 00 00", BCH_FSCK_extent_reconcile_bad_hipri },
	{ V_1_39, 8, PTR_0 "80 80 02 80 00 00 00 00", BCH_FSCK_extent_reconcile_bad_replicas },
	{ V_1_39, 8, PTR_255, BCH_FSCK_extent_ptrs_all_invalid },
	{ V_1_39, 8, STRIPE PTR_255, BCH_KEY_VALID },
	{ V_1_28, 8, PTR_255, BCH_KEY_VALID },
};

static bool put_entry(struct bch_extent_val *val, const struct bch_extent_entry *e)
{
	if (bch_extent_entry_is_crc(e->type))
		bch_extent_val_crc(val, &e->crc);
	else if (e->type == BCH_EXTENT_ENTRY_ptr)
		bch_extent_val_ptr(val, &e->ptr);
	else if (e->type == BCH_EXTENT_ENTRY_rebalance)
		bch_extent_val_rebalance(val, &e->opts);
	else
		return false;
	return true;
}

/* Crcs in their smallest forms: those that kernels wrote. */
static void what_is_put_is_what_kernels_wrote(void **state)
{
	struct key_build b;
	u32 nr = 0;

	(void)state;
	for (size_t i = 0; i < bch_array_size(examples); i++) {
		struct bch_extent_val val = { .nr = 0 };
		struct bch_extent_entry e;
		struct bch_bytes rest;
		bool all = true;

		key_build(&b, BCH_KEY_extent, POS, examples[i].size, examples[i].hex);
		rest = bch_key_extent_entries(&b.k);
		while (bch_extent_entry_next(&rest, NULL, &e))
			all &= put_entry(&val, &e);
		if (!all || rest.len)
			continue;
		assert_int_equal(val.nr * 8, b.k.val.len);
		assert_memory_equal(val.v, b.k.val.p, b.k.val.len);
		nr++;
	}
	assert_true(nr >= 5);
}

static void each_breach_of_a_list_has_its_error(void **state)
{
	for (size_t i = 0; i < bch_array_size(breaches); i++) {
		struct bch_key_context c =
			key_build_context(breaches[i].version, BCH_BTREE_extents);
		struct key_build b;

		key_build(&b, BCH_KEY_extent, POS, breaches[i].size, breaches[i].hex);
		assert_problem(&b.k, &c, breaches[i].want);
	}
}

static void seventeen_pointers_are_too_many(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_extents);
	struct key_build b;

	key_build(&b, BCH_KEY_extent, POS, 8, "");
	for (unsigned i = 0; i < 17; i++) {
		b.val[8 * i] = 1;
		b.val[8 * i + 6] = (u8)(10 + i);
		b.k.val.len = 8 * (i + 1);
		assert_problem(&b.k, &c,
			       i < 16 ? BCH_KEY_VALID : BCH_FSCK_extent_ptrs_too_many_ptrs);
	}
}

static void pointers_before_the_first_bucket_are_wrong(void **state)
{
	struct key_build_fs *f = key_build_fs();
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_extents);
	struct key_build b;

	key_build(&b, BCH_KEY_extent, POS, 8, PTR_0);
	f->fs.devs[0].first_bucket = 16;
	assert_problem(&b.k, &c, BCH_KEY_VALID);
	f->fs.devs[0].first_bucket = 17;
	assert_problem(&b.k, &c, BCH_FSCK_ptr_before_first_bucket);
}

static void pieces_of_encrypted_data_keep_one_nonce(void **state)
{
	/* offset + nonce: 48 + 0 and 40 + 8, then 40 + 9 */
	static const char first[] = "bc f1 07 06 00 43 3c cd 00 00 00 00 00 00 00 00" PTR_0;
	static const char same[] = "bc f1 07 05 02 43 3c cd 00 00 00 00 00 00 00 00" PTR_2;
	static const char other[] = "bc f1 07 45 02 43 3c cd 00 00 00 00 00 00 00 00" PTR_2;
	struct key_build_fs *f = key_build_fs();
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_extents);
	char hex[256];
	struct key_build b;

	f->fs.encrypted = true;
	snprintf(hex, sizeof(hex), "%s%s", first, same);
	key_build(&b, BCH_KEY_extent, POS, 8, hex);
	assert_problem(&b.k, &c, BCH_KEY_VALID);
	snprintf(hex, sizeof(hex), "%s%s", first, other);
	key_build(&b, BCH_KEY_extent, POS, 8, hex);
	assert_problem(&b.k, &c, BCH_FSCK_ptr_crc_nonce_mismatch);
}

static void blobs_over_the_limit_are_read_but_not_written(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_extents);
	struct key_build b;

	key_build(&b, BCH_KEY_extent, POS, 8,
		  "fc ff 1f 00 00 07 00 00 ad 43 48 cb f7 76 94 40 01 00 08 00 00 00 01 00");
	assert_problem(&b.k, &c, BCH_KEY_VALID);
	c.writing = true;
	assert_problem(&b.k, &c, BCH_FSCK_ptr_crc_uncompressed_size_too_big);
}

static void a_walk_gives_each_pointer_what_governs_it(void **state)
{
	struct bch_extent_walk w;
	struct bch_extent_ptr p;
	struct key_build b;

	key_build(&b, BCH_KEY_extent, POS, 56,
		  PTR_0 CRC_128 STRIPE PTR_2 "20 00 00 00 00 73 00 00" PTR_255
					     "7e 6e 00 45 bd b8 78 b2" CACHED_2);
	w = bch_extent_walk(&b.k, NULL);

	assert_true(bch_extent_ptr_next(&w, &p));
	assert_int_equal(p.ptr.offset_sectors, 4096);
	assert_int_equal(p.crc.csum_type, 0);
	assert_int_equal(p.crc.uncompressed_sectors, 56);
	assert_false(p.in_stripe);

	assert_true(bch_extent_ptr_next(&w, &p));
	assert_int_equal(p.crc.csum_type, 5);
	assert_true(p.in_stripe);
	assert_int_equal(p.stripe.redundancy, 2);

	assert_true(bch_extent_ptr_next(&w, &p));
	assert_int_equal(p.ptr.dev_idx, BCH_PTR_DEV_NONE);
	assert_int_equal(p.crc.uncompressed_sectors, 128);
	assert_false(p.in_stripe);

	assert_true(bch_extent_ptr_next(&w, &p));
	assert_true(p.ptr.cached);
	assert_int_equal(p.crc.compressed_sectors, 32);
	assert_int_equal(bch_crc_disk_sectors(&p.crc, 28), 16);
	assert_int_equal(bch_crc_disk_sectors(&p.crc, 29), 17);
	assert_false(bch_extent_ptr_next(&w, &p));
}

/* A filesystem of a version to come: entries of type 9 have two words, of type 11 one, of the others 0. */
static struct key_build_fs *fs_to_come(void)
{
	static const u8 u64s[16] = { 1, 1, 2, 3, 1, 1, 1, 1, 1, 2, 0, 1 };
	struct key_build_fs *f = key_build_fs();

	sb_build_put(&f->super, BCH_SECTION_extent_type_u64s, u64s, sizeof(u64s));
	return f;
}

#define TYPE_9 \
	"00 02 00 00 00 00 00 00 01 00 00 00 00 00 00 00" /* its second word would be a pointer */
#define TYPE_11 "00 08 00 00 00 00 00 00"

static void walks_go_on_behind_entries_whose_size_is_told(void **state)
{
	const struct bch_super *super = &fs_to_come()->super;
	struct bch_extent_walk w;
	struct bch_extent_entry e;
	struct bch_extent_ptr p;
	struct bch_bytes rest;
	struct key_build b;

	key_build(&b, BCH_KEY_extent, POS, 8, TYPE_9 PTR_0 TYPE_9 CACHED_2);
	w = bch_extent_walk(&b.k, super);
	assert_true(bch_extent_ptr_next(&w, &p));
	assert_int_equal(p.ptr.offset_sectors, 4096);
	assert_true(bch_extent_ptr_next(&w, &p));
	assert_true(p.ptr.cached);
	assert_false(bch_extent_ptr_next(&w, &p));

	rest = bch_key_extent_entries(&b.k);
	assert_true(bch_extent_entry_next(&rest, super, &e));
	assert_int_equal(e.type, 9);
	rest = bch_key_extent_entries(&b.k);
	assert_false(bch_extent_entry_next(&rest, NULL, &e));
	assert_int_equal(rest.len, b.k.val.len);
}

static void entries_whose_size_is_told_are_valid_and_printed_by_number(void **state)
{
	static const struct {
		u8 type;
		const char *hex;
		int want;
	} keys[] = {
		{ BCH_KEY_extent, TYPE_9 PTR_0, BCH_KEY_VALID },
		{ BCH_KEY_extent, PTR_0 TYPE_9, BCH_KEY_VALID },
		{ BCH_KEY_extent, TYPE_9, BCH_FSCK_extent_ptrs_no_ptrs },
		{ BCH_KEY_extent, PTR_0 "00 02 00 00 00 00 00 00",
		  BCH_FSCK_extent_ptrs_invalid_entry },
		{ BCH_KEY_extent, PTR_0 "00 04 00 00 00 00 00 00",
		  BCH_FSCK_extent_ptrs_invalid_entry },
		{ BCH_KEY_extent, PTR_0 "00 00 01 00 00 00 00 00",
		  BCH_FSCK_extent_ptrs_invalid_entry },
		/* behind the 0 that ends the section's list */
		{ BCH_KEY_extent, PTR_0 TYPE_11, BCH_FSCK_extent_ptrs_invalid_entry },
		{ BCH_KEY_btree_ptr, PTR_0 TYPE_9, BCH_KEY_VALID },
	};
	struct bch_key_context c = key_build_context(V_1_39, BCH_BTREE_extents);
	struct key_build b;

	fs_to_come();
	for (size_t i = 0; i < bch_array_size(keys); i++) {
		key_build(&b, keys[i].type, POS, keys[i].type == BCH_KEY_extent ? 8 : 0,
			  keys[i].hex);
		c.level = keys[i].type == BCH_KEY_btree_ptr;
		assert_problem(&b.k, &c, keys[i].want);
	}
	c.level = 0;
	key_build(&b, BCH_KEY_extent, POS, 8, TYPE_9 PTR_0);
	assert_value_text(&b.k, &c, "durability: 1\n  unknown(9)\n  ptr: 0:16:0 gen 0");
	c.fs = NULL;
	assert_problem(&b.k, &c, BCH_FSCK_extent_ptrs_invalid_entry);
}

static void options_of_reconcile_are_where_the_reference_says(void **state)
{
	struct bch_extent_entry e;
	struct bch_bytes rest;
	struct key_build b;

	key_build(&b, BCH_KEY_extent, POS, 8, "80 00 10 90 30 0f 00 00 80 88 02 a0 00 00 00 00");
	rest = bch_key_extent_entries(&b.k);
	assert_true(bch_extent_entry_next(&rest, NULL, &e));
	assert_int_equal(e.opts.need, 1 << BCH_EXTENT_OPT_background_compression);
	assert_int_equal(e.opts.value[BCH_EXTENT_OPT_background_compression], 0xf3);
	assert_int_equal(e.opts.value[BCH_EXTENT_OPT_data_replicas], 1);
	assert_int_equal(e.opts.value[BCH_EXTENT_OPT_data_checksum], 1);
	assert_false(e.opts.hipri);
	assert_true(bch_extent_entry_next(&rest, NULL, &e));
	assert_int_equal(e.opts.ptrs_moving, 2);
	assert_true(e.opts.hipri);
	assert_false(bch_extent_entry_next(&rest, NULL, &e));
}

/* The reference's interior key, 02 §9.1, and what it must not be. */
static void pointers_to_nodes_are_held_to_their_rules(void **state)
{
	static const char header[] = "00 ca 8b 83 44 72 23 ff dc 04 1e 3e f4 18 4d 6a"
				     "06 00 00 00 01 00 00 00 2e 00 00 00 00 00 00 00"
				     "00 00 00 00 00 00 00 00";
	static const struct {
		u16 version;
		u64 offset;
		const char *entries;
		int want;
	} ptrs[] = {
		{ V_1_13, 88, "01 d0 0d 00 00 00 00 00", BCH_KEY_VALID },
		{ V_1_13, 46, "01 d0 0d 00 00 00 00 00", BCH_FSCK_btree_ptr_v2_min_key_bad },
		{ V_1_13, 88, "01 d4 0d 00 00 00 00 00", BCH_FSCK_ptr_spans_multiple_buckets },
		{ V_1_13, 88, CRC_128 PTR_0, BCH_FSCK_btree_ptr_has_non_ptr },
		{ V_1_13, 88, UNWRITTEN_2, BCH_FSCK_extent_ptrs_unwritten },
		{ V_1_13, 88, PTR_0 PTR_0 PTR_0 PTR_0 PTR_0, BCH_FSCK_btree_ptr_v2_val_too_big },
		{ V_1_39, 88, PTR_0 "80 80 02 a0 00 00 00 00" PTR_255 "00 0b 00 00 00 00 00 00",
		  BCH_KEY_VALID },
	};
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_alloc);
	struct key_build b;
	char hex[512];

	c.level = 1;
	for (size_t i = 0; i < bch_array_size(ptrs); i++) {
		snprintf(hex, sizeof(hex), "%s%s", header, ptrs[i].entries);
		key_build(&b, BCH_KEY_btree_ptr_v2, bch_pos(0, ptrs[i].offset), 0, hex);
		c.version = ptrs[i].version;
		assert_problem(&b.k, &c, ptrs[i].want);
	}

	key_build(&b, BCH_KEY_btree_ptr, bch_pos(0, 88), 0, PTR_0 PTR_2 PTR_0 PTR_2 PTR_0);
	assert_problem(&b.k, &c, BCH_FSCK_btree_ptr_val_too_big);
	c.version = V_1_13;
	snprintf(hex, sizeof(hex), "%s%s", header, "01 d4 0d 00 00 00 00 00");
	key_build(&b, BCH_KEY_btree_ptr_v2, bch_pos(0, 88), 0, hex);
	assert_value_text(&b.k, &c,
			  "seq 6a4d18f43e1e04dc written 6 min_key 0:46:1 durability: 1 ptr: "
			  "0:221:64 gen 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_read_as_the_reference_says),
		cmocka_unit_test(what_is_put_is_what_kernels_wrote),
		cmocka_unit_test(each_breach_of_a_list_has_its_error),
		cmocka_unit_test(seventeen_pointers_are_too_many),
		cmocka_unit_test(pointers_before_the_first_bucket_are_wrong),
		cmocka_unit_test(pieces_of_encrypted_data_keep_one_nonce),
		cmocka_unit_test(blobs_over_the_limit_are_read_but_not_written),
		cmocka_unit_test(a_walk_gives_each_pointer_what_governs_it),
		cmocka_unit_test(walks_go_on_behind_entries_whose_size_is_told),
		cmocka_unit_test(entries_whose_size_is_told_are_valid_and_printed_by_number),
		cmocka_unit_test(options_of_reconcile_are_where_the_reference_says),
		cmocka_unit_test(pointers_to_nodes_are_held_to_their_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
