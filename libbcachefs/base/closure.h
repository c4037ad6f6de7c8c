/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Closures: what comes after asynchronous work, and lists of those who wait for an event.
 *
 * A closure is a count of what is not finished yet, embedded in an object. Its owner holds one
 * reference and takes one more for each piece of work that it starts; each piece gives its own back
 * at its end, from any thread. The owner then either waits until it is alone (bch_closure_sync), or
 * gives its reference away together with what shall run when the count is 0 (bch_closure_continue):
 * that function is the next owner. The last owner calls bch_closure_return().
 *
 *	bch_closure_init(&read->closure, parent);
 *	for each device:
 *		bch_closure_get(&read->closure);
 *		start(..., whose end calls bch_closure_put(&read->closure));
 *	bch_closure_continue(&read->closure, verify_and_return, pool);
 */

#ifndef BCHFS_BASE_CLOSURE_H
#define BCHFS_BASE_CLOSURE_H

#include <pthread.h>
#include <bcachefs/types.h>

struct bch_closure;
struct bch_thread_pool;

typedef void (*bch_closure_fn)(struct bch_closure *closure);

struct bch_closure {
	pthread_mutex_t lock; /* guards @nr_refs; innermost of all locks */
	pthread_cond_t alone; /* @nr_refs became 1 */
	u32 nr_refs;
	bch_closure_fn fn; /* this and @pool are the owner's */
	struct bch_thread_pool *pool;
	struct bch_closure *parent;
	struct bch_closure *next_waiter; /* guarded by the list's lock */
};

/* The caller is the owner of one reference. @parent, which may be NULL, is held until the return. */
void bch_closure_init(struct bch_closure *closure, struct bch_closure *parent);

/* For who holds a reference. */
void bch_closure_get(struct bch_closure *closure);

/* Gives a reference back. With the last one the continuation begins: see bch_closure_continue(). */
void bch_closure_put(struct bch_closure *closure);

/* For the owner: waits until all other references were given back, and keeps its own. */
void bch_closure_sync(struct bch_closure *closure);

/*
 * For the owner, who gives its reference away: when all are given back, @fn runs as the new owner. It
 * runs in @pool, or where that is NULL or full in the thread that gave the last reference back,
 * perhaps within this call: so call it, and bch_closure_put(), without a lock that @fn may want.
 */
void bch_closure_continue(struct bch_closure *closure, bch_closure_fn fn,
			  struct bch_thread_pool *pool);

/*
 * For the owner, who gives its reference away: when all are given back the closure ends and gives its
 * parent back. Who is alone may free the object that holds the closure after this.
 */
void bch_closure_return(struct bch_closure *closure);

/* Closures that wait for an event, each on one list at a time. */
struct bch_closure_waitlist {
	pthread_mutex_t lock; /* guards the list; innermost */
	struct bch_closure *first;
	struct bch_closure **end; /* where the next one is linked */
};

/* An empty list, which must not move. Ended by bch_closure_waitlist_end(). */
void bch_closure_waitlist_init(struct bch_closure_waitlist *list);

/* When nothing waits. */
void bch_closure_waitlist_end(struct bch_closure_waitlist *list);

/*
 * The list takes a reference of @closure and gives it back at the next wake up. A condition that
 * another thread makes true before it wakes the list up is waited for so:
 *
 *	while (!condition()) {
 *		bch_closure_wait(&list, &closure);
 *		if (condition())
 *			bch_closure_wake_up(&list);
 *		bch_closure_sync(&closure);
 *	}
 */
void bch_closure_wait(struct bch_closure_waitlist *list, struct bch_closure *closure);

/* Takes all off the list and gives their references back, in the order in which they came. */
void bch_closure_wake_up(struct bch_closure_waitlist *list);

#endif
