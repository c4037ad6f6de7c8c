/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fault points: named places where a test makes an allocation, an I/O or a rare path fail.
 *
 * Code asks bch_fault("name") and behaves as if the thing had failed when it is true. Built without
 * BCH_FAULTS (a release) that is the constant false. Built with -DBCH_FAULTS=1 each place registers
 * itself in a linker section; all are off until a test switches them on. Their state is the one
 * exception to "no global state that changes".
 */

#ifndef BCHFS_BASE_FAULT_H
#define BCHFS_BASE_FAULT_H

#include <stdatomic.h>
#include <bcachefs/types.h>

#ifndef BCH_FAULTS
#define BCH_FAULTS 0
#endif

#define BCH_FAULT_ALWAYS BCH_U64_MAX

struct bch_fault_point {
	const char *name;
	const char *file;
	u32 line;
	_Atomic u64 nth;   /* fires the nth time from now; 0: off; or BCH_FAULT_ALWAYS */
	_Atomic u64 fired; /* how often it did */
};

/* All points of this program. In a release there are none. Several places may share a name. */
struct bch_faults {
	struct bch_fault_point **points;
	size_t nr;
};

/* The points that were compiled in. */
struct bch_faults bch_faults(void);

/* Switches everything off and forgets how often it fired. */
void bch_faults_end(struct bch_faults *faults);
static inline void bch_faults_cleanup(struct bch_faults *faults)
{
	bch_faults_end(faults);
}

/*
 * The points named @name fire the @nth time from now (1: the next), once; 0: never;
 * BCH_FAULT_ALWAYS: each time. Any thread may run into the point meanwhile. -BCH_ERR_not_found
 * where there is none of that name.
 */
int bch_fault_set(struct bch_faults *faults, const char *name, u64 nth);

/* How often the points named @name have fired since the start or the last bch_faults_end(). */
u64 bch_fault_fired(const struct bch_faults *faults, const char *name);

/* What bch_fault() asks: does @point fire now? */
bool bch_fault_fires(struct bch_fault_point *point);

#if BCH_FAULTS
/*
 * The section holds pointers: the compiler may align a struct further than its size, a pointer it
 * may not.
 */
#define bch_fault(point_name)                                                            \
	({                                                                               \
		static struct bch_fault_point bch_point = { .name = (point_name),        \
							    .file = __FILE__,            \
							    .line = __LINE__ };          \
		static struct bch_fault_point *bch_point_entry                           \
			__attribute__((section("bch_fault_points"), used)) = &bch_point; \
		bch_fault_fires(bch_point_entry);                                        \
	})
#else
#define bch_fault(point_name) false
#endif

#endif
