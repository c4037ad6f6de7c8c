/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: all files of a filesystem, as one number. */

#ifndef BCHFS_TESTS_OPS_DIGEST_H
#define BCHFS_TESTS_OPS_DIGEST_H

#include <sys/stat.h>

#include "codec/codec.h"
#include "file/file.h"

/* Paths, sizes and contents of all files. */
static inline u64 digest(struct bch_fs *fs)
{
	static u8 buf[1 << 20];
	const u8 key[16] = { 0 };
	struct bch_walk *walk bch_auto(walk) = NULL;
	struct bch_buf text bch_auto(buf) = { 0 };
	struct bch_walk_entry e;
	struct bch_file root;
	int more;

	assert_int_equal(bch_file_subvol_root(fs, 1, &root), 0);
	assert_int_equal(bch_walk_begin(fs, &root, BCH_WALK_SORTED, &walk), 0);
	while ((more = bch_walk_next(walk, &e)) > 0) {
		size_t done = 0;

		if (e.type == S_IFREG >> 12)
			assert_int_equal(bch_file_read(fs, &e.file, buf, sizeof(buf), 0, &done), 0);
		bch_buf_put(&text, "%s %u %zu %" PRIx64 "\n", e.path, e.type, done,
			    bch_siphash(key, buf, done));
	}
	assert_int_equal(more, 0);
	return bch_siphash(key, text.p, text.len);
}

#endif
