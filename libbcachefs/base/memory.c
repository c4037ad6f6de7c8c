// SPDX-License-Identifier: GPL-2.0-or-later
/* Allocation that a test can make fail. */

#include <stdlib.h>

#include "base/fault.h"
#include "base/memory.h"

/* One point for all three, so that "the nth allocation" is a number. */
static bool memory_is_out(void)
{
	return bch_fault("memory");
}

void *bch_malloc(size_t size)
{
	return memory_is_out() ? NULL : malloc(size);
}

void *bch_calloc(size_t nr, size_t size)
{
	return memory_is_out() ? NULL : calloc(nr, size);
}

void *bch_realloc(void *p, size_t size)
{
	return memory_is_out() ? NULL : realloc(p, size);
}
