/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the superblock's sections give to the table in sb_sections.c. */

#ifndef BCHFS_ONDISK_SB_PRIVATE_H
#define BCHFS_ONDISK_SB_PRIVATE_H

#include <bcachefs/facts.h>
#include <bcachefs/error.h>
#include "ondisk/sb_sections.h"

/* One section's rules. @why takes details and may be NULL. */
typedef int bch_sb_validate_fn(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			       struct bch_buf *why);

/* One section's contents, without heading. */
typedef void bch_sb_show_fn(struct bch_facts *facts, const struct bch_sb_show *show,
			    struct bch_bytes body);

/* clang-format off */
#define BCH_SB_SECTION_FNS(S)	\
	S(journal)		\
	S(members_v1)		\
	S(crypt)		\
	S(replicas_v0)		\
	S(quota)		\
	S(disk_groups)		\
	S(clean)		\
	S(replicas)		\
	S(journal_seq_blacklist) \
	S(journal_v2)		\
	S(counters)		\
	S(members_v2)		\
	S(errors)		\
	S(ext)			\
	S(downgrade)		\
	S(recovery_passes)	\
	S(extent_type_u64s)	\
	S(errors_v2)

#define S(name)						\
	bch_sb_validate_fn bch_sb_validate_##name;	\
	bch_sb_show_fn bch_sb_show_##name;
BCH_SB_SECTION_FNS(S)
#undef S
/* clang-format on */

/* Appends to @why where there is one, and gives @err back. */
int bch_sb_why(struct bch_buf *why, int err, const char *fmt, ...) bch_printf(3, 4);

#endif
