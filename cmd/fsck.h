/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of fsck. */

#ifndef BCHFS_CMD_FSCK_H
#define BCHFS_CMD_FSCK_H

#include <stdio.h>

#include <bcachefs/fsck.h>
#include "cli.h"

/* Bits of the exit status, as fsck(8). CLI 2.7. */
#define FSCK_CORRECTED 1
#define FSCK_ERRORS    4
#define FSCK_FAILED    8
#define FSCK_USAGE     16
#define FSCK_CANCELLED 32

/* What is said while and after a filesystem is checked. */
struct fsck_report {
	struct cli *cli;
	u64 limit;	       /* so many of each kind are printed; 0: all */
	const char *file_name; /* that all goes to too; NULL: none */
	FILE *file;
	u64 began_ns;
	const char *pass; /* that began, and is to be printed; NULL: none */
	bool pass_waits;  /* it is printed with what comes next: progress is drawn over the line */
};

/* Opens the file. */
int fsck_report_begin(struct fsck_report *r, struct cli *cli, const char *file_name);

/* What is checked, with which options. */
int fsck_report_heading(struct fsck_report *r, const struct bch_fs *fs, const char *opts);

/* For struct bch_fsck_opts; @arg is the report. */
int fsck_report_problem(void *arg, const struct bch_fsck_problem *p);
int fsck_report_pass(void *arg, const char *name, bool ends);
int fsck_ask(void *arg, const struct bch_fsck_problem *p);

/* The summary, and the files by path. The exit status, or an error. */
int fsck_report_result(struct fsck_report *r, struct bch_fs *fs,
		       const struct bch_fsck_result *result);

/*
 * Verifies all data of a filesystem that was checked with exit status @status, and names what is bad. The exit status
 * with that, or an error.
 */
int fsck_report_data(struct fsck_report *r, struct bch_fs *fs, int status);

/* Closes the file. @err, or else what went wrong with that. */
int fsck_report_end(struct fsck_report *r, int err);

#endif
