// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * manifest DIR: a line for each file below DIR as the kernel shows it, for the tests of what copies or mounts filesystems.
 *
 * Tab-separated: type, path, mode, uid, gid, size, links, mtime, target or device, sha256, attributes, segs=START+LEN,...
 * where a regular file has holes. As the manifests of the images, whose further facts depend on the filesystem.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <sodium.h>

#include <bcachefs/types.h>

#define TEXT_MAX 65536

static int status;

static void failed(const char *what, const char *path)
{
	fprintf(stderr, "manifest: %s: %s: %s\n", path, what, strerror(errno));
	status = 1;
}

static void put_text(const char *p)
{
	for (; *p; p++) {
		u8 c = (u8)*p;

		printf(c <= 0x20 || c >= 0x7f || c == '\\' ? "\\x%02x" : "%c", c);
	}
}

static void put_hash(int fd)
{
	static u8 buf[1 << 16];
	u8 hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state sha;
	ssize_t n;

	crypto_hash_sha256_init(&sha);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		crypto_hash_sha256_update(&sha, buf, (size_t)n);
	crypto_hash_sha256_final(&sha, hash);
	for (size_t i = 0; !n && i < sizeof(hash); i++)
		printf("%02x", hash[i]);
	if (n)
		fputs("EIO", stdout);
}

/* The runs of data, where there is a hole too. */
static void put_segments(int fd, off_t size)
{
	off_t start, end = 0;
	bool any = false;

	if (!size || (!lseek(fd, 0, SEEK_DATA) && lseek(fd, 0, SEEK_HOLE) == size))
		return;
	fputs("\tsegs=", stdout);
	while ((start = lseek(fd, end, SEEK_DATA)) >= 0) {
		end = lseek(fd, start, SEEK_HOLE);
		printf("%s%" PRId64 "+%" PRId64, any ? "," : "", (s64)start, (s64)(end - start));
		any = true;
	}
}

static void put_xattr(const char *path, const char *name)
{
	static u8 value[TEXT_MAX];
	ssize_t len = lgetxattr(path, name, value, sizeof(value));

	if (len < 0)
		failed(name, path);
	put_text(name);
	putchar('=');
	for (ssize_t i = 0; i < len; i++)
		printf("%02x", value[i]);
}

static int compare(const void *l, const void *r)
{
	return strcmp(*(char *const *)l, *(char *const *)r);
}

static void put_xattrs(const char *path)
{
	static char names[TEXT_MAX];
	const char *sorted[TEXT_MAX / 2];
	ssize_t len = llistxattr(path, names, sizeof(names));
	size_t nr = 0;

	if (len < 0)
		failed("attributes", path);
	for (char *name = names; name < names + len; name += strlen(name) + 1)
		sorted[nr++] = name;
	qsort(sorted, nr, sizeof(*sorted), compare);
	for (size_t i = 0; i < nr; i++) {
		if (i)
			putchar(',');
		put_xattr(path, sorted[i]);
	}
	if (!nr)
		putchar('-');
}

static void put_target(const char *path, const struct stat *st)
{
	char target[TEXT_MAX];
	ssize_t len;

	if (S_ISLNK(st->st_mode)) {
		len = readlink(path, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = '\0';
		put_text(target);
	} else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		printf("%u:%u", major(st->st_rdev), minor(st->st_rdev));
	} else {
		putchar('-');
	}
}

static void put_line(const char *path, const char *shown, const struct stat *st)
{
	static const char types[] = "?pc?d?b?f?l?s???";
	int fd = S_ISREG(st->st_mode) ? open(path, O_RDONLY) : -1;

	printf("%c\t", types[st->st_mode >> 12 & 15]);
	put_text(shown);
	printf("\t%04o\t%u\t%u\t%" PRId64 "\t%u\t%" PRId64 ".%09u\t", st->st_mode & 07777,
	       st->st_uid, st->st_gid, S_ISDIR(st->st_mode) ? 0 : (s64)st->st_size,
	       (unsigned)st->st_nlink, (s64)st->st_mtim.tv_sec, (unsigned)st->st_mtim.tv_nsec);
	put_target(path, st);
	putchar('\t');
	if (fd >= 0)
		put_hash(fd);
	else
		putchar('-');
	putchar('\t');
	put_xattrs(path);
	if (fd >= 0) {
		put_segments(fd, st->st_size);
		close(fd);
	}
	putchar('\n');
}

/* @root is as long as it says; what follows in @path is shown. */
static void walk(const char *path, size_t root)
{
	const char *shown = path[root] ? path + root : "/";
	struct dirent *e;
	struct stat st;
	DIR *dir;

	if (lstat(path, &st)) {
		failed("stat", path);
		return;
	}
	put_line(path, shown, &st);
	dir = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
	while (dir && (e = readdir(dir))) {
		char *below = NULL;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    asprintf(&below, "%s/%s", path, e->d_name) < 0)
			continue;
		walk(below, root);
		free(below);
	}
	if (dir)
		closedir(dir);
}

int main(int argc, char **argv)
{
	if (argc != 2 || sodium_init() < 0)
		return 2;
	walk(argv[1], strlen(argv[1]));
	return status;
}
