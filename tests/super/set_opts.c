// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of changing options, labels and UUIDs: all or nothing, by name. Format reference: 01 §12. */

#include "temp_fs.h"

struct change {
	struct temp_fs files;
	struct bch_fs *fs;
	struct bch_opt_set set;
};

static struct change begin(struct temp *t, u16 version)
{
	struct change c = { .files = temp_fs_make(t, version, 3) };

	c.fs = temp_fs_opened(&c.files, BCH_OPEN_WRITE);
	return c;
}

static void end(struct change *c)
{
	assert_int_equal(bch_fs_close(c->fs), 0);
	temp_fs_end(&c->files);
}

static void give(struct change *c, enum bch_opt_id id, u64 value)
{
	c->set.given[id] = true;
	c->set.value[id] = value;
}

static void give_text(struct change *c, enum bch_opt_id id, const char *text)
{
	c->set.given[id] = true;
	c->set.text[id] = text;
}

/* Sets what was given, once. */
static int set(struct change *c, const u32 *devs, u32 nr)
{
	int err = bch_fs_set_opts(c->fs, &c->set, devs, nr);

	c->set = (struct bch_opt_set){ 0 };
	return err;
}

static struct bch_member member(const struct change *c, u32 idx)
{
	struct bch_member m;

	assert_true(bch_super_member(&c->fs->super, idx, &m));
	return m;
}

static void options_are_set_with_the_features_that_they_need(void **state)
{
	struct change c = begin(*state, BCH_VERSION(1, 13));
	u64 before = le64_get(c.fs->super.sb->features[0]);

	give(&c, BCH_OPT_compression, 0xf3);
	give(&c, BCH_OPT_background_compression, 1);
	give(&c, BCH_OPT_erasure_code, 1);
	give(&c, BCH_OPT_errors, 3);
	assert_int_equal(set(&c, NULL, 0), 0);
	assert_int_equal(bch_fs_write_super(c.fs), 0);
	assert_int_equal(bch_fs_close(c.fs), 0);
	c.fs = temp_fs_opened(&c.files, BCH_OPEN_WRITE);
	assert_int_equal(bch_sb_opt(c.fs->super.sb, BCH_OPT_compression), 0xf3);
	assert_int_equal(bch_sb_opt(c.fs->super.sb, BCH_OPT_background_compression), 1);
	assert_int_equal(bch_sb_opt(c.fs->super.sb, BCH_OPT_errors), 3);
	assert_int_equal(le64_get(c.fs->super.sb->features[0]), before | 1 << 0 | 1 << 2 | 1 << 4);
	end(&c);
}

static void nothing_is_set_where_one_is_refused_and_all_refused_are_named(void **state)
{
	struct change c = begin(*state, BCH_VERSION(1, 13));
	struct bch_super before = sb_build_copy(&c.fs->super);

	give(&c, BCH_OPT_errors, 3);
	give_text(&c, BCH_OPT_label, "new.label");
	give(&c, BCH_OPT_data_replicas, 4);
	give(&c, BCH_OPT_casefold, 1);
	give_text(&c, BCH_OPT_promote_target, "nowhere");
	assert_int_equal(set(&c, NULL, 0), -BCH_ERR_option_too_big);
	temp_fs_assert_said(&c.files, -BCH_ERR_option_too_big, "data_replicas: too big: 4 (max 3)");
	temp_fs_assert_said(&c.files, -BCH_ERR_option_too_big, "casefold: version 1.13");
	temp_fs_assert_said(&c.files, -BCH_ERR_option_too_big,
			    "promote_target: Invalid target nowhere");
	assert_int_equal(bch_super_len(&c.fs->super), bch_super_len(&before));
	assert_memory_equal(c.fs->super.sb, before.sb, bch_super_len(&before));
	bch_super_end(&before);
	end(&c);
}

static void options_of_members_go_to_those_that_are_chosen(void **state)
{
	static const u32 two[] = { 0, 2 };
	struct change c = begin(*state, BCH_VERSION(1, 39));
	struct bch_member m;

	give(&c, BCH_OPT_durability, 2);
	give(&c, BCH_OPT_data_allowed, 1 << 4);
	give(&c, BCH_OPT_discard, 1);
	give(&c, BCH_OPT_state, 1);
	assert_int_equal(set(&c, two, 2), 0);
	give_text(&c, BCH_OPT_label, "all");
	assert_int_equal(set(&c, NULL, 0), 0);
	for (u32 i = 0; i < 3; i++) {
		m = member(&c, i);
		assert_int_equal(bch_member_durability(&m), i == 1 ? 1 : 2);
		assert_int_equal(bch_member_DATA_ALLOWED(&m), i == 1 ? 0x1c : 0x10);
		assert_int_equal(bch_member_DISCARD(&m), i != 1);
		assert_int_equal(bch_member_STATE(&m), i != 1);
		assert_int_equal(bch_member_GROUP(&m), 1);
	}
	give(&c, BCH_OPT_durability, 3);
	assert_int_equal(set(&c, two, 1), -BCH_ERR_option_too_big);
	end(&c);
}

static void labels_come_and_go(void **state)
{
	static const u32 devs[] = { 0, 1, 2 };
	struct change c = begin(*state, BCH_VERSION(1, 13));
	struct bch_member m;
	u32 idx;

	give_text(&c, BCH_OPT_label, "ssd.a");
	assert_int_equal(set(&c, devs, 1), 0);
	give_text(&c, BCH_OPT_label, "ssd.b");
	give_text(&c, BCH_OPT_foreground_target, "ssd"); /* made by what stands beside it */
	assert_int_equal(set(&c, devs + 1, 1), 0);
	assert_int_equal(bch_fs_member_find(c.fs, "ssd.b", &idx), 0);
	assert_int_equal(idx, 1);
	assert_int_equal(bch_fs_member_find(c.fs, "ssd", &idx), -BCH_ERR_no_such_device);

	give_text(&c, BCH_OPT_label, "");
	assert_int_equal(set(&c, devs, 1), 0);
	m = member(&c, 0);
	assert_int_equal(bch_member_GROUP(&m), 0);
	assert_int_equal(bch_super_group_find(&c.fs->super, "ssd.a"), -BCH_ERR_target_unknown);
	assert_int_equal(bch_super_group_find(&c.fs->super, "ssd.b"), 2);
	give_text(&c, BCH_OPT_label, "none");
	assert_int_equal(set(&c, devs + 1, 1), 0);
	assert_int_equal(bch_super_group_find(&c.fs->super, "ssd"), 0); /* the target holds it */
	give_text(&c, BCH_OPT_label, "a..b");
	assert_int_equal(set(&c, devs, 3), -BCH_ERR_label_invalid);
	end(&c);
}

/* A label without members may be named in inodes: options alone do not take it away. */
static void other_options_leave_labels_alone(void **state)
{
	struct change c = begin(*state, BCH_VERSION(1, 13));

	assert_true(bch_super_group_make(&c.fs->super, "spare") >= 0);
	give(&c, BCH_OPT_acl, 0);
	assert_int_equal(set(&c, NULL, 0), 0);
	assert_true(bch_super_group_find(&c.fs->super, "spare") >= 0);
	end(&c);
}

/* A member has 8 bits for its label. */
static void label_past_the_255th_is_refused(void **state)
{
	struct change c = begin(*state, BCH_VERSION(1, 13));
	char name[16];

	for (u32 i = 0; i < 255; i++) {
		snprintf(name, sizeof(name), "l%u", i);
		assert_int_equal(bch_super_group_make(&c.fs->super, name), i);
	}
	give_text(&c, BCH_OPT_label, "one.more");
	assert_int_equal(set(&c, NULL, 0), -BCH_ERR_no_space_in_sb);
	end(&c);
}

static void targets_are_labels_or_members(void **state)
{
	static const u32 first[] = { 0 };
	struct change c = begin(*state, BCH_VERSION(1, 13));
	static const struct {
		const char *text;
		u64 want;
	} rows[] = {
		{ "", 0 },
		{ "none", 0 },
		{ "ssd", BCH_TARGET_GROUP(0) },
		{ "ssd.a", BCH_TARGET_GROUP(1) },
		{ "2", BCH_TARGET_DEV(2) },
		{ "31313131-3131-3131-3131-313131313131", BCH_TARGET_DEV(1) },
	};
	u64 target;

	give_text(&c, BCH_OPT_label, "ssd.a");
	assert_int_equal(set(&c, first, 1), 0);
	for (size_t i = 0; i < bch_array_size(rows); i++) {
		assert_int_equal(bch_target_parse(c.fs, rows[i].text, &target), 0);
		assert_int_equal(target, rows[i].want);
	}
	assert_int_equal(bch_target_parse(c.fs, c.files.path[2], &target), 0);
	assert_int_equal(target, BCH_TARGET_DEV(2));
	assert_int_equal(bch_target_parse(c.fs, "3", &target), -BCH_ERR_target_unknown);
	assert_int_equal(bch_target_parse(c.fs, "ssd.", &target), -BCH_ERR_target_unknown);
	end(&c);
}

static void members_with_one_label_are_ambiguous(void **state)
{
	struct change c = begin(*state, BCH_VERSION(1, 13));
	u32 idx;

	give_text(&c, BCH_OPT_label, "same");
	assert_int_equal(set(&c, NULL, 0), 0);
	assert_int_equal(bch_fs_member_find(c.fs, "same", &idx), -BCH_ERR_device_ambiguous);
	assert_int_equal(bch_fs_member_find(c.fs, "1", &idx), 0);
	assert_int_equal(idx, 1);
	assert_int_equal(bch_fs_member_find(c.fs, "17", &idx), -BCH_ERR_no_such_device);
	end(&c);
}

static void nocow_and_encryption_exclude_each_other(void **state)
{
	struct change c = begin(*state, BCH_VERSION(1, 13));

	sb_build_put(&c.fs->super, BCH_SECTION_crypt, sb_build_crypt, sizeof(sb_build_crypt));
	give(&c, BCH_OPT_nocow, 1);
	assert_int_equal(set(&c, NULL, 0), -BCH_ERR_option_value);
	end(&c);
}

static void label_and_uuid_of_the_filesystem_are_set(void **state)
{
	static const u8 want[16] = { 0x12, 0x34, 0x56, 0x78, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
	struct change c = begin(*state, BCH_VERSION(1, 13));

	assert_int_equal(bch_fs_set_label(c.fs, "1234567890123456789012345678901"), 0);
	assert_int_equal(bch_fs_set_label(c.fs, "12345678901234567890123456789012"),
			 -BCH_ERR_label_invalid);
	assert_int_equal(bch_fs_set_label(c.fs, "x"), 0);
	assert_memory_equal(c.fs->super.sb->label, "x\0\0\0\0\0\0\0", 8);
	assert_int_equal(bch_fs_set_uuid(c.fs, "12345678-0000-0000-0000-000000000001"), 0);
	assert_memory_equal(bch_fs_uuid(c.fs), want, 16);
	assert_int_equal(bch_fs_set_uuid(c.fs, "00000000-0000-0000-0000-000000000000"),
			 -BCH_ERR_option_value);
	assert_int_equal(bch_fs_set_uuid(c.fs, "12345678"), -BCH_ERR_option_value);
	assert_memory_equal(bch_fs_uuid(c.fs), want, 16);
	assert_int_equal(bch_fs_set_uuid(c.fs, NULL), 0);
	assert_memory_not_equal(bch_fs_uuid(c.fs), want, 16);
	end(&c);
}

static void counters_are_reset_by_name(void **state)
{
	struct change c = begin(*state, BCH_VERSION(1, 13));

	assert_int_equal(bch_super_section_resize(&c.fs->super, BCH_SECTION_counters, 79 * 8), 0);
	for (u32 i = 0; i < 79; i++)
		bch_super_counter_put(&c.fs->super, i, 7);
	assert_int_equal(bch_fs_reset_counters(c.fs, "io_write,bucket_alloc"), 0);
	for (u32 i = 0; i < 79; i++)
		assert_int_equal(bch_super_counter(&c.fs->super, i), i == 1 || i == 5 ? 0 : 7);
	assert_int_equal(bch_fs_reset_counters(c.fs, "io_writes"), -BCH_ERR_invalid_argument);
	assert_int_equal(bch_fs_reset_counters(c.fs, NULL), 0);
	for (u32 i = 0; i < 79; i++)
		assert_int_equal(bch_super_counter(&c.fs->super, i), 0);
	end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(options_are_set_with_the_features_that_they_need),
		TEMP_TEST(nothing_is_set_where_one_is_refused_and_all_refused_are_named),
		TEMP_TEST(options_of_members_go_to_those_that_are_chosen),
		TEMP_TEST(labels_come_and_go),
		TEMP_TEST(other_options_leave_labels_alone),
		TEMP_TEST(label_past_the_255th_is_refused),
		TEMP_TEST(targets_are_labels_or_members),
		TEMP_TEST(members_with_one_label_are_ambiguous),
		TEMP_TEST(nocow_and_encryption_exclude_each_other),
		TEMP_TEST(label_and_uuid_of_the_filesystem_are_set),
		TEMP_TEST(counters_are_reset_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
