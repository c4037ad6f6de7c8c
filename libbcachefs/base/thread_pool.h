/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Thread pool: a fixed number of threads, a bounded queue of work, and loops shared by all of them. */

#ifndef BCHFS_BASE_THREAD_POOL_H
#define BCHFS_BASE_THREAD_POOL_H

#include <bcachefs/types.h>

struct bch_thread_pool;

/*
 * Starts @nr_threads threads; @nr_queued is how much work may wait for one. Threads that the system
 * does not give are done without, down to none: then all work runs in whoever submits it. The
 * threads take no signals. NULL where memory is out. Freed by bch_thread_pool_free() or
 * bch_auto(thread_pool).
 */
struct bch_thread_pool *bch_thread_pool_new(u32 nr_threads, u32 nr_queued);

/* Finishes all that was submitted, then ends the threads. NULL is nothing. */
void bch_thread_pool_free(struct bch_thread_pool *pool);
static inline void bch_thread_pool_cleanup(struct bch_thread_pool **pool)
{
	bch_thread_pool_free(*pool);
}

/* How many may take part in a loop, the caller included: worker indexes are below this. Never 0. */
u32 bch_thread_pool_nr_workers(const struct bch_thread_pool *pool);

/*
 * Has fn(@arg) called by a thread of the pool, or by the caller before this returns where the queue
 * is full. So call it without a lock that @fn may want. From any thread, those of the pool too.
 */
void bch_thread_pool_submit(struct bch_thread_pool *pool, void (*fn)(void *arg), void *arg);

/* Until nothing is queued and nothing runs. Not for the pool's own threads. */
void bch_thread_pool_wait(struct bch_thread_pool *pool);

/*
 * Calls fn(@arg, idx, worker_idx) for each idx below @n, given out in ascending order, by all
 * threads that are free and the caller. No two of these calls that run at once have one worker_idx:
 * keep sums and findings for each worker_idx, and merge them afterwards.
 *
 * An error of @fn stops the giving out; calls under way are finished. Any thread may call this, the
 * pool's own within their work too.
 *
 * Return: 0, or the error of the lowest idx that has one, which does not depend on timing: whatever
 * fails, all indexes below it were given out before it.
 */
int bch_thread_pool_for_each(struct bch_thread_pool *pool, u64 n,
			     int (*fn)(void *arg, u64 idx, u32 worker_idx), void *arg);

#endif
