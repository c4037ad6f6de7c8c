// SPDX-License-Identifier: GPL-2.0-or-later
/* What has no room in the header of an archive, as GNU tar reads it there. */

#include "craft.h"

#include <bcachefs/tar.h>

static int write_fd(void *arg, const void *buf, size_t len)
{
	const int *fd = arg;

	return write(*fd, buf, len) == (ssize_t)len ? 0 : -BCH_ERR_io;
}

/* Archives the craft's tree; what GNU tar lists of it, in UTC, must be @want. */
static void check_listing(struct temp *t, struct craft *c, const char *want)
{
	static const char *const path = CRAFT_PATH;
	char *archive = temp_path(t, "a.tar"), *expected = temp_path(t, "want");
	int fd = open(archive, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct bch_tar_opts opts = { .paths = &path, .nr_paths = 1, .write = write_fd, .arg = &fd };
	struct bch_tar_sums sums;
	FILE *f;

	assert_int_equal(bch_tar(c->image.fs, &opts, &sums), 0);
	close(fd);
	f = fopen(expected, "w");
	fputs(want, f);
	fclose(f);
	assert_int_equal(temp_run("TZ=UTC LC_ALL=C tar -tv --full-time -f %s | "
				  "sed 's/  */ /g' | diff - %s",
				  archive, expected),
			 0);
	free(archive);
	free(expected);
}

static void large_numbers_and_times_before_1970_are_exact(void **state)
{
	struct temp *t = *state;
	struct craft c = craft_begin(t);
	u64 base = le64_get(c.image.fs->super.sb->time_base_lo);
	u64 second = 1000000000 / le32_get(c.image.fs->super.sb->time_precision);
	struct bch_inode inode = { .bi_mode = S_IFREG | 0640,
				   .bi_uid = 4000000000,
				   .bi_gid = 2097152,
				   .bi_size = (9ULL << 30) + 1,
				   .bi_mtime = -base - 2 * second };

	craft_inode(&c, CRAFT_ROOT + 1, &inode);
	craft_data(&c, CRAFT_ROOT + 1, 1 << 20, "hello");
	craft_entry(&c, CRAFT_ROOT, "large", BCH_DIRENT_reg, CRAFT_ROOT + 1);
	inode = (struct bch_inode){ .bi_mode = S_IFDIR | 0755, .bi_mtime = -base };
	craft_inode(&c, CRAFT_ROOT, &inode);
	craft_start(&c);

	check_listing(t, &c,
		      "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 500000/\n"
		      "-rw-r----- 4000000000/2097152 9663676417 1969-12-31 23:59:58 "
		      "500000/large\n");
	image_end(&c.image);
}

static void names_of_any_length_are_whole(void **state)
{
	struct temp *t = *state;
	struct craft c = craft_begin(t);
	struct bch_inode inode = { .bi_mode = S_IFDIR | 0755,
				   .bi_mtime = -le64_get(c.image.fs->super.sb->time_base_lo) };
	struct bch_buf want bch_auto(buf) = { 0 };
	struct bch_buf path bch_auto(buf) = { 0 };
	char name[256];

	memset(name, 'n', 255);
	name[255] = '\0';
	bch_buf_puts(&path, "500000");
	for (u64 i = 0; i < 20; i++) {
		craft_inode(&c, CRAFT_ROOT + i, &inode);
		if (i)
			craft_entry(&c, CRAFT_ROOT + i - 1, name, BCH_DIRENT_dir, CRAFT_ROOT + i);
		if (i)
			bch_buf_put(&path, "/%s", name);
		bch_buf_put(&want, "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 %s/\n",
			    bch_buf_str(&path));
	}
	craft_start(&c);

	check_listing(t, &c, bch_buf_str(&want));
	image_end(&c.image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(large_numbers_and_times_before_1970_are_exact,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(names_of_any_length_are_whole, temp_setup,
						temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
