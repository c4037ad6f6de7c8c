/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running kernel's bcachefs, and mounting by it. CLI 12.1. */

#ifndef BCHFS_MOUNT_H
#define BCHFS_MOUNT_H

#include <bcachefs/buf.h>
#include <bcachefs/super.h>

/* The version that the running kernel's bcachefs writes; 0 where that is not there, or not loaded. */
u16 bch_kernel_version(void);

/* Does the running kernel have bcachefs, or can that not be told? A module that is not loaded is not had. */
bool bch_kernel_has_bcachefs(void);

/* Its user is to be asked, and the kernel gets the answer alone. */
#define BCH_MOUNT_ASK_DEGRADED "degraded=ask"

struct bch_mount_opts {
	unsigned long flags; /* MS_*, of mount(2) */
	struct bch_buf data; /* what is for bcachefs, with commas between */
	struct bch_buf root; /* the folder in the filesystem that is to be seen; empty: its root */
};

/*
 * Takes one NAME[=VALUE] of -o: a flag of mount(2), a word for other programs (which is dropped), or an option of
 * bcachefs; what opening takes gets to @open too.
 */
int bch_mount_opt(struct bch_ctx *ctx, const char *item, struct bch_mount_opts *opts,
		  struct bch_open_opts *open);

/* Frees what the options hold. */
void bch_mount_opts_end(struct bch_mount_opts *opts);
static inline void bch_mount_opts_cleanup(struct bch_mount_opts *opts)
{
	bch_mount_opts_end(opts);
}

/* Do they change what is mounted already, by bch_remount()? */
bool bch_mount_is_remount(const struct bch_mount_opts *opts);

/*
 * Has the kernel mount the members that @fs has. What a superblock tells that it would not take is said in words:
 * -BCH_ERR_version_unsupported. A device that is write-protected is mounted read-only, with a warning.
 *
 * Return: 0, or, said,
 *   -BCH_ERR_not_a_device	a member is an image file
 *   -BCH_ERR_access_denied	only root may
 *   -BCH_ERR_busy		mounted already, or the place is in use
 *   -BCH_ERR_system		what the kernel said
 */
int bch_fs_mount(struct bch_fs *fs, const char *mountpoint, const struct bch_mount_opts *opts);

/* Changes flags and options of what is mounted there. Errors likewise. */
int bch_remount(struct bch_ctx *ctx, const char *mountpoint, const struct bch_mount_opts *opts);

/* Has this process work in another's tree of mounts: a process id, or the file that stands for the tree. */
int bch_mount_namespace(struct bch_ctx *ctx, const char *name);

#endif
