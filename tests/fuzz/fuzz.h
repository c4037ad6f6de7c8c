/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz targets: one program a decoder, which is given any bytes whatever. libFuzzer drives them (make fuzz), and so
 * does replay.c, with the stored inputs and mutations of them (make check, make asan).
 */

#ifndef BCHFS_TESTS_FUZZ_FUZZ_H
#define BCHFS_TESTS_FUZZ_FUZZ_H

#include "ondisk/le.h"

/*
 * What a target is. It decodes, judges and prints all that @input may be, and aborts where a promise of the library
 * does not hold. @input ends where its memory ends.
 */
void fuzz(struct bch_bytes input);

/*
 * All that may be asked of bch_malloc() and its kin while an input of @len bytes is decoded, added up as if nothing
 * were ever given back: what a few bytes from disk can make us allocate.
 */
#define FUZZ_ALLOC_BASE	    (4U << 20)
#define FUZZ_ALLOC_PER_BYTE 256U

/* The harness: one input, the bound checked. 0; libFuzzer wants this name. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

/* Takes the first @len bytes off @input, zero-filled where it is shorter. */
static inline void fuzz_take(struct bch_bytes *input, void *to, size_t len)
{
	size_t have = input->len < len ? input->len : len;

	memset(to, 0, len);
	if (have)
		memcpy(to, input->p, have);
	*input = bch_bytes_from(*input, len);
}

#endif
