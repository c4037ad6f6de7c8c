/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests: superblocks built in memory that hold every section, and those that kernels wrote
 * (tests/images/superblocks: NAME-devN.sb is the default copy of a device, byte for byte).
 */

#ifndef BCHFS_TESTS_ONDISK_SB_BUILD_H
#define BCHFS_TESTS_ONDISK_SB_BUILD_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <bcachefs/error.h>

#include "ondisk/sb_sections.h"

#define SB_BUILD_IMAGES	    "tests/images/superblocks"
#define SB_BUILD_DEVICES    3
#define SB_BUILD_HOLE	    1 /* the slot without a member */
#define SB_BUILD_BUCKETS    2048
#define SB_BUILD_BUCKET	    256 /* sectors */
#define SB_BUILD_UNKNOWN    99	/* a section of a version to come */
#define SB_BUILD_LAST_START (SB_BUILD_BUCKETS * SB_BUILD_BUCKET - 2048)

static inline struct bch_bytes sb_build_bytes(const struct bch_super *super)
{
	return (struct bch_bytes){ (const u8 *)super->sb, bch_super_len(super) };
}

/* A copy of its own. */
static inline struct bch_super sb_build_copy(const struct bch_super *from)
{
	struct bch_super super = { 0 };

	assert_int_equal(bch_super_set(&super, sb_build_bytes(from)), 0);
	return super;
}

static inline void sb_build_put(struct bch_super *super, u32 type, const void *body, size_t len)
{
	assert_int_equal(bch_super_section_put(super, type, body, len), 0);
}

/* Writes @value over @size bytes at @p. */
static inline void sb_build_poke(u8 *p, u32 size, u64 value)
{
	for (u32 i = 0; i < size; i++)
		p[i] = (u8)(value >> 8 * i);
}

static inline void sb_build_fixed_part(struct bch_sb *sb, u16 version)
{
	static const u64 offsets[] = { 8, 2056, SB_BUILD_LAST_START };

	sb->version = sb->version_min = le16_of(version);
	memcpy(sb->magic, bch_magic, 16);
	memset(sb->uuid, 0x11, 16);
	memset(sb->user_uuid, 0x22, 16);
	strcpy((char *)sb->label, "tank");
	sb->offset = le64_of(BCH_SB_SECTOR);
	sb->seq = le64_of(25);
	sb->time_base_lo = le64_of(1795170589ULL * 1000000000);
	sb->time_precision = le32_of(1);
	sb->write_time = le64_of(1795170589);
	sb->features[0] =
		le64_of(version > BCH_VERSION(1, 13) ? BCH_FEATURES_ALL_1_14 : BCH_FEATURES_ALL);
	memcpy(sb->layout.magic, bch_magic, 16);
	sb->layout.sb_max_size_bits = 11;
	sb->layout.nr_superblocks = bch_array_size(offsets);
	for (u32 i = 0; i < bch_array_size(offsets); i++)
		sb->layout.sb_offset[i] = le64_of(offsets[i]);

	for (u32 id = 0; id < BCH_OPT_NR; id++)
		if (bch_opt(id)->stored && bch_opt_in_version(bch_opt(id), version))
			bch_sb_opt_set(sb, id, bch_opt_default(bch_opt(id), version));
	bch_sb_opt_set(sb, BCH_OPT_block_size, 4096);
	bch_sb_opt_set(sb, BCH_OPT_btree_node_size, 131072);
	bch_sb_flag_set(sb, BCH_SB_INITIALIZED, 1);
	bch_sb_flag_set(sb, BCH_SB_CSUM_TYPE, 1);
	bch_sb_flag_set(sb, BCH_SB_VERSION_UPGRADE_COMPLETE, version);
	if (version > BCH_VERSION(1, 13))
		bch_sb_flag_set(sb, BCH_SB_VERSION_INCOMPAT_ALLOWED, version);
}

/* A member but for the hole, which keeps its geometry as kernels leave it. */
static inline void sb_build_members(struct bch_super *super)
{
	u16 bytes =
		le16_get(super->sb->version) >= BCH_VERSION(1, 39) ? 328 : BCH_MEMBER_BYTES_1_13;

	assert_int_equal(bch_super_members_create(super, SB_BUILD_DEVICES, bytes), 0);
	for (u32 i = 0; i < SB_BUILD_DEVICES; i++) {
		struct bch_member m = {
			.nbuckets = SB_BUILD_BUCKETS,
			.bucket_size = SB_BUILD_BUCKET,
			.seq = 25,
			.last_mount = 1795170000,
		};

		if (i != SB_BUILD_HOLE)
			memset(m.uuid, 0x30 + (int)i, 16);
		bch_member_DATA_ALLOWED_set(&m, 0x1c);
		bch_member_DURABILITY_set(&m, 2);
		bch_super_member_put(super, i, &m);
	}
}

/* Fixed part and members: the least that is valid. */
static inline struct bch_super sb_build_small(u16 version)
{
	struct bch_super super = { 0 };

	assert_int_equal(bch_super_new(&super), 0);
	sb_build_fixed_part(super.sb, version);
	sb_build_members(&super);
	return super;
}

/* The format reference's own examples, where it has some. */
static const u8 sb_build_crypt[] = {
	0,    0,    0,	  0,	0,    0,    0,	  0,	0x0e, 0x00, 0x03, 0x00, 0x04, 0x00,
	0x00, 0x00, 0xd8, 0xdd, 0x0c, 0xa1, 0xa3, 0xdc, 0x9b, 0x3b, 0xb1, 0x1d, 0x57, 0x9f,
	0xd1, 0x85, 0xb0, 0x2f, 0x5a, 0x3a, 0x11, 0xa8, 0x5b, 0x3a, 0x4a, 0x3a, 0xe3, 0x68,
	0xa9, 0xab, 0x42, 0x3d, 0x73, 0xb9, 0x65, 0x2f, 0xfc, 0xed, 0x10, 0xc1, 0x58, 0x17,
};
static const u8 sb_build_downgrade[] = {
	0x09, 0x04, 0x20, 0, 0,	   0, 0,    0, 0,    0, 0,    0, 0,    0, 0,	0, 0,	 0, 0x0c, 0,
	0x4c, 0,    0x4d, 0, 0x4e, 0, 0x44, 0, 0x45, 0, 0x46, 0, 0x47, 0, 0x48, 0, 0x4a, 0, 0x49, 0,
	0x4b, 0,    0x50, 0, 0x0a, 4, 0x20, 0, 0,    0, 0,    0, 0,    0, 0,	0, 0,	 0, 0,	  0,
	0,    0,    0x0d, 0, 0x4c, 0, 0x4d, 0, 0x4e, 0, 0x44, 0, 0x45, 0, 0x46, 0, 0x47, 0, 0x48, 0,
	0x4a, 0,    0x49, 0, 0x4b, 0, 0x11, 1, 0x50, 0, 0x0c, 4, 0x20, 0, 0,	0, 0,	 0, 0,	  0,
	0,    0,    0,	  0, 0,	   0, 0,    0, 1,    0, 0x10, 1,
};
static const u8 sb_build_errors_v2[] = { 0x89, 0x01, 0x26, 0x00, 0x00, 0x00, 0x1d, 0x21,
					 0x00, 0x6b, 0x00, 0x1d, 0x21, 0x00, 0x6b, 0x00 };

static inline void sb_build_clean(struct bch_super *super)
{
	static const u8 clean[] = {
		0,  0, 0,    0, 0, 0, 0, 0, 15, 0, 0,  0, 0, 0, 0, 0, /* journal_seq */
		1,  0, 2,    0, 5, 0, 0, 0, 0,	0, 0,  0, 0, 0, 0, 0, /* usage */
		2,  0, 0,    0, 7, 0, 0, 0, 0,	0, 0,  0, 0, 0, 0, 0, 0, 0, 0,
		0,  0, 0,    0, 0, 2, 0, 0, 0,	7, 0,  0, 0, 1, 0, 0, 0, 0, 0,
		0,  0, 0x80, 9, 0, 0, 0, 0, 0,	0, 11, 0, 0, 0, 1, 0, 0, 0, /* a root */
		11, 1, 18,
	};

	sb_build_put(super, BCH_SECTION_clean, clean, sizeof(clean));
	assert_int_equal(bch_super_section_resize(super, BCH_SECTION_clean, 256), 0);
}

static inline void sb_build_lists(struct bch_super *super)
{
	static const u64 journal[] = { 17, 18, 40 };
	static const u64 journal_v2[] = { 17, 16, 40, 1 };
	static const u64 blacklist[] = { 24, 32, 32, 40 };
	static const u64 errors[] = { 0x1011b, 1795170000, 0x2011c, 1795170001 };
	static const u8 replicas_v0[] = { 3, 1, 0, 2, 2, 0, 2, 4, 1, 2 };
	static const u8 replicas[] = { 3, 1, 1, 0, 6, 3, 2, 0, 2, 255 };
	static const u8 types[] = { 1, 1, 2, 3, 1, 1, 1, 1, 1 };

	/* hosts of other byte orders would need le64 here: tests run on little-endian ones */
	sb_build_put(super, BCH_SECTION_journal, journal, sizeof(journal));
	sb_build_put(super, BCH_SECTION_journal_v2, journal_v2, sizeof(journal_v2));
	sb_build_put(super, BCH_SECTION_journal_seq_blacklist, blacklist, sizeof(blacklist));
	sb_build_put(super, BCH_SECTION_errors, errors, sizeof(errors));
	sb_build_put(super, BCH_SECTION_replicas_v0, replicas_v0, sizeof(replicas_v0));
	sb_build_put(super, BCH_SECTION_replicas, replicas, sizeof(replicas));
	sb_build_put(super, BCH_SECTION_extent_type_u64s, types, sizeof(types));
}

/* Members 0 and 2 below "ssd.fast"; "gone" is deleted. */
static inline void sb_build_groups(struct bch_super *super)
{
	struct bch_member m;
	struct bch_disk_group g = { .label = "gone", .flags0 = 0x3f };

	for (u32 i = 0; i < SB_BUILD_DEVICES; i++) {
		int group = bch_super_group_make(super, "ssd.fast");

		assert_int_equal(group, 1);
		assert_true(bch_super_member(super, i, &m));
		if (i != SB_BUILD_HOLE)
			bch_member_GROUP_set(&m, (u64)group + 1);
		bch_super_member_put(super, i, &m);
	}
	assert_int_equal(bch_super_section_resize(super, BCH_SECTION_disk_groups, 3 * 48), 0);
	bch_disk_group_put(&g, bch_super_section_mut(super, BCH_SECTION_disk_groups) + 96, 48);
}

/* One that holds every section there is, two kinds of journal and of replicas too, and an unknown one. */
static inline struct bch_super sb_build(u16 version)
{
	struct bch_super super = sb_build_small(version);
	struct bch_sb_ext ext = { .recovery_passes_required = { 1 << 5 } };

	sb_build_groups(&super);
	sb_build_clean(&super);
	sb_build_lists(&super);
	sb_build_put(&super, BCH_SECTION_crypt, sb_build_crypt, sizeof(sb_build_crypt));
	sb_build_put(&super, BCH_SECTION_errors_v2, sb_build_errors_v2, sizeof(sb_build_errors_v2));
	sb_build_put(&super, BCH_SECTION_downgrade, sb_build_downgrade, sizeof(sb_build_downgrade));
	assert_int_equal(bch_super_ext_put(&super, &ext), 0);
	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_quota, 72), 0);
	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_counters, 79 * 8), 0);
	assert_int_equal(bch_super_section_resize(&super, BCH_SECTION_recovery_passes, 42 * 16), 0);
	sb_build_put(&super, SB_BUILD_UNKNOWN, "what is it?", 11);
	return super;
}

/* The bytes of a file. */
static inline u8 *sb_build_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	u8 *p = malloc(1 << 20);

	assert_non_null(f);
	*len = fread(p, 1, 1 << 20, f);
	assert_int_equal(fclose(f), 0);
	return p;
}

/* A superblock that a kernel wrote: "01-basic-dev0". */
static inline struct bch_super sb_build_image(const char *name)
{
	struct bch_super super = { 0 };
	char path[512];
	size_t len;
	u8 *p;

	snprintf(path, sizeof(path), SB_BUILD_IMAGES "/%s.sb", name);
	p = sb_build_file(path, &len);
	assert_int_equal(bch_super_set(&super, (struct bch_bytes){ p, len }), 0);
	assert_int_equal(bch_super_len(&super), len);
	free(p);
	return super;
}

/* Calls @fn for each superblock in tests/images/superblocks, with its name; there are some. */
static inline void sb_build_each_image(void (*fn)(const char *name, const struct bch_super *super))
{
	struct dirent **names;
	int nr = scandir(SB_BUILD_IMAGES, &names, NULL, alphasort), seen = 0;

	for (int i = 0; i < nr; i++) {
		char *dot = strrchr(names[i]->d_name, '.');

		if (dot && !strcmp(dot, ".sb")) {
			struct bch_super super;

			*dot = 0;
			super = sb_build_image(names[i]->d_name);
			fn(names[i]->d_name, &super);
			bch_super_end(&super);
			seen++;
		}
		free(names[i]);
	}
	if (nr >= 0)
		free(names);
	assert_true(seen > 50);
}

#endif
