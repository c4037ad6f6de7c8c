// SPDX-License-Identifier: GPL-2.0-or-later
/* Attributes of what is copied out of a filesystem: owner, extended attributes, mode, times. CLI 14.2. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ops/get_private.h"

#define OPTION_PREFIX "bcachefs."
#define ACL_ACCESS    "system.posix_acl_access"
#define ACL_DEFAULT   "system.posix_acl_default"
#define MODE_BITS     07777
#define MODE_SET_ID   06000 /* would be another user's */

static void left_out(struct bch_get *g, enum bch_get_left_out what)
{
	atomic_fetch_add_explicit(&g->nr_left_out[what], 1, memory_order_relaxed);
}

/* ------------------------------------------------------------------ owner */

static int set_owner(int fd, const char *proc, uid_t uid, gid_t gid)
{
	return proc ? chown(proc, uid, gid) : fchown(fd, uid, gid);
}

/* Where only root may: the group alone, and no bits that would act for another user. */
static int give_owner(struct bch_get *g, int fd, const char *proc, const struct bch_stat *st,
		      mode_t *mode)
{
	struct stat have;

	if (fstat(fd, &have))
		return bch_errno(errno);
	if (have.st_uid == st->uid && have.st_gid == st->gid)
		return 0;
	if (!set_owner(fd, proc, st->uid, st->gid))
		return 0;
	if (errno != EPERM &&
	    errno != EINVAL) /* the latter: an id that the user namespace has not */
		return bch_errno(errno);
	left_out(g, BCH_GET_LEFT_owner);
	*mode &= ~(mode_t)MODE_SET_ID;
	if (set_owner(fd, proc, (uid_t)-1, st->gid) && errno != EPERM && errno != EINVAL)
		return bch_errno(errno);
	return 0;
}

/* ------------------------------------------------------------------ extended attributes */

static void give_xattr(struct bch_get *g, int fd, const char *proc, const struct bch_file_xattr *x)
{
	bool is_option = !strncmp(x->name, OPTION_PREFIX, strlen(OPTION_PREFIX));

	if (proc ? setxattr(proc, x->name, x->value, x->len, 0)
		 : fsetxattr(fd, x->name, x->value, x->len, 0))
		left_out(g, is_option ? BCH_GET_LEFT_option : BCH_GET_LEFT_xattr);
}

static int give_xattrs(struct bch_get *g, int fd, const char *proc, const struct bch_file *file)
{
	struct bch_file_xattrs xattrs bch_auto(file_xattrs) = { 0 };
	int err = bch_file_xattrs_read(g->fs, file, &xattrs);

	for (size_t i = 0; !err && i < xattrs.nr; i++)
		give_xattr(g, fd, proc, &xattrs.v[i]);
	return err;
}

/* There may be none: no error. */
void bch_get_disinherit(int fd, const char *proc)
{
	if (proc) {
		removexattr(proc, ACL_ACCESS);
	} else {
		fremovexattr(fd, ACL_ACCESS);
		fremovexattr(fd, ACL_DEFAULT);
	}
}

/* ------------------------------------------------------------------ mode and times */

/* Symlinks have no mode of their own. */
static int give_mode(int fd, const char *proc, const struct bch_stat *st, mode_t mode)
{
	if (S_ISLNK(st->mode))
		return 0;
	return (proc ? chmod(proc, mode) : fchmod(fd, mode)) ? bch_errno(errno) : 0;
}

static struct timespec time_of(struct bch_time time)
{
	return (struct timespec){ .tv_sec = time.sec, .tv_nsec = time.nsec };
}

static int give_times(int fd, const char *proc, const struct bch_stat *st)
{
	struct timespec times[2] = { time_of(st->atime), time_of(st->mtime) };

	return (proc ? utimensat(AT_FDCWD, proc, times, 0) : futimens(fd, times)) ? bch_errno(errno)
										  : 0;
}

/* A change of owner takes set-id bits and capabilities away, attributes need a file that may be written, all change times. */
int bch_get_attributes(struct bch_get *g, int fd, const char *proc, const struct bch_file *file,
		       const struct bch_stat *st)
{
	bool metadata = bch_get_wants(g, BCH_GET_METADATA);
	mode_t mode = st->mode & MODE_BITS;
	int errs[4] = { 0 };

	if (metadata)
		errs[0] = give_owner(g, fd, proc, st, &mode);
	if (bch_get_wants(g, BCH_GET_XATTRS))
		errs[1] = give_xattrs(g, fd, proc, file);
	if (metadata) {
		errs[2] = give_mode(fd, proc, st, mode);
		errs[3] = give_times(fd, proc, st);
	}
	for (size_t i = 0; i < bch_array_size(errs); i++)
		if (errs[i])
			return errs[i];
	return 0;
}
