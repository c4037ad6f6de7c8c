// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of the superblock's bits, sections, error ids, counters, data types. Format reference: 01 §5, §7, App. B, C. */

#include "ondisk/superblock.h"

#include <string.h>

#include "ondisk/btree_ids.h"
#include "ondisk/counters.h"
#include "ondisk/csum_types.h"
#include "ondisk/data_types.h"
#include "ondisk/error_ids.h"
#include "ondisk/key_accounting.h"
#include "ondisk/passes.h"

#define NAME(nr, name, ...) [nr] = #name,

const char *const bch_sb_feature_names[] = { BCH_SB_FEATURES(NAME) NULL };
const char *const bch_sb_compat_names[] = { BCH_SB_COMPATS(NAME) NULL };
const char *const bch_sb_section_names[] = { BCH_SB_SECTIONS(NAME) NULL };
const char *const bch_data_type_names[] = { BCH_DATA_TYPES(NAME) NULL };
const char *const bch_btree_names[] = { BCH_BTREES(NAME) NULL };
const char *const bch_csum_type_names[] = { BCH_CSUM_TYPES(NAME) NULL };
const char *const bch_compression_type_names[] = { BCH_COMPRESSION_TYPES(NAME) NULL };
const char *const bch_reconcile_work_names[] = { BCH_RECONCILE_WORKS(NAME) NULL };

static const char *const fsck_error_names[] = { BCH_FSCK_ERRORS(NAME) };

const char *bch_fsck_error_name(u64 id)
{
	return id < BCH_FSCK_ERROR_NR ? fsck_error_names[id] : NULL;
}

static const char *const pass_names[BCH_PASS_NR] = {
#define P(nr, name) [nr] = #name,
	BCH_RECOVERY_PASSES(P)
#undef P
};

const char *bch_pass_name(u64 nr)
{
	return nr < BCH_PASS_NR ? pass_names[nr] : NULL;
}

/* Counters: a row holds the names of three times. */

enum {
	COUNTER_1_13,
	COUNTER_1_28,
	COUNTER_NEWEST,
	COUNTER_TIMES
};

static const char *const counter_names[][COUNTER_TIMES] = {
#define C(nr, at_1_13, at_1_28, newest) [nr] = { #at_1_13, #at_1_28, #newest },
	BCH_COUNTERS(C)
#undef C
};

/* 1.13 and older store these two the other way round: 01 §8.10. */
enum {
	COUNTER_READ_RETRY = 32,
	COUNTER_READ_SPLIT = 33
};

static u32 counter_swap(u32 nr, u16 version)
{
	if (version <= BCH_VERSION(1, 13) && (nr == COUNTER_READ_RETRY || nr == COUNTER_READ_SPLIT))
		return COUNTER_READ_RETRY + COUNTER_READ_SPLIT - nr;
	return nr;
}

const char *bch_counter_name(u32 index, u16 version)
{
	unsigned when = version <= BCH_VERSION(1, 13)	? COUNTER_1_13
			: version <= BCH_VERSION(1, 28) ? COUNTER_1_28
							: COUNTER_NEWEST;

	return index < BCH_COUNTER_NR ? counter_names[counter_swap(index, version)][when] : NULL;
}

int bch_counter_find(const char *name, u16 version)
{
	for (u32 nr = 0; nr < BCH_COUNTER_NR; nr++)
		for (unsigned when = 0; when < COUNTER_TIMES; when++)
			if (!strcmp(counter_names[nr][when], name))
				return (int)counter_swap(nr, version);
	return -1;
}
