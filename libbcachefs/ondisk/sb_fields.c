// SPDX-License-Identifier: GPL-2.0-or-later
/* The fields of the fixed part of a superblock by name. Format reference: 01 §3, §4. */

#include "ondisk/sb_fields.h"

#include "ondisk/superblock.h"

typedef struct bch_sb this_struct;

#define NAME(nr, name) [nr] = #name,
static const char *const feature_names[] = { BCH_SB_FEATURES(NAME) };
static const char *const compat_names[] = { BCH_SB_COMPATS(NAME) };
#undef NAME

/* clang-format off */
static const struct bch_field rows[] = {
	BCH_FIELD_ROW(u16, version, 1)
	BCH_FIELD_ROW(u16, version_min, 1)
	BCH_FIELD_BYTES_ROW(magic, 16)
	BCH_FIELD_BYTES_ROW(uuid, 16)
	BCH_FIELD_BYTES_ROW(user_uuid, 16)
	BCH_FIELD_BYTES_ROW(label, BCH_SB_LABEL_SIZE)
	BCH_FIELD_ROW(u64, seq, 1)
	BCH_FIELD_ROW(u16, block_size, 1)
	BCH_FIELD_ROW(u8, nr_devices, 1)
	BCH_FIELD_ROW(u64, time_base_lo, 1)
	BCH_FIELD_ROW(u32, time_base_hi, 1)
	BCH_FIELD_ROW(u32, time_precision, 1)
	BCH_FIELD("flags", flags, 0, 64, 7, .kind = BCH_FIELD_HEX)
	BCH_FIELD_ROW(u64, write_time, 1)
	BCH_FIELD("features", features, 0, 64, 1,
		  BCH_FIELD_SET_OF(feature_names, bch_array_size(feature_names)))
	BCH_FIELD("compat", compat, 0, 64, 1,
		  BCH_FIELD_SET_OF(compat_names, bch_array_size(compat_names)))
#define F(name, word, lo, hi) BCH_FIELD(#name, flags[word], lo, (hi) - (lo), 1)
	BCH_SB_FLAGS(F)
#undef F
	{ .name = NULL },
};
/* clang-format on */

const struct bch_field *bch_sb_fields(void)
{
	return rows;
}
