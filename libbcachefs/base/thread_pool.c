// SPDX-License-Identifier: GPL-2.0-or-later
/* Thread pool: a ring of work, threads that empty it, and loops that are shared out. */

#include "base/thread_pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/memory.h"

struct work {
	void (*fn)(void *arg);
	void *arg;
};

struct bch_thread_pool {
	pthread_t *threads;
	u32 nr_threads;
	pthread_mutex_t
		lock;	     /* guards all that follows and every struct loop; never held in work */
	pthread_cond_t work; /* something was queued, or @ending */
	pthread_cond_t done; /* the pool fell idle, or somebody left a loop */
	struct work *queue;  /* a ring of @queue_size, which is 0 where there is no thread */
	size_t queue_size;
	size_t first;
	size_t nr_queued;
	u32 nr_running;
	bool ending;
};

/* A loop lives on the stack of bch_thread_pool_for_each(). */
struct loop {
	struct bch_thread_pool *pool;
	int (*fn)(void *arg, u64 idx, u32 worker_idx);
	void *arg;
	u64 n;
	u64 next;
	u32 nr_workers; /* that began: the next one's index */
	u32 nr_pending; /* that are queued or run */
	int err;
	u64 err_idx;
};

static struct work *queue_at(struct bch_thread_pool *pool, size_t nr)
{
	return &pool->queue[(pool->first + nr) % pool->queue_size];
}

static bool push(struct bch_thread_pool *pool, struct work work)
{
	if (pool->nr_queued == pool->queue_size)
		return false;

	*queue_at(pool, pool->nr_queued++) = work;
	pthread_cond_signal(&pool->work);
	return true;
}

static struct work pop(struct bch_thread_pool *pool)
{
	struct work work = *queue_at(pool, 0);

	pool->first = (pool->first + 1) % pool->queue_size;
	pool->nr_queued--;
	return work;
}

static bool idle(const struct bch_thread_pool *pool)
{
	return !pool->nr_queued && !pool->nr_running;
}

static void *work_until_end(void *arg)
{
	struct bch_thread_pool *pool = arg;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		struct work work;

		while (!pool->nr_queued && !pool->ending)
			pthread_cond_wait(&pool->work, &pool->lock);
		if (!pool->nr_queued)
			break;

		work = pop(pool);
		pool->nr_running++;
		pthread_mutex_unlock(&pool->lock);
		work.fn(work.arg);
		pthread_mutex_lock(&pool->lock);
		pool->nr_running--;
		if (idle(pool))
			pthread_cond_broadcast(&pool->done);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static bool start_thread(struct bch_thread_pool *pool, pthread_t *thread)
{
	return !bch_fault("thread") && !pthread_create(thread, NULL, work_until_end, pool);
}

/* Signals are for the program's own threads: the new ones inherit a mask that blocks all. */
static void start_threads(struct bch_thread_pool *pool, u32 nr_threads)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool->nr_threads < nr_threads &&
	       start_thread(pool, &pool->threads[pool->nr_threads]))
		pool->nr_threads++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);

	if (!pool->nr_threads)
		pool->queue_size = 0;
}

/* Takes @loop's queued work back: nobody has begun it. Returns how much there was. */
static u32 unqueue(struct bch_thread_pool *pool, const struct loop *loop)
{
	size_t nr_kept = 0;
	u32 nr_taken;

	for (size_t i = 0; i < pool->nr_queued; i++) {
		struct work work = *queue_at(pool, i);

		if (work.arg != loop)
			*queue_at(pool, nr_kept++) = work;
	}
	nr_taken = (u32)(pool->nr_queued - nr_kept);
	pool->nr_queued = nr_kept;
	if (idle(pool))
		pthread_cond_broadcast(&pool->done);
	return nr_taken;
}

static void take_part(void *arg)
{
	struct loop *loop = arg;
	struct bch_thread_pool *pool = loop->pool;
	u32 worker_idx;

	pthread_mutex_lock(&pool->lock);
	worker_idx = loop->nr_workers++;
	while (loop->next < loop->n && !loop->err) {
		u64 idx = loop->next++;
		int err;

		pthread_mutex_unlock(&pool->lock);
		err = loop->fn(loop->arg, idx, worker_idx);
		pthread_mutex_lock(&pool->lock);
		if (err && (!loop->err || idx < loop->err_idx)) {
			loop->err = err;
			loop->err_idx = idx;
		}
	}
	loop->nr_pending--;
	pthread_cond_broadcast(&pool->done);
	pthread_mutex_unlock(&pool->lock);
}

struct bch_thread_pool *bch_thread_pool_new(u32 nr_threads, u32 nr_queued)
{
	struct bch_thread_pool *pool = bch_malloc(sizeof(*pool));

	if (!pool)
		return NULL;

	*pool = (struct bch_thread_pool){
		.threads = bch_calloc(nr_threads, sizeof(pool->threads[0])),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.work = PTHREAD_COND_INITIALIZER,
		.done = PTHREAD_COND_INITIALIZER,
		.queue = bch_calloc(nr_queued, sizeof(pool->queue[0])),
		.queue_size = nr_queued,
	};
	if ((nr_threads && !pool->threads) || (nr_queued && !pool->queue)) {
		bch_thread_pool_free(pool);
		return NULL;
	}
	start_threads(pool, nr_threads);
	return pool;
}

void bch_thread_pool_free(struct bch_thread_pool *pool)
{
	if (!pool)
		return;

	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (u32 i = 0; i < pool->nr_threads; i++)
		pthread_join(pool->threads[i], NULL);

	pthread_cond_destroy(&pool->done);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool->queue);
	free(pool->threads);
	free(pool);
}

u32 bch_thread_pool_nr_workers(const struct bch_thread_pool *pool)
{
	return pool->nr_threads + 1;
}

void bch_thread_pool_submit(struct bch_thread_pool *pool, void (*fn)(void *arg), void *arg)
{
	bool queued;

	pthread_mutex_lock(&pool->lock);
	queued = push(pool, (struct work){ fn, arg });
	pthread_mutex_unlock(&pool->lock);
	if (!queued)
		fn(arg);
}

void bch_thread_pool_wait(struct bch_thread_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	while (!idle(pool))
		pthread_cond_wait(&pool->done, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}

/*
 * Threads that are busy with other work are not waited for: once the caller finds no index left,
 * their invitations have no purpose and are taken back. So loops within loops cannot block either.
 */
int bch_thread_pool_for_each(struct bch_thread_pool *pool, u64 n,
			     int (*fn)(void *arg, u64 idx, u32 worker_idx), void *arg)
{
	struct loop loop = { .pool = pool, .fn = fn, .arg = arg, .n = n, .nr_pending = 1 };
	struct work invitation = { take_part, &loop };

	pthread_mutex_lock(&pool->lock);
	while (loop.nr_pending <= pool->nr_threads && loop.nr_pending < n && push(pool, invitation))
		loop.nr_pending++;
	pthread_mutex_unlock(&pool->lock);

	take_part(&loop);

	pthread_mutex_lock(&pool->lock);
	loop.nr_pending -= unqueue(pool, &loop);
	while (loop.nr_pending)
		pthread_cond_wait(&pool->done, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	return loop.err;
}
