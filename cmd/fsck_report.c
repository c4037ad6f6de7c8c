// SPDX-License-Identifier: GPL-2.0-or-later
/* What fsck says: passes, problems, questions, the summary; and the file of --report. CLI 2.6, 6.1. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <bcachefs/resolve.h>
#include <bcachefs/scrub.h>
#include "cli_table.h"
#include "fsck.h"

#define NS_PER_S 1000000000ULL

static u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * NS_PER_S + (u64)now.tv_nsec;
}

/* ------------------------------------------------------------------ the file */

static int file_error(const struct fsck_report *r)
{
	return bch_error(r->cli->ctx, bch_errno(errno), "%s", r->file_name);
}

static int write_file(const struct fsck_report *r, const char *text)
{
	if (!r->file || fputs(text, r->file) != EOF)
		return 0;
	return file_error(r);
}

int fsck_report_begin(struct fsck_report *r, struct cli *cli, const char *file_name)
{
	*r = (struct fsck_report){ .cli = cli, .file_name = file_name, .began_ns = now_ns() };
	r->pass_waits = isatty(STDOUT_FILENO) && cli_progress_mode(cli) == BCH_PROGRESS_TERMINAL;
	if (!file_name)
		return 0;
	r->file = fopen(file_name, "we");
	return r->file ? 0 : file_error(r);
}

int fsck_report_end(struct fsck_report *r, int err)
{
	int closed = r->file && fclose(r->file) ? file_error(r) : 0;

	return err < 0 || !closed ? err : closed;
}

/* ------------------------------------------------------------------ problems */

/* "fix" and "delete" become "fixing" and "deleting". */
static void put_doing(struct bch_buf *out, const struct bch_fsck_problem *p)
{
	size_t len = strlen(p->verb);

	bch_buf_puts(out, p->repaired ? "" : "not ");
	bch_buf_put(out, "%.*sing", (int)(p->verb[len - 1] == 'e' ? len - 1 : len), p->verb);
}

static void put_text(const struct fsck_report *r, struct bch_buf *out,
		     const struct bch_fsck_problem *p)
{
	if (r->cli->common.verbose)
		bch_buf_put(out, "[%s] ", p->name);
	bch_buf_puts(out, p->text);
	bch_buf_puts(out, ", ");
}

static int write_json(const struct fsck_report *r, struct bch_facts *facts, bool printed)
{
	const char *line = bch_facts_line(facts);
	int err = line ? write_file(r, line) : -BCH_ERR_no_memory;

	return err || !printed ? err : cli_write(r->cli, line);
}

static int problem_json(const struct fsck_report *r, const struct bch_fsck_problem *p, bool printed)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);

	if (!facts)
		return -BCH_ERR_no_memory;
	bch_fact(facts, "problem", "%s", p->name);
	bch_fact_u64(facts, "id", p->id);
	bch_fact(facts, "text", "%s", p->text);
	if (p->inum)
		bch_fact_u64(facts, "inum", p->inum);
	bch_fact(facts, "repair", "%s", p->verb);
	bch_fact_bool(facts, "loses_data", p->loses);
	bch_fact_bool(facts, "repaired", p->repaired);
	return write_json(r, facts, printed);
}

/* A block of the file: name and repair, the text, the file, an empty line. */
static int problem_block(const struct fsck_report *r, const struct bch_fsck_problem *p)
{
	struct bch_buf block bch_auto(buf) = { 0 };

	bch_buf_put(&block, "%s, ", p->name);
	put_doing(&block, p);
	bch_buf_put(&block, "\n  %s\n", p->text);
	if (p->inum)
		bch_buf_put(&block, "  file %" PRIu64 "\n", p->inum);
	bch_buf_newline(&block);
	return bch_buf_failed(&block) ? -BCH_ERR_no_memory : write_file(r, bch_buf_str(&block));
}

/* The pass that waits. */
static void put_pass(struct fsck_report *r, struct bch_buf *out)
{
	if (r->pass)
		bch_buf_put(out, "%s...", r->pass);
	r->pass = NULL;
}

static int problem_line(struct fsck_report *r, const struct bch_fsck_problem *p)
{
	struct bch_buf line bch_auto(buf) = { 0 };

	put_pass(r, &line);
	put_text(r, &line, p);
	put_doing(&line, p);
	bch_buf_newline(&line);
	if (p->nr == r->limit)
		bch_buf_put(&line, "%s: more of this kind are counted, and not printed\n", p->name);
	return bch_buf_failed(&line) ? -BCH_ERR_no_memory : cli_write(r->cli, bch_buf_str(&line));
}

int fsck_report_problem(void *arg, const struct bch_fsck_problem *p)
{
	struct fsck_report *r = arg;
	bool printed = !r->cli->common.quiet && (!r->limit || p->nr <= r->limit);
	int err = 0;

	if (r->cli->common.json)
		return problem_json(r, p, printed);
	if (r->file)
		err = problem_block(r, p);
	return err || !printed ? err : problem_line(r, p);
}

int fsck_report_pass(void *arg, const char *name, bool ends)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	struct fsck_report *r = arg;

	if (r->cli->common.json || r->cli->common.quiet)
		return 0;
	if (!ends)
		r->pass = name;
	if (!ends && r->pass_waits)
		return 0;
	put_pass(r, &line);
	bch_buf_puts(&line, ends ? " done\n" : "");
	return cli_write(r->cli, bch_buf_str(&line));
}

int fsck_report_heading(struct fsck_report *r, const struct bch_fs *fs, const char *opts)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	if (r->cli->common.json || r->cli->common.quiet)
		return 0;
	bch_fsck_heading_put(&text, fs, opts);
	return bch_buf_failed(&text) ? -BCH_ERR_no_memory : cli_write(r->cli, bch_buf_str(&text));
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

int fsck_ask(void *arg, const struct bch_fsck_problem *p)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	struct fsck_report *r = arg;
	int err;

	if (r->cli->nobody_there || r->cli->common.json)
		return BCH_FSCK_REPLY_NO;
	put_pass(r, &text);
	put_text(r, &text, p);
	bch_buf_put(&text, "%s?\n", p->verb);
	err = bch_buf_failed(&text) ? -BCH_ERR_no_memory : cli_write(r->cli, bch_buf_str(&text));
	return err ? err : read_reply(r->cli);
}

/* ------------------------------------------------------------------ the summary */

static const char *fate(const struct bch_fsck_count *n)
{
	return n->nr_repaired == n->nr_found ? "repaired"
	       : n->nr_repaired		     ? "partly repaired"
					     : "left";
}

static void put_count(struct bch_buf *out, const struct bch_fsck_count *n)
{
	bch_buf_put(out, "  %-36s %8" PRIu64 "  %s", n->name, n->nr_found, fate(n));
	if (n->nr_repaired && !strcmp(n->name, "inode_unreachable"))
		bch_buf_put(out, "   %" PRIu64 " %s now in /lost+found", n->nr_repaired,
			    n->nr_repaired == 1 ? "file" : "files");
	bch_buf_newline(out);
}

/* "checked 12.3 GiB of metadata in 41 s, 310 MiB memory" */
static void put_cost(const struct fsck_report *r, struct bch_buf *out,
		     const struct bch_fsck_result *result)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	bch_buf_puts(out, "checked ");
	bch_buf_human(out, result->metadata_bytes);
	bch_buf_put(out, " of metadata in %.1f s, ", (double)(now_ns() - r->began_ns) / NS_PER_S);
	bch_buf_human(out, (u64)used.ru_maxrss << 10);
	bch_buf_puts(out, " memory\n");
}

static void put_summary(const struct fsck_report *r, struct bch_buf *out, const struct bch_fs *fs,
			const struct bch_fsck_result *result)
{
	bch_fs_name_put(out, fs);
	bch_buf_put(out,
		    ": %zu kinds of problems, %" PRIu64 " found, %" PRIu64 " repaired, %" PRIu64
		    " left\n",
		    result->nr_counts, result->nr_found, result->nr_repaired,
		    result->nr_found - result->nr_repaired);
	for (size_t i = 0; i < result->nr_counts; i++)
		put_count(out, &result->counts[i]);
	if (result->nr_lost_data)
		bch_buf_put(out, "files that lost data: %zu (list: --report)\n",
			    result->nr_lost_data);
	if (result->metadata_bytes)
		put_cost(r, out, result);
}

static int summary_json(const struct fsck_report *r, const struct bch_fs *fs,
			const struct bch_fsck_result *result)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);

	if (!facts)
		return -BCH_ERR_no_memory;
	bch_fact_uuid(facts, "uuid", bch_fs_uuid(fs));
	bch_fact_u64(facts, "found", result->nr_found);
	bch_fact_u64(facts, "repaired", result->nr_repaired);
	bch_fact_u64(facts, "left", result->nr_found - result->nr_repaired);
	bch_fact_u64(facts, "files_that_lost_data", result->nr_lost_data);
	bch_fact_json_u64(facts, "metadata_bytes", result->metadata_bytes);
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
	return write_json(r, facts, true);
}

static int summary(const struct fsck_report *r, const struct bch_fs *fs,
		   const struct bch_fsck_result *result)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	int err;

	if (r->cli->common.json)
		return summary_json(r, fs, result);
	put_summary(r, &text, fs, result);
	err = bch_buf_failed(&text) ? -BCH_ERR_no_memory : write_file(r, bch_buf_str(&text));
	if (err || (!result->nr_found && r->cli->common.quiet))
		return err;
	return cli_write(r->cli, bch_buf_str(&text));
}

/* ------------------------------------------------------------------ files by path */

struct inums {
	char (*text)[24];
	const char **p;
	size_t nr;
};

static void inums_end(struct inums *inums)
{
	free(inums->text);
	free(inums->p);
}

/* Of the files that did or did not lose data. */
static int choose_files(const struct bch_fsck_result *result, bool lost_data, struct inums *inums)
{
	*inums = (struct inums){ .text = calloc(result->nr_files + 1, sizeof(*inums->text)),
				 .p = calloc(result->nr_files + 1, sizeof(*inums->p)) };
	if (!inums->text || !inums->p)
		return -BCH_ERR_no_memory;
	for (size_t i = 0; i < result->nr_files; i++) {
		if (result->files[i].lost_data != lost_data)
			continue;
		inums->p[inums->nr] = inums->text[inums->nr];
		snprintf(inums->text[inums->nr++], sizeof(*inums->text), "%" PRIu64,
			 result->files[i].inum);
	}
	return 0;
}

static int write_paths(const struct fsck_report *r, struct bch_fs *fs, const struct inums *inums,
		       bool lost_data)
{
	static const struct bch_resolve_opts opts;
	bool json = r->cli->common.json;
	struct bch_facts *facts bch_auto(facts) =
		bch_facts_new(json ? BCH_FACTS_JSON : BCH_FACTS_TEXT);
	int err;

	if (!facts)
		return -BCH_ERR_no_memory;
	bch_facts_blank(facts);
	bch_facts_heading(facts, lost_data ? "files that lost data, now at:"
					   : "other files that problems were about, now at:");
	bch_fact_json_str(facts, "files", lost_data ? "lost_data" : "other");
	bch_facts_indent(facts);
	err = bch_resolve(fs, &opts, inums->p, inums->nr, facts);
	if (err == -BCH_ERR_not_found || err == -BCH_ERR_btree_node_read_failed)
		err = 0; /* it is said behind each */
	if (!err && json)
		return write_json(r, facts, false);
	return err ? err : write_file(r, bch_facts_str(facts));
}

static int write_files(const struct fsck_report *r, struct bch_fs *fs,
		       const struct bch_fsck_result *result, bool lost_data)
{
	struct inums inums;
	int err = choose_files(result, lost_data, &inums);

	if (!err && inums.nr)
		err = write_paths(r, fs, &inums, lost_data);
	inums_end(&inums);
	return err;
}

/* ------------------------------------------------------------------ the end */

static int status_of(struct cli *cli, const struct bch_fs *fs, const struct bch_fsck_result *result)
{
	struct bch_buf name bch_auto(buf) = { 0 };
	int status = 0;

	bch_fs_name_put(&name, fs);
	if (result->nr_repaired) {
		cli_say(cli, "%s: errors fixed", bch_buf_str(&name));
		status |= FSCK_CORRECTED;
	}
	if (result->nr_repaired < result->nr_found) {
		cli_say(cli, "%s: still has errors", bch_buf_str(&name));
		status |= FSCK_ERRORS;
	}
	return status;
}

int fsck_report_result(struct fsck_report *r, struct bch_fs *fs,
		       const struct bch_fsck_result *result)
{
	int err = summary(r, fs, result);

	if (!err && r->file)
		err = write_files(r, fs, result, true);
	if (!err && r->file)
		err = write_files(r, fs, result, false);
	return err ? err : status_of(r->cli, fs, result);
}

/* ------------------------------------------------------------------ data */

static int write_facts(const struct fsck_report *r, struct bch_facts *facts)
{
	const char *text;
	int err;

	if (r->cli->common.json)
		return write_json(r, facts, true);
	text = bch_facts_str(facts);
	err = text ? write_file(r, text) : -BCH_ERR_no_memory;
	return err || r->cli->common.quiet ? err : cli_write(r->cli, text);
}

/* Repairs are durable by then, so that an interruption is no error. */
static int status_with_data(struct cli *cli, const struct bch_fs *fs, int status,
			    const struct bch_scrub_result *result)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	bch_fs_name_put(&name, fs);
	if (result->nr_bad && !(status & FSCK_ERRORS))
		cli_say(cli, "%s: still has errors", bch_buf_str(&name));
	if (result->interrupted)
		cli_say(cli, "interrupted: not all data was read");
	return status | (result->nr_bad ? FSCK_ERRORS : 0) |
	       (result->interrupted ? FSCK_CANCELLED : 0);
}

int fsck_report_data(struct fsck_report *r, struct bch_fs *fs, int status)
{
	const struct bch_scrub_opts opts = { .progress = cli_progress_mode(r->cli) };
	struct bch_facts *facts bch_auto(facts) =
		bch_facts_new(r->cli->common.json ? BCH_FACTS_JSON : BCH_FACTS_TEXT);
	struct bch_scrub_result result = { 0 };
	int err = facts ? bch_scrub(fs, &opts, facts, &result) : -BCH_ERR_no_memory;

	if (!err)
		err = write_facts(r, facts);
	return err ? err : status_with_data(r->cli, fs, status, &result);
}
