// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault points: the list of all, switching, firing. */

#include <string.h>

#include <bcachefs/error.h>
#include "base/fault.h"

/* The linker's names for the ends of the section; both are NULL where no point was linked. */
extern struct bch_fault_point *__start_bch_fault_points[] __attribute__((weak));
extern struct bch_fault_point *__stop_bch_fault_points[] __attribute__((weak));

struct bch_faults bch_faults(void)
{
	uintptr_t start = (uintptr_t)__start_bch_fault_points;
	uintptr_t stop = (uintptr_t)__stop_bch_fault_points;

	return (struct bch_faults){ __start_bch_fault_points,
				    (stop - start) / sizeof(__start_bch_fault_points[0]) };
}

void bch_faults_end(struct bch_faults *faults)
{
	for (size_t i = 0; i < faults->nr; i++) {
		atomic_store(&faults->points[i]->nth, 0);
		atomic_store(&faults->points[i]->fired, 0);
	}
}

int bch_fault_set(struct bch_faults *faults, const char *name, u64 nth)
{
	int err = -BCH_ERR_not_found;

	for (size_t i = 0; i < faults->nr; i++) {
		if (strcmp(faults->points[i]->name, name))
			continue;
		atomic_store(&faults->points[i]->nth, nth);
		err = 0;
	}
	return err;
}

u64 bch_fault_fired(const struct bch_faults *faults, const char *name)
{
	u64 fired = 0;

	for (size_t i = 0; i < faults->nr; i++)
		if (!strcmp(faults->points[i]->name, name))
			fired += atomic_load(&faults->points[i]->fired);
	return fired;
}

bool bch_fault_fires(struct bch_fault_point *point)
{
	u64 nth = atomic_load_explicit(&point->nth, memory_order_relaxed);

	/*
	 * Each passer takes one off; who takes the last one fails. The order against other memory
	 * does not matter.
	 */
	while (nth && nth != BCH_FAULT_ALWAYS)
		if (atomic_compare_exchange_weak(&point->nth, &nth, nth - 1))
			break;
	if (nth != 1 && nth != BCH_FAULT_ALWAYS)
		return false;
	atomic_fetch_add(&point->fired, 1);
	return true;
}
