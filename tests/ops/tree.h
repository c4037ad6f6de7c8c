/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: some files in a new filesystem, large and small, with a snapshot. */

#ifndef BCHFS_TESTS_OPS_TREE_H
#define BCHFS_TESTS_OPS_TREE_H

#include <bcachefs/edit.h>
#include "../commit/fs.h"

static inline void tree_fill(struct test_fs *f, u32 data_replicas)
{
	static const struct bch_path_opts from;
	struct bch_put_sums sums = { 0 };
	struct bch_buf path bch_auto(buf) = { 0 };
	const char *source;
	struct bch_put_opts opts = { .sources = &source, .nr_sources = 1 };

	bch_buf_put(&path, "%s/tree", f->t->folder);
	source = bch_buf_str(&path);
	assert_int_equal(temp_run("mkdir -p %s/sub && cd %s && head -c 600000 /dev/urandom >random "
				  "&& head -c 90000 /dev/zero | tr '\\0' x >sub/text && "
				  "for i in $(seq 60); do seq $i 2000 >sub/$i; done",
				  source, source),
			 0);
	test_fs_ok(f->t, test_fs_open(f, BCH_OPEN_WRITE));
	test_fs_ok(f->t, bch_files_start(f->fs, NULL));
	test_fs_ok(f->t, bch_writer_start(f->fs, NULL));
	bch_sb_opt_set(f->fs->super.sb, BCH_OPT_data_replicas, data_replicas);
	test_fs_ok(f->t, bch_file_put(f->fs, &opts, "/", &sums));
	test_fs_ok(f->t, bch_file_subvol_snapshot(f->fs, &from, NULL, "/then", false));
	test_fs_ok(f->t, bch_file_rm(f->fs, &from, 0, "/tree/sub/text"));
	test_fs_ok(f->t, bch_commit(f->fs));
	test_fs_ok(f->t, bch_writer_finish(f->fs));
	test_fs_close(f);
}

#endif
