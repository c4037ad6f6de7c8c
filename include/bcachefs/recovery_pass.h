/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recovery passes that are to run before the filesystem is used again. Format reference: 01 §8.12. */

#ifndef BCHFS_RECOVERY_PASS_H
#define BCHFS_RECOVERY_PASS_H

#include <bcachefs/error.h>
#include <bcachefs/facts.h>
#include <bcachefs/types.h>

struct bch_fs;

/* The names of the passes by their stable number. Ends with NULL. */
extern const char *const bch_recovery_pass_names[];

/*
 * Bits by stable number of the passes in @list: names separated by , or ; and after a leading '-'
 * all others than those; "all" is all. -BCH_ERR_option_value, naming the one that is unknown.
 */
int bch_recovery_passes_parse(struct bch_ctx *ctx, const char *list, u64 *passes);

/*
 * Schedules those in @set, then takes out those in @unset. Bits without a name, which a newer
 * version may have set, stay. Durable with bch_fs_write_super().
 */
int bch_fs_schedule_passes(struct bch_fs *fs, u64 set, u64 unset);

/* What is scheduled, as facts. */
void bch_fs_show_passes(const struct bch_fs *fs, struct bch_facts *facts);

#endif
