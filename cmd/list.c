// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs list: the keys of btrees. CLI 7.1. */

#include <bcachefs/fsck.h>
#include <bcachefs/journal.h>
#include <bcachefs/list.h>
#include "cli_color.h"

struct args {
	const char *btree, *type, *start, *end;
	u64 level, nr, cache, rewind;
	unsigned mode, color;
	bool all, fsck, no_journal, raw, scan_nodes;
};

/* In the order of enum bch_list_mode. */
static const char *const modes[] = { "keys", "nodes", "formats", "nodes-ondisk", NULL };

static const struct cli_option options[] = {
	CLI_STRING('b', "btree", "BTREE", struct args, btree, "which btree; default: extents"),
	CLI_FLAG('a', "all", struct args, all, "all btrees, each under its heading",
		 .excludes = "btree"),
	CLI_STRING('k', "bkey-type", "TYPE", struct args, type, "only keys of this type"),
	CLI_NUMBER('l', "level", "N", struct args, level, 0, 3,
		   "0: leaves; 1: the pointers to leaves, and so on"),
	CLI_STRING('s', "start", "POS", struct args, start,
		   "first position; with a snapshot: the keys that are seen from it"),
	CLI_STRING('e', "end", "POS", struct args, end, "last position"),
	CLI_CHOICE('m', "mode", "MODE", struct args, mode, modes, "what to list; default: keys"),
	CLI_NUMBER('n', "count", "N", struct args, nr, 1, UINT64_MAX, "at most N of each btree"),
	CLI_FLAG('f', "fsck", struct args, fsck,
		 "as a check and repair would leave it, which is done in memory alone",
		 .excludes = "no-journal"),
	CLI_FLAG(0, "no-journal", struct args, no_journal,
		 "the nodes as they are on disk, without what only the journal holds"),
	CLI_NUMBER(0, "journal-rewind", "SEQ", struct args, rewind, 1, UINT64_MAX,
		   "what users saw after this entry of the journal", .excludes = "no-journal"),
	CLI_FLAG(0, "scan-nodes", struct args, scan_nodes,
		 "look for the nodes of btrees whose roots are lost"),
	CLI_FLAG(0, "raw", struct args, raw, "values in hexadecimal"),
	CLI_COLOR('c', struct args, color),
	CLI_SIZE(0, "cache", struct args, cache, 1 << 20, UINT64_MAX,
		 "memory for nodes; default: 256 MiB"),
	CLI_FILESYSTEM,
};

static int write_text(void *arg, const char *text)
{
	return cli_write(arg, text);
}

/* Repairs stay in memory, where all that follows sees them. */
static int repair_in_memory(struct bch_fs *fs)
{
	const struct bch_fsck_opts opts = { .answer = BCH_FSCK_NO };
	struct bch_fsck_result result;
	int err = bch_fsck(fs, &opts, &result);

	bch_fsck_result_end(&result);
	return err;
}

static int list(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	struct bch_start_opts start = {
		.no_journal = a->no_journal,
		.rewind = a->rewind,
		.rewind_to = a->rewind,
		.cache_bytes = a->cache,
	};
	struct bch_list_opts opts = {
		.mode = (enum bch_list_mode)a->mode,
		.btree = a->btree,
		.all = a->all,
		.type = a->type,
		.level = (u8)a->level,
		.start = a->start,
		.end = a->end,
		.nr = a->nr,
		.json = cli->common.json,
		.raw = a->raw,
		.color = cli_color(a->color) && !cli->common.json,
	};
	int err = bch_fs_start(fs, &start);

	if (!err && a->scan_nodes)
		err = bch_fs_scan_nodes(fs);
	if (!err && a->fsck)
		err = repair_in_memory(fs);
	return err ? err : bch_list(fs, &opts, write_text, cli);
}

static int run(struct cli *cli, const void *parsed)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = cli_open_readable(cli, &fs);

	return err ? err : list(cli, parsed, fs);
}

const struct cli_command cmd_list = {
	.name = "list",
	.heading = CLI_HEADING_debug,
	.summary = "print the keys of btrees",
	.help = "What only the journal of an unclean filesystem holds is seen, and nothing is "
		"written.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_JSON_LINES | CLI_PASSPHRASE,
	.run = run,
};
