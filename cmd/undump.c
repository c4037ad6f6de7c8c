// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs undump: make raw image files of dumps. CLI 7.3. */

#include <stdlib.h>
#include <string.h>
#include <bcachefs/dump.h>
#include "cli.h"

struct args {
	struct cli_strings images;
	bool force;
};

static const struct cli_option options[] = {
	CLI_OPERANDS("FILE.qcow2", struct args, images, "dumps"),
	CLI_FLAG('f', "force", struct args, force, "replace files that are there already"),
};

/* Is there something before it, too? */
static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len > n && !strcmp(name + len - n, suffix) && name[len - n - 1] != '/';
}

/* The image's name without its suffix, to be freed; or NULL. */
static char *raw_name(const char *image)
{
	static const char suffix[] = ".qcow2";

	if (!has_suffix(image, suffix))
		return NULL;
	return strndup(image, strlen(image) - strlen(suffix));
}

static int undump(struct cli *cli, const char *image, const struct bch_undump_opts *opts)
{
	char *raw = raw_name(image);
	int err;

	if (!raw)
		return bch_error_whole(cli->ctx, -BCH_ERR_invalid_argument,
				       "%s not a qcow2 image?%s", image,
				       has_suffix(image, ".zst") ? " try 'zstd -d' first" : "");
	err = bch_undump(cli->ctx, image, raw, opts);
	if (!err)
		cli_say(cli, "wrote %s", raw);
	free(raw);
	return err;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_undump_opts opts = {
		.replace = a->force,
		.progress = cli_progress_mode(cli),
	};
	int err = 0;

	for (size_t i = 0; i < a->images.nr && !err; i++)
		err = undump(cli, a->images.p[i], &opts);
	return err;
}

const struct cli_command cmd_undump = {
	.name = "undump",
	.heading = CLI_HEADING_debug,
	.summary = "make raw image files of dumps",
	.help = "Makes FILE of FILE.qcow2, beside it: sparse, as large as the device was. There is "
		"seldom a need to: commands that only read take the dump itself.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PROGRESS,
	.run = run,
};
