// SPDX-License-Identifier: GPL-2.0-or-later
/* error, data that is lost: why, as text. Format reference: 05 §6.3, 08 §4.2. */

#include "ondisk/key_private.h"

static const char *const reasons[] = {
	"unknown",
	"device_removed",
	"double_allocation",
	"no_valid_pointers_repair",
};

/* From here on the reasons are those error ids in their order. */
#define DECOMPRESS_FIRST BCH_FSCK_data_decompress_err_exceeded_max_encoded_extent
#define DECOMPRESS_NR	 (BCH_FSCK_data_decompress_err_unknown - DECOMPRESS_FIRST + 1)

void bch_key_put_error(struct bch_buf *out, const struct bch_key *k,
		       const struct bch_key_context *c)
{
	u32 reason = k->val.p[0], nr = bch_array_size(reasons);

	if (reason < nr)
		bch_buf_puts(out, reasons[reason]);
	else if (reason - nr < DECOMPRESS_NR)
		bch_buf_puts(out, bch_fsck_error_name(reason - nr + DECOMPRESS_FIRST));
	else
		bch_buf_put(out, "unknown(%u)", reason);
}
