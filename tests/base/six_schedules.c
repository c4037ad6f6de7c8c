// SPDX-License-Identifier: GPL-2.0-or-later
/* base/six under every schedule of a few threads that has at most two preemptions: no luck needed. */

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include <bcachefs/types.h>

/*
 * The lock's own source is compiled here with a point before each step that others could see. The
 * threads are coroutines; at each point the scheduler may go on with another. One mutex is enough:
 * there is one lock.
 */
static void point(void);
static void point_at(const volatile void *p);
static void mutex_lock(void);
static void mutex_unlock(void);
static void wait_on(const void *cond);
static void wake_up(const void *cond);
static int next_cpu(void);

#undef atomic_load
#undef atomic_fetch_add
#undef atomic_fetch_sub
#undef atomic_fetch_or
#undef atomic_fetch_and
#undef atomic_fetch_xor
#undef atomic_compare_exchange_weak
#define fetch_and_do(p, op)     \
	({                      \
		u32 before_;    \
		point();        \
		before_ = *(p); \
		*(p)op;         \
		before_;        \
	})
#define atomic_load(p)       \
	({                   \
		point_at(p); \
		*(p);        \
	})
#define atomic_fetch_add(p, n) fetch_and_do(p, += (n))
#define atomic_fetch_sub(p, n) fetch_and_do(p, -= (n))
#define atomic_fetch_or(p, n)  fetch_and_do(p, |= (n))
#define atomic_fetch_and(p, n) fetch_and_do(p, &= (n))
#define atomic_fetch_xor(p, n) fetch_and_do(p, ^= (n))
#define atomic_compare_exchange_weak(p, have, want) \
	({                                          \
		bool same_;                         \
		point();                            \
		same_ = *(p) == *(have);            \
		if (same_)                          \
			*(p) = (want);              \
		else                                \
			*(have) = *(p);             \
		same_;                              \
	})
#define pthread_mutex_lock(m)	((void)(m), mutex_lock())
#define pthread_mutex_unlock(m) ((void)(m), mutex_unlock())
#define pthread_cond_wait(c, m) ((void)(m), wait_on(c))
#define pthread_cond_signal(c)	wake_up(c)
#define sched_getcpu()		next_cpu()
#ifndef SIX_SOURCE
#define SIX_SOURCE "base/six.c"
#endif
#include SIX_SOURCE

#define NR_THREADS	3
#define STACK_SIZE	(64U << 10)
#define MAX_PREEMPTIONS 2
#define MAX_DECISIONS	1000
#define NR_CPUS		2
#define HANGS_AFTER	120 /* seconds */

typedef void (*script)(void);

struct thread {
	ucontext_t context;
	char stack[STACK_SIZE];
	script run;
	const void *waits_on;
	bool wants_mutex, ended;
	u32 cpu;
};

static struct thread threads[NR_THREADS];
static ucontext_t scheduler;
static struct thread *current, *mutex_owner;
static struct bch_six lock;
static const char *broken; /* the rule that was, in this schedule */

/* Which way was taken at each point where there were several, and how many there were. */
static struct {
	u8 choice, nr;
} path[MAX_DECISIONS];
static u32 path_len, nr_decisions, nr_preemptions;

static void expect(bool rule, const char *text)
{
	if (!rule && !broken)
		broken = text;
}

static void point(void)
{
	swapcontext(&current->context, &scheduler);
}

/* What nobody writes needs no point: slots of CPUs that there are not. */
static void point_at(const volatile void *p)
{
	if (!lock.slots || p < (const volatile void *)&lock.slots[NR_CPUS] ||
	    p >= (const volatile void *)&lock.slots[NR_SLOTS])
		point();
}

/* Threads move all the time. */
static int next_cpu(void)
{
	return (int)(current->cpu++ % NR_CPUS);
}

static void mutex_lock(void)
{
	current->wants_mutex = true;
	do
		point();
	while (mutex_owner);
	current->wants_mutex = false;
	mutex_owner = current;
}

static void mutex_unlock(void)
{
	expect(mutex_owner == current, "who unlocks the mutex has it");
	mutex_owner = NULL;
}

static void wait_on(const void *cond)
{
	current->waits_on = cond;
	mutex_unlock();
	point();
	mutex_lock();
}

static void wake_up(const void *cond)
{
	for (u32 i = 0; i < NR_THREADS; i++)
		if (threads[i].waits_on == cond)
			threads[i].waits_on = NULL;
}

static bool runnable(const struct thread *thread)
{
	return !thread->ended && !thread->waits_on && !(thread->wants_mutex && mutex_owner);
}

static u32 choose(u32 nr)
{
	if (nr == 1)
		return 0;
	if (nr_decisions == MAX_DECISIONS) {
		expect(false, "a schedule ends");
		return 0;
	}
	if (nr_decisions == path_len)
		path[path_len++].choice = 0;
	path[nr_decisions].nr = (u8)nr;
	return path[nr_decisions++].choice;
}

/* The next to run, NULL where nobody can. The first choice is to go on. */
static struct thread *schedule(void)
{
	struct thread *able[NR_THREADS];
	bool may_go_on = current && runnable(current);
	u32 nr = 0, choice;

	if (may_go_on)
		able[nr++] = current;
	if (!may_go_on || nr_preemptions < MAX_PREEMPTIONS)
		for (u32 i = 0; i < NR_THREADS; i++)
			if (&threads[i] != current && runnable(&threads[i]))
				able[nr++] = &threads[i];
	if (!nr)
		return NULL;
	choice = choose(nr);
	nr_preemptions += may_go_on && choice;
	return able[choice];
}

static void run_script(void)
{
	current->run();
	current->ended = true;
	point();
}

static void start(struct thread *thread, script run, u32 cpu)
{
	getcontext(&thread->context);
	thread->context.uc_stack.ss_sp = thread->stack;
	thread->context.uc_stack.ss_size = sizeof(thread->stack);
	thread->run = run;
	thread->waits_on = NULL;
	thread->wants_mutex = false;
	thread->ended = false;
	thread->cpu = cpu;
	makecontext(&thread->context, run_script, 0);
}

/* Not known to the lock: who holds what, what it guards, and an event that a writer waits for. */
static u32 nr_held[3];
static u64 guarded;
static bool reader_came;

static void check_nothing_is_left(void)
{
	u32 nr = lock.state & READERS;

	for (u32 i = 0; i < NR_THREADS; i++)
		expect(threads[i].ended, "nobody waits for ever");
	for (u32 i = 0; lock.slots && i < NR_SLOTS; i++)
		nr += lock.slots[i].nr;
	expect(!nr, "no reader is counted at the end");
	expect(!(lock.state & ~READERS), "no bit is set at the end");
}

static void run_schedule(const script scripts[NR_THREADS], enum bch_six_readers readers)
{
	broken = NULL;
	nr_decisions = nr_preemptions = 0;
	current = mutex_owner = NULL;
	memset(nr_held, 0, sizeof(nr_held));
	guarded = 0;
	reader_came = false;
	assert_int_equal(bch_six_init(&lock, readers), 0);
	for (u32 i = 0; i < NR_THREADS; i++)
		start(&threads[i], scripts[i], i);

	while (!broken && (current = schedule()))
		swapcontext(&scheduler, &current->context);
	if (!broken)
		check_nothing_is_left();
	free(lock.slots);
}

/* Depth first: the last decision that has an untried way takes it. */
static bool next_path(void)
{
	path_len = nr_decisions;
	while (path_len && path[path_len - 1].choice + 1 == path[path_len - 1].nr)
		path_len--;
	if (path_len)
		path[path_len - 1].choice++;
	return path_len;
}

static void run_all_schedules(const script scripts[NR_THREADS])
{
	for (enum bch_six_readers readers = 0; readers <= BCH_SIX_PER_CPU; readers++) {
		u64 nr = 0;

		path_len = 0;
		do {
			run_schedule(scripts, readers);
			if (broken)
				fail_msg("%s: not in schedule %" PRIu64, broken, nr);
			nr++;
		} while (next_path());
		assert_true(nr > 1000);
	}
}

static void enter(enum bch_six_type type)
{
	nr_held[type]++;
	expect(nr_held[BCH_SIX_intent] <= 1 && nr_held[BCH_SIX_write] <= 1,
	       "intent and write are one's alone");
	expect(!nr_held[BCH_SIX_write] || !nr_held[BCH_SIX_read], "write excludes readers");
	point();
}

static void hold(enum bch_six_type type)
{
	bch_six_lock(&lock, type);
	enter(type);
}

static bool try_hold(enum bch_six_type type)
{
	bool had = bch_six_trylock(&lock, type);

	if (had)
		enter(type);
	return had;
}

static void let_go(enum bch_six_type type)
{
	nr_held[type]--;
	bch_six_unlock(&lock, type);
}

/* The scripts that threads run. */
static void write_in_intent(void)
{
	hold(BCH_SIX_write);
	guarded++;
	let_go(BCH_SIX_write);
}

static void writer(void)
{
	hold(BCH_SIX_intent);
	write_in_intent();
	let_go(BCH_SIX_intent);
}

static void try_writer(void)
{
	hold(BCH_SIX_intent);
	if (try_hold(BCH_SIX_write))
		let_go(BCH_SIX_write);
	let_go(BCH_SIX_intent);
}

static void reader(void)
{
	hold(BCH_SIX_read);
	let_go(BCH_SIX_read);
}

static void try_reader(void)
{
	if (try_hold(BCH_SIX_read))
		let_go(BCH_SIX_read);
}

static void reader_who_increments(void)
{
	hold(BCH_SIX_read);
	bch_six_increment(&lock, BCH_SIX_read);
	enter(BCH_SIX_read);
	let_go(BCH_SIX_read);
	point();
	let_go(BCH_SIX_read);
}

static void reader_who_is_awaited(void)
{
	reader();
	reader_came = true;
	wake_up(&reader_came);
}

static void try_writer_who_awaits_a_reader(void)
{
	hold(BCH_SIX_intent);
	if (try_hold(BCH_SIX_write))
		let_go(BCH_SIX_write);
	if (!reader_came) {
		current->waits_on = &reader_came;
		point();
	}
	let_go(BCH_SIX_intent);
}

static void upgrader(void)
{
	u64 seen;

	hold(BCH_SIX_read);
	seen = guarded;
	if (!bch_six_tryupgrade(&lock)) {
		let_go(BCH_SIX_read);
		return;
	}
	nr_held[BCH_SIX_read]--;
	enter(BCH_SIX_intent);
	expect(guarded == seen, "an upgrade leaves no gap");
	write_in_intent();
	let_go(BCH_SIX_intent);
}

static void downgrader(void)
{
	u64 seen;

	hold(BCH_SIX_intent);
	seen = guarded;
	nr_held[BCH_SIX_intent]--;
	bch_six_downgrade(&lock);
	enter(BCH_SIX_read);
	expect(guarded == seen, "a downgrade leaves no gap");
	let_go(BCH_SIX_read);
}

static void relocker(void)
{
	u64 seen, seq;

	hold(BCH_SIX_read);
	seen = guarded;
	seq = bch_six_seq(&lock);
	let_go(BCH_SIX_read);
	if (!bch_six_relock(&lock, BCH_SIX_read, seq))
		return;
	enter(BCH_SIX_read);
	expect(guarded == seen, "a relock means that nobody wrote");
	let_go(BCH_SIX_read);
}

/* Name of the test, its three scripts. */
/* clang-format off */
#define SCHEDULES(S)									\
	S(a_writer_and_readers,		writer,		reader,		reader)		\
	S(a_writer_and_increments,	writer,		reader_who_increments,		\
					reader_who_increments)				\
	S(a_writer_and_a_try_to_read,	writer,		reader_who_increments, try_reader) \
	S(tries_on_both_sides,		try_writer,	reader,		try_reader)	\
	S(a_try_that_holds_nobody_up,	try_writer_who_awaits_a_reader, reader,		\
					reader_who_is_awaited)				\
	S(writers_and_a_reader,		writer,		writer,		reader)		\
	S(a_writer_and_an_upgrade,	writer,		upgrader,	reader)		\
	S(upgrades_and_a_downgrade,	upgrader,	upgrader,	downgrader)	\
	S(a_writer_and_a_downgrade,	writer,		downgrader, reader_who_increments) \
	S(a_writer_and_a_relock,	writer,		relocker,	try_writer)

#define S(name, a, b, c)								\
	static void name##_keep_every_rule(void **state)				\
	{										\
		static const script scripts[NR_THREADS] = { a, b, c };			\
											\
		(void)state;								\
		run_all_schedules(scripts);						\
	}
SCHEDULES(S)
#undef S

int main(void)
{
	const struct CMUnitTest tests[] = {
#define S(name, a, b, c) cmocka_unit_test(name##_keep_every_rule),
		SCHEDULES(S)
#undef S
	};

	alarm(HANGS_AFTER);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
/* clang-format on */
