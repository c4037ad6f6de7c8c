// SPDX-License-Identifier: GPL-2.0-or-later
/* Trees that filesystems are filled with: a directory, and what GNU tar makes of it, are the same to us. */

#include <sys/wait.h>
#include "../io/temp.h"
#include "ops/source.h"

/* What there is, as text: each name in its order, then its file. */
struct shown {
	struct bch_source *s;
	struct bch_buf text;
};

static u64 hash(u64 h, const void *p, size_t len)
{
	const u8 *b = p;

	for (size_t i = 0; i < len; i++)
		h = (h ^ b[i]) * 1099511628211U;
	return h;
}

/* The bytes that are not zero, with their places: so holes and zeroes are the same. */
static int show_data(struct shown *o, u32 file)
{
	static u8 buf[4096];
	u64 start, end = 0, h = 0;
	int more = 0, err = o->s->ops->open(o->s, file);

	while (!err && (more = o->s->ops->data(o->s, end, &start, &end)) > 0)
		for (; !err && start < end; start += sizeof(buf)) {
			size_t len = end - start < sizeof(buf) ? end - start : sizeof(buf);

			err = o->s->ops->read(o->s, buf, len, start);
			for (size_t i = 0; !err && i < len; i++) {
				u64 at = start + i;

				if (buf[i])
					h = hash(hash(h, &at, 8), buf + i, 1);
			}
		}
	bch_buf_put(&o->text, " data %" PRIx64, h);
	return err ? err : more < 0 ? more : 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct bch_file_xattr *)a)->name,
		      ((const struct bch_file_xattr *)b)->name);
}

static int show_xattrs(struct shown *o, u32 file)
{
	struct bch_file_xattrs x bch_auto(file_xattrs) = { 0 };
	int err = o->s->ops->xattrs(o->s, file, &x);

	if (x.nr)
		qsort(x.v, x.nr, sizeof(*x.v), compare);
	for (size_t i = 0; i < x.nr; i++) {
		bch_buf_put(&o->text, " %s=", x.v[i].name);
		bch_buf_hex(&o->text, x.v[i].value, x.v[i].len);
	}
	return err;
}

static int show_file(struct shown *o, u32 file)
{
	const struct bch_source_file *f = &o->s->files.v[file];
	int err = 0;

	bch_source_relative(o->s, file, &o->text);
	bch_buf_put(&o->text, ": %o %u:%u %u:%u names %u size %" PRIu64 " at %" PRId64, f->mode,
		    f->uid, f->gid, f->major, f->minor, f->nr_names, f->size, f->mtime);
	if (S_ISREG(f->mode))
		err = show_data(o, file);
	if (S_ISLNK(f->mode)) {
		bch_buf_puts(&o->text, " to ");
		err = o->s->ops->target(o->s, file, &o->text);
	}
	if (!err)
		err = show_xattrs(o, file);
	for (const struct bch_source_name *n = S_ISDIR(f->mode) ? bch_source_first(o->s, file)
								: NULL;
	     n; n = bch_source_next(n)) {
		bch_buf_puts(&o->text, " / ");
		bch_source_relative(o->s, n->file, &o->text);
	}
	bch_buf_putc(&o->text, '\n');
	return err;
}

/* The error of looking at all of it; the text is to be freed. */
static int show(struct temp *t, const struct bch_source_opts *opts, char **text)
{
	struct shown o = { 0 };
	int err = bch_source_open(t->ctx, opts, &o.s);

	for (size_t i = 0; !err && i < o.s->order.nr; i++)
		err = show_file(&o, o.s->order.v[i]);
	bch_source_close(o.s);
	if (text)
		*text = bch_buf_take(&o.text);
	bch_buf_end(&o.text);
	return err;
}

static char *shown(struct temp *t, const char *path)
{
	const struct bch_source_opts opts = { .path = path, .now_ns = 1 };
	char *text;
	int err = show(t, &opts, &text);

	if (err)
		fail_msg("%s", bch_error_message(t->ctx, err));
	return text;
}

/* All types and what they may have; as root, or what else may be made. */
static void make_tree(const char *at)
{
	assert_int_equal(
		temp_run("mkdir %s && cd %s && mkdir -p d/e lost+found/x empty && echo hello "
			 ">d/file && ln d/file "
			 "d/e/link && ln d/file z && ln -s ../far/away d/sym && mkfifo fifo && "
			 "touch -d '1969-12-31 23:59:58.25 UTC' d/old && touch -d '2040-01-01 "
			 "00:00:00.123456789 UTC' z "
			 "&& chmod 4751 d/old && touch $(printf 'n%%.0s' $(seq 255)) \"$(printf "
			 "'a\\377\\nb')\"",
			 at, at),
		0);
	assert_int_equal(
		temp_run("cd %s && truncate -s 3M sparse && for i in 1 5 9 33 70 71 72 200 201 300 "
			 "400 500 501; do "
			 "printf x%%d $i | dd of=sparse bs=4096 seek=$i conv=notrunc status=none; "
			 "done && "
			 "truncate -s 1G hole && seq 100000 >numbers && printf tail >>hole",
			 at),
		0);
	if (!geteuid())
		assert_int_equal(temp_run("cd %s && mknod c c 5 300 && mknod b b 8 70000 && "
					  "chown 70000:3000000000 d/e",
					  at),
				 0);
	assert_int_equal(
		temp_run("cd %s && setfattr -n user.a=b%%c -v 'v\n' numbers && "
			 "setfattr -n user.empty d && setfacl -m u:12:rwx,g:13:r-x d/file && "
			 "setfacl -d -m u:0:r d/e",
			 at),
		0);
}

static void an_archive_is_the_same_as_the_directory(void **state)
{
	static const char *const formats[] = {
		"--format=pax --xattrs --xattrs-include='*' --acls --sparse",
		"--format=pax --xattrs --xattrs-include='*' --acls",
		"--format=pax --xattrs --xattrs-include='*' --acls --sparse --sparse-version=0.0",
		"--format=pax --xattrs --xattrs-include='*' --acls --sparse --sparse-version=0.1",
	};
	struct temp *t = *state;
	char *tree = temp_path(t, "tree"), *tar = temp_path(t, "tar");
	char *want;

	make_tree(tree);
	want = shown(t, tree);
	assert_non_null(strstr(want, "d/e/link: 100664 0:0 0:0 names 3")
				?: strstr(want, "names 3"));
	assert_null(strstr(want, "lost+found"));
	for (size_t i = 0; i < bch_array_size(formats); i++) {
		char *got;

		assert_int_equal(
			temp_run("tar -c --numeric-owner %s -f %s -C %s .", formats[i], tar, tree),
			0);
		got = shown(t, tar);
		assert_string_equal(got, want);
		free(got);
	}
	free(want);
	free(tree);
	free(tar);
}

/* These formats have whole seconds, and no attributes. */
static void old_formats_are_read(void **state)
{
	static const char *const formats[] = { "gnu --sparse", "gnu", "ustar", "v7",
					       "oldgnu --sparse" };
	struct temp *t = *state;
	char *tree = temp_path(t, "old"), *tar = temp_path(t, "old.tar");
	char *want;

	assert_int_equal(temp_run("mkdir -p %s/d/e && cd %s && seq 50000 >d/e/f && ln d/e/f g && "
				  "ln -s g s && "
				  "truncate -s 2M sparse && for i in 3 8 20 30 40 50 60 70 80 90 "
				  "100 110 120 130 140 150 "
				  "160 170 180 190 200 210 220 230 240 250 260 270 280 290 300 310 "
				  "320 330; do echo $i | "
				  "dd of=sparse bs=4096 seek=$i conv=notrunc status=none; done && "
				  "find . -exec touch -h -d @7 {} +",
				  tree, tree),
			 0);
	want = shown(t, tree);
	for (size_t i = 0; i < bch_array_size(formats); i++) {
		char *got;

		assert_int_equal(temp_run("tar -c --numeric-owner --format=%s -f %s -C %s .",
					  formats[i], tar, tree),
				 0);
		got = shown(t, tar);
		assert_string_equal(got, want);
		free(got);
	}
	free(want);
	free(tree);
	free(tar);
}

static void excluded_names_are_left_out_but_not_other_names_of_their_files(void **state)
{
	static const char *const patterns[] = { "*.o", "/a/b", "c/d*" };
	struct temp *t = *state;
	struct bch_source_opts opts = {
		.excludes = patterns, .nr_excludes = 3, .has_owner = true, .uid = 7, .gid = 8
	};
	char *tree = temp_path(t, "excluded"), *tar = temp_path(t, "excluded.tar");
	char *texts[2];

	assert_int_equal(temp_run("mkdir -p %s/a/b/x %s/c/dd/y %s/q/a/b && cd %s && touch a/b/f "
				  "c/e q/1.o q/a/b/f && echo "
				  "x >a/b/first && ln a/b/first q/last && find . -exec touch -h -d "
				  "@7 {} + && tar cf %s .",
				  tree, tree, tree, tree, tar),
			 0);
	opts.path = tree;
	assert_int_equal(show(t, &opts, &texts[0]), 0);
	opts.path = tar;
	assert_int_equal(show(t, &opts, &texts[1]), 0);
	assert_string_equal(texts[0], texts[1]);
	assert_non_null(strstr(texts[0], "q/last: 100644 7:8"));
	assert_non_null(strstr(texts[0], "q/a/b/f"));
	assert_null(strstr(texts[0], "first"));
	assert_null(strstr(texts[0], ".o"));
	assert_null(strstr(texts[0], "c/dd"));
	free(texts[0]);
	free(texts[1]);
	free(tree);
	free(tar);
}

/* Python's module writes what GNU tar would not. */
static void check_odd(struct temp *t, const char *members, int want, const char *has)
{
	char *tar = temp_path(t, "odd.tar"), *text = NULL;
	const struct bch_source_opts opts = { .path = tar, .now_ns = 5 };
	int err;

	assert_int_equal(temp_run("python3 -c \"\nimport tarfile, io\nt = tarfile.open('%s', 'w', "
				  "format=tarfile.PAX_FORMAT)\n"
				  "def f(name, type=b'0', data=b'', link='', **pax):\n"
				  " i = tarfile.TarInfo(name); i.type = type; i.size = len(data); "
				  "i.linkname = link; i.pax_headers = pax\n"
				  " t.addfile(i, io.BytesIO(data))\n%s\nt.close()\"",
				  tar, members),
			 0);
	err = show(t, &opts, &text);
	if (err != -want)
		fail_msg("%s: %s", members, bch_error_message(t->ctx, err));
	if (has && (!text || !strstr(text, has)))
		fail_msg("%s: '%s' is not in: %s", members, has, text);
	free(text);
	free(tar);
}

static void later_members_replace_earlier_ones(void **state)
{
	struct temp *t = *state;

	check_odd(t, "f('a', data=b'1'); f('a', data=b'22')", 0,
		  "a: 100644 0:0 0:0 names 1 size 2");
	check_odd(t, "f('a', b'5'); f('a/b'); f('a', b'5')", 0, "a/b:");
	check_odd(t, "f('a', b'5'); f('a/b'); f('a')", 0, "a: 100644");
	check_odd(t, "f('/abs//./x')", 0, "abs: 40755 0:0 0:0 names 1 size 0 at 5 / abs/x");
	check_odd(t, "f('a'); f('b', b'1', link='a'); f('a', data=b'22')", 0,
		  "b: 100644 0:0 0:0 names 1 size 0");
}

static void hostile_members_are_refused(void **state)
{
	struct temp *t = *state;

	check_odd(t, "f('../x')", BCH_ERR_refused, NULL);
	check_odd(t, "f('a/../../x')", BCH_ERR_refused, NULL);
	check_odd(t, "f('a'); f('a/b')", BCH_ERR_not_a_directory, NULL);
	check_odd(t, "f('b', b'1', link='nothing')", BCH_ERR_not_found, NULL);
	check_odd(t, "f('d', b'5'); f('b', b'1', link='d')", BCH_ERR_not_found, NULL);
	check_odd(t, "f('x' * 600)", BCH_ERR_name_too_long, NULL);
	check_odd(t, "f('m', b'M')", BCH_ERR_invalid_argument, NULL);
	check_odd(t, "f('s', data=b'abc', **{'GNU.sparse.map': '0,2,1,1', 'GNU.sparse.size': '9'})",
		  BCH_ERR_invalid_argument, NULL);
	check_odd(t, "f('s', data=b'abc', **{'GNU.sparse.map': '0,4', 'GNU.sparse.size': '9'})",
		  BCH_ERR_invalid_argument, NULL);
	check_odd(t,
		  "f('s', data=b'9999999\\n', **{'GNU.sparse.major': '1', 'GNU.sparse.realsize': "
		  "'9'})",
		  BCH_ERR_invalid_argument, NULL);
	check_odd(t,
		  "f('s', data=b'18446744073709551615\\n', **{'GNU.sparse.major': '1', "
		  "'GNU.sparse.realsize': '9'})",
		  BCH_ERR_invalid_argument, NULL);
	check_odd(t, "f('s', **{'SCHILY.acl.access': 'user:no one:rw-'})", BCH_ERR_invalid_argument,
		  NULL);
	check_odd(t, "f('s', mtime='99999999999999999999')", BCH_ERR_invalid_argument, NULL);
}

static void an_archive_comes_through_a_pipe(void **state)
{
	struct temp *t = *state;
	char *tree = temp_path(t, "piped"), *want, *got;
	int fds[2], in = dup(STDIN_FILENO);
	pid_t pid;

	assert_int_equal(temp_run("mkdir %s && seq 100000 >%s/f", tree, tree), 0);
	want = shown(t, tree);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execlp("tar", "tar", "--format=pax", "-cf", "-", "-C", tree, ".", NULL);
		_exit(127);
	}
	close(fds[1]);
	dup2(fds[0], STDIN_FILENO);
	close(fds[0]);
	got = shown(t, "-");
	dup2(in, STDIN_FILENO);
	close(in);
	waitpid(pid, NULL, 0);
	assert_string_equal(got, want);
	free(want);
	free(got);
	free(tree);
}

/* No crash, whatever the bytes are; cut anywhere it is an error, or a whole number of members. */
static void damaged_archives_are_read_or_refused(void **state)
{
	struct temp *t = *state;
	char *tree = temp_path(t, "damaged"), *tar = temp_path(t, "damaged.tar");
	const struct bch_source_opts opts = { .path = tar };
	static u8 bytes[65536];
	size_t len, refused = 0;
	int fd;

	assert_int_equal(temp_run("mkdir %s && cd %s && truncate -s 64K s && echo x >>s && "
				  "setfattr -n user.a -v b s && "
				  "tar -c --format=pax --xattrs --sparse -f %s . && tar -r "
				  "--format=gnu --sparse -f %s s",
				  tree, tree, tar, tar),
			 0);
	fd = open(tar, O_RDWR);
	len = (size_t)read(fd, bytes, sizeof(bytes));
	for (size_t i = 0; i < len; i += 7) {
		u8 byte = (u8)(bytes[i] ^ (1 + t->random++ % 255));

		assert_int_equal(pwrite(fd, &byte, 1, (off_t)i), 1);
		refused += show(t, &opts, NULL) != 0;
		assert_int_equal(pwrite(fd, bytes + i, 1, (off_t)i), 1);
	}
	assert_true(refused > len / 50);
	for (size_t i = len - 1; i > 0; i -= i > 97 ? 97 : i) {
		assert_int_equal(ftruncate(fd, (off_t)i), 0);
		(void)show(t, &opts, NULL);
	}
	close(fd);
	free(tree);
	free(tar);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_archive_is_the_same_as_the_directory),
		cmocka_unit_test(old_formats_are_read),
		cmocka_unit_test(excluded_names_are_left_out_but_not_other_names_of_their_files),
		cmocka_unit_test(later_members_replace_earlier_ones),
		cmocka_unit_test(hostile_members_are_refused),
		cmocka_unit_test(an_archive_comes_through_a_pipe),
		cmocka_unit_test(damaged_archives_are_read_or_refused),
	};

	return cmocka_run_group_tests(tests, temp_setup, temp_teardown);
}
