// SPDX-License-Identifier: GPL-2.0-or-later
/* Generic radix tree, held against a sorted table of indexes. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/radix.h"

static u64 next_random(u64 *seed)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return *seed >> 20 | *seed << 44;
}

static void an_empty_tree_has_nothing(void **state)
{
	struct bch_radix radix bch_auto(radix) = BCH_RADIX(sizeof(u64));
	u64 index = 5;

	(void)state;
	assert_null(bch_radix_get(&radix, 0));
	assert_null(bch_radix_get(&radix, BCH_U64_MAX));
	assert_null(bch_radix_next(&radix, &index));
	assert_null(bch_radix_prev(&radix, &index));
	assert_int_equal(index, 5);
}

static void objects_begin_zeroed_aligned_and_stay_where_they_are(void **state)
{
	struct bch_radix radix bch_auto(radix) = BCH_RADIX(21);
	u8 *first = bch_radix_make(&radix, 3), *second;

	(void)state;
	for (u32 i = 0; i < 21; i++) {
		assert_int_equal(first[i], 0);
		first[i] = 0xaa;
	}
	second = bch_radix_make(&radix, 4);
	assert_int_equal(second[0], 0);
	assert_int_equal((uintptr_t)second % 16, 0);
	assert_non_null(bch_radix_make(&radix, (u64)1 << 40));
	assert_ptr_equal(bch_radix_make(&radix, 3), first);
	assert_ptr_equal(bch_radix_get(&radix, 3), first);
	assert_int_equal(first[20], 0xaa);
	assert_null(bch_radix_get(&radix, 5));
}

static void the_last_index_works_in_both_directions(void **state)
{
	struct bch_radix radix bch_auto(radix) = BCH_RADIX(sizeof(u64));
	u64 *top = bch_radix_make(&radix, BCH_U64_MAX), *bottom;
	u64 index = BCH_U64_MAX;

	(void)state;
	assert_ptr_equal(bch_radix_next(&radix, &index), top);
	assert_int_equal(index, BCH_U64_MAX);
	index = 0;
	assert_ptr_equal(bch_radix_next(&radix, &index), top);
	assert_int_equal(index, BCH_U64_MAX);

	bottom = bch_radix_make(&radix, 0);
	index = BCH_U64_MAX - 1;
	assert_ptr_equal(bch_radix_prev(&radix, &index), bottom);
	assert_int_equal(index, 0);
	index = 1;
	assert_ptr_equal(bch_radix_next(&radix, &index), top);
	assert_int_equal(index, BCH_U64_MAX);
}

#define NR_INDEXES 400

static int compare_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

/* What is found from @index on in both directions is what a linear search of the model finds. */
static void check_around(const struct bch_radix *radix, const u64 *model, u32 nr, u64 index)
{
	u32 not_less = 0, not_more;
	u64 at = index, *object;

	while (not_less < nr && model[not_less] < index)
		not_less++;
	object = bch_radix_next(radix, &at);
	assert_int_equal(!object, not_less == nr);
	if (object) {
		assert_int_equal(at, model[not_less]);
		assert_int_equal(*object, ~at);
		assert_ptr_equal(bch_radix_get(radix, at), object);
	}

	not_more = not_less < nr && model[not_less] == index ? not_less + 1 : not_less;
	at = index;
	object = bch_radix_prev(radix, &at);
	assert_int_equal(!object, !not_more);
	if (object)
		assert_int_equal(at, model[not_more - 1]);
	assert_int_equal(!bch_radix_get(radix, index), not_more == not_less);
}

static void random_indexes_agree_with_the_model(void **state)
{
	(void)state;
	for (u64 seed = 1; seed <= 64; seed += 7) {
		struct bch_radix radix bch_auto(radix) = BCH_RADIX(sizeof(u64));
		u64 model[NR_INDEXES], random = seed;

		for (u32 i = 0; i < NR_INDEXES; i++) {
			/* Of seed bits, in clusters. */
			u64 index = next_random(&random) >> (64 - seed);
			u64 *object;

			if (i % 4)
				index = model[i - 1] ^ (next_random(&random) & 7);
			model[i] = index;
			object = bch_radix_make(&radix, index);
			assert_non_null(object);
			*object = ~index;
		}
		qsort(model, NR_INDEXES, sizeof(model[0]), compare_u64);

		for (u32 i = 0; i < NR_INDEXES; i++)
			for (u64 d = 0; d < 3; d++)
				check_around(&radix, model, NR_INDEXES, model[i] + d - 1);
		for (u32 i = 0; i < 1000; i++)
			check_around(&radix, model, NR_INDEXES,
				     next_random(&random) >> next_random(&random) % 64);
	}
}

static void without_memory_nothing_is_made_and_nothing_is_lost(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();

	(void)state;
	if (!faults.nr)
		skip();
	for (u64 nth = 1; nth <= 20; nth++) {
		struct bch_radix radix bch_auto(radix) = BCH_RADIX(sizeof(u64));
		u64 index = 1;

		assert_non_null(bch_radix_make(&radix, 0));
		assert_int_equal(bch_fault_set(&faults, "memory", nth), 0);
		assert_null(bch_radix_make(&radix, BCH_U64_MAX));
		assert_null(bch_radix_get(&radix, BCH_U64_MAX));
		assert_non_null(bch_radix_get(&radix, 0));
		assert_null(bch_radix_next(&radix, &index));
		index = BCH_U64_MAX;
		assert_non_null(bch_radix_prev(&radix, &index));
		assert_int_equal(index, 0);
		assert_non_null(bch_radix_make(&radix, BCH_U64_MAX));
	}
}

static void objects_that_are_too_large_are_refused(void **state)
{
	struct bch_radix huge = BCH_RADIX(SIZE_MAX), large = BCH_RADIX(SIZE_MAX / 64);

	(void)state;
	assert_null(bch_radix_make(&huge, 0));
	assert_null(bch_radix_make(&large, 0));
}

#define NR_SHARED 20000

/* Steps that cross nodes and raise the root while the readers look. */
static u64 shared_index(u64 nr)
{
	return nr * nr * nr;
}

static void *read_shared(void *arg)
{
	const struct bch_radix *radix = arg;
	u64 index = 0;

	while (!bch_radix_get(radix, shared_index(NR_SHARED - 1))) {
		bool empty = !bch_radix_next(radix, &index);

		index = empty ? 0 : index + 1;
	}
	for (u64 nr = 0; nr < NR_SHARED; nr++)
		if (!bch_radix_get(radix, shared_index(nr)))
			return arg;
	return NULL;
}

static void readers_need_no_lock(void **state)
{
	struct bch_radix radix bch_auto(radix) = BCH_RADIX(sizeof(u32));
	pthread_t readers[2];

	(void)state;
	for (u32 i = 0; i < bch_array_size(readers); i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_shared, &radix), 0);
	for (u64 nr = 0; nr < NR_SHARED; nr++)
		assert_non_null(bch_radix_make(&radix, shared_index(nr)));
	for (u32 i = 0; i < bch_array_size(readers); i++) {
		void *missed;

		pthread_join(readers[i], &missed);
		assert_null(missed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_tree_has_nothing),
		cmocka_unit_test(objects_begin_zeroed_aligned_and_stay_where_they_are),
		cmocka_unit_test(the_last_index_works_in_both_directions),
		cmocka_unit_test(random_indexes_agree_with_the_model),
		cmocka_unit_test(without_memory_nothing_is_made_and_nothing_is_lost),
		cmocka_unit_test(objects_that_are_too_large_are_refused),
		cmocka_unit_test(readers_need_no_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
