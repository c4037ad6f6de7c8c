/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dynamic arrays of any type.
 *
 *	struct { ... BCH_ARRAY(struct bch_pos) positions; ... }
 *
 * All zero is an empty one; v[0] to v[nr - 1] are the elements, which move when it grows. The
 * macros take a pointer to the array and evaluate each argument once. What can fail returns 0 or
 * -BCH_ERR_no_memory, the array as it was.
 */

#ifndef BCHFS_BASE_ARRAY_H
#define BCHFS_BASE_ARRAY_H

#include <stdlib.h>
#include <string.h>
#include <bcachefs/error.h>
#include <bcachefs/types.h>

#define BCH_ARRAY(type)                                              \
	struct {                                                     \
		type *v;                                             \
		size_t nr;                                           \
		size_t size; /* elements that there is memory for */ \
	}

/*
 * @v with room for at least @want elements of @element_size bytes, twice as many as before or more;
 * *@size is updated. NULL, and nothing changed, where memory is out or the size in bytes does not
 * fit. For the macros below.
 */
void *bch_array_grow(void *v, size_t *size, size_t element_size, size_t want);

/* Room for @want elements in all. */
#define bch_array_reserve(array, want)                                                        \
	({                                                                                    \
		__typeof__(array) array_r = (array);                                          \
		size_t want_r = (want);                                                       \
		void *v_r = NULL;                                                             \
                                                                                              \
		if (want_r > array_r->size)                                                   \
			v_r = bch_array_grow(array_r->v, &array_r->size, sizeof(*array_r->v), \
					     want_r);                                         \
		if (v_r)                                                                      \
			array_r->v = v_r;                                                     \
		want_r > array_r->size ? -BCH_ERR_no_memory : 0;                              \
	})

/* Puts @element at place @at, 0 to nr; those from there on move up. */
#define bch_array_insert(array, at, element)                                 \
	({                                                                   \
		__typeof__(array) array_i = (array);                         \
		__typeof__(*array_i->v) element_i = (element);               \
		size_t at_i = (at);                                          \
		int err_i = bch_array_reserve(array_i, array_i->nr + 1);     \
                                                                             \
		if (!err_i) {                                                \
			memmove(array_i->v + at_i + 1, array_i->v + at_i,    \
				(array_i->nr - at_i) * sizeof(*array_i->v)); \
			array_i->v[at_i] = element_i;                        \
			array_i->nr++;                                       \
		}                                                            \
		err_i;                                                       \
	})

#define bch_array_push(array, element)                           \
	({                                                       \
		__typeof__(array) array_p = (array);             \
		bch_array_insert(array_p, array_p->nr, element); \
	})

/* Takes out the element at place @at, 0 to nr - 1; those behind it move down. */
#define bch_array_remove(array, at)                                  \
	do {                                                         \
		__typeof__(array) array_d = (array);                 \
		size_t at_d = (at);                                  \
                                                                     \
		array_d->nr--;                                       \
		memmove(array_d->v + at_d, array_d->v + at_d + 1,    \
			(array_d->nr - at_d) * sizeof(*array_d->v)); \
	} while (0)

/* Of elements that are ascending by @field: the place of the first whose field is @value or more; nr where there is none. */
#define bch_array_place(array, field, value)                         \
	({                                                           \
		const __typeof__(*(array)) *array_p = (array);       \
		__typeof__(array_p->v[0].field) value_p = (value);   \
		size_t low_p = 0, high_p = array_p->nr;              \
                                                                     \
		while (low_p < high_p) {                             \
			size_t mid_p = low_p + (high_p - low_p) / 2; \
                                                                     \
			if (array_p->v[mid_p].field < value_p)       \
				low_p = mid_p + 1;                   \
			else                                         \
				high_p = mid_p;                      \
		}                                                    \
		low_p;                                               \
	})

/* Gives the memory back; the array is empty. */
#define bch_array_end(array)                         \
	do {                                         \
		__typeof__(array) array_e = (array); \
                                                     \
		free(array_e->v);                    \
		array_e->v = NULL;                   \
		array_e->nr = array_e->size = 0;     \
	} while (0)

#endif
