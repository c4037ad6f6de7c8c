// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs tar: files of an unmounted filesystem as an archive. CLI 14.1, 14.2. */

#include <errno.h>
#include <unistd.h>
#include <bcachefs/tar.h>
#include "cli.h"

struct args {
	struct cli_strings paths;
	unsigned subvols;
	bool no_xattrs;
};

static const char *const subvols_names[] = {
#define S(name) #name,
	BCH_TAR_SUBVOLS(S)
#undef S
		NULL
};

static const struct cli_option options[] = {
	CLI_FILES,
	CLI_OPERANDS("PATH", struct args, paths, "what to archive; default: /", .optional = true),
	CLI_FLAG(0, "no-xattrs", struct args, no_xattrs, "without extended attributes and ACLs"),
	CLI_CHOICE(0, "subvols", "HOW", struct args, subvols, subvols_names,
		   "what subvolumes within are: directories, empty directories, or they and then "
		   "each once as subvol-ID; default: follow"),
};

static int write_out(void *arg, const void *buf, size_t len)
{
	struct cli *cli = arg;

	for (const char *p = buf; len;) {
		ssize_t n = write(STDOUT_FILENO, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return bch_error(cli->ctx, bch_errno(errno), "standard output");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int tar(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	struct bch_tar_sums sums = { 0 };
	struct bch_tar_opts opts = {
		.paths = a->paths.p,
		.nr_paths = a->paths.nr,
		.from = cli_path_opts(cli),
		.subvols = a->subvols,
		.no_xattrs = a->no_xattrs,
		.ignore_errors = cli->common.ignore_errors,
		.progress = cli_progress_mode(cli),
		.write = write_out,
		.arg = cli,
	};
	int err;

	err = bch_tar(fs, &opts, &sums);
	if (!err && sums.nr_incomplete)
		cli_say(cli, "%" PRIu64 " files, %" PRIu64 " bytes, %" PRIu64 " files incomplete",
			sums.nr_files, sums.nr_bytes, sums.nr_incomplete);
	return err ? err : sums.nr_incomplete ? 1 : 0;
}

static int run(struct cli *cli, const void *parsed)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err;

	if (isatty(STDOUT_FILENO))
		return bch_error_whole(cli->ctx, -BCH_ERR_refused,
				       "standard output: an archive is not for a terminal");
	err = cli_open_files(cli, &fs);
	return err ? err : tar(cli, parsed, fs);
}

const struct cli_command cmd_tar = {
	.name = "tar",
	.heading = CLI_HEADING_data,
	.summary = "write files of an unmounted filesystem as a tar archive",
	.help = "The archive goes to standard output, in the pax format as GNU tar reads it: "
		"sparse "
		"files, hard links, times in nanoseconds; with --xattrs and --acls it also gives "
		"attributes back. Paths lose their first /, the root is '.'. Names are sorted, so "
		"that equal trees give equal archives. Sockets are left out and named.\n\n"
		"What cannot be read ends it, for it has been promised; with -i that is named, "
		"lost "
		"data is zeroes, and the exit status is 1.\n\n"
		"  bcachefs tar UUID=... /home | zstd >home.tar.zst",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PROGRESS | CLI_PASSPHRASE,
	.run = run,
};
