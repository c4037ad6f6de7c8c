// SPDX-License-Identifier: GPL-2.0-or-later
/* Putting back what a command overwrote: which devices an undo file is for, whether they are as it left them. */

#include <bcachefs/undo.h>

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "super/super.h"

/* A device to be put back. */
struct target {
	struct bch_blkdev *dev; /* NULL: not there */
	struct bch_super super; /* of those without superblock none */
};

struct restore {
	struct bch_ctx *ctx;
	const struct bch_undo_request *request;
	struct bch_undo_file *file;
	struct bch_undo *redo;	/* how to take it back; NULL: not wanted */
	struct target *targets; /* by the number in the file */
	size_t nr;
};

/* ------------------------------------------------------------------ finding the devices */

static bool is_of_filesystem(const struct restore *r, const struct bch_super *super)
{
	return super->sb && !memcmp(super->sb->uuid, bch_undo_file_header(r->file)->fs_uuid, 16);
}

/* The number in the file, or r->nr. */
static size_t find_by_superblock(const struct restore *r, const struct bch_super *super)
{
	struct bch_member m;
	size_t nr = 0;

	if (!bch_super_member(super, super->sb->dev_idx, &m))
		return r->nr;
	while (nr < r->nr && memcmp(bch_undo_file_dev(r->file, nr)->uuid, m.uuid, 16) != 0)
		nr++;
	return nr;
}

/* One device alone, given by force, is the one, whatever it was called. */
static size_t find_by_name(const struct restore *r, const char *name, size_t nr_given)
{
	size_t nr = 0;

	if (r->request->force && r->nr == 1 && nr_given == 1)
		return 0;
	while (nr < r->nr && strcmp(bch_undo_file_dev(r->file, nr)->name, name) != 0)
		nr++;
	return nr;
}

static int seat(struct restore *r, struct target *t, size_t nr_given)
{
	bool is_member = is_of_filesystem(r, &t->super);
	size_t nr = is_member ? find_by_superblock(r, &t->super)
			      : find_by_name(r, t->dev->name, nr_given);

	if (nr == r->nr && is_member && !bch_undo_file_whole(r->file))
		return 0; /* the command was cut off before it came to this one */
	if (nr == r->nr)
		return bch_error_whole(r->ctx, -BCH_ERR_undo_mismatch,
				       "%s: not a device that %s was made for", t->dev->name,
				       r->request->file);
	if (r->targets[nr].dev)
		return bch_error_whole(r->ctx, -BCH_ERR_device_ambiguous,
				       "%s and %s both claim to be member %u",
				       r->targets[nr].dev->name, t->dev->name,
				       bch_undo_file_dev(r->file, nr)->idx);
	r->targets[nr] = *t;
	*t = (struct target){ 0 };
	return 0;
}

static int target_end(struct target *t)
{
	bch_super_end(&t->super);
	return bch_blkdev_close(t->dev);
}

static unsigned blkdev_flags(unsigned flags)
{
	if (flags & BCH_OPEN_DRY_RUN)
		return 0;
	return BCH_BLKDEV_WRITE | (flags & BCH_OPEN_NOEXCL ? BCH_BLKDEV_SHARED : 0U);
}

static int open_one(struct restore *r, const char *path, size_t nr_given)
{
	struct target t = { 0 };
	int err = bch_blkdev_open(r->ctx, path, blkdev_flags(r->request->open->flags), &t.dev);

	if (err)
		return err;
	if (bch_super_read(t.dev, r->request->open->sb_sector, &t.super))
		bch_super_end(&t.super); /* damaged, or nothing to do with bcachefs: as it may be */
	err = seat(r, &t, nr_given);
	(void)target_end(&t); /* of what was not seated, to which nothing was written */
	return err;
}

static int open_devices(struct restore *r)
{
	const struct bch_undo_request *q = r->request;
	struct bch_paths paths bch_auto(paths) = { 0 };
	int err = bch_resolve_names(r->ctx, q->names, q->nr_names, q->open, &paths);

	for (size_t i = 0; !err && i < paths.a.nr; i++)
		err = open_one(r, paths.a.v[i], paths.a.nr);
	return err;
}

/* ------------------------------------------------------------------ may it be put back? */

/* What only speaks against it: an error, by force a warning. */
static int object(const struct restore *r, bool forced, const char *what)
{
	if (forced) {
		bch_log(r->ctx, BCH_LOG_warn, "%s", what);
		return 0;
	}
	return bch_error_whole(r->ctx, -BCH_ERR_undo_mismatch,
			       "%s; -f puts back what is there all the same", what);
}

static int check_missing(const struct restore *r)
{
	bool forced = r->request->force || r->request->open->flags & BCH_OPEN_DEGRADED;
	struct bch_buf missing bch_auto(buf) = { 0 };

	for (size_t i = 0; i < r->nr; i++) {
		const struct bch_undo_dev *dev = bch_undo_file_dev(r->file, i);

		if (!r->targets[i].dev && dev->nr_ranges)
			bch_buf_put(&missing, "%s%u (%s)",
				    missing.len ? ", " : "missing members: ", dev->idx, dev->name);
	}
	return missing.len ? object(r, forced, bch_buf_str(&missing)) : 0;
}

/*
 * Was the command that was cut off the last to write the device? Its time is that of all superblocks that it wrote; of
 * those that it had not come to the number is what it found.
 */
static bool was_the_last(const struct restore *r, const struct bch_super *super)
{
	const struct bch_undo_header *h = bch_undo_file_header(r->file);

	return is_of_filesystem(r, super) && (le64_get(super->sb->seq) == h->sb_seq ||
					      le64_get(super->sb->write_time) == h->time);
}

static int check_history(const struct restore *r, size_t nr)
{
	const struct target *t = &r->targets[nr];
	struct bch_buf why bch_auto(buf) = { 0 };
	int err;

	if (bch_undo_file_dev(r->file, nr)->whole) {
		err = bch_undo_verify(r->file, nr, t->dev);
		if (err != -BCH_ERR_undo_mismatch)
			return err;
		bch_buf_put(&why, "written since: %s", bch_error_message(r->ctx, err));
	} else if (!was_the_last(r, &t->super)) {
		bch_buf_put(&why, "%s: the command was cut off, and %s", t->dev->name,
			    is_of_filesystem(r, &t->super) ? "the filesystem was written since"
							   : "its superblock is not there");
	}
	return why.len ? object(r, r->request->force, bch_buf_str(&why)) : 0;
}

static int check(const struct restore *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->nr; i++)
		if (r->targets[i].dev)
			err = bch_undo_check(r->file, i, r->targets[i].dev);
	if (!err)
		err = check_missing(r);
	for (size_t i = 0; !err && i < r->nr; i++)
		if (r->targets[i].dev)
			err = check_history(r, i);
	return err;
}

/* ------------------------------------------------------------------ putting back */

/* An undo file of its own: what the superblocks say now, for the one that takes this back. */
static int start_redo(struct restore *r)
{
	const struct bch_open_opts *open = r->request->open;
	struct bch_undo_header header = *bch_undo_file_header(r->file);
	const u8 *user_uuid = header.fs_uuid;
	int err;

	header.time = open->now;
	for (size_t i = 0; i < r->nr; i++) {
		const struct bch_sb *sb = r->targets[i].super.sb;

		if (!is_of_filesystem(r, &r->targets[i].super))
			continue;
		header.sb_seq = le64_get(sb->seq);
		user_uuid = sb->user_uuid;
	}
	err = bch_undo_begin(r->ctx, &open->undo, &header, user_uuid, &r->redo);
	for (size_t i = 0; !err && r->redo && i < r->nr; i++) {
		const struct bch_undo_dev *dev = bch_undo_file_dev(r->file, i);
		struct bch_blkdev *below = r->targets[i].dev;

		r->targets[i].dev = NULL; /* taken, whatever is returned */
		if (below)
			err = bch_undo_stack(r->redo, below, dev->idx, dev->uuid,
					     &r->targets[i].dev);
	}
	return err;
}

static int apply(struct restore *r)
{
	int err = start_redo(r);

	for (size_t i = 0; !err && i < r->nr; i++)
		if (r->targets[i].dev)
			err = bch_undo_apply(r->file, i, r->targets[i].dev);
	return err;
}

static struct bch_undo_result sum(const struct restore *r)
{
	struct bch_undo_result result = { 0 };

	for (size_t i = 0; i < r->nr; i++) {
		const struct bch_undo_dev *dev = bch_undo_file_dev(r->file, i);

		if (!r->targets[i].dev)
			continue;
		bch_log(r->ctx, BCH_LOG_info, "%s: member %u: %zu ranges, %" PRIu64 " bytes",
			r->targets[i].dev->name, dev->idx, dev->nr_ranges, dev->nr_bytes);
		result.nr_devs++;
		result.nr_bytes += dev->nr_bytes;
	}
	return result;
}

/* The first error of closing is that of writing. */
static int restore_end(struct restore *r)
{
	int first = 0, err;

	for (size_t i = 0; i < r->nr; i++) {
		err = target_end(&r->targets[i]);
		first = first ? first : err;
	}
	err = bch_undo_close(r->redo);
	free(r->targets);
	bch_undo_file_free(r->file);
	return first ? first : err;
}

/* That of a command that was cut off before its first write knows not even its devices. */
static bool is_empty(const struct bch_undo_file *file)
{
	for (size_t i = 0; i < bch_undo_file_nr_devs(file); i++)
		if (bch_undo_file_dev(file, i)->nr_ranges)
			return false;
	return true;
}

int bch_undo_run(struct bch_ctx *ctx, const struct bch_undo_request *request,
		 struct bch_undo_result *result)
{
	struct restore r = { .ctx = ctx, .request = request };
	int err = bch_undo_open(ctx, request->file, &r.file), closed;

	*result = (struct bch_undo_result){ 0 };
	if (err || is_empty(r.file)) {
		bch_undo_file_free(r.file);
		return err;
	}
	r.targets = bch_calloc(bch_undo_file_nr_devs(r.file), sizeof(*r.targets));
	if (r.targets)
		r.nr = bch_undo_file_nr_devs(r.file);
	err = r.targets ? open_devices(&r) : -BCH_ERR_no_memory;
	if (!err)
		err = check(&r);
	if (!err && !(request->open->flags & BCH_OPEN_DRY_RUN))
		err = apply(&r);
	if (!err)
		*result = sum(&r);
	closed = restore_end(&r);
	return err ? err : closed;
}

/* ------------------------------------------------------------------ showing */

static void show_device(const struct bch_undo_dev *dev, struct bch_facts *facts)
{
	bch_facts_blank(facts);
	bch_facts_object(facts, NULL);
	bch_fact_u64(facts, "Device", dev->idx);
	bch_facts_indent(facts);
	bch_fact(facts, "Name", "%s", dev->name);
	bch_fact_uuid(facts, "UUID", dev->uuid);
	bch_fact_bytes(facts, "Size", dev->size);
	bch_fact_u64(facts, "Ranges", dev->nr_ranges);
	bch_fact_bytes(facts, "Kept", dev->nr_bytes);
	bch_facts_outdent(facts);
	bch_facts_end(facts);
}

int bch_undo_show(struct bch_ctx *ctx, const char *path, struct bch_facts *facts)
{
	struct bch_undo_file *file bch_auto(undo_file) = NULL;
	const struct bch_undo_header *h;
	int err = bch_undo_open(ctx, path, &file);

	if (err)
		return err;
	h = bch_undo_file_header(file);
	bch_fact(facts, "Command line", "%s", h->command);
	bch_fact_time(facts, "Time", h->time);
	bch_fact_uuid(facts, "Internal UUID", h->fs_uuid);
	bch_fact_u64(facts, "Sequence number", h->sb_seq);
	bch_fact_bool(facts, "Whole", bch_undo_file_whole(file));
	bch_facts_list(facts, "devices");
	for (size_t i = 0; i < bch_undo_file_nr_devs(file); i++)
		show_device(bch_undo_file_dev(file, i), facts);
	bch_facts_end(facts);
	return 0;
}
