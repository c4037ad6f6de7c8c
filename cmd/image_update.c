// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs image update: an image becomes that of a tree, and what is the same stays where it is. CLI 11.2. */

#include <bcachefs/edit.h>
#include <bcachefs/image.h>
#include <bcachefs/journal.h>
#include <bcachefs/super.h>
#include "cli_source.h"

struct args {
	struct cli_source source;
	bool keep_alloc;
};

static const struct cli_option options[] = {
	CLI_SOURCE('s', struct args, source),
	CLI_FLAG('a', "keep-alloc", struct args, keep_alloc,
		 "keep what tells of buckets, which is always done"),
	CLI_FILESYSTEM,
};

static int start(struct bch_fs *fs)
{
	int err = bch_fs_start(fs, NULL);

	if (!err)
		err = bch_files_start(fs, NULL);
	return err ? err : bch_edits_start(fs);
}

static int show(struct cli *cli, struct bch_fs *fs, const struct bch_image_update_sums *sums)
{
	struct bch_facts *f = cli->facts;
	int err = bch_image_show(fs, f);

	bch_facts_blank(f);
	bch_facts_column(f, 16);
	bch_fact_u64(f, "Names made", sums->nr_made);
	bch_fact_u64(f, "Names removed", sums->nr_removed);
	bch_fact_u64(f, "Files written", sums->nr_written);
	bch_fact_bytes(f, "Wrote", sums->written_bytes);
	return err;
}

static int update(struct cli *cli, const struct bch_source_opts *opts)
{
	struct bch_image_update_sums sums = { 0 };
	struct bch_fs *fs = NULL;
	int err = cli_open_unlocked(cli, BCH_OPEN_WRITE, &fs), closed;

	if (!err)
		err = start(fs);
	if (!err)
		err = bch_image_update(fs, opts, &sums);
	if (!err && !cli->common.quiet)
		err = show(cli, fs, &sums);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct cli_source_plan plan = { 0 };
	int err = a->source.path ? cli_source_take(cli, &a->source, &plan)
				 : cli_usage(cli, "--source is missing");

	if (!err)
		err = update(cli, &plan.opts);
	cli_source_end(&plan);
	return err;
}

const struct cli_command cmd_image_update = {
	.name = "image update",
	.heading = CLI_HEADING_images,
	.summary = "make an image that of a tree, and leave in place what is the same",
	.help = "Afterwards IMAGE has the files of the source and no others, as image create\n"
		"would have made them. Files are told apart by their names, and compared byte by\n"
		"byte: what is the same is not written, so that a binary delta of the two images\n"
		"is small. IMAGE grows where that is needed, and ends behind what is in use; with\n"
		"an undo file it gets no shorter. Large changes are several commits, each of "
		"which\n"
		"leaves a whole filesystem.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PROGRESS | CLI_PASSPHRASE | CLI_WRITES,
	.run = run,
};
