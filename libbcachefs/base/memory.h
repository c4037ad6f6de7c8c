/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocation that a test can make fail, by the fault point "memory". Freed with free(). */

#ifndef BCHFS_BASE_MEMORY_H
#define BCHFS_BASE_MEMORY_H

#include <stddef.h>

/* As the functions of the C library; NULL where memory is out or a test says so. */
void *bch_malloc(size_t size);
void *bch_calloc(size_t nr, size_t size);
void *bch_realloc(void *p, size_t size);

#endif
