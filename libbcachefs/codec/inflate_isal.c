// SPDX-License-Identifier: GPL-2.0-or-later
/* Raw deflate by isa-l. */

#include "inflate.h"

#include <limits.h>
#include <stdlib.h>

#include <isa-l/igzip_lib.h>

#include <bcachefs/error.h>
#include "base/memory.h"

int bch_inflate_isal(const void *blob, size_t len, void *out, size_t out_len)
{
	struct inflate_state *state; /* of 90 KiB: not for the stack of a thread */
	bool whole;

	if (len > UINT32_MAX || out_len > UINT32_MAX)
		return -BCH_ERR_data_compression;
	state = bch_malloc(sizeof(*state));
	if (!state)
		return -BCH_ERR_no_memory;
	isal_inflate_init(state);
	state->next_in = (u8 *)(uintptr_t)blob; /* the prototype forgot the const */
	state->avail_in = (u32)len;
	state->next_out = out;
	state->avail_out = (u32)out_len;
	whole = isal_inflate_stateless(state) == ISAL_DECOMP_OK &&
		state->block_state == ISAL_BLOCK_FINISH && !state->avail_out;
	free(state);
	return whole ? 0 : -BCH_ERR_data_compression;
}
