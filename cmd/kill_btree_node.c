// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs kill_btree_node: make btree nodes unreadable. CLI 7.4. */

#include <bcachefs/journal.h>
#include <bcachefs/node_kill.h>
#include "cli.h"

struct args {
	struct cli_strings nodes;
	const char *btree, *dev;
	u64 level, index;
	unsigned mode;
	bool force;
};

/* In the order of enum bch_node_kill_mode. */
static const char *const modes[] = { "zero", "csum", "keys", NULL };

static const struct cli_option options[] = {
	CLI_STRINGS('n', "node", "NODE", struct args, nodes,
		    "BTREE[:LEVEL[:INDEX]]; level and index are 0 unless given"),
	CLI_STRING('b', "btree", "BTREE", struct args, btree, "the node in this btree",
		   .excludes = "node"),
	CLI_NUMBER('l', "level", "N", struct args, level, 0, 3, "its level", .needs = "btree"),
	CLI_NUMBER('i', "index", "N", struct args, index, 0, UINT64_MAX, "its place in the level",
		   .needs = "btree"),
	CLI_CHOICE('e', "error", "KIND", struct args, mode, modes,
		   "zero the first block (the default), or flip a byte of a checksum or of keys"),
	CLI_STRING('d', "dev-idx", "MEMBER", struct args, dev,
		   "only the copies on this member: index, path, label or UUID"),
	CLI_FLAG('f', "force", struct args, force, "do not ask"),
	CLI_FILESYSTEM,
};

/* Shows what is to be written, and writes it after asking. */
static int kill_found(struct cli *cli, const struct args *a, struct bch_node_kill *kill)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	int err;

	bch_node_kill_put(kill, &text);
	err = bch_buf_failed(&text) ? -BCH_ERR_no_memory : cli_write(cli, bch_buf_str(&text));
	if (err || cli->common.dry_run)
		return err;
	err = a->force ? 1 : cli_ask(cli, "Make these unreadable?");
	if (err > 0)
		return bch_node_kill_write(kill);
	return err ? err : bch_error_whole(cli->ctx, -BCH_ERR_refused, "nothing was written");
}

static int kill_nodes(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	struct bch_node_kill_opts opts = { .mode = (enum bch_node_kill_mode)a->mode,
					   .one_dev = a->dev };
	struct bch_buf node bch_auto(buf) = { 0 };
	struct bch_node_kill *kill = NULL;
	const char *one;
	int err = a->dev ? bch_fs_member_find(fs, a->dev, &opts.dev_idx) : 0;

	if (a->btree)
		bch_buf_put(&node, "%s:%llu:%llu", a->btree, (unsigned long long)a->level,
			    (unsigned long long)a->index);
	one = bch_buf_str(&node);
	if (!err)
		err = bch_fs_start(fs, NULL);
	if (!err)
		err = bch_node_kill_find(fs, a->btree ? &one : a->nodes.p,
					 a->btree ? 1 : a->nodes.nr, &opts, &kill);
	if (!err)
		err = kill_found(cli, a, kill);
	bch_node_kill_free(kill);
	return err;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_fs *fs;
	int err, closed;

	if (!a->btree && !a->nodes.nr)
		return cli_usage(cli, "no node to kill");
	err = cli_open(cli, BCH_OPEN_WRITE, &fs);
	if (err)
		return err;
	err = cli_unlock(cli, fs);
	if (!err)
		err = kill_nodes(cli, a, fs);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

const struct cli_command cmd_kill_btree_node = {
	.name = "kill_btree_node",
	.heading = CLI_HEADING_debug,
	.summary = "make btree nodes unreadable, to test what repairs them",
	.help = "Each write is shown: device, sector of the node, bytes in it. What keeps the "
		"damage from\n"
		"landing is an error, and then nothing is written.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run,
};
