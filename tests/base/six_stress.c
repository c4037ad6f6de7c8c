// SPDX-License-Identifier: GPL-2.0-or-later
/* base/six under many threads: what the locks guard is plain memory, and every rule is asked of it. */

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/six.h"

#define NR_THREADS  6
#define NR_LOCKS    3
#define RUN_NS	    1200000000ULL /* in each mode */
#define HANGS_AFTER 120		  /* seconds: a deadlock ends the program */

/* Not atomic: a lost exclusion breaks the sums, and TSan sees it too. */
struct guarded {
	struct bch_six lock;
	u64 nr_writes;	     /* changed in write */
	u64 nr_writes_again; /* the same, a little later */
	u64 nr_intents;	     /* changed in intent */
};

struct worker;

/* Each returns whether it had what it tried for. */
/* clang-format off */
#define ACTIONS(A)		\
	A(read)			\
	A(try_read)		\
	A(increment_read)	\
	A(intent)		\
	A(try_intent)		\
	A(write)		\
	A(try_write)		\
	A(increment_intent)	\
	A(upgrade)		\
	A(downgrade)		\
	A(relock_read)		\
	A(relock_intent)	\
	A(two_locks)

enum action {
#define A(name) ACTION_##name,
	ACTIONS(A)
#undef A
	ACTION_NR
};
/* clang-format on */

struct worker {
	struct guarded *all;
	u64 random;
	u64 nr_done[ACTION_NR];
	u64 nr_writes[NR_LOCKS];
	u64 nr_intents[NR_LOCKS];
	u64 nr_broken; /* rules seen broken */
	pthread_t thread;
};

static u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

static u32 random_below(struct worker *w, u32 limit)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (u32)(w->random >> 32) % limit;
}

/* Lets others run in the middle of what must not be seen half done. */
static void dawdle(struct worker *w)
{
	if (!random_below(w, 4))
		sched_yield();
}

static void expect(struct worker *w, bool rule)
{
	if (!rule)
		w->nr_broken++;
}

/* Under read or intent: nothing changes, and no write is half done. Returns what is there. */
static u64 look(struct worker *w, const struct guarded *g)
{
	u64 nr_writes = g->nr_writes;

	dawdle(w);
	expect(w, g->nr_writes_again == nr_writes);
	expect(w, g->nr_writes == nr_writes);
	return nr_writes;
}

static void change_in_intent(struct worker *w, struct guarded *g)
{
	u64 nr_intents = g->nr_intents;

	look(w, g);
	g->nr_intents = nr_intents + 1;
	w->nr_intents[g - w->all]++;
}

static void change_in_write(struct worker *w, struct guarded *g)
{
	u64 nr_writes = g->nr_writes;

	expect(w, bch_six_seq(&g->lock) == nr_writes + 1);
	g->nr_writes = nr_writes + 1;
	dawdle(w);
	g->nr_writes_again = nr_writes + 1;
	w->nr_writes[g - w->all]++;
}

/* In intent. */
static void write_locked(struct worker *w, struct guarded *g)
{
	bch_six_lock(&g->lock, BCH_SIX_write);
	change_in_write(w, g);
	bch_six_unlock(&g->lock, BCH_SIX_write);
}

static bool do_read(struct worker *w, struct guarded *g)
{
	bch_six_lock(&g->lock, BCH_SIX_read);
	look(w, g);
	bch_six_unlock(&g->lock, BCH_SIX_read);
	return true;
}

static bool do_try_read(struct worker *w, struct guarded *g)
{
	if (!bch_six_trylock(&g->lock, BCH_SIX_read))
		return false;
	look(w, g);
	bch_six_unlock(&g->lock, BCH_SIX_read);
	return true;
}

static bool do_increment_read(struct worker *w, struct guarded *g)
{
	u64 seen;

	bch_six_lock(&g->lock, BCH_SIX_read);
	seen = look(w, g);
	bch_six_increment(&g->lock, BCH_SIX_read);
	dawdle(w);
	bch_six_unlock(&g->lock, BCH_SIX_read);
	expect(w, look(w, g) == seen);
	bch_six_unlock(&g->lock, BCH_SIX_read);
	return true;
}

static bool do_intent(struct worker *w, struct guarded *g)
{
	bch_six_lock(&g->lock, BCH_SIX_intent);
	change_in_intent(w, g);
	bch_six_unlock(&g->lock, BCH_SIX_intent);
	return true;
}

static bool do_try_intent(struct worker *w, struct guarded *g)
{
	if (!bch_six_trylock(&g->lock, BCH_SIX_intent))
		return false;
	change_in_intent(w, g);
	bch_six_unlock(&g->lock, BCH_SIX_intent);
	return true;
}

static bool do_write(struct worker *w, struct guarded *g)
{
	bch_six_lock(&g->lock, BCH_SIX_intent);
	change_in_intent(w, g);
	write_locked(w, g);
	bch_six_unlock(&g->lock, BCH_SIX_intent);
	return true;
}

static bool do_try_write(struct worker *w, struct guarded *g)
{
	bool had;

	bch_six_lock(&g->lock, BCH_SIX_intent);
	had = bch_six_trylock(&g->lock, BCH_SIX_write);
	if (had) {
		change_in_write(w, g);
		bch_six_unlock(&g->lock, BCH_SIX_write);
	}
	change_in_intent(w, g);
	bch_six_unlock(&g->lock, BCH_SIX_intent);
	return had;
}

static bool do_increment_intent(struct worker *w, struct guarded *g)
{
	bch_six_lock(&g->lock, BCH_SIX_intent);
	bch_six_increment(&g->lock, BCH_SIX_intent);
	bch_six_unlock(&g->lock, BCH_SIX_intent);
	change_in_intent(w, g);
	write_locked(w, g);
	bch_six_unlock(&g->lock, BCH_SIX_intent);
	return true;
}

static bool do_upgrade(struct worker *w, struct guarded *g)
{
	u64 seen;

	bch_six_lock(&g->lock, BCH_SIX_read);
	seen = look(w, g);
	if (!bch_six_tryupgrade(&g->lock)) {
		expect(w, look(w, g) == seen);
		bch_six_unlock(&g->lock, BCH_SIX_read);
		return false;
	}
	expect(w, look(w, g) == seen);
	change_in_intent(w, g);
	write_locked(w, g);
	bch_six_unlock(&g->lock, BCH_SIX_intent);
	return true;
}

static bool do_downgrade(struct worker *w, struct guarded *g)
{
	u64 seen;

	bch_six_lock(&g->lock, BCH_SIX_intent);
	change_in_intent(w, g);
	write_locked(w, g);
	seen = look(w, g);
	bch_six_downgrade(&g->lock);
	expect(w, look(w, g) == seen);
	bch_six_unlock(&g->lock, BCH_SIX_read);
	return true;
}

/* Looks, lets go, and takes @type again if nothing was written meanwhile. */
static bool relock(struct worker *w, struct guarded *g, enum bch_six_type type)
{
	u64 seen, seq;

	bch_six_lock(&g->lock, BCH_SIX_read);
	seen = look(w, g);
	seq = bch_six_seq(&g->lock);
	bch_six_unlock(&g->lock, BCH_SIX_read);
	dawdle(w);
	if (!bch_six_relock(&g->lock, type, seq))
		return false;
	expect(w, look(w, g) == seen);
	return true;
}

static bool do_relock_read(struct worker *w, struct guarded *g)
{
	if (!relock(w, g, BCH_SIX_read))
		return false;
	bch_six_unlock(&g->lock, BCH_SIX_read);
	return true;
}

static bool do_relock_intent(struct worker *w, struct guarded *g)
{
	if (!relock(w, g, BCH_SIX_intent))
		return false;
	change_in_intent(w, g);
	write_locked(w, g);
	bch_six_unlock(&g->lock, BCH_SIX_intent);
	return true;
}

/* As a tree is changed: the upper lock is kept while the lower one is written. */
static bool do_two_locks(struct worker *w, struct guarded *g)
{
	struct guarded *next = g + 1;
	u64 seen;

	if (next == w->all + NR_LOCKS)
		return false;
	bch_six_lock(&g->lock, BCH_SIX_read);
	seen = look(w, g);
	bch_six_lock(&next->lock, BCH_SIX_intent);
	change_in_intent(w, next);
	write_locked(w, next);
	expect(w, look(w, g) == seen);
	bch_six_unlock(&next->lock, BCH_SIX_intent);
	bch_six_unlock(&g->lock, BCH_SIX_read);
	return true;
}

/* clang-format off */
static bool (*const actions[ACTION_NR])(struct worker *w, struct guarded *g) = {
#define A(name) [ACTION_##name] = do_##name,
	ACTIONS(A)
#undef A
};
/* clang-format on */

static void *act_at_random(void *arg)
{
	struct worker *w = arg;
	u64 deadline_ns = now_ns() + RUN_NS;

	while (now_ns() < deadline_ns) {
		u32 action = random_below(w, ACTION_NR);

		w->nr_done[action] += actions[action](w, &w->all[random_below(w, NR_LOCKS)]);
	}
	return NULL;
}

static void run(struct worker workers[NR_THREADS], struct guarded all[NR_LOCKS])
{
	memset(workers, 0, NR_THREADS * sizeof(workers[0]));
	for (u32 i = 0; i < NR_THREADS; i++) {
		workers[i].all = all;
		workers[i].random = 0x9e3779b97f4a7c15ULL * (i + 1);
		assert_int_equal(
			pthread_create(&workers[i].thread, NULL, act_at_random, &workers[i]), 0);
	}
	for (u32 i = 0; i < NR_THREADS; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
}

static void check_sums(const struct worker workers[NR_THREADS], struct guarded *g, u32 lock_nr)
{
	u64 nr_writes = 0, nr_intents = 0;

	for (u32 i = 0; i < NR_THREADS; i++) {
		nr_writes += workers[i].nr_writes[lock_nr];
		nr_intents += workers[i].nr_intents[lock_nr];
	}
	assert_int_equal(g->nr_writes, nr_writes);
	assert_int_equal(g->nr_writes_again, nr_writes);
	assert_int_equal(g->nr_intents, nr_intents);
	assert_int_equal(bch_six_seq(&g->lock), nr_writes);
	assert_true(bch_six_trylock(&g->lock, BCH_SIX_intent));
	assert_true(bch_six_trylock(&g->lock, BCH_SIX_write));
}

static void no_exclusion_and_no_wake_up_is_lost(void **state)
{
	const enum bch_six_readers *readers = *state;
	struct guarded all[NR_LOCKS] = { 0 };
	struct worker workers[NR_THREADS];

	for (u32 i = 0; i < NR_LOCKS; i++)
		assert_int_equal(bch_six_init(&all[i].lock, *readers), 0);
	run(workers, all);

	for (u32 i = 0; i < NR_THREADS; i++)
		assert_int_equal(workers[i].nr_broken, 0);
	for (u32 i = 0; i < NR_LOCKS; i++) {
		check_sums(workers, &all[i], i);
		bch_six_end(&all[i].lock);
	}
	for (u32 action = 0; action < ACTION_NR; action++) {
		u64 nr_done = 0;

		for (u32 i = 0; i < NR_THREADS; i++)
			nr_done += workers[i].nr_done[action];
		assert_int_not_equal(nr_done, 0);
	}
}

static enum bch_six_readers one_count = BCH_SIX_ONE_COUNT;
static enum bch_six_readers per_cpu = BCH_SIX_PER_CPU;

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "no_exclusion_and_no_wake_up_is_lost: one count",
		  no_exclusion_and_no_wake_up_is_lost, NULL, NULL, &one_count },
		{ "no_exclusion_and_no_wake_up_is_lost: per CPU",
		  no_exclusion_and_no_wake_up_is_lost, NULL, NULL, &per_cpu },
	};

	alarm(HANGS_AFTER);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
