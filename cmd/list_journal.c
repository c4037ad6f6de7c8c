// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs list_journal: the entries of the journal. CLI 7.2. */

#include <stdlib.h>
#include <string.h>
#include <bcachefs/journal.h>
#include "cli_color.h"

struct args {
	struct bch_journal_form form;
	struct bch_journal_filter filter;
	const char *seq;
	struct cli_strings keys;
	unsigned values, color;
};

/* What -V says: the first three are yes. */
static const char *const bools[] = { "true", "yes", "1", "false", "no", "0", NULL };
#define NR_YES 3

static const struct args defaults = {
	.filter.last_seq = UINT64_MAX,
};

static const struct cli_option options[] = {
	CLI_FLAG('a', "all", struct args, filter.all, "entries before a gap too"),
	CLI_FLAG('d', "dirty-only", struct args, filter.dirty_only,
		 "only entries that a start would replay", .excludes = "all"),
	CLI_NUMBER('n', "nr-entries", "N", struct args, filter.nr_entries, 1, UINT64_MAX,
		   "the newest N"),
	CLI_STRING('s', "seq", "N..M", struct args, seq,
		   "these sequence numbers: N, N..M, N.., ..M"),
	CLI_FLAG('B', "blacklisted", struct args, filter.blacklisted,
		 "entries that recovery ignores too"),
	CLI_FLAG('F', "flush-only", struct args, filter.flush_only, "only flushes"),
	CLI_FLAG('D', "datetime", struct args, form.datetime, "a line an entry: number and date"),
	CLI_FLAG('H', "headers-only", struct args, form.headers_only, "only headers"),
	CLI_FLAG(0, "all-headers", struct args, form.all_headers,
		 "headers of entries without a match too"),
	CLI_FLAG('l', "log", struct args, filter.log,
		 "with a filter: keep transactions that only log"),
	CLI_FLAG('L', "log-only", struct args, filter.log_only, "only transactions that only log"),
	CLI_FLAG('O', "offset", struct args, form.offsets,
		 "word offset before each item; also -o without a list of options",
		 .or_letter = 'o'),
	CLI_STRING('b', "btree", "[+-]BTREES", struct args, filter.btrees,
		   "transactions that touch these btrees, or with - not these"),
	CLI_STRING('t', "transaction", "[+-]NAMES", struct args, filter.transactions,
		   "transactions of these names, or a range as for -k",
		   .synonym = "transaction-filter"),
	CLI_STRINGS('k', "key", "[+-]RANGES", struct args, keys,
		    "transactions that touch BTREE:POS[-BTREE:POS] or BTREE; repeatable",
		    .synonym = "key-filter"),
	CLI_CHOICE('V', "bkey-val", "BOOL", struct args, values, bools,
		   "whether to print the values of keys; default: true"),
	CLI_COLOR('c', struct args, color),
	CLI_FILESYSTEM,
};

/* "N", "N..M", "N..", "..M". */
static int parse_seqs(struct cli *cli, const char *text, struct bch_journal_filter *f)
{
	const char *dots = strstr(text, "..");
	const char *last = dots ? dots + 2 : text;
	char *end = NULL;

	if (text != dots)
		f->first_seq = strtoull(text, &end, 10);
	if (text != dots && end != (dots ? dots : text + strlen(text)))
		return cli_usage(cli, "--seq: not a sequence number or range: %s", text);
	if (!*last && text != dots)
		return 0;
	f->last_seq = strtoull(last, &end, 10);
	return *end || end == last
		       ? cli_usage(cli, "--seq: not a sequence number or range: %s", text)
		       : 0;
}

static int write_text(void *arg, const char *text)
{
	return cli_write(arg, text);
}

static int list(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	struct bch_journal_filter filter = a->filter;
	struct bch_journal_form form = a->form;
	int err = a->seq ? parse_seqs(cli, a->seq, &filter) : 0;

	filter.keys = a->keys.p;
	filter.nr_keys = a->keys.nr;
	form.no_values = a->values >= NR_YES;
	form.json = cli->common.json;
	form.highlight = cli_color(a->color) && !form.json;
	return err ? err : bch_journal_list(fs, &filter, &form, write_text, cli);
}

static int run(struct cli *cli, const void *parsed)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = cli_open_readable(cli, &fs);

	return err ? err : list(cli, parsed, fs);
}

const struct cli_command cmd_list_journal = {
	.name = "list_journal",
	.heading = CLI_HEADING_debug,
	.summary = "print the entries of the journal",
	.help = "Without options: all entries up to the newest that nothing is missing between.",
	CLI_OPTIONS(options, struct args),
	.defaults = &defaults,
	.flags = CLI_JSON | CLI_JSON_LINES | CLI_PASSPHRASE,
	.run = run,
};
