// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs journal_rewind_info: how far back the journal can be rewound. CLI 6.3. */

#include <bcachefs/journal.h>
#include "cli.h"

struct args {
	u64 nr;
};

static const struct cli_option options[] = {
	CLI_NUMBER('n', "nr-entries", "N", struct args, nr, 0, UINT64_MAX,
		   "only the newest N; 0 for all"),
	CLI_FILESYSTEM,
};

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = cli_open_readable(cli, &fs);

	return err ? err : bch_journal_rewind_info(fs, a->nr, cli->facts);
}

const struct cli_command cmd_journal_rewind_info = {
	.name = "journal_rewind_info",
	.heading = CLI_HEADING_repair,
	.summary = "print how far back the journal can be rewound",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PASSPHRASE,
	.run = run,
};
