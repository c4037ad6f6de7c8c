// SPDX-License-Identifier: GPL-2.0-or-later
/* String builder: growth, lines, columns, units. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <bcachefs/buf.h>
#include "base/fault.h"

static const char *const names[] = { "continue", "fix_safe", "panic", "ro", NULL };

static void an_empty_one_is_an_empty_string(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };
	char *taken;

	(void)state;
	assert_string_equal(bch_buf_str(&buf), "");
	bch_buf_mem(&buf, "", 0);
	assert_string_equal(bch_buf_str(&buf), "");
	taken = bch_buf_take(&buf);
	assert_string_equal(taken, "");
	free(taken);
}

static void it_grows_to_any_length(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };
	char expected[3 * 1000 + 1], *taken;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		bch_buf_put(&buf, "%03d", i);
		sprintf(expected + 3 * i, "%03d", i);
	}
	assert_string_equal(bch_buf_str(&buf), expected);
	bch_buf_put(&buf, "%s", expected); /* longer than what is formatted on the stack */
	assert_int_equal(buf.len, 6000);
	assert_string_equal(bch_buf_str(&buf) + 3000, expected);

	taken = bch_buf_take(&buf);
	assert_int_equal(strlen(taken), 6000);
	assert_int_equal(buf.len, 0);
	free(taken);
}

static void reset_forgets_text_indent_and_tab_stops(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	(void)state;
	bch_buf_indent_add(&buf, 4);
	bch_buf_tabstop_push(&buf, 20);
	bch_buf_puts(&buf, "gone");
	bch_buf_reset(&buf);
	assert_string_equal(bch_buf_str(&buf), "");
	bch_buf_puts(&buf, "a");
	bch_buf_tab(&buf);
	bch_buf_puts(&buf, "b");
	assert_string_equal(bch_buf_str(&buf), "a b");
}

static void memory_that_could_not_be_had_is_remembered(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();

	(void)state;
	if (!faults.nr)
		skip();
	for (u64 nth = 1;; nth++) {
		struct bch_buf buf bch_auto(buf) = { 0 };
		char *taken;

		assert_int_equal(bch_fault_set(&faults, "memory", nth), 0);
		bch_buf_puts(&buf, "begin");
		bch_buf_put(&buf, "%400d", 1);
		bch_buf_tabstop_push(&buf, 1000);
		bch_buf_tab_rjust(&buf);
		bch_buf_puts(&buf, "end");
		if (!bch_fault_fired(&faults, "memory")) {
			assert_true(nth > 3);
			assert_false(bch_buf_failed(&buf));
			assert_int_equal(buf.len, 1003);
			break;
		}
		assert_true(bch_buf_failed(&buf));
		taken = bch_buf_take(&buf);
		assert_null(taken);
		bch_faults_end(&faults);
	}
}

static void indent_is_put_before_lines_that_are_not_empty(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	(void)state;
	bch_buf_indent_add(&buf, 2);
	bch_buf_puts(&buf, "a\n\nb");
	bch_buf_newline(&buf);
	bch_buf_indent_sub(&buf, 9);
	bch_buf_putc(&buf, 'c');
	bch_buf_putc(&buf, '\n');
	assert_string_equal(bch_buf_str(&buf), "  a\n\n  b\nc\n");
}

static void a_label_and_its_value_are_aligned_at_the_tab_stop(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	(void)state;
	bch_buf_tabstop_push(&buf, 10);
	bch_buf_puts(&buf, "Label:");
	bch_buf_tab(&buf);
	bch_buf_puts(&buf, "x\n");
	bch_buf_indent_add(&buf, 2);
	bch_buf_puts(&buf, "Gr\xc3\xb6\xc3\x9f"
			   "e:");
	bch_buf_tab(&buf);
	bch_buf_puts(&buf, "y\n");
	bch_buf_puts(&buf, "ten chars");
	bch_buf_tab(&buf);
	bch_buf_puts(&buf, "z");
	assert_string_equal(bch_buf_str(&buf), "Label:    x\n"
					       "  Gr\xc3\xb6\xc3\x9f"
					       "e:  y\n"
					       "  ten chars z");
}

static void numbers_are_pushed_to_the_right_end_of_their_column(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	(void)state;
	bch_buf_tabstop_push(&buf, 6);
	bch_buf_tabstop_push(&buf, 8);
	for (u32 n = 7; n <= 700000; n *= 100) {
		bch_buf_puts(&buf, "dev");
		bch_buf_tab(&buf);
		bch_buf_put(&buf, "%u", n);
		bch_buf_tab_rjust(&buf);
		bch_buf_puts(&buf, "|\n");
	}
	bch_buf_tab(&buf);
	bch_buf_puts(&buf, "too long a field");
	bch_buf_tab_rjust(&buf);
	bch_buf_puts(&buf, "|");
	assert_string_equal(bch_buf_str(&buf), "dev          7|\n"
					       "dev        700|\n"
					       "dev      70000|\n"
					       "      too long a field|");
}

static void tab_stops_come_and_go(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	(void)state;
	for (u32 i = 0; i < BCH_BUF_NR_TABSTOPS + 3; i++)
		bch_buf_tabstop_push(&buf, 4);
	assert_int_equal(buf.nr_tabstops, BCH_BUF_NR_TABSTOPS);
	assert_int_equal(buf.tabstop[BCH_BUF_NR_TABSTOPS - 1], 4 * BCH_BUF_NR_TABSTOPS);
	bch_buf_tabstop_pop(&buf);
	assert_int_equal(buf.nr_tabstops, BCH_BUF_NR_TABSTOPS - 1);
	bch_buf_tabstops_reset(&buf);
	bch_buf_tabstop_pop(&buf);
	assert_int_equal(buf.nr_tabstops, 0);
}

/* Each writes one thing into an empty buffer; the comparison says which number it was. */
#define assert_prints(expected, call, value)                      \
	do {                                                      \
		struct bch_buf out bch_auto(buf) = { 0 };         \
		call(&out, value);                                \
		assert_string_equal(bch_buf_str(&out), expected); \
	} while (0)

static void sizes_have_three_digits_and_a_binary_unit(void **state)
{
	(void)state;
	assert_prints("0 B", bch_buf_human, 0);
	assert_prints("1.00 B", bch_buf_human, 1);
	assert_prints("16.0 B", bch_buf_human, 16);
	assert_prints("100 B", bch_buf_human, 100);
	assert_prints("512 B", bch_buf_human, 512);
	assert_prints("1023 B", bch_buf_human, 1023);
	assert_prints("1.00 KiB", bch_buf_human, 1024);
	assert_prints("4.00 KiB", bch_buf_human, 4096);
	assert_prints("4.38 KiB", bch_buf_human, 4480);
	assert_prints("64.0 KiB", bch_buf_human, 65536);
	assert_prints("23.6 MiB", bch_buf_human, 24746394);
	assert_prints("157 MiB", bch_buf_human, 164626432);
	assert_prints("16.0 EiB", bch_buf_human, BCH_U64_MAX);
}

static void a_size_that_rounds_up_changes_digits_or_unit(void **state)
{
	(void)state;
	assert_prints("10.0 KiB", bch_buf_human, 10239);
	assert_prints("100 KiB", bch_buf_human, 102399);
	assert_prints("1023 KiB", bch_buf_human, 1048063);
	assert_prints("1.00 MiB", bch_buf_human, 1048064);
	assert_prints("1.00 EiB", bch_buf_human, ((u64)1 << 60) - 1);
}

static void counts_have_decimal_units(void **state)
{
	(void)state;
	assert_prints("999", bch_buf_human_count, 999);
	assert_prints("1.23 K", bch_buf_human_count, 1234);
	assert_prints("45.6 M", bch_buf_human_count, 45600000);
	assert_prints("1.00 M", bch_buf_human_count, 999999);
	assert_prints("18.4 E", bch_buf_human_count, BCH_U64_MAX);
}

static void durations_have_two_parts_from_a_minute_on(void **state)
{
	(void)state;
	assert_prints("0ns", bch_buf_duration, 0);
	assert_prints("3.20us", bch_buf_duration, 3200);
	assert_prints("250ms", bch_buf_duration, 250000000);
	assert_prints("1.50s", bch_buf_duration, 1500000000);
	assert_prints("4m 10s", bch_buf_duration, 250 * 1000000000ULL);
	assert_prints("2h 5m", bch_buf_duration, 7500 * 1000000000ULL);
	assert_prints("213503d 23h", bch_buf_duration, BCH_U64_MAX);
}

static void uuids_have_their_canonical_form(void **state)
{
	static const u8 uuid[16] = { 0xc6, 0x1c, 0x73, 0x46, 0x16, 0xcd, 0x4d, 0x80,
				     0x98, 0x5a, 0x4c, 0x64, 0xcf, 0x17, 0xb7, 0x05 };

	(void)state;
	assert_prints("c61c7346-16cd-4d80-985a-4c64cf17b705", bch_buf_uuid, uuid);
}

static void times_are_local_and_english(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	assert_prints("(not set)", bch_buf_time, 0);
	assert_prints("Fri Nov 20 09:34:24 2026", bch_buf_time, 1795167264);
	assert_prints("Thu Jan  1 00:00:01 1970", bch_buf_time, 1);
	assert_prints("@18446744073709551615", bch_buf_time, BCH_U64_MAX);
	assert_prints("@9223372036854775807", bch_buf_time, BCH_U64_MAX >> 1);
	setenv("TZ", "XST-02", 1);
	tzset();
	assert_prints("Fri Nov 20 11:34:24 2026", bch_buf_time, 1795167264);
}

static void times_of_files_are_local_and_of_any_age(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	(void)state;
	setenv("TZ", "XST+02:30", 1);
	tzset();
	bch_buf_time_short(&buf, 1795167264);
	bch_buf_putc(&buf, ' ');
	bch_buf_time_short(&buf, -3155673600);
	bch_buf_putc(&buf, ' ');
	bch_buf_time_short(&buf, INT64_MIN);
	assert_string_equal(bch_buf_str(&buf),
			    "2026-11-20 07:04 1869-12-31 21:30 @-9223372036854775808");
	bch_buf_reset(&buf);
	bch_buf_time_full(&buf, 1795167264, 7);
	assert_string_equal(bch_buf_str(&buf), "2026-11-20 07:04:24.000000007 -0230");
}

static void names_are_shown_without_acting_on_a_terminal(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	(void)state;
	bch_buf_name(&buf, "na\u00efve \\ \x1b[31m\n\x7f \xc2\x9b \xff\xc3");
	assert_string_equal(bch_buf_str(&buf),
			    "na\u00efve \\ \\x1b[31m\\x0a\\x7f \\xc2\\x9b \\xff\\xc3");
}

static void text_from_disk_is_made_harmless(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	(void)state;
	bch_buf_text(&buf, "a b\\\n\x7f\xff~\0hidden", 16);
	bch_buf_putc(&buf, '|');
	bch_buf_text(&buf, "cut off", 3);
	assert_string_equal(bch_buf_str(&buf), "a b\\x5c\\x0a\\x7f\\xff~|cut");
}

static void bits_without_a_name_are_shown(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	(void)state;
	bch_buf_flags(&buf, 0, names);
	assert_string_equal(bch_buf_str(&buf), "");
	bch_buf_flags(&buf, (u64)1 << 63 | 1 << 4 | 1 << 3 | 1, names);
	assert_string_equal(bch_buf_str(&buf), "continue,ro,unknown(4),unknown(63)");
}

static void the_selected_choice_is_in_brackets(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	(void)state;
	bch_buf_choices(&buf, names, 1);
	assert_string_equal(bch_buf_str(&buf), "continue [fix_safe] panic ro ");
	bch_buf_reset(&buf);
	bch_buf_choices(&buf, names, 4);
	assert_string_equal(bch_buf_str(&buf), "continue fix_safe panic ro [unknown(4)] ");
	bch_buf_reset(&buf);
	bch_buf_choice(&buf, names, 3);
	bch_buf_choice(&buf, names, BCH_U64_MAX);
	assert_string_equal(bch_buf_str(&buf), "rounknown(18446744073709551615)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_is_an_empty_string),
		cmocka_unit_test(it_grows_to_any_length),
		cmocka_unit_test(reset_forgets_text_indent_and_tab_stops),
		cmocka_unit_test(memory_that_could_not_be_had_is_remembered),
		cmocka_unit_test(indent_is_put_before_lines_that_are_not_empty),
		cmocka_unit_test(a_label_and_its_value_are_aligned_at_the_tab_stop),
		cmocka_unit_test(numbers_are_pushed_to_the_right_end_of_their_column),
		cmocka_unit_test(tab_stops_come_and_go),
		cmocka_unit_test(sizes_have_three_digits_and_a_binary_unit),
		cmocka_unit_test(a_size_that_rounds_up_changes_digits_or_unit),
		cmocka_unit_test(counts_have_decimal_units),
		cmocka_unit_test(durations_have_two_parts_from_a_minute_on),
		cmocka_unit_test(uuids_have_their_canonical_form),
		cmocka_unit_test(times_are_local_and_english),
		cmocka_unit_test(times_of_files_are_local_and_of_any_age),
		cmocka_unit_test(names_are_shown_without_acting_on_a_terminal),
		cmocka_unit_test(text_from_disk_is_made_harmless),
		cmocka_unit_test(bits_without_a_name_are_shown),
		cmocka_unit_test(the_selected_choice_is_in_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
