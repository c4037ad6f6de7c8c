// SPDX-License-Identifier: GPL-2.0-or-later
/* Progress of long work. */

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include <bcachefs/progress.h>
#include "base/memory.h"
#include "base/stats.h"

#define NS_PER_S       1000000000ULL
#define RATE_MEMORY_NS (5 * NS_PER_S)

static const u64 interval_ns[] = {
	[BCH_PROGRESS_PLAIN] = 10 * NS_PER_S,
	[BCH_PROGRESS_TERMINAL] = NS_PER_S / 10,
};

struct bch_progress {
	struct bch_ctx *ctx;
	enum bch_progress_mode mode;
	struct bch_progress_work work;
	_Atomic u64 done;     /* units */
	_Atomic u64 next_ns;  /* when the next line is due */
	atomic_flag busy;     /* a thread is reporting, others pass by; guards what follows */
	u64 seen_ns, seen;    /* when the rate was measured last, units done by then */
	struct bch_ewma rate; /* units per second */
	bool shown;
};

static u64 now_ns(const struct bch_progress *progress)
{
	struct timespec now;

	if (progress->work.now_ns)
		return progress->work.now_ns(progress->work.arg);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * NS_PER_S + (u64)now.tv_nsec;
}

struct bch_progress *bch_progress_new(struct bch_ctx *ctx, enum bch_progress_mode mode,
				      const struct bch_progress_work *work)
{
	struct bch_progress *progress;

	if (mode == BCH_PROGRESS_SILENT)
		return NULL;
	progress = bch_calloc(1, sizeof(*progress));
	if (!progress)
		return NULL;
	progress->ctx = ctx;
	progress->mode = mode;
	progress->work = *work;
	progress->rate.memory_ns = RATE_MEMORY_NS;
	progress->seen_ns = now_ns(progress);
	progress->next_ns = progress->seen_ns + interval_ns[mode];
	atomic_flag_clear(&progress->busy);
	return progress;
}

void bch_progress_free(struct bch_progress *progress)
{
	if (progress && progress->shown && progress->mode == BCH_PROGRESS_TERMINAL)
		bch_report(progress->ctx, "");
	free(progress);
}

static void measure(struct bch_progress *progress, u64 now, u64 done)
{
	u64 ns = now - progress->seen_ns;

	bch_ewma_add(&progress->rate, (double)(done - progress->seen) * NS_PER_S / (double)ns, ns);
	progress->seen_ns = now;
	progress->seen = done;
}

/* "81143/203664 nodes", "1.20 GiB/3.00 GiB", without the total where it is not known. */
static void put_done(struct bch_buf *line, const struct bch_progress_work *work, u64 done)
{
	if (work->unit) {
		bch_buf_put(line, "%" PRIu64, done);
		if (work->total)
			bch_buf_put(line, "/%" PRIu64, work->total);
		bch_buf_put(line, " %s", work->unit);
	} else {
		bch_buf_human(line, done);
		if (work->total) {
			bch_buf_putc(line, '/');
			bch_buf_human(line, work->total);
		}
	}
}

static void put_percent(struct bch_buf *line, u64 done, u64 total)
{
	if (total)
		bch_buf_put(line, "%.0f%%, ",
			    floor(fmin(100 * ((double)done / (double)total), 100)));
}

static void put_rate(struct bch_buf *line, const struct bch_progress_work *work, double rate)
{
	u64 unit_bytes = work->unit ? work->unit_bytes : 1;
	double shown = fmin(rate * (unit_bytes ? (double)unit_bytes : 1), 0x1p63);

	bch_buf_puts(line, ", ");
	if (unit_bytes)
		bch_buf_human(line, (u64)shown);
	else
		bch_buf_human_count(line, (u64)shown);
	bch_buf_puts(line, "/s");
}

/* One unit, rounded: more would pretend to know. */
static void put_left(struct bch_buf *line, double seconds)
{
	static const struct {
		u32 below, unit;
		char name;
	} units[] = {
		{ 90, 1, 's' },
		{ 90 * 60, 60, 'm' },
		{ 48 * 3600, 3600, 'h' },
		{ 1000 * 86400, 86400, 'd' },
	};

	for (u32 i = 0; i < bch_array_size(units); i++)
		if (seconds < units[i].below) {
			bch_buf_put(line, ", %.0f%c left", round(seconds / units[i].unit),
				    units[i].name);
			return;
		}
}

static void show(struct bch_progress *progress, u64 now)
{
	const struct bch_progress_work *work = &progress->work;
	u64 done = atomic_load_explicit(&progress->done, memory_order_relaxed);
	struct bch_buf line bch_auto(buf) = { 0 };

	measure(progress, now, done);
	bch_buf_put(&line, "%s: ", work->name);
	put_percent(&line, done, work->total);
	if (progress->mode == BCH_PROGRESS_TERMINAL) {
		put_done(&line, work, done);
		put_rate(&line, work, progress->rate.mean);
		if (done < work->total)
			put_left(&line, (double)(work->total - done) / progress->rate.mean);
	} else {
		bch_buf_puts(&line, "done ");
		put_done(&line, work, done);
		if (work->where) {
			bch_buf_puts(&line, ", at ");
			work->where(work->arg, &line);
		}
	}
	if (bch_buf_failed(&line))
		return;
	bch_report(progress->ctx, bch_buf_str(&line));
	progress->shown = true;
}

void bch_progress_add(struct bch_progress *progress, u64 nr_units)
{
	u64 now;

	if (!progress)
		return;
	/* Relaxed: a number that is a little late is late for a tenth of a second. */
	atomic_fetch_add_explicit(&progress->done, nr_units, memory_order_relaxed);
	now = now_ns(progress);
	if (now < atomic_load_explicit(&progress->next_ns, memory_order_relaxed) ||
	    atomic_flag_test_and_set_explicit(&progress->busy, memory_order_acquire))
		return;
	/* Asked again: another thread may have reported since. */
	if (now >= atomic_load_explicit(&progress->next_ns, memory_order_relaxed)) {
		atomic_store_explicit(&progress->next_ns, now + interval_ns[progress->mode],
				      memory_order_relaxed);
		show(progress, now);
	}
	atomic_flag_clear_explicit(&progress->busy, memory_order_release);
}
