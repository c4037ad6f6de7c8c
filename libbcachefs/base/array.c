// SPDX-License-Identifier: GPL-2.0-or-later
/* Dynamic arrays: the one place where they grow. */

#include "base/array.h"
#include "base/checked.h"
#include "base/memory.h"

void *bch_array_grow(void *v, size_t *size, size_t element_size, size_t want)
{
	size_t nr = *size < 8 ? 8 : *size, bytes;

	if (!bch_mul(nr, 2, &nr) || nr < want)
		nr = want;
	if (!bch_mul(nr, element_size, &bytes))
		return NULL;
	v = bch_realloc(v, bytes);
	if (v)
		*size = nr;
	return v;
}
