// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs cat: contents of files of an unmounted filesystem. CLI 14.2. */

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli.h"

struct args {
	u64 offset, len;
	struct cli_strings paths;
};

static const struct cli_option options[] = {
	CLI_SIZE(0, "offset", struct args, offset, 0, UINT64_MAX, "begin at that byte of each"),
	CLI_SIZE(0, "len", struct args, len, 1, UINT64_MAX, "so many bytes of each at most"),
	CLI_FILES,
	CLI_OPERANDS("PATH", struct args, paths, "files"),
};

/* A run of cat, and the file that it is at. */
struct cat {
	struct cli *cli;
	const char *path;
	bool missing; /* something was lost */
	bool ended;   /* nothing can be written any more */
};

/* Not through stdio: it would copy all of it. */
static int write_out(struct cat *c, const void *buf, size_t len)
{
	while (len) {
		ssize_t done = write(STDOUT_FILENO, buf, len);

		c->ended = (done < 0 && errno != EINTR) || bch_cancelled(c->cli->ctx);
		if (bch_cancelled(c->cli->ctx))
			return -BCH_ERR_cancelled;
		if (c->ended)
			return bch_error(c->cli->ctx, bch_errno(errno), "standard output");
		if (done > 0) {
			buf += done;
			len -= (size_t)done;
		}
	}
	return 0;
}

static int write_data(void *arg, void *buf, size_t len, u64 offset)
{
	return write_out(arg, buf, len);
}

/* Ends the file, or zeroes are in its place, so that what follows stays where it was. */
static int write_lost(void *arg, u64 len, u64 offset, const char *why)
{
	static const char zeroes[65536];
	struct cat *c = arg;
	int err = 0;

	if (!c->cli->common.ignore_errors)
		return bch_error_whole(c->cli->ctx, -BCH_ERR_data_lost,
				       "%s: bytes %" PRIu64 " to %" PRIu64 " are lost: %s", c->path,
				       offset, offset + len - 1, why);
	c->missing = true;
	bch_log(c->cli->ctx, BCH_LOG_error, "%s: bytes %" PRIu64 " to %" PRIu64 " are lost: %s",
		c->path, offset, offset + len - 1, why);
	while (len && !err) {
		size_t part = len < sizeof(zeroes) ? (size_t)len : sizeof(zeroes);

		err = write_out(c, zeroes, part);
		len -= part;
	}
	return err;
}

static int check_type(const struct bch_stat *st)
{
	if (S_ISREG(st->mode))
		return 0;
	return S_ISDIR(st->mode) ? -BCH_ERR_is_directory : -BCH_ERR_invalid_argument;
}

static int cat_file(struct cat *c, const struct args *a, struct bch_fs *fs)
{
	struct bch_path_opts opts = cli_path_opts(c->cli);
	struct bch_file_sink sink = { .arg = c, .data = write_data, .lost = write_lost };
	u64 end = a->len && a->len < UINT64_MAX - a->offset ? a->offset + a->len : UINT64_MAX;
	struct bch_file file;
	struct bch_stat st;
	int err = bch_path_lookup(fs, &opts, c->path, &file);

	if (err)
		return err;
	err = bch_file_stat(fs, &file, &st);
	if (!err && S_ISLNK(st.mode))
		return bch_error_whole(c->cli->ctx, -BCH_ERR_invalid_argument,
				       "%s: is a symlink; try -L", c->path);
	if (!err)
		err = check_type(&st);
	return err ? bch_error(c->cli->ctx, err, "%s", c->path)
		   : bch_file_stream(fs, &file, a->offset, end, &sink);
}

/* What one file lacks does not keep the next ones back, where that is asked for. */
static int cat_files(struct cat *c, const struct args *a, struct bch_fs *fs)
{
	int err = 0;

	for (size_t i = 0; !err && i < a->paths.nr; i++) {
		c->path = a->paths.p[i];
		err = cat_file(c, a, fs);
		if (err && c->cli->common.ignore_errors && !c->ended) {
			bch_log(c->cli->ctx, BCH_LOG_error, "%s",
				bch_error_message(c->cli->ctx, err));
			c->missing = true;
			err = 0;
		}
	}
	return err ? err : c->missing;
}

static int run(struct cli *cli, const void *parsed)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	struct cat c = { .cli = cli };
	int err = cli_open_files(cli, &fs);

	return err ? err : cat_files(&c, parsed, fs);
}

const struct cli_command cmd_cat = {
	.name = "cat",
	.heading = CLI_HEADING_files,
	.summary = "write files of an unmounted filesystem to standard output",
	.help = "Holes are zeroes. A range without a good copy ends it; with -i it is named, and "
		"zeroes stand for it.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PASSPHRASE,
	.run = run,
};
