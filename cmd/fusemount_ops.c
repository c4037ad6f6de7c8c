// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The operations that the kernel's FUSE asks for, by any of libfuse's threads. Nothing ever changes, so the kernel may
 * keep all that it was told; files and directories are not opened, a node and a place say all.
 */

#define FUSE_USE_VERSION 35

#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fusemount.h"

#define FOREVER	      (365 * 86400.0) /* seconds */
#define NAME_LEN_MAX  512
#define BLOCKS_BYTES  512 /* the unit of st_blocks */
#define DIR_FILES_POS 2	  /* the place of a directory's first file, after "." and ".." */

/* ------------------------------------------------------------------ answers */

/* Codes, and what they are to programs; all others are EIO. */
/* clang-format off */
static const struct {
	enum bch_err err;
	int system;
} errors[] = {
	{ BCH_ERR_no_memory,		ENOMEM },
	{ BCH_ERR_not_found,		ENOENT },
	{ BCH_ERR_subvol_missing,	ENOENT },
	{ BCH_ERR_not_a_directory,	ENOTDIR },
	{ BCH_ERR_is_directory,		EISDIR },
	{ BCH_ERR_invalid_argument,	EINVAL },
	{ BCH_ERR_name_too_long,	ENAMETOOLONG },
};
/* clang-format on */

static int system_error(int err)
{
	for (size_t i = 0; i < bch_array_size(errors); i++)
		if (err == -(int)errors[i].err)
			return errors[i].system;
	return EIO;
}

static void reply_error(fuse_req_t req, int err)
{
	fuse_reply_err(req, system_error(err));
}

static struct fusemount *mount_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static struct fusemount_node *node_of(fuse_req_t req, fuse_ino_t ino)
{
	return fusemount_node(mount_of(req)->nodes, ino);
}

/* ------------------------------------------------------------------ attributes */

static struct timespec time_of(struct bch_time t)
{
	return (struct timespec){ .tv_sec = t.sec, .tv_nsec = t.nsec };
}

static int get_attr(struct fusemount *m, const struct bch_file *file, struct stat *attr)
{
	struct bch_stat st;
	int err = bch_file_stat(m->fs, file, &st);

	if (err)
		return err;
	*attr = (struct stat){
		.st_ino = fusemount_ino(m->nodes, file),
		.st_mode = st.mode,
		.st_nlink = st.nlink,
		.st_uid = st.uid,
		.st_gid = st.gid,
		.st_rdev = makedev(st.major, st.minor),
		.st_size = st.size < INT64_MAX ? (off_t)st.size : INT64_MAX,
		.st_blocks = (blkcnt_t)st.nr_sectors,
		.st_atim = time_of(st.atime),
		.st_mtim = time_of(st.mtime),
		.st_ctim = time_of(st.ctime),
	};
	return 0;
}

/* The answer about a file in a directory; the node has a lookup more. */
static int get_entry(struct fusemount *m, const struct fusemount_node *dir,
		     const struct bch_file *file, struct fuse_entry_param *entry)
{
	struct fusemount_node *node;
	int err;

	*entry = (struct fuse_entry_param){ .attr_timeout = FOREVER, .entry_timeout = FOREVER };
	err = get_attr(m, file, &entry->attr);
	if (err)
		return err;
	node = fusemount_node_get(m->nodes, file, dir);
	if (!node)
		return -BCH_ERR_no_memory;
	entry->ino = fusemount_nodeid(m->nodes, node);
	entry->generation = node->generation;
	return 0;
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fusemount *m = mount_of(req);
	struct fusemount_node *dir = node_of(req, parent);
	struct fuse_entry_param entry = { .entry_timeout = FOREVER }; /* no such file */
	struct bch_file file;
	int err = bch_dir_lookup(m->fs, &dir->file, name, strlen(name), &file);

	if (!err)
		err = get_entry(m, dir, &file, &entry);
	if (err && system_error(err) != ENOENT)
		reply_error(req, err);
	else if (fuse_reply_entry(req, &entry) && entry.ino)
		fusemount_node_forget(m->nodes, fusemount_node(m->nodes, entry.ino), 1);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nr)
{
	fusemount_node_forget(mount_of(req)->nodes, node_of(req, ino), nr);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t nr, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < nr; i++)
		fusemount_node_forget(mount_of(req)->nodes, node_of(req, forgets[i].ino),
				      forgets[i].nlookup);
	fuse_reply_none(req);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat attr;
	int err = get_attr(mount_of(req), &node_of(req, ino)->file, &attr);

	if (err)
		reply_error(req, err);
	else
		fuse_reply_attr(req, &attr, FOREVER);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct bch_buf target bch_auto(buf) = { 0 };
	int err = bch_file_readlink(mount_of(req)->fs, &node_of(req, ino)->file, &target);

	if (!err && target.len >= (size_t)sysconf(_SC_PAGESIZE)) /* the kernel's room for it */
		err = -BCH_ERR_name_too_long;
	if (err)
		reply_error(req, err);
	else
		fuse_reply_readlink(req, bch_buf_str(&target));
}

/* ------------------------------------------------------------------ extended attributes */

/* @size is the room that the caller has; 0: wants to know how much it takes. */
static void reply_value(fuse_req_t req, const void *value, size_t len, size_t size)
{
	if (!size)
		fuse_reply_xattr(req, len);
	else if (len > size)
		fuse_reply_err(req, ERANGE);
	else
		fuse_reply_buf(req, value, len);
}

static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct bch_file_xattrs xattrs bch_auto(file_xattrs) = { 0 };
	int err = bch_file_xattrs_read(mount_of(req)->fs, &node_of(req, ino)->file, &xattrs);
	size_t i = 0;

	while (i < xattrs.nr && strcmp(xattrs.v[i].name, name))
		i++;
	if (err)
		reply_error(req, err);
	else if (i == xattrs.nr)
		fuse_reply_err(req, ENODATA);
	else
		reply_value(req, xattrs.v[i].value, xattrs.v[i].len, size);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct bch_file_xattrs xattrs bch_auto(file_xattrs) = { 0 };
	struct bch_buf names bch_auto(buf) = { 0 };
	int err = bch_file_xattrs_read(mount_of(req)->fs, &node_of(req, ino)->file, &xattrs);

	for (size_t i = 0; i < xattrs.nr; i++)
		bch_buf_mem(&names, xattrs.v[i].name, strlen(xattrs.v[i].name) + 1);
	if (!err && bch_buf_failed(&names))
		err = -BCH_ERR_no_memory;
	if (err)
		reply_error(req, err);
	else
		reply_value(req, bch_buf_str(&names), names.len, size);
}

/* ------------------------------------------------------------------ directories */

/* A part of a directory, on the way to the kernel. */
struct listing {
	fuse_req_t req;
	struct fusemount *m;
	struct fusemount_node *dir;
	bool plus; /* with attributes */
	char *buf;
	size_t len, size;
};

/* False where there is no room for it. */
static bool put_entry(struct listing *l, const char *name, const struct fuse_entry_param *entry,
		      u64 next)
{
	char *at = l->buf + l->len;
	size_t left = l->size - l->len;
	size_t len = l->plus ? fuse_add_direntry_plus(l->req, at, left, name, entry, (off_t)next)
			     : fuse_add_direntry(l->req, at, left, name, &entry->attr, (off_t)next);

	if (len > left)
		return false;
	l->len += len;
	return true;
}

static bool put_dot(struct listing *l, const char *name, u64 ino, u64 next)
{
	struct fuse_entry_param entry = { .attr = { .st_ino = ino, .st_mode = S_IFDIR } };

	return put_entry(l, name, &entry, next);
}

static bool put_dots(struct listing *l, u64 pos)
{
	return (pos > 0 || put_dot(l, ".", fusemount_ino(l->m->nodes, &l->dir->file), 1)) &&
	       (pos > 1 || put_dot(l, "..", l->dir->parent_ino, DIR_FILES_POS));
}

/* What it leads to may not be there, or be unreadable: a lookup tells which. */
static bool put_file(struct listing *l, const struct bch_dir_entry *e)
{
	struct fuse_entry_param entry = { 0 };
	u32 type = e->type == BCH_FILE_SUBVOL ? S_IFDIR : (u32)e->type << 12 & S_IFMT;

	if (!l->plus || get_entry(l->m, l->dir, &e->file, &entry))
		entry = (struct fuse_entry_param){
			.attr = { .st_ino = fusemount_ino(l->m->nodes, &e->file), .st_mode = type }
		};
	if (put_entry(l, e->name, &entry, DIR_FILES_POS + e->offset + 1))
		return true;
	if (entry.ino)
		fusemount_node_forget(l->m->nodes, fusemount_node(l->m->nodes, entry.ino), 1);
	return false;
}

/* Entries are given from beyond what is damaged too; at the end, and there alone, the directory has an error. */
static int put_files(struct listing *l, u64 pos)
{
	struct bch_dir *dir bch_auto(dir) = NULL;
	struct bch_dir_entry e;
	int more, err = bch_dir_open(l->m->fs, &l->dir->file, pos, &dir);

	if (err)
		return err;
	while ((more = bch_dir_next(dir, &e))) {
		if (more == -BCH_ERR_no_memory)
			return more;
		if (more < 0 ||
		    e.offset >= INT64_MAX - DIR_FILES_POS) /* no place of a system's directory */
			atomic_store(&l->dir->damaged, true);
		else if (!put_file(l, &e))
			return 0;
	}
	return l->len || !atomic_load(&l->dir->damaged) ? 0 : -BCH_ERR_io;
}

static void list_dir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t pos, bool plus)
{
	struct listing l = { .req = req,
			     .m = mount_of(req),
			     .dir = node_of(req, ino),
			     .plus = plus,
			     .buf = malloc(size),
			     .size = size };
	int err = l.buf ? 0 : -BCH_ERR_no_memory;

	if (!err && put_dots(&l, (u64)pos))
		err = put_files(&l, pos > DIR_FILES_POS ? (u64)pos - DIR_FILES_POS : 0);
	if (err)
		reply_error(req, err);
	else
		fuse_reply_buf(req, l.buf, l.len);
	free(l.buf);
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t pos,
		       struct fuse_file_info *fi)
{
	list_dir(req, ino, size, pos, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t pos,
			   struct fuse_file_info *fi)
{
	list_dir(req, ino, size, pos, true);
}

/* ------------------------------------------------------------------ data */

/* All or nothing: less would be the end of the file to the kernel. It asks again, page by page, around what is lost. */
static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	char *buf = malloc(size);
	size_t done;
	int err = buf ? bch_file_read(mount_of(req)->fs, &node_of(req, ino)->file, buf, size,
				      (u64)offset, &done)
		      : -BCH_ERR_no_memory;

	if (err)
		reply_error(req, err);
	else
		fuse_reply_buf(req, buf, done);
	free(buf);
}

static void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence,
		     struct fuse_file_info *fi)
{
	u64 found;
	int err = bch_file_seek(mount_of(req)->fs, &node_of(req, ino)->file, (u64)offset,
				whence == SEEK_DATA, &found);

	if (err == -BCH_ERR_not_found)
		fuse_reply_err(req, ENXIO);
	else if (err)
		reply_error(req, err);
	else
		fuse_reply_lseek(req, (off_t)found);
}

/* ------------------------------------------------------------------ the filesystem */

/* Where the counters cannot be read, there are no numbers. */
static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct fusemount *m = mount_of(req);
	struct bch_statfs st;
	struct statvfs reply = { .f_bsize = BLOCKS_BYTES,
				 .f_frsize = BLOCKS_BYTES,
				 .f_namemax = NAME_LEN_MAX };

	pthread_mutex_lock(&m->statfs_lock);
	if (!m->statfs.block_size && bch_fs_statfs(m->fs, &m->statfs))
		m->statfs.block_size = BLOCKS_BYTES;
	st = m->statfs;
	pthread_mutex_unlock(&m->statfs_lock);

	reply.f_bsize = reply.f_frsize = st.block_size;
	reply.f_blocks = st.nr_blocks;
	reply.f_bfree = st.nr_free;
	reply.f_bavail = st.nr_avail;
	reply.f_files = st.nr_inodes;
	reply.f_ffree = reply.f_favail = st.nr_free_inodes;
	fuse_reply_statfs(req, &reply);
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	const struct fusemount *m = userdata;
	unsigned want = FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_NO_OPEN_SUPPORT |
			FUSE_CAP_NO_OPENDIR_SUPPORT | FUSE_CAP_READDIRPLUS |
			FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_ASYNC_READ | FUSE_CAP_PARALLEL_DIROPS |
			(m->check_permissions ? FUSE_CAP_POSIX_ACL : 0);

	conn->want |= want & conn->capable;
}

const struct fuse_lowlevel_ops fusemount_ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.readlink = op_readlink,
	.read = op_read,
	.lseek = op_lseek,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.statfs = op_statfs,
	.getxattr = op_getxattr,
	.listxattr = op_listxattr,
};
