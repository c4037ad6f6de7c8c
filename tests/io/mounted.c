// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of finding out who uses a device: on this system, and on invented ones. */

#include <sys/sysmacros.h>

#include "temp.h"

#include "io/mounted.h"

#define SIZE (16U << 20)

static void assert_writer_is_refused(struct temp *t, const char *path)
{
	struct bch_blkdev *dev;

	assert_int_equal(bch_blkdev_open(t->ctx, path, BCH_BLKDEV_WRITE, &dev),
			 -BCH_ERR_device_mounted);
	assert_non_null(strstr(bch_error_message(t->ctx, -BCH_ERR_device_mounted), t->mount));
	assert_int_equal(bch_blkdev_open(t->ctx, path, BCH_BLKDEV_WRITE | BCH_BLKDEV_SHARED, &dev),
			 -BCH_ERR_device_mounted);
}

static void assert_reader_is_warned(struct temp *t, const char *path)
{
	struct bch_blkdev *dev;

	t->warned[0] = '\0';
	dev = temp_open(t, path, 0);
	assert_non_null(strstr(t->warned, t->mount));
	assert_int_equal(bch_blkdev_close(dev), 0);
}

static void mounted_loop_device_and_its_file_are_found(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, SIZE), *where;

	temp_make("mkfs.ext4", "-q -F %s", path);
	assert_int_equal(bch_blkdev_mounted(t->ctx, path, &where), 0);
	assert_null(where);
	temp_loop(t, path);
	assert_int_equal(bch_blkdev_mounted(t->ctx, path, &where), 0);
	assert_int_equal(bch_blkdev_mounted(t->ctx, t->loop, &where), 0);
	temp_mount(t, t->loop);

	assert_int_equal(bch_blkdev_mounted(t->ctx, t->loop, &where), 1);
	assert_string_equal(where, t->mount);
	free(where);
	assert_writer_is_refused(t, t->loop);
	assert_writer_is_refused(t, path);
	assert_reader_is_warned(t, t->loop);
	assert_reader_is_warned(t, path);
	free(path);
}

static void mounted_btrfs_is_found_by_its_source(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 128U << 20);

	temp_make("mkfs.btrfs", "-q %s", path);
	temp_loop(t, path);
	temp_mount(t, t->loop);
	assert_writer_is_refused(t, path);
	free(path);
}

static void missing_path_is_an_error(void **state)
{
	struct temp *t = *state;
	char *path = temp_path(t, "missing"), *where;

	assert_int_equal(bch_blkdev_mounted(t->ctx, path, &where), -BCH_ERR_not_found);
	free(path);
}

/* Makes a file below the folder "system", and the folders that it lies in. */
static void invent(struct temp *t, const char *name, const char *contents)
{
	assert_int_equal(temp_run("mkdir -p $(dirname %s/system/%s)", t->folder, name), 0);
	assert_int_equal(temp_run("printf '%s' > %s/system/%s", contents, t->folder, name), 0);
}

/* Devices 250:1 and 250:2, of which nothing but the numbers exists, and an invented system. */
static void invent_devices(struct temp *t)
{
	char node[128];

	if (geteuid() != 0)
		skip();
	for (unsigned i = 1; i <= 2; i++) {
		snprintf(node, sizeof(node), "%s/disk%u", t->folder, i);
		if (mknod(node, S_IFBLK | 0600, makedev(250, i)))
			skip();
	}
	invent(t, "sys/block/nothing", "");
	invent(t, "sys/dev/block/250:1/dev", "250:1");
	invent(t, "sys/dev/block/250:2/dev", "250:2");
	invent(t, "proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/root rw\\n");
	invent(t, "proc/swaps", "Filename Type Size Used Priority\\n");
}

/* What is found out about disk1. @where may be NULL: it is not known. */
static void assert_answer(struct temp *t, int answer, const char *where)
{
	char *disk = temp_path(t, "disk1"), *root = temp_path(t, "system"), *have;

	assert_int_equal(bch_mounted_below(t->ctx, root, disk, &have), answer);
	if (where)
		assert_string_equal(have, where);
	else
		assert_null(have);
	free(have);
	free(root);
	free(disk);
}

static void unused_device_is_not_mounted(void **state)
{
	invent_devices(*state);
	assert_answer(*state, 0, NULL);
}

static void mount_of_a_device_is_found_with_blanks_in_its_name(void **state)
{
	invent_devices(*state);
	invent(*state, "proc/self/mountinfo",
	       "22 1 250:1 / /a\\\\040place rw shared:1 - xfs /dev/x rw\\n");
	assert_answer(*state, 1, "/a place");
}

static void mount_of_a_partition_is_found(void **state)
{
	invent_devices(*state);
	invent(*state, "sys/dev/block/250:1/disk1p1/partition", "1");
	invent(*state, "sys/dev/block/250:1/disk1p1/dev", "250:2");
	invent(*state, "proc/self/mountinfo", "22 1 250:2 / /mnt rw - ext4 /dev/x rw\\n");
	assert_answer(*state, 1, "/mnt");
}

static void mount_of_what_is_built_on_a_device_is_found(void **state)
{
	invent_devices(*state);
	invent(*state, "sys/dev/block/250:1/holders/dm-0/dev", "250:2");
	invent(*state, "sys/dev/block/250:2/holders/dm-1/dev", "250:3");
	invent(*state, "proc/self/mountinfo", "22 1 250:3 / /mnt rw - ext4 /dev/x rw\\n");
	assert_answer(*state, 1, "/mnt");
}

static void swap_is_found(void **state)
{
	struct temp *t = *state;
	char line[256];

	invent_devices(t);
	snprintf(line, sizeof(line), "Filename\\n%s/disk1 partition 1 0 -2\\n", t->folder);
	invent(t, "proc/swaps", line);
	assert_answer(t, 1, "swap");
}

static void colon_list_of_bcachefs_is_found(void **state)
{
	struct temp *t = *state;
	char line[256];

	invent_devices(t);
	snprintf(line, sizeof(line), "22 1 0:40 / /pool rw - bcachefs %s/disk2:%s/disk1 rw\\n",
		 t->folder, t->folder);
	invent(t, "proc/self/mountinfo", line);
	assert_answer(t, 1, "/pool");
}

static void member_of_a_bcachefs_is_found_where_another_member_is_shown(void **state)
{
	struct temp *t = *state;
	char line[256];

	invent_devices(t);
	invent(t, "sys/fs/bcachefs/uuid-a/dev-0/block/dev", "250:2");
	invent(t, "sys/fs/bcachefs/uuid-a/dev-1/block/dev", "250:1");
	snprintf(line, sizeof(line), "22 1 0:40 / /pool rw - bcachefs %s/disk2 rw\\n", t->folder);
	invent(t, "proc/self/mountinfo", line);
	assert_answer(t, 1, "/pool");
}

static void members_of_another_bcachefs_are_not_taken_for_ours(void **state)
{
	struct temp *t = *state;
	char line[256];

	invent_devices(t);
	invent(t, "sys/fs/bcachefs/uuid-b/dev-0/block/dev", "250:2");
	invent(t, "sys/fs/bcachefs/uuid-b/dev-1/block/dev", "250:3");
	snprintf(line, sizeof(line), "22 1 0:40 / /pool rw - bcachefs %s/disk2 rw\\n", t->folder);
	invent(t, "proc/self/mountinfo", line);
	assert_answer(t, 0, NULL);
	invent(t, "sys/fs/bcachefs/uuid-a/dev-0/block/dev", "250:1");
	assert_answer(t, 1, NULL); /* not /pool */
}

static void member_that_is_mounted_nowhere_in_sight_is_in_use(void **state)
{
	invent_devices(*state);
	invent(*state, "sys/dev/block/250:1/bcachefs/label", "");
	assert_answer(*state, 1, NULL);
}

static void system_that_shows_nothing_is_an_error(void **state)
{
	struct temp *t = *state;

	invent_devices(t);
	temp_run("rm %s/system/proc/self/mountinfo", t->folder);
	assert_answer(t, -BCH_ERR_not_found, NULL);
	assert_non_null(strstr(bch_error_message(t->ctx, -BCH_ERR_not_found), "cannot tell"));
	invent(t, "proc/self/mountinfo", "");
	temp_run("rm -r %s/system/sys/dev/block/250:1", t->folder);
	assert_answer(t, -BCH_ERR_not_found, NULL);
}

static void kernel_without_swap_is_no_error(void **state)
{
	struct temp *t = *state;

	invent_devices(t);
	temp_run("rm %s/system/proc/swaps", t->folder);
	assert_answer(t, 0, NULL);
}

static void assert_file_answer(struct temp *t, const char *backing_file, int answer)
{
	char *image = temp_path(t, "image"), *root = temp_path(t, "system"), *where;

	invent(t, "sys/block/loop7/loop/backing_file", backing_file);
	assert_int_equal(bch_mounted_below(t->ctx, root, image, &where), answer);
	assert_null(where);
	free(image);
	free(root);
}

static void loop_device_on_an_unknown_file_of_the_same_name_is_an_error(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, SIZE);

	invent(t, "sys/block/loop7/dev", "7:7");
	invent(t, "sys/dev/block/7:7/dev", "7:7");
	invent(t, "proc/self/mountinfo", "");
	invent(t, "proc/swaps", "");
	assert_file_answer(t, path, 0);
	assert_file_answer(t, "/nowhere/other", 0);
	assert_file_answer(t, "/nowhere/image", -BCH_ERR_not_found);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(mounted_loop_device_and_its_file_are_found),
		TEMP_TEST(mounted_btrfs_is_found_by_its_source),
		TEMP_TEST(missing_path_is_an_error),
		TEMP_TEST(unused_device_is_not_mounted),
		TEMP_TEST(mount_of_a_device_is_found_with_blanks_in_its_name),
		TEMP_TEST(mount_of_a_partition_is_found),
		TEMP_TEST(mount_of_what_is_built_on_a_device_is_found),
		TEMP_TEST(swap_is_found),
		TEMP_TEST(colon_list_of_bcachefs_is_found),
		TEMP_TEST(member_of_a_bcachefs_is_found_where_another_member_is_shown),
		TEMP_TEST(members_of_another_bcachefs_are_not_taken_for_ours),
		TEMP_TEST(member_that_is_mounted_nowhere_in_sight_is_in_use),
		TEMP_TEST(system_that_shows_nothing_is_an_error),
		TEMP_TEST(kernel_without_swap_is_no_error),
		TEMP_TEST(loop_device_on_an_unknown_file_of_the_same_name_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
