// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who uses a device: mounts, mounted bcachefs, swap.
 *
 * First a set of devices is gathered: the one asked for, or the loop devices behind which the file
 * lies; what is built on them (partitions, LUKS, LVM, md); and where one of these is a member of a
 * mounted bcachefs, its other members, since the list of mounts may show any of them. Then the
 * mounts and swaps are searched for the set. What can't be looked at is an error.
 */

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/array.h"
#include "io/mounted.h"

struct hunt {
	struct bch_ctx *ctx;
	const char *root;
	const char *path;
	struct stat subject;
	BCH_ARRAY(dev_t) devs; /* the set; grows while it is walked */
	bool in_bcachefs;
	char *where;
};

static int cannot_tell(struct hunt *h, int err, const char *because)
{
	return bch_error(h->ctx, err, "%s: cannot tell whether it is mounted: %s%s", h->path,
			 h->root, because);
}

static bool has_dev(const struct hunt *h, dev_t dev)
{
	for (size_t i = 0; i < h->devs.nr; i++)
		if (h->devs.v[i] == dev)
			return true;
	return false;
}

static int add_dev(struct hunt *h, dev_t dev)
{
	if (has_dev(h, dev) || !bch_array_push(&h->devs, dev))
		return 0;
	return bch_error(h->ctx, -BCH_ERR_no_memory, "%s", h->path);
}

/* A directory that is not there holds nothing; one that can't be read ends the search. */
static int is_unreadable(const char *path, int system_errno)
{
	(void)path;
	return system_errno != ENOENT;
}

/* The folders that hold the files that match: ended by globfree(), also after an error. */
static int list(struct hunt *h, glob_t *folders, const char *fmt, ...) bch_printf(3, 4);
static int list(struct hunt *h, glob_t *folders, const char *fmt, ...)
{
	struct bch_buf pattern bch_auto(buf) = { 0 };
	va_list args;
	int err;

	memset(folders, 0, sizeof(*folders));
	bch_buf_puts(&pattern, h->root);
	va_start(args, fmt);
	bch_buf_vput(&pattern, fmt, args);
	va_end(args);
	if (bch_buf_failed(&pattern))
		return bch_error(h->ctx, -BCH_ERR_no_memory, "%s", h->path);

	err = glob(bch_buf_str(&pattern), GLOB_NOSORT, is_unreadable, folders);
	if (err && err != GLOB_NOMATCH)
		return cannot_tell(h, err == GLOB_NOSPACE ? -BCH_ERR_no_memory : -BCH_ERR_io,
				   bch_buf_str(&pattern) + strlen(h->root));
	for (size_t i = 0; i < folders->gl_pathc; i++)
		*strrchr(folders->gl_pathv[i], '/') = '\0';
	return 0;
}

/* The number of the device that is shown in @folder; 0 where it has gone meanwhile. */
static int read_dev(struct hunt *h, const char *folder, dev_t *dev)
{
	unsigned major_nr, minor_nr;
	char line[32];
	int err = bch_sysfs_line(line, sizeof(line), "%s/dev", folder);

	*dev = 0;
	if (err == -BCH_ERR_not_found)
		return 0;
	if (!err && sscanf(line, "%u:%u", &major_nr, &minor_nr) != 2)
		err = -BCH_ERR_io;
	if (err)
		return cannot_tell(h, err, folder + strlen(h->root));
	*dev = makedev(major_nr, minor_nr);
	return 0;
}

static int add_folder(struct hunt *h, const char *folder)
{
	dev_t dev;
	int err = read_dev(h, folder, &dev);

	return err || !dev ? err : add_dev(h, dev);
}

static bool is_subject(const struct hunt *h, const struct stat *st)
{
	if (S_ISBLK(h->subject.st_mode))
		return S_ISBLK(st->st_mode) && st->st_rdev == h->subject.st_rdev;
	return st->st_dev == h->subject.st_dev && st->st_ino == h->subject.st_ino;
}

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * The name of a loop device's file may lead nowhere: deleted, another mount namespace, a folder
 * that we may not look into. The file is not the subject if that has one name and it is another.
 */
static int is_backed_by_subject(struct hunt *h, const char *backing_file)
{
	struct stat st;

	if (!stat(backing_file, &st))
		return is_subject(h, &st);
	if (strcmp(last_component(backing_file), last_component(h->path)) != 0 &&
	    (!S_ISREG(h->subject.st_mode) || h->subject.st_nlink <= 1))
		return 0;
	return cannot_tell(h, bch_errno(errno), backing_file);
}

/* Adds the loop device if the subject lies behind it. */
static int add_loop(struct hunt *h, const char *folder)
{
	char backing_file[PATH_MAX];
	int err =
		bch_sysfs_line(backing_file, sizeof(backing_file), "%s/loop/backing_file", folder);
	int answer;

	if (err)
		return err == -BCH_ERR_not_found ? 0 : cannot_tell(h, err, folder);
	answer = is_backed_by_subject(h, backing_file);
	return answer > 0 ? add_folder(h, folder) : answer;
}

static int add_loops(struct hunt *h)
{
	glob_t loops;
	int err = list(h, &loops, "/sys/block/loop*/dev");

	for (size_t i = 0; i < loops.gl_pathc && !err; i++)
		err = add_loop(h, loops.gl_pathv[i]);
	globfree(&loops);
	return err;
}

static int add_all(struct hunt *h, const glob_t *folders)
{
	int err = 0;

	for (size_t i = 0; i < folders->gl_pathc && !err; i++)
		err = add_folder(h, folders->gl_pathv[i]);
	return err;
}

/* What is built on @dev: its partitions, and its holders. */
static int add_built_on(struct hunt *h, dev_t dev)
{
	glob_t folders;
	int err = list(h, &folders, "/sys/dev/block/%u:%u/*/partition", major(dev), minor(dev));

	if (!err)
		err = add_all(h, &folders);
	globfree(&folders);
	if (err)
		return err;

	err = list(h, &folders, "/sys/dev/block/%u:%u/holders/*/dev", major(dev), minor(dev));
	if (!err)
		err = add_all(h, &folders);
	globfree(&folders);
	return err;
}

/* The folder of a mounted bcachefs, up to its UUID, in the path of one of its members' devices. */
static size_t filesystem_len(const struct hunt *h, const char *member)
{
	size_t parent = strlen(h->root) + strlen("/sys/fs/bcachefs/");

	return parent + strcspn(member + parent, "/");
}

static int add_fellows(struct hunt *h, const glob_t *members, const char *member)
{
	size_t len = filesystem_len(h, member);
	int err = 0;

	for (size_t i = 0; i < members->gl_pathc && !err; i++)
		if (!strncmp(members->gl_pathv[i], member, len + 1))
			err = add_folder(h, members->gl_pathv[i]);
	return err;
}

static int add_bcachefs_members(struct hunt *h)
{
	glob_t members;
	int err = list(h, &members, "/sys/fs/bcachefs/*/dev-*/block/dev");

	for (size_t i = 0; i < members.gl_pathc && !err; i++) {
		dev_t dev;

		err = read_dev(h, members.gl_pathv[i], &dev);
		if (err || !dev || !has_dev(h, dev))
			continue;
		h->in_bcachefs = true;
		err = add_fellows(h, &members, members.gl_pathv[i]);
	}
	globfree(&members);
	return err;
}

/* The kernel also marks the member itself, wherever its filesystem is shown. 1, 0 or an error. */
static int is_marked(struct hunt *h, dev_t dev)
{
	struct bch_buf mark bch_auto(buf) = { 0 };

	bch_buf_put(&mark, "%s/sys/dev/block/%u:%u/bcachefs", h->root, major(dev), minor(dev));
	if (bch_buf_failed(&mark))
		return cannot_tell(h, -BCH_ERR_no_memory, "/sys/dev/block");
	return !access(bch_buf_str(&mark), F_OK);
}

static int gather(struct hunt *h)
{
	int err = add_loops(h);

	if (!err && S_ISBLK(h->subject.st_mode))
		err = add_dev(h, h->subject.st_rdev);
	for (size_t i = 0; i < h->devs.nr && !err; i++) {
		int marked = is_marked(h, h->devs.v[i]);

		err = marked < 0 ? marked : add_built_on(h, h->devs.v[i]);
		h->in_bcachefs |= marked > 0;
	}
	return err ? err : add_bcachefs_members(h);
}

/* Names in mounts and swaps have blanks and the like as \ooo. In place. */
static void unescape(char *s)
{
	unsigned c;
	char *to = s;

	for (; *s; to++) {
		if (*s == '\\' && sscanf(s, "\\%3o", &c) == 1) {
			*to = (char)c;
			s += 4;
		} else {
			*to = *s++;
		}
	}
	*to = '\0';
}

static bool names_dev(const struct hunt *h, const char *name)
{
	struct stat st;

	return name[0] == '/' && !stat(name, &st) && S_ISBLK(st.st_mode) && has_dev(h, st.st_rdev);
}

/* A name, or what bcachefs shows: names with colons between them. */
static bool source_names_dev(const struct hunt *h, char *source)
{
	char *rest, *name;

	if (names_dev(h, source))
		return true;
	for (name = strtok_r(source, ":", &rest); name; name = strtok_r(NULL, ":", &rest))
		if (names_dev(h, name))
			return true;
	return false;
}

/*
 * "36 35 8:1 / /mnt rw,noatime shared:1 - ext4 /dev/sda1 rw": the mount point if it is ours. What
 * has several devices shows 0 for the major number, and only then the source has to be looked at.
 */
static const char *match_mount(const struct hunt *h, char *line)
{
	char *separator = strstr(line, " - ");
	unsigned major_nr, minor_nr;
	char *mount_point, *source;
	int at_point = 0, at_source = 0;

	if (!separator ||
	    sscanf(line, "%*u %*u %u:%u %*s %n", &major_nr, &minor_nr, &at_point) != 2)
		return NULL;
	(void)sscanf(separator, " - %*s %n", &at_source);
	if (!at_point || !at_source)
		return NULL;

	mount_point = line + at_point;
	mount_point[strcspn(mount_point, " ")] = '\0';
	source = separator + at_source;
	source[strcspn(source, " \n")] = '\0';
	unescape(mount_point);
	unescape(source);
	if (major_nr ? has_dev(h, makedev(major_nr, minor_nr)) : source_names_dev(h, source))
		return mount_point;
	return NULL;
}

/* "/dev/sda2  partition  1048572  0  -2" after a heading: also a file can be swap. */
static const char *match_swap(const struct hunt *h, char *line)
{
	struct stat st;

	line[strcspn(line, " \t\n")] = '\0';
	unescape(line);
	if (line[0] != '/' || stat(line, &st))
		return NULL;
	return is_subject(h, &st) || (S_ISBLK(st.st_mode) && has_dev(h, st.st_rdev)) ? "swap"
										     : NULL;
}

/* Sets @where to what @match finds in the lines of a file of /proc. */
static int search(struct hunt *h, const char *name,
		  const char *(*match)(const struct hunt *h, char *line))
{
	struct bch_buf path bch_auto(buf) = { 0 };
	const char *found = NULL;
	size_t size = 0;
	char *line = NULL;
	FILE *file;
	int err = 0;

	bch_buf_put(&path, "%s%s", h->root, name);
	if (bch_buf_failed(&path))
		return cannot_tell(h, -BCH_ERR_no_memory, name);
	file = fopen(bch_buf_str(&path), "re");
	if (!file)
		return cannot_tell(h, bch_errno(errno), name);

	while (!found && getline(&line, &size, file) > 0)
		found = match(h, line);
	if (found)
		h->where = strdup(found);
	if (ferror(file) || (found && !h->where))
		err = cannot_tell(h, bch_errno(errno), name);
	free(line);
	fclose(file);
	return err;
}

/* A system that shows nothing at all must not pass for one where nothing is mounted. */
static int check_sysfs(struct hunt *h)
{
	struct bch_buf path bch_auto(buf) = { 0 };
	int err;

	bch_buf_put(&path, "%s/sys/", h->root);
	if (S_ISBLK(h->subject.st_mode))
		bch_buf_put(&path, "dev/block/%u:%u", major(h->subject.st_rdev),
			    minor(h->subject.st_rdev));
	else
		bch_buf_put(&path, "block");
	if (bch_buf_failed(&path))
		return cannot_tell(h, -BCH_ERR_no_memory, "/sys");
	err = access(bch_buf_str(&path), F_OK) ? bch_errno(errno) : 0;
	return err ? cannot_tell(h, err, bch_buf_str(&path) + strlen(h->root)) : 0;
}

/* A kernel without swap has no list of it. */
static int search_swaps(struct hunt *h)
{
	int err = search(h, "/proc/swaps", match_swap);

	return err == -BCH_ERR_not_found ? 0 : err;
}

int bch_mounted_below(struct bch_ctx *ctx, const char *root, const char *path, char **where)
{
	struct hunt h = { .ctx = ctx, .root = root, .path = path };
	int err;

	*where = NULL;
	if (stat(path, &h.subject))
		return bch_error(ctx, bch_errno(errno), "%s", path);
	err = check_sysfs(&h);
	if (!err)
		err = gather(&h);
	if (!err)
		err = search(&h, "/proc/self/mountinfo", match_mount);
	if (!err && !h.where)
		err = search_swaps(&h);
	bch_array_end(&h.devs);
	if (err)
		return err;
	*where = h.where;
	return h.in_bcachefs || h.where;
}

int bch_blkdev_mounted(struct bch_ctx *ctx, const char *path, char **where)
{
	return bch_mounted_below(ctx, "", path, where);
}
