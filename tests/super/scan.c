// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of the list of filesystems, and of what udev is told. */

#include "temp_fs.h"

/* What a scan of the folder says. */
static char *scanned(struct temp *t, enum bch_facts_format format, struct bch_scan_result *result)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(format);
	const char *names[] = { t->folder };

	assert_int_equal(bch_scan(t->ctx, names, 1, facts, result), 0);
	return strdup(bch_facts_str(facts));
}

static void assert_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		print_error("%s\nwanted: %s\n", text, words);
	assert_non_null(strstr(text, words));
}

static void whole_filesystem_is_listed_with_its_members(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 2);
	struct bch_scan_result result;
	char *text = scanned(fs.t, BCH_FACTS_TEXT, &result);

	assert_int_equal(result.nr_filesystems, 1);
	assert_int_equal(result.nr_incomplete, 0);
	assert_says(text, "UUID=22222222-2222-2222-2222-222222222222  LABEL=tank  version 1.13");
	assert_says(text, "unclean  2 of 2 devices");
	assert_says(text, fs.path[0]);
	assert_says(text, fs.path[1]);
	free(text);
	temp_fs_end(&fs);
}

static void missing_and_removed_members_are_told_apart(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 3);
	struct bch_scan_result result;
	char *text;

	assert_int_equal(unlink(fs.path[2]), 0);
	text = scanned(fs.t, BCH_FACTS_JSON, &result);
	assert_int_equal(result.nr_incomplete, 1);
	assert_says(text, "\"devices_found\":2");
	assert_says(text, "\"devices_wanted\":3");
	free(text);

	temp_fs_change(&fs, 0, super, {
		struct bch_member m;

		assert_true(bch_super_member(&super, 2, &m));
		memset(m.uuid, 0, 16);
		bch_super_member_put(&super, 2, &m);
		super.sb->seq = le64_of(26);
	});
	text = scanned(fs.t, BCH_FACTS_JSON, &result);
	assert_int_equal(result.nr_incomplete, 0);
	assert_says(text, "\"devices_wanted\":2");
	free(text);
	temp_fs_end(&fs);
}

static void damaged_and_foreign_files_are_passed_over(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 2);
	struct bch_scan_result result;

	free(temp_image(fs.t, "junk", "junk", 4));
	free(temp_image(fs.t, "empty", NULL, 0));
	temp_fs_change(&fs, 1, super, super.sb->uuid[0]++); /* a filesystem of its own */
	free(scanned(fs.t, BCH_FACTS_TEXT, &result));
	assert_int_equal(result.nr_filesystems, 2);
	assert_int_equal(result.nr_incomplete, 2);
	for (u32 i = 0; i < 2; i++)
		temp_run("truncate -s 8192 %s", fs.path[i]);
	temp_fs_zero(fs.path[0], 4096, 4096);
	free(scanned(fs.t, BCH_FACTS_TEXT, &result));
	assert_int_equal(result.nr_filesystems, 1);
	temp_fs_end(&fs);
}

/* A label is anybody's text: no line of udev's may come of it. */
static void udev_gets_its_lines_encoded(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	struct bch_buf out bch_auto(buf) = { 0 };

	temp_fs_change(&fs, 0, super, memcpy(super.sb->label, "a b\nID_X=1\\\xff", 13));
	assert_int_equal(bch_scan_udev(fs.t->ctx, fs.path[0], &out), 0);
	assert_says(bch_buf_str(&out), "ID_FS_TYPE=bcachefs\nID_FS_USAGE=filesystem\n");
	assert_says(bch_buf_str(&out), "\nID_FS_UUID=22222222-2222-2222-2222-222222222222\n");
	assert_says(bch_buf_str(&out), "\nID_FS_UUID_SUB=30303030-3030-3030-3030-303030303030\n");
	assert_says(bch_buf_str(&out), "\nID_FS_LABEL=a_b_ID_X=1__\n");
	assert_says(bch_buf_str(&out), "\nID_FS_LABEL_ENC=a\\x20b\\x0aID_X=1\\x5c\\xff\n");
	assert_says(bch_buf_str(&out), "\nBCACHEFS_DEVICES=1\nBCACHEFS_MISSING=0\n");
	temp_fs_zero(fs.path[0], 512, 3584);
	temp_fs_zero(fs.path[0], 512, 4096);
	assert_true(bch_scan_udev(fs.t->ctx, fs.path[0], &out) < 0);
	temp_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(whole_filesystem_is_listed_with_its_members),
		TEMP_TEST(missing_and_removed_members_are_told_apart),
		TEMP_TEST(damaged_and_foreign_files_are_passed_over),
		TEMP_TEST(udev_gets_its_lines_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
