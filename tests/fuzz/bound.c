// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a target on one input and holds it to the bound on memory: the linker puts this before base/memory.c. */

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "fuzz.h"

static size_t asked;

void *__real_bch_malloc(size_t size);
void *__real_bch_calloc(size_t nr, size_t size);
void *__real_bch_realloc(void *p, size_t size);
void *__wrap_bch_malloc(size_t size);
void *__wrap_bch_calloc(size_t nr, size_t size);
void *__wrap_bch_realloc(void *p, size_t size);

/* No sum wraps: what is more than any bound counts as that. */
static void count(size_t size)
{
	asked = size > SIZE_MAX - asked ? SIZE_MAX : asked + size;
}

void *__wrap_bch_malloc(size_t size)
{
	count(size);
	return __real_bch_malloc(size);
}

void *__wrap_bch_calloc(size_t nr, size_t size)
{
	count(size && nr > SIZE_MAX / size ? SIZE_MAX : nr * size);
	return __real_bch_calloc(nr, size);
}

void *__wrap_bch_realloc(void *p, size_t size)
{
	count(size);
	return __real_bch_realloc(p, size);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	size_t bound = FUZZ_ALLOC_BASE + FUZZ_ALLOC_PER_BYTE * len;

	asked = 0;
	fuzz((struct bch_bytes){ data, len });
	if (asked > bound) {
		fprintf(stderr,
			"%zu bytes of input made it ask for %zu bytes of memory, bound %zu\n", len,
			asked, bound);
		abort();
	}
	return 0;
}
