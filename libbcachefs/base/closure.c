// SPDX-License-Identifier: GPL-2.0-or-later
/* Closures: counted continuation of asynchronous work, and lists of those who wait for an event. */

#include "base/closure.h"

#include <assert.h>

#include "base/thread_pool.h"

void bch_closure_init(struct bch_closure *closure, struct bch_closure *parent)
{
	*closure = (struct bch_closure){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.alone = PTHREAD_COND_INITIALIZER,
		.nr_refs = 1,
		.parent = parent,
	};
	if (parent)
		bch_closure_get(parent);
}

void bch_closure_get(struct bch_closure *closure)
{
	pthread_mutex_lock(&closure->lock);
	assert(closure->nr_refs);
	closure->nr_refs++;
	pthread_mutex_unlock(&closure->lock);
}

static void run_continuation(void *arg)
{
	struct bch_closure *closure = arg;

	closure->fn(closure);
}

/* Nobody else has the closure now. */
static void count_is_zero(struct bch_closure *closure)
{
	struct bch_closure *parent = closure->parent;

	if (closure->fn) {
		closure->nr_refs = 1;
		if (closure->pool)
			bch_thread_pool_submit(closure->pool, run_continuation, closure);
		else
			run_continuation(closure);
		return;
	}

	pthread_cond_destroy(&closure->alone);
	pthread_mutex_destroy(&closure->lock);
	if (parent)
		bch_closure_put(parent);
}

void bch_closure_put(struct bch_closure *closure)
{
	u32 nr_refs;

	pthread_mutex_lock(&closure->lock);
	assert(closure->nr_refs);
	nr_refs = --closure->nr_refs;
	if (nr_refs == 1)
		pthread_cond_signal(&closure->alone);
	pthread_mutex_unlock(&closure->lock);
	if (!nr_refs)
		count_is_zero(closure);
}

void bch_closure_sync(struct bch_closure *closure)
{
	pthread_mutex_lock(&closure->lock);
	while (closure->nr_refs > 1)
		pthread_cond_wait(&closure->alone, &closure->lock);
	pthread_mutex_unlock(&closure->lock);
}

void bch_closure_continue(struct bch_closure *closure, bch_closure_fn fn,
			  struct bch_thread_pool *pool)
{
	closure->fn = fn;
	closure->pool = pool;
	bch_closure_put(closure);
}

void bch_closure_return(struct bch_closure *closure)
{
	bch_closure_continue(closure, NULL, NULL);
}

void bch_closure_waitlist_init(struct bch_closure_waitlist *list)
{
	*list = (struct bch_closure_waitlist){ PTHREAD_MUTEX_INITIALIZER, NULL, &list->first };
}

void bch_closure_waitlist_end(struct bch_closure_waitlist *list)
{
	assert(!list->first);
	pthread_mutex_destroy(&list->lock);
}

void bch_closure_wait(struct bch_closure_waitlist *list, struct bch_closure *closure)
{
	bch_closure_get(closure);
	pthread_mutex_lock(&list->lock);
	closure->next_waiter = NULL;
	*list->end = closure;
	list->end = &closure->next_waiter;
	pthread_mutex_unlock(&list->lock);
}

void bch_closure_wake_up(struct bch_closure_waitlist *list)
{
	struct bch_closure *closure, *next;

	pthread_mutex_lock(&list->lock);
	closure = list->first;
	list->first = NULL;
	list->end = &list->first;
	pthread_mutex_unlock(&list->lock);

	for (; closure; closure = next) {
		next = closure->next_waiter; /* before the put, which may be the closure's end */
		bch_closure_put(closure);
	}
}
