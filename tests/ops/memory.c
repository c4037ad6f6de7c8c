// SPDX-License-Identifier: GPL-2.0-or-later
/* Listing takes the cache's bytes and little more, whatever the filesystem's size. */

#include <sys/resource.h>
#include <sys/wait.h>

#include "../btree/image.h"

#include <bcachefs/journal.h>
#include <bcachefs/list.h>

#define CACHE (4U << 20)
#define MORE \
	(24U \
	 << 20) /* nodes in use and read ahead, the superblock, keys of the journal, the program itself */

#ifdef __SANITIZE_ADDRESS__
#define IS_ASAN true
#else
#define IS_ASAN false
#endif

static int drop_text(void *arg, const char *text)
{
	*(u64 *)arg += strlen(text);
	return 0;
}

static int list_all(struct image *image)
{
	const struct bch_start_opts start = { .cache_bytes = CACHE };
	const struct bch_list_opts all = { .all = true };
	u64 len = 0;
	int err;

	image_open_fs(image);
	err = bch_fs_start(image->fs, &start);
	if (!err)
		err = bch_list(image->fs, &all, drop_text, &len);
	return err || !len;
}

/* The most that a process of its own ever had in memory. */
static size_t peak_of_list(struct image *image)
{
	struct rusage usage;
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(list_all(image));
	assert_true(pid > 0);
	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	if (status)
		print_error("%s: status %x\n", image->dir, (unsigned)status);
	assert_int_equal(status, 0);
	return (size_t)usage.ru_maxrss * 1024;
}

static void list_stays_within_the_cache_and_a_constant(void **state)
{
	size_t most = 0;
	glob_t dirs;

	if (IS_ASAN)
		skip(); /* it keeps what was freed */
	dirs = image_dirs("dev0.img.zst");
	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(*state, dirs.gl_pathv[i]);
		size_t peak = peak_of_list(&image);

		if (peak > most)
			print_message("%s: %zu KiB\n", image.dir, peak >> 10);
		most = peak > most ? peak : most;
		image_open_fs(&image);
		image_end(&image);
	}
	globfree(&dirs);
	assert_true(most < CACHE + MORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(list_stays_within_the_cache_and_a_constant,
						temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
