/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header of a member of a tar archive. POSIX, pax: "ustar Interchange Format". */

#ifndef BCHFS_OPS_USTAR_H
#define BCHFS_OPS_USTAR_H

#include <bcachefs/types.h>

#define BCH_USTAR_BLOCK 512U /* headers and data are multiples of it */

struct bch_ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8], typeflag;
	char linkname[100], magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8];
	char prefix[155], pad[12];
};
_Static_assert(sizeof(struct bch_ustar) == BCH_USTAR_BLOCK, "POSIX ustar");

/* Of one @type, all else unset. */
struct bch_ustar bch_ustar_new(char type);

/* Octal digits and a NUL in @size bytes; zeroes, and false, where it takes more. */
bool bch_ustar_put_octal(char *field, size_t size, u64 value);

/* The checksum, when all else is there. */
void bch_ustar_seal(struct bch_ustar *h);

#endif
