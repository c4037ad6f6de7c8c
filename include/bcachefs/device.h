/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of an unmounted filesystem: shown, added, resized, taken in and out of use. CLI 8, 14.3. */

#ifndef BCHFS_DEVICE_H
#define BCHFS_DEVICE_H

#include <bcachefs/format.h>
#include <bcachefs/move.h>
#include <bcachefs/super.h>

/*
 * All members of @fs as facts, missing ones too, after bch_fs_start(); *@nr_missing is how many those are.
 * -BCH_ERR_btree_node_read_failed where the counters cannot be read.
 */
int bch_fs_show_devices(struct bch_fs *fs, struct bch_facts *facts, u32 *nr_missing);

/*
 * How much data would be lost, and how much degraded, with each member of @fs, as facts, after bch_fs_start(): CLI 8.2.
 * Errors as above.
 */
int bch_fs_show_failure_domains(struct bch_fs *fs, bool mapper_names, struct bch_facts *facts);

struct bch_device_add_opts {
	const struct bch_format_dev *devs;
	size_t nr_devs;
	u64 superblock_size; /* as of struct bch_format_opts */
	bool dry_run;
	u32 *dev_idx; /* becomes what each of them is called by */
};

/*
 * Makes devices members of @fs, open with BCH_OPEN_WRITE and unlocked. What they held is wiped: ask bch_device_contents()
 * first. They are written first, and strangers until one commit makes all of them members. After an error @fs is as it was,
 * but in memory.
 *
 * Return: 0, or an error that was said: those of bch_format() about devices, and
 *   -BCH_ERR_out_of_range		there are as many members as can be
 *   -BCH_ERR_version_unsupported	it has a version that is not changed
 */
int bch_fs_add_devices(struct bch_fs *fs, const struct bch_device_add_opts *opts);

struct bch_resize_opts {
	const char *size; /* "64M"; "+1G", "-1G"; "min"; NULL or "max": all that the device has */
	bool truncate;	  /* an image file ends where the filesystem ends */
	struct bch_move_opts move;
};

struct bch_resize_result {
	u64 old_size, new_size; /* bytes of the device that are used */
	struct bch_move_result moved;
};

/*
 * Has the member use more of its device, or less: what lies behind its new end is moved away first, in commits of its own,
 * superblock and journal too. After bch_files_start(). Where it is interrupted nothing but moving was done.
 *
 * Return: 0, or, said,
 *   -BCH_ERR_device_too_small	the device has not so much, or that is less than a member can have
 *   -BCH_ERR_no_space		what is behind the end has no room elsewhere
 *   -BCH_ERR_refused		there is what cannot be moved
 *
 * Format reference: 06 §13.5.
 */
int bch_fs_resize(struct bch_fs *fs, u32 dev_idx, const struct bch_resize_opts *opts,
		  struct bch_resize_result *result);

/* The size, in bytes, that "min" means. */
int bch_fs_resize_min(struct bch_fs *fs, u32 dev_idx, u64 *size);

/*
 * Has the journal of a member, after bch_fs_start(), take about @size bytes, but eight buckets at least; both in bytes then.
 * -BCH_ERR_no_space, said.
 */
int bch_fs_resize_journal(struct bch_fs *fs, u32 dev_idx, u64 size, u64 *old_size, u64 *new_size);

#endif
