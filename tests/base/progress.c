// SPDX-License-Identifier: GPL-2.0-or-later
/* Progress, by a clock that the test sets. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <bcachefs/progress.h>
#include "base/fault.h"

#define MS 1000000ULL
#define S  (1000 * MS)

struct heard {
	u64 now_ns;
	u32 nr;
	char line[128];
};

static void hear(void *arg, const char *line)
{
	struct heard *heard = arg;

	heard->nr++;
	strncpy(heard->line, line, sizeof(heard->line) - 1);
}

static u64 test_clock(void *arg)
{
	return ((struct heard *)arg)->now_ns;
}

static void put_where(void *arg, struct bch_buf *out)
{
	(void)arg;
	bch_buf_puts(out, "extents:1:8:0");
}

static const struct bch_callbacks callbacks = { .report = hear };

static struct bch_progress_work nodes_work(struct heard *heard)
{
	return (struct bch_progress_work){
		.name = "check_extents",
		.unit = "nodes",
		.unit_bytes = 256 << 10,
		.total = 20000,
		.where = put_where,
		.now_ns = test_clock,
		.arg = heard,
	};
}

static void a_terminal_gets_rate_and_time_left(void **state)
{
	struct heard heard = { .now_ns = 77 * S };
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(&callbacks, &heard);
	struct bch_progress_work work = nodes_work(&heard);
	struct bch_progress *progress = bch_progress_new(ctx, BCH_PROGRESS_TERMINAL, &work);

	(void)state;
	heard.now_ns += 1 * S;
	bch_progress_add(progress, 40);
	assert_string_equal(heard.line, "check_extents: 0%, 40/20000 nodes, 10.0 MiB/s, 8m left");
	heard.now_ns += 1000 * S; /* all that was before is forgotten */
	bch_progress_add(progress, 15960);
	assert_string_equal(heard.line,
			    "check_extents: 80%, 16000/20000 nodes, 3.99 MiB/s, 4m left");
	heard.now_ns += 1 * S;
	bch_progress_add(progress, 4000);
	assert_memory_equal(heard.line, "check_extents: 100%, 20000/20000 nodes, ", 40);
	assert_null(strstr(heard.line, "left"));

	assert_int_equal(heard.nr, 3);
	bch_progress_free(progress);
	assert_int_equal(heard.nr, 4);
	assert_string_equal(heard.line, "");
}

static void a_terminal_gets_ten_lines_a_second(void **state)
{
	struct heard heard = { .now_ns = 1 };
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(&callbacks, &heard);
	struct bch_progress_work work = nodes_work(&heard);
	struct bch_progress *progress bch_auto(progress) =
		bch_progress_new(ctx, BCH_PROGRESS_TERMINAL, &work);

	(void)state;
	for (u32 ms = 0; ms < 1000; ms++) {
		bch_progress_add(progress, 1);
		heard.now_ns += MS;
	}
	assert_int_equal(heard.nr, 9);
}

static void a_log_gets_a_line_every_ten_seconds_with_the_place(void **state)
{
	struct heard heard = { 0 };
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(&callbacks, &heard);
	struct bch_progress_work work = nodes_work(&heard);
	struct bch_progress *progress = bch_progress_new(ctx, BCH_PROGRESS_PLAIN, &work);

	(void)state;
	heard.now_ns = 10 * S - 1;
	bch_progress_add(progress, 7000);
	assert_int_equal(heard.nr, 0);
	heard.now_ns = 10 * S;
	bch_progress_add(progress, 999);
	assert_string_equal(heard.line,
			    "check_extents: 39%, done 7999/20000 nodes, at extents:1:8:0");
	heard.now_ns = 20 * S - 1;
	bch_progress_add(progress, 1);
	bch_progress_free(progress);
	assert_int_equal(heard.nr, 1);
}

static void bytes_are_shown_with_their_unit(void **state)
{
	struct heard heard = { 0 };
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(&callbacks, &heard);
	struct bch_progress_work work = { "copy", NULL, 0, 3ULL << 30, NULL, test_clock, &heard };
	struct bch_progress *progress bch_auto(progress) =
		bch_progress_new(ctx, BCH_PROGRESS_TERMINAL, &work);

	(void)state;
	heard.now_ns = 1 * S;
	bch_progress_add(progress, 1ULL << 30);
	assert_string_equal(heard.line, "copy: 33%, 1.00 GiB/3.00 GiB, 1.00 GiB/s, 2s left");
}

static void an_unknown_total_leaves_out_what_depends_on_it(void **state)
{
	struct heard heard = { 0 };
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(&callbacks, &heard);
	struct bch_progress_work work = { "scan", "keys", 0, 0, NULL, test_clock, &heard };
	struct bch_progress *progress bch_auto(progress) =
		bch_progress_new(ctx, BCH_PROGRESS_TERMINAL, &work);

	(void)state;
	heard.now_ns = 2 * S;
	bch_progress_add(progress, 5000);
	assert_string_equal(heard.line, "scan: 5000 keys, 2.50 K/s");
}

static void work_that_stands_still_has_no_time_left(void **state)
{
	struct heard heard = { 0 };
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(&callbacks, &heard);
	struct bch_progress_work work = { "copy", NULL, 0, BCH_U64_MAX, NULL, test_clock, &heard };
	struct bch_progress *progress bch_auto(progress) =
		bch_progress_new(ctx, BCH_PROGRESS_TERMINAL, &work);

	(void)state;
	heard.now_ns = 2 * S;
	bch_progress_add(progress, 0);
	assert_string_equal(heard.line, "copy: 0%, 0 B/16.0 EiB, 0 B/s");
	heard.now_ns = 3 * S;
	bch_progress_add(progress, BCH_U64_MAX);
	assert_memory_equal(heard.line, "copy: 100%, 16.0 EiB/16.0 EiB, ", 31);
}

static void silence_needs_no_object(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();
	struct heard heard = { 0 };
	struct bch_progress_work work = nodes_work(&heard);

	(void)state;
	assert_null(bch_progress_new(NULL, BCH_PROGRESS_SILENT, &work));
	bch_progress_add(NULL, 1);
	bch_progress_free(NULL);
	if (!faults.nr)
		skip();
	assert_int_equal(bch_fault_set(&faults, "memory", 1), 0);
	assert_null(bch_progress_new(NULL, BCH_PROGRESS_PLAIN, &work));
}

static void *work_in_thread(void *progress)
{
	for (u32 i = 0; i < 1000; i++)
		bch_progress_add(progress, 1);
	return NULL;
}

static u64 racing_clock(void *arg)
{
	return atomic_fetch_add((_Atomic u64 *)arg, 30 * MS);
}

static void threads_count_together(void **state)
{
	struct heard heard = { 0 };
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(&callbacks, &heard);
	struct bch_progress_work work = nodes_work(&heard);
	struct bch_progress *progress;
	_Atomic u64 now = 0;
	pthread_t threads[4];

	(void)state;
	work.arg = &now;
	work.now_ns = racing_clock;
	progress = bch_progress_new(ctx, BCH_PROGRESS_TERMINAL, &work);
	for (size_t i = 0; i < bch_array_size(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work_in_thread, progress), 0);
	for (size_t i = 0; i < bch_array_size(threads); i++)
		pthread_join(threads[i], NULL);

	now += S;
	bch_progress_add(progress, 0);
	assert_memory_equal(heard.line, "check_extents: 20%, 4000/20000 nodes, ", 38);
	assert_in_range(heard.nr, 2, 4000 * 30 / 100 + 1);
	bch_progress_free(progress);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_gets_rate_and_time_left),
		cmocka_unit_test(a_terminal_gets_ten_lines_a_second),
		cmocka_unit_test(a_log_gets_a_line_every_ten_seconds_with_the_place),
		cmocka_unit_test(bytes_are_shown_with_their_unit),
		cmocka_unit_test(an_unknown_total_leaves_out_what_depends_on_it),
		cmocka_unit_test(work_that_stands_still_has_no_time_left),
		cmocka_unit_test(silence_needs_no_object),
		cmocka_unit_test(threads_count_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
