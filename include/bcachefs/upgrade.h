/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filesystems of another version: upgrade and downgrade. CLI 14.5. */

#ifndef BCHFS_UPGRADE_H
#define BCHFS_UPGRADE_H

#include <bcachefs/fsck.h>

struct bch_upgrade_opts {
	u16 to;
	bool incompatible; /* of an upgrade: features may be used that older software does not understand */
	bool repair; /* whatever is found to be wrong on the way; else only what is safe to repair */
	/* Each problem that the change of version does not explain. An error ends it. */
	int (*problem)(void *arg, const struct bch_fsck_problem *p);
	void *arg;
};

/*
 * Has @fs, open with BCH_OPEN_WRITE and unlocked, be of version @opts->to: keys become what that has, what follows from
 * them is made anew, all is checked, and one commit makes it durable. The superblock that comes before it says the new
 * version and what a kernel or fsck has to run, so that a stop in between is mended by them, or by the same call again.
 *
 * Return: 0, or, said,
 *   -BCH_ERR_version_unsupported	the version that it has, or is to have, is none that can be changed
 *   -BCH_ERR_not_supported		it uses what the version does not have: the files are in the log
 *   -BCH_ERR_refused			a problem is left: nothing was written
 */
int bch_fs_upgrade(struct bch_fs *fs, const struct bch_upgrade_opts *opts);
int bch_fs_downgrade(struct bch_fs *fs, const struct bch_upgrade_opts *opts);

/* The version of @fs, those that it can be upgraded to, and what each adds. */
void bch_fs_show_upgrades(const struct bch_fs *fs, struct bch_facts *facts);

/* Its version. */
u16 bch_fs_version(const struct bch_fs *fs);

#endif
