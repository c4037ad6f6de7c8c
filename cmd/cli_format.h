/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of the commands that make filesystems. CLI 5.1, 11.2. */

#ifndef BCHFS_CMD_CLI_FORMAT_H
#define BCHFS_CMD_CLI_FORMAT_H

#include <bcachefs/format.h>
#include "cli_source.h"

struct cli_format {
	struct cli_events events; /* devices and options of the table, in their order */
	const char *fs_label, *uuid, *version, *passphrase_file;
	u64 replicas, superblock_size;
	bool encrypted, no_passphrase;
	struct cli_source source;
};

/* The rows but the operand's; @without: what a source excludes. */
#define CLI_FORMAT(type, member, without)                                                          \
	CLI_OPT_TABLE(BCH_OPT_FORMAT, type, member.events), CLI_LETTER('l', "label"),              \
		CLI_NUMBER(0, "replicas", "N", type, member.replicas, 1, 3,                        \
			   "metadata_replicas and data_replicas"),                                 \
		CLI_FLAG(0, "encrypted", type, member.encrypted, "encrypt all data and metadata"), \
		CLI_STRING(0, "passphrase_file", "FILE", type, member.passphrase_file,             \
			   "read the passphrase from FILE instead of asking",                      \
			   .needs = "encrypted", .excludes = "no_passphrase"),                     \
		CLI_FLAG(0, "no_passphrase", type, member.no_passphrase,                           \
			 "store the key in the clear", .needs = "encrypted"),                      \
		CLI_STRING('L', "fs_label", "LABEL", type, member.fs_label,                        \
			   "label of the filesystem"),                                             \
		CLI_STRING('U', "uuid", "UUID", type, member.uuid,                                 \
			   "external UUID; default: random"),                                      \
		CLI_SIZE(0, "superblock_size", type, member.superblock_size, 16384, 33554432,      \
			 "space for each superblock; default: 1 MiB"),                             \
		CLI_STRING(0, "version", "VERSION", type, member.version,                          \
			   "on-disk version; default: 1.13"),                                      \
		CLI_SOURCE(0, type, member.source, .excludes = (without))

/* Options of the filesystem, and the devices with the device options that stood before them. */
struct cli_format_plan {
	struct bch_format_opts opts;
	struct bch_format_dev *devs;
	struct bch_opt_set sticky; /* device options so far */
	bool loose;		   /* one of them came after the last device */
	struct cli_source_plan source;
	struct bch_populate_sums sums;
	char *passphrase;
};

/* What the command line says; @plan, all zero before, must not move. */
int cli_format_take(struct cli *cli, const struct cli_format *a, struct cli_format_plan *plan);
void bch_format_plan_cleanup(struct cli_format_plan *plan);

/* Asks for the passphrase, where there is to be one. */
int cli_format_passphrase(struct cli *cli, const struct cli_format *a,
			  struct cli_format_plan *plan);

/* Asks whether what the devices hold may go, or, with @force, only says it: -BCH_ERR_refused. */
int cli_format_ask(struct cli *cli, const struct cli_format_plan *plan, bool force);

#endif
