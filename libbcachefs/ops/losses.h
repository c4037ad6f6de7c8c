/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a file has no good copy: gathered while it is read, said in one line. */

#ifndef BCHFS_OPS_LOSSES_H
#define BCHFS_OPS_LOSSES_H

#include <bcachefs/buf.h>

/* All zero is none. Freed by bch_losses_end(). */
struct bch_losses {
	u64 nr;		     /* ranges */
	u64 start, end;	     /* the last one, which may go on */
	struct bch_buf text; /* those before it */
	struct bch_buf why;  /* of the first */
};

void bch_losses_end(struct bch_losses *losses);
static inline void bch_losses_cleanup(struct bch_losses *losses)
{
	bch_losses_end(losses);
}

/* @len bytes at @offset; in the order of the file. */
void bch_losses_add(struct bch_losses *losses, u64 len, u64 offset, const char *why);

/* "lost bytes 4096-8191, 65536-69631: bad checksum of data"; not thousands. Once, at the end. */
void bch_losses_put(struct bch_losses *losses, struct bch_buf *out);

#endif
