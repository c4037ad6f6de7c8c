/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of codec/ share: bytes as the format reference writes them, and random ones. */

#ifndef BCHFS_TEST_CODEC_VECTOR_H
#define BCHFS_TEST_CODEC_VECTOR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <bcachefs/types.h>

/* Exactly @len bytes from hexadecimal digits; blanks between bytes do not count. */
static inline void from_hex(const char *hex, void *out, size_t len)
{
	u8 *p = out;
	int used;

	for (size_t i = 0; i < len; i++, hex += used) {
		unsigned byte;

		assert_int_equal(sscanf(hex, " %2x%n", &byte, &used), 1);
		p[i] = (u8)byte;
	}
	assert_int_equal(strspn(hex, " "), strlen(hex));
}

static inline void assert_hex(const void *have, const char *want, size_t len)
{
	u8 bytes[256];

	assert_true(len <= sizeof(bytes));
	from_hex(want, bytes, len);
	assert_memory_equal(have, bytes, len);
}

/* The same bytes in every run. */
static inline void fill(void *buf, size_t len, u64 seed)
{
	u8 *p = buf;

	for (size_t i = 0; i < len; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		p[i] = (u8)(seed >> 56);
	}
}

#endif
