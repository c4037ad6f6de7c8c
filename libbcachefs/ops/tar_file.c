// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A regular file in an archive. One with holes has a map of its data first, and then that alone (GNU tar's format 1.0 for
 * sparse files). The map may be larger than memory: the file is walked for its size, for its text, and for the data.
 */

#include "ops/losses.h"
#include "ops/tar_private.h"
#include "ops/ustar.h"

/* A run of data, or the end of a file that ends in a hole: empty there. */
struct segment {
	u64 start, len;
};

struct segments {
	struct bch_fs *fs;
	const struct bch_file *file;
	u64 size; /* of the file */
	u64 at;
	bool at_end;
};

/* What is to follow the header. */
struct measure {
	u64 nr, data_bytes, map_bytes;
};

/* ------------------------------------------------------------------ segments */

static struct segments segments_of(struct bch_tar *t, const struct bch_tar_member *m)
{
	return (struct segments){ .fs = t->fs, .file = &m->file, .size = m->st->size };
}

/* 1 and the next one, 0 at the end, or an error. */
static int next(struct segments *s, struct segment *seg)
{
	u64 end = s->size;
	int err = -BCH_ERR_not_found;

	if (s->at_end)
		return 0;
	if (s->at < s->size)
		err = bch_file_seek(s->fs, s->file, s->at, true, &seg->start);
	if (!err)
		err = bch_file_seek(s->fs, s->file, seg->start, false, &end);
	if (err && err != -BCH_ERR_not_found)
		return err;
	if (err)
		*seg = (struct segment){ .start = s->size };
	else
		seg->len = end - seg->start;
	s->at_end = err || end == s->size;
	s->at = end;
	return 1;
}

static size_t nr_digits(u64 n)
{
	size_t nr = 1;

	while (n /= 10)
		nr++;
	return nr;
}

static int measure(struct segments s, struct measure *m)
{
	struct segment seg;
	int more;

	*m = (struct measure){ 0 };
	while ((more = next(&s, &seg)) > 0) {
		m->nr++;
		m->data_bytes += seg.len;
		m->map_bytes += nr_digits(seg.start) + nr_digits(seg.len) + 2;
		if (bch_cancelled(s.fs->ctx))
			return -BCH_ERR_cancelled;
	}
	m->map_bytes += nr_digits(m->nr) + 1;
	m->map_bytes += -m->map_bytes & (BCH_USTAR_BLOCK - 1);
	return more;
}

static int put_map(struct bch_tar *t, struct segments s, u64 nr)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	struct segment seg;
	int err = 0, more = 1;

	bch_buf_put(&text, "%" PRIu64 "\n", nr);
	while (!err && more) {
		err = bch_buf_failed(&text) ? -BCH_ERR_no_memory
					    : bch_tar_put(t, bch_buf_str(&text), text.len);
		bch_buf_reset(&text);
		more = err ? 0 : next(&s, &seg);
		if (more > 0)
			bch_buf_put(&text, "%" PRIu64 "\n%" PRIu64 "\n", seg.start, seg.len);
		else if (!err)
			err = more;
	}
	return err ? err : bch_tar_pad(t, BCH_USTAR_BLOCK);
}

/* ------------------------------------------------------------------ data */

struct reader {
	struct bch_tar *t;
	u64 at; /* in the file: what comes next */
	struct bch_losses losses;
};

/* The place of all bytes is promised: zeroes stand for what is missing. */
static int fill(struct reader *r, u64 to)
{
	int err = to > r->at ? bch_tar_zeroes(r->t, to - r->at) : 0;

	r->at = to;
	return err;
}

static int take_data(void *arg, void *buf, size_t len, u64 offset)
{
	struct reader *r = arg;
	int err = bch_cancelled(r->t->fs->ctx) ? -BCH_ERR_cancelled : fill(r, offset);

	r->at = offset + len;
	bch_progress_add(r->t->progress, len);
	return err ? err : bch_tar_put(r->t, buf, len);
}

static int take_loss(void *arg, u64 len, u64 offset, const char *why)
{
	struct reader *r = arg;

	bch_losses_add(&r->losses, len, offset, why);
	return r->t->opts->ignore_errors ? 0 : -BCH_ERR_data_lost;
}

/* An error that is not the archive's loses the rest of the segment. */
static int put_segment(struct reader *r, const struct bch_file *file, const struct segment *seg)
{
	const struct bch_file_sink sink = { .arg = r, .data = take_data, .lost = take_loss };
	u64 end = seg->start + seg->len;
	int err;

	r->at = seg->start;
	err = bch_file_stream(r->t->fs, file, seg->start, end, &sink);
	if (err && err != -BCH_ERR_cancelled && err != -BCH_ERR_data_lost && !r->t->write_err)
		err = take_loss(r, end - r->at, r->at, bch_err_text(err));
	return err ? err : fill(r, end);
}

static int put_data(struct reader *r, struct segments s)
{
	struct segment seg;
	int err = 0, more;

	while (!err && (more = next(&s, &seg)) > 0)
		err = seg.len ? put_segment(r, s.file, &seg) : 0;
	return err ? err : more;
}

static int say_lost(struct reader *r, const char *name)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	struct bch_buf shown bch_auto(buf) = { 0 };

	bch_buf_text(&shown, name, SIZE_MAX);
	bch_losses_put(&r->losses, &text);
	if (!r->t->opts->ignore_errors)
		return bch_error_whole(r->t->fs->ctx, -BCH_ERR_data_lost, "%s: %s; try -i",
				       bch_buf_str(&shown), bch_buf_str(&text));
	bch_log(r->t->fs->ctx, BCH_LOG_error, "%s: %s", bch_buf_str(&shown), bch_buf_str(&text));
	r->t->sums.nr_incomplete++;
	return 0;
}

/* ------------------------------------------------------------------ the member */

static int put_body(struct bch_tar *t, const struct bch_tar_member *m, const struct measure *size)
{
	struct reader r = { .t = t };
	struct segment whole = { .len = m->st->size };
	int err = m->sparse ? put_map(t, segments_of(t, m), size->nr) : 0;

	if (!err && m->sparse)
		err = put_data(&r, segments_of(t, m));
	else if (!err && whole.len)
		err = put_segment(&r, &m->file, &whole);
	if (r.losses.nr && (!err || err == -BCH_ERR_data_lost))
		err = say_lost(&r, m->name);
	bch_losses_end(&r.losses);
	return err ? err : bch_tar_pad(t, BCH_USTAR_BLOCK);
}

/* A map that cannot be read is not known: all of the file is given, as far as that goes. */
int bch_tar_file(struct bch_tar *t, struct bch_tar_member *m)
{
	struct measure size;
	int err = measure(segments_of(t, m), &size);

	if (err == -BCH_ERR_cancelled || err == -BCH_ERR_no_memory)
		return err;
	m->sparse = !err && size.data_bytes < m->st->size;
	m->size = m->sparse ? size.map_bytes + size.data_bytes : m->st->size;
	err = bch_tar_header(t, m);
	if (!err)
		err = put_body(t, m, &size);
	t->sums.nr_bytes += m->st->size;
	return err;
}
