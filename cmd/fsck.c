// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs fsck: check an unmounted filesystem and repair it. CLI 6.1. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bcachefs/fsck.h>
#include <bcachefs/journal.h>
#include <bcachefs/recovery_pass.h>
#include "cli.h"
#include "cli_table.h"

/* Bits of the exit status, as fsck(8). CLI 2.7. */
#define CORRECTED 1
#define ERRORS	  4
#define FAILED	  8
#define USAGE	  16
#define CANCELLED 32

/* Most nodes are read once, and few are wanted again. */
#define CACHE_BYTES (16U << 20)

struct args {
	const char *passes;
	bool force, preen;
	bool yes, no;
	bool kernel, no_kernel, ratelimit,
		reconstruct; /* habits: what they ask for is done, or never */
	bool ignored;
	const char *ignored_text;
};

/* What fsck(8), systemd-fsck and e2fsck's users bring along. */
#define IGNORED(letter) CLI_FLAG(letter, NULL, struct args, ignored, NULL, .hidden = true)
#define IGNORED_TEXT(letter, ...)                                                       \
	CLI_STRING(letter, NULL, NULL, struct args, ignored_text, NULL, .hidden = true, \
		   ##__VA_ARGS__)

/* Mount options that say how to check; of others opening takes what is about it. */
enum {
	PASSES,
	PASSES_EXCLUDED,
	FIX_ERRORS,
	REWIND
};
static const char *const words[] = { [PASSES] = "recovery_passes=*",
				     [PASSES_EXCLUDED] = "recovery_passes_exclude=*",
				     [FIX_ERRORS] = "fix_errors*",
				     [REWIND] = "journal_rewind=*",
				     "fsck",
				     "reconstruct_alloc",
				     "ratelimit_errors",
				     "version_upgrade=*",
				     NULL };

static const struct cli_option options[] = {
	CLI_FLAG('p', "preen", struct args, preen,
		 "check only what is known to be wrong, repair what is safe; same as -a"),
	CLI_FLAG('a', "auto", struct args, preen, "same as -p"),
	CLI_FLAG('n', "no", struct args, no, "change nothing, answer no"),
	CLI_FLAG('y', "yes", struct args, yes, "answer yes to all questions"),
	CLI_FLAG('f', "force", struct args, force, "with -p: check all, even if it is clean"),
	CLI_STRING(0, "passes", "LIST", struct args, passes,
		   "only what these recovery passes check, comma-separated"),
	CLI_OPT_LIST('o', "options", BCH_OPT_MOUNT, struct cli_common, mount_opts,
		     "mount options, also recovery_passes=LIST, recovery_passes_exclude=LIST, "
		     "fix_errors=yes|no, journal_rewind=SEQ",
		     .names = words, .in_common = true),
	CLI_FLAG('k', "kernel", struct args, kernel,
		 "refused: the running kernel is never asked to do it"),
	CLI_FLAG('K', "no-kernel", struct args, no_kernel, "as is done in any case"),
	CLI_FLAG('r', "ratelimit_errors", struct args, ratelimit, "accepted, and ignored"),
	CLI_FLAG('R', "reconstruct_alloc", struct args, reconstruct,
		 "accepted: what is wrong about allocation is made anew in any case"),
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

/* ------------------------------------------------------------------ the report */

struct report {
	struct cli *cli;
	bool open; /* the line of a pass has no end yet */
};

/* "fix" and "delete" become "fixing" and "deleting". */
static void put_doing(struct bch_buf *out, const char *verb)
{
	size_t len = strlen(verb);

	bch_buf_put(out, "%.*sing", (int)(verb[len - 1] == 'e' ? len - 1 : len), verb);
}

static void put_text(const struct report *r, struct bch_buf *out, const struct bch_fsck_problem *p)
{
	if (r->cli->common.verbose)
		bch_buf_put(out, "[%s] ", p->name);
	bch_buf_puts(out, p->text);
	bch_buf_puts(out, ", ");
}

static int write_json(struct cli *cli, struct bch_facts *facts)
{
	const char *line = bch_facts_line(facts);

	return line ? cli_write(cli, line) : -BCH_ERR_no_memory;
}

static int problem_json(struct cli *cli, const struct bch_fsck_problem *p)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);

	if (!facts)
		return -BCH_ERR_no_memory;
	bch_fact(facts, "problem", "%s", p->name);
	bch_fact_u64(facts, "id", p->id);
	bch_fact(facts, "text", "%s", p->text);
	bch_fact(facts, "repair", "%s", p->verb);
	bch_fact_bool(facts, "loses_data", p->loses);
	bch_fact_bool(facts, "repaired", p->repaired);
	return write_json(cli, facts);
}

static int problem(void *arg, const struct bch_fsck_problem *p)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	struct report *r = arg;

	if (r->cli->common.json)
		return problem_json(r->cli, p);
	put_text(r, &line, p);
	bch_buf_puts(&line, p->repaired ? "" : "not ");
	put_doing(&line, p->verb);
	bch_buf_newline(&line);
	return bch_buf_failed(&line) ? -BCH_ERR_no_memory : cli_write(r->cli, bch_buf_str(&line));
}

static int pass(void *arg, const char *name, bool ends)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	struct report *r = arg;

	if (r->cli->common.json || r->cli->common.quiet)
		return 0;
	if (ends)
		bch_buf_puts(&line, " done\n");
	else
		bch_buf_put(&line, "%s...", name);
	return cli_write(r->cli, bch_buf_str(&line));
}

/* ------------------------------------------------------------------ questions: CLI 2.6 */

static int reply_of(const char *line)
{
	if (!line[0] || line[1])
		return -1;
	switch (line[0]) {
	case 'y':
		return BCH_FSCK_REPLY_YES;
	case 'n':
		return BCH_FSCK_REPLY_NO;
	case 'Y':
		return BCH_FSCK_REPLY_YES_TO_ALL;
	case 'N':
		return BCH_FSCK_REPLY_NO_TO_ALL;
	default:
		return -1;
	}
}

static int read_reply(struct cli *cli)
{
	char line[64];
	int reply, more;

	do {
		int err = cli_write(cli, " (y,n, or Y,N for all errors of this type) ");

		if (err)
			return err;
		more = cli_read_line(STDIN_FILENO, line, sizeof(line));
		if (more < 0)
			return bch_error(cli->ctx, more, "standard input");
		reply = reply_of(line);
	} while (more && reply < 0);
	if (more)
		return reply;
	cli->nobody_there = true;
	cli_say(cli, "nobody is there to answer: no is taken for this and what follows");
	return BCH_FSCK_REPLY_NO;
}

static int ask(void *arg, const struct bch_fsck_problem *p)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	struct report *r = arg;
	int err;

	if (r->cli->nobody_there || r->cli->common.json)
		return BCH_FSCK_REPLY_NO;
	put_text(r, &text, p);
	bch_buf_put(&text, "%s?\n", p->verb);
	err = bch_buf_failed(&text) ? -BCH_ERR_no_memory : cli_write(r->cli, bch_buf_str(&text));
	return err ? err : read_reply(r->cli);
}

/* ------------------------------------------------------------------ the summary */

static void put_name(struct bch_buf *out, const struct bch_fs *fs)
{
	bch_fs_name_put(out, fs);
}

static void put_summary(struct bch_buf *out, const struct bch_fs *fs,
			const struct bch_fsck_result *result)
{
	put_name(out, fs);
	bch_buf_put(out,
		    ": %zu kinds of problems, %" PRIu64 " found, %" PRIu64 " repaired, %" PRIu64
		    " left\n",
		    result->nr_counts, result->nr_found, result->nr_repaired,
		    result->nr_found - result->nr_repaired);
	for (size_t i = 0; i < result->nr_counts; i++) {
		const struct bch_fsck_count *n = &result->counts[i];

		bch_buf_put(out, "  %-36s %8" PRIu64 "  %s\n", n->name, n->nr_found,
			    n->nr_repaired == n->nr_found ? "repaired"
			    : n->nr_repaired		  ? "partly repaired"
							  : "left");
	}
}

static int summary_json(struct cli *cli, const struct bch_fs *fs,
			const struct bch_fsck_result *result)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);

	if (!facts)
		return -BCH_ERR_no_memory;
	bch_fact_uuid(facts, "uuid", bch_fs_uuid(fs));
	bch_fact_u64(facts, "found", result->nr_found);
	bch_fact_u64(facts, "repaired", result->nr_repaired);
	bch_fact_u64(facts, "left", result->nr_found - result->nr_repaired);
	bch_facts_list(facts, "kinds");
	for (size_t i = 0; i < result->nr_counts; i++) {
		bch_facts_object(facts, NULL);
		bch_fact(facts, "problem", "%s", result->counts[i].name);
		bch_fact_u64(facts, "id", result->counts[i].id);
		bch_fact_u64(facts, "found", result->counts[i].nr_found);
		bch_fact_u64(facts, "repaired", result->counts[i].nr_repaired);
		bch_facts_end(facts);
	}
	bch_facts_end(facts);
	return write_json(cli, facts);
}

static int summary(struct cli *cli, const struct bch_fs *fs, const struct bch_fsck_result *result)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	if (cli->common.json)
		return summary_json(cli, fs, result);
	if (!result->nr_found && cli->common.quiet)
		return 0;
	put_summary(&text, fs, result);
	return bch_buf_failed(&text) ? -BCH_ERR_no_memory : cli_write(cli, bch_buf_str(&text));
}

static int status_of(struct cli *cli, const struct bch_fs *fs, const struct bch_fsck_result *result)
{
	struct bch_buf name bch_auto(buf) = { 0 };
	int status = 0;

	put_name(&name, fs);
	if (result->nr_repaired) {
		cli_say(cli, "%s: errors fixed", bch_buf_str(&name));
		status |= CORRECTED;
	}
	if (result->nr_repaired < result->nr_found) {
		cli_say(cli, "%s: still has errors", bch_buf_str(&name));
		status |= ERRORS;
	}
	return status;
}

/* ------------------------------------------------------------------ what is wanted */

struct wanted {
	enum bch_fsck_answer answer;
	u64 passes;
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

static int take_passes(struct cli *cli, const char *list, bool others, struct wanted *w)
{
	u64 passes;
	int err = bch_recovery_passes_parse(cli->ctx, list, &passes);

	if (!err)
		w->passes = others ? ~passes : passes;
	return err;
}

static int take_word(struct cli *cli, const char *item, struct wanted *w)
{
	const char *value = strchr(item, '=');

	switch (cli_own_word(words, item)) {
	case PASSES:
		return take_passes(cli, value + 1, false, w);
	case PASSES_EXCLUDED:
		return take_passes(cli, value + 1, true, w);
	case FIX_ERRORS:
		return take_fix_errors(cli, item + strlen("fix_errors"), w);
	case REWIND:
		return take_rewind(cli, value + 1, w);
	default:
		return 0;
	}
}

static int take_wanted(struct cli *cli, const struct args *a, struct wanted *w)
{
	const struct cli_events *given = &cli->common.mount_opts;
	int err = a->passes ? take_passes(cli, a->passes, false, w) : 0;

	w->answer = answer_of(a);
	w->start.cache_bytes = CACHE_BYTES;
	for (size_t i = 0; i < given->nr && !err; i++)
		if (!given->p[i].opt)
			err = take_word(cli, given->p[i].text, w);
	return err;
}

/* ------------------------------------------------------------------ run */

static int check(struct cli *cli, const struct wanted *w, struct bch_fs *fs)
{
	struct report report = { .cli = cli };
	struct bch_fsck_opts opts = {
		.answer = w->answer,
		.passes = w->passes,
		.ask = ask,
		.problem = problem,
		.pass = pass,
		.arg = &report,
	};
	struct bch_fsck_result result = { 0 };
	int err = bch_fsck(fs, &opts, &result);

	if (!err)
		err = summary(cli, fs, &result);
	if (!err)
		err = status_of(cli, fs, &result);
	bch_fsck_result_end(&result);
	return err;
}

/* What a boot has time for. */
static int preen(struct cli *cli, const struct args *a, const struct wanted *w, struct bch_fs *fs)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	put_name(&name, fs);
	if (a->force || bch_fs_wants_fsck(fs))
		return check(cli, w, fs);
	cli_say(cli, "%s: %s", bch_buf_str(&name),
		bch_fs_is_clean(fs) ? "clean"
				    : "recovering from unclean shutdown is left to mount");
	return 0;
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
		err = cli_open(cli, w.answer == BCH_FSCK_NO ? 0 : BCH_OPEN_WRITE, &fs);
	if (!err)
		err = cli_unlock(cli, fs);
	if (!err)
		err = bch_fs_start(fs, &w.start);
	if (!err)
		err = w.answer == BCH_FSCK_SAFE ? preen(cli, a, &w, fs) : check(cli, &w, fs);
	closed = bch_fs_close(fs);
	return err < 0 ? err : closed ? closed : err;
}

const struct cli_command cmd_fsck = {
	.name = "fsck",
	.heading = CLI_HEADING_repair,
	.summary = "check an unmounted filesystem and repair it",
	.help = "Each problem is told, and repaired where the answer is yes; -n goes on as if all "
		"had been repaired, so that it finds what -y would. Nothing is written until all "
		"has been checked again with the repairs; then they become durable at once. A no "
		"never ends the check.\n"
		"Exit status: the sum of 1: errors corrected; 4: errors left; 8: failed; 16: "
		"usage; "
		"32: cancelled.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_JSON_LINES | CLI_PROGRESS | CLI_PASSPHRASE | CLI_WRITES,
	.status_failed = FAILED,
	.status_usage = USAGE,
	.status_cancelled = CANCELLED,
	.run = run,
};
