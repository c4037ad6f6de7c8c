/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reading data needs besides the btrees: threads, decoded blobs. */

#ifndef BCHFS_FILE_DATA_H
#define BCHFS_FILE_DATA_H

#include "file/file.h"

struct bch_file_data;

/* -BCH_ERR_no_memory. Freed before the members are closed; NULL is nothing. */
int bch_file_data_new(struct bch_fs *fs, const struct bch_files_opts *opts,
		      struct bch_file_data **data);
void bch_file_data_free(struct bch_file_data *data);

#endif
