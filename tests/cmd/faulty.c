// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Linked into the program in place of what it calls (ld's --wrap): the call number FAULT_AT of the kind FAULT fails, once.
 * How many of that kind there were is written to the file FAULT_COUNT at the end. Used by faults.sh.
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum kind {
	MEMORY,
	READ,
	WRITE,
	FLUSH,
	THREAD,
	NR_KINDS
};

static const char *const names[NR_KINDS] = { "memory", "read", "write", "flush", "thread" };

static atomic_ulong calls[NR_KINDS];
static unsigned long at[NR_KINDS]; /* 0: never */

__attribute__((constructor)) static void begin(void)
{
	const char *kind = getenv("FAULT"), *nr = getenv("FAULT_AT");

	for (unsigned i = 0; kind && nr && i < NR_KINDS; i++)
		if (!strcmp(kind, names[i]))
			at[i] = strtoul(nr, NULL, 10);
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("FAULT_COUNT");
	FILE *f = path ? fopen(path, "w") : NULL;

	for (unsigned i = 0; f && i < NR_KINDS; i++)
		fprintf(f, "%s %lu\n", names[i], atomic_load(&calls[i]));
	if (f)
		fclose(f);
}

static bool fails(enum kind kind)
{
	static const int errors[NR_KINDS] = { ENOMEM, EIO, EIO, EIO, EAGAIN };

	if (atomic_fetch_add(&calls[kind], 1) + 1 != at[kind])
		return false;
	errno = errors[kind];
	return true;
}

/* clang-format off */
#define WRAP(kind, failed, type, name, parameters, arguments)		\
	type __real_##name parameters;					\
	type __wrap_##name parameters;					\
	type __wrap_##name parameters					\
	{								\
		return fails(kind) ? failed : __real_##name arguments;	\
	}

WRAP(MEMORY, NULL, void *, malloc, (size_t size), (size))
WRAP(MEMORY, NULL, void *, calloc, (size_t nr, size_t size), (nr, size))
WRAP(MEMORY, NULL, void *, realloc, (void *p, size_t size), (p, size))
WRAP(MEMORY, NULL, void *, reallocarray, (void *p, size_t nr, size_t size), (p, nr, size))
WRAP(MEMORY, NULL, char *, strdup, (const char *text), (text))
WRAP(MEMORY, NULL, char *, strndup, (const char *text, size_t len), (text, len))
WRAP(READ, -1, ssize_t, pread64, (int fd, void *buf, size_t len, off_t offset), (fd, buf, len, offset))
WRAP(FLUSH, -1, int, fsync, (int fd), (fd))
WRAP(FLUSH, -1, int, fdatasync, (int fd), (fd))
WRAP(THREAD, EAGAIN, int, pthread_create,
     (pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg),
     (thread, attr, fn, arg))
/* clang-format on */

ssize_t __real_pwrite64(int fd, const void *buf, size_t len, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *buf, size_t len, off_t offset);

/* Half of it arrives. */
ssize_t __wrap_pwrite64(int fd, const void *buf, size_t len, off_t offset)
{
	if (!fails(WRITE))
		return __real_pwrite64(fd, buf, len, offset);
	(void)!__real_pwrite64(fd, buf, len / 2, offset);
	errno = EIO;
	return -1;
}
