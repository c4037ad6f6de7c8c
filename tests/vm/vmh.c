// SPDX-License-Identifier: GPL-2.0-or-later
/* What busybox lacks inside the test machine: trees from a seed, manifests, keys, xattrs. A static program. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <linux/keyctl.h>
#include <linux/limits.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

static _Noreturn void die(const char *fmt, ...)
{
	int err = errno;
	va_list args;

	fputs("vmh: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(1);
}

/* ---- SHA-256 ---- */

struct sha256 {
	u32 h[8];
	u64 len;
	u8 block[64];
};

/* clang-format off */
static const struct sha256 sha256_start = { .h = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
} };

static const u32 sha256_round[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
/* clang-format on */

static u32 rotate(u32 x, int n)
{
	return x >> n | x << (32 - n);
}

static void sha256_mix(u32 h[8], const u8 block[64])
{
	u32 w[64], s[8];

	for (int i = 0; i < 16; i++)
		w[i] = (u32)block[4 * i] << 24 | (u32)block[4 * i + 1] << 16 |
		       (u32)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		u32 a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] +
		       (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}

	memcpy(s, h, sizeof(s));
	for (int i = 0; i < 64; i++) {
		u32 t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) +
			 ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha256_round[i] + w[i];
		u32 t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
			 ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		h[i] += s[i];
}

static void sha256_add(struct sha256 *s, const u8 *p, size_t len)
{
	while (len) {
		size_t used = s->len % 64;
		size_t n = len < 64 - used ? len : 64 - used;

		memcpy(s->block + used, p, n);
		s->len += n;
		p += n;
		len -= n;
		if (s->len % 64 == 0)
			sha256_mix(s->h, s->block);
	}
}

static void sha256_print(struct sha256 *s)
{
	static const u8 padding[64] = { 0x80 };
	u64 bits = s->len * 8;
	u8 tail[8];

	for (int i = 0; i < 8; i++)
		tail[i] = bits >> (56 - 8 * i);
	sha256_add(s, padding, 1 + (119 - s->len % 64) % 64);
	sha256_add(s, tail, 8);
	for (int i = 0; i < 8; i++)
		printf("%08x", s->h[i]);
}

/* ---- manifest: one line an entry, depth first, each folder in the order of its bytes ---- */

static void print_escaped(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		u8 c = s[i];

		printf(c <= ' ' || c >= 0x7f || c == '\\' ? "\\x%02x" : "%c", c);
	}
}

static void print_content_hash(const char *name)
{
	struct sha256 sum = sha256_start;
	static u8 buf[1 << 17];
	ssize_t n = -1;
	int fd = open(name, O_RDONLY | O_NOATIME);

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		sha256_add(&sum, buf, n);
	if (n < 0)
		printf("READERR%d@%llu", errno, (unsigned long long)sum.len);
	else
		sha256_print(&sum);
	if (fd >= 0)
		close(fd);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_xattr(const char *name, const char *xattr)
{
	static u8 value[XATTR_SIZE_MAX];
	ssize_t len = lgetxattr(name, xattr, value, sizeof(value));

	print_escaped(xattr, strlen(xattr));
	putchar('=');
	if (len < 0)
		printf("ERR%d", errno);
	for (ssize_t i = 0; i < len; i++)
		printf("%02x", value[i]);
}

/* All but those that bcachefs makes up from a file's options, inherited ones too. */
static void print_xattrs(const char *name)
{
	static char list[XATTR_LIST_MAX], *xattrs[XATTR_LIST_MAX / 2];
	ssize_t len = llistxattr(name, list, sizeof(list));
	size_t nr = 0;

	if (len < 0) {
		printf("ERR%d", errno);
		return;
	}
	for (char *x = list; x < list + len; x += strlen(x) + 1)
		if (strncmp(x, "bcachefs_effective.", 19))
			xattrs[nr++] = x;
	qsort(xattrs, nr, sizeof(xattrs[0]), by_bytes);
	for (size_t i = 0; i < nr; i++) {
		if (i)
			putchar(',');
		print_xattr(name, xattrs[i]);
	}
	if (!nr)
		putchar('-');
}

static void print_target(const char *name, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t len;

	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		printf("%u:%u", major(st->st_rdev), minor(st->st_rdev));
	} else if (!S_ISLNK(st->st_mode)) {
		putchar('-');
	} else if ((len = readlink(name, target, sizeof(target))) < 0) {
		printf("ERR%d", errno);
	} else {
		print_escaped(target, len);
	}
}

static void print_entry(const char *name, const char *path, const struct stat *st)
{
	static const char types[16] = { [S_IFREG >> 12] = 'f',	[S_IFDIR >> 12] = 'd',
					[S_IFLNK >> 12] = 'l',	[S_IFIFO >> 12] = 'p',
					[S_IFSOCK >> 12] = 's', [S_IFCHR >> 12] = 'c',
					[S_IFBLK >> 12] = 'b' };

	printf("%c\t", types[(st->st_mode & S_IFMT) >> 12]);
	print_escaped(path, strlen(path));
	printf("\t%04o\t%u\t%u\t%llu\t%lu\t%lld.%09ld\t", st->st_mode & 07777, st->st_uid,
	       st->st_gid, (unsigned long long)st->st_size, (unsigned long)st->st_nlink,
	       (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	print_target(name, st);
	putchar('\t');
	if (S_ISREG(st->st_mode))
		print_content_hash(name);
	else
		putchar('-');
	putchar('\t');
	print_xattrs(name);
	putchar('\n');
}

static char **read_names(size_t *nr)
{
	char **names = NULL;
	DIR *dir = opendir(".");
	struct dirent *d;

	*nr = 0;
	while (dir && (errno = 0, d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		names = realloc(names, (*nr + 1) * sizeof(names[0]));
		if (!names || !(names[(*nr)++] = strdup(d->d_name)))
			die("memory");
	}
	if (errno)
		die("reading a directory");
	closedir(dir);
	if (*nr)
		qsort(names, *nr, sizeof(names[0]), by_bytes);
	return names;
}

/* The entries of the current directory, whose name is @path: it may be longer than PATH_MAX. */
static void print_tree(const char *path)
{
	size_t nr;
	char **names = read_names(&nr);

	for (size_t i = 0; i < nr; i++) {
		struct stat st;
		char *below;

		if (asprintf(&below, "%s/%s", path, names[i]) < 0)
			die("memory");
		if (lstat(names[i], &st)) {
			printf("ERR%d\t%s\n", errno, below);
		} else {
			print_entry(names[i], below, &st);
			if (S_ISDIR(st.st_mode)) {
				if (chdir(names[i]))
					die("%s", below);
				print_tree(below);
				if (chdir(".."))
					die("back from %s", below);
			}
		}
		free(below);
		free(names[i]);
	}
	free(names);
}

static void manifest(char **arg)
{
	struct stat st;

	if (chdir(arg[0]) || lstat(".", &st))
		die("%s", arg[0]);
	puts("#type\tpath\tmode\tuid\tgid\tsize\tnlink\tmtime\ttarget\tsha256\txattrs");
	print_entry(".", "/", &st);
	print_tree("");
}

/* ---- tree: the same entries, contents and attributes (but times of folders) for the same seed ---- */

struct tree {
	u64 random;
	char **dirs; /* paths of those made so far; the first is "." */
	size_t nr_dirs;
	char *latest_file; /* what the next hard link is to */
};

/* splitmix64, the generator of Steele, Lea and Flood */
static u64 random_below(struct tree *t, u64 limit)
{
	u64 x = t->random += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return (x ^ x >> 31) % limit;
}

/* Like text, like noise, or zeroes: what compresses well, not at all, and to nothing. */
static void fill(struct tree *t, u8 *buf, size_t len)
{
	static const char letters[] = "etaoin shrdlu\n";
	u64 kind = random_below(t, 4);

	for (size_t i = 0; i < len; i++) {
		if (kind == 0)
			buf[i] = 0;
		else if (kind == 1)
			buf[i] = random_below(t, 256);
		else
			buf[i] = letters[random_below(t, sizeof(letters) - 1)];
	}
}

/* @len bytes in pieces of 64 KiB, from @offset. */
static void write_file(struct tree *t, const char *path, u64 offset, u64 len)
{
	static u8 buf[1 << 16];
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	if (fd < 0)
		die("creating %s", path);
	while (len) {
		size_t n = len < sizeof(buf) ? len : sizeof(buf);

		fill(t, buf, n);
		if (pwrite(fd, buf, n, offset) != (ssize_t)n)
			die("writing %s", path);
		offset += n;
		len -= n;
	}
	if (close(fd))
		die("closing %s", path);
}

/* Sizes around those of blocks and encoded extents, and small enough to be kept in the key. */
static void make_file(struct tree *t, const char *path)
{
	static const u32 sizes[] = { 0,	   1,	 60,   511,   512,   513,   1000,
				     4095, 4096, 4097, 10000, 65535, 65537, 200000 };
	u32 size = sizes[random_below(t, sizeof(sizes) / sizeof(sizes[0]))];

	write_file(t, path, 0, size);
	free(t->latest_file);
	t->latest_file = strdup(path);
}

static void make_sparse_file(struct tree *t, const char *path)
{
	u64 hole = 1 + random_below(t, 1 << 18);

	write_file(t, path, hole, 5000);
	write_file(t, path, 4 * hole, 100);
}

static void add_dir(struct tree *t, const char *path)
{
	t->dirs = realloc(t->dirs, (t->nr_dirs + 1) * sizeof(t->dirs[0]));
	if (!t->dirs || !(t->dirs[t->nr_dirs++] = strdup(path)))
		die("memory");
}

static void make_dir(struct tree *t, const char *path)
{
	if (mkdir(path, 0755))
		die("making %s", path);
	if (strlen(path) < PATH_MAX / 2)
		add_dir(t, path);
}

static void make_symlink(struct tree *t, const char *path)
{
	char target[PATH_MAX] = "";

	memset(target, 'x', 1 + random_below(t, random_below(t, 4) ? 40 : 1000));
	if (symlink(target, path))
		die("making %s", path);
}

static void make_hard_link(struct tree *t, const char *path)
{
	if (!t->latest_file)
		make_file(t, path);
	else if (link(t->latest_file, path))
		die("linking %s", path);
}

static void make_special(struct tree *t, const char *path)
{
	static const mode_t types[] = { S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK };

	if (mknod(path, types[random_below(t, 4)] | 0600, makedev(7, random_below(t, 1000))))
		die("making %s", path);
}

static void set_attributes(struct tree *t, const char *path)
{
	struct timespec times[2];
	struct stat st;
	char value[1500];

	if (lstat(path, &st))
		die("%s", path);
	if (random_below(t, 3) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		size_t len = random_below(t, random_below(t, 4) ? 30 : sizeof(value));

		fill(t, (u8 *)value, len);
		if (lsetxattr(path, "user.some", value, len, 0) ||
		    lsetxattr(path, "trusted.other", "value", 5, 0))
			die("xattr of %s", path);
	}
	if (lchown(path, random_below(t, 2000), random_below(t, 2000)))
		die("owner of %s", path);
	if (!S_ISLNK(st.st_mode) && chmod(path, 0400 | random_below(t, 010000)))
		die("mode of %s", path);
	for (int i = 0; i < 2; i++) {
		times[i].tv_sec = random_below(t, 4000000000);
		times[i].tv_nsec = random_below(t, 1000000000);
	}
	if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW))
		die("times of %s", path);
}

/* One row in turn, so that a small tree has every kind. */
static void (*const makers[])(struct tree *t, const char *path) = {
	make_dir,  make_file,	 make_file, make_symlink, make_file, make_hard_link,
	make_file, make_special, make_file, make_dir,	  make_file, make_sparse_file,
	make_file, make_file,	 make_file, make_file,
};

/* Plain names, one in eight long, one in eight with bytes that are no text. */
static void make_entry(struct tree *t, u64 nr)
{
	char name[256], *path;
	u64 form = random_below(t, 8);
	int len = snprintf(name, sizeof(name), form == 1 ? "\xff odd\n\\ %llu" : "entry-%llu",
			   (unsigned long long)nr);

	if (form == 0) {
		u64 end = len + random_below(t, NAME_MAX + 1 - len);

		memset(name + len, '.', end - len);
		name[end] = 0;
	}
	if (asprintf(&path, "%s/%s", t->dirs[random_below(t, t->nr_dirs)], name) < 0)
		die("memory");
	makers[nr % (sizeof(makers) / sizeof(makers[0]))](t, path);
	set_attributes(t, path);
	free(path);
}

/*
 * Besides the entries: a large file, written over in its middle, and as many files again in one directory,
 * of which every other one is removed.
 */
static void make_tree(struct tree *t, u64 count)
{
	char name[64];

	for (u64 i = 0; i < count; i++)
		make_entry(t, i);

	write_file(t, "large", 0, count << 14);
	write_file(t, "large", count << 12, 123456);

	make_dir(t, "wide");
	for (u64 i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "wide/%llu", (unsigned long long)i);
		write_file(t, name, 0, random_below(t, 3000));
	}
	for (u64 i = 0; i < count; i += 2) {
		snprintf(name, sizeof(name), "wide/%llu", (unsigned long long)i);
		if (unlink(name))
			die("removing %s", name);
	}
}

static void tree(char **arg)
{
	struct tree t = { .random = strtoull(arg[0], NULL, 0) };

	umask(0);
	if (chdir(arg[2]))
		die("%s", arg[2]);
	add_dir(&t, ".");
	make_tree(&t, strtoull(arg[1], NULL, 0));
	free(t.latest_file);
	while (t.nr_dirs--)
		free(t.dirs[t.nr_dirs]);
	free(t.dirs);
}

/* ---- keys and xattrs ---- */

static void key(char **arg)
{
	static const struct {
		const char *name;
		int id;
	} rings[] = {
		{ "session", KEY_SPEC_SESSION_KEYRING },
		{ "user", KEY_SPEC_USER_KEYRING },
		{ "user_session", KEY_SPEC_USER_SESSION_KEYRING },
	};
	int fd = open(arg[2], O_RDONLY);
	char payload[4096];
	ssize_t len = fd < 0 ? -1 : read(fd, payload, sizeof(payload));

	if (len < 0)
		die("%s", arg[2]);
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		if (strcmp(rings[i].name, arg[0]))
			continue;
		if (syscall(SYS_add_key, "user", arg[1], payload, len, rings[i].id) < 0)
			die("adding key %s", arg[1]);
		return;
	}
	errno = EINVAL;
	die("keyring %s", arg[0]);
}

static void xattr_set(char **arg)
{
	if (lsetxattr(arg[0], arg[1], arg[2], strlen(arg[2]), 0))
		die("setting %s of %s", arg[1], arg[0]);
}

static void xattr_get(char **arg)
{
	char value[XATTR_SIZE_MAX];
	ssize_t len = lgetxattr(arg[0], arg[1], value, sizeof(value));

	if (len < 0)
		die("reading %s of %s", arg[1], arg[0]);
	fwrite(value, 1, len, stdout);
}

static const struct {
	const char *name;
	int nr_args;
	const char *args;
	void (*run)(char **arg);
} commands[] = {
	{ "tree", 3, "SEED COUNT DIR", tree },
	{ "manifest", 1, "DIR", manifest },
	{ "key", 3, "session|user|user_session DESCRIPTION PAYLOAD-FILE", key },
	{ "xattr-set", 3, "PATH NAME VALUE", xattr_set },
	{ "xattr-get", 2, "PATH NAME", xattr_get },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (argc == commands[i].nr_args + 2 && !strcmp(argv[1], commands[i].name)) {
			commands[i].run(argv + 2);
			if (fflush(stdout))
				die("standard output");
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "vmh %s %s\n", commands[i].name, commands[i].args);
	return 2;
}
