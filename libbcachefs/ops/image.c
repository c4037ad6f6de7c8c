// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An image file of a tree. CLI 11.2.
 *
 * It is made larger than it can become, as a sparse file, and filled; then the filesystem ends behind what is in use, and
 * the file with it.
 */

#include <bcachefs/image.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/format_private.h"

/* Copies of data that the options ask for. */
static u64 replicas(const struct bch_format_opts *opts)
{
	return opts->fs.given[BCH_OPT_data_replicas] ? opts->fs.value[BCH_OPT_data_replicas] : 1;
}

static int make_file(struct bch_ctx *ctx, const char *path, u64 size, bool overwrite)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (overwrite ? O_TRUNC : O_EXCL), 0666);
	int err = 0;

	if (fd < 0 || ftruncate(fd, (off_t)size))
		err = bch_error(ctx, bch_errno(errno), "%s", path);
	if (fd >= 0)
		close(fd);
	return err;
}

/* The file ends where the filesystem ends. */
static int cut(struct bch_fs *fs, const char *path)
{
	struct bch_member m;

	if (!bch_super_member(&fs->super, 0, &m))
		return -BCH_ERR_not_found;
	if (truncate(path, (off_t)BCH_BYTES(m.nbuckets * m.bucket_size)))
		return bch_error(fs->ctx, bch_errno(errno), "%s", path);
	return 0;
}

/* What is there may be a device, or somebody's only copy. */
static int check_path(struct bch_ctx *ctx, const char *path, const struct bch_image_opts *image)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT ? 0 : bch_error(ctx, bch_errno(errno), "%s", path);
	if (!S_ISREG(st.st_mode))
		return bch_error_whole(ctx, -BCH_ERR_invalid_argument,
				       "%s: no regular file; try 'bcachefs format --source'", path);
	return image->overwrite ? 0 : bch_error(ctx, -BCH_ERR_exists, "%s", path);
}

int bch_image_create(struct bch_ctx *ctx, const struct bch_format_opts *opts,
		     const struct bch_image_opts *image, struct bch_fs **fs)
{
	const char *path = opts->devs[0].path;
	struct bch_source *source bch_auto(source) = NULL;
	int err = check_path(ctx, path, image);

	*fs = NULL;
	if (!err)
		err = bch_source_open(ctx, opts->source, &source);
	if (!err)
		err = bch_source_refuse(source, path);
	if (!err)
		err = make_file(ctx, path,
				image->size_bytes ? image->size_bytes
						  : bch_image_most(source, replicas(opts)),
				image->overwrite);
	if (err)
		return err;
	err = bch_format_from(ctx, opts, &(const struct bch_format_from){ source, image, NULL },
			      fs);
	if (!err)
		err = cut(*fs, path);
	if (err) {
		if (*fs)
			(void)bch_fs_close(*fs);
		*fs = NULL;
		(void)unlink(path);
	}
	return err;
}
