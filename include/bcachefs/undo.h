/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Undo files: where what a command overwrites goes first, and putting it back. */

#ifndef BCHFS_UNDO_H
#define BCHFS_UNDO_H

#include <bcachefs/types.h>

struct bch_ctx;
struct bch_facts;
struct bch_open_opts;

/* What is overwritten goes first to @file, else to DIR/UUID-COMMAND-TIME.bcundo, else nowhere. */
struct bch_undo_opts {
	const char *file, *dir;
	const char *command; /* its name, for the file's */
	const char *command_line;
};

/* What an undo file says: by which command it was made and when, of which devices, how much. */
int bch_undo_show(struct bch_ctx *ctx, const char *file, struct bch_facts *facts);

struct bch_undo_request {
	const char *file;
	const char *const *names; /* the filesystem, as for bch_fs_open() */
	size_t nr_names;
	const struct bch_open_opts *open; /* DRY_RUN: only checks; .undo: how to take this back */
	bool force;
};

struct bch_undo_result {
	u32 nr_devs;
	u64 nr_bytes;
};

/*
 * Puts back what the devices held before the command that made the file. A device is told by its superblock, where it
 * has none by the name that the command knew it by. Nothing is written where the file is damaged, where a device of it
 * is missing, or where one of them was written since by somebody else; the last two are warnings with @force. May be
 * done again, for instance after a power cut.
 *
 * Return: 0, or an error that was said, of them
 *   -BCH_ERR_undo_invalid	no undo file, or a damaged one
 *   -BCH_ERR_undo_mismatch	the devices are not as the command left them
 */
int bch_undo_run(struct bch_ctx *ctx, const struct bch_undo_request *request,
		 struct bch_undo_result *result);

#endif
