// SPDX-License-Identifier: GPL-2.0-or-later
/* Files in a tar stream: POSIX ustar, sizes past 8 GiB as GNU tar and others write them. */

#include <stdio.h>
#include <string.h>

#include "io/io.h"
#include "ops/dump_private.h"
#include "ops/ustar.h"

/* Twelve bytes: octal, else the number itself, big-endian behind a bit that says so. */
static void put_number(char field[12], u64 v)
{
	if (bch_ustar_put_octal(field, 12, v))
		return;
	memset(field, 0, 4);
	field[0] = (char)0x80;
	for (int i = 11; i > 3; i--, v >>= 8)
		field[i] = (char)v;
}

int bch_tar_begin(struct bch_output *out, const char *name, u64 size, u64 mtime)
{
	struct bch_ustar h = bch_ustar_new('0');

	snprintf(h.name, sizeof(h.name), "%s", name);
	bch_ustar_put_octal(h.mode, sizeof(h.mode), 0600);
	put_number(h.size, size);
	put_number(h.mtime, mtime);
	bch_ustar_seal(&h);
	return bch_output_put(out, &h, sizeof(h));
}

int bch_tar_end(struct bch_output *out, u64 size)
{
	return bch_output_skip(out, (BCH_USTAR_BLOCK - size % BCH_USTAR_BLOCK) % BCH_USTAR_BLOCK);
}

int bch_tar_close(struct bch_output *out)
{
	return bch_output_skip(out, 2ULL * BCH_USTAR_BLOCK);
}
