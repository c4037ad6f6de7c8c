// SPDX-License-Identifier: GPL-2.0-or-later
/* A filesystem's metadata in qcow2 files, one a member: their names, sizes, and writing them. CLI 7.3. */

#include <bcachefs/dump.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/memory.h"
#include "ops/dump_private.h"

#define QCOW2_SUFFIX ".qcow2"
#define ZSTD_SUFFIX  ".zst"

/* ------------------------------------------------------------------ names */

/* Takes @suffix off the first *@len bytes of @name. */
static bool take_suffix(const char *name, size_t *len, const char *suffix)
{
	size_t n = strlen(suffix);

	if (*len <= n || memcmp(name + *len - n, suffix, n))
		return false;
	*len -= n;
	return true;
}

static bool is_compressed(const struct bch_dump *d)
{
	size_t len = d->opts.out ? strlen(d->opts.out) : 0;

	return len && take_suffix(d->opts.out, &len, ZSTD_SUFFIX);
}

/* OUT.qcow2, of several OUT.N.qcow2; a suffix that OUT has already is not doubled. */
static int make_name(const struct bch_dump *d, struct bch_dump_member *m)
{
	const char *out = d->opts.out, *zstd = is_compressed(d) ? ZSTD_SUFFIX : "";
	size_t len = strlen(out) - strlen(zstd);
	char nr[16] = "";

	take_suffix(out, &len, QCOW2_SUFFIX);
	if (d->nr_members > 1)
		snprintf(nr, sizeof(nr), ".%u", m->dev_idx);
	if (asprintf(&m->name, "%.*s%s" QCOW2_SUFFIX "%s", (int)len, out, nr, zstd) >= 0)
		return 0;
	m->name = NULL;
	return -BCH_ERR_no_memory;
}

/* Told before the work rather than after it. */
static int make_names(struct bch_dump *d)
{
	int err = 0;

	for (u32 i = 0; d->opts.out && i < d->nr_members && !err; i++) {
		struct bch_dump_member *m = &d->members[i];

		err = make_name(d, m);
		if (!err && !d->opts.replace && !access(m->name, F_OK))
			err = bch_error_whole(d->fs->ctx, -BCH_ERR_exists, "%s already exists",
					      m->name);
	}
	return err;
}

/* ------------------------------------------------------------------ begin and end */

static int open_members(struct bch_dump *d)
{
	d->members = bch_calloc(d->fs->nr_members, sizeof(*d->members));
	if (!d->members)
		return -BCH_ERR_no_memory;
	for (u32 i = 0; i < d->fs->nr_members; i++)
		if (d->fs->members[i].blkdev)
			d->members[d->nr_members++] =
				(struct bch_dump_member){ .dev_idx = i,
							  .dev = d->fs->members[i].blkdev };
	return 0;
}

/* Clusters as large as an eighth of a node, so that the tables stay small; of large devices larger ones. */
static int make_writer(struct bch_dump *d, struct bch_dump_member *m)
{
	const struct bch_sb *sb = d->fs->super.sb;
	u64 block = BCH_BYTES(le16_get(sb->block_size)), size = m->dev->geometry.size;
	u64 want = BCH_BYTES(bch_sb_flag(sb, BCH_SB_BTREE_NODE_SIZE)) / 8;
	u64 cluster = BCH_SECTOR_SIZE, most = 2U << 20;

	while (cluster < most && (cluster < want || cluster < block ||
				  size / cluster / (cluster / sizeof(u64)) >= BCH_QCOW2_L1_MAX))
		cluster *= 2;
	return bch_qcow2_writer_new(d->fs->ctx, size, (u32)cluster, &m->writer);
}

static int make_writers(struct bch_dump *d)
{
	int err = 0;

	for (u32 i = 0; i < d->nr_members && !err; i++)
		err = make_writer(d, &d->members[i]);
	return err;
}

static int check_key(const struct bch_dump *d)
{
	if (bch_fs_encryption(d->fs) != BCH_NOT_ENCRYPTED && !d->fs->key)
		return bch_error(d->fs->ctx, -BCH_ERR_no_key,
				 "what leads to the btree nodes is encrypted");
	return 0;
}

static int prepare(struct bch_dump *d)
{
	int err = check_key(d);

	if (!err)
		err = open_members(d);
	if (!err)
		err = make_names(d);
	if (!err)
		err = make_writers(d);
	if (!err)
		err = bch_dump_collect(d);
	for (u32 i = 0; i < d->nr_members && !err; i++)
		d->members[i].size = bch_qcow2_size(d->members[i].writer);
	return err;
}

int bch_dump_new(struct bch_fs *fs, const struct bch_dump_opts *opts, struct bch_dump **dump)
{
	struct bch_dump *d = bch_calloc(1, sizeof(*d));
	int err;

	*dump = NULL;
	if (!d)
		return -BCH_ERR_no_memory;
	d->fs = fs;
	d->opts = *opts;
	d->edit = (struct bch_dump_edit){
		.fs = fs,
		.data = opts->sanitize >= BCH_SANITIZE_DATA,
		.names = opts->sanitize >= BCH_SANITIZE_FILENAMES,
		.xattrs = opts->sanitize >= BCH_SANITIZE_FILENAMES && opts->xattrs,
		.one_copy = opts->one_copy,
		.clear_key = opts->clear_key && fs->key,
	};
	err = prepare(d);
	if (err)
		bch_dump_free(d);
	else
		*dump = d;
	return err;
}

void bch_dump_free(struct bch_dump *d)
{
	if (!d)
		return;
	for (u32 i = 0; i < d->nr_members; i++) {
		struct bch_dump_member *m = &d->members[i];

		bch_output_abandon(m->out);
		bch_qcow2_writer_free(m->writer);
		bch_array_end(&m->nodes.a);
		free(m->name);
	}
	free(d->members);
	free(d);
}

/* ------------------------------------------------------------------ show */

u64 bch_dump_size(const struct bch_dump *d)
{
	u64 size = 0;

	for (u32 i = 0; i < d->nr_members; i++)
		size += d->members[i].size;
	return size;
}

const char *bch_dump_file(const struct bch_dump *d, u32 nr)
{
	return nr < d->nr_members ? d->members[nr].name : NULL;
}

void bch_dump_show(const struct bch_dump *d, struct bch_facts *facts)
{
	bch_facts_list(facts, "files");
	for (u32 i = 0; i < d->nr_members; i++) {
		const struct bch_dump_member *m = &d->members[i];

		if (i)
			bch_facts_blank(facts);
		bch_facts_object(facts, NULL);
		if (m->name)
			bch_fact(facts, "File", "%s", m->name);
		bch_fact(facts, "Device", "%s", m->dev->name);
		bch_fact_u64(facts, "Index", m->dev_idx);
		bch_fact_bytes(facts, "Size", m->size);
		bch_fact_u64(facts, "Superblocks", m->nr_supers);
		bch_fact_u64(facts, "Journal buckets", m->nr_buckets);
		bch_fact_u64(facts, "Btree nodes", m->nr_nodes);
		bch_facts_end(facts);
	}
	bch_facts_end(facts);
}

/* ------------------------------------------------------------------ write */

/* Where a range's bytes come from. */
struct source {
	const struct bch_dump *d;
	const struct bch_dump_member *m;
	struct bch_progress *progress;
};

static int read_range(void *arg, const struct bch_qcow2_range *range, void *buf)
{
	const struct source *s = arg;
	int err = bch_dump_read(s->d, s->m, range, buf);

	bch_progress_add(s->progress, range->len);
	return err;
}

static int write_member(struct bch_dump *d, struct bch_dump_member *m, struct bch_output *out,
			struct bch_progress *progress)
{
	struct source source = { d, m, progress };

	return bch_qcow2_write(m->writer, out, read_range, &source);
}

static int create_files(struct bch_dump *d)
{
	unsigned flags = (d->opts.replace ? BCH_OUTPUT_REPLACE : 0U) |
			 (is_compressed(d) ? BCH_OUTPUT_ZSTD : 0U);
	int err = 0;

	for (u32 i = 0; i < d->nr_members && !err; i++)
		err = bch_output_create(d->fs->ctx, d->members[i].name, flags, &d->members[i].out);
	return err;
}

/* What is not closed in the end is taken away by bch_dump_free(). */
static int write_files(struct bch_dump *d, struct bch_progress *progress)
{
	int err = create_files(d);

	for (u32 i = 0; i < d->nr_members && !err; i++)
		err = write_member(d, &d->members[i], d->members[i].out, progress);
	for (u32 i = 0; i < d->nr_members && !err; i++) {
		err = bch_output_close(d->members[i].out);
		d->members[i].out = NULL;
	}
	return err;
}

static int write_tar(struct bch_dump *d, struct bch_output *out, struct bch_progress *progress)
{
	int err = 0;

	for (u32 i = 0; i < d->nr_members && !err; i++) {
		struct bch_dump_member *m = &d->members[i];
		struct bch_buf name bch_auto(buf) = { 0 };

		bch_buf_uuid(&name, bch_fs_uuid(d->fs));
		bch_buf_put(&name, ".%u" QCOW2_SUFFIX, m->dev_idx);
		err = bch_tar_begin(out, bch_buf_str(&name), m->size, d->fs->now);
		if (!err)
			err = write_member(d, m, out, progress);
		if (!err)
			err = bch_tar_end(out, m->size);
	}
	return err ? err : bch_tar_close(out);
}

static int write_stream(struct bch_dump *d, struct bch_progress *progress)
{
	struct bch_output *out;
	int err = bch_output_stream(d->fs->ctx, "standard output", d->opts.fd, &out);

	if (err)
		return err;
	if (d->nr_members > 1)
		err = write_tar(d, out, progress);
	else
		err = write_member(d, &d->members[0], out, progress);
	if (!err)
		return bch_output_close(out);
	bch_output_abandon(out);
	return err;
}

int bch_dump_write(struct bch_dump *d)
{
	struct bch_progress_work work = { .name = "dump", .total = bch_dump_size(d) };
	struct bch_progress *progress bch_auto(progress) =
		bch_progress_new(d->fs->ctx, d->opts.progress, &work);

	return d->opts.out ? write_files(d, progress) : write_stream(d, progress);
}
