// SPDX-License-Identifier: GPL-2.0-or-later
/* What deleting a subvolume would free, of each; in one walk over all extents. CLI 14.2. */

#include <bcachefs/du.h>
#include "base/memory.h"
#include "ops/du_private.h"
#include "ops/space.h"
#include "super/super.h"

struct by_snapshot {
	struct bch_fs *fs;
	struct bch_viewers viewers;
	u64 *exclusive; /* bytes, by viewer */
	struct bch_du_snapshots sums;
	bool missing;
};

/* ------------------------------------------------------------------ count */

static void count_version(struct by_snapshot *b, const struct bch_version_seen *v,
			  const struct bch_space_key *key)
{
	u64 own = BCH_BYTES(key->nr_sectors - key->nr_shared_sectors);
	u64 sole = BCH_BYTES(key->nr_sole_sectors);

	if (v->nr_viewers > 1) {
		b->sums.common += own;
	} else if (!v->nr_viewers) {
		b->sums.hidden += own;
	} else {
		b->exclusive[v->viewers] += own + sole;
		b->sums.exclusive += own + sole;
		b->sums.shared -= sole < b->sums.shared ? sole : b->sums.shared;
	}
}

/* Says what went wrong with a walk: 0 to go on. */
static int passed_over(struct by_snapshot *b, int err)
{
	if (err != -BCH_ERR_btree_node_read_failed)
		return err;
	bch_log(b->fs->ctx, BCH_LOG_warn, "%s", bch_error_message(b->fs->ctx, err));
	b->missing = true;
	return 0;
}

static int count_extents(struct by_snapshot *b)
{
	struct bch_space_walk walk bch_auto(space_walk);
	int more, err = 0;

	bch_space_walk_begin(&walk, b->fs, &b->viewers, 0, BCH_U64_MAX);
	while (!err && (more = bch_space_walk_next(&walk))) {
		const struct bch_space_versions *v = &walk.versions;

		err = more < 0 ? passed_over(b, more) : 0;
		for (size_t i = 0; more > 0 && i < v->seen.nr; i++)
			count_version(b, &v->seen.v[i], &v->keys.v[v->seen.v[i].index]);
		if (!err && bch_cancelled(b->fs->ctx))
			err = -BCH_ERR_cancelled;
	}
	return err;
}

static int count_shared(struct by_snapshot *b)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(b->fs, BCH_BTREE_reflink, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		if (more < 0)
			err = passed_over(b, more);
		else if (k.type == BCH_KEY_reflink_v)
			b->sums.shared +=
				BCH_BYTES(bch_space_of_pointers(&b->fs->super, &k, k.size));
	}
	return err;
}

/* ------------------------------------------------------------------ the lines */

static const int widths[] = { -15, -11, 2, 0 };

static void put_rest(struct bch_facts *facts, const char *what, const char *key, u64 bytes,
		     bool human)
{
	bch_facts_row(facts, widths, bch_array_size(widths));
	bch_du_fact_size(facts, NULL, key, bytes, human);
	bch_fact_text(facts, NULL, "-");
	bch_fact_text(facts, NULL, "%s", "");
	bch_fact_text(facts, NULL, "%s", what);
	bch_facts_row_end(facts);
}

static int put_subvolume(struct by_snapshot *b, size_t i, struct bch_facts *facts, bool human)
{
	const struct bch_viewer *viewer = &b->viewers.a.v[i];
	struct bch_buf path bch_auto(buf) = { 0 };
	struct bch_buf text bch_auto(buf) = { 0 };
	struct bch_file root;
	int err = bch_file_subvol_root(b->fs, viewer->subvol, &root);

	if (!err)
		err = bch_file_path(b->fs, &root, &path);
	if (err == -BCH_ERR_no_memory)
		return err;
	if (err)
		bch_buf_puts(&path, "(no path)");
	bch_buf_text(&text, bch_buf_str(&path), path.len);
	bch_facts_object(facts, NULL);
	bch_facts_row(facts, widths, bch_array_size(widths));
	bch_du_fact_size(facts, NULL, "exclusive_bytes", b->exclusive[i], human);
	bch_fact_text(facts, NULL, "%" PRIu32, viewer->subvol);
	bch_fact_text(facts, NULL, "%s", "");
	bch_fact_text(facts, NULL, "%s", bch_buf_str(&text));
	bch_facts_row_end(facts);
	bch_fact_json_u64(facts, "subvol", viewer->subvol);
	bch_fact_json_u64(facts, "snapshot", viewer->snapshot);
	if (!err)
		bch_fact_json_str(facts, "path", bch_buf_str(&path));
	bch_facts_end(facts);
	return 0;
}

static int put_all(struct by_snapshot *b, struct bch_facts *facts, bool human)
{
	const struct bch_du_snapshots *s = &b->sums;
	int err = 0;

	bch_facts_heading(facts, "%15s%11s  %s", "Exclusive", "Subvolume", "Path");
	bch_facts_list(facts, "subvolumes");
	for (size_t i = 0; !err && i < b->viewers.a.nr; i++)
		err = put_subvolume(b, i, facts, human);
	bch_facts_end(facts);
	put_rest(facts, "in several subvolumes", "common_bytes", s->common, human);
	put_rest(facts, "shared by reflinks", "shared_bytes", s->shared, human);
	put_rest(facts, "in no subvolume any more", "hidden_bytes", s->hidden, human);
	put_rest(facts, "total", "total_bytes", s->exclusive + s->common + s->shared + s->hidden,
		 human);
	return err;
}

int bch_du_by_snapshot(struct bch_fs *fs, bool human, struct bch_facts *facts,
		       struct bch_du_snapshots *sums)
{
	struct by_snapshot b = { .fs = fs };
	int err = bch_viewers_load(fs, &b.viewers);

	if (!err)
		b.exclusive = bch_calloc(b.viewers.a.nr + 1, sizeof(*b.exclusive));
	if (!err && !b.exclusive)
		err = -BCH_ERR_no_memory;
	if (!err)
		err = count_shared(&b);
	if (!err)
		err = count_extents(&b);
	if (!err)
		err = put_all(&b, facts, human);
	if (!err && sums)
		*sums = b.sums;
	bch_viewers_end(&b.viewers);
	free(b.exclusive);
	if (!err && b.missing)
		err = bch_error_whole(fs->ctx, -BCH_ERR_btree_node_read_failed,
				      "some extents could not be read");
	return err;
}
