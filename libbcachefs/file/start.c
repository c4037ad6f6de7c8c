// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of an open filesystem: start and end. */

#include "base/memory.h"
#include "file/data.h"
#include "file/private.h"

static void files_free(struct bch_files *files)
{
	bch_file_data_free(files->data);
	bch_array_end(&files->snapshots.a);
	free(files);
}

static void end(struct bch_fs *fs)
{
	files_free(fs->files);
	fs->files = NULL;
}

int bch_files_start(struct bch_fs *fs, const struct bch_files_opts *opts)
{
	static const struct bch_files_opts none;
	struct bch_files *files = bch_calloc(1, sizeof(*files));
	int err = files ? 0 : -BCH_ERR_no_memory;

	if (!err)
		err = bch_snapshots_load(fs, files);
	if (!err)
		err = bch_file_data_new(fs, opts ? opts : &none, &files->data);
	if (err) {
		if (files)
			files_free(files);
		return err;
	}
	files->attachment.end = end;
	bch_fs_attach(fs, &files->attachment);
	fs->files = files;
	return 0;
}

int bch_files_reload_snapshots(struct bch_fs *fs)
{
	fs->files->snapshots.a.nr = 0;
	return bch_snapshots_load(fs, fs->files);
}
