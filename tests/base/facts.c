// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts: the same calls as text and as JSON. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include <bcachefs/facts.h>
#include "base/fault.h"

static const char *const names[] = { "continue", "fix_safe", "panic", "ro", NULL };
static const u8 uuid[16] = { 0xc6, 0x1c };

static void say_all(struct bch_facts *facts)
{
	bch_fact(facts, "Device", "(%s)", "reg file");
	bch_fact_uuid(facts, "External UUID", uuid);
	bch_fact_u64(facts, "Device index", BCH_U64_MAX);
	bch_fact_time(facts, "Created", 1795167264);
	bch_fact_time(facts, "Last mount", 0);
	bch_facts_blank(facts);
	bch_facts_heading(facts, "Options:");
	bch_facts_indent(facts);
	bch_facts_object(facts, "options");
	bch_fact_bytes(facts, "block_size", 4096);
	bch_fact_bytes(facts, "gc_reserve_bytes", 0);
	bch_fact_choice(facts, "errors", names, 1);
	bch_fact_bool(facts, "-- acl / (on) --", true);
	bch_facts_end(facts);
	bch_facts_outdent(facts);
	bch_fact_flags(facts, "Features", 1 << 4 | 1 << 2, names);
	bch_fact_json_u64(facts, "only_json", 7);
	bch_fact_json_str(facts, "path", "/dev/\"sda\"");
	bch_fact_text(facts, "Only text", "%d", 7);
	bch_fact(facts, NULL, "alone");
}

static void text_has_its_values_at_the_column(void **state)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_TEXT);

	(void)state;
	say_all(facts);
	assert_string_equal(
		bch_facts_str(facts),
		"Device:                                    (reg file)\n"
		"External UUID:                             c61c0000-0000-0000-0000-000000000000\n"
		"Device index:                              18446744073709551615\n"
		"Created:                                   Fri Nov 20 09:34:24 2026\n"
		"Last mount:                                (not set)\n"
		"\n"
		"Options:\n"
		"  block_size:                              4.00 KiB\n"
		"  gc_reserve_bytes:                        0 B\n"
		"  errors:                                  continue [fix_safe] panic ro \n"
		"  -- acl / (on) --:                        1\n"
		"Features:                                  panic,unknown(4)\n"
		"Only text:                                 7\n"
		"alone\n");
}

static void json_has_the_labels_as_keys(void **state)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);

	(void)state;
	say_all(facts);
	assert_string_equal(bch_facts_str(facts),
			    "{\n"
			    "  \"version\":1,\n"
			    "  \"device\":\"(reg file)\",\n"
			    "  \"external_uuid\":\"c61c0000-0000-0000-0000-000000000000\",\n"
			    "  \"device_index\":18446744073709551615,\n"
			    "  \"created\":1795167264,\n"
			    "  \"options\":{\n"
			    "    \"block_size_bytes\":4096,\n"
			    "    \"gc_reserve_bytes\":0,\n"
			    "    \"errors\":\"fix_safe\",\n"
			    "    \"acl_on\":true\n"
			    "  },\n"
			    "  \"features\":[\n"
			    "    \"panic\",\n"
			    "    \"unknown(4)\"\n"
			    "  ],\n"
			    "  \"only_json\":7,\n"
			    "  \"path\":\"/dev/\\\"sda\\\"\"\n"
			    "}\n");
}

static void the_column_can_be_moved(void **state)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_TEXT);

	(void)state;
	bch_facts_column(facts, 4);
	bch_facts_indent(facts);
	bch_fact_u64(facts, "a", 1);
	bch_fact_u64(facts, "abcdef", 2);
	assert_string_equal(bch_facts_str(facts), "  a: 1\n  abcdef: 2\n");
}

static void say_table(struct bch_facts *facts)
{
	static const int widths[] = { 6, -8, 4, 9 };

	bch_facts_indent(facts);
	bch_facts_list(facts, "devices");
	for (u64 i = 0; i < 2; i++) {
		bch_facts_object(facts, NULL);
		bch_facts_row(facts, widths, bch_array_size(widths));
		bch_fact(facts, "name", "sd%c", 'a' + (int)i);
		bch_fact_bytes(facts, "size", (u64)4096 << 14 * i);
		bch_fact(facts, "state", "%s", i ? "spare" : " rw");
		bch_fact(facts, "last", "x");
		bch_facts_row_end(facts);
		bch_facts_end(facts);
	}
	bch_facts_end(facts);
	bch_facts_list(facts, "numbers");
	bch_fact_u64(facts, "first", 1);
	bch_fact_u64(facts, NULL, 2);
	bch_fact_flags(facts, NULL, 1, names);
	bch_facts_end(facts);
}

static void a_row_stands_in_columns(void **state)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_TEXT);

	(void)state;
	bch_facts_column(facts, 9);
	say_table(facts);
	assert_string_equal(bch_facts_str(facts), "  sda   4.00 KiB  rw x\n"
						  "  sdb   64.0 MiB spare x\n"
						  "  first: 1\n"
						  "  2\n"
						  "  continue\n");
}

static void objects_in_a_list_need_no_key(void **state)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);
	static const char devices[] = "{\n"
				      "  \"version\":1,\n"
				      "  \"devices\":[\n"
				      "    {\n"
				      "      \"name\":\"sda\",\n"
				      "      \"size_bytes\":4096,\n"
				      "      \"state\":\" rw\",\n"
				      "      \"last\":\"x\"\n"
				      "    },\n"
				      "    {\n"
				      "      \"name\":\"sdb\",\n"
				      "      \"size_bytes\":67108864,\n"
				      "      \"state\":\"spare\",\n"
				      "      \"last\":\"x\"\n"
				      "    }\n"
				      "  ],\n"
				      "  \"numbers\":[\n"
				      "    1,\n"
				      "    2,\n"
				      "    [\n"
				      "      \"continue\"\n"
				      "    ]\n"
				      "  ]\n"
				      "}\n";

	(void)state;
	say_table(facts);
	assert_string_equal(bch_facts_str(facts), devices);
}

static void open_objects_end_with_the_document(void **state)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);

	(void)state;
	bch_facts_object(facts, "a");
	bch_facts_object(facts, "b");
	bch_fact_bool(facts, "d", false);
	assert_non_null(bch_facts_str(facts));
	bch_fact_u64(facts, "c", 3);
	bch_facts_end(facts);
	assert_string_equal(bch_facts_str(facts), "{\n"
						  "  \"version\":1,\n"
						  "  \"a\":{\n"
						  "    \"b\":{\n"
						  "      \"d\":false\n"
						  "    }\n"
						  "  },\n"
						  "  \"c\":3\n"
						  "}\n");
}

static void json_is_utf8_whatever_the_value_is(void **state)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);

	(void)state;
	bch_fact(facts, "good", "%s", "a\n\x7f \xc3\xb6 \xe2\x82\xac \xf0\x9f\x98\x80");
	bch_fact(facts, "stray", "%s", "\x80 \xff");
	bch_fact(facts, "cut", "%s", "\xe2\x82");
	bch_fact(facts, "overlong", "%s", "\xc0\xaf");
	bch_fact_json_str(facts, "surrogate", "\xed\xa0\x80");
	bch_fact(facts, "too high", "%s", "\xf4\x90\x80\x80");
	assert_string_equal(bch_facts_str(facts),
			    "{\n"
			    "  \"version\":1,\n"
			    "  \"good\":\"a\\n\x7f \xc3\xb6 \xe2\x82\xac \xf0\x9f\x98\x80\",\n"
			    "  \"stray\":\"\\\\x80 \\\\xff\",\n"
			    "  \"cut\":\"\\\\xe2\\\\x82\",\n"
			    "  \"overlong\":\"\\\\xc0\\\\xaf\",\n"
			    "  \"surrogate\":\"\\\\xed\\\\xa0\\\\x80\",\n"
			    "  \"too_high\":\"\\\\xf4\\\\x90\\\\x80\\\\x80\"\n"
			    "}\n");
}

static void a_part_is_an_object_without_a_version(void **state)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON_PART);

	(void)state;
	assert_true(bch_facts_are_json(facts));
	bch_fact_json_s64(facts, "before", -1);
	bch_fact_text(facts, "Only text", "%d", 7);
	assert_string_equal(bch_facts_line(facts), "{\"before\":-1}\n");
}

static void memory_that_ran_out_leaves_no_document(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();

	(void)state;
	if (!faults.nr)
		skip();
	for (enum bch_facts_format format = BCH_FACTS_TEXT; format <= BCH_FACTS_JSON; format++) {
		bool fired = true;

		for (u64 nth = 1; fired; nth++) {
			struct bch_facts *facts bch_auto(facts) = NULL;

			assert_int_equal(bch_fault_set(&faults, "memory", nth), 0);
			facts = bch_facts_new(format);
			if (facts)
				say_all(facts);
			fired = bch_fault_fired(&faults, "memory");
			bch_faults_end(&faults);
			assert_int_equal(!facts || !bch_facts_str(facts), fired);
		}
	}
}

static int use_utc(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_has_its_values_at_the_column),
		cmocka_unit_test(json_has_the_labels_as_keys),
		cmocka_unit_test(the_column_can_be_moved),
		cmocka_unit_test(a_row_stands_in_columns),
		cmocka_unit_test(objects_in_a_list_need_no_key),
		cmocka_unit_test(open_objects_end_with_the_document),
		cmocka_unit_test(json_is_utf8_whatever_the_value_is),
		cmocka_unit_test(a_part_is_an_object_without_a_version),
		cmocka_unit_test(memory_that_ran_out_leaves_no_document),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
