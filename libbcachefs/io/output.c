// SPDX-License-Identifier: GPL-2.0-or-later
/* A new file, or a stream of bytes, that is written from its start to its end. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/memory.h"
#include "io/io.h"

#define BUF_SIZE  (256U << 10)
#define HOLE_SIZE 4096U /* the least that is left out; BUF_SIZE is a multiple */

struct bch_output {
	struct bch_ctx *ctx;
	int fd;
	char *name; /* of the file, when it is whole */
	char *part; /* its name until then, where it replaces another; else NULL */
	bool is_file;
	bool is_sparse;	 /* zeroes are holes */
	ZSTD_CCtx *zstd; /* compresses what is written; NULL: it does not */
	u64 written;	 /* bytes up to the start of buf */
	size_t fill;	 /* bytes in buf, less than BUF_SIZE */
	u8 buf[BUF_SIZE];
};

static int fail(struct bch_output *out, int err)
{
	return bch_error(out->ctx, err, "%s", out->name);
}

static int write_all(struct bch_output *out, const u8 *p, size_t len)
{
	while (len) {
		ssize_t n = write(out->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(out, n ? bch_errno(errno) : -BCH_ERR_short_write);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static bool is_zero(const u8 *p, size_t len)
{
	return !p[0] && !memcmp(p, p + 1, len - 1);
}

/* The length of the block at @at of buf, and whether a hole will do for it. */
static size_t block_len(const struct bch_output *out, size_t at)
{
	return out->fill - at < HOLE_SIZE ? out->fill - at : HOLE_SIZE;
}

static bool is_hole(const struct bch_output *out, size_t at)
{
	return out->is_sparse && is_zero(out->buf + at, block_len(out, at));
}

static int make_hole(struct bch_output *out, u64 len)
{
	return lseek(out->fd, (off_t)len, SEEK_CUR) < 0 ? fail(out, bch_errno(errno)) : 0;
}

/* Compresses what is in buf; with ZSTD_e_end all that is still on the way comes out too. */
static int write_compressed(struct bch_output *out, ZSTD_EndDirective mode)
{
	ZSTD_inBuffer in = { out->buf, out->fill, 0 };
	u8 chunk[16U << 10];
	size_t left;
	int err;

	do {
		ZSTD_outBuffer done = { chunk, sizeof(chunk), 0 };

		left = ZSTD_compressStream2(out->zstd, &done, &in, mode);
		if (ZSTD_isError(left))
			return fail(out, -BCH_ERR_no_memory); /* nothing else can go wrong */
		err = write_all(out, chunk, done.pos);
	} while (!err && (in.pos < in.size || (mode == ZSTD_e_end && left)));
	return err;
}

static int write_sparse(struct bch_output *out)
{
	int err = 0;

	for (size_t start = 0, end = 0; start < out->fill && !err; start = end) {
		bool hole = is_hole(out, start);

		do
			end += block_len(out, end);
		while (end < out->fill && is_hole(out, end) == hole);
		err = hole ? make_hole(out, end - start)
			   : write_all(out, out->buf + start, end - start);
	}
	return err;
}

static int write_buf(struct bch_output *out)
{
	int err = out->zstd ? write_compressed(out, ZSTD_e_continue) : write_sparse(out);

	out->written += out->fill;
	out->fill = 0;
	return err;
}

/* Takes @len bytes, which fit; zeroes where @p is NULL. */
static int take(struct bch_output *out, const void *p, size_t len)
{
	if (p)
		memcpy(out->buf + out->fill, p, len);
	else
		memset(out->buf + out->fill, 0, len);
	out->fill += len;
	return out->fill == BUF_SIZE ? write_buf(out) : 0;
}

int bch_output_put(struct bch_output *out, const void *buf, size_t len)
{
	const u8 *p = buf;
	int err = 0;

	while (len && !err) {
		size_t room = BUF_SIZE - out->fill, n = len < room ? len : room;

		err = take(out, p, n);
		p += n;
		len -= n;
	}
	return err;
}

int bch_output_skip(struct bch_output *out, u64 len)
{
	int err = 0;

	while (len && !err) {
		size_t room = BUF_SIZE - out->fill, n = len < room ? (size_t)len : room;

		if (out->is_sparse && !out->fill && len > BUF_SIZE) {
			out->written += len;
			return make_hole(out, len);
		}
		err = take(out, NULL, n);
		len -= n;
	}
	return err;
}

static int output_new(struct bch_ctx *ctx, const char *name, struct bch_output **result)
{
	struct bch_output *out = bch_calloc(1, sizeof(*out));

	*result = out;
	if (out)
		out->name = strdup(name);
	if (out && out->name) {
		out->ctx = ctx;
		out->fd = -1;
		return 0;
	}
	free(out);
	*result = NULL;
	return bch_error(ctx, -BCH_ERR_no_memory, "%s", name);
}

static void output_free(struct bch_output *out)
{
	ZSTD_freeCCtx(out->zstd);
	free(out->name);
	free(out->part);
	free(out);
}

int bch_output_stream(struct bch_ctx *ctx, const char *name, int fd, struct bch_output **out)
{
	int err = output_new(ctx, name, out);

	if (!err)
		(*out)->fd = fd;
	return err;
}

/* What is there stays until the new one is whole. */
static int create_beside(struct bch_output *out)
{
	if (asprintf(&out->part, "%s.XXXXXX", out->name) < 0) {
		out->part = NULL;
		return fail(out, -BCH_ERR_no_memory);
	}
	out->fd = mkostemp(out->part, O_CLOEXEC);
	return out->fd < 0 ? fail(out, bch_errno(errno)) : 0;
}

static int create(struct bch_output *out)
{
	out->fd = open(out->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out->fd < 0 && errno == EEXIST)
		return bch_error_whole(out->ctx, -BCH_ERR_exists, "%s already exists", out->name);
	return out->fd < 0 ? fail(out, bch_errno(errno)) : 0;
}

static int start_compression(struct bch_output *out)
{
	out->is_sparse = false;
	out->zstd = ZSTD_createCCtx();
	if (!out->zstd || ZSTD_isError(ZSTD_CCtx_setParameter(out->zstd, ZSTD_c_checksumFlag, 1)))
		return fail(out, -BCH_ERR_no_memory);
	return 0;
}

int bch_output_create(struct bch_ctx *ctx, const char *path, unsigned flags,
		      struct bch_output **out)
{
	int err = output_new(ctx, path, out);

	if (err)
		return err;
	(*out)->is_file = (*out)->is_sparse = true;
	if (flags & BCH_OUTPUT_ZSTD)
		err = start_compression(*out);
	if (!err)
		err = flags & BCH_OUTPUT_REPLACE ? create_beside(*out) : create(*out);
	if (err) {
		output_free(*out);
		*out = NULL;
	}
	return err;
}

void bch_output_abandon(struct bch_output *out)
{
	if (!out)
		return;
	if (out->is_file) {
		close(out->fd);
		unlink(out->part ? out->part : out->name);
	}
	output_free(out);
}

/* Whole, durable, and under its name. The last bytes may have been a hole. */
static int settle(struct bch_output *out)
{
	int err = out->zstd ? write_compressed(out, ZSTD_e_end) : write_buf(out);

	if (err || !out->is_file)
		return err;
	if ((out->is_sparse && ftruncate(out->fd, (off_t)out->written)) || fsync(out->fd) ||
	    (out->part && rename(out->part, out->name)))
		return fail(out, bch_errno(errno));
	return 0;
}

int bch_output_close(struct bch_output *out)
{
	int err = settle(out);

	if (err) {
		bch_output_abandon(out);
		return err;
	}
	if (out->is_file && close(out->fd))
		err = fail(out, bch_errno(errno));
	output_free(out);
	return err;
}
