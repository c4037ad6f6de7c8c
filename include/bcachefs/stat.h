/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that is known of a file, as stat(1) shows it and more. CLI 14.2. */

#ifndef BCHFS_STAT_H
#define BCHFS_STAT_H

#include <bcachefs/ls.h>

struct bch_stat_opts {
	bool terminal;			  /* names as they can be shown */
	const struct bch_id_names *names; /* NULL: owners by number */
};

/* The facts of @file, which was found as @path, into the object that is open. Errors are said with the path. */
int bch_file_show(struct bch_fs *fs, const struct bch_stat_opts *opts, const char *path,
		  const struct bch_file *file, struct bch_facts *facts);

#endif
