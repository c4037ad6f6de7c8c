// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Casefolded names: canonical decomposition, full case folding, without what is ignored by default. Format reference: 04 §8.5.
 *
 * The tables are those of libutf8proc, which knows more of Unicode than the kernel's 12.1.0: names of characters that
 * are younger than that may be found in another way than the kernel finds them.
 */

#include <stdlib.h>
#include <utf8proc.h>

#include "file/private.h"

int bch_name_casefold(const char *name, size_t len, struct bch_buf *out)
{
	utf8proc_uint8_t *folded;
	utf8proc_ssize_t n =
		utf8proc_map((const utf8proc_uint8_t *)name, (utf8proc_ssize_t)len, &folded,
			     UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);

	if (n == UTF8PROC_ERROR_NOMEM)
		return -BCH_ERR_no_memory;
	if (n < 0)
		return -BCH_ERR_invalid_argument;
	bch_buf_mem(out, folded, (size_t)n);
	free(folded);
	return bch_buf_failed(out) ? -BCH_ERR_no_memory : 0;
}
