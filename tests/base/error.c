// SPDX-License-Identifier: GPL-2.0-or-later
/* Error codes, words, and the callbacks of a context. */

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <bcachefs/error.h>
#include "base/fault.h"

struct heard {
	char line[128];
	enum bch_log_level level;
	int nr, inside, most_inside;
};

static void hear_log(void *arg, enum bch_log_level level, const char *line)
{
	struct heard *heard = arg;

	heard->inside++;
	if (heard->inside > heard->most_inside)
		heard->most_inside = heard->inside;
	heard->level = level;
	heard->nr++;
	strncpy(heard->line, line, sizeof(heard->line) - 1);
	heard->inside--;
}

static void hear_report(void *arg, const char *line)
{
	hear_log(arg, BCH_LOG_info, line);
}

static bool is_cancelled(void *arg)
{
	return ((struct heard *)arg)->nr > 0;
}

static const struct bch_callbacks callbacks = {
	.log = hear_log,
	.report = hear_report,
	.cancelled = is_cancelled,
};

static void every_code_has_a_name_and_a_text_of_either_sign(void **state)
{
	(void)state;
	for (int err = BCH_ERR_first + 1; err < BCH_ERR_end; err++) {
		assert_string_not_equal(bch_err_text(err), "unknown error");
		assert_string_not_equal(bch_err_name(err), "unknown");
		assert_ptr_equal(bch_err_text(err), bch_err_text(-err));
	}
	assert_string_equal(bch_err_name(-BCH_ERR_invalid_sb_csum), "invalid_sb_csum");
	assert_string_equal(bch_err_text(-BCH_ERR_invalid_sb_csum), "bad checksum");
	assert_string_equal(bch_err_text(BCH_ERR_undo_mismatch), "does not fit the undo file");
}

static void a_number_that_is_not_ours_is_unknown(void **state)
{
	static const int strange[] = { 0,	   -5,	      BCH_ERR_first, BCH_ERR_end,
				       -INT32_MAX, INT32_MAX, INT32_MIN };

	(void)state;
	for (size_t i = 0; i < bch_array_size(strange); i++) {
		assert_string_equal(bch_err_text(strange[i]), "unknown error");
		assert_string_equal(bch_err_name(strange[i]), "unknown");
	}
}

static void system_errors_are_translated(void **state)
{
	(void)state;
	assert_int_equal(bch_errno(ENOMEM), -BCH_ERR_no_memory);
	assert_int_equal(bch_errno(EPERM), -BCH_ERR_access_denied);
	assert_int_equal(bch_errno(EFBIG), -BCH_ERR_out_of_range);
	assert_int_equal(bch_errno(ENOTSUP), -BCH_ERR_not_supported);
	assert_int_equal(bch_errno(EXDEV), -BCH_ERR_system);
	assert_int_equal(bch_errno(0), -BCH_ERR_system);
}

static void the_message_is_the_words_and_the_text(void **state)
{
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(NULL, NULL);

	(void)state;
	assert_int_equal(bch_error(ctx, -BCH_ERR_invalid_sb_csum, "%s: sector %d", "sda1", 8),
			 -BCH_ERR_invalid_sb_csum);
	assert_string_equal(bch_error_message(ctx, -BCH_ERR_invalid_sb_csum),
			    "sda1: sector 8: bad checksum");
	assert_int_equal(bch_error_whole(ctx, -BCH_ERR_refused, "sda1 is mounted on %s", "/"),
			 -BCH_ERR_refused);
	assert_string_equal(bch_error_message(ctx, -BCH_ERR_refused), "sda1 is mounted on /");
}

static void words_for_another_code_are_not_used(void **state)
{
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(NULL, NULL);

	(void)state;
	assert_string_equal(bch_error_message(ctx, 0), "unknown error");
	bch_error(ctx, -BCH_ERR_io, "sda1");
	assert_string_equal(bch_error_message(ctx, -BCH_ERR_no_space), "no space left");
	assert_string_equal(bch_error_message(NULL, -BCH_ERR_no_space), "no space left");
	assert_int_equal(bch_error(NULL, -BCH_ERR_io, "sda1"), -BCH_ERR_io);
}

static void words_without_memory_leave_the_text(void **state)
{
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(NULL, NULL);
	struct bch_faults faults bch_auto(faults) = bch_faults();

	(void)state;
	if (!faults.nr)
		skip();
	assert_int_equal(bch_fault_set(&faults, "memory", 1), 0);
	assert_int_equal(bch_error(ctx, -BCH_ERR_io, "sda1"), -BCH_ERR_io);
	assert_int_equal(bch_fault_fired(&faults, "memory"), 1);
	assert_string_equal(bch_error_message(ctx, -BCH_ERR_io), "input/output error");
	assert_int_equal(bch_fault_set(&faults, "memory", 1), 0);
	assert_null(bch_ctx_new(NULL, NULL));
}

static void callbacks_get_their_line(void **state)
{
	struct heard heard = { 0 };
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(&callbacks, &heard);

	(void)state;
	assert_false(bch_cancelled(ctx));
	bch_log(ctx, BCH_LOG_warn, "%s: %d", "sda1", 8);
	assert_string_equal(heard.line, "sda1: 8");
	assert_int_equal(heard.level, BCH_LOG_warn);
	bch_report(ctx, "39%");
	assert_string_equal(heard.line, "39%");
	assert_true(bch_cancelled(ctx));
}

static void a_context_without_callbacks_is_silent(void **state)
{
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(NULL, NULL);

	(void)state;
	bch_log(ctx, BCH_LOG_error, "nobody hears this");
	bch_report(ctx, "nor this");
	assert_false(bch_cancelled(ctx));
	bch_log(NULL, BCH_LOG_error, "nor this");
	bch_report(NULL, "nor this");
	assert_false(bch_cancelled(NULL));
}

static void *speak(void *arg)
{
	for (int i = 0; i < 500; i++) {
		bch_log(arg, BCH_LOG_debug, "line %d", i);
		bch_error(arg, -BCH_ERR_io, "word %d", i);
	}
	return NULL;
}

static void threads_speak_one_at_a_time(void **state)
{
	struct heard heard = { 0 };
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(&callbacks, &heard);
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < bch_array_size(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, speak, ctx), 0);
	for (size_t i = 0; i < bch_array_size(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(heard.nr, 2000);
	assert_int_equal(heard.most_inside, 1);
	assert_string_equal(bch_error_message(ctx, -BCH_ERR_io), "word 499: input/output error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_a_name_and_a_text_of_either_sign),
		cmocka_unit_test(a_number_that_is_not_ours_is_unknown),
		cmocka_unit_test(system_errors_are_translated),
		cmocka_unit_test(the_message_is_the_words_and_the_text),
		cmocka_unit_test(words_for_another_code_are_not_used),
		cmocka_unit_test(words_without_memory_leave_the_text),
		cmocka_unit_test(callbacks_get_their_line),
		cmocka_unit_test(a_context_without_callbacks_is_silent),
		cmocka_unit_test(threads_speak_one_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
