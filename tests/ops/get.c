// SPDX-License-Identifier: GPL-2.0-or-later
/* Copying files out of filesystems that want to do harm, or are of no usual shape. */

#include "craft.h"

#include <sys/resource.h>

#include <bcachefs/get.h>

static struct bch_get_sums get(struct craft *c, const char *path, const char *dest, unsigned flags)
{
	struct bch_get_opts opts = { .flags = flags, .paths = &path, .nr_paths = 1 };
	struct bch_get_sums sums;

	assert_int_equal(bch_get(c->image.fs, &opts, dest, &sums), 0);
	return sums;
}

static void names_that_lead_elsewhere_are_not_written(void **state)
{
	static const char *const names[] = { "..", ".", "../up", "/abs", "a/b", "sub/../../up" };
	struct temp *t = *state;
	struct craft c = craft_begin(t);
	char *dest = temp_path(t, "dest");

	craft_file(&c, CRAFT_ROOT + 1, S_IFREG | 0644, 5);
	craft_data(&c, CRAFT_ROOT + 1, 0, "hello");
	for (u32 i = 0; i < bch_array_size(names); i++)
		craft_entry(&c, CRAFT_ROOT, names[i], BCH_DIRENT_reg, CRAFT_ROOT + 1);
	craft_entry(&c, CRAFT_ROOT, "good", BCH_DIRENT_reg, CRAFT_ROOT + 1);
	craft_start(&c);

	assert_int_equal(get(&c, CRAFT_PATH, dest, BCH_GET_ALL).nr_files, 1);
	assert_int_equal(temp_run("test \"$(ls -A %s)\" = good", dest), 0);
	assert_int_equal(temp_run("test \"$(cat %s/good)\" = hello", dest), 0);
	assert_int_equal(temp_run("test \"$(ls %s)\" = \"dest\ndev0.img\"", t->folder), 0);
	free(dest);
	image_end(&c.image);
}

/* A symlink first, then a directory, a file and a device under the same name. */
static void what_was_written_before_is_no_way_out(void **state)
{
	struct temp *t = *state;
	struct craft c = craft_begin(t);
	char *dest = temp_path(t, "dest"), *outside = temp_path(t, "outside");

	assert_int_equal(mkdir(outside, 0700), 0);
	craft_file(&c, CRAFT_ROOT + 1, S_IFLNK | 0777, 10);
	craft_data(&c, CRAFT_ROOT + 1, 0, "../outside");
	craft_file(&c, CRAFT_ROOT + 2, S_IFDIR | 0755, 0);
	craft_file(&c, CRAFT_ROOT + 3, S_IFREG | 0644, 5);
	craft_data(&c, CRAFT_ROOT + 3, 0, "hello");
	craft_entry(&c, CRAFT_ROOT, "name", BCH_DIRENT_lnk, CRAFT_ROOT + 1);
	craft_entry(&c, CRAFT_ROOT, "name", BCH_DIRENT_dir, CRAFT_ROOT + 2);
	craft_entry(&c, CRAFT_ROOT + 2, "in", BCH_DIRENT_reg, CRAFT_ROOT + 3);
	craft_entry(&c, CRAFT_ROOT, "name", BCH_DIRENT_reg, CRAFT_ROOT + 3);
	craft_start(&c);

	for (u32 i = 0; i < 2; i++) {
		get(&c, CRAFT_PATH, dest, BCH_GET_ALL | (i ? BCH_GET_OVERWRITE : 0));
		assert_int_equal(temp_run("test -z \"$(ls -A %s)\"", outside), 0);
	}
	free(dest);
	free(outside);
	image_end(&c.image);
}

static void directory_within_itself_ends(void **state)
{
	struct temp *t = *state;
	struct craft c = craft_begin(t);
	char *dest = temp_path(t, "dest");

	craft_file(&c, CRAFT_ROOT + 1, S_IFDIR | 0755, 0);
	craft_file(&c, CRAFT_ROOT + 2, S_IFREG | 0644, 0);
	craft_entry(&c, CRAFT_ROOT, "a", BCH_DIRENT_dir, CRAFT_ROOT + 1);
	craft_entry(&c, CRAFT_ROOT + 1, "loop", BCH_DIRENT_dir, CRAFT_ROOT);
	craft_entry(&c, CRAFT_ROOT + 1, "self", BCH_DIRENT_dir, CRAFT_ROOT + 1);
	craft_entry(&c, CRAFT_ROOT + 1, "z", BCH_DIRENT_reg, CRAFT_ROOT + 2);
	craft_start(&c);

	assert_int_equal(get(&c, CRAFT_PATH, dest, BCH_GET_ALL).nr_incomplete, 2);
	assert_int_equal(temp_run("test -f %s/a/z -a ! -e %s/a/self/self", dest, dest), 0);
	free(dest);
	image_end(&c.image);
}

/* Deeper than paths may be long and than there are fds; each directory has its own time, which comes last. */
static void tree_of_any_depth_is_whole(void **state)
{
	enum {
		DEPTH = 3000,
		FDS = 512
	};
	struct temp *t = *state;
	struct craft c = craft_begin(t);
	char *dest = temp_path(t, "dest");
	struct rlimit before, few;

	for (u64 i = 0; i < DEPTH; i++) {
		craft_file(&c, CRAFT_ROOT + 1 + 2 * i, S_IFDIR | 0500, 0);
		craft_entry(&c, CRAFT_ROOT + (i ? 2 * i - 1 : 0), "directory", BCH_DIRENT_dir,
			    CRAFT_ROOT + 1 + 2 * i);
		craft_file(&c, CRAFT_ROOT + 2 + 2 * i, S_IFREG | 0644, 5);
		craft_data(&c, CRAFT_ROOT + 2 + 2 * i, 0, "hello");
		craft_entry(&c, CRAFT_ROOT + 1 + 2 * i, "file", BCH_DIRENT_reg,
			    CRAFT_ROOT + 2 + 2 * i);
	}
	craft_start(&c);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){ FDS, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(get(&c, CRAFT_PATH, dest, BCH_GET_ALL).nr_files, DEPTH);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(temp_run("test $(find %s -name file -size 5c | wc -l) = %d", dest, DEPTH),
			 0);
	/* of the filesystem's first second, as their inodes say */
	assert_int_equal(
		temp_run("test $(find %s -type d ! -newer %s | wc -l) = %d", dest, dest, DEPTH + 1),
		0);
	assert_int_equal(temp_run("test $(find %s -type d -perm 500 | wc -l) = %d", dest, DEPTH),
			 0);
	free(dest);
	image_end(&c.image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_that_lead_elsewhere_are_not_written,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(what_was_written_before_is_no_way_out, temp_setup,
						temp_teardown),
		cmocka_unit_test_setup_teardown(directory_within_itself_ends, temp_setup,
						temp_teardown),
		cmocka_unit_test_setup_teardown(tree_of_any_depth_is_whole, temp_setup,
						temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
