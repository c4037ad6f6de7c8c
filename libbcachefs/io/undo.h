/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The undo file: a header, then records, each at a multiple of 512 bytes, little-endian.
 *
 * It only grows, and each record is durable before the next one begins. So a file that was cut off
 * ends in at most one record that is not whole, and a bad record with a good one behind it is
 * damage. Checksums are XXH64 whose seed is the file's random id, for records plus the place of the
 * record: what an earlier file left on the same blocks is never taken for this file's.
 *
 * - The header has the command line behind it, NUL-terminated and padded with zeroes.
 * - A record device comes for each device before its ranges; they are numbered from 0 in this order.
 * - data and zeroes say what a range of a device held. No byte of a device is in two ranges.
 * - sums come when the device was closed: the checksums of what its ranges held then, in the order
 *   of the ranges, in several records where there are many.
 * - end comes when the command closed the file.
 */

#ifndef BCHFS_IO_UNDO_H
#define BCHFS_IO_UNDO_H

#include <xxhash.h>

#include "ondisk/le.h"

#define BCH_UNDO_MAGIC	     "bcachefs undo\r\n\032"
#define BCH_UNDO_VERSION     1
#define BCH_UNDO_ALIGN	     512U
#define BCH_UNDO_BLOCK	     4096U	 /* ranges are made of whole ones, up to the device's end */
#define BCH_UNDO_COMMAND_MAX (64U << 10) /* with its NUL */
#define BCH_UNDO_PAYLOAD_MAX (1U << 20)	 /* also of the length of ranges */
#define BCH_UNDO_RECORD_MAX  (BCH_UNDO_PAYLOAD_MAX + BCH_UNDO_ALIGN)
#define BCH_UNDO_NAME_MAX    4096U

struct undo_header {
	u8 magic[16];
	le32 version;
	le32 len; /* with the command line and padding */
	u8 fs_uuid[16];
	le64 sb_seq;
	le64 time;
	le64 id;
	le64 csum; /* of all @len bytes, with this field zero */
};
_Static_assert(sizeof(struct undo_header) == 72, "layout of undo files");

enum undo_record_type {
	UNDO_device = 1, /* payload: struct undo_device and the name */
	UNDO_data,
	UNDO_zeroes, /* no payload */
	UNDO_sums,   /* payload: le64 each */
	UNDO_end,    /* no payload */
};

struct undo_record {
	le32 type;
	le32 dev_nr;
	le64 offset; /* of a range on the device, bytes */
	le32 len;    /* of the range */
	le32 payload_len;
	le64 payload_csum; /* of zeroes: the checksum of that many */
	le64 csum;	   /* of the fields above */
};
_Static_assert(sizeof(struct undo_record) == 40, "layout of undo files");

struct undo_device {
	u8 uuid[16];
	le64 size;
	le32 idx;
	u8 name[]; /* to the end of the payload, not terminated */
};
_Static_assert(sizeof(struct undo_device) == 28, "layout of undo files");

static inline u64 undo_record_csum(const struct undo_record *record, u64 id, u64 place)
{
	return XXH64(record, offsetof(struct undo_record, csum), id + place);
}

#endif
