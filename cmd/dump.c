// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs dump: a filesystem's metadata in qcow2 files, for bug reports. CLI 7.3. */

#include <string.h>
#include <unistd.h>
#include <bcachefs/dump.h>
#include "cli.h"

struct args {
	const char *out, *sanitize;
	bool force, xattrs, no_journal, single_replica, noexcl, no_passphrase, scan_nodes, dry_run;
};

static const struct cli_option options[] = {
	CLI_STRING('o', "output", "OUT", struct args, out,
		   "write OUT.qcow2, of several members OUT.N.qcow2; - is standard output"),
	CLI_FLAG('f', "force", struct args, force, "replace files that are there already"),
	CLI_STRING('s', "sanitize", "WHAT", struct args, sanitize,
		   "hide data that lies in the metadata, or filenames too", .optional = true),
	CLI_FLAG(0, "xattrs", struct args, xattrs,
		 "with -s=filenames: hide the values of extended attributes too",
		 .needs = "sanitize"),
	CLI_FLAG(0, "nojournal", struct args, no_journal,
		 "of the journal only the buckets that are not written back"),
	CLI_FLAG(0, "single-replica", struct args, single_replica,
		 "of each node only the copy on the lowest member"),
	CLI_FLAG(0, "noexcl", struct args, noexcl, "accepted: no device is claimed anyway"),
	CLI_FLAG(0, "no-passphrase", struct args, no_passphrase,
		 "store the key of an encrypted filesystem in the dump, in the clear"),
	CLI_FLAG(0, "scan-nodes", struct args, scan_nodes,
		 "look for the nodes of btrees whose roots are lost"),
	CLI_FLAG('n', "dry-run", struct args, dry_run, "print what size it would have, no more"),
	CLI_FILESYSTEM,
};

static bool is_stream(const struct args *a)
{
	return !strcmp(a->out, "-");
}

/* What the rows cannot say. */
static int check(struct cli *cli, const struct args *a, enum bch_sanitize *sanitize)
{
	const char *what = a->sanitize;

	*sanitize = BCH_SANITIZE_NOTHING;
	if (what && *what == '=')
		what++; /* -s=filenames */
	if (what && (!*what || !strcmp(what, "data")))
		*sanitize = BCH_SANITIZE_DATA;
	else if (what && !strcmp(what, "filenames"))
		*sanitize = BCH_SANITIZE_FILENAMES;
	else if (what)
		return cli_usage(cli, "option '--sanitize' takes data or filenames, not '%s'",
				 what);
	if (a->xattrs && *sanitize != BCH_SANITIZE_FILENAMES)
		return cli_usage(cli, "option '--xattrs' needs '--sanitize=filenames'");
	if (!a->out)
		return cli_usage(cli, "Please supply output filename");
	if (is_stream(a) && !a->dry_run && cli->common.json)
		return cli_usage(cli, "with '-o -' there is no room for '--json'");
	if (is_stream(a) && !a->dry_run && isatty(STDOUT_FILENO))
		return cli_usage(cli, "a dump is not written to a terminal");
	return 0;
}

/* The key is asked for alone: whether it is given away is for somebody to say. */
static int ask(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	int answer;

	if (!a->no_passphrase || a->dry_run || bch_fs_encryption(fs) != BCH_KEY_WRAPPED)
		return 0;
	answer = cli_ask(cli, "Whoever has the dump, and the devices, can then read all files "
			      "without the passphrase. Go on?");
	if (answer > 0)
		return 0;
	return answer ? answer : bch_error_whole(cli->ctx, -BCH_ERR_refused, "nothing was written");
}

static int write_dump(struct cli *cli, struct bch_dump *dump)
{
	struct bch_buf need bch_auto(buf) = { 0 };
	int err;

	bch_buf_human(&need, bch_dump_size(dump));
	cli_say(cli, "needs %s", bch_buf_str(&need));
	err = bch_dump_write(dump);
	for (u32 i = 0; !err && bch_dump_file(dump, i); i++)
		cli_say(cli, "wrote %s", bch_dump_file(dump, i));
	return err;
}

static int dump(struct cli *cli, const struct args *a, enum bch_sanitize sanitize,
		struct bch_fs *fs)
{
	struct bch_dump_opts opts = {
		.out = is_stream(a) ? NULL : a->out,
		.fd = STDOUT_FILENO,
		.replace = a->force || a->dry_run,
		.sanitize = sanitize,
		.xattrs = a->xattrs,
		.no_journal = a->no_journal,
		.one_copy = a->single_replica,
		.clear_key = a->no_passphrase,
		.scan_nodes = a->scan_nodes,
		.progress = cli_progress_mode(cli),
	};
	struct bch_dump *dump bch_auto(dump) = NULL;
	int err = bch_dump_new(fs, &opts, &dump);

	if (!err && !a->dry_run)
		err = write_dump(cli, dump);
	if (!err && (a->dry_run || cli->common.json))
		bch_dump_show(dump, cli->facts);
	return err;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_fs *fs bch_auto(fs) = NULL;
	enum bch_sanitize sanitize;
	int err = check(cli, a, &sanitize);

	if (!err)
		err = cli_open_readable(cli, &fs);
	if (!err)
		err = ask(cli, a, fs);
	return err ? err : dump(cli, a, sanitize, fs);
}

const struct cli_command cmd_dump = {
	.name = "dump",
	.heading = CLI_HEADING_debug,
	.summary = "write a filesystem's metadata into qcow2 files",
	.help = "For bug reports: superblocks, journal and btrees, but no data. Every command that "
		"reads takes the files for the devices, as qemu does. What is damaged is part of "
		"the "
		"dump as it is. Of several members, '-o -' writes a tar stream; where OUT ends in "
		".zst, "
		"the files are compressed. An encrypted filesystem must be unlocked, and its dump "
		"needs "
		"the same passphrase unless --no-passphrase is given.\n"
		"\n"
		"Without -s the dump has names of files, extended attributes and the contents of "
		"small "
		"files and symbolic links. -s or -s=data zeroes these contents, with -s=filenames "
		"names "
		"become X; then also everything is zeroes that cannot be understood, such as "
		"damaged "
		"parts of nodes and what was left over in unused places. Names of extended "
		"attributes, "
		"ACLs, labels and hashes of names stay.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PROGRESS | CLI_PASSPHRASE | CLI_ASKS,
	.run = run,
};
