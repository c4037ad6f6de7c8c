/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Progress of long work: how much is done, how fast, how long it will take. */

#ifndef BCHFS_PROGRESS_H
#define BCHFS_PROGRESS_H

#include <bcachefs/buf.h>
#include <bcachefs/error.h>
#include <bcachefs/types.h>

/*
 * What the lines are for. Of a terminal one status line is rewritten, 10 times a second at most:
 * each report replaces the one before, "" erases it. Else a line every 10 s, to be kept.
 */
enum bch_progress_mode {
	BCH_PROGRESS_SILENT,
	BCH_PROGRESS_PLAIN,
	BCH_PROGRESS_TERMINAL,
};

/**
 * struct bch_progress_work - what is being done
 * @name:       begins the line: "check_extents"
 * @unit:       what is counted, in the plural: "nodes"; NULL for bytes
 * @unit_bytes: size of a unit, for a rate in bytes; 0: the rate is in units
 * @total:      units; 0 where it is not known
 * @where:      writes the place that work has come to, for plain lines; any thread. May be NULL
 * @now_ns:     a clock that never goes back, in nanoseconds; NULL for the system's
 * @arg:        for @where and @now_ns
 *
 * The strings live as long as the progress.
 */
struct bch_progress_work {
	const char *name;
	const char *unit;
	u64 unit_bytes;
	u64 total;
	void (*where)(void *arg, struct bch_buf *out);
	u64 (*now_ns)(void *arg);
	void *arg;
};

struct bch_progress;

/*
 * Begins. @work is copied. NULL, which all functions take for silence, in silent mode and where
 * memory is out.
 */
struct bch_progress *bch_progress_new(struct bch_ctx *ctx, enum bch_progress_mode mode,
				      const struct bch_progress_work *work);

/* Ends, and erases the status line if one was shown. Not before all threads are through. */
void bch_progress_free(struct bch_progress *progress);
static inline void bch_progress_cleanup(struct bch_progress **progress)
{
	bch_progress_free(*progress);
}

/*
 * Another @nr_units are done; any thread. Reports when it is time, without making other threads
 * wait.
 */
void bch_progress_add(struct bch_progress *progress, u64 nr_units);

#endif
