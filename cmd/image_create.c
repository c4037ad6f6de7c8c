// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs image create: the smallest filesystem that holds a tree of files. CLI 11.2. */

#include <string.h>
#include <bcachefs/image.h>
#include <bcachefs/super.h>
#include "cli_format.h"

struct args {
	struct cli_format format;
	const char *size;
	bool keep_alloc, force;
};

static const struct cli_option options[] = {
	CLI_OPERAND_EVENTS("IMAGE", struct args, format.events, "the file to make"),
	CLI_FORMAT(struct args, format, NULL),
	CLI_STRING(0, "size", "SIZE|minimal|auto", struct args, size,
		   "of the image; minimal: with free space for little more than a mount; auto: "
		   "with about a fifth "
		   "of it free; default: minimal"),
	CLI_FLAG('a', "keep-alloc", struct args, keep_alloc,
		 "keep what tells of buckets, which is always done: kernels of version 1.13 need "
		 "it"),
	CLI_FLAG('f', "force", struct args, force, "overwrite IMAGE"),
};

static int take_size(struct cli *cli, const char *text, struct bch_image_opts *image)
{
	static const char *const names[] = {
#define S(name) #name,
		BCH_IMAGE_SIZES(S)
#undef S
	};

	for (unsigned i = 0; text && i < bch_array_size(names); i++)
		if (!strcmp(text, names[i])) {
			image->size = i;
			return 0;
		}
	return text ? bch_size_parse(cli->ctx, "size", text, &image->size_bytes) : 0;
}

static int show(struct cli *cli, struct bch_fs *fs, const struct cli_format_plan *plan)
{
	int err = bch_image_show(fs, cli->facts);

	if (!err)
		cli_source_sums(cli, &plan->sums);
	return err;
}

static int create(struct cli *cli, const struct args *a, struct cli_format_plan *plan)
{
	struct bch_image_opts image = { .overwrite = a->force };
	struct bch_fs *fs;
	int err = take_size(cli, a->size, &image), closed;

	if (!err)
		err = cli_format_passphrase(cli, &a->format, plan);
	if (!err)
		err = bch_image_create(cli->ctx, &plan->opts, &image, &fs);
	if (err)
		return err;
	if (!cli->common.quiet)
		err = show(cli, fs, plan);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct cli_format_plan plan bch_auto(format_plan) = { 0 };
	int err = cli_format_take(cli, &a->format, &plan);

	if (!err && plan.opts.nr_devs != 1)
		err = bch_error_whole(cli->ctx, -BCH_ERR_invalid_argument, "want one IMAGE");
	if (!err && !plan.opts.source)
		err = bch_error_whole(cli->ctx, -BCH_ERR_invalid_argument, "--source is missing");
	return err ? err : create(cli, a, &plan);
}

const struct cli_command cmd_image_create = {
	.name = "image create",
	.heading = CLI_HEADING_images,
	.summary = "make the smallest filesystem image of a directory or tar archive",
	.help = "IMAGE is written once, sparse, and is no larger than what it holds wants; a "
		"failure leaves none. "
		"Without a kernel's help and without root: files of other owners are read by "
		"whoever may read them, "
		"or come from an archive.\n\n"
		"The same UUID, SOURCE_DATE_EPOCH and files give the same bytes.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PROGRESS,
	.run = run,
};
