// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs recover-super: bring back a lost superblock. CLI 5.4. */

#include <bcachefs/super.h>
#include "cli.h"

struct args {
	const char *device, *src_device;
	u64 dev_size, offset, scan_len, dev_idx, copy;
};

static const struct cli_option options[] = {
	CLI_OPERAND("DEVICE", struct args, device, "device whose superblock is lost"),
	CLI_SIZE('d', "dev_size", struct args, dev_size, 0, UINT64_MAX,
		 "size of the filesystem, where the device has grown since"),
	CLI_SIZE('o', "offset", struct args, offset, 0, UINT64_MAX, "look only there"),
	CLI_SIZE('l', "scan_len", struct args, scan_len, 512, UINT64_MAX,
		 "how much of the start and of the end to scan; default: 16 MiB"),
	CLI_STRING('s', "src_device", "DEVICE", struct args, src_device,
		   "take another member's superblock", .needs = "dev_idx"),
	CLI_NUMBER('i', "dev_idx", "N", struct args, dev_idx, 0, 254, "which member DEVICE is",
		   .needs = "src_device"),
	CLI_NUMBER(0, "copy", "N", struct args, copy, 1, 65535,
		   "take the Nth copy that is found; default: the newest",
		   .excludes = "src_device"),
};

/* Shows what was found, and asks; neither where nothing is to be heard and the answer is known. */
static int confirm(struct cli *cli, const struct bch_recovery *recovery)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_TEXT);
	const char *text;
	int err;

	if (cli->common.quiet && cli->common.yes)
		return 1;
	if (facts)
		bch_recovery_show(recovery, facts);
	text = facts ? bch_facts_str(facts) : NULL;
	if (!text)
		return -BCH_ERR_no_memory;
	err = cli_write(cli, "Found superblock:\n");
	if (!err)
		err = cli_write(cli, text);
	return err ? err : cli_ask(cli, "Recover?");
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_recover_opts opts = {
		.dev_size = a->dev_size,
		.offset = a->offset,
		.scan_len = a->scan_len,
		.from = a->src_device,
		.dev_idx = (u32)a->dev_idx,
		.copy = (u32)a->copy,
		.dry_run = cli->common.dry_run || cli->common.no,
		.undo = cli_undo_opts(cli),
		.now = cli_now(),
	};
	struct bch_recovery *recovery;
	int err;

	if (a->offset % BCH_SECTOR_SIZE)
		return cli_usage(cli, "offset: not a multiple of 512: %llu",
				 (unsigned long long)a->offset);
	err = bch_recovery_find(cli->ctx, a->device, &opts, &recovery);
	if (err)
		return err;
	err = opts.dry_run ? 1 : confirm(cli, recovery);
	if (err > 0) {
		if (opts.dry_run)
			bch_recovery_show(recovery, cli->facts);
		else if (cli->common.yes)
			cli_say(cli, "Recovering");
		err = bch_recovery_write(recovery);
	} else if (!err) {
		err = bch_error_whole(cli->ctx, -BCH_ERR_refused, "nothing was written");
	}
	bch_recovery_free(recovery);
	return err;
}

const struct cli_command cmd_recover_super = {
	.name = "recover-super",
	.heading = CLI_HEADING_superblock,
	.summary = "bring back a lost superblock",
	.help = "Looks for copies at the start and the end of DEVICE, takes the newest, and writes "
		"it to\n"
		"all its places after asking. With -s and -i the superblock is made from another "
		"member's.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_ASKS | CLI_WRITES,
	.run = run,
};
