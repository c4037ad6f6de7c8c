// SPDX-License-Identifier: GPL-2.0-or-later
/* What reading data needs: start and end, and what goes to the log. */

#include "file/data.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/blob.h"

#define CACHE_BYTES_DEFAULT (32U << 20)
#define NR_QUEUED	    64
#define NR_SAID_MAX	    1000

static u32 nr_processors(void)
{
	long nr = sysconf(_SC_NPROCESSORS_ONLN);

	return nr > 0 ? (u32)nr : 1;
}

int bch_file_data_new(struct bch_fs *fs, const struct bch_files_opts *opts,
		      struct bch_file_data **data)
{
	struct bch_file_data *d = bch_calloc(1, sizeof(*d));

	*data = NULL;
	if (!d)
		return -BCH_ERR_no_memory;
	d->flags = opts->flags;
	pthread_mutex_init(&d->said_lock, NULL);
	d->said = BCH_RADIX(sizeof(bool));
	d->cache = bch_blob_cache_new(opts->cache_bytes ? opts->cache_bytes : CACHE_BYTES_DEFAULT);
	d->pool = bch_thread_pool_new(opts->nr_threads ? opts->nr_threads : nr_processors(),
				      NR_QUEUED);
	if (!d->cache || !d->pool) {
		bch_file_data_free(d);
		return -BCH_ERR_no_memory;
	}
	*data = d;
	return 0;
}

void bch_file_data_free(struct bch_file_data *data)
{
	if (!data)
		return;
	bch_thread_pool_free(data->pool); /* first: its work uses the rest */
	bch_blob_cache_free(data->cache);
	bch_radix_end(&data->said);
	pthread_mutex_destroy(&data->said_lock);
	free(data);
}

/* How many places have been said with this one, 0 where it is not to be said. */
static u32 count_place(struct bch_file_data *data, const struct bch_ptr *p)
{
	u32 nr = 0;
	bool *said;

	pthread_mutex_lock(&data->said_lock);
	said = data->nr_said > NR_SAID_MAX
		       ? NULL
		       : bch_radix_make(&data->said, (u64)p->dev_idx << 56 | p->offset_sectors);
	if (said && !*said) {
		*said = true;
		nr = ++data->nr_said;
	}
	pthread_mutex_unlock(&data->said_lock);
	return nr;
}

void bch_blob_damage_log(struct bch_fs *fs, const struct bch_ptr *p, int err)
{
	const struct bch_blkdev *dev = bch_ptr_blkdev(fs, p);
	bool quiet =
		fs->files->data->flags & BCH_FILES_QUIET || !dev; /* the missing were said before */
	u32 nr = quiet ? 0 : count_place(fs->files->data, p);

	if (nr > NR_SAID_MAX)
		bch_log(fs->ctx, BCH_LOG_warn, "more data is damaged than is said here");
	else if (nr)
		bch_log(fs->ctx, BCH_LOG_warn, "%s: data at sector %" PRIu64 ": %s", dev->name,
			p->offset_sectors, bch_err_text(err));
}
