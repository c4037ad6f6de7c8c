// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of naming filesystems: paths, A:B:C, UUID=, LABEL=, the members that nobody named. CLI.md 2.3. */

#include <uuid/uuid.h>

#include "temp_fs.h"

/* The machine's own block devices are looked at too: names that nothing else has. */
#define UUID  "5e1ec7ed-0b57-4c1e-9a3e-6e616d65735f"
#define LABEL "bch-tests-names"

static struct temp_fs make(struct temp *t, u32 nr)
{
	struct bch_super super = temp_fs_super(BCH_VERSION(1, 13), nr);
	struct temp_fs fs;

	strcpy((char *)super.sb->label, LABEL);
	assert_int_equal(uuid_parse(UUID, super.sb->user_uuid), 0);
	fs = temp_fs_of(t, &super);
	bch_super_end(&super);
	return fs;
}

/* The members that a name opens, as bits; or the error. */
static int opens_with(const struct temp_fs *fs, const char *name, const struct bch_open_opts *opts)
{
	struct bch_fs *open = NULL;
	int bits = 0, err = bch_fs_open(fs->t->ctx, &name, 1, opts, &open);

	for (u32 i = 0; !err && i < open->nr_members; i++)
		bits |= (open->members[i].blkdev != NULL) << i;
	assert_int_equal(bch_fs_close(open), 0);
	return err ? err : bits;
}

/* Where the folder of the images is looked at too. */
static int opens(const struct temp_fs *fs, const char *name)
{
	const char *scan[] = { fs->t->folder };

	return opens_with(fs, name, &(struct bch_open_opts){ .scan = scan, .nr_scan = 1 });
}

static int opens_alone(const struct temp_fs *fs, const char *name, bool no_split)
{
	return opens_with(fs, name, &(struct bch_open_opts){ .no_split = no_split });
}

static void uuids_and_labels_find_all_members(void **state)
{
	struct temp_fs fs = make(*state, 3);

	assert_int_equal(opens(&fs, "UUID=" UUID), 7);
	assert_int_equal(opens(&fs, "OLD_BLKID_UUID=" UUID), 7);
	assert_int_equal(opens(&fs, UUID), 7);
	assert_int_equal(opens(&fs, "LABEL=" LABEL), 7);
	assert_int_equal(opens(&fs, "LABEL=bch-tests-name"), -BCH_ERR_no_such_device);
	assert_int_equal(opens(&fs, "LABEL=" LABEL "2"), -BCH_ERR_no_such_device);
	assert_int_equal(opens(&fs, "UUID=5e1ec7ed-0b57-4c1e-9a3e-6e616d657360"),
			 -BCH_ERR_no_such_device);
	assert_int_equal(opens(&fs, "UUID=2222"), -BCH_ERR_option_value);
	temp_fs_end(&fs);
}

static void label_of_two_filesystems_is_ambiguous(void **state)
{
	struct temp_fs fs = make(*state, 2);

	temp_fs_change(&fs, 1, super, super.sb->uuid[0]++);
	assert_int_equal(opens(&fs, "LABEL=" LABEL), -BCH_ERR_device_ambiguous);
	temp_fs_assert_said(&fs, -BCH_ERR_device_ambiguous, "several filesystems");
	temp_fs_end(&fs);
}

static void folder_that_is_scanned_adds_the_other_members(void **state)
{
	struct temp_fs fs = make(*state, 3);

	assert_int_equal(opens_alone(&fs, fs.path[1], false), 2);
	assert_non_null(strstr(fs.t->warned, "missing members: 0"));
	assert_int_equal(opens(&fs, fs.path[1]), 7);
	/* and no file that is not a member */
	free(temp_image(fs.t, "junk", "junk", 4));
	assert_int_equal(opens(&fs, fs.path[1]), 7);
	temp_fs_end(&fs);
}

static void colons_separate_devices_unless_they_are_part_of_a_name(void **state)
{
	struct temp_fs fs = make(*state, 3);
	char *joined = NULL, *colon = temp_path(fs.t, "a:b");

	assert_true(asprintf(&joined, "%s:%s:%s", fs.path[0], fs.path[1], fs.path[2]) > 0);
	assert_int_equal(opens_alone(&fs, joined, false), 7);
	assert_int_equal(opens_alone(&fs, joined, true), -BCH_ERR_not_found);
	joined[strlen(fs.path[0]) + strlen(fs.path[1]) + 1] = 0;
	assert_int_equal(opens_alone(&fs, joined, false), 3);

	assert_int_equal(rename(fs.path[2], colon), 0);
	assert_int_equal(opens_alone(&fs, colon, false), 4);
	assert_int_equal(opens_alone(&fs, colon, true), 4);
	free(joined);
	free(colon);
	temp_fs_end(&fs);
}

static void same_path_twice_is_one_device(void **state)
{
	struct temp_fs fs = make(*state, 1);
	char *twice[] = { fs.path[0], fs.path[0] };
	struct bch_open_opts opts = { 0 };
	struct bch_fs *open = NULL;

	assert_int_equal(bch_fs_open(fs.t->ctx, (const char *const *)twice, 2, &opts, &open), 0);
	assert_int_equal(bch_fs_close(open), 0);
	temp_fs_end(&fs);
}

static void no_name_is_an_error(void **state)
{
	struct temp *t = *state;
	struct bch_open_opts opts = { 0 };
	struct bch_fs *open = NULL;

	assert_int_equal(bch_fs_open(t->ctx, NULL, 0, &opts, &open), -BCH_ERR_no_such_device);
	assert_null(open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(uuids_and_labels_find_all_members),
		TEMP_TEST(label_of_two_filesystems_is_ambiguous),
		TEMP_TEST(folder_that_is_scanned_adds_the_other_members),
		TEMP_TEST(colons_separate_devices_unless_they_are_part_of_a_name),
		TEMP_TEST(same_path_twice_is_one_device),
		TEMP_TEST(no_name_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
