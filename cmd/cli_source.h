/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that say which files a new filesystem begins with. CLI 5.1, 11.2. */

#ifndef BCHFS_CMD_CLI_SOURCE_H
#define BCHFS_CMD_CLI_SOURCE_H

#include <bcachefs/buf.h>
#include <bcachefs/populate.h>
#include "cli.h"

struct cli_source {
	const char *path, *owner;
	struct cli_strings excludes;
	bool dedupe;
};

/* A source with what it is read from. */
struct cli_source_plan {
	struct bch_source_opts opts;
	struct bch_fs *fs;	/* where it is another filesystem; NULL: none */
	struct bch_buf devices; /* of that */
};

/* The rows; what follows the member is for the first one. */
#define CLI_SOURCE(letter_, type, member, ...)                                                     \
	CLI_STRING(letter_, "source", "DIR|TAR|-|DEVICES:PATH", type, member.path,                 \
		   "fill it with the files of a directory or tar archive; -: of standard input; "  \
		   "or of a directory or snapshot of an unmounted filesystem",                     \
		   __VA_ARGS__),                                                                   \
		CLI_STRINGS(                                                                       \
			0, "exclude", "GLOB", type, member.excludes,                               \
			"leave out files of that name; with a / in it, of that path; repeatable",  \
			.needs = "source"),                                                        \
		CLI_STRING(0, "owner", "UID:GID", type, member.owner,                              \
			   "whom all files belong to; default: whom they belong to in the source", \
			   .needs = "source"),                                                     \
		CLI_FLAG(0, "dedupe", type, member.dedupe,                                         \
			 "store data that several extents have once, shared as by reflinks",       \
			 .needs = "source")

/* What the options say; nothing of it where there is no source. Opens a filesystem that it is in. */
int cli_source_take(struct cli *cli, const struct cli_source *source, struct cli_source_plan *plan);
void cli_source_end(struct cli_source_plan *plan);

/* Shows what was put into the filesystem. */
void cli_source_sums(struct cli *cli, const struct bch_populate_sums *sums);

#endif
