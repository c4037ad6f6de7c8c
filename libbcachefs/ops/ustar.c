// SPDX-License-Identifier: GPL-2.0-or-later
/* The header of a member of a tar archive: its numbers. */

#include <string.h>

#include "ops/ustar.h"

struct bch_ustar bch_ustar_new(char type)
{
	return (struct bch_ustar){
		.mode = "0000000",
		.uid = "0000000",
		.gid = "0000000",
		.size = "00000000000",
		.mtime = "00000000000",
		.typeflag = type,
		.magic = "ustar",
		.version = { '0', '0' },
	};
}

bool bch_ustar_put_octal(char *field, size_t size, u64 value)
{
	bool fits = !(value >> 3 * (size - 1));

	if (!fits)
		value = 0;
	for (size_t i = size - 1; i--; value >>= 3)
		field[i] = (char)('0' + (value & 7));
	field[size - 1] = '\0';
	return fits;
}

/* The sum of all bytes, its own field taken for blanks; the last of these stays. */
void bch_ustar_seal(struct bch_ustar *h)
{
	const u8 *p = (const u8 *)h;
	u32 sum = 0;

	memset(h->chksum, ' ', sizeof(h->chksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += p[i];
	bch_ustar_put_octal(h->chksum, sizeof(h->chksum) - 1, sum);
}
