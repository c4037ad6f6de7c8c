/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of fusemount. Without libfuse, fusemount_without.c stands for all of them but the command itself. */

#ifndef BCHFS_CMD_FUSEMOUNT_H
#define BCHFS_CMD_FUSEMOUNT_H

#include <pthread.h>
#include <stdatomic.h>

#include <bcachefs/usage.h>

#include "cli.h"

struct fuse_lowlevel_ops;
struct fusemount_nodes;

/* What -o may say besides the options of opening, and what becomes of it. */
/* clang-format off */
#define FUSEMOUNT_WORDS(W)							\
	W("ro",			NOTHING) /* it always is */			\
	W("rw",			REFUSED)					\
	W("allow_other",	CHECKED) /* to libfuse, and the kernel checks permissions */ \
	W("allow_root",		CHECKED)					\
	W("default_permissions", CHECKED)					\
	W("auto_unmount",	PASSED) /* to libfuse */			\
	W("max_read",		PASSED)						\
	W("suid",		PASSED)						\
	W("nosuid",		PASSED)						\
	W("dev",		PASSED)						\
	W("nodev",		PASSED)						\
	W("exec",		PASSED)						\
	W("noexec",		PASSED)						\
	W("atime",		PASSED)						\
	W("noatime",		PASSED)						\
	W("nodiratime",		PASSED)						\
	W("sync",		PASSED)						\
	W("async",		PASSED)						\
	W("dirsync",		PASSED)						\
	W("defaults",		NOTHING) /* mount(8) acted upon these */	\
	W("auto",		NOTHING)					\
	W("noauto",		NOTHING)					\
	W("nofail",		NOTHING)					\
	W("_netdev",		NOTHING)					\
	W("user",		NOTHING)					\
	W("nouser",		NOTHING)					\
	W("users",		NOTHING)					\
	W("owner",		NOTHING)					\
	W("group",		NOTHING)					\
	W("comment",		NOTHING)					\
	W("x-*",		NOTHING)					\
	W("X-*",		NOTHING)
/* clang-format on */

/* The words. Ends with NULL. */
extern const char *const fusemount_words[];

struct fusemount_args {
	const char *mountpoint;
	bool foreground;
	bool no_mtab, sloppy; /* what mount(8) may say */
	const char *type;
};

/* The release of libfuse, or why there is none. */
const char *fusemount_libfuse(void);

/* Mounts, and returns when it stands (the daemon: when it is gone). As cli_command.run. */
int fusemount_run(struct cli *cli, const struct fusemount_args *args);

/* ------------------------------------------------------------------ daemon */

/*
 * Goes on in a child, where it returns 0 and *@parent is the number for fusemount_detach(). In the parent, which waits
 * for that, *@parent is -1, and it returns 0 or the exit status of the child, which has said why.
 */
int fusemount_fork(struct cli *cli, int *parent);

/* Leaves the terminal, and lets the parent return. */
int fusemount_detach(struct cli *cli, int parent);

/* ------------------------------------------------------------------ operations */

/* What the operations work on. */
struct fusemount {
	struct bch_fs *fs;
	struct fusemount_nodes *nodes;
	bool check_permissions; /* the kernel does, by modes and ACLs */
	pthread_mutex_t statfs_lock;
	struct bch_statfs statfs; /* once asked for: block_size is not 0 */
};

/* For libfuse's threads, with a struct fusemount. */
extern const struct fuse_lowlevel_ops fusemount_ops;

/* ------------------------------------------------------------------ nodes */

/*
 * A file that the kernel knows: its node id is the address, or 1 for the root of the mount. Counted: by each answer that
 * names it, until the kernel forgets it as often.
 */
struct fusemount_node {
	struct fusemount_node *next; /* of the same bucket */
	struct bch_file file;
	_Atomic u64 parent_ino; /* st_ino of the directory that it was found in last */
	u64 generation;		/* no two nodes have the same address and generation */
	u64 nr_lookups;
	atomic_bool damaged; /* a directory: some of its entries could not be read */
};

/* With a node for @root, which stays. NULL: out of memory. */
struct fusemount_nodes *fusemount_nodes_new(const struct bch_file *root);
void fusemount_nodes_free(struct fusemount_nodes *nodes);

/* The functions below may be called by any thread. */
struct fusemount_node *fusemount_node(struct fusemount_nodes *nodes, u64 nodeid);
u64 fusemount_nodeid(const struct fusemount_nodes *nodes, const struct fusemount_node *node);

/* The node of @file, found in the directory @parent, with one more lookup. NULL: out of memory. */
struct fusemount_node *fusemount_node_get(struct fusemount_nodes *nodes,
					  const struct bch_file *file,
					  const struct fusemount_node *parent);

/* Takes back @nr lookups. */
void fusemount_node_forget(struct fusemount_nodes *nodes, struct fusemount_node *node, u64 nr);

/*
 * st_ino. The mount has one st_dev, so that numbers of files in other subvolumes than the root's must differ from those
 * of the same inode there: bit 63, the subvolume, the inode number; where these need more bits, a hash of both.
 */
u64 fusemount_ino(const struct fusemount_nodes *nodes, const struct bch_file *file);

#endif
