/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making new filesystems. Format reference: 01 §13. */

#ifndef BCHFS_FORMAT_H
#define BCHFS_FORMAT_H

#include <bcachefs/opts.h>
#include <bcachefs/populate.h>
#include <bcachefs/types.h>
#include <bcachefs/undo.h>

struct bch_ctx;
struct bch_fs;

/* A device to be, with its own options: those of the table with BCH_OPT_DEVICE. */
struct bch_format_dev {
	const char *path;
	struct bch_opt_set opts;
};

struct bch_format_opts {
	struct bch_opt_set fs; /* those with BCH_OPT_FS; targets as text */
	const struct bch_format_dev *devs;
	size_t nr_devs;
	u16 version;
	const char *label;   /* of the filesystem; NULL or "": none */
	const char *uuid;    /* external; NULL: random */
	u64 superblock_size; /* space for each copy, bytes; 0: 1 MiB */
	bool encrypted;
	const char *passphrase; /* with @encrypted; NULL: the key is stored in the clear */
	bool dry_run;
	struct bch_undo_opts undo;
	bool no_initialise; /* superblocks alone: the first mount does the rest */
	u64 now_ns;	    /* time of creation since 1970 */
	bool reproducible;  /* with @uuid: the other UUIDs follow from it and from @now_ns */
	const struct bch_source_opts
		*source;		/* what it is filled with; NULL: nothing. From 1.9 on */
	struct bch_populate_sums *sums; /* with @source: what that was */
};

/*
 * One line for each thing that @path holds, as "ext4 filesystem labelled 'old'"; none where it is empty. A mounted
 * device is an error, and so is one that cannot be opened.
 */
int bch_device_contents(struct bch_ctx *ctx, const char *path, struct bch_buf *lines);

/*
 * Makes a filesystem, with its root directory from version 1.9 on; older ones are for the first mount to initialise. What
 * the devices held is wiped: ask bch_device_contents() first.
 * Nothing is written before everything was checked, and the names of all files of a source are known. @fs is the new filesystem, open, to be shown and closed.
 *
 * Return: 0, or an error that was said: -BCH_ERR_device_mounted, _device_in_use, _device_too_small, _option_*,
 * _target_unknown, _label_invalid, _version_unsupported, or that of a write.
 */
int bch_format(struct bch_ctx *ctx, const struct bch_format_opts *opts, struct bch_fs **fs);

#endif
