// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes that mean harm: every single byte of superblocks corrupted, and a million random changes whose checksum was put
 * right. Each ends in a clean error, or in a superblock that can be shown as text and as JSON.
 */

#include "../ondisk/sb_build.h"
#include "super/super.h"

#define AREA	    65536U /* of the device: layout, one copy, nothing more */
#define RANDOM_RUNS 1000000
#define SHOW_EVERY  128 /* of those that are read */

/* A device in memory. */
static u8 area[AREA];

static int read_area(struct bch_blkdev *dev, void *buf, size_t len, u64 offset)
{
	memcpy(buf, area + offset, len);
	return 0;
}

static struct bch_blkdev *memory_device(void)
{
	static const struct bch_blkdev_ops ops = { .read = read_area };
	static char name[] = "hostile";
	static struct bch_blkdev dev = {
		.ops = &ops,
		.name = name,
		.geometry = { .size = AREA, .logical_block_size = 512, .physical_block_size = 512 },
	};

	return &dev;
}

static struct bch_bytes copy_in_area(void)
{
	return (struct bch_bytes){ area + BCH_BYTES(BCH_SB_SECTOR), AREA - 4096 };
}

static void fill_area(const struct bch_super *super)
{
	memset(area, 0, sizeof(area));
	memcpy(area + 3584, &super->sb->layout, 512);
	memcpy(area + 4096, super->sb, bch_super_len(super));
}

/* Makes the checksum right, as far as it can be. */
static void seal_area(void)
{
	struct bch_super super = { 0 };

	if (!bch_super_set(&super, copy_in_area())) {
		u64 offset = le64_get(super.sb->offset);

		if (!bch_super_seal(&super, offset))
			memcpy(area + 4096, super.sb->csum, sizeof(super.sb->csum));
	}
	bch_super_end(&super);
}

/* Everything there is to say. */
static void show(const struct bch_super *super, enum bch_facts_format format)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(format);
	struct bch_bytes rest = bch_super_sections(super), body;
	struct bch_sb_show s = { super, NULL };
	const char *text;
	u32 type;

	bch_sb_show_header(facts, &s);
	bch_sb_show_layout(facts, &super->sb->layout, true);
	bch_facts_object(facts, "sections");
	while (bch_sb_section_next(&rest, &type, &body) > 0)
		bch_sb_section_show(facts, &s, type, body, true);
	bch_facts_end(facts);
	text = bch_facts_str(facts);
	assert_non_null(text);
	assert_true(strlen(text) > 100);
}

struct outcome {
	u64 read, refused;
};

/* Reads the area as a kernel would. */
static void try_area(struct outcome *o)
{
	struct bch_super super = { 0 };
	int err = bch_super_read(memory_device(), 0, &super);

	if (err) {
		assert_in_range(-err, BCH_ERR_first + 1, BCH_ERR_end - 1);
		assert_int_not_equal(err, -BCH_ERR_no_memory);
		o->refused++;
	} else if (o->read++ % SHOW_EVERY == 0) {
		show(&super, BCH_FACTS_TEXT);
		show(&super, BCH_FACTS_JSON);
	}
	bch_super_end(&super);
}

/* ------------------------------------------------------------------ what is corrupted */

#define BASES 7

/* With every section, and what kernels of three times wrote. */
static u32 make_bases(struct bch_super bases[BASES])
{
	u32 nr = 0;

	bases[nr++] = sb_build(BCH_VERSION(1, 13));
	bases[nr++] = sb_build(BCH_VERSION(1, 39));
	bases[nr++] = sb_build_image("09-targets-dev1");
	bases[nr++] = sb_build_image("12-v14-fresh-dev0");
	bases[nr++] = sb_build_image("05-encrypted-dev0");
	bases[nr++] = sb_build_image("13-k616-zstd-2dev-crash-dev0");
	bases[nr++] = sb_build_image("139-removed-dev2");
	assert_int_equal(nr, BASES);
	for (u32 i = 0; i < nr; i++) {
		fill_area(&bases[i]);
		seal_area();
		assert_int_equal(bch_super_set(&bases[i], copy_in_area()), 0);
	}
	return nr;
}

static void end_bases(struct bch_super bases[BASES])
{
	for (u32 i = 0; i < BASES; i++)
		bch_super_end(&bases[i]);
}

static const u8 flips[] = { 0x01, 0x80, 0xff, 0x10 };

/* The checksum covers every byte but itself, so that no corruption passes it. */
static void no_corrupted_byte_gets_past_the_checksum(void **state)
{
	struct bch_super bases[BASES];
	struct outcome o = { 0 };

	make_bases(bases);
	for (u32 b = 0; b < BASES; b++) {
		fill_area(&bases[b]);
		for (size_t at = 0; at < bch_super_len(&bases[b]); at++)
			for (u32 f = 0; f < bch_array_size(flips); f++) {
				area[4096 + at] ^= flips[f];
				try_area(&o);
				area[4096 + at] ^= flips[f];
			}
	}
	assert_int_equal(o.read, 0);
	assert_true(o.refused > 100000);
	end_bases(bases);
}

static void every_corrupted_byte_under_a_right_checksum_is_refused_or_read(void **state)
{
	struct bch_super bases[BASES];
	struct outcome o = { 0 };

	make_bases(bases);
	for (u32 b = 0; b < BASES; b++)
		for (size_t at = 0; at < bch_super_len(&bases[b]); at++) {
			fill_area(&bases[b]);
			area[4096 + at] ^= flips[at % bch_array_size(flips)];
			seal_area();
			try_area(&o);
		}
	assert_true(o.read > 10000);
	assert_true(o.refused > 1000);
	end_bases(bases);
}

/* Only copies beyond the device are named then: the error is that of the primary. */
static void every_corrupted_byte_of_the_layout_is_refused_or_read(void **state)
{
	struct bch_super super = sb_build(BCH_VERSION(1, 28));
	struct outcome o = { 0 };

	fill_area(&super);
	seal_area();
	memset(area + 4096 + 24, 0, 16);
	for (u32 at = 0; at < 512; at++)
		for (u32 value = 0; value < 256; value++) {
			u8 old = area[3584 + at];

			area[3584 + at] = (u8)value;
			try_area(&o);
			area[3584 + at] = old;
		}
	assert_int_equal(o.read, 0);
	bch_super_end(&super);
}

/* ------------------------------------------------------------------ at random */

static u64 seed;

static u64 random_below(u64 n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static u64 interesting(void)
{
	static const u64 values[] = { 0,	  1,	      2,	  7,	8,
				      63,	  64,	      127,	  128,	255,
				      256,	  0x7fff,     4096,	  4097, 0xffff,
				      0x1fffffff, 0x20000000, 0x7fffffff, -1ULL };

	return random_below(4) ? values[random_below(bch_array_size(values))] : random_below(-1ULL);
}

/* The header of a random section, of those that can be walked to. */
static u8 *random_section(struct bch_bytes *body)
{
	struct bch_bytes whole = copy_in_area();
	const struct bch_sb *sb = (const struct bch_sb *)whole.p;
	u64 len = (u64)le32_get(sb->u64s) * 8, nr = 0;
	struct bch_bytes rest = { whole.p + sizeof(*sb), whole.len - sizeof(*sb) }, b;
	u8 *found = NULL;
	u32 type;

	rest.len = len < rest.len ? (size_t)len : rest.len;
	while (bch_sb_section_next(&rest, &type, &b) > 0)
		if (!random_below(++nr)) {
			found = area + (b.p - area) - 8;
			*body = b;
		}
	return found;
}

static void mutate_section(void)
{
	struct bch_bytes body;
	u8 *header = random_section(&body);

	if (!header)
		return;
	switch (random_below(4)) {
	case 0: /* its bytes are of another type */
		sb_build_poke(header + 4, 4, random_below(BCH_SECTION_NR + 1));
		break;
	case 1: /* its length is a lie */
		sb_build_poke(header, 4, random_below(3) ? random_below(300) : interesting());
		break;
	case 2: /* cut in two */
		if (body.len >= 16) {
			u64 first = 1 + random_below(body.len / 8 - 1);

			sb_build_poke(header, 4, first);
			sb_build_poke(header + first * 8, 8,
				      (body.len / 8 + 1 - first) | random_below(BCH_SECTION_NR)
									   << 32);
		}
		break;
	default: /* a number in it */
		if (body.len) {
			u32 size = 1U << random_below(4);

			sb_build_poke(header + 8 + random_below(body.len / size) * size, size,
				      interesting());
		}
	}
}

static void mutate(size_t len)
{
	u32 size = 1U << random_below(4);

	switch (random_below(8)) {
	case 0: /* bytes anywhere */
		for (u64 n = 1 + random_below(8); n--;)
			area[4096 + random_below(len)] = (u8)random_below(256);
		break;
	case 1: /* a number of the fixed part, not often its identity */
		sb_build_poke(area + 4096 + 104 + random_below(640 / size) * size, size,
			      interesting());
		break;
	case 2: /* cut */
		if (!random_below(8))
			sb_build_poke(area + 4096 + 124, 4, random_below(len / 8));
		break;
	default:
		mutate_section();
	}
}

static void a_million_random_changes_are_refused_or_read(void **state)
{
	struct bch_super bases[BASES];
	struct outcome o = { 0 };

	seed = 0x9e3779b97f4a7c15;
	make_bases(bases);
	for (u32 run = 0; run < RANDOM_RUNS; run++) {
		const struct bch_super *base = &bases[run % BASES];

		fill_area(base);
		for (u64 n = 1 + random_below(3); n--;)
			mutate(bch_super_len(base));
		seal_area();
		try_area(&o);
	}
	assert_int_equal(o.read + o.refused, RANDOM_RUNS);
	assert_true(o.read > RANDOM_RUNS / 20);
	assert_true(o.refused > RANDOM_RUNS / 20);
	end_bases(bases);
}

/* What is quadratic would take minutes with these. */
static void lists_of_megabytes_are_validated_in_no_time(void **state)
{
	size_t len = 4 << 20;
	struct bch_super super = sb_build_small(BCH_VERSION(1, 39));
	u8 *p;

	super.sb->layout.sb_max_size_bits = 16;
	super.sb->layout.nr_superblocks = 1;
	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_disk_groups, len), 0);
	p = bch_super_section_mut(&super, BCH_SECTION_disk_groups);
	for (size_t i = 0; i < len / 48; i++)
		sb_build_poke(p + i * 48, 8, i << 8 | 1);
	assert_int_equal(bch_sb_validate(&super, BCH_SB_SECTOR, 0, NULL), 0);
	assert_int_equal(bch_super_groups_prune(&super), 0);
	bch_super_section_drop(&super, BCH_SECTION_disk_groups);

	/* records of a device, distinct by their data type: 255 at most, then a duplicate */
	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_replicas_v0, len), 0);
	p = bch_super_section_mut(&super, BCH_SECTION_replicas_v0);
	for (size_t i = 0; i < len / 3; i++)
		sb_build_poke(p + i * 3, 3, (i % 255 + 1) | 1 << 8);
	assert_int_equal(bch_sb_validate(&super, BCH_SB_SECTOR, 0, NULL),
			 -BCH_ERR_invalid_sb_replicas);
	bch_super_section_drop(&super, BCH_SECTION_replicas_v0);

	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_counters, 1 << 20), 0);
	show(&super, BCH_FACTS_JSON);
	bch_super_end(&super);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_corrupted_byte_gets_past_the_checksum),
		cmocka_unit_test(every_corrupted_byte_under_a_right_checksum_is_refused_or_read),
		cmocka_unit_test(every_corrupted_byte_of_the_layout_is_refused_or_read),
		cmocka_unit_test(a_million_random_changes_are_refused_or_read),
		cmocka_unit_test(lists_of_megabytes_are_validated_in_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
