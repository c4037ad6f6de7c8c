/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The check of an unmounted filesystem, and its repair. CLI 6.1. */

#ifndef BCHFS_FSCK_H
#define BCHFS_FSCK_H

#include <bcachefs/progress.h>
#include <bcachefs/super.h>

/* What is answered to a problem. */
enum bch_fsck_answer {
	BCH_FSCK_ASK,
	BCH_FSCK_NO, /* nothing is written; the check goes on as if it had been repaired */
	BCH_FSCK_YES,
	BCH_FSCK_SAFE, /* yes to what may be repaired unasked, no to the rest */
};

enum bch_fsck_reply {
	BCH_FSCK_REPLY_NO,
	BCH_FSCK_REPLY_YES,
	BCH_FSCK_REPLY_NO_TO_ALL, /* of this kind */
	BCH_FSCK_REPLY_YES_TO_ALL,
};

/* A problem; all texts are valid during the call. */
struct bch_fsck_problem {
	u32 id;		  /* of the format: 07 §6 */
	u64 inum;	  /* the file that it is about; 0: none */
	const char *name; /* of @id */
	const char *text; /* what is wrong, where; may have several lines */
	const char *verb; /* what the repair does: "fix", "delete" */
	u64 nr;		  /* the how manieth of its kind it is */
	bool loses;	  /* it gives something up */
	bool repaired;	  /* when it is told: it will be */
};

struct bch_fsck_opts {
	enum bch_fsck_answer answer;
	u32 nr_threads; /* that read nodes ahead; 0: 4 */
	/*
	 * Bytes for nodes that are read ahead and for what is compared in parts (shared extents, backpointers that differ):
	 * as many parts as it takes, with the same findings. 0: 256 MiB. Besides, an inode takes 64 bytes and a bucket in
	 * use 64.
	 */
	u64 memory;
	enum bch_progress_mode progress;
	u64 passes;	     /* bits by stable number: only what these cover; 0: all */
	bool changed;	     /* the superblock in memory is another, which is written in any case */
	bool all_or_nothing; /* where a problem is left nothing is written */
	/* For BCH_FSCK_ASK: an enum bch_fsck_reply, or an error that ends the check. */
	int (*ask)(void *arg, const struct bch_fsck_problem *p);
	/*
	 * Each problem once, and the passes: @ends false, its problems, @ends true; before the first and after the last
	 * there may be problems too. An error ends the check.
	 */
	int (*problem)(void *arg, const struct bch_fsck_problem *p);
	int (*pass)(void *arg, const char *name, bool ends);
	void *arg;
};

/* How many problems of one kind there were. */
struct bch_fsck_count {
	u32 id;
	const char *name;
	u64 nr_found, nr_repaired;
};

/* A file that a problem was about. */
struct bch_fsck_file {
	u64 inum;
	bool lost_data; /* some of its data was given up */
};

struct bch_fsck_result {
	struct bch_fsck_count *counts; /* of those that were found, by id */
	size_t nr_counts;
	u64 nr_found, nr_repaired;
	struct bch_fsck_file *files; /* by number */
	size_t nr_files, nr_lost_data;
	u64 metadata_bytes; /* of nodes that were read, each once */
	bool written;	    /* repairs are on disk */
};

/*
 * Checks @fs, after bch_fs_start(). Repairs are pending changes until all is checked again with them and found quiet;
 * then they are committed at once. For BCH_FSCK_NO, and where @fs is not open for writing, they stay pending: who reads
 * on sees a filesystem that is repaired.
 * The superblock's counts of errors and scheduled passes follow. @result is ended by the caller, whatever is returned.
 *
 * Return: 0, also where problems are left; -BCH_ERR_cancelled, or another error: nothing was written.
 *
 * Format reference: 07.
 */
int bch_fsck(struct bch_fs *fs, const struct bch_fsck_opts *opts, struct bch_fsck_result *result);
void bch_fsck_result_end(struct bch_fsck_result *result);

/* The passes up to one of @last (bits by stable number), in the order in which they run. */
u64 bch_fsck_passes_until(u64 last);

/* Is a check called for: passes that are scheduled, errors that are recorded, btrees that lost data? */
bool bch_fs_wants_fsck(const struct bch_fs *fs);

/* Was it unmounted in order? After bch_fs_start(). */
bool bch_fs_is_clean(const struct bch_fs *fs);

/* What a report begins with, three lines: what runs, with which options, on what it was left like. */
void bch_fsck_heading_put(struct bch_buf *out, const struct bch_fs *fs, const char *opts);

/* "tank (11111111-...)", or the UUID alone. */
void bch_fs_name_put(struct bch_buf *out, const struct bch_fs *fs);

#endif
