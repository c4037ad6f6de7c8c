/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block devices and image files, and what can be stacked on them: overlay, undo log, faults, write recorder.
 *
 * A struct bch_blkdev is a table of functions with a geometry. What is stacked on another one owns it: closing the top
 * closes all. All offsets and lengths are bytes; any alignment is allowed, the bottom takes care of O_DIRECT. Reads and
 * writes are complete or an error, and safe from several threads at once on ranges that do not overlap.
 */

#ifndef BCHFS_IO_H
#define BCHFS_IO_H

#include <bcachefs/error.h>
#include <bcachefs/types.h>

struct bch_blkdev_geometry {
	u64 size; /* bytes */
	u32 logical_block_size;
	u32 physical_block_size; /* of an image file: its preferred I/O size */
	bool is_block;		 /* a block device, not an image file */
	bool rotational;
	bool can_discard;
};

struct bch_blkdev;

struct bch_blkdev_ops {
	int (*read)(struct bch_blkdev *dev, void *buf, size_t len, u64 offset);
	int (*write)(struct bch_blkdev *dev, const void *buf, size_t len, u64 offset);
	int (*flush)(struct bch_blkdev *dev);
	int (*discard)(struct bch_blkdev *dev, u64 len, u64 offset);
	int (*close)(struct bch_blkdev *dev); /* frees @dev whatever it returns */
};

/* What every kind begins with. */
struct bch_blkdev {
	const struct bch_blkdev_ops *ops;
	struct bch_ctx *ctx;
	char *name; /* as the user gave it; owned */
	struct bch_blkdev_geometry geometry;
	bool writable;
};

enum bch_blkdev_flags {
	BCH_BLKDEV_WRITE = 1 << 0,	/* writable; O_EXCL on a block device, a lock on an image file */
	BCH_BLKDEV_SHARED = 1 << 1,	/* with WRITE: without O_EXCL (option noexcl) */
	BCH_BLKDEV_DIRECT = 1 << 2,	/* O_DIRECT where the file can do it */
};

/*
 * Opens a block device or image file. Errors are said through @ctx with the path. A writer gets -BCH_ERR_device_mounted
 * (naming the mount point), -BCH_ERR_device_in_use, or the error of the attempt to find out: "could not tell" is never
 * taken for "not mounted". A reader of a mounted device gets a warning in the log.
 */
int bch_blkdev_open(struct bch_ctx *ctx, const char *path, unsigned flags, struct bch_blkdev **dev);

/* Complete or an error that names device and place. */
int bch_blkdev_read(struct bch_blkdev *dev, void *buf, size_t len, u64 offset) bch_must_check;
int bch_blkdev_write(struct bch_blkdev *dev, const void *buf, size_t len, u64 offset) bch_must_check;

/* Zeroes, by the cheapest way the device has (a hole, the device's own zeroing, writing). */
int bch_blkdev_zero(struct bch_blkdev *dev, u64 len, u64 offset) bch_must_check;

/* All that was written so far is durable when it returns 0. */
int bch_blkdev_flush(struct bch_blkdev *dev) bch_must_check;

/* Gives the range back: a hole in an image file, a discard on a device that can do it, else nothing. */
int bch_blkdev_discard(struct bch_blkdev *dev, u64 len, u64 offset) bch_must_check;

/* Closes and frees @dev and all below it. NULL is 0. */
int bch_blkdev_close(struct bch_blkdev *dev);

/* For read-only devices, whose close cannot lose anything. */
static inline void bch_blkdev_cleanup(struct bch_blkdev **dev)
{
	(void)bch_blkdev_close(*dev);
}

/*
 * Is @path (a block device, or a file behind a loop device) mounted, or a member of a mounted bcachefs? Returns 1 and
 * the mount point in @where (to be freed, may be NULL where it is not known), 0, or an error where it cannot be told.
 */
int bch_blkdev_mounted(struct bch_ctx *ctx, const char *path, char **where);

/* Model from sysfs, to be freed; NULL for image files and where there is none. */
char *bch_blkdev_model(const char *path);

/*
 * overlay: writes stay in memory, reads see them. For dry runs and for verification before anything is durable.
 * Takes @below, which needs not be writable. Memory is bounded by what is written.
 */
int bch_overlay_new(struct bch_blkdev *below, struct bch_blkdev **dev);

/* Calls @fn for each range that was written, ascending, contents as they are now; ends at its first error. */
int bch_overlay_each(struct bch_blkdev *dev, int (*fn)(void *arg, const void *buf, size_t len, u64 offset),
		     void *arg);

/*
 * undo: before a range is overwritten for the first time its old contents go to the undo file, durable before the
 * write is passed on. One file serves all devices of a command; each is told apart by @dev_idx and @dev_uuid.
 */
struct bch_undo;

struct bch_undo_header {
	u8 fs_uuid[16];
	u64 sb_seq; /* before the command */
	u64 time;   /* unix seconds */
	const char *command; /* the command line */
};

int bch_undo_create(struct bch_ctx *ctx, const char *path, const struct bch_undo_header *header,
		    struct bch_undo **undo);
int bch_undo_stack(struct bch_undo *undo, struct bch_blkdev *below, u32 dev_idx, const u8 dev_uuid[16],
		   struct bch_blkdev **dev);

/* After the devices are closed: writes the checksums of what the ranges hold now, and makes the file whole. */
int bch_undo_close(struct bch_undo *undo);

/*
 * faults: the @nth read, write, flush or discard from now fails (1 = the next); 0 switches off. A write that fails may
 * have written its first @torn bytes.
 */
enum bch_fault_op { BCH_FAULT_read, BCH_FAULT_write, BCH_FAULT_flush, BCH_FAULT_discard, BCH_FAULT_NR };

int bch_faulty_new(struct bch_blkdev *below, struct bch_blkdev **dev);
void bch_faulty_set(struct bch_blkdev *dev, enum bch_fault_op op, u64 nth, size_t torn);

/*
 * recorder: keeps every write and flush, in order, of all devices stacked on one record; a test replays any prefix, or
 * any reordering between flushes, onto a copy of the old contents.
 */
struct bch_record;

struct bch_record_entry {
	u32 dev_nr;  /* in the order of stacking */
	bool flush;
	u64 offset;
	size_t len;
	const void *data;
};

int bch_record_new(struct bch_record **record);
void bch_record_free(struct bch_record *record);
int bch_record_stack(struct bch_record *record, struct bch_blkdev *below, struct bch_blkdev **dev);
size_t bch_record_nr(const struct bch_record *record);
struct bch_record_entry bch_record_at(const struct bch_record *record, size_t nr);

#endif
