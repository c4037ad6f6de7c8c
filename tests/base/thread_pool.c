// SPDX-License-Identifier: GPL-2.0-or-later
/* base/thread_pool: submitted work, loops, their errors, and what remains when the system says no. */

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <bcachefs/error.h>
#include "base/fault.h"
#include "base/thread_pool.h"

#define NR_THREADS  4
#define NR_WORKERS  (NR_THREADS + 1)
#define NR_INDEXES  2000
#define HANGS_AFTER 120 /* seconds: a deadlock ends the program */

/* Work that keeps its thread until the gate opens. */
struct gate {
	_Atomic bool reached, open;
};

static void pass_gate(void *arg)
{
	struct gate *gate = arg;

	atomic_store(&gate->reached, true);
	while (!atomic_load(&gate->open))
		sched_yield();
}

static void count(void *arg)
{
	atomic_fetch_add((_Atomic u32 *)arg, 1);
}

static void note_thread(void *arg)
{
	*(pthread_t *)arg = pthread_self();
}

/* A pool of one thread, which is at @gate. */
static struct bch_thread_pool *pool_that_is_busy(struct gate *gate, u32 nr_queued)
{
	struct bch_thread_pool *pool = bch_thread_pool_new(1, nr_queued);

	assert_non_null(pool);
	bch_thread_pool_submit(pool, pass_gate, gate);
	while (!atomic_load(&gate->reached))
		sched_yield();
	return pool;
}

static void all_submitted_work_has_run_when_wait_returns(void **state)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(NR_THREADS, 8);
	_Atomic u32 nr = 0;

	(void)state;
	for (u32 round = 1; round <= 20; round++) {
		for (u32 i = 0; i < 100; i++)
			bch_thread_pool_submit(pool, count, &nr);
		bch_thread_pool_wait(pool);
		assert_int_equal(atomic_load(&nr), round * 100);
	}
}

static void submitted_work_runs_in_another_thread(void **state)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(1, 1);
	pthread_t thread = pthread_self();

	(void)state;
	bch_thread_pool_submit(pool, note_thread, &thread);
	bch_thread_pool_wait(pool);
	assert_false(pthread_equal(thread, pthread_self()));
}

static void without_threads_work_runs_in_the_caller(void **state)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(0, 8);
	pthread_t thread;

	(void)state;
	memset(&thread, 0, sizeof(thread));
	bch_thread_pool_submit(pool, note_thread, &thread);
	assert_true(pthread_equal(thread, pthread_self()));
	assert_int_equal(bch_thread_pool_nr_workers(pool), 1);
	bch_thread_pool_wait(pool);
}

static void work_that_finds_the_queue_full_runs_in_the_caller(void **state)
{
	struct gate gate = { false, false };
	struct bch_thread_pool *pool bch_auto(thread_pool) = pool_that_is_busy(&gate, 2);
	_Atomic u32 nr = 0;

	(void)state;
	bch_thread_pool_submit(pool, count, &nr);
	bch_thread_pool_submit(pool, count, &nr);
	assert_int_equal(atomic_load(&nr), 0);
	bch_thread_pool_submit(pool, count, &nr);
	assert_int_equal(atomic_load(&nr), 1);

	atomic_store(&gate.open, true);
	bch_thread_pool_wait(pool);
	assert_int_equal(atomic_load(&nr), 3);
}

static void freeing_a_pool_finishes_what_was_submitted(void **state)
{
	struct gate gate = { false, false };
	struct bch_thread_pool *pool = pool_that_is_busy(&gate, 50);
	_Atomic u32 nr = 0;

	(void)state;
	for (u32 i = 0; i < 50; i++)
		bch_thread_pool_submit(pool, count, &nr);
	assert_int_equal(atomic_load(&nr), 0);
	atomic_store(&gate.open, true);
	bch_thread_pool_free(pool);
	assert_int_equal(atomic_load(&nr), 50);
}

static void freeing_no_pool_is_nothing(void **state)
{
	(void)state;
	bch_thread_pool_free(NULL);
}

static void note_signals(void *arg)
{
	pthread_sigmask(SIG_SETMASK, NULL, arg);
}

static void threads_take_no_signals_and_the_caller_still_does(void **state)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(1, 1);
	sigset_t here, there;

	(void)state;
	sigemptyset(&there);
	bch_thread_pool_submit(pool, note_signals, &there);
	bch_thread_pool_wait(pool);
	note_signals(&here);
	assert_true(sigismember(&there, SIGINT));
	assert_false(sigismember(&here, SIGINT));
}

/* What a loop leaves behind: none of it is atomic but what is asked across workers. */
struct tally {
	u64 sum[NR_WORKERS];
	bool within[NR_WORKERS];
	u32 calls[NR_INDEXES];
};

static int tally(void *arg, u64 idx, u32 worker_idx)
{
	struct tally *t = arg;

	if (worker_idx >= NR_WORKERS || t->within[worker_idx])
		return -BCH_ERR_out_of_range;
	t->within[worker_idx] = true;
	t->sum[worker_idx] += idx;
	t->calls[idx]++;
	t->within[worker_idx] = false;
	return 0;
}

static void a_loop_calls_each_index_once_and_no_two_workers_at_once_share_an_index(void **state)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(NR_THREADS, 8);
	struct tally *t = calloc(1, sizeof(*t));
	u64 sum = 0;

	(void)state;
	assert_non_null(t);
	assert_int_equal(bch_thread_pool_nr_workers(pool), NR_WORKERS);
	assert_int_equal(bch_thread_pool_for_each(pool, NR_INDEXES, tally, t), 0);
	for (u32 i = 0; i < NR_INDEXES; i++)
		assert_int_equal(t->calls[i], 1);
	for (u32 i = 0; i < NR_WORKERS; i++)
		sum += t->sum[i];
	assert_int_equal(sum, (u64)NR_INDEXES * (NR_INDEXES - 1) / 2);
	free(t);
}

static int never(void *arg, u64 idx, u32 worker_idx)
{
	(void)arg, (void)idx, (void)worker_idx;
	return -BCH_ERR_io;
}

static void a_loop_over_nothing_calls_nothing(void **state)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(NR_THREADS, 8);

	(void)state;
	assert_int_equal(bch_thread_pool_for_each(pool, 0, never, NULL), 0);
}

/* All workers must be within the loop at once for it to end. */
static int meet_all(void *arg, u64 idx, u32 worker_idx)
{
	_Atomic u32 *nr_here = arg;

	(void)idx, (void)worker_idx;
	atomic_fetch_add(nr_here, 1);
	while (atomic_load(nr_here) < NR_WORKERS)
		sched_yield();
	return 0;
}

static void a_loop_uses_all_threads_and_the_caller(void **state)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) =
		bch_thread_pool_new(NR_THREADS, NR_THREADS);
	_Atomic u32 nr_here = 0;

	(void)state;
	assert_int_equal(bch_thread_pool_for_each(pool, NR_WORKERS, meet_all, &nr_here), 0);
}

static int fail_later_index_first(void *arg, u64 idx, u32 worker_idx)
{
	_Atomic bool *failed = arg;

	(void)worker_idx;
	if (idx) {
		atomic_store(failed, true);
		return -BCH_ERR_io;
	}
	while (!atomic_load(failed))
		sched_yield();
	return -BCH_ERR_busy;
}

static void a_loop_returns_the_error_of_the_lowest_index_whichever_came_first(void **state)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(1, 1);

	(void)state;
	for (u32 i = 0; i < 100; i++) {
		_Atomic bool failed = false;

		assert_int_equal(bch_thread_pool_for_each(pool, 2, fail_later_index_first, &failed),
				 -BCH_ERR_busy);
	}
}

static int fail_at_10(void *arg, u64 idx, u32 worker_idx)
{
	(void)worker_idx;
	count(arg);
	return idx == 10 ? -BCH_ERR_cancelled : 0;
}

static void an_error_stops_the_giving_out_of_indexes(void **state)
{
	struct bch_thread_pool *alone bch_auto(thread_pool) = bch_thread_pool_new(0, 0);
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(NR_THREADS, 8);
	_Atomic u32 nr = 0;

	(void)state;
	assert_int_equal(bch_thread_pool_for_each(alone, BCH_U64_MAX, fail_at_10, &nr),
			 -BCH_ERR_cancelled);
	assert_int_equal(atomic_load(&nr), 11);
	assert_int_equal(bch_thread_pool_for_each(pool, BCH_U64_MAX, fail_at_10, &nr),
			 -BCH_ERR_cancelled);
}

struct submitting {
	struct bch_thread_pool *pool;
	_Atomic u32 nr;
};

static int submit_one(void *arg, u64 idx, u32 worker_idx)
{
	struct submitting *s = arg;

	(void)idx, (void)worker_idx;
	bch_thread_pool_submit(s->pool, count, &s->nr);
	return 0;
}

static void a_loop_does_not_wait_for_busy_threads_and_keeps_what_others_queued(void **state)
{
	struct gate gate = { false, false };
	struct submitting s = { pool_that_is_busy(&gate, 8), 0 };

	(void)state;
	bch_thread_pool_submit(s.pool, count, &s.nr);
	assert_int_equal(bch_thread_pool_for_each(s.pool, 3, submit_one, &s), 0);
	assert_int_equal(atomic_load(&s.nr), 0);

	atomic_store(&gate.open, true);
	bch_thread_pool_wait(s.pool);
	assert_int_equal(atomic_load(&s.nr), 4);
	bch_thread_pool_free(s.pool);
}

static int count_index(void *arg, u64 idx, u32 worker_idx)
{
	(void)idx, (void)worker_idx;
	count(arg);
	return 0;
}

static int loop_within(void *arg, u64 idx, u32 worker_idx)
{
	struct submitting *s = arg;

	(void)idx, (void)worker_idx;
	return bch_thread_pool_for_each(s->pool, 20, count_index, &s->nr);
}

static void loops_within_loops_end(void **state)
{
	struct submitting s = { bch_thread_pool_new(NR_THREADS, 64), 0 };

	(void)state;
	assert_non_null(s.pool);
	assert_int_equal(bch_thread_pool_for_each(s.pool, 50, loop_within, &s), 0);
	assert_int_equal(atomic_load(&s.nr), 1000);
	bch_thread_pool_free(s.pool);
}

static void a_pool_that_gets_no_memory_is_null(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();
	struct bch_thread_pool *pool;
	u64 nth = 0;

	(void)state;
	if (bch_fault_set(&faults, "memory", 0))
		skip(); /* a release has no fault points */
	do {
		bch_fault_set(&faults, "memory", ++nth);
		pool = bch_thread_pool_new(2, 2);
	} while (!pool);
	assert_int_equal(nth, 4); /* pool, threads, queue */
	bch_thread_pool_free(pool);
}

static void a_pool_does_without_the_threads_that_the_system_refuses(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();

	(void)state;
	if (bch_fault_set(&faults, "thread", 0))
		skip(); /* a release has no fault points */
	for (u64 nth = 1; nth <= NR_THREADS; nth++) {
		struct bch_thread_pool *pool bch_auto(thread_pool) = NULL;
		struct tally *t = calloc(1, sizeof(*t));
		_Atomic u32 nr = 0;

		assert_non_null(t);
		bch_fault_set(&faults, "thread", nth);
		pool = bch_thread_pool_new(NR_THREADS, 8);
		assert_non_null(pool);
		assert_int_equal(bch_thread_pool_nr_workers(pool), nth);
		assert_int_equal(bch_thread_pool_for_each(pool, NR_INDEXES, tally, t), 0);
		bch_thread_pool_submit(pool, count, &nr);
		bch_thread_pool_wait(pool);
		assert_int_equal(atomic_load(&nr), 1);
		free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_submitted_work_has_run_when_wait_returns),
		cmocka_unit_test(submitted_work_runs_in_another_thread),
		cmocka_unit_test(without_threads_work_runs_in_the_caller),
		cmocka_unit_test(work_that_finds_the_queue_full_runs_in_the_caller),
		cmocka_unit_test(freeing_a_pool_finishes_what_was_submitted),
		cmocka_unit_test(freeing_no_pool_is_nothing),
		cmocka_unit_test(threads_take_no_signals_and_the_caller_still_does),
		cmocka_unit_test(
			a_loop_calls_each_index_once_and_no_two_workers_at_once_share_an_index),
		cmocka_unit_test(a_loop_over_nothing_calls_nothing),
		cmocka_unit_test(a_loop_uses_all_threads_and_the_caller),
		cmocka_unit_test(a_loop_returns_the_error_of_the_lowest_index_whichever_came_first),
		cmocka_unit_test(an_error_stops_the_giving_out_of_indexes),
		cmocka_unit_test(
			a_loop_does_not_wait_for_busy_threads_and_keeps_what_others_queued),
		cmocka_unit_test(loops_within_loops_end),
		cmocka_unit_test(a_pool_that_gets_no_memory_is_null),
		cmocka_unit_test(a_pool_does_without_the_threads_that_the_system_refuses),
	};

	alarm(HANGS_AFTER);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
