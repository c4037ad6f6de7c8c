// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs fsck: check an unmounted filesystem and repair it. CLI 6.1. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bcachefs/journal.h>
#include <bcachefs/recovery_pass.h>
#include "fsck.h"

#define RATE_LIMIT 10 /* of each kind */

/* Most nodes are read once, and few are wanted again. */
#define CACHE_BYTES (16U << 20)
#define MEMORY_MIN  4096

struct args {
	const char *passes, *report;
	bool force, preen;
	bool yes, no;
	bool ratelimit, data;
	u64 threads, memory;
	bool kernel, no_kernel, reconstruct; /* habits: what they ask for is done, or never */
	bool ignored;
	const char *ignored_text;
};

/* What fsck(8), systemd-fsck and e2fsck's users bring along. */
#define IGNORED(letter) CLI_FLAG(letter, NULL, struct args, ignored, NULL, .hidden = true)
#define IGNORED_TEXT(letter, ...)                                                       \
	CLI_STRING(letter, NULL, NULL, struct args, ignored_text, NULL, .hidden = true, \
		   ##__VA_ARGS__)

/* Words of -o that say how to check; of others opening takes what is about it, and the rest is ignored. */
enum {
	PASSES,
	PASSES_EXCLUDED,
	PASS_LAST,
	FIX_ERRORS,
	REWIND,
	NOCHANGES,
	RATELIMIT,
	VERBOSE,
	NR_MEANT,
};
static const char *const words[] = {
	[PASSES] = "recovery_passes=*",
	[PASSES_EXCLUDED] = "recovery_passes_exclude=*",
	[PASS_LAST] = "recovery_pass_last=*",
	[FIX_ERRORS] = "fix_errors*",
	[REWIND] = "journal_rewind=*",
	[NOCHANGES] = "nochanges",
	[RATELIMIT] = "ratelimit_errors",
	[VERBOSE] = "verbose",
	/* what is done, or not done, in any case */
	[NR_MEANT] = "fsck",
	"read_only",
	"ro",
	"reconstruct_alloc",
	"version_upgrade=*",
	NULL,
};

static const struct cli_option options[] = {
	CLI_FLAG('p', "preen", struct args, preen,
		 "check only what is known to be wrong, repair what is safe; same as -a"),
	CLI_FLAG('a', "auto", struct args, preen, "same as -p"),
	CLI_FLAG('n', "no", struct args, no, "change nothing, answer no"),
	CLI_FLAG('y', "yes", struct args, yes, "answer yes to all questions"),
	CLI_FLAG('f', "force", struct args, force, "with -p: check all, even if it is clean"),
	CLI_STRING(0, "passes", "LIST", struct args, passes,
		   "only what these recovery passes check, comma-separated"),
	CLI_OPT_LIST(
		'o', "options", BCH_OPT_MOUNT, struct cli_common, mount_opts,
		"mount options, also recovery_passes=LIST, recovery_passes_exclude=LIST, "
		"recovery_pass_last=PASS, fix_errors=yes|no|ask, journal_rewind=SEQ, nochanges, "
		"ratelimit_errors, verbose; unknown ones are ignored",
		.names = words, .any_word = true, .in_common = true),
	CLI_FLAG('k', "kernel", struct args, kernel,
		 "refused: the running kernel is never asked to do it"),
	CLI_FLAG('K', "no-kernel", struct args, no_kernel, "as is done in any case"),
	CLI_FLAG('r', "ratelimit_errors", struct args, ratelimit,
		 "print no more than 10 problems of each kind"),
	CLI_FLAG('R', "reconstruct_alloc", struct args, reconstruct,
		 "accepted: what is wrong about allocation is made anew in any case"),
	CLI_FLAG(0, "data", struct args, data,
		 "then verify the checksums of all data too, as scrub does"),
	CLI_NUMBER('j', "threads", "N", struct args, threads, 1, 256,
		   "threads that read nodes and verify them (4)"),
	CLI_SIZE('m', "memory", struct args, memory, MEMORY_MIN, UINT64_MAX,
		 "for nodes and what is compared in parts; default: a quarter of the machine's"),
	CLI_STRING(0, "report", "FILE", struct args, report,
		   "write all problems to FILE, and the paths of all files that they are about"),
	CLI_FILESYSTEM,
	IGNORED('A'),
	IGNORED('M'),
	IGNORED('N'),
	IGNORED('P'),
	IGNORED('T'),
	IGNORED('V'),
	IGNORED('s'),
	IGNORED('l'),
	IGNORED_TEXT('C', .optional = true),
	IGNORED_TEXT('t'),
};

/* ------------------------------------------------------------------ what is wanted */

struct wanted {
	enum bch_fsck_answer answer;
	u64 passes;
	bool ratelimit, data;
	u64 memory;
	struct bch_start_opts start;
};

/* They win over -p, and -n over -y: people type all of them. */
static enum bch_fsck_answer answer_of(const struct args *a)
{
	return a->no	  ? BCH_FSCK_NO
	       : a->yes	  ? BCH_FSCK_YES
	       : a->preen ? BCH_FSCK_SAFE
			  : BCH_FSCK_ASK;
}

static int take_fix_errors(struct cli *cli, const char *value, struct wanted *w)
{
	if (!*value || !strcmp(value, "=yes"))
		w->answer = BCH_FSCK_YES;
	else if (!strcmp(value, "=no"))
		w->answer = BCH_FSCK_NO;
	else if (!strcmp(value, "=ask"))
		w->answer = BCH_FSCK_ASK;
	else
		return bch_error_whole(cli->ctx, -BCH_ERR_option_value,
				       "fix_errors%s: want yes, no or ask", value);
	return 0;
}

static int take_rewind(struct cli *cli, const char *value, struct wanted *w)
{
	char *end;

	w->start.rewind = true;
	w->start.rewind_to = strtoull(value, &end, 10);
	return *value && !*end ? 0
			       : bch_error_whole(cli->ctx, -BCH_ERR_option_value,
						 "journal_rewind=%s: not a number", value);
}

/* Of those that are wanted so far; all without a word. */
static int take_passes(struct cli *cli, int word, const char *list, struct wanted *w)
{
	u64 passes, before = w->passes ? w->passes : ~0ULL;
	int err = bch_recovery_passes_parse(cli->ctx, list, &passes);

	if (err)
		return err;
	w->passes = word == PASSES	? passes
		    : word == PASS_LAST ? before & bch_fsck_passes_until(passes)
					: before & ~passes;
	return w->passes ? 0
			 : bch_error_whole(cli->ctx, -BCH_ERR_option_value, "%s: no pass is left",
					   list);
}

static int take_word(struct cli *cli, const char *item, struct wanted *w)
{
	const char *value = strchr(item, '=');
	int word = cli_own_word(words, item);

	switch (word) {
	case PASSES:
	case PASSES_EXCLUDED:
	case PASS_LAST:
		return take_passes(cli, word, value + 1, w);
	case FIX_ERRORS:
		return take_fix_errors(cli, item + strlen("fix_errors"), w);
	case REWIND:
		return take_rewind(cli, value + 1, w);
	case NOCHANGES:
		w->answer = BCH_FSCK_NO;
		return 0;
	case RATELIMIT:
		w->ratelimit = true;
		return 0;
	case VERBOSE:
		cli->common.verbose++;
		return 0;
	case -1:
		bch_log(cli->ctx, BCH_LOG_warn, "-o %s: ignored", item);
		return 0;
	default:
		return 0;
	}
}

static u64 memory_of(const struct args *a)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	if (a->memory)
		return a->memory;
	return pages > 0 && page > 0 ? (u64)pages * (u64)page / 4 : 0;
}

static int take_wanted(struct cli *cli, const struct args *a, struct wanted *w)
{
	const struct cli_events *given = &cli->common.mount_opts;
	int err = a->passes ? take_passes(cli, PASSES, a->passes, w) : 0;

	w->answer = answer_of(a);
	w->ratelimit = a->ratelimit;
	w->data = a->data;
	w->memory = memory_of(a);
	w->start.cache_bytes = CACHE_BYTES;
	if (a->memory && a->memory / 4 < CACHE_BYTES)
		w->start.cache_bytes = a->memory / 4;
	w->start.nr_threads = (u32)a->threads;
	for (size_t i = 0; i < given->nr && !err; i++)
		if (!given->p[i].opt)
			err = take_word(cli, given->p[i].text, w);
	return err;
}

/* As kernels name what they were mounted with. */
static void put_opts(struct bch_buf *out, const struct cli *cli, const struct wanted *w)
{
	static const char *const answers[] = {
		[BCH_FSCK_ASK] = "fsck,fix_errors=ask",
		[BCH_FSCK_NO] = "ro,fsck,fix_errors=no,nochanges",
		[BCH_FSCK_YES] = "fsck,fix_errors=yes",
		[BCH_FSCK_SAFE] = "fsck,errors=fix_safe",
	};
	const struct cli_events *given = &cli->common.mount_opts;

	bch_buf_puts(out, answers[w->answer]);
	for (size_t i = 0; i < given->nr; i++)
		if (given->p[i].opt)
			bch_buf_put(out, ",%s=%s", given->p[i].opt->name, given->p[i].text);
		else if (cli_own_word(words, given->p[i].text) < NOCHANGES)
			bch_buf_put(out, ",%s", given->p[i].text);
}

/* ------------------------------------------------------------------ run */

static int check_with(struct fsck_report *report, const struct wanted *w, struct bch_fs *fs)
{
	const struct bch_fsck_opts opts = {
		.answer = w->answer,
		.passes = w->passes,
		.nr_threads = w->start.nr_threads,
		.memory = w->memory,
		.progress = cli_progress_mode(report->cli),
		.ask = fsck_ask,
		.problem = fsck_report_problem,
		.pass = fsck_report_pass,
		.arg = report,
	};
	struct bch_buf text bch_auto(buf) = { 0 };
	struct bch_fsck_result result = { 0 };
	int err;

	put_opts(&text, report->cli, w);
	err = fsck_report_heading(report, fs, bch_buf_str(&text));
	if (!err)
		err = bch_fsck(fs, &opts, &result);
	if (!err)
		err = fsck_report_result(report, fs, &result);
	if (err >= 0 && w->data)
		err = fsck_report_data(report, fs, err);
	bch_fsck_result_end(&result);
	return err;
}

static int check(struct cli *cli, const struct args *a, const struct wanted *w, struct bch_fs *fs)
{
	struct fsck_report report;
	int err = fsck_report_begin(&report, cli, a->report);

	report.limit = w->ratelimit ? RATE_LIMIT : 0;
	if (!err)
		err = check_with(&report, w, fs);
	return fsck_report_end(&report, err);
}

/* What a boot has no time for. */
static int say_clean(struct cli *cli, const struct bch_fs *fs)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	bch_fs_name_put(&name, fs);
	cli_say(cli, "%s: %s", bch_buf_str(&name),
		bch_fs_is_clean(fs) ? "clean"
				    : "recovering from unclean shutdown is left to mount");
	return 0;
}

/* Starts and checks what was opened. */
static int start(struct cli *cli, const struct args *a, struct wanted *w, struct bch_fs *fs)
{
	bool whole = w->answer != BCH_FSCK_SAFE || a->force || bch_fs_wants_fsck(fs);
	int err;

	w->start.for_check = whole;
	err = bch_fs_start(fs, &w->start);
	if (err)
		return err;
	return whole ? check(cli, a, w, fs) : say_clean(cli, fs);
}

/* In the sentence that scripts look for. */
static int say_failed(struct cli *cli, const struct bch_fs *fs, int err)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	if (err == -BCH_ERR_cancelled)
		return bch_error_whole(cli->ctx, err, "interrupted, nothing was changed");
	bch_fs_name_put(&name, fs);
	cli_say(cli, "%s: fatal error (went emergency read-only)", bch_buf_str(&name));
	return err;
}

/* Data is read from the devices where nothing is written: what the system remembers may be right. */
static unsigned open_flags(const struct wanted *w)
{
	if (w->answer != BCH_FSCK_NO)
		return BCH_OPEN_WRITE | BCH_OPEN_SHORT;
	return BCH_OPEN_SHORT | (w->data ? BCH_OPEN_DIRECT : 0U);
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct wanted w = { 0 };
	struct bch_fs *fs = NULL;
	int err, closed;

	if (a->kernel)
		return bch_error_whole(cli->ctx, -BCH_ERR_not_supported,
				       "the kernel is never asked to check; leave out -k");
	err = take_wanted(cli, a, &w);
	if (!err)
		err = cli_open(cli, open_flags(&w), &fs);
	if (!err)
		err = cli_unlock(cli, fs);
	if (!err)
		err = start(cli, a, &w, fs);
	if (fs && err < 0)
		err = say_failed(cli, fs, err);
	closed = bch_fs_close(fs);
	return err < 0 ? err : closed ? closed : err;
}

const struct cli_command cmd_fsck = {
	.name = "fsck",
	.heading = CLI_HEADING_repair,
	.summary = "check an unmounted filesystem and repair it",
	.help = "Each problem is told, and repaired where the answer is yes; -n goes on as if all "
		"had been repaired, so that it finds what -y would. Nothing is written until all "
		"has been checked again with the repairs; then they become durable at once, and "
		"whatever ends the check before leaves the filesystem as it was. A no never ends "
		"the check.\n"
		"The file of --report has each problem, and then the paths of the files that they "
		"were about, those that lost data first, in all subvolumes that see them, as they "
		"are after the repair; with --json it has a JSON document a line.\n"
		"A device that ends before what is on it, as after its partition was cut, can be "
		"shortened to where it ends, and what lay behind is lost then; -p leaves it.\n"
		"Data that --data finds bad stays as it is, since its checksum says so to each "
		"reader; it is LOST where no other copy is good. That is an error that is left.\n"
		"Exit status: the sum of 1: errors corrected; 4: errors left; 8: failed; 16: "
		"usage; "
		"32: cancelled.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_JSON_LINES | CLI_PROGRESS | CLI_PASSPHRASE | CLI_WRITES,
	.status_failed = FSCK_FAILED,
	.status_usage = FSCK_USAGE,
	.status_cancelled = FSCK_CANCELLED,
	.run = run,
};
