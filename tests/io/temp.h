/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the tests of io/: a folder that goes away, image files in it, loop devices, a fixed random.
 */

#ifndef BCHFS_TESTS_IO_TEMP_H
#define BCHFS_TESTS_IO_TEMP_H

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fault.h"
#include "io/io.h"

struct temp {
	struct bch_ctx *ctx;
	char folder[64];
	char loop[32];	 /* "" where there is none */
	char mount[128]; /* likewise */
	char warned[512];
	u64 random;
};

static inline int temp_run(const char *fmt, ...) bch_printf(1, 2);
static inline int temp_run(const char *fmt, ...)
{
	char command[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	return system(command);
}

static inline void temp_log(void *arg, enum bch_log_level level, const char *line)
{
	struct temp *t = arg;

	if (level == BCH_LOG_warn)
		snprintf(t->warned, sizeof(t->warned), "%s", line);
}

static inline int temp_setup(void **state)
{
	static const struct bch_callbacks callbacks = { .log = temp_log };
	struct temp *t = calloc(1, sizeof(*t));

	strcpy(t->folder, "/tmp/bch-io-XXXXXX");
	assert_non_null(mkdtemp(t->folder));
	t->ctx = bch_ctx_new(&callbacks, t);
	t->random = 0x9e3779b97f4a7c15;
	*state = t;
	return 0;
}

/* Also after a test that failed half-way. */
static inline int temp_teardown(void **state)
{
	struct temp *t = *state;

	if (t->mount[0])
		temp_run("umount %s", t->mount);
	if (t->loop[0]) /* a read-only flag would outlive the test */
		temp_run("blockdev --setrw %s; losetup -d %s", t->loop, t->loop);
	temp_run("rm -rf %s", t->folder);
	bch_ctx_free(t->ctx);
	free(t);
	return 0;
}

#define TEMP_TEST(f) cmocka_unit_test_setup_teardown(f, temp_setup, temp_teardown)

/* A path in the folder. The text is the caller's to free. */
static inline char *temp_path(const struct temp *t, const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", t->folder, name) > 0);
	return path;
}

static inline u64 temp_random(struct temp *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random;
}

static inline void temp_fill(struct temp *t, void *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((u8 *)buf)[i] = (u8)(temp_random(t) >> 32);
}

/* A file of @len bytes; zeroes, as a hole, where @contents is NULL. */
static inline char *temp_image(const struct temp *t, const char *name, const void *contents,
			       size_t len)
{
	char *path = temp_path(t, name);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	if (contents)
		assert_int_equal(write(fd, contents, len), len);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	close(fd);
	return path;
}

static inline void temp_assert_contents(const char *path, const void *contents, size_t len)
{
	char *have = malloc(len + 1);
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, have, len + 1), len);
	assert_memory_equal(have, contents, len);
	close(fd);
	free(have);
}

static inline struct bch_blkdev *temp_open(struct temp *t, const char *path, unsigned flags)
{
	struct bch_blkdev *dev = NULL;
	int err = bch_blkdev_open(t->ctx, path, flags, &dev);

	if (err)
		print_error("%s\n", bch_error_message(t->ctx, err));
	assert_int_equal(err, 0);
	return dev;
}

/* Puts the file behind a loop device, or skips the test. */
static inline void temp_loop(struct temp *t, const char *image)
{
	char command[256];
	FILE *out;

	if (geteuid() != 0)
		skip();
	snprintf(command, sizeof(command), "losetup -f --show %s 2>/dev/null", image);
	out = popen(command, "r");
	assert_non_null(out);
	if (!fgets(t->loop, sizeof(t->loop), out))
		t->loop[0] = '\0';
	pclose(out);
	t->loop[strcspn(t->loop, "\n")] = '\0';
	if (!t->loop[0])
		skip();
}

/* Makes a filesystem there, or skips the test where the tool is not installed. */
static inline void temp_make(const char *tool, const char *fmt, ...) bch_printf(2, 3);
static inline void temp_make(const char *tool, const char *fmt, ...)
{
	char arguments[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(arguments, sizeof(arguments), fmt, args);
	va_end(args);
	if (temp_run("PATH=$PATH:/sbin:/usr/sbin command -v %s >/dev/null", tool)) {
		print_message("%s is not installed\n", tool);
		skip();
	}
	assert_int_equal(
		temp_run("PATH=$PATH:/sbin:/usr/sbin %s %s >/dev/null 2>&1", tool, arguments), 0);
}

/* The folder "mnt" with @device on it. */
static inline void temp_mount(struct temp *t, const char *device)
{
	char point[128];

	snprintf(point, sizeof(point), "%s/mnt", t->folder);
	assert_int_equal(mkdir(point, 0700), 0);
	assert_int_equal(temp_run("mount %s %s", device, point), 0);
	strcpy(t->mount, point);
}

struct temp_writer {
	struct bch_blkdev *dev;
	u32 nr;
	int err;
};

#define TEMP_WRITERS 4U
#define TEMP_STRIPE  100U

/* Every TEMP_WRITERSth stripe: no two writers share a byte, all of them share blocks. */
static inline void *temp_write_stripes(void *arg)
{
	struct temp_writer *w = arg;
	u8 stripe[TEMP_STRIPE];

	memset(stripe, (int)w->nr + 1, sizeof(stripe));
	for (u64 at = w->nr * TEMP_STRIPE; at + TEMP_STRIPE <= w->dev->geometry.size && !w->err;
	     at += TEMP_WRITERS * TEMP_STRIPE)
		w->err = bch_blkdev_write(w->dev, stripe, TEMP_STRIPE, at);
	return NULL;
}

static inline void temp_assert_threads_can_write(struct bch_blkdev *dev)
{
	u64 len = dev->geometry.size / TEMP_STRIPE * TEMP_STRIPE;
	struct temp_writer writers[TEMP_WRITERS];
	pthread_t threads[TEMP_WRITERS];
	u8 *have = malloc(len);

	for (u32 i = 0; i < TEMP_WRITERS; i++) {
		writers[i] = (struct temp_writer){ .dev = dev, .nr = i };
		assert_int_equal(pthread_create(&threads[i], NULL, temp_write_stripes, &writers[i]),
				 0);
	}
	for (u32 i = 0; i < TEMP_WRITERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(writers[i].err, 0);
	}
	assert_int_equal(bch_blkdev_read(dev, have, len, 0), 0);
	for (u64 at = 0; at < len; at++)
		assert_int_equal(have[at], at / TEMP_STRIPE % TEMP_WRITERS + 1);
	free(have);
}

/*
 * Writes at @offset with the nth allocation failing, for every n until none fails: it is done or it
 * is -BCH_ERR_no_memory. Skips where the library was built without fault points.
 */
static inline void temp_assert_write_survives_lack_of_memory(struct bch_blkdev *dev,
							     const char *text, u64 offset)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();
	int err = -BCH_ERR_no_memory;

	if (bch_fault_set(&faults, "memory", 0))
		skip();
	for (u64 nth = 1; err; nth++) {
		assert_int_equal(bch_fault_set(&faults, "memory", nth), 0);
		err = bch_blkdev_write(dev, text, strlen(text), offset);
		assert_true(!err || err == -BCH_ERR_no_memory);
	}
	assert_true(bch_fault_fired(&faults, "memory") > 0);
}

#endif
