// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another filesystem becomes bcachefs in place. CLI 11.1.
 *
 * All that is written lies in a file of the old filesystem, which is read-only meanwhile; it is none the worse for
 * whatever happens here. What was made is opened anew, checked, and all files compared, before it is said to be good.
 */

#include <bcachefs/migrate.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/fs.h>
#include <sys/stat.h>

#include <bcachefs/fsck.h>
#include <bcachefs/journal.h>
#include "ops/format_private.h"
#include "ops/migrate_host.h"
#include "ops/populate.h"

#define BLOCK_MAX 4096U

struct migration {
	struct bch_ctx *ctx;
	const struct bch_migrate_opts *opts;
	struct bch_migrate_result *result;
	struct bch_host host;
	char root[32]; /* a path of the old filesystem's root */
	struct bch_source_opts source_opts;
	struct bch_source *source;
	struct bch_format_dev dev;
	u32 old_file; /* what was added to the source */
};

/* ------------------------------------------------------------------ what there is to do */

static int open_source(struct migration *m)
{
	static const char *const ours[] = { "/" BCH_RESERVE_FILE };
	int err;

	snprintf(m->root, sizeof(m->root), "/proc/self/fd/%d", m->host.root);
	m->source_opts = (struct bch_source_opts){
		.path = m->root,
		.shown = m->host.path,
		.excludes = ours,
		.nr_excludes = bch_array_size(ours),
		.now_ns = (s64)m->opts->format.now_ns,
		.progress = m->opts->progress,
		.subvolumes = true,
	};
	err = bch_source_open(m->ctx, &m->source_opts, &m->source);
	if (!err)
		m->source->chunks = bch_host_chunks(&m->host);
	return err;
}

/* Bytes of the open file that can stay where they are; a file's last block is one of them. */
static int measure_file(struct migration *m, u64 size, u64 *bytes)
{
	struct bch_fd_extent e;
	u64 at = 0;
	int more;

	while ((more = m->source->ops->place(m->source, at, &e)) > 0) {
		at = e.start + e.len;
		*bytes += at < size ? e.len : size > e.start ? size - e.start : 0;
	}
	return more;
}

/* What is in one that is encrypted is shown as it is on disk, or not at all, unless its key is there. */
static int check_dir(struct bch_source *s, u32 dir)
{
	struct bch_source_attributes a;
	int err = bch_source_attributes(s, dir, &a);

	return err || !(a.flags & FS_ENCRYPT_FL)
		       ? err
		       : bch_source_error(s, -BCH_ERR_not_supported, dir, "encrypted directory");
}

static int measure_files(struct migration *m)
{
	struct bch_source *s = m->source;
	struct bch_populate_sums *sums = &m->result->sums;
	int err = 0;

	for (size_t i = 0; i < s->order.nr && !err; i++) {
		u32 file = s->order.v[i];
		const struct bch_source_file *f = &s->files.v[file];

		sums->nr_dirs += S_ISDIR(f->mode);
		sums->nr_files += !S_ISDIR(f->mode);
		sums->nr_links += f->nr_names - 1;
		bch_source_is_at(s, i);
		if (S_ISDIR(f->mode))
			err = check_dir(s, file);
		if (!S_ISREG(f->mode) || !f->size)
			continue;
		sums->input_bytes += f->size;
		err = s->ops->open(s, file);
		if (!err && !m->opts->format.encrypted)
			err = measure_file(m, f->size, &sums->shared_bytes);
		if (!err && bch_cancelled(m->ctx))
			err = -BCH_ERR_cancelled;
	}
	sums->stored_bytes = s->nr_stored;
	return err;
}

/* Files' last blocks are linked whole. */
static void set_copied(struct bch_migrate_result *r)
{
	r->copied_bytes = r->sums.stored_bytes > r->sums.shared_bytes
				  ? r->sums.stored_bytes - r->sums.shared_bytes
				  : 0;
}

/* The most that an image of the files could take, less what is not copied. */
static int plan(struct migration *m)
{
	struct bch_migrate_result *r = m->result;
	int err = measure_files(m);

	set_copied(r);
	r->reserve_bytes = bch_host_reservable(&m->host);
	r->needed_bytes = bch_image_most(m->source, 1);
	r->needed_bytes -= r->needed_bytes > r->sums.shared_bytes ? r->sums.shared_bytes : 0;
	r->fits = r->needed_bytes <= r->reserve_bytes;
	return err;
}

/* ------------------------------------------------------------------ making it */

static int make(struct migration *m)
{
	struct bch_in_place ip = { .reserve = m->host.reserve.a.v,
				   .nr_reserve = m->host.reserve.a.nr };
	const struct bch_format_from from = { .source = m->source, .in_place = &ip };
	struct bch_format_opts opts = m->opts->format;
	struct bch_fs *fs = NULL;
	int err, closed;

	m->dev.path = m->host.device;
	opts.devs = &m->dev;
	opts.nr_devs = 1;
	opts.source = &m->source_opts;
	opts.sums = &m->result->sums;
	if (!opts.fs.given[BCH_OPT_block_size]) {
		opts.fs.given[BCH_OPT_block_size] = true;
		opts.fs.value[BCH_OPT_block_size] =
			m->host.block_size < BLOCK_MAX ? m->host.block_size : BLOCK_MAX;
	}
	err = bch_format_from(m->ctx, &opts, &from, &fs);
	set_copied(m->result);
	if (!err)
		m->result->sb_sector = le64_get(fs->super.sb->layout.sb_offset[0]);
	m->old_file = ip.file;
	closed = bch_fs_close(fs);
	bch_in_place_end(&ip);
	return err ? err : closed;
}

/* ------------------------------------------------------------------ what was made */

struct comparison {
	struct migration *m;
	u32 file;
	u8 *buf;
	size_t size;
};

static int differs(struct comparison *c)
{
	return bch_source_error(c->m->source, -BCH_ERR_refused, c->file,
				"is not the same in the new filesystem");
}

static int compare_data(void *arg, void *bytes, size_t len, u64 offset)
{
	struct comparison *c = arg;
	int err = 0;

	if (len > c->size) {
		free(c->buf);
		c->buf = malloc(len);
		c->size = c->buf ? len : 0;
	}
	if (!c->buf)
		return -BCH_ERR_no_memory;
	err = bch_source_fill(c->m->source, c->buf, len, offset);
	return err ? err : memcmp(c->buf, bytes, len) ? differs(c) : 0;
}

/* What is a hole in one of them may be zeroes in the other. */
static int compare_hole(void *arg, u64 len, u64 offset)
{
	struct comparison *c = arg;
	struct bch_source *s = c->m->source;
	u8 zeroes[4096] = { 0 };
	u64 end = offset + len, start, stop;
	int more = 0, err = 0;

	while (!err && offset < end && (more = s->ops->data(s, offset, &start, &stop)) > 0 &&
	       start < end) {
		stop = stop < end ? stop : end;
		for (offset = start; offset < stop && !err; offset += sizeof(zeroes)) {
			size_t n = stop - offset < sizeof(zeroes) ? stop - offset : sizeof(zeroes);

			err = compare_data(c, zeroes, n, offset);
		}
		offset = stop;
	}
	return err ? err : more < 0 ? more : 0;
}

static int compare_file(struct comparison *c, struct bch_fs *fs)
{
	const struct bch_file_sink sink = { .arg = c, .data = compare_data, .hole = compare_hole };
	struct bch_source *s = c->m->source;
	struct bch_file file;
	struct bch_stat st;
	int err = bch_file_subvol_root(fs, bch_populate_subvol(s, c->file), &file);

	file.inum = bch_populate_inum(s, c->file);
	if (!err)
		err = bch_file_stat(fs, &file, &st);
	if (!err && st.size != s->files.v[c->file].size)
		return differs(c);
	if (!err)
		err = s->ops->open(s, c->file);
	return err ? err : bch_file_stream(fs, &file, 0, st.size, &sink);
}

static int compare_files(struct migration *m, struct bch_fs *fs)
{
	struct bch_source *s = m->source;
	const struct bch_progress_work work = { .name = "comparing",
						.unit = "files",
						.total = s->order.nr };
	struct bch_progress *progress bch_auto(progress) =
		bch_progress_new(m->ctx, m->opts->progress, &work);
	struct comparison c = { .m = m };
	int err = 0; /* files were started by the check */

	for (size_t i = 0; i < s->order.nr && !err; i++) {
		const struct bch_source_file *f = &s->files.v[s->order.v[i]];

		c.file = s->order.v[i];
		bch_source_is_at(s, i);
		if (S_ISREG(f->mode) && f->size && c.file != m->old_file)
			err = compare_file(&c, fs);
		if (!err && bch_cancelled(m->ctx))
			err = -BCH_ERR_cancelled;
		bch_progress_add(progress, 1);
	}
	free(c.buf);
	return err;
}

static int check(struct migration *m, struct bch_fs *fs)
{
	const struct bch_fsck_opts opts = { .answer = BCH_FSCK_NO, .progress = m->opts->progress };
	struct bch_fsck_result result;
	int err = bch_fsck(fs, &opts, &result);

	if (!err && result.nr_found)
		err = bch_error_whole(m->ctx, -BCH_ERR_refused,
				      "the new filesystem has %" PRIu64
				      " problems: it is not to be used",
				      result.nr_found);
	bch_fsck_result_end(&result);
	return err;
}

static int verify(struct migration *m)
{
	const struct bch_open_opts open_opts = { .flags = BCH_OPEN_MOUNTED | BCH_OPEN_ALONE,
						 .sb_sector = m->result->sb_sector,
						 .no_split = true };
	const char *device = m->host.device;
	struct bch_fs *fs = NULL;
	int err = bch_fs_open(m->ctx, &device, 1, &open_opts, &fs);

	if (!err && m->opts->format.passphrase)
		err = bch_fs_unlock(fs, m->opts->format.passphrase);
	if (!err)
		err = bch_fs_start(fs, NULL);
	if (!err)
		err = check(m, fs);
	if (!err && !m->opts->no_verify)
		err = compare_files(m, fs);
	(void)bch_fs_close(fs); /* of one that is only read */
	return err;
}

/* ------------------------------------------------------------------ all */

static int migrate(struct migration *m)
{
	int err = bch_host_begin(&m->host, m->ctx, m->opts->path, m->opts->mounted,
				 m->opts->format.dry_run);

	if (!err)
		err = open_source(m);
	if (!err)
		err = plan(m);
	if (err || m->opts->format.dry_run)
		return err;
	if (!m->result->fits)
		return bch_error_whole(m->ctx, -BCH_ERR_no_space,
				       "%s: %" PRIu64 " bytes are wanted, %" PRIu64 " are free",
				       m->opts->path, m->result->needed_bytes,
				       m->result->reserve_bytes);
	bch_source_close(m->source); /* files may have changed until it is read-only */
	m->source = NULL;
	err = bch_host_reserve(&m->host, m->opts->force);
	if (!err)
		err = open_source(m);
	if (!err)
		err = make(m);
	return err ? err : verify(m);
}

int bch_migrate(struct bch_ctx *ctx, const struct bch_migrate_opts *opts,
		struct bch_migrate_result *result)
{
	struct migration m = { .ctx = ctx, .opts = opts, .result = result };
	int err;

	*result = (struct bch_migrate_result){ 0 };
	err = migrate(&m);
	bch_source_close(m.source);
	if (m.host.is_ours) { /* the device may be a loop of our own */
		free(m.host.device);
		m.host.device = strdup(opts->path);
	}
	result->device = m.host.device;
	result->type = m.host.type;
	m.host.device = m.host.type = NULL;
	bch_host_end(&m.host);
	return err;
}

void bch_migrate_result_end(struct bch_migrate_result *result)
{
	free(result->device);
	free(result->type);
	*result = (struct bch_migrate_result){ 0 };
}
