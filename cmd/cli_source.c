// SPDX-License-Identifier: GPL-2.0-or-later
/* Options that say which files a new filesystem begins with, and what was made of them. CLI 5.1, 11.2. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <bcachefs/file.h>
#include <bcachefs/journal.h>
#include <bcachefs/super.h>
#include "cli_source.h"

#define NS_PER_SECOND 1000000000LL
#define COLUMN	      16

/* A number that ends with @end. */
static bool take_id(const char **text, char end, u32 *id)
{
	char *rest;
	unsigned long long v;

	errno = 0;
	v = strtoull(*text, &rest, 10);
	if (rest == *text || *rest != end || **text < '0' || **text > '9' || errno ||
	    v > BCH_U32_MAX)
		return false;
	*id = (u32)v;
	*text = rest + 1;
	return true;
}

/*
 * "a.img:b.img:/path", "UUID=…:<4096>": where the path in the filesystem begins. NULL where it is a file here, or can only be
 * one.
 */
static const char *path_in_fs(const char *path)
{
	const char *found = NULL;
	struct stat st;

	if (!lstat(path, &st))
		return NULL;
	for (const char *c = path; (c = strchr(c, ':')); c++)
		if (c > path && (c[1] == '/' || c[1] == '<')) {
			found = c + 1;
			if (c[1] == '<')
				break;
		}
	return found;
}

static int open_fs(struct cli *cli, const char *path, const char *in_fs,
		   struct cli_source_plan *plan)
{
	struct bch_open_opts open_opts;
	const char *devices;
	int err = cli_open_opts(cli, 0, &open_opts);

	bch_buf_mem(&plan->devices, path, (size_t)(in_fs - path) - 1);
	devices = bch_buf_str(&plan->devices);
	open_opts.undo = (struct bch_undo_opts){ 0 };
	open_opts.flags &= ~(unsigned)BCH_OPEN_DRY_RUN;
	if (!err)
		err = bch_fs_open(cli->ctx, &devices, 1, &open_opts, &plan->fs);
	if (!err)
		err = cli_unlock(cli, plan->fs);
	if (!err)
		err = bch_fs_start(plan->fs, NULL);
	if (!err)
		err = bch_files_start(plan->fs, NULL);
	plan->opts.fs = plan->fs;
	plan->opts.fs_path = in_fs;
	return err;
}

int cli_source_take(struct cli *cli, const struct cli_source *source, struct cli_source_plan *plan)
{
	const char *owner = source->owner, *in_fs;
	struct bch_source_opts *opts = &plan->opts;

	*opts = (struct bch_source_opts){
		.path = source->path,
		.excludes = source->excludes.p,
		.nr_excludes = source->excludes.nr,
		.has_owner = owner,
		.dedupe = source->dedupe,
		.now_ns = (s64)cli_now() * NS_PER_SECOND,
		.progress = cli_progress_mode(cli),
	};
	if (owner && !(take_id(&owner, ':', &opts->uid) && take_id(&owner, '\0', &opts->gid)))
		return bch_error_whole(cli->ctx, -BCH_ERR_option_value,
				       "owner: '%s': want two numbers, UID:GID", source->owner);
	in_fs = source->path ? path_in_fs(source->path) : NULL;
	return in_fs ? open_fs(cli, source->path, in_fs, plan) : 0;
}

void cli_source_end(struct cli_source_plan *plan)
{
	(void)bch_fs_close(plan->fs); /* of one that is only read */
	bch_buf_end(&plan->devices);
}

void cli_source_sums(struct cli *cli, const struct bch_populate_sums *sums)
{
	struct bch_facts *f = cli->facts;

	bch_facts_blank(f);
	bch_facts_column(f, COLUMN);
	bch_fact_u64(f, "Total files", sums->nr_files + sums->nr_dirs);
	bch_fact_bytes(f, "Total input", sums->input_bytes);
	bch_fact_bytes(f, "Wrote", sums->stored_bytes - sums->shared_bytes);
	bch_fact_bytes(f, "Linked", sums->shared_bytes);
}
