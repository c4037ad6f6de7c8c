// SPDX-License-Identifier: GPL-2.0-or-later
/* Symlinks: their target is their data. Format reference: 04 §11.2. */

#include <sys/stat.h>

#include "base/memory.h"
#include "file/private.h"

/* Longer than any system takes. */
#define TARGET_MAX 65536

int bch_file_readlink(struct bch_fs *fs, const struct bch_file *file, struct bch_buf *out)
{
	struct bch_stat st;
	size_t done;
	char *target;
	int err = bch_file_stat(fs, file, &st);

	if (err)
		return err;
	if (!S_ISLNK(st.mode) || st.size > TARGET_MAX)
		return -BCH_ERR_invalid_argument;
	target = bch_malloc(st.size + 1);
	if (!target)
		return -BCH_ERR_no_memory;
	err = bch_file_read(fs, file, target, st.size, 0, &done);
	if (!err)
		bch_buf_mem(out, target, strnlen(target, done));
	free(target);
	return err ? err : bch_buf_failed(out) ? -BCH_ERR_no_memory : 0;
}
