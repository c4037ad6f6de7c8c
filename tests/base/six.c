// SPDX-License-Identifier: GPL-2.0-or-later
/* base/six: each promise of the lock, in both modes of counting readers. */

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include <bcachefs/error.h>
#include "base/fault.h"
#include "base/six.h"

#define HANGS_AFTER 120 /* seconds: a deadlock ends the program */

/* What is held, by type, and what somebody else may then have. */
/* clang-format off */
static const struct {
	bool held[3];
	bool read, intent, write;
} states[] = {
	/* read, intent, write			read   intent write */
	{ { false, false, false },		true,  true,  true },
	{ { true,  false, false },		true,  true,  false },
	{ { false, true,  false },		true,  false, false },
	{ { true,  true,  false },		true,  false, false },
	{ { false, true,  true },		false, false, false },
};
/* clang-format on */

static int set_up(void **state)
{
	static struct bch_six lock;
	const enum bch_six_readers *readers = *state;

	*state = &lock;
	return bch_six_init(&lock, *readers);
}

static int tear_down(void **state)
{
	bch_six_end(*state);
	return 0;
}

/* Is all of it free? */
static bool can_write(struct bch_six *lock)
{
	bool can;

	if (!bch_six_trylock(lock, BCH_SIX_intent))
		return false;
	can = bch_six_trylock(lock, BCH_SIX_write);
	if (can)
		bch_six_unlock(lock, BCH_SIX_write);
	bch_six_unlock(lock, BCH_SIX_intent);
	return can;
}

static bool can(struct bch_six *lock, enum bch_six_type type)
{
	if (!bch_six_trylock(lock, type))
		return false;
	bch_six_unlock(lock, type);
	return true;
}

/* Somebody takes write once. */
static void write_once(struct bch_six *lock)
{
	bch_six_lock(lock, BCH_SIX_intent);
	bch_six_lock(lock, BCH_SIX_write);
	bch_six_unlock(lock, BCH_SIX_write);
	bch_six_unlock(lock, BCH_SIX_intent);
}

static void each_state_excludes_what_it_must_and_nothing_else(void **state)
{
	static const enum bch_six_type lock_order[] = { BCH_SIX_intent, BCH_SIX_read,
							BCH_SIX_write };
	static const enum bch_six_type unlock_order[] = { BCH_SIX_write, BCH_SIX_read,
							  BCH_SIX_intent };
	struct bch_six *lock = *state;

	for (u32 i = 0; i < bch_array_size(states); i++) {
		for (u32 j = 0; j < 3; j++)
			if (states[i].held[lock_order[j]])
				bch_six_lock(lock, lock_order[j]);

		assert_int_equal(can(lock, BCH_SIX_read), states[i].read);
		assert_int_equal(can(lock, BCH_SIX_intent), states[i].intent);
		assert_int_equal(can_write(lock), states[i].write);

		for (u32 j = 0; j < 3; j++)
			if (states[i].held[unlock_order[j]])
				bch_six_unlock(lock, unlock_order[j]);
		assert_true(can_write(lock));
	}
}

static void a_write_that_readers_refuse_leaves_them_and_new_ones_alone(void **state)
{
	struct bch_six *lock = *state;

	bch_six_lock(lock, BCH_SIX_read);
	bch_six_lock(lock, BCH_SIX_intent);
	assert_false(bch_six_trylock(lock, BCH_SIX_write));
	assert_true(can(lock, BCH_SIX_read));
	bch_six_unlock(lock, BCH_SIX_read);
	assert_true(can(lock, BCH_SIX_write));
	bch_six_unlock(lock, BCH_SIX_intent);
}

static void the_sequence_changes_with_every_write_and_nothing_else(void **state)
{
	struct bch_six *lock = *state;
	u64 seq = bch_six_seq(lock);

	assert_true(can(lock, BCH_SIX_read));
	assert_true(can(lock, BCH_SIX_intent));
	bch_six_lock(lock, BCH_SIX_read);
	assert_false(can_write(lock));
	bch_six_unlock(lock, BCH_SIX_read);
	assert_int_equal(bch_six_seq(lock), seq);
	for (u64 i = 1; i <= 3; i++) {
		write_once(lock);
		assert_int_equal(bch_six_seq(lock), seq + i);
	}
}

static void relock_succeeds_while_nobody_wrote(void **state)
{
	struct bch_six *lock = *state;
	u64 seq = bch_six_seq(lock);

	assert_true(can(lock, BCH_SIX_intent));
	assert_true(bch_six_relock(lock, BCH_SIX_read, seq));
	assert_true(bch_six_relock(lock, BCH_SIX_intent, seq));
	bch_six_unlock(lock, BCH_SIX_read);
	bch_six_unlock(lock, BCH_SIX_intent);
}

static void relock_fails_after_a_write_and_holds_nothing(void **state)
{
	struct bch_six *lock = *state;
	u64 seq = bch_six_seq(lock);

	write_once(lock);
	assert_false(bch_six_relock(lock, BCH_SIX_read, seq));
	assert_false(bch_six_relock(lock, BCH_SIX_intent, seq));
	assert_true(can_write(lock));
}

static void relock_fails_where_it_would_wait(void **state)
{
	struct bch_six *lock = *state;
	u64 seq = bch_six_seq(lock);

	bch_six_lock(lock, BCH_SIX_intent);
	assert_false(bch_six_relock(lock, BCH_SIX_intent, seq));
	assert_true(bch_six_relock(lock, BCH_SIX_read, seq));
	bch_six_unlock(lock, BCH_SIX_read);
	bch_six_lock(lock, BCH_SIX_write);
	assert_false(bch_six_relock(lock, BCH_SIX_read, bch_six_seq(lock)));
	bch_six_unlock(lock, BCH_SIX_write);
	bch_six_unlock(lock, BCH_SIX_intent);
}

static void a_writer_relocks_with_the_sequence_of_its_own_write(void **state)
{
	struct bch_six *lock = *state;
	u64 seq;

	bch_six_lock(lock, BCH_SIX_intent);
	bch_six_lock(lock, BCH_SIX_write);
	seq = bch_six_seq(lock);
	bch_six_unlock(lock, BCH_SIX_write);
	bch_six_unlock(lock, BCH_SIX_intent);
	assert_true(bch_six_relock(lock, BCH_SIX_intent, seq));
	bch_six_unlock(lock, BCH_SIX_intent);
}

static void an_upgrade_turns_read_into_intent(void **state)
{
	struct bch_six *lock = *state;

	bch_six_lock(lock, BCH_SIX_read);
	assert_true(bch_six_tryupgrade(lock));
	assert_false(can(lock, BCH_SIX_intent));
	assert_true(can(lock, BCH_SIX_write)); /* so no read is left */
	bch_six_unlock(lock, BCH_SIX_intent);
	assert_true(can_write(lock));
}

static void an_upgrade_against_another_intent_fails_and_keeps_read(void **state)
{
	struct bch_six *lock = *state;

	bch_six_lock(lock, BCH_SIX_read);
	bch_six_lock(lock, BCH_SIX_intent);
	assert_false(bch_six_tryupgrade(lock));
	assert_false(bch_six_trylock(lock, BCH_SIX_write));
	bch_six_unlock(lock, BCH_SIX_intent);
	bch_six_unlock(lock, BCH_SIX_read);
	assert_true(can_write(lock));
}

static void a_downgrade_turns_intent_into_read(void **state)
{
	struct bch_six *lock = *state;

	bch_six_lock(lock, BCH_SIX_intent);
	bch_six_downgrade(lock);
	assert_true(can(lock, BCH_SIX_intent));
	assert_false(can_write(lock));
	bch_six_unlock(lock, BCH_SIX_read);
	assert_true(can_write(lock));
}

static void what_was_incremented_is_released_as_often(void **state)
{
	struct bch_six *lock = *state;

	for (enum bch_six_type type = BCH_SIX_read; type <= BCH_SIX_intent; type++) {
		bch_six_lock(lock, type);
		for (u32 i = 0; i < 3; i++)
			bch_six_increment(lock, type);
		for (u32 i = 0; i < 4; i++) {
			assert_false(can_write(lock));
			bch_six_unlock(lock, type);
		}
		assert_true(can_write(lock));
	}
}

/* A thread that takes a lock, notes when it had it, and releases it. */
struct taker {
	struct bch_six *lock;
	enum bch_six_type type;
	u32 *nr_had; /* guarded by the lock */
	u32 had_as;
	pthread_t thread;
};

static void *take_and_release(void *arg)
{
	struct taker *taker = arg;

	if (taker->type == BCH_SIX_write)
		bch_six_lock(taker->lock, BCH_SIX_intent);
	bch_six_lock(taker->lock, taker->type);
	taker->had_as = taker->type == BCH_SIX_read ? *taker->nr_had : ++*taker->nr_had;
	bch_six_unlock(taker->lock, taker->type);
	if (taker->type == BCH_SIX_write)
		bch_six_unlock(taker->lock, BCH_SIX_intent);
	return NULL;
}

static u32 nr_waiting(struct bch_six *lock)
{
	u32 nr = 0;

	pthread_mutex_lock(&lock->wait_lock);
	for (struct bch_six_waiter *waiter = lock->waiters; waiter; waiter = waiter->next)
		nr++;
	pthread_mutex_unlock(&lock->wait_lock);
	return nr;
}

/* Starts @taker and returns when it waits, as the @nr-th. */
static void start_and_see_it_wait(struct taker *taker, u32 nr)
{
	assert_int_equal(pthread_create(&taker->thread, NULL, take_and_release, taker), 0);
	while (nr_waiting(taker->lock) < nr)
		sched_yield();
}

static void join(struct taker *taker)
{
	assert_int_equal(pthread_join(taker->thread, NULL), 0);
}

static void intent_is_given_in_the_order_of_waiting(void **state)
{
	struct bch_six *lock = *state;
	struct taker takers[4];
	u32 nr_had = 0;

	bch_six_lock(lock, BCH_SIX_intent);
	for (u32 i = 0; i < 4; i++) {
		takers[i] = (struct taker){ lock, BCH_SIX_intent, &nr_had, 0, 0 };
		start_and_see_it_wait(&takers[i], i + 1);
	}
	assert_int_equal(nr_had, 0);
	bch_six_unlock(lock, BCH_SIX_intent);
	for (u32 i = 0; i < 4; i++) {
		join(&takers[i]);
		assert_int_equal(takers[i].had_as, i + 1);
	}
}

static void a_writer_waits_for_readers_and_new_readers_wait_for_it(void **state)
{
	struct bch_six *lock = *state;
	u32 nr_had = 0;
	struct taker writer = { lock, BCH_SIX_write, &nr_had, 0, 0 };
	struct taker reader = { lock, BCH_SIX_read, &nr_had, 0, 0 };

	bch_six_lock(lock, BCH_SIX_read);
	bch_six_lock(lock, BCH_SIX_read);
	start_and_see_it_wait(&writer, 1);
	assert_false(bch_six_trylock(lock, BCH_SIX_read));
	start_and_see_it_wait(&reader, 2);
	bch_six_unlock(lock, BCH_SIX_read);
	assert_int_equal(nr_waiting(lock), 2);
	assert_int_equal(nr_had, 0);
	bch_six_unlock(lock, BCH_SIX_read);
	join(&writer);
	join(&reader);
	assert_int_equal(reader.had_as, 1);
}

static void a_reader_may_increment_while_a_writer_waits(void **state)
{
	struct bch_six *lock = *state;
	u32 nr_had = 0;
	struct taker writer = { lock, BCH_SIX_write, &nr_had, 0, 0 };

	bch_six_lock(lock, BCH_SIX_read);
	start_and_see_it_wait(&writer, 1);
	bch_six_increment(lock, BCH_SIX_read);
	bch_six_unlock(lock, BCH_SIX_read);
	assert_int_equal(nr_waiting(lock), 1);
	bch_six_unlock(lock, BCH_SIX_read);
	join(&writer);
	assert_int_equal(nr_had, 1);
}

static void readers_do_not_wait_for_those_who_wait_for_intent(void **state)
{
	struct bch_six *lock = *state;
	u32 nr_had = 0;
	struct taker other = { lock, BCH_SIX_intent, &nr_had, 0, 0 };

	bch_six_lock(lock, BCH_SIX_intent);
	start_and_see_it_wait(&other, 1);
	assert_true(can(lock, BCH_SIX_read));
	bch_six_downgrade(lock);
	join(&other); /* a downgrade is enough for it */
	bch_six_unlock(lock, BCH_SIX_read);
}

static void all_readers_that_wait_get_in_after_a_write(void **state)
{
	struct bch_six *lock = *state;
	struct taker readers[3];
	u32 nr_had = 0;

	bch_six_lock(lock, BCH_SIX_intent);
	bch_six_lock(lock, BCH_SIX_write);
	for (u32 i = 0; i < 3; i++) {
		readers[i] = (struct taker){ lock, BCH_SIX_read, &nr_had, 0, 0 };
		start_and_see_it_wait(&readers[i], i + 1);
	}
	nr_had = 7;
	bch_six_unlock(lock, BCH_SIX_write);
	for (u32 i = 0; i < 3; i++) {
		join(&readers[i]);
		assert_int_equal(readers[i].had_as, 7);
	}
	bch_six_unlock(lock, BCH_SIX_intent);
	assert_true(can_write(lock));
}

static void run_on_cpu(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
}

/* Takes read on each CPU that it may run on, and releases it on the next. */
static void readers_may_leave_on_another_cpu(void **state)
{
	struct bch_six *lock = *state;
	cpu_set_t before;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	bch_six_lock(lock, BCH_SIX_read);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &before))
			continue;
		run_on_cpu(cpu);
		assert_false(can_write(lock));
		bch_six_unlock(lock, BCH_SIX_read);
		assert_true(can_write(lock));
		bch_six_lock(lock, BCH_SIX_read);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	bch_six_unlock(lock, BCH_SIX_read);
	assert_true(can_write(lock));
}

static void *release_read(void *lock)
{
	bch_six_unlock(lock, BCH_SIX_read);
	return NULL;
}

static void another_thread_may_release_what_one_took(void **state)
{
	struct bch_six *lock = *state;
	pthread_t thread;

	bch_six_lock(lock, BCH_SIX_read);
	assert_int_equal(pthread_create(&thread, NULL, release_read, lock), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(can_write(lock));
}

static void slots_that_get_no_memory_are_an_error(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();
	struct bch_six lock;

	(void)state;
	if (bch_fault_set(&faults, "memory", 1))
		skip(); /* a release has no fault points */
	assert_int_equal(bch_six_init(&lock, BCH_SIX_ONE_COUNT), 0);
	bch_six_end(&lock);
	assert_int_equal(bch_six_init(&lock, BCH_SIX_PER_CPU), -BCH_ERR_no_memory);
	bch_six_end(&lock);
}

static enum bch_six_readers one_count = BCH_SIX_ONE_COUNT;
static enum bch_six_readers per_cpu = BCH_SIX_PER_CPU;

#define IN_BOTH_MODES(test)                                           \
	{ #test ": one count", test, set_up, tear_down, &one_count }, \
	{                                                             \
#test ": per CPU", test, set_up, tear_down, &per_cpu  \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_BOTH_MODES(each_state_excludes_what_it_must_and_nothing_else),
		IN_BOTH_MODES(a_write_that_readers_refuse_leaves_them_and_new_ones_alone),
		IN_BOTH_MODES(the_sequence_changes_with_every_write_and_nothing_else),
		IN_BOTH_MODES(relock_succeeds_while_nobody_wrote),
		IN_BOTH_MODES(relock_fails_after_a_write_and_holds_nothing),
		IN_BOTH_MODES(relock_fails_where_it_would_wait),
		IN_BOTH_MODES(a_writer_relocks_with_the_sequence_of_its_own_write),
		IN_BOTH_MODES(an_upgrade_turns_read_into_intent),
		IN_BOTH_MODES(an_upgrade_against_another_intent_fails_and_keeps_read),
		IN_BOTH_MODES(a_downgrade_turns_intent_into_read),
		IN_BOTH_MODES(what_was_incremented_is_released_as_often),
		IN_BOTH_MODES(intent_is_given_in_the_order_of_waiting),
		IN_BOTH_MODES(a_writer_waits_for_readers_and_new_readers_wait_for_it),
		IN_BOTH_MODES(a_reader_may_increment_while_a_writer_waits),
		IN_BOTH_MODES(readers_do_not_wait_for_those_who_wait_for_intent),
		IN_BOTH_MODES(all_readers_that_wait_get_in_after_a_write),
		IN_BOTH_MODES(readers_may_leave_on_another_cpu),
		IN_BOTH_MODES(another_thread_may_release_what_one_took),
		cmocka_unit_test(slots_that_get_no_memory_are_an_error),
	};

	alarm(HANGS_AFTER);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
