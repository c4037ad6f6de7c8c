/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIX locks: shared, intent, exclusive; small, fair, with a sequence number.
 *
 *   read	any number at once; excludes write
 *   intent	one at a time; excludes no reader: its holder prepares a change while others read
 *   write	only for the holder of intent, besides it; excludes readers: for the change itself
 *
 * Locks belong to whoever took them, not to a thread: another thread may release them. Waiters of a
 * kind are served in the order of their coming. Readers that come while a writer waits are served
 * after it: whoever holds read must not call bch_six_lock() for read again, but
 * bch_six_increment(), and must not wait for a thread that wants read. Readers never wait for the
 * holder of intent alone, nor for those who wait for intent.
 */

#ifndef BCHFS_BASE_SIX_H
#define BCHFS_BASE_SIX_H

#include <pthread.h>
#include <stdatomic.h>
#include <bcachefs/types.h>

enum bch_six_type {
	BCH_SIX_read,
	BCH_SIX_intent,
	BCH_SIX_write,
};

/* Where readers are counted. */
enum bch_six_readers {
	BCH_SIX_ONE_COUNT, /* in the lock: smallest, cheap to write */
	BCH_SIX_PER_CPU, /* in 1 KiB of slots beside it: readers share no cache line, writers sum */
};

/* A thread that waits; lives on its stack. */
struct bch_six_waiter {
	struct bch_six_waiter *next;
	enum bch_six_type type;
	bool granted;
	pthread_cond_t wake;
};

struct bch_six {
	_Atomic u32 state;	    /* see six.c */
	u32 nr_increments;	    /* of intent; guarded by intent */
	u64 seq;		    /* guarded by the lock itself: changed in write only */
	struct bch_six_slot *slots; /* of BCH_SIX_PER_CPU, else NULL */
	pthread_mutex_t wait_lock;  /* guards @waiters; innermost of all locks */
	struct bch_six_waiter *waiters;
};

/* -BCH_ERR_no_memory; BCH_SIX_ONE_COUNT needs none. Ended by bch_six_end(). */
int bch_six_init(struct bch_six *lock, enum bch_six_readers readers) bch_must_check;

/* When it is not held and no thread is within a function on it, not even one that unlocks. */
void bch_six_end(struct bch_six *lock);

/* Waits. For write, the caller holds intent and no read. */
void bch_six_lock(struct bch_six *lock, enum bch_six_type type);

/* Is it had without waiting, and without passing those who wait for intent? */
bool bch_six_trylock(struct bch_six *lock, enum bch_six_type type);

/* Of write before intent; of what was incremented, once. */
void bch_six_unlock(struct bch_six *lock, enum bch_six_type type);

/* Once more what the caller holds: read or intent. Also read by the holder of intent. */
void bch_six_increment(struct bch_six *lock, enum bch_six_type type);

/* From read to intent, never without a lock between. False: read is still held. */
bool bch_six_tryupgrade(struct bch_six *lock);

/* From intent to read, never without a lock between. */
void bch_six_downgrade(struct bch_six *lock);

/*
 * Counts how often write was taken. For a holder: what it saw stands as long as this does. A writer
 * finds here the number that will stand after it.
 */
static inline u64 bch_six_seq(const struct bch_six *lock)
{
	return lock->seq;
}

/* As bch_six_trylock() for read or intent, and nobody took write since bch_six_seq() gave @seq? */
bool bch_six_relock(struct bch_six *lock, enum bch_six_type type, u64 seq);

#endif
