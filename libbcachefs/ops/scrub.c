// SPDX-License-Identifier: GPL-2.0-or-later
/* A scrub from its begin to its end, and how far each member is. CLI 8.11. */

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "alloc/alloc.h"
#include "base/memory.h"
#include "ops/scrub_private.h"

#define NR_QUEUED   64
#define NS_PER_S    1000000000ULL
#define MAX_THREADS 64

struct bch_scrub_member *bch_scrub_wanted(const struct bch_scrub *s, u32 dev_idx)
{
	struct bch_scrub_member *m = dev_idx < s->nr_members ? &s->members[dev_idx] : NULL;

	return m && m->wanted && m->blkdev ? m : NULL;
}

/* ------------------------------------------------------------------ members */

static int name_member(struct bch_scrub *s, u32 idx)
{
	struct bch_scrub_member *m = &s->members[idx];
	struct bch_buf none bch_auto(buf) = { 0 };

	m->dev.dev_idx = idx;
	m->blkdev = s->fs->members[idx].blkdev;
	if (m->blkdev) {
		m->dev.name = bch_blkdev_short_name(m->blkdev->name, s->opts->mapper_names);
	} else {
		bch_buf_put(&none, "device %u", idx);
		m->dev.name = bch_buf_take(&none);
		m->dev.state = BCH_SCRUB_OFFLINE;
	}
	return m->dev.name ? 0 : -BCH_ERR_no_memory;
}

static bool is_member(const struct bch_scrub *s, u32 idx)
{
	struct bch_member m;

	return bch_super_member(&s->fs->super, idx, &m) && bch_member_alive(&m);
}

/* Who wants all that are there wants to know of those that are not. */
static void want_all(struct bch_scrub *s)
{
	s->all = true;
	for (u32 i = 0; s->opts->nr_devices && i < s->nr_members; i++)
		s->all &= s->members[i].wanted || !s->members[i].blkdev;
	for (u32 i = 0; s->all && i < s->nr_members; i++)
		s->members[i].wanted = is_member(s, i);
}

static int choose_members(struct bch_scrub *s)
{
	int err = 0;

	for (u32 i = 0; !err && i < s->nr_members; i++)
		err = name_member(s, i);
	for (size_t i = 0; !err && i < s->opts->nr_devices; i++) {
		u32 idx;

		err = bch_fs_member_find(s->fs, s->opts->devices[i], &idx);
		if (!err)
			s->members[idx].wanted = true;
	}
	want_all(s);
	return err;
}

/* What the filesystem counts on each member. It may be wrong, and serves to tell how far the work is. */
static int estimate(struct bch_scrub *s)
{
	static const u8 data[] = { BCH_DATA_btree, BCH_DATA_user, BCH_DATA_cached, BCH_DATA_parity,
				   BCH_DATA_stripe };
	struct bch_counters counters bch_auto(counters) = bch_counters();
	int err = bch_accounting_read(s->fs, &counters);

	for (u32 i = 0; !err && i < s->nr_members; i++)
		for (u32 j = 0; j < (s->opts->metadata ? 1 : bch_array_size(data)); j++) {
			const struct bch_accounting what = { .type = BCH_ACCOUNTING_dev_data_type,
							     .dev_idx = (u8)i,
							     .data_type = data[j] };
			s64 nr = bch_counters_get(&counters, &what)[1];

			s->members[i].estimate += nr > 0 ? BCH_BYTES(nr) : 0;
		}
	return err == -BCH_ERR_btree_node_read_failed ? 0 : err;
}

/* ------------------------------------------------------------------ how far it is */

static u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * NS_PER_S + (u64)now.tv_nsec;
}

static void take_counts(struct bch_scrub *s)
{
	for (u32 i = 0; i < s->nr_members; i++) {
		struct bch_scrub_member *m = &s->members[i];
		bool ended = m->dev.state != BCH_SCRUB_RUNNING;

		m->dev.checked = m->checked;
		m->dev.no_csum = m->no_csum;
		m->dev.total = ended || m->found > m->estimate ? m->found : m->estimate;
	}
}

static void show(struct bch_scrub *s)
{
	struct bch_scrub_dev devs[BCH_SB_MAX_MEMBERS];
	u32 nr = 0;

	take_counts(s);
	for (u32 i = 0; i < s->nr_members; i++)
		if (s->members[i].wanted)
			devs[nr++] = s->members[i].dev;
	s->opts->show(s->opts->arg, devs, nr);
}

void bch_scrub_advance(struct bch_scrub *s, struct bch_scrub_member *m, u64 bytes, u64 no_csum)
{
	u64 now;

	m->checked += bytes;
	m->no_csum += no_csum;
	bch_progress_add(s->progress, bytes);
	if (!s->opts->show)
		return;
	now = now_ns();
	if (now < s->next_show_ns ||
	    atomic_flag_test_and_set_explicit(&s->showing, memory_order_acquire))
		return;
	if (now >= s->next_show_ns) {
		s->next_show_ns = now + NS_PER_S;
		show(s);
	}
	atomic_flag_clear_explicit(&s->showing, memory_order_release);
}

static void begin_progress(struct bch_scrub *s)
{
	struct bch_progress_work work = { .name = s->opts->metadata ? "scrub of metadata"
								    : "scrub" };

	for (u32 i = 0; i < s->nr_members; i++)
		work.total += bch_scrub_wanted(s, i) ? s->members[i].estimate : 0;
	if (!s->opts->show)
		s->progress = bch_progress_new(s->fs->ctx, s->opts->progress, &work);
}

int bch_scrub_found(struct bch_scrub *s, const struct bch_scrub_finding *f)
{
	s->nr_bad++;
	return s->findings.nr < BCH_SCRUB_FINDINGS_MAX ? bch_array_push(&s->findings, *f) : 0;
}

/* ------------------------------------------------------------------ begin and end */

static u32 nr_threads(const struct bch_scrub *s)
{
	long nr_processors = sysconf(_SC_NPROCESSORS_ONLN);
	u32 nr = nr_processors > 1 ? (u32)nr_processors : 1, nr_wanted = 0;

	for (u32 i = 0; i < s->nr_members; i++)
		nr_wanted += bch_scrub_wanted(s, i) != NULL;
	nr = nr > nr_wanted ? nr : nr_wanted; /* no member waits for another */
	return nr < MAX_THREADS ? nr : MAX_THREADS;
}

static int begin(struct bch_scrub *s, struct bch_fs *fs, const struct bch_scrub_opts *opts)
{
	int err;

	*s = (struct bch_scrub){
		.fs = fs,
		.opts = opts,
		.version = le16_get(fs->super.sb->version),
		.node_sectors = bch_sb_flag(fs->super.sb, BCH_SB_BTREE_NODE_SIZE),
		.showing = ATOMIC_FLAG_INIT,
		.members = bch_calloc(fs->nr_members, sizeof(*s->members)),
	};
	if (!s->members)
		return -BCH_ERR_no_memory;
	s->nr_members = fs->nr_members;
	err = choose_members(s);
	if (!err)
		err = estimate(s);
	if (err)
		return err;
	s->pool = bch_thread_pool_new(nr_threads(s), NR_QUEUED);
	begin_progress(s);
	return s->pool ? 0 : -BCH_ERR_no_memory;
}

static void end(struct bch_scrub *s)
{
	bch_thread_pool_free(s->pool);
	bch_progress_free(s->progress);
	for (u32 i = 0; i < s->nr_members; i++) {
		free((char *)(uintptr_t)s->members[i].dev.name);
		bch_array_end(&s->members[i].pieces);
	}
	free(s->members);
	bch_array_end(&s->keys);
	bch_array_end(&s->values);
	bch_array_end(&s->findings);
}

static void end_members(struct bch_scrub *s, bool interrupted)
{
	for (u32 i = 0; i < s->nr_members; i++)
		if (s->members[i].dev.state == BCH_SCRUB_RUNNING)
			s->members[i].dev.state =
				interrupted ? BCH_SCRUB_INTERRUPTED : BCH_SCRUB_COMPLETE;
	bch_progress_free(s->progress);
	s->progress = NULL;
	take_counts(s);
}

/* Where reading was cut short nothing is repaired. */
static int repair(struct bch_scrub *s, struct bch_scrub_result *result)
{
	int err = 0;

	if (s->opts->repair && !result->interrupted)
		err = bch_scrub_repair(s, &result->interrupted);
	result->nr_repaired = s->nr_repaired;
	return err;
}

int bch_scrub(struct bch_fs *fs, const struct bch_scrub_opts *opts, struct bch_facts *facts,
	      struct bch_scrub_result *result)
{
	struct bch_scrub s;
	int err = begin(&s, fs, opts), err_repair = 0;

	if (!err)
		err = bch_scrub_supers(&s);
	if (!err)
		err = bch_scrub_journal(&s);
	if (!err)
		err = bch_scrub_keys(&s);
	*result = (struct bch_scrub_result){ err == -BCH_ERR_cancelled, s.nr_bad, 0 };
	if (!err || result->interrupted) {
		end_members(&s, result->interrupted);
		err_repair = repair(&s, result);
		err = bch_scrub_show(&s, facts, &result->interrupted);
	}
	end(&s);
	return err_repair ? err_repair : err;
}
