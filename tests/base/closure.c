// SPDX-License-Identifier: GPL-2.0-or-later
/* base/closure: counting, continuing, waiting, parents, wait lists. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/closure.h"
#include "base/thread_pool.h"

#define HANGS_AFTER 120 /* seconds: a deadlock ends the program */

/* Who ended, in order. */
struct ends {
	struct op *op[5];
	u32 nr;
};

/* An object with a closure in it. What it holds is not atomic: the closure is what orders it. */
struct op {
	struct bch_closure closure; /* first: a continuation casts back */
	struct bch_thread_pool *pool;
	pthread_t thread;
	u32 nr_runs;
	u32 results[8];
	u32 sum;
	struct ends *ends;
};

static struct op *op_of(struct bch_closure *closure)
{
	return (struct op *)closure;
}

static void run_and_return(struct bch_closure *closure)
{
	struct op *op = op_of(closure);

	op->thread = pthread_self();
	op->nr_runs++;
	bch_closure_return(closure);
}

static void a_continuation_runs_once_in_the_thread_of_the_last_put(void **state)
{
	struct op op = { .nr_runs = 0 };

	(void)state;
	bch_closure_init(&op.closure, NULL);
	bch_closure_get(&op.closure);
	bch_closure_get(&op.closure);
	bch_closure_continue(&op.closure, run_and_return, NULL);
	bch_closure_put(&op.closure);
	assert_int_equal(op.nr_runs, 0);
	bch_closure_put(&op.closure);
	assert_int_equal(op.nr_runs, 1);
	assert_true(pthread_equal(op.thread, pthread_self()));
}

static void a_continuation_runs_at_once_when_nothing_was_started(void **state)
{
	struct op op = { .nr_runs = 0 };

	(void)state;
	bch_closure_init(&op.closure, NULL);
	bch_closure_continue(&op.closure, run_and_return, NULL);
	assert_int_equal(op.nr_runs, 1);
}

static void a_continuation_with_a_pool_runs_in_its_thread(void **state)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(1, 1);
	struct op op = { .nr_runs = 0 };

	(void)state;
	bch_closure_init(&op.closure, NULL);
	bch_closure_continue(&op.closure, run_and_return, pool);
	bch_thread_pool_wait(pool);
	assert_int_equal(op.nr_runs, 1);
	assert_false(pthread_equal(op.thread, pthread_self()));
}

static void put(void *arg)
{
	bch_closure_put(arg);
}

/* A piece of work writes its result and gives its reference back. */
struct piece {
	struct op *op;
	u32 nr;
};

static void finish_piece(void *arg)
{
	struct piece *piece = arg;

	piece->op->results[piece->nr] = piece->nr + 1;
	put(&piece->op->closure);
}

static void start_pieces(struct op *op, struct piece pieces[8], struct bch_thread_pool *pool)
{
	*op = (struct op){ .pool = pool };
	bch_closure_init(&op->closure, NULL);
	for (u32 i = 0; i < 8; i++) {
		pieces[i] = (struct piece){ op, i };
		bch_closure_get(&op->closure);
		bch_thread_pool_submit(op->pool, finish_piece, &pieces[i]);
	}
}

static u32 sum_results(const struct op *op)
{
	u32 sum = 0;

	for (u32 i = 0; i < 8; i++)
		sum += op->results[i];
	return sum;
}

static void sync_returns_when_all_pieces_are_finished(void **state)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(3, 8);

	(void)state;
	for (u32 round = 0; round < 200; round++) {
		struct piece pieces[8];
		struct op op;

		start_pieces(&op, pieces, pool);
		bch_closure_sync(&op.closure);
		assert_int_equal(sum_results(&op), 36);
		bch_closure_sync(&op.closure); /* still the owner, still alone */
		bch_closure_return(&op.closure);
	}
}

static void sum_and_return(struct bch_closure *closure)
{
	op_of(closure)->sum = sum_results(op_of(closure));
	bch_closure_return(closure);
}

static void a_continuation_sees_the_results_of_all_pieces(void **state)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(3, 8);

	(void)state;
	for (u32 round = 0; round < 200; round++) {
		struct piece pieces[8];
		struct op op;

		start_pieces(&op, pieces, pool);
		bch_closure_continue(&op.closure, sum_and_return, pool);
		bch_thread_pool_wait(pool);
		assert_int_equal(op.sum, 36);
	}
}

static void next_stage(struct bch_closure *closure)
{
	struct op *op = op_of(closure);

	if (++op->nr_runs == 5) {
		bch_closure_return(closure);
		return;
	}
	bch_closure_get(closure);
	bch_thread_pool_submit(op->pool, put, closure);
	bch_closure_continue(closure, next_stage, op->pool);
}

static void a_continuation_may_start_more_and_continue(void **state)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(2, 8);
	struct op op = { .pool = pool };

	(void)state;
	bch_closure_init(&op.closure, NULL);
	bch_closure_continue(&op.closure, next_stage, pool);
	bch_thread_pool_wait(pool);
	assert_int_equal(op.nr_runs, 5);
}

static void return_and_free(struct bch_closure *closure)
{
	bch_closure_return(closure);
	free(op_of(closure));
}

static void a_parent_continues_when_all_its_children_have_returned(void **state)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(3, 2);
	struct op parent = { .nr_runs = 0 };
	struct op held;

	(void)state;
	bch_closure_init(&parent.closure, NULL);
	bch_closure_init(&held.closure, &parent.closure);
	for (u32 i = 0; i < 100; i++) {
		struct op *child = calloc(1, sizeof(*child));

		assert_non_null(child);
		bch_closure_init(&child->closure, &parent.closure);
		bch_closure_continue(&child->closure, return_and_free, pool);
	}
	bch_closure_continue(&parent.closure, run_and_return, NULL);
	bch_thread_pool_wait(pool);
	assert_int_equal(parent.nr_runs, 0);
	bch_closure_return(&held.closure);
	assert_int_equal(parent.nr_runs, 1);
}

static void note_end(struct bch_closure *closure)
{
	struct op *op = op_of(closure);

	op->ends->op[op->ends->nr++] = op;
	bch_closure_return(closure);
}

static void a_wake_up_runs_all_that_wait_in_the_order_of_their_coming(void **state)
{
	struct bch_closure_waitlist list;
	struct ends ends = { .nr = 0 };
	struct op ops[5];

	(void)state;
	bch_closure_waitlist_init(&list);
	for (u32 i = 0; i < 5; i++) {
		ops[i].ends = &ends;
		bch_closure_init(&ops[i].closure, NULL);
		bch_closure_wait(&list, &ops[i].closure);
		bch_closure_continue(&ops[i].closure, note_end, NULL);
	}
	assert_int_equal(ends.nr, 0);
	bch_closure_wake_up(&list);
	assert_int_equal(ends.nr, 5);
	for (u32 i = 0; i < 5; i++)
		assert_ptr_equal(ends.op[i], &ops[i]);
	bch_closure_wake_up(&list); /* nobody waits any more */
	assert_int_equal(ends.nr, 5);
	bch_closure_waitlist_end(&list);
}

struct event {
	struct bch_closure_waitlist list;
	_Atomic u32 nr; /* each waiter wants this to reach its own number */
};

struct event_waiter {
	struct event *event;
	u32 want;
};

static void *wait_for_event(void *arg)
{
	struct event_waiter *waiter = arg;
	struct bch_closure closure;

	bch_closure_init(&closure, NULL);
	while (atomic_load(&waiter->event->nr) < waiter->want) {
		bch_closure_wait(&waiter->event->list, &closure);
		if (atomic_load(&waiter->event->nr) >= waiter->want)
			bch_closure_wake_up(&waiter->event->list);
		bch_closure_sync(&closure);
	}
	bch_closure_return(&closure);
	return NULL;
}

static void threads_that_wait_for_a_condition_miss_no_wake_up(void **state)
{
	struct event event = { .nr = 0 };
	struct event_waiter waiters[4];
	pthread_t threads[4];

	(void)state;
	bch_closure_waitlist_init(&event.list);
	for (u32 i = 0; i < 4; i++) {
		waiters[i] = (struct event_waiter){ &event, (i + 1) * 500 };
		assert_int_equal(pthread_create(&threads[i], NULL, wait_for_event, &waiters[i]), 0);
	}
	for (u32 i = 0; i < 2000; i++) {
		atomic_fetch_add(&event.nr, 1);
		bch_closure_wake_up(&event.list);
	}
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	bch_closure_waitlist_end(&event.list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_continuation_runs_once_in_the_thread_of_the_last_put),
		cmocka_unit_test(a_continuation_runs_at_once_when_nothing_was_started),
		cmocka_unit_test(a_continuation_with_a_pool_runs_in_its_thread),
		cmocka_unit_test(sync_returns_when_all_pieces_are_finished),
		cmocka_unit_test(a_continuation_sees_the_results_of_all_pieces),
		cmocka_unit_test(a_continuation_may_start_more_and_continue),
		cmocka_unit_test(a_parent_continues_when_all_its_children_have_returned),
		cmocka_unit_test(a_wake_up_runs_all_that_wait_in_the_order_of_their_coming),
		cmocka_unit_test(threads_that_wait_for_a_condition_miss_no_wake_up),
	};

	alarm(HANGS_AFTER);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
