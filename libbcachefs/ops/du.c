// SPDX-License-Identifier: GPL-2.0-or-later
/* What trees of files take on the devices: apparent, on disk, exclusive. CLI 14.2. */

#include <sys/stat.h>

#include <bcachefs/du.h>
#include "base/memory.h"
#include "ops/du_private.h"
#include "ops/links.h"
#include "ops/space.h"
#include "super/super.h"

/* A directory on the way down. */
struct level {
	char *path; /* owned */
	u32 depth;
	struct bch_du_sums sums;
};

struct du {
	struct bch_fs *fs;
	const struct bch_du_opts *opts;
	struct bch_facts *facts;
	struct bch_viewers viewers;
	struct bch_links links;
	struct {
		BCH_ARRAY(struct level) a;
	} levels;
	struct bch_du_sums *sums;
	bool missing; /* something could not be read */
};

/* ------------------------------------------------------------------ one inode */

/* Is the version that @file sees of no use to any other subvolume? */
static bool is_exclusive(const struct du *du, const struct bch_file *file,
			 const struct bch_version_seen *v)
{
	return !v->nr_viewers ||
	       (v->nr_viewers == 1 && du->viewers.a.v[v->viewers].snapshot == file->snapshot);
}

/* The version of a key that a file's snapshot sees; NULL where there is none. */
static const struct bch_version_seen *version_of(struct bch_fs *fs, const struct bch_file *file,
						 const struct bch_space_versions *versions)
{
	const struct bch_version_seen *nearest = NULL;

	for (size_t i = 0; i < versions->seen.nr; i++) {
		const struct bch_version_seen *v = &versions->seen.v[i];

		if ((!nearest || v->snapshot < nearest->snapshot) &&
		    bch_snapshot_is_ancestor(fs, file->snapshot, v->snapshot))
			nearest = v;
	}
	return nearest;
}

static int add_data(const struct du *du, const struct bch_file *file, struct bch_du_sums *sums)
{
	struct bch_space_walk walk bch_auto(space_walk);
	int more;

	bch_space_walk_begin(&walk, du->fs, &du->viewers, file->inum, file->inum);
	while ((more = bch_space_walk_next(&walk)) > 0) {
		const struct bch_version_seen *v = version_of(du->fs, file, &walk.versions);
		const struct bch_space_key *key = v ? &walk.versions.keys.v[v->index] : NULL;

		if (!v)
			continue;
		sums->on_disk += BCH_BYTES(key->nr_sectors);
		if (is_exclusive(du, file, v))
			sums->exclusive += BCH_BYTES(key->nr_sectors - key->nr_shared_sectors +
						     key->nr_sole_sectors);
	}
	return more;
}

/* Nothing for a file that was counted under another name. */
static int add_inode(struct du *du, const struct bch_file *file, struct bch_du_sums *sums)
{
	struct bch_stat st;
	int err = bch_file_stat(du->fs, file, &st);

	if (!err && st.nlink > 1 && !S_ISDIR(st.mode)) {
		if (bch_links_find(&du->links, file))
			return 0;
		err = bch_links_add(&du->links, file, st.nlink, "");
	}
	if (err)
		return err;
	sums->apparent += st.size;
	return S_ISREG(st.mode) || S_ISLNK(st.mode) ? add_data(du, file, sums) : 0;
}

/* ------------------------------------------------------------------ the lines */

static void add_sums(struct bch_du_sums *to, const struct bch_du_sums *from)
{
	to->apparent += from->apparent;
	to->on_disk += from->on_disk;
	to->exclusive += from->exclusive;
}

void bch_du_fact_size(struct bch_facts *facts, const char *label, const char *key, u64 bytes,
		      bool human)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	if (human)
		bch_buf_human(&text, bytes);
	else
		bch_buf_put(&text, "%" PRIu64, bytes);
	bch_fact_text(facts, label, "%s", bch_buf_str(&text));
	bch_fact_json_u64(facts, key, bytes);
}

static void put_line(const struct du *du, const struct bch_du_sums *sums, const char *path)
{
	static const int widths[] = { -14, -15, -15, 2, 0 };
	struct bch_buf text bch_auto(buf) = { 0 };
	bool human = du->opts->human;

	bch_buf_text(&text, path, strlen(path));
	bch_facts_object(du->facts, NULL);
	bch_facts_row(du->facts, widths, bch_array_size(widths));
	bch_du_fact_size(du->facts, NULL, "apparent_bytes", sums->apparent, human);
	bch_du_fact_size(du->facts, NULL, "on_disk_bytes", sums->on_disk, human);
	bch_du_fact_size(du->facts, NULL, "exclusive_bytes", sums->exclusive, human);
	bch_fact_text(du->facts, NULL, "%s", "");
	bch_fact_text(du->facts, NULL, "%s", bch_buf_str(&text));
	bch_facts_row_end(du->facts);
	bch_fact_json_str(du->facts, "path", path);
	bch_facts_end(du->facts);
}

static void put_heading(const struct du *du)
{
	bch_facts_heading(du->facts, "%14s%15s%15s  %s", "Apparent", "On disk", "Exclusive",
			  "Name");
}

/* ------------------------------------------------------------------ a tree */

/* Ends the directories at @depth and below: all that is in them has been counted. */
static void leave(struct du *du, u32 depth)
{
	while (du->levels.a.nr && du->levels.a.v[du->levels.a.nr - 1].depth >= depth) {
		struct level l = du->levels.a.v[--du->levels.a.nr];

		if (l.depth <= du->opts->depth)
			put_line(du, &l.sums, l.path);
		add_sums(du->levels.a.nr ? &du->levels.a.v[du->levels.a.nr - 1].sums : du->sums,
			 &l.sums);
		free(l.path);
	}
}

static int enter(struct du *du, const char *path, const struct bch_walk_entry *e,
		 const struct bch_du_sums *sums)
{
	struct level l = { .depth = e->depth, .sums = *sums };
	struct bch_buf text bch_auto(buf) = { 0 };
	int err;

	bch_buf_put(&text, "%s%s", *e->path && !strcmp(path, "/") ? "" : path, e->path);
	l.path = bch_buf_take(&text);
	err = l.path ? bch_array_push(&du->levels.a, l) : -BCH_ERR_no_memory;
	if (err)
		free(l.path);
	return err;
}

static bool is_dir(const struct bch_walk_entry *e)
{
	return e->type == S_IFDIR >> 12 || e->type == BCH_FILE_SUBVOL;
}

static int count(struct du *du, const char *path, const struct bch_walk_entry *e)
{
	struct bch_du_sums sums = { 0 };
	int err = add_inode(du, &e->file, &sums), entered = 0;

	leave(du, e->depth);
	if (!e->depth || is_dir(e))
		entered = enter(du, path, e, &sums);
	else
		add_sums(&du->levels.a.v[du->levels.a.nr - 1].sums, &sums);
	if (err)
		err = bch_error(du->fs->ctx, err, "%s%s", path, e->path);
	return entered ? entered : err;
}

/* Goes on after an error where that is wanted. */
static int passed_over(struct du *du, int err)
{
	if (!du->opts->ignore_errors || err == -BCH_ERR_no_memory || err == -BCH_ERR_cancelled)
		return err;
	bch_log(du->fs->ctx, BCH_LOG_warn, "%s", bch_error_message(du->fs->ctx, err));
	du->missing = true;
	return 0;
}

static int count_tree(struct du *du, const char *path)
{
	struct bch_walk *walk bch_auto(walk) = NULL;
	struct bch_walk_entry e;
	struct bch_file file;
	int more, err = bch_path_lookup(du->fs, &du->opts->paths, path, &file);

	if (!err)
		err = bch_walk_begin(du->fs, &file, BCH_WALK_SORTED, &walk);
	if (err)
		return passed_over(du, err);
	while (!err && (more = bch_walk_next(walk, &e))) {
		err = more < 0 ? more : count(du, path, &e);
		if (!err && bch_cancelled(du->fs->ctx))
			err = -BCH_ERR_cancelled;
		if (err)
			err = passed_over(du, err);
	}
	leave(du, 0);
	return err;
}

int bch_du(struct bch_fs *fs, const struct bch_du_opts *opts, const char *const *paths,
	   size_t nr_paths, struct bch_facts *facts, struct bch_du_sums *sums)
{
	struct bch_du_sums all = { 0 };
	struct du du = {
		.fs = fs, .opts = opts, .facts = facts, .links = bch_links_new(), .sums = &all
	};
	int err = bch_viewers_load(fs, &du.viewers);

	put_heading(&du);
	bch_facts_list(facts, "entries");
	for (size_t i = 0; !err && i < nr_paths; i++)
		err = count_tree(&du, paths[i]);
	bch_facts_end(facts);
	bch_viewers_end(&du.viewers);
	bch_links_end(&du.links);
	bch_array_end(&du.levels.a);
	if (sums)
		*sums = all;
	if (!err && du.missing)
		err = bch_error_whole(fs->ctx, -BCH_ERR_btree_node_read_failed,
				      "some files could not be read");
	return err;
}
