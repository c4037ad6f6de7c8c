// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs scrub: every checksum of every copy of data and metadata, and repair from good copies. CLI 8.11. */

#include <time.h>
#include <unistd.h>

#include <bcachefs/journal.h>
#include <bcachefs/scrub.h>
#include "cli.h"

/* Bits of the exit status. CLI 2.7. */
#define INTERRUPTED 1
#define CORRECTED   2
#define UNCORRECTED 4

struct args {
	bool metadata, mapper_names;
	struct cli_strings only;
};

static const struct cli_option options[] = {
	CLI_FLAG('m', "metadata", struct args, metadata,
		 "only superblocks, journal and btree nodes"),
	CLI_STRINGS(0, "only", "DEVICE", struct args, only,
		    "read only this member: path, index, label or UUID; repeatable"),
	CLI_FLAG(0, "mapper-names", struct args, mapper_names, "print /dev/mapper/NAME, not dm-N"),
	CLI_FILESYSTEM,
};

/* ------------------------------------------------------------------ the table on a terminal */

/* Drawn over itself, without wrapping: a line is a line. */
#define LINES_UP    "\033[%uA"
#define ERASE_BELOW "\033[J"
#define WRAP_OFF    "\033[?7l"
#define WRAP_ON	    "\033[?7h"

struct screen {
	struct cli *cli;
	time_t began;
	unsigned nr_lines; /* that stand there */
};

static int erase(const struct screen *screen)
{
	struct bch_buf up bch_auto(buf) = { 0 };

	bch_buf_put(&up, LINES_UP ERASE_BELOW, screen->nr_lines);
	return screen->nr_lines ? cli_write(screen->cli, bch_buf_str(&up)) : 0;
}

static void draw(void *arg, const struct bch_scrub_dev *devs, u32 nr)
{
	struct screen *screen = arg;
	time_t seconds = time(NULL) - screen->began;
	struct bch_buf table bch_auto(buf) = { 0 };

	bch_scrub_heading_put(&table);
	bch_buf_newline(&table);
	for (u32 i = 0; i < nr; i++) {
		bch_scrub_dev_put(&table, &devs[i],
				  devs[i].checked / (u64)(seconds > 0 ? seconds : 1));
		bch_buf_newline(&table);
	}
	bch_buf_puts(&table, WRAP_ON);
	if (!erase(screen) && !cli_write(screen->cli, WRAP_OFF) && /* errors: the end says them */
	    !cli_write(screen->cli, bch_buf_str(&table)))
		screen->nr_lines = nr + 1;
}

static bool is_drawn(const struct cli *cli)
{
	return isatty(STDOUT_FILENO) && !cli->common.json && !cli->common.quiet &&
	       cli->common.progress != CLI_PROGRESS_never;
}

/* ------------------------------------------------------------------ run */

/* Members that are named as the filesystem are those to be read; others, that were found, help to open it. */
static struct cli_strings wanted(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	const struct cli_strings *named = &cli->common.devices;
	u32 idx;

	if (a->only.nr || cli->common.device_paths.nr)
		return a->only;
	for (size_t i = 0; i < named->nr; i++)
		if (bch_fs_member_find(fs, named->p[i], &idx))
			return a->only; /* UUID=, LABEL=, A:B */
	return *named;
}

static int status_of(const struct bch_scrub_result *r)
{
	return (r->interrupted ? INTERRUPTED : 0) | (r->nr_repaired ? CORRECTED : 0) |
	       (r->nr_bad > r->nr_repaired ? UNCORRECTED : 0);
}

static int scrub(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	const struct bch_files_opts files = { .flags = BCH_FILES_QUIET };
	struct cli_strings devices = wanted(cli, a, fs);
	struct screen screen = { .cli = cli, .began = time(NULL) };
	struct bch_scrub_opts opts = {
		.metadata = a->metadata,
		.mapper_names = a->mapper_names,
		.devices = devices.p,
		.nr_devices = devices.nr,
		.repair = !cli->common.dry_run,
		.progress = cli_progress_mode(cli),
		.show = is_drawn(cli) ? draw : NULL,
		.arg = &screen,
	};
	struct bch_scrub_result result;
	int err = bch_fs_start(fs, NULL);

	if (!err)
		err = bch_files_start(fs, &files);
	if (!err)
		err = bch_scrub(fs, &opts, cli->facts, &result);
	if (!err)
		err = erase(&screen);
	if (err)
		return err;
	if (result.interrupted)
		cli_say(cli, "interrupted: not all was read%s; run again to go on",
			opts.repair ? " and repaired" : "");
	return status_of(&result);
}

static int run(struct cli *cli, const void *parsed)
{
	struct bch_fs *fs = NULL;
	int err = cli_open_unlocked(cli, cli->common.dry_run ? 0 : BCH_OPEN_WRITE, &fs), closed;

	if (err && fs && bch_fs_encryption(fs) == BCH_KEY_WRAPPED)
		cli_say(cli, "without the passphrase no checksum of an encrypted filesystem can be "
			     "verified");
	if (!err)
		err = scrub(cli, parsed, fs);
	closed = bch_fs_close(fs);
	return closed ? closed : err;
}

const struct cli_command cmd_scrub = {
	.name = "scrub",
	.aliases = "data scrub",
	.heading = CLI_HEADING_data,
	.summary = "verify every copy of data and metadata, and repair bad ones",
	.help = "Reads the members of an unmounted filesystem in the order of each, verifies all "
		"that has a checksum, and names what is bad with its device, sector, and the files "
		"of all subvolumes that it belongs to. Then bad copies are written anew, to new "
		"places, from good ones, btree nodes and superblocks too; with -n they are only "
		"reported. A copy that is bad is LOST, and stays, where no other copy, and no "
		"stripe, has the data; blocks of stripes, and data in them, are not repaired. "
		"Devices that are named one by one are those that are read; members that were "
		"found by scanning have good copies, and tell what is lost. With missing members "
		"it needs -n or -o degraded. Interrupted, it keeps what it has repaired.\n"
		"Exit status: the sum of 1: interrupted, or failed; 2: something was bad and is "
		"repaired; 4: something is bad.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PROGRESS | CLI_PASSPHRASE | CLI_DIRECT | CLI_WRITES,
	.status_cancelled = INTERRUPTED,
	.run = run,
};
