/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data and metadata that moves between the members of an unmounted filesystem. CLI 8.5, 8.6, 8.10. */

#ifndef BCHFS_MOVE_H
#define BCHFS_MOVE_H

#include <bcachefs/progress.h>
#include <bcachefs/super.h>

struct bch_move_opts {
	enum bch_progress_mode progress;
	u64 commit_bytes; /* of data between two commits; 0: 1 GiB */
	u64 limit;	  /* about so many bytes are copied, then it ends; 0: none */
	bool survey;	  /* only see what there would be to do */
	/* What data jobs are confined to; NULL: all. */
	const char *btree, *start, *end;
};

struct bch_move_result {
	u64 bytes;	/* that were copied; of a survey: that would be */
	u64 nr_extents; /* that have changed */
	u64 nr_nodes;	/* that were written anew */
	u64 nr_few;	/* extents and nodes with fewer copies than wanted, for want of members */
	u64 nr_in_snapshots; /* extents in another form than wanted, that snapshots have in common */
	u64 nr_lost;	     /* extents that have no good copy: they stay as they are */
	bool interrupted;    /* bch_cancelled(): what was done until then is durable */
	bool limited;	     /* opts->limit: there may be more to do */
};

/*
 * Makes the members read-only and has all that is on them go to the others, in as many commits as it takes, each whole;
 * journal and superblocks stay. Extents without a good copy are named in the log, and stay. After bch_files_start().
 *
 * Return: 0, also where something is lost;
 *   -BCH_ERR_no_space	nothing was done: how many bytes are missing is said
 *   -BCH_ERR_refused	nothing was done: there is what cannot be moved, said
 *
 * Format reference: 06 §13.4.
 */
int bch_fs_evacuate(struct bch_fs *fs, const u32 *dev_idx, u32 nr, const struct bch_move_opts *opts,
		    struct bch_move_result *result);

/* What there is to be done for all data. Format reference: 06 §13.7. */
enum bch_data_job {
	BCH_DATA_JOB_rereplicate, /* copies that are missing, or on missing or failed members */
	BCH_DATA_JOB_drop_extra_replicas, /* copies that are not wanted, and cached ones, go */
	BCH_DATA_JOB_rewrite_old_nodes,	  /* nodes of older forms are written anew */
};

/* Does it, as bch_fs_evacuate() works. */
int bch_fs_data_job(struct bch_fs *fs, enum bch_data_job job, const struct bch_move_opts *opts,
		    struct bch_move_result *result);

/* Kinds of work that kernels do in the background, and that wait until then. */
/* clang-format off */
#define BCH_RECONCILE_TYPES(T)	\
	T(replicas)		\
	T(checksum)		\
	T(compression)		\
	T(target)
/* clang-format on */

enum bch_reconcile_type {
#define T(name) BCH_RECONCILE_##name,
	BCH_RECONCILE_TYPES(T)
#undef T
	BCH_RECONCILE_TYPE_NR
};

/*
 * Does work of @type, as bch_fs_evacuate() works. All extents are looked at, whether a kernel has put them down to be worked
 * on or not: by the options of their files. replicas: copies that are missing, or on missing or failed members, are made,
 * surplus ones go; checksum, compression: data in another form is written anew, but for what files or snapshots share; target: copies
 * elsewhere go to the background target, as far as it has members for them. In what order is for the caller: a form that
 * is wanted is best made before copies are moved. Several calls, then bch_fs_reconcile_end().
 *
 * Format reference: 05 §9.
 */
int bch_fs_reconcile(struct bch_fs *fs, enum bch_reconcile_type type,
		     const struct bch_move_opts *opts, struct bch_move_result *result);
int bch_fs_reconcile_begin(struct bch_fs *fs);
int bch_fs_reconcile_end(struct bch_fs *fs);

struct bch_remove_opts {
	struct bch_move_opts move;
	bool force;	 /* data that no other member has becomes an error of its files */
	bool degrade;	 /* no new copies of what other members have */
	bool keep_super; /* superblocks on the removed devices stay */
};

/*
 * Has what is on the members go to the others, and takes them out: of the superblocks of the others in one write with all
 * that is known of their buckets, last of all their own superblocks are wiped. They may be missing: then copies are made
 * from others. Where data is lost with them it is named in the log, result->nr_lost says how much, and nothing is done,
 * but with @opts->force. After bch_files_start(). Of a run that was interrupted all stay members, that are read-only.
 *
 * Return: as bch_fs_evacuate(), and
 *   -BCH_ERR_data_lost		what could not be read keeps them from being removed: named
 *
 * Format reference: 06 §13.2.
 */
int bch_fs_remove_devs(struct bch_fs *fs, const u32 *dev_idx, u32 nr,
		       const struct bch_remove_opts *opts, struct bch_move_result *result);

struct bch_replace_opts {
	struct bch_move_opts move;
	bool keep_super; /* superblocks on the replaced device stay */
};

/*
 * Has the device @path take the place of a member, which may be missing: its index, label, options, and all that is on it,
 * in the same places, from it or from other copies, verified. It must be as large; what it held is wiped: ask
 * bch_device_contents() first. The superblocks are written last, and the old one's are wiped then. After
 * bch_files_start(). -BCH_ERR_data_lost where something has no good copy: named, and nothing but @path has changed.
 */
int bch_fs_replace_dev(struct bch_fs *fs, u32 dev_idx, const char *path,
		       const struct bch_replace_opts *opts, struct bch_move_result *result);

/* The next member from *@dev_idx on that is missing; false where there is none. */
bool bch_fs_missing_member(const struct bch_fs *fs, u32 *dev_idx);

#endif
