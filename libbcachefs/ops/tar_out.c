// SPDX-License-Identifier: GPL-2.0-or-later
/* The bytes of an archive: gathered, padded, given away. */

#include "ops/tar_private.h"

static int give(struct bch_tar *t, const void *p, size_t len)
{
	if (!t->write_err)
		t->write_err = t->opts->write(t->opts->arg, p, len);
	return t->write_err;
}

int bch_tar_flush(struct bch_tar *t)
{
	size_t len = t->len;

	t->len = 0;
	return len ? give(t, t->buf, len) : t->write_err;
}

/* What is large goes through uncopied. */
int bch_tar_put(struct bch_tar *t, const void *p, size_t len)
{
	int err = 0;

	t->written += len;
	if (len > BCH_TAR_BUF_BYTES - t->len)
		err = bch_tar_flush(t);
	if (len > BCH_TAR_BUF_BYTES)
		return err ? err : give(t, p, len);
	memcpy(t->buf + t->len, p, len);
	t->len += len;
	return err;
}

int bch_tar_zeroes(struct bch_tar *t, u64 len)
{
	static const u8 zeroes[BCH_TAR_BUF_BYTES];
	int err = 0;

	while (len && !err) {
		size_t n = len < sizeof(zeroes) ? (size_t)len : sizeof(zeroes);

		err = bch_cancelled(t->fs->ctx) ? -BCH_ERR_cancelled : bch_tar_put(t, zeroes, n);
		len -= n;
	}
	return err;
}

int bch_tar_pad(struct bch_tar *t, u64 size)
{
	return bch_tar_zeroes(t, (size - t->written) & (size - 1));
}
