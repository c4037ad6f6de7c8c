// SPDX-License-Identifier: GPL-2.0-or-later
/* SIX locks: a word that says who holds what, and a queue of those who wait. */

#include "base/six.h"

#include <assert.h>
#include <sched.h>
#include <stdlib.h>

#include <bcachefs/error.h>
#include "base/memory.h"

/*
 * The state word. Taking and releasing change it by one atomic operation each; the queue is only for
 * sleeping, and for the order of those who do.
 *
 * - WANTED and WRITE are changed only for the holder of INTENT. Both refuse new readers.
 * - WAITING means that @waiters is not empty; changed under wait_lock. Whoever releases something
 *   and finds it set calls serve(); whoever starts to wait sets it before it tries for the last time.
 *   So one of the two sees the other, and nobody sleeps on what is free.
 * - The number of readers is READERS plus the sum of all slots, modulo 2^32. A slot alone means
 *   nothing: a reader may leave on another CPU than it came on.
 *
 * Why a sum of slots that was not read at one moment may be trusted when it is 0: it is read with
 * WANTED set. Every reader that is in came before that, so its count is seen. Those who come later
 * see WANTED and take their count back from the same slot: they can only make the sum too large.
 * After WANTED readers multiply by bch_six_increment() alone. That counts in READERS, which is read
 * last: where the sum has seen somebody leave, it sees what was incremented before. And a sum that is
 * too large does no harm: who makes it smaller afterwards finds WANTED and calls serve().
 *
 * Order of atomics: all are sequentially consistent. A reader writes its slot and reads the state, a
 * writer writes the state and reads the slots; that one of them sees the other takes no less. The
 * rest needs acquire on taking and release on releasing only, which is contained in it.
 */
#define READERS 0x0fffffffU /* how many, besides those in slots */
#define INTENT	0x10000000U
#define WANTED	0x20000000U /* the holder of INTENT wants WRITE */
#define WRITE	0x40000000U
#define WAITING 0x80000000U

#define NR_SLOTS   16
#define CACHE_LINE 64

/* A cache line apart from its neighbours' counts, wherever the array begins. */
struct bch_six_slot {
	_Atomic u32 nr;
	u8 unused[CACHE_LINE - sizeof(u32)];
};

/* READERS last: see above. */
static u32 nr_readers(struct bch_six *lock)
{
	u32 nr = 0;

	if (lock->slots)
		for (u32 i = 0; i < NR_SLOTS; i++)
			nr += atomic_load(&lock->slots[i].nr);
	return nr + (atomic_load(&lock->state) & READERS);
}

/* Any slot is right, the CPU's own the fastest; -1, where the system cannot tell, is one as well. */
static struct bch_six_slot *slot_here(struct bch_six *lock)
{
	return &lock->slots[(u32)sched_getcpu() % NR_SLOTS];
}

/* Adds @add to the state unless one of @refused is set. */
static bool add_unless(struct bch_six *lock, u32 add, u32 refused)
{
	u32 state = atomic_load(&lock->state);

	while (!(state & refused))
		if (atomic_compare_exchange_weak(&lock->state, &state, state + add))
			return true;
	return false;
}

static bool take_read(struct bch_six *lock)
{
	return add_unless(lock, 1, WRITE | WANTED);
}

static bool take_intent(struct bch_six *lock)
{
	return add_unless(lock, INTENT, INTENT);
}

/* WANTED remains set where it fails. */
static bool take_write(struct bch_six *lock)
{
	atomic_fetch_or(&lock->state, WANTED);
	if (nr_readers(lock))
		return false;

	atomic_fetch_xor(&lock->state, WANTED | WRITE);
	lock->seq++;
	return true;
}

static bool take(struct bch_six *lock, enum bch_six_type type)
{
	switch (type) {
	case BCH_SIX_read:
		return take_read(lock);
	case BCH_SIX_intent:
		return take_intent(lock);
	case BCH_SIX_write:
		return take_write(lock);
	}
	return false;
}

/* Gives all that can be given, first come first served. Under wait_lock. */
static void serve_locked(struct bch_six *lock)
{
	struct bch_six_waiter **link = &lock->waiters;
	struct bch_six_waiter *waiter;

	while ((waiter = *link)) {
		if (take(lock, waiter->type)) {
			*link = waiter->next;
			waiter->granted = true;
			pthread_cond_signal(&waiter->wake);
		} else {
			link = &waiter->next;
		}
	}
	if (!lock->waiters)
		atomic_fetch_and(&lock->state, ~WAITING);
}

static void serve(struct bch_six *lock)
{
	pthread_mutex_lock(&lock->wait_lock);
	serve_locked(lock);
	pthread_mutex_unlock(&lock->wait_lock);
}

static void wait_for(struct bch_six *lock, enum bch_six_type type)
{
	struct bch_six_waiter self = { .type = type, .wake = PTHREAD_COND_INITIALIZER };
	struct bch_six_waiter **link = &lock->waiters;

	pthread_mutex_lock(&lock->wait_lock);
	while (*link)
		link = &(*link)->next;
	*link = &self;
	atomic_fetch_or(&lock->state, WAITING);
	serve_locked(lock);
	while (!self.granted)
		pthread_cond_wait(&self.wake, &lock->wait_lock);
	pthread_mutex_unlock(&lock->wait_lock);
	pthread_cond_destroy(&self.wake);
}

/* A writer may have met the last reader's count, and waits to be told that it is gone. */
static void reader_gone(struct bch_six *lock)
{
	if (atomic_load(&lock->state) & WANTED)
		serve(lock);
}

static bool trylock_read(struct bch_six *lock)
{
	struct bch_six_slot *slot;

	if (!lock->slots)
		return take_read(lock);

	slot = slot_here(lock);
	atomic_fetch_add(&slot->nr, 1);
	if (!(atomic_load(&lock->state) & (WRITE | WANTED)))
		return true;
	atomic_fetch_sub(&slot->nr, 1);
	reader_gone(lock);
	return false;
}

/* Readers that were refused meanwhile must not wait for the holder of intent alone. */
static bool trylock_write(struct bch_six *lock)
{
	assert(atomic_load(&lock->state) & INTENT);
	if (take_write(lock))
		return true;
	if (atomic_fetch_and(&lock->state, ~WANTED) & WAITING)
		serve(lock);
	return false;
}

/* READERS first, so that counts which only bch_six_increment() and serve() put there do not pile up. */
static void unlock_read(struct bch_six *lock)
{
	u32 state = atomic_load(&lock->state);
	bool counted = false;

	while ((state & READERS) && !counted)
		counted = atomic_compare_exchange_weak(&lock->state, &state, state - 1);
	if (!counted) {
		assert(lock->slots);
		atomic_fetch_sub(&slot_here(lock)->nr, 1);
	}
	reader_gone(lock);
}

static void unlock_bit(struct bch_six *lock, u32 bit)
{
	u32 before = atomic_fetch_and(&lock->state, ~bit);

	assert(before & bit);
	if (before & WAITING)
		serve(lock);
}

int bch_six_init(struct bch_six *lock, enum bch_six_readers readers)
{
	*lock = (struct bch_six){ .wait_lock = PTHREAD_MUTEX_INITIALIZER };
	if (readers == BCH_SIX_ONE_COUNT)
		return 0;

	lock->slots = bch_calloc(NR_SLOTS, sizeof(lock->slots[0]));
	return lock->slots ? 0 : -BCH_ERR_no_memory;
}

void bch_six_end(struct bch_six *lock)
{
	assert(!lock->waiters);
	pthread_mutex_destroy(&lock->wait_lock);
	free(lock->slots);
}

void bch_six_lock(struct bch_six *lock, enum bch_six_type type)
{
	if (!bch_six_trylock(lock, type))
		wait_for(lock, type);
}

bool bch_six_trylock(struct bch_six *lock, enum bch_six_type type)
{
	switch (type) {
	case BCH_SIX_read:
		return trylock_read(lock);
	case BCH_SIX_intent:
		return add_unless(lock, INTENT, INTENT | WAITING);
	case BCH_SIX_write:
		return trylock_write(lock);
	}
	return false;
}

void bch_six_unlock(struct bch_six *lock, enum bch_six_type type)
{
	switch (type) {
	case BCH_SIX_read:
		unlock_read(lock);
		break;
	case BCH_SIX_intent:
		if (lock->nr_increments)
			lock->nr_increments--;
		else
			unlock_bit(lock, INTENT);
		break;
	case BCH_SIX_write:
		unlock_bit(lock, WRITE);
		break;
	}
}

void bch_six_increment(struct bch_six *lock, enum bch_six_type type)
{
	assert(type != BCH_SIX_write);
	if (type == BCH_SIX_read)
		atomic_fetch_add(&lock->state, 1);
	else
		lock->nr_increments++;
}

bool bch_six_tryupgrade(struct bch_six *lock)
{
	if (!bch_six_trylock(lock, BCH_SIX_intent))
		return false;
	bch_six_unlock(lock, BCH_SIX_read);
	return true;
}

void bch_six_downgrade(struct bch_six *lock)
{
	bch_six_increment(lock, BCH_SIX_read);
	bch_six_unlock(lock, BCH_SIX_intent);
}

bool bch_six_relock(struct bch_six *lock, enum bch_six_type type, u64 seq)
{
	assert(type != BCH_SIX_write);
	if (!bch_six_trylock(lock, type))
		return false;
	if (lock->seq == seq)
		return true;
	bch_six_unlock(lock, type);
	return false;
}
