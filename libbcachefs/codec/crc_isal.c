// SPDX-License-Identifier: GPL-2.0-or-later
/* CRCs by isa-l, which picks the fastest code for the processor. */

#include "crc.h"

#include <isa-l/crc.h>
#include <isa-l/crc64.h>

#define MAX_CALL (1 << 30) /* isa-l's crc32c counts in int */

static u32 crc32c(u32 crc, const void *buf, size_t len)
{
	const u8 *p = buf;
	size_t n;

	for (; len; len -= n, p += n) {
		n = len < MAX_CALL ? len : MAX_CALL;
		/* isa-l's prototype forgot the const. */
		crc = crc32_iscsi((unsigned char *)p, (int)n, crc);
	}
	return crc;
}

/* isa-l inverts the register on the way in and out. */
static u64 crc64(u64 crc, const void *buf, size_t len)
{
	return ~crc64_ecma_norm(~crc, buf, len);
}

const struct bch_crc bch_crc_isal = { .name = "isa-l", crc32c, crc64 };
