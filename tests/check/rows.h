/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: a filesystem of a kernel's that is damaged, is checked, repaired, and checked again. */

#ifndef BCHFS_TESTS_CHECK_ROWS_H
#define BCHFS_TESTS_CHECK_ROWS_H

#include "../commit/derived.h"

#include <bcachefs/fsck.h>
#include <bcachefs/journal.h>
#include "check/problem.h"

#define ROWS_NOW 1800000000

/* How often each problem was told. */
struct seen {
	u32 nr[BCH_PROBLEM_NR];
};

static inline int rows_note(void *arg, const struct bch_fsck_problem *p)
{
	struct seen *seen = arg;

	seen->nr[p->id]++;
	return 0;
}

static inline void rows_ok(struct image *image, const char *name, int err)
{
	if (err)
		print_error("%s: %s\n", name, bch_error_message(image->t->ctx, err));
	assert_int_equal(err, 0);
}

/* Opened and started, as a check does it. @flags: enum bch_open_flags. */
static inline void rows_open(struct image *image, unsigned flags)
{
	const struct bch_open_opts opts = { .flags = flags, .now = ROWS_NOW };
	const struct bch_start_opts start = { .for_check = true };

	rows_ok(image, image->dir,
		bch_fs_open(image->t->ctx, (const char *const *)image->path, image->nr, &opts,
			    &image->fs));
	if (bch_fs_encryption(image->fs) == BCH_KEY_WRAPPED)
		rows_ok(image, image->dir, bch_fs_unlock(image->fs, IMAGE_PASSPHRASE));
	rows_ok(image, image->dir, bch_fs_start(image->fs, &start));
}

static inline struct seen rows_check(struct image *image, const char *name,
				     enum bch_fsck_answer answer)
{
	struct seen seen = { 0 };
	const struct bch_fsck_opts opts = { .answer = answer, .problem = rows_note, .arg = &seen };
	struct bch_fsck_result result;

	rows_open(image, answer == BCH_FSCK_NO ? 0 : BCH_OPEN_WRITE);
	rows_ok(image, name, bch_fsck(image->fs, &opts, &result));
	bch_fsck_result_end(&result);
	image_close(image);
	return seen;
}

static inline u32 rows_seen(const struct seen *seen, const char *name, u32 id)
{
	if (!seen->nr[id]) {
		print_error("%s: not seen: %s\n", name, bch_fsck_error_name(id));
		for (u32 i = 0; i < BCH_FSCK_ERROR_NR; i++)
			if (seen->nr[i])
				print_error("%s: but %u times %s\n", name, seen->nr[i],
					    bch_fsck_error_name(i));
	}
	return seen->nr[id];
}

static inline void rows_nothing_wrong(struct image *image, const char *name)
{
	struct seen seen = rows_check(image, name, BCH_FSCK_NO);
	u32 nr = 0;

	for (u32 id = 0; id < BCH_PROBLEM_NR; id++) {
		nr += seen.nr[id];
		if (seen.nr[id])
			print_error("%s: left: %u times %s\n", name, seen.nr[id],
				    bch_fsck_error_name(id));
	}
	assert_int_equal(nr, 0);
}

/* What is derived is what it should be. */
static inline void rows_derived(struct image *image, const char *name)
{
	rows_open(image, 0);
	assert_int_equal(derived_check_all(image->fs, name), 0);
	image_close(image);
}

/* What is told is the same without and with repairs; then nothing is wrong. */
static inline struct seen rows_repair(struct image *image, const char *name)
{
	struct seen dry = rows_check(image, name, BCH_FSCK_NO);
	struct seen seen = rows_check(image, name, BCH_FSCK_YES);

	assert_memory_equal(&dry, &seen, sizeof(seen));
	rows_nothing_wrong(image, name);
	return seen;
}

static inline void rows_remove(struct image *image)
{
	for (u32 i = 0; i < image->nr; i++) {
		assert_int_equal(unlink(image->path[i]), 0);
		free(image->path[i]);
	}
}

/* ------------------------------------------------------------------ for tests in the machine */

/* A table of rows: each is made on the devices of an image. */
struct rows_table {
	size_t nr;
	const char *(*name)(size_t i);
	const char *(*image)(size_t i);
	void (*damage)(struct image *image, size_t i);
};

static inline int rows_list(const struct rows_table *t)
{
	for (size_t i = 0; i < t->nr; i++)
		printf("%s %s\n", t->name(i), strrchr(t->image(i), '/') + 1);
	return 0;
}

/* "list" gives the name of each and the image that it is made for; NAME DEVICE... makes it. Exit status. */
static inline int rows_main(const struct rows_table *t, int argc, char **argv)
{
	struct image image = { .dir = argv[1], .nr = (u32)argc - 2 };
	void *state;
	size_t i = 0;

	if (argc == 2 && !strcmp(argv[1], "list"))
		return rows_list(t);
	while (i < t->nr && strcmp(t->name(i), argv[1]))
		i++;
	if (i == t->nr || argc < 3 || argc - 2 > IMAGE_MAX_DEVS)
		return 1;
	temp_setup(&state);
	image.t = state;
	for (u32 n = 0; n < image.nr; n++)
		image.path[n] = argv[n + 2];
	t->damage(&image, i);
	return temp_teardown(&state);
}

#endif
