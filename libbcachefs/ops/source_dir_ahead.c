// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of a directory that will be read next: the system is told so by threads of their own, and has them in its memory
 * by then. Nothing depends on it but the time.
 */

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/thread_pool.h"
#include "ops/source_dir.h"

#define NR_THREADS  4
#define NR_QUEUED   64
#define CHUNK_FILES 64	       /* of the order: one piece of work */
#define AHEAD_FILES 2048       /* in all, */
#define AHEAD_BYTES (64 << 20) /* and no more bytes */
#define FILE_BYTES  (4 << 20)  /* of a larger one: the system itself reads on from there */

struct bch_source_ahead {
	struct bch_source *source;
	struct bch_thread_pool *pool;
	int root;
	_Atomic size_t at; /* where in the order the reader is */
	size_t next;	   /* what nobody was told of */
	u64 bytes;	   /* in files from @at to there */
};

struct chunk {
	struct bch_source_ahead *ahead;
	size_t from, to;
};

static u64 bytes_of(const struct bch_source *s, size_t nr)
{
	const struct bch_source_file *f = &s->files.v[s->order.v[nr]];

	return !S_ISREG(f->mode) ? 0 : f->size < FILE_BYTES ? f->size : FILE_BYTES;
}

/* Nowhere but below the root, and through no symlink, whatever somebody puts there meanwhile. */
static void announce(const struct bch_source_ahead *a, u32 file, u64 len)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	struct bch_buf path bch_auto(buf) = { 0 };
	long fd;

	bch_source_relative(a->source, file, &path);
	fd = syscall(SYS_openat2, a->root, bch_buf_str(&path), &how, sizeof(how));
	if (fd < 0)
		return;
	(void)posix_fadvise((int)fd, 0, (off_t)len, POSIX_FADV_WILLNEED);
	close((int)fd);
}

/* What the reader has come to already needs nobody. */
static void announce_chunk(void *arg)
{
	struct chunk *c = arg;
	const struct bch_source *s = c->ahead->source;

	for (size_t nr = c->from; nr < c->to; nr++) {
		u64 len = bytes_of(s, nr);

		if (len && nr > atomic_load_explicit(&c->ahead->at, memory_order_relaxed))
			announce(c->ahead, s->order.v[nr], len);
	}
	free(c);
}

/* The next chunk. False where there is none, or no memory for it. */
static bool submit(struct bch_source_ahead *a)
{
	size_t nr = a->source->order.nr;
	struct chunk *c = a->next < nr ? bch_malloc(sizeof(*c)) : NULL;

	if (!c)
		return false;
	*c = (struct chunk){ a, a->next, nr - a->next < CHUNK_FILES ? nr : a->next + CHUNK_FILES };
	for (; a->next < c->to; a->next++)
		a->bytes += bytes_of(a->source, a->next);
	bch_thread_pool_submit(a->pool, announce_chunk, c);
	return true;
}

static struct bch_source_ahead *begin(struct bch_source *s)
{
	struct bch_source_dir *d = s->reader;
	struct bch_source_ahead *a = bch_calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->source = s;
	a->root = d->open[0].fd;
	a->pool = bch_thread_pool_new(NR_THREADS, NR_QUEUED);
	if (!a->pool) {
		free(a);
		return NULL;
	}
	return a;
}

void bch_source_dir_ahead(struct bch_source *s, size_t at)
{
	struct bch_source_dir *d = s->reader;
	struct bch_source_ahead *a = d->ahead ? d->ahead : begin(s);
	size_t was;

	d->ahead = a;
	if (!a)
		return;
	was = atomic_exchange_explicit(&a->at, at, memory_order_relaxed);
	for (; was < at && was < a->next; was++)
		a->bytes -= bytes_of(s, was);
	if (a->next < at)
		a->next = at;
	while (a->next - at < AHEAD_FILES && a->bytes < AHEAD_BYTES && submit(a))
		;
}

void bch_source_ahead_free(struct bch_source_ahead *a)
{
	if (!a)
		return;
	atomic_store_explicit(&a->at, SIZE_MAX,
			      memory_order_relaxed); /* what waits has nothing to do */
	bch_thread_pool_free(a->pool);
	free(a);
}
