// SPDX-License-Identifier: GPL-2.0-or-later
/* From a dump to a raw image file. */

#include <bcachefs/dump.h>

#include <stdlib.h>

#include "base/memory.h"
#include "io/io.h"

#define PIECE (1U << 20)

/* Copies a range that the dump has; at its end @out has come to the end of the range. */
static int copy_range(struct bch_blkdev *dev, struct bch_output *out, u8 *buf, u64 start, u64 len)
{
	int err = 0;

	while (len && !err) {
		size_t n = len < PIECE ? (size_t)len : PIECE;

		err = bch_cancelled(dev->ctx) ? -BCH_ERR_cancelled
					      : bch_blkdev_read(dev, buf, n, start);
		if (!err)
			err = bch_output_put(out, buf, n);
		start += n;
		len -= n;
	}
	return err;
}

static int copy(struct bch_blkdev *dev, struct bch_output *out, u8 *buf,
		struct bch_progress *progress)
{
	u64 done = 0, start, len;
	int more, err = 0;

	while (!err && (more = bch_qcow2_next(dev, done, &start, &len)) > 0) {
		err = bch_output_skip(out, start - done);
		if (!err)
			err = copy_range(dev, out, buf, start, len);
		bch_progress_add(progress, start + len - done);
		done = start + len;
	}
	if (!err)
		err = more;
	return err ? err : bch_output_skip(out, dev->geometry.size - done);
}

static int copy_to_file(struct bch_blkdev *dev, const char *raw, const struct bch_undump_opts *opts)
{
	struct bch_progress_work work = { .name = "undump", .total = dev->geometry.size };
	struct bch_progress *progress bch_auto(progress) = NULL;
	struct bch_output *out;
	u8 *buf;
	int err = bch_output_create(dev->ctx, raw, opts->replace ? BCH_OUTPUT_REPLACE : 0, &out);

	if (err)
		return err;
	progress = bch_progress_new(dev->ctx, opts->progress, &work);
	buf = bch_malloc(PIECE);
	err = buf ? copy(dev, out, buf, progress) : -BCH_ERR_no_memory;
	free(buf);
	if (!err)
		return bch_output_close(out);
	bch_output_abandon(out);
	return err;
}

int bch_undump(struct bch_ctx *ctx, const char *image, const char *raw,
	       const struct bch_undump_opts *opts)
{
	struct bch_blkdev *dev bch_auto(blkdev) = NULL;
	int err = bch_blkdev_open(ctx, image, 0, &dev);

	if (err)
		return err;
	if (!bch_blkdev_is_qcow2(dev))
		return bch_error_whole(ctx, -BCH_ERR_invalid_argument, "%s not a qcow2 image?",
				       image);
	return copy_to_file(dev, raw, opts);
}
