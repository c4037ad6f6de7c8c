// SPDX-License-Identifier: GPL-2.0-or-later
/* Data jobs of a mounted filesystem: the kernel gives a file that tells how far it is, and ends it when that is closed. */

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "ops/live.h"

struct job_pos {
	u32 snapshot;
	u64 offset, inode;
} __attribute__((packed));

struct job_call {
	u16 job;
	u8 first_btree, last_btree;
	u32 flags;
	struct job_pos start, end;
	u32 dev_idx;
	u8 pad[60];
};
_Static_assert(sizeof(struct job_call) == 112, "what kernels 6.12 and 6.16 take");

struct job_event {
	u8 type, status, pad[6];
	u8 data_type, btree, pad2[2];
	struct job_pos pos;
	u64 done_sectors, total_sectors;
	u8 pad3[80];
};
_Static_assert(sizeof(struct job_event) == 128, "what kernels 6.12 and 6.16 give");

#define JOB	  _IOW(0xbc, 10, struct job_call)
#define JOB_ENDED 0xff /* data_type */
#define LAST	  0xff /* btree */

#define POLL_MS 100

static int follow(struct bch_live *live, int fd, const char *name, enum bch_progress_mode mode)
{
	const struct timespec pause = { 0, POLL_MS * 1000000L };
	struct bch_progress *progress bch_auto(progress) = NULL;
	struct job_event e = { .data_type = 0 };
	u64 done = 0;

	for (;;) {
		ssize_t len = read(fd, &e, sizeof(e));

		if (len < 0 && errno != EINTR)
			return bch_live_error(live->ctx, name, errno, NULL);
		if (len == (ssize_t)sizeof(e) && e.data_type == JOB_ENDED)
			return 0;
		if (!len)
			return 0;
		if (bch_cancelled(live->ctx))
			return -BCH_ERR_cancelled;
		if (!progress && len > 0)
			progress = bch_progress_new(
				live->ctx, mode,
				&(struct bch_progress_work){ .name = name,
							     .total = e.total_sectors * 512 });
		if (e.done_sectors > done)
			bch_progress_add(progress, (e.done_sectors - done) * 512);
		done = e.done_sectors > done ? e.done_sectors : done;
		nanosleep(&pause, NULL);
	}
}

int bch_live_job(struct bch_live *live, enum bch_live_job job, u32 dev_idx,
		 enum bch_progress_mode mode)
{
	static const char *const names[] = {
		[BCH_LIVE_JOB_rereplicate] = "rereplicate",
		[BCH_LIVE_JOB_migrate] = "migrate",
		[BCH_LIVE_JOB_rewrite_old_nodes] = "rewrite_old_nodes",
		[BCH_LIVE_JOB_drop_extra_replicas] = "drop_extra_replicas",
	};
	struct job_call c = { .job = (u16)job, .last_btree = LAST, .dev_idx = dev_idx };
	int fd, err;

	memset(&c.end, 0xff, sizeof(c.end));
	fd = ioctl(live->fd, JOB, &c);
	if (fd < 0)
		return bch_live_error(live->ctx, names[job], errno, NULL);
	err = follow(live, fd, names[job], mode);
	close(fd);
	return err;
}
