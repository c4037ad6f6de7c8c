// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of journal entries: walked, judged and printed. The bytes are those of format reference 03 §14. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bcachefs/error.h>
#include "ondisk/btree_ids.h"
#include "ondisk/jset.h"

#define BYTES(...) \
	((struct bch_bytes){ (const u8[]){ __VA_ARGS__ }, sizeof((u8[]){ __VA_ARGS__ }) })

/* A header for a payload of @u64s words. */
#define RECORD(u64s, btree, level, type) u64s, 0, btree, level, type, 0, 0, 0
#define WORD(v)				 v, 0, 0, 0, 0, 0, 0, 0

static const struct bch_key_context old_form = { .version = BCH_VERSION(1, 13) };
static const struct bch_key_context new_form = { .version = BCH_VERSION(1, 28) };

static struct bch_jset_entry only_record(struct bch_bytes bytes)
{
	struct bch_jset_entry e;

	assert_int_equal(bch_jset_entry_next(&bytes, &e), 1);
	assert_int_equal(bch_jset_entry_next(&bytes, &e), 0);
	return e;
}

static void assert_problem(struct bch_bytes bytes, int problem)
{
	struct bch_jset_entry e = only_record(bytes);

	assert_int_equal(bch_jset_entry_validate(&e, NULL), problem);
}

static void assert_text(struct bch_bytes bytes, const struct bch_key_context *c, const char *text)
{
	struct bch_buf out bch_auto(buf) = { 0 };
	struct bch_jset_entry e = only_record(bytes);

	bch_jset_entry_put(&out, &e, c);
	assert_string_equal(bch_buf_str(&out), text);
}

static void the_magic_is_the_filesystems(void **state)
{
	const u8 uuid[16] = { 0x36, 0x7e, 0xd3, 0xde, 0xa3, 0x70, 0xe1, 0xaa };

	assert_true(bch_jset_magic(uuid) == 0x8eb345627db12e04);
}

static void a_header_is_decoded(void **state)
{
	const u8 bytes[BCH_JSET_BYTES] = {
		[24] = 5, [32] = 0x0d, 4, [36] = 0x21, [40] = 0x77, [48] = 5
	};
	struct bch_jset j;

	bch_jset_get(&j, bytes, sizeof(bytes));
	assert_int_equal(j.seq, 5);
	assert_int_equal(j.version, BCH_VERSION(1, 13));
	assert_int_equal(bch_jset_CSUM_TYPE(j.flags), 1);
	assert_int_equal(bch_jset_NO_FLUSH(j.flags), 1);
	assert_int_equal(bch_jset_len(&j), 56 + 8 * 0x77);
	assert_int_equal(j.last_seq, 5);
}

static void a_record_past_the_end_is_not_given(void **state)
{
	struct bch_bytes rest = BYTES(RECORD(2, 0, 0, BCH_JSET_ENTRY_log), WORD('x'));
	struct bch_jset_entry e;

	assert_int_equal(bch_jset_entry_next(&rest, &e), -BCH_ERR_out_of_range);
}

static void sizes_are_checked_by_type(void **state)
{
	for (u8 type = BCH_JSET_ENTRY_blacklist; type < BCH_JSET_ENTRY_NR; type++) {
		u8 bytes[8] = { RECORD(0, 0, 0, type) };
		struct bch_jset_entry e = only_record((struct bch_bytes){ bytes, 8 });
		bool any = type == BCH_JSET_ENTRY_log || bch_jset_entry_has_keys(type);

		assert_true((bch_jset_entry_validate(&e, NULL) == BCH_KEY_VALID) == any);
	}
	assert_problem(BYTES(RECORD(2, 0, 0, 3), WORD(1), WORD(1)),
		       BCH_FSCK_journal_entry_blacklist_bad_size);
	assert_problem(BYTES(RECORD(1, 0, 0, 15), WORD(1)), BCH_FSCK_journal_entry_rewind_bad_size);
}

static void contents_are_checked_by_type(void **state)
{
	assert_problem(BYTES(RECORD(2, 0, 0, 4), WORD(2), WORD(1)),
		       BCH_FSCK_journal_entry_blacklist_v2_start_past_end);
	assert_problem(BYTES(RECORD(2, 0, 0, 4), WORD(1), WORD(1)), BCH_KEY_VALID);
	assert_problem(BYTES(RECORD(2, 0, 0, 7), WORD(2), WORD(1)),
		       BCH_FSCK_journal_entry_clock_bad_rw);
	assert_problem(BYTES(RECORD(3, 0, 0, 8), 0, 0, 0, 0, 1, 0, 0, 0, WORD(0), WORD(0)),
		       BCH_FSCK_journal_entry_dev_usage_bad_pad);
	assert_problem(BYTES(RECORD(2, 0, 0, 6), WORD(1), 3, 9, 1, 0, 0, 0, 0, 0),
		       BCH_FSCK_journal_entry_data_usage_bad_size);
	assert_problem(BYTES(RECORD(1, 0, 0, 1), WORD(1)),
		       BCH_FSCK_journal_entry_btree_root_bad_size);
	assert_problem(BYTES(RECORD(1, BCH_BTREE_ID_MAX, 0, 1), WORD(1)),
		       BCH_FSCK_invalid_btree_id);
	assert_problem(BYTES(RECORD(1, 0, 0, 99), WORD(1)), BCH_KEY_VALID);
}

static int first_problem(struct bch_bytes keys)
{
	struct bch_key k;
	int problem;

	assert_true(bch_jset_key_next(&keys, &k, &problem));
	return problem;
}

static void keys_without_an_end_end_their_record(void **state)
{
	struct bch_bytes rest = BYTES(WORD(0), WORD(5));
	struct bch_key k;
	int problem;

	assert_true(bch_jset_key_next(&rest, &k, &problem));
	assert_int_equal(problem, BCH_FSCK_journal_entry_bkey_u64s_0);
	assert_false(bch_jset_key_next(&rest, &k, &problem));
	assert_int_equal(first_problem(BYTES(WORD(5))), BCH_FSCK_journal_entry_bkey_past_end);
	assert_int_equal(first_problem(BYTES(WORD(1))), BCH_FSCK_bkey_u64s_too_small);
}

static void a_key_in_another_format_is_dropped_alone(void **state)
{
	struct bch_bytes rest = BYTES(5, 2, 0, 0, 0, 0, 0, 0, WORD(0), WORD(0), WORD(0), WORD(0), 5,
				      0x81, 0, 0, 0, 0, 0, 0, WORD(0), WORD(0), WORD(0), WORD(0));
	struct bch_key k;
	int problem;

	assert_true(bch_jset_key_next(&rest, &k, &problem));
	assert_int_equal(problem, BCH_FSCK_journal_entry_bkey_bad_format);
	assert_true(bch_jset_key_next(&rest, &k, &problem));
	assert_int_equal(problem, BCH_KEY_VALID);
	assert_false(bch_jset_key_next(&rest, &k, &problem));
}

static void records_are_printed_as_the_tools_do(void **state)
{
	struct bch_bytes deleted = BYTES(RECORD(5, 4, 0, 10), 5, 1, 0, 0, 0, 0, 0, 0, WORD(0),
					 WORD(0), WORD(0), WORD(0));

	assert_text(deleted, &old_form,
		    "overwrite: btree=alloc l=0 u64s 5 type deleted POS_MIN len 0 ver 0");
	assert_text(deleted, &new_form,
		    "overwrite: btree=alloc level=0 u64s 5 type deleted POS_MIN len 0 ver 0");
	assert_text(BYTES(RECORD(1, 2, 0, 5), WORD(7)), &old_form, "usage: type=key_version v=7");
	assert_text(BYTES(RECORD(2, 0, 0, 7), WORD(1), WORD(9)), &old_form, "clock: write=9");
	assert_text(BYTES(RECORD(1, 0, 0, 9), 'a', '\n', 0, 'b', 0, 0, 0, 0), &old_form,
		    "log: a\\x0a");
	assert_text(BYTES(RECORD(2, 0, 0, 6), WORD(0), 3, 1, 1, 0, 0, 0, 0, 0), &old_form,
		    "data_usage: btree: 1/1 [0]=0");
	assert_text(BYTES(RECORD(1, 0, 0, 14), WORD(6)), &new_form, "rewind_limit: seq=6");
	assert_text(BYTES(RECORD(0, 0, 0, 7)), &old_form, "clock: (journal_entry_clock_bad_size)");
	assert_text(BYTES(RECORD(1, 0, 0, 99), WORD(6)), &new_form, "unknown(99): 8 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_magic_is_the_filesystems),
		cmocka_unit_test(a_header_is_decoded),
		cmocka_unit_test(a_record_past_the_end_is_not_given),
		cmocka_unit_test(sizes_are_checked_by_type),
		cmocka_unit_test(contents_are_checked_by_type),
		cmocka_unit_test(keys_without_an_end_end_their_record),
		cmocka_unit_test(a_key_in_another_format_is_dropped_alone),
		cmocka_unit_test(records_are_printed_as_the_tools_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
