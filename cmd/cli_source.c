// SPDX-License-Identifier: GPL-2.0-or-later
/* Options that say which files a new filesystem begins with, and what was made of them. CLI 5.1, 11.2. */

#include <errno.h>
#include <stdlib.h>
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

int cli_source_opts(struct cli *cli, const struct cli_source *source, struct bch_source_opts *opts)
{
	const char *owner = source->owner;

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
	return 0;
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
