// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs resolve: from inode numbers and places on devices to files. CLI 14.2. */

#include <errno.h>
#include <stdio.h>

#include <bcachefs/resolve.h>
#include "cli.h"

struct args {
	bool places, subvols, scan;
	const char *dmesg;
	struct cli_strings what;
};

static const struct cli_option options[] = {
	CLI_FLAG('b', "block", struct args, places,
		 "two numbers are a member and a sector, whatever they are"),
	CLI_FLAG('s', "subvolume", struct args, subvols, "a number is a subvolume, not an inode"),
	CLI_FLAG(0, "scan-btrees", struct args, scan,
		 "look for places in all btrees, not by backpointers"),
	CLI_STRING(0, "dmesg", "FILE", struct args, dmesg,
		   "read a kernel's log, - for standard input, and say behind each line what it "
		   "names"),
	CLI_FILES,
	CLI_OPERANDS("WHAT", struct args, what,
		     "INUM, INUM:OFFSET, SUBVOL:INUM, BTREE:POS, DEV:SECTOR, DEV:BUCKET:OFFSET",
		     .unless = "dmesg"),
};

static int write_bytes(void *arg, const void *bytes, size_t len)
{
	struct cli *cli = arg;

	if (cli->common.json || fwrite(bytes, 1, len, stdout) == len)
		return 0;
	return bch_error(cli->ctx, -BCH_ERR_io, "standard output");
}

/* All of a log: what its lines name is looked up together. */
static int read_log(struct cli *cli, const char *name, struct bch_buf *log)
{
	bool is_stdin = name[0] == '-' && !name[1];
	FILE *file = is_stdin ? stdin : fopen(name, "re");
	char piece[65536];
	size_t len;
	int err = 0;

	if (!file)
		return bch_error(cli->ctx, bch_errno(errno), "%s", name);
	while ((len = fread(piece, 1, sizeof(piece), file)))
		bch_buf_mem(log, piece, len);
	if (ferror(file))
		err = bch_error(cli->ctx, -BCH_ERR_io, "%s", name);
	if (!is_stdin)
		fclose(file);
	if (!err && bch_buf_failed(log))
		err = -BCH_ERR_no_memory;
	return err;
}

static int resolve(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	const struct bch_resolve_opts opts = { .places = a->places,
					       .subvols = a->subvols,
					       .scan = a->scan };
	struct bch_buf log bch_auto(buf) = { 0 };
	int err;

	if (!a->dmesg)
		return bch_resolve(fs, &opts, a->what.p, a->what.nr, cli->facts);
	err = read_log(cli, a->dmesg, &log);
	return err ? err
		   : bch_resolve_log(fs, &opts, bch_buf_str(&log), log.len, write_bytes, cli,
				     cli->facts);
}

static int run(struct cli *cli, const void *parsed)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = cli_open_files(cli, &fs);

	return err ? err : resolve(cli, parsed, fs);
}

const struct cli_command cmd_resolve = {
	.name = "resolve",
	.heading = CLI_HEADING_files,
	.summary = "find the files of inode numbers and places",
	.help = "Inode numbers are 4096 or more: 4711:0 is what inode 4711 has at byte 0, 5:4711 "
		"the inode in subvolume 5. DEV is a path, an index, a label or a UUID; 0:1234 is a "
		"sector only with -b, or as 0:0x4d2. Paths are those in all subvolumes that see "
		"the inode or the key. A place is one of a key, with the nodes above it, or a "
		"superblock, the journal, or free; it is found by backpointers, which are believed "
		"only where the key leads back.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PASSPHRASE,
	.run = run,
};
