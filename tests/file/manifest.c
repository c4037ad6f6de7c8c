// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every file of every image is as the kernel showed it: type, mode, owner, size, links, times, devices, targets,
 * attributes, holes, contents.
 */

#include "../btree/image.h"

#include <sodium.h>
#include <sys/stat.h>

#include <bcachefs/file.h>
#include <bcachefs/journal.h>

/* Lines of a manifest, as shared/images/INDEX.md describes them. */
struct lines {
	BCH_ARRAY(char *) a;
};

static void lines_end(struct lines *lines)
{
	for (size_t i = 0; i < lines->a.nr; i++)
		free(lines->a.v[i]);
	bch_array_end(&lines->a);
}

static int compare_lines(const void *l, const void *r)
{
	return strcmp(*(char *const *)l, *(char *const *)r);
}

/* ------------------------------------------------------------------ what the kernel showed */

/* A file that could not be read: how far a kernel got depends on what it read ahead. */
#define LOST "READERR5"

static void put_facts(struct bch_buf *out, const char *line, size_t len)
{
	const char *lost = memmem(line, len, LOST "@", strlen(LOST "@"));
	size_t before = lost ? (size_t)(lost - line) + strlen(LOST) : len;
	const char *after = lost ? lost + strcspn(lost, "\t") : line + len;

	bch_buf_mem(out, line, before);
	bch_buf_mem(out, after, (size_t)(line + len - after));
}

/* The extra facts that depend on the mount, or that stat does not give, go. */
static void put_extra(struct bch_buf *out, char *extra)
{
	static const char *const kept[] = { "ino=", "blocks=", "ctime=", "btime=", "segs=" };
	char *save, *word = strtok_r(extra, " \t\n", &save);

	for (; word; word = strtok_r(NULL, " \t\n", &save))
		for (size_t i = 0; i < bch_array_size(kept); i++)
			if (!strncmp(word, kept[i], strlen(kept[i])))
				bch_buf_put(out, " %s", word);
}

static void read_manifest(const char *dir, struct lines *lines)
{
	char command[512], *line = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(command, sizeof(command),
		 "cat %s/manifest.txt 2>/dev/null || zstd -qdc %s/manifest.txt.zst", dir, dir);
	f = popen(command, "r");
	assert_non_null(f);
	while (getline(&line, &size, f) > 0) {
		struct bch_buf kept bch_auto(buf) = { 0 };
		char *extra = strrchr(line, '\t');

		if (*line == '#' || !extra)
			continue;
		put_facts(&kept, line, (size_t)(extra - line));
		put_extra(&kept, extra);
		assert_int_equal(bch_array_push(&lines->a, bch_buf_take(&kept)), 0);
	}
	free(line);
	pclose(f);
	assert_true(lines->a.nr > 0);
}

/* ------------------------------------------------------------------ what we show */

static void put_text(struct bch_buf *out, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		u8 c = (u8)p[i];

		if (c <= 0x20 || c >= 0x7f || c == '\\')
			bch_buf_put(out, "\\x%02x", c);
		else
			bch_buf_putc(out, (char)c);
	}
}

static void put_time(struct bch_buf *out, struct bch_time time)
{
	bch_buf_put(out, "%" PRId64 ".%09u", time.sec, time.nsec);
}

static int hash_data(void *arg, void *buf, size_t len, u64 offset)
{
	crypto_hash_sha256_update(arg, buf, len);
	return 0;
}

static void put_hash(struct bch_buf *out, struct bch_fs *fs, const struct bch_file *file)
{
	crypto_hash_sha256_state sha;
	struct bch_file_sink sink = { .arg = &sha, .data = hash_data };
	u8 hash[crypto_hash_sha256_BYTES];
	int err;

	crypto_hash_sha256_init(&sha);
	err = bch_file_stream(fs, file, 0, BCH_U64_MAX, &sink);
	if (err) {
		assert_int_equal(err, -BCH_ERR_data_lost);
		bch_buf_puts(out, LOST);
		return;
	}
	crypto_hash_sha256_final(&sha, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		bch_buf_put(out, "%02x", hash[i]);
}

static void put_target(struct bch_buf *out, struct bch_fs *fs, const struct bch_file *file,
		       const struct bch_stat *st)
{
	struct bch_buf target bch_auto(buf) = { 0 };

	if (S_ISLNK(st->mode)) {
		assert_int_equal(bch_file_readlink(fs, file, &target), 0);
		put_text(out, bch_buf_str(&target), target.len);
	} else if (S_ISCHR(st->mode) || S_ISBLK(st->mode)) {
		bch_buf_put(out, "%u:%u", st->major, st->minor);
	} else {
		bch_buf_putc(out, '-');
	}
}

static void put_xattrs(struct bch_buf *out, struct bch_fs *fs, const struct bch_file *file)
{
	struct bch_file_xattrs x bch_auto(file_xattrs) = { 0 };

	assert_int_equal(bch_file_xattrs_read(fs, file, &x), 0);
	for (size_t i = 0; i < x.nr; i++) {
		if (i)
			bch_buf_putc(out, ',');
		put_text(out, x.v[i].name, strlen(x.v[i].name));
		bch_buf_putc(out, '=');
		for (size_t j = 0; j < x.v[i].len; j++)
			bch_buf_put(out, "%02x", ((const u8 *)x.v[i].value)[j]);
	}
	if (!x.nr)
		bch_buf_putc(out, '-');
}

/* The runs of data, where there is a hole too. */
static void put_segments(struct bch_buf *out, struct bch_fs *fs, const struct bch_file *file,
			 u64 size)
{
	struct bch_buf segs bch_auto(buf) = { 0 };
	u64 start = 0, end = 0, covered = 0;

	while (!bch_file_seek(fs, file, end, true, &start)) {
		assert_int_equal(bch_file_seek(fs, file, start, false, &end), 0);
		bch_buf_put(&segs, "%s%" PRIu64 "+%" PRIu64, segs.len ? "," : "", start,
			    end - start);
		covered += end - start;
	}
	if (covered != size)
		bch_buf_put(out, " segs=%s", segs.len ? bch_buf_str(&segs) : "none");
}

static char *make_line(struct bch_fs *fs, const char *path, const struct bch_file *file,
		       const struct bch_stat *st)
{
	static const char types[] = "?pc?d?b?f?l?s???";
	struct bch_buf line bch_auto(buf) = { 0 };

	bch_buf_put(&line, "%c\t%s\t%04o\t%u\t%u\t%" PRIu64 "\t%u\t", types[st->mode >> 12], path,
		    st->mode & 07777, st->uid, st->gid, st->size, st->nlink);
	put_time(&line, st->mtime);
	bch_buf_putc(&line, '\t');
	put_target(&line, fs, file, st);
	bch_buf_putc(&line, '\t');
	if (S_ISREG(st->mode))
		put_hash(&line, fs, file);
	else
		bch_buf_putc(&line, '-');
	bch_buf_putc(&line, '\t');
	put_xattrs(&line, fs, file);
	bch_buf_put(&line, " ino=%" PRIu64 " blocks=%" PRIu64 " ctime=", st->inum, st->nr_sectors);
	put_time(&line, st->ctime);
	bch_buf_puts(&line, " btime=");
	put_time(&line, st->otime);
	if (S_ISREG(st->mode))
		put_segments(&line, fs, file, st->size);
	return bch_buf_take(&line);
}

static void walk(struct bch_fs *fs, const char *path, const struct bch_file *file,
		 struct lines *lines)
{
	struct bch_dir *dir bch_auto(dir) = NULL;
	struct bch_dir_entry e;
	struct bch_stat st;
	int more;

	assert_int_equal(bch_file_stat(fs, file, &st), 0);
	assert_int_equal(bch_array_push(&lines->a, make_line(fs, *path ? path : "/", file, &st)),
			 0);
	if (!S_ISDIR(st.mode))
		return;
	assert_int_equal(bch_dir_open(fs, file, 0, &dir), 0);
	while ((more = bch_dir_next(dir, &e)) > 0) {
		struct bch_buf below bch_auto(buf) = { 0 };
		struct bch_file found;

		bch_buf_put(&below, "%s/", path);
		put_text(&below, e.name, e.name_len);
		assert_int_equal(bch_dir_lookup(fs, file, e.name, e.name_len, &found), 0);
		assert_memory_equal(&found, &e.file, sizeof(found));
		walk(fs, bch_buf_str(&below), &e.file, lines);
	}
	assert_int_equal(more, 0);
}

/* ------------------------------------------------------------------ held against each other */

static u32 compare(const char *dir, struct lines *have, struct lines *want)
{
	size_t i = 0, j = 0;
	u32 nr = 0;

	qsort(have->a.v, have->a.nr, sizeof(*have->a.v), compare_lines);
	qsort(want->a.v, want->a.nr, sizeof(*want->a.v), compare_lines);
	while (i < have->a.nr || j < want->a.nr) {
		int order = i == have->a.nr   ? 1
			    : j == want->a.nr ? -1
					      : strcmp(have->a.v[i], want->a.v[j]);

		if (order && nr++ < 6)
			print_error("%s: %s: %s\n", dir, order < 0 ? "have" : "want",
				    order < 0 ? have->a.v[i] : want->a.v[j]);
		i += order <= 0;
		j += order >= 0;
	}
	return nr;
}

static u32 check_image(struct temp *t, const char *dir)
{
	struct image image = image_unpack(t, dir);
	struct lines have = { 0 }, want = { 0 };
	struct bch_file root;
	u32 nr;

	image_open_fs(&image);
	assert_int_equal(bch_fs_start(image.fs, NULL), 0);
	assert_int_equal(bch_files_start(image.fs, NULL), 0);
	assert_int_equal(bch_file_subvol_root(image.fs, 1, &root), 0);
	walk(image.fs, "", &root, &have);
	read_manifest(dir, &want);
	nr = compare(dir, &have, &want);
	lines_end(&have);
	lines_end(&want);
	image_end(&image);
	return nr;
}

static void every_file_is_as_the_kernel_showed_it(void **state)
{
	glob_t dirs = image_dirs("manifest.txt*");
	u32 nr = 0;

	for (size_t i = 0; i < dirs.gl_pathc; i++)
		nr += check_image(*state, dirs.gl_pathv[i]);
	globfree(&dirs);
	assert_int_equal(nr, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_file_is_as_the_kernel_showed_it, temp_setup,
						temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
