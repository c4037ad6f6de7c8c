// SPDX-License-Identifier: GPL-2.0-or-later
/* Files in a tar stream: POSIX ustar, sizes past 8 GiB as GNU tar and others write them. */

#include <stdio.h>
#include <string.h>

#include "io/io.h"
#include "ops/dump_private.h"

#define BLOCK	  512U
#define OCTAL_MAX ((1ULL << 33) - 1) /* 11 digits */

struct tar_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8], typeflag;
	char linkname[100], magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8];
	char prefix[155], pad[12];
};
_Static_assert(sizeof(struct tar_header) == BLOCK, "POSIX ustar");

/* Twelve bytes: octal, else the number itself, big-endian behind a bit that says so. */
static void put_number(char field[12], u64 v)
{
	if (v <= OCTAL_MAX) {
		snprintf(field, 12, "%011" PRIo64, v);
		return;
	}
	field[0] = (char)0x80;
	for (int i = 11; i > 3; i--, v >>= 8)
		field[i] = (char)v;
}

/* The sum of all bytes, its own field taken for blanks. */
static void put_checksum(struct tar_header *h)
{
	const u8 *p = (const u8 *)h;
	u32 sum = 0;

	memset(h->chksum, ' ', sizeof(h->chksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += p[i];
	snprintf(h->chksum, sizeof(h->chksum), "%06o", sum);
}

int bch_tar_begin(struct bch_output *out, const char *name, u64 size, u64 mtime)
{
	struct tar_header h = {
		.mode = "0000600",
		.uid = "0000000",
		.gid = "0000000",
		.typeflag = '0',
		.magic = "ustar",
		.version = { '0', '0' },
	};

	snprintf(h.name, sizeof(h.name), "%s", name);
	put_number(h.size, size);
	put_number(h.mtime, mtime);
	put_checksum(&h);
	return bch_output_put(out, &h, sizeof(h));
}

int bch_tar_end(struct bch_output *out, u64 size)
{
	return bch_output_skip(out, (BLOCK - size % BLOCK) % BLOCK);
}

int bch_tar_close(struct bch_output *out)
{
	return bch_output_skip(out, 2ULL * BLOCK);
}
