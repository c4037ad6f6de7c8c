/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An open handle of a mounted filesystem. */

#ifndef BCHFS_OPS_LIVE_H
#define BCHFS_OPS_LIVE_H

#include <bcachefs/live.h>

struct bch_live {
	struct bch_ctx *ctx;
	int fd;		/* of its control device */
	char sysfs[64]; /* its folder */
};

/* Says the kernel's refusal; @hint may be NULL. */
int bch_live_error(struct bch_ctx *ctx, const char *what, int sys, const char *hint);

#endif
