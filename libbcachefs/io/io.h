/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block devices and image files, and what can be stacked on them: overlay, undo log, faults, write
 * recorder.
 *
 * A struct bch_blkdev is a table of functions with a geometry. What is stacked on another one owns
 * it: closing the top closes all. All offsets and lengths are bytes; any alignment is allowed, the
 * bottom takes care of O_DIRECT. Reads and writes are complete or an error, and safe from several
 * threads at once on ranges that do not overlap.
 */

#ifndef BCHFS_IO_H
#define BCHFS_IO_H

#include <bcachefs/buf.h>
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

/*
 * Called with ranges that lie within the device, and to write only where it is writable. They say
 * their errors, but for zero's -BCH_ERR_not_supported. NULL: read, flush and hints go to the device below,
 * zeroes are written (as after that error), discard and close have nothing to do, resize is that of the
 * device below or cannot be done. close ends what
 * is the kind's own; the device itself and those below follow.
 */
struct bch_blkdev_ops {
	int (*read)(struct bch_blkdev *dev, void *buf, size_t len, u64 offset);
	int (*write)(struct bch_blkdev *dev, const void *buf, size_t len, u64 offset);
	int (*zero)(struct bch_blkdev *dev, u64 len, u64 offset);
	int (*flush)(struct bch_blkdev *dev);
	void (*read_ahead)(struct bch_blkdev *dev, u64 len, u64 offset);
	void (*write_behind)(struct bch_blkdev *dev);
	int (*discard)(struct bch_blkdev *dev, u64 len, u64 offset);
	int (*resize)(struct bch_blkdev *dev, u64 size);
	int (*close)(struct bch_blkdev *dev);
};

/* What every kind begins with. */
struct bch_blkdev {
	const struct bch_blkdev_ops *ops;
	struct bch_ctx *ctx;
	char *name;		  /* as the user gave it; owned */
	struct bch_blkdev *below; /* what it is stacked on; owned. NULL: the bottom */
	struct bch_blkdev_geometry geometry;
	bool writable;
};

enum bch_blkdev_flags {
	BCH_BLKDEV_WRITE = 1 << 0,  /* writable; O_EXCL on a block device, a lock on a file */
	BCH_BLKDEV_SHARED = 1 << 1, /* with WRITE: neither of them (option noexcl) */
	BCH_BLKDEV_DIRECT = 1 << 2, /* O_DIRECT where the file can do it */
	BCH_BLKDEV_MOUNTED =
		1 << 3, /* somebody's mount is known of, and nothing of it is written */
};

/*
 * Opens a block device or image file. Errors are said through @ctx with the path; it never waits
 * for the other end of a FIFO. A file that is a qcow2 image gives the device that is in it, to
 * readers only: -BCH_ERR_read_only. A writer gets -BCH_ERR_device_mounted (naming the mount point),
 * -BCH_ERR_device_in_use, or the error of the attempt to find out: "could not tell" is never taken
 * for "not mounted". A reader of a mounted device gets a warning in the log.
 */
int bch_blkdev_open(struct bch_ctx *ctx, const char *path, unsigned flags, struct bch_blkdev **dev);

/*
 * Complete or an error that names device and place. -BCH_ERR_short_read, _short_write past the end:
 * nothing is done.
 */
int bch_blkdev_read(struct bch_blkdev *dev, void *buf, size_t len, u64 offset) bch_must_check;
int bch_blkdev_write(struct bch_blkdev *dev, const void *buf, size_t len,
		     u64 offset) bch_must_check;

/* Zeroes, by the cheapest way the device has (a hole, the device's own zeroing, writing). */
int bch_blkdev_zero(struct bch_blkdev *dev, u64 len, u64 offset) bch_must_check;

/* All that was written so far is durable when it returns 0. */
int bch_blkdev_flush(struct bch_blkdev *dev) bch_must_check;

/*
 * Hints, of which nothing is promised: the range will be read soon; what was written is to be on its way, so that a flush
 * has less to wait for.
 */
void bch_blkdev_read_ahead(struct bch_blkdev *dev, u64 len, u64 offset);
void bch_blkdev_write_behind(struct bch_blkdev *dev);

/*
 * Gives the range back: a hole in an image file, a discard on a device that can do it, else
 * nothing.
 */
int bch_blkdev_discard(struct bch_blkdev *dev, u64 len, u64 offset) bch_must_check;

/*
 * Has an image file end at @size, with zeroes where there was nothing. No other thread may use it meanwhile.
 * -BCH_ERR_not_supported for block devices, and where what is cut could not be put back (undo).
 */
int bch_blkdev_resize(struct bch_blkdev *dev, u64 size) bch_must_check;

/* Closes and frees @dev and all below it; the first error is given. NULL is 0. */
int bch_blkdev_close(struct bch_blkdev *dev);

/* For read-only devices, whose close cannot lose anything. */
static inline void bch_blkdev_cleanup(struct bch_blkdev **dev)
{
	(void)bch_blkdev_close(*dev);
}

/*
 * Is @path (a block device, or a file behind a loop device), a partition of it or what is built on
 * it (LUKS, LVM, md) mounted, a member of a mounted bcachefs, or swap? Returns 1 and in @where the
 * mount point, or "swap" (to be freed; NULL where it is not known), 0, or an error, said, where it
 * cannot be told.
 */
int bch_blkdev_mounted(struct bch_ctx *ctx, const char *path, char **where);

/* Do two paths lie on one disk: the same device, or partitions of one? False where it cannot be told. */
bool bch_blkdev_same_disk(const char *a, const char *b);

/*
 * The first line of a file of sysfs, without blanks at its end, cut to @size - 1 bytes. Returns 0 or an
 * error, which is not said.
 */
int bch_sysfs_line(char *line, size_t size, const char *path_fmt, ...) bch_printf(3, 4);

/* Model from sysfs, to be freed; NULL for image files and where there is none. */
char *bch_blkdev_model(const char *path);

/*
 * The name that the kernel has for a device: "sda1", "dm-0"; or (@mapper) "/dev/mapper/NAME" of one of device-mapper; of
 * an image file its last component. To be freed; NULL where memory is out.
 */
char *bch_blkdev_short_name(const char *path, bool mapper);

/*
 * Foreign contents: what libblkid knows of filesystems, RAID members, encryption and partition
 * tables. All that is found, backup tables too, in the order of finding; bcachefs is recognised
 * elsewhere (super/).
 */
struct bch_signature {
	char *type;  /* "ext4", "gpt" */
	char *usage; /* "filesystem", "raid", "crypto", "partition table", "other" */
	char *label; /* bytes from disk; NULL where there is none */
	u64 offset;  /* of the magic bytes */
	u32 len;
};

struct bch_signatures {
	struct bch_signature *v;
	size_t nr, size; /* used, allocated */
};

/* Frees what was found. */
void bch_signatures_end(struct bch_signatures *found);
static inline void bch_signatures_cleanup(struct bch_signatures *found)
{
	bch_signatures_end(found);
}

/*
 * What is on @path, as its bottom has it: nothing that is stacked above is seen. @found is ended by
 * the caller, and empty after an error. A device or file too small to hold anything has nothing.
 */
int bch_signatures_probe(struct bch_ctx *ctx, const char *path, struct bch_signatures *found);

/* "ext4 filesystem labelled 'old'", "gpt partition table". */
void bch_signature_put(struct bch_buf *out, const struct bch_signature *signature);

/* Zeroes the magic bytes of all in @found, through @dev and what it is stacked on. Flushes. */
int bch_signatures_wipe(struct bch_blkdev *dev, const struct bch_signatures *found) bch_must_check;

/*
 * output: a new file, or a stream, that is written from its start to its end. Not for two threads.
 * Errors are said.
 */
struct bch_output;

enum bch_output_flags {
	BCH_OUTPUT_REPLACE = 1 << 0, /* what has the name stays until the new file is whole */
	BCH_OUTPUT_ZSTD = 1 << 1,    /* compressed */
};

/*
 * A file of mode 0600, sparse where zeroes are put. -BCH_ERR_exists where something has its name,
 * but for BCH_OUTPUT_REPLACE. Ended by bch_output_close() or bch_output_abandon().
 */
int bch_output_create(struct bch_ctx *ctx, const char *path, unsigned flags,
		      struct bch_output **out);

/* An open descriptor, which stays the caller's; @name is for errors. */
int bch_output_stream(struct bch_ctx *ctx, const char *name, int fd, struct bch_output **out);

/* Appends; the second zeroes. */
int bch_output_put(struct bch_output *out, const void *buf, size_t len) bch_must_check;
int bch_output_skip(struct bch_output *out, u64 len) bch_must_check;

/*
 * All is written, of a file durable, when it returns 0; else as after bch_output_abandon(), which
 * takes away what was written of a file. @out is gone.
 */
int bch_output_close(struct bch_output *out) bch_must_check;
void bch_output_abandon(struct bch_output *out);

/*
 * qcow2: what bch_blkdev_open() found a file to be. A reader sees the device that is in it; versions
 * 2 and 3, without backing file, encryption and compression.
 */
bool bch_blkdev_is_qcow2(const struct bch_blkdev *dev);

/*
 * The next bytes from @offset on that the file has; what lies between is zero. They need not end
 * where a hole begins. Returns 1, 0 where there are no more, or an error, said.
 */
int bch_qcow2_next(struct bch_blkdev *dev, u64 offset, u64 *start, u64 *len);

/*
 * Writing one, version 2: what is to be in it is collected first, in any order, so that its size is
 * known and it is written in one pass. All else reads as zeroes. Not for two threads.
 */
struct bch_qcow2_writer;

struct bch_qcow2_range {
	u64 offset, len; /* of the device; a buffer of @len bytes is used */
	u64 what;	 /* the caller's */
};

/*
 * For a device of @size bytes. Each cluster of @cluster_size bytes, a power of two from 512 to 2
 * MiB, is in the file or not. -BCH_ERR_out_of_range for others, and where they are too small for
 * the device: qemu wants no more than BCH_QCOW2_L1_MAX tables.
 */
#define BCH_QCOW2_L1_MAX (4U << 20)
int bch_qcow2_writer_new(struct bch_ctx *ctx, u64 size, u32 cluster_size,
			 struct bch_qcow2_writer **w);
void bch_qcow2_writer_free(struct bch_qcow2_writer *w);
static inline void bch_qcow2_writer_cleanup(struct bch_qcow2_writer **w)
{
	bch_qcow2_writer_free(*w);
}

/* Adds a range; what two have in common is taken from the one that begins first. */
int bch_qcow2_add(struct bch_qcow2_writer *w, const struct bch_qcow2_range *range);

/* Bytes of the file. */
u64 bch_qcow2_size(struct bch_qcow2_writer *w);

/*
 * Writes it all. @read gives each range's bytes, ascending by offset, and says its errors; a range
 * that lies within another may be left out.
 */
int bch_qcow2_write(struct bch_qcow2_writer *w, struct bch_output *out,
		    int (*read)(void *arg, const struct bch_qcow2_range *range, void *buf),
		    void *arg);

/*
 * overlay: writes stay in memory, reads see them. For dry runs and for verification before anything
 * is durable. Takes @below, which needs not be writable, also where it fails. Memory is bounded by
 * what is written, in whole pages of BCH_OVERLAY_PAGE bytes. Discards do nothing.
 */
#define BCH_OVERLAY_PAGE 4096U

/* Stacks an overlay on @below. */
int bch_overlay_new(struct bch_blkdev *below, struct bch_blkdev **dev);

/*
 * Calls @fn for each page that was written to, ascending, with its contents as they are now (the
 * last page of the device may be short); ends at its first error. No other thread may write
 * meanwhile.
 */
int bch_overlay_each(struct bch_blkdev *dev,
		     int (*fn)(void *arg, const void *buf, size_t len, u64 offset), void *arg);

/*
 * undo: before a range is overwritten for the first time its old contents go to the undo file,
 * durable before the write is passed on. One file serves all devices of a command; each is told
 * apart by @dev_idx and @dev_uuid. Discards are not passed on: what they destroy could not be put
 * back. Layout of the file: undo.h.
 */
struct bch_undo;

struct bch_undo_header {
	u8 fs_uuid[16];
	u64 sb_seq;	     /* before the command */
	u64 time;	     /* unix seconds */
	const char *command; /* the command line; one longer than 64 KiB is cut */
};

/* Makes the file, -BCH_ERR_exists where there is one; durable, with its name, when it returns 0. */
int bch_undo_create(struct bch_ctx *ctx, const char *path, const struct bch_undo_header *header,
		    struct bch_undo **undo);

/* Stacks on @below, which it takes, also where it fails. @undo must outlive the device. */
int bch_undo_stack(struct bch_undo *undo, struct bch_blkdev *below, u32 dev_idx,
		   const u8 dev_uuid[16], struct bch_blkdev **dev);

/*
 * After the devices are closed, each of which noted the checksums of what its ranges held then:
 * makes the file whole, and frees @undo whatever it returns. A file with nothing to put back is taken away.
 */
int bch_undo_close(struct bch_undo *undo);

/* An undo file being read. Not for two threads at once. */
struct bch_undo_file;

struct bch_undo_dev {
	u32 idx;
	u8 uuid[16];
	u64 size;	  /* bytes, when the command began */
	const char *name; /* as it was given to the command */
	size_t nr_ranges;
	u64 nr_bytes; /* in all of them */
	bool whole;   /* closed in order: bch_undo_verify() knows what it should hold now */
};

/* What a range held before the command. */
struct bch_undo_range {
	u64 offset;
	size_t len;
	const void *data; /* valid until the next call on the file */
};

/*
 * Opens and checks all but the data. A file whose command was cut off is complete up to what had
 * been overwritten by then. -BCH_ERR_undo_invalid for another file, or a damaged one; errors are
 * said.
 */
int bch_undo_open(struct bch_ctx *ctx, const char *path, struct bch_undo_file **file);
void bch_undo_file_free(struct bch_undo_file *file);
static inline void bch_undo_file_cleanup(struct bch_undo_file **file)
{
	bch_undo_file_free(*file);
}

/* Valid as long as @file. Was the command's file closed in order? */
const struct bch_undo_header *bch_undo_file_header(const struct bch_undo_file *file);
bool bch_undo_file_whole(const struct bch_undo_file *file);
size_t bch_undo_file_nr_devs(const struct bch_undo_file *file);
const struct bch_undo_dev *bch_undo_file_dev(const struct bch_undo_file *file, size_t dev_nr);

/* A range of a device, 0 to nr_ranges - 1, with its data, whose checksum is checked here. */
int bch_undo_file_range(struct bch_undo_file *file, size_t dev_nr, size_t range_nr,
			struct bch_undo_range *range);

/*
 * Can all be put back on @dev: is it as long as it was, is no data of the file damaged? -BCH_ERR_undo_mismatch,
 * -BCH_ERR_undo_invalid.
 */
int bch_undo_check(struct bch_undo_file *file, size_t dev_nr, struct bch_blkdev *dev);

/*
 * Does @dev hold, in each range, what the command left there or what was there before it?
 * -BCH_ERR_undo_mismatch, naming the first range that does not. Of a device that was not closed in
 * order only the size is looked at.
 */
int bch_undo_verify(struct bch_undo_file *file, size_t dev_nr, struct bch_blkdev *dev);

/*
 * Puts back what @dev held before the command, and flushes. Nothing is written where
 * bch_undo_check() has an error. May be done again, for instance after a power cut.
 */
int bch_undo_apply(struct bch_undo_file *file, size_t dev_nr, struct bch_blkdev *dev);

/*
 * faults: the @nth read, write, flush or discard from now fails (1 = the next), once, with
 * -BCH_ERR_injected; 0 switches off. A write that fails has written its first @torn bytes. Zeroing
 * counts as writes.
 */
enum bch_fault_op {
	BCH_FAULT_read,
	BCH_FAULT_write,
	BCH_FAULT_flush,
	BCH_FAULT_discard,
	BCH_FAULT_NR
};

/* Takes @below, also where it fails. */
int bch_faulty_new(struct bch_blkdev *below, struct bch_blkdev **dev);
void bch_faulty_set(struct bch_blkdev *dev, enum bch_fault_op op, u64 nth, size_t torn);

/* Bytes of a device. */
struct bch_io_range {
	u64 start, len;
};

/* For qsort(): by where they begin. */
static inline int bch_io_range_compare(const void *l, const void *r)
{
	const struct bch_io_range *a = l, *b = r;

	return a->start < b->start ? -1 : a->start > b->start;
}

/*
 * fence: what lies outside of @ranges, which are ascending and must outlive it, cannot be written: -BCH_ERR_refused. Takes
 * @below, also where it fails.
 */
int bch_fence_new(struct bch_blkdev *below, const struct bch_io_range *ranges, size_t nr,
		  struct bch_blkdev **dev);

/*
 * recorder: keeps every write, flush and discard, in order, of all devices stacked on one record; a
 * test replays any prefix, or any reordering between flushes, onto a copy of the old contents.
 * Zeroing is recorded as writes.
 */
struct bch_record;

enum bch_record_op {
	BCH_RECORD_write,
	BCH_RECORD_flush,
	BCH_RECORD_discard
};

struct bch_record_entry {
	u32 dev_nr; /* in the order of stacking */
	enum bch_record_op op;
	u64 offset;
	u64 len;
	const void *data; /* of a write; else NULL */
};

/* An empty record, and its end after the devices are closed. */
int bch_record_new(struct bch_record **record);
void bch_record_free(struct bch_record *record); /* after the devices are closed */

/* Takes @below, also where it fails. */
int bch_record_stack(struct bch_record *record, struct bch_blkdev *below, struct bch_blkdev **dev);

/* Not while devices are written. Entries are valid until the record is freed. */
size_t bch_record_nr(const struct bch_record *record);
struct bch_record_entry bch_record_at(const struct bch_record *record, size_t nr);

#endif
