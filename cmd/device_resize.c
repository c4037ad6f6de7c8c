// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs device resize, resize-journal: members, and their journals, of another size. CLI 8.8. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bcachefs/device.h>
#include <bcachefs/file.h>
#include <bcachefs/journal.h>
#include "cli_move.h"
#include "mounted.h"

struct args {
	const char *which, *size;
	bool min, truncate;
};

#define DEVICE_ROW                                                                              \
	CLI_OPERAND(                                                                            \
		"DEVICE", struct args, which,                                                   \
		"the member: path, index, label or UUID; by its path alone, of the filesystem " \
		"that it belongs to")

static const struct cli_option options[] = {
	DEVICE_ROW,
	CLI_OPERAND("SIZE", struct args, size,
		    "how much of the device to use: a size, +SIZE, -SIZE, min, or max, the default",
		    .optional = true),
	CLI_FLAG(0, "min", struct args, min, "print the least size in bytes, and change nothing"),
	CLI_FLAG(0, "truncate", struct args, truncate,
		 "have an image file end where the filesystem ends", .excludes = "min"),
	CLI_FILESYSTEM_OR_HERE,
};

static int start(struct cli *cli, const struct args *a, unsigned flags, struct bch_fs **fs,
		 u32 *dev_idx)
{
	const struct bch_files_opts quiet = { .flags = BCH_FILES_QUIET };
	int err = cli_open_member(cli, flags, a->which, fs, dev_idx);

	if (!err)
		err = cli_unlock(cli, *fs);
	if (!err)
		err = bch_fs_start(*fs, NULL);
	return err ? err : bch_files_start(*fs, &quiet);
}

/* "b.img: 64.0 MiB, was 128 MiB". */
static void say_sizes(struct cli *cli, const struct bch_fs *fs, u32 dev_idx, const char *what,
		      u64 old_size, u64 new_size)
{
	struct bch_buf line bch_auto(buf) = { 0 };

	bch_fs_member_name_put(&line, fs, dev_idx);
	bch_buf_put(&line, ": %s", what);
	bch_buf_human(&line, new_size);
	bch_buf_puts(&line, old_size == new_size ? " already" : ", was ");
	if (old_size != new_size)
		bch_buf_human(&line, old_size);
	cli_say(cli, "%s", bch_buf_str(&line));
}

static int print_min(struct cli *cli, const struct args *a)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	struct bch_buf line bch_auto(buf) = { 0 };
	u32 dev_idx;
	u64 size;
	int err = start(cli, a, 0, &fs, &dev_idx);

	if (!err)
		err = bch_fs_resize_min(fs, dev_idx, &size);
	if (err)
		return err;
	bch_buf_put(&line, "%" PRIu64 "\n", size);
	return cli_write(cli, bch_buf_str(&line));
}

static int resize(struct cli *cli, const struct args *a)
{
	const struct bch_resize_opts opts = { .size = a->size,
					      .truncate = a->truncate,
					      .move.progress = cli_progress_mode(cli) };
	struct bch_resize_result result = { 0 };
	struct bch_fs *fs;
	u32 dev_idx;
	int err = start(cli, a, BCH_OPEN_WRITE, &fs, &dev_idx), closed;

	if (!err)
		err = bch_fs_resize(fs, dev_idx, &opts, &result);
	if (!err && !result.moved.interrupted)
		say_sizes(cli, fs, dev_idx, "", result.old_size, result.new_size);
	closed = bch_fs_close(fs);
	return cli_move_status(cli, err ? err : closed, &result.moved);
}

static bool is_size(struct cli *cli, const char *text)
{
	u64 size;

	return !strcmp(text, "min") || !strcmp(text, "max") ||
	       !bch_size_parse(cli->ctx, "size", text + (*text == '+' || *text == '-'), &size);
}

/* There is no size: what stands in its place is the first of DEVICES. */
static int shift(struct cli *cli, struct args *a)
{
	struct cli_strings *all = &cli->common.devices;
	bool exists = !access(a->size, F_OK) || strpbrk(a->size, ":=");
	const char **p;

	if (!exists || cli->common.device_paths.nr)
		return bch_error_whole(cli->ctx, -BCH_ERR_option_value, "size: not a size: %s",
				       a->size);
	p = calloc(all->nr + 1, sizeof(*p));
	if (!p)
		return -BCH_ERR_no_memory;
	p[0] = a->size;
	if (all->nr)
		memcpy(p + 1, all->p, all->nr * sizeof(*p));
	free(all->p);
	*all = (struct cli_strings){ p, all->nr + 1 }; /* the frame's to free, as before */
	a->size = NULL;
	return 0;
}

static int run(struct cli *cli, const void *parsed)
{
	struct args a = *(const struct args *)parsed;
	int err = a.size && !is_size(cli, a.size) ? shift(cli, &a) : 0;

	if (err)
		return err;
	return a.min ? print_min(cli, &a) : resize(cli, &a);
}

const struct cli_command cmd_device_resize = {
	.name = "device resize",
	.heading = CLI_HEADING_devices,
	.summary = "have a filesystem use more of a device, or less",
	.help = "Less: what lies behind the new end moves away first, journal and superblock too, "
		"in "
		"commits that are each whole; after an interrupt another run goes on. Where there "
		"is "
		"no room for it nothing is done. min is the least size that leaves room to work "
		"with.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PASSPHRASE | CLI_PROGRESS | CLI_WRITES,
	.run = run,
	.mounted = &mounted_device_resize,
};

/* ------------------------------------------------------------------ the journal's */

static const struct cli_option journal_options[] = {
	DEVICE_ROW,
	CLI_OPERAND("SIZE", struct args, size, "size of its journal; at least eight buckets"),
	CLI_FILESYSTEM_OR_HERE,
};

static int resize_journal(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	u64 size, old_size, new_size;
	struct bch_fs *fs;
	u32 dev_idx;
	int err = bch_size_parse(cli->ctx, "size", a->size, &size), closed;

	if (err)
		return err;
	err = start(cli, a, BCH_OPEN_WRITE, &fs, &dev_idx);
	if (!err)
		err = bch_fs_resize_journal(fs, dev_idx, size, &old_size, &new_size);
	if (!err)
		say_sizes(cli, fs, dev_idx, "journal of ", old_size, new_size);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

const struct cli_command cmd_device_resize_journal = {
	.name = "device resize-journal",
	.heading = CLI_HEADING_devices,
	.summary = "have the journal of a device be larger, or smaller",
	CLI_OPTIONS(journal_options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = resize_journal,
	.mounted = &mounted_device_resize_journal,
};
