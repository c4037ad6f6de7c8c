// SPDX-License-Identifier: GPL-2.0-or-later
/* From inode numbers, keys and places on devices to files. CLI 14.2. */

#include "ops/resolve_private.h"

static int ask_all(struct bch_resolver *r, const char *const *what, size_t nr)
{
	struct bch_question *q;
	int err = 0;

	for (size_t i = 0; !err && i < nr; i++) {
		err = bch_resolver_ask(r, what[i], &q);
		if (err == -BCH_ERR_invalid_argument)
			err = bch_error_whole(r->fs->ctx, err,
					      "%s: neither an inode, nor a key, nor a place on a "
					      "member",
					      what[i]);
	}
	return err;
}

/* Was something asked for that is not there? */
static bool is_missing(const struct bch_question *q)
{
	return q->answers.nr && q->answers.v[0].kind == BCH_ANSWER_missing;
}

static int show_all(struct bch_resolver *r, struct bch_facts *facts)
{
	size_t nr_missing = 0;

	bch_facts_list(facts, "questions");
	for (size_t i = 0; i < r->questions.nr; i++) {
		bch_question_show(r, r->questions.v[i], facts);
		nr_missing += is_missing(r->questions.v[i]);
	}
	bch_facts_end(facts);
	if (r->missing)
		return bch_error_whole(r->fs->ctx, -BCH_ERR_btree_node_read_failed,
				       "some keys could not be read");
	return nr_missing ? bch_error_whole(r->fs->ctx, -BCH_ERR_not_found,
					    "%zu of %zu are not there", nr_missing, r->questions.nr)
			  : 0;
}

int bch_resolve(struct bch_fs *fs, const struct bch_resolve_opts *opts, const char *const *what,
		size_t nr, struct bch_facts *facts)
{
	struct bch_resolver r;
	int err = bch_resolver_init(&r, fs, opts);

	if (!err)
		err = ask_all(&r, what, nr);
	if (!err)
		err = bch_resolver_run(&r);
	if (!err)
		err = show_all(&r, facts);
	bch_resolver_end(&r);
	return err;
}
