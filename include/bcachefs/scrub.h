/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every checksum of every copy of data and metadata. CLI 8.11. */

#ifndef BCHFS_SCRUB_H
#define BCHFS_SCRUB_H

#include <bcachefs/facts.h>
#include <bcachefs/progress.h>
#include <bcachefs/super.h>

enum bch_scrub_state {
	BCH_SCRUB_RUNNING,
	BCH_SCRUB_INTERRUPTED,
	BCH_SCRUB_COMPLETE,
	BCH_SCRUB_OFFLINE, /* a member that is missing */
};

/* What is known of a member so far. All in bytes. */
struct bch_scrub_dev {
	const char *
		name; /* "sda1", as bch_blkdev_short_name() has it; of one that is missing "device 1" */
	u32 dev_idx;
	enum bch_scrub_state state;
	u64 checked;   /* read, and right or not to be told */
	u64 corrected; /* was bad, and is written anew elsewhere */
	u64 bad;       /* checksum is wrong, or could not be read; and stays */
	u64 total;     /* about as much is to be read; exact in the end */
	u64 no_csum;   /* of @checked: has no checksum */
};

struct bch_scrub_opts {
	bool metadata;		    /* superblocks, journal and nodes alone */
	bool mapper_names;	    /* /dev/mapper/NAME, not dm-N */
	const char *const *devices; /* only these members: bch_fs_member_find(); none: all */
	size_t nr_devices;
	bool repair;	  /* what is bad and has a good copy is written anew: opened for writing */
	u64 commit_bytes; /* of data that is repaired between two commits; 0: 1 GiB */
	size_t batch_bytes; /* memory for keys whose data is to be read; 0: 128 MiB */
	enum bch_progress_mode progress;
	/* The members, about once a second; from any thread, one at a time. NULL: progress is a line, as @progress says. */
	void (*show)(void *arg, const struct bch_scrub_dev *devs, u32 nr);
	void *arg;
};

struct bch_scrub_result {
	bool interrupted; /* bch_cancelled(): what was found and repaired until then is shown */
	u64 nr_bad;	  /* ranges */
	u64 nr_repaired;  /* of these */
};

/*
 * Reads all that has checksums and is on the members, in the order of each, and verifies it: every copy of nodes, data
 * and stripes, superblocks, and what of the journal is to be replayed. Shows a table of the members, and a line each bad
 * range, with all files that it belongs to. After bch_files_start(), best with BCH_FILES_QUIET.
 *
 * With @opts->repair copies that are bad get new places, from good ones, in as many commits as it takes, each whole; nodes
 * and superblocks are written anew, and what the journal holds is replayed. What has no good copy stays, and so do blocks
 * of stripes, and data in them. Where nothing can be repaired nothing is written.
 *
 * Memory: @batch_bytes, 2 MiB a thread, and about 300 bytes a bad range, of which 100,000 at most are named.
 *
 * Return: 0 also where something is bad; -BCH_ERR_no_such_device for @devices, -BCH_ERR_no_memory. Shown, and unrepaired,
 *   said: -BCH_ERR_btree_lost where nodes have no good copy, and as bch_fs_data_job().
 *
 * Format reference: 02 §8, 05 §3, §5, §7.
 */
int bch_scrub(struct bch_fs *fs, const struct bch_scrub_opts *opts, struct bch_facts *facts,
	      struct bch_scrub_result *result);

/* "vda   12.1 MiB ...  812 MiB/sec": a row of the table and its heading, without ends. @bytes_per_s is for what runs. */
void bch_scrub_heading_put(struct bch_buf *out);
void bch_scrub_dev_put(struct bch_buf *out, const struct bch_scrub_dev *dev, u64 bytes_per_s);

#endif
