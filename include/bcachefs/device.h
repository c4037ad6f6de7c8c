/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of an unmounted filesystem: shown, added, resized, taken in and out of use. CLI 8, 14.3. */

#ifndef BCHFS_DEVICE_H
#define BCHFS_DEVICE_H

#include <bcachefs/format.h>
#include <bcachefs/super.h>

/*
 * All members of @fs as facts, missing ones too, after bch_fs_start(); *@nr_missing is how many those are.
 * -BCH_ERR_btree_node_read_failed where the counters cannot be read.
 */
int bch_fs_show_devices(struct bch_fs *fs, struct bch_facts *facts, u32 *nr_missing);

#endif
