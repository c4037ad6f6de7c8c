// SPDX-License-Identifier: GPL-2.0-or-later
/* Journals that kernels wrote are listed as the tools of their time do; rewinds of them. */

#include "../btree/image.h"

#include <bcachefs/journal.h>
#include "base/array.h"
#include "journal/journal.h"

#define LINE_MAX 32768

/* 1.28's tool stops in the middle of some entries: what it prints is a part of what there is. */
#define VERSION_PARTIAL BCH_VERSION(1, 20)

struct lines {
	BCH_ARRAY(char *) a;
};

static void lines_end(struct lines *lines)
{
	for (size_t i = 0; i < lines->a.nr; i++)
		free(lines->a.v[i]);
	bch_array_end(&lines->a);
}

/* Ends the line before what differs between runs and hosts: addresses, control characters. */
static void cut_behind(char *line, const char *word)
{
	char *at = strstr(line, word);

	if (at)
		at[strlen(word)] = 0;
}

/* "  written at      13-k616- 0:1:0 (sector 5120)": without the devices' names. */
static void drop_device_names(char *line)
{
	char *out = line, *word, *rest = line;

	while ((word = strtok_r(rest, " ", &rest)))
		if (strpbrk(word, ":()") || strspn(word, "0123456789)") == strlen(word))
			out += sprintf(out, "%s ", word);
}

static void add_line(struct lines *lines, char *line)
{
	size_t len = strlen(line);

	if (strstr(line, "written at"))
		drop_device_names(line);
	cut_behind(line, ": datalen");
	cut_behind(line, "deleting from trees");
	len = strlen(line);
	while (len && strchr(" \n", line[len - 1]))
		line[--len] = 0;
	if (strncmp(line, "    interior ", 13) &&
	    len) /* a newline within a log message: we escape it */
		assert_int_equal(bch_array_push(&lines->a, strdup(line)), 0);
}

static struct lines read_lines(const char *dir, const char *name, const char *first)
{
	struct lines lines = { 0 };
	static char line[LINE_MAX];
	char command[512];
	bool begun = false;
	FILE *file;

	snprintf(command, sizeof(command), "cat %s/%s 2>/dev/null || zstd -qdc %s/%s.zst", dir,
		 name, dir, name);
	file = popen(command, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		begun |= !strncmp(line, first, strlen(first));
		if (begun)
			add_line(&lines, line);
	}
	pclose(file);
	return lines;
}

/* ------------------------------------------------------------------ list */

static int take_lines(void *arg, const char *text)
{
	char *copy = strdup(text), *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		add_line(arg, line);
	free(copy);
	return 0;
}

/* Every line that is wanted is there, in order; @all: and no other. */
static void assert_lines(const struct image *image, const struct lines *want,
			 const struct lines *have, bool all)
{
	size_t at = 0;

	for (size_t i = 0; i < want->a.nr; i++, at++) {
		while (!all && at < have->a.nr && strcmp(have->a.v[at], want->a.v[i]))
			at++;
		if (at == have->a.nr)
			fail_msg("%s: line %zu is missing: %s", image->dir, i, want->a.v[i]);
		assert_string_equal(have->a.v[at], want->a.v[i]);
	}
	assert_true(!all || at == have->a.nr);
}

/* Items of the removed device 0 print differently: its bucket size is not known any more. */
static bool is_comparable(const char *dir)
{
	return !strstr(dir, "09-devices-changed") && !strstr(dir, "13-v131-k616");
}

static void compare_list(struct image *image)
{
	const struct bch_journal_filter filter = {
		.all = true,
		.blacklisted = true,
		.last_seq = BCH_U64_MAX,
	};
	const struct bch_journal_form form = { 0 };
	bool all = le16_get(image->fs->super.sb->version) < VERSION_PARTIAL;
	struct lines want = read_lines(image->dir, "list_journal.txt", "journal entry");
	struct lines have = { 0 };

	assert_int_equal(bch_journal_list(image->fs, &filter, &form, take_lines, &have), 0);
	assert_true(want.a.nr > 0);
	assert_lines(image, &want, &have, all);
	assert_string_equal(image->t->warned, "");
	lines_end(&want);
	lines_end(&have);
}

static void journals_are_listed_as_the_reference_tools_do(void **state)
{
	glob_t dirs = image_dirs("list_journal.txt*");

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image;

		if (!is_comparable(dirs.gl_pathv[i]))
			continue;
		image = image_unpack(*state, dirs.gl_pathv[i]);
		image_open_fs(&image);
		compare_list(&image);
		image_end(&image);
	}
	globfree(&dirs);
}

static bool was_cancelled(void *nr_texts)
{
	return *(const int *)nr_texts > 0;
}

static int count_texts(void *arg, const char *text)
{
	int *nr_texts = arg;

	*nr_texts += text[0] != 0;
	return 0;
}

/* From the first text on it is: in the middle of an entry. */
static void a_list_that_is_cancelled_ends_before_the_next_item(void **state)
{
	static const struct bch_callbacks callbacks = { .cancelled = was_cancelled };
	static const struct bch_journal_filter all = { .all = true, .last_seq = BCH_U64_MAX };
	const struct bch_journal_form form = { 0 };
	int nr_texts = 0;
	struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(&callbacks, &nr_texts);
	struct temp t = *(struct temp *)*state;
	struct image image = image_unpack(&t, "tests/images/10-crash-d");

	t.ctx = ctx;
	image_open_fs(&image);
	assert_int_equal(bch_journal_list(image.fs, &all, &form, count_texts, &nr_texts),
			 -BCH_ERR_cancelled);
	assert_int_equal(nr_texts, 1);
	image_end(&image);
}

/* ------------------------------------------------------------------ where the journal is */

static const char *warning_of_reading(void *t, const char *dir, bool clean)
{
	struct image image = image_unpack(t, dir);
	struct bch_journal *j;

	image_open_fs(&image);
	bch_sb_flag_set(image.fs->super.sb, BCH_SB_CLEAN, clean);
	assert_int_equal(bch_journal_read(image.fs, &j), 0);
	assert_true(j->entries.a.nr > 0);
	bch_journal_free(j);
	image_end(&image);
	return image.t->warned;
}

static void the_journal_that_nothing_marks_is_read_and_of_unclean_ones_said(void **state)
{
	assert_string_equal(warning_of_reading(*state, "tests/images/139-fresh", true), "");
	assert_non_null(strstr(warning_of_reading(*state, "tests/images/139-fresh", false),
			       "marks no open member as holding journal"));
}

/* ------------------------------------------------------------------ rewind */

static u64 count_keys(struct bch_fs *fs, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	u64 nr = 0;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		nr++;
	assert_int_equal(more, 0);
	return nr;
}

static u64 count_inodes(void *t, const char *dir, const struct bch_start_opts *opts)
{
	struct image image = image_unpack(t, dir);
	u64 nr;

	image_open_fs(&image);
	assert_int_equal(bch_fs_start(image.fs, opts), 0);
	nr = count_keys(image.fs, BCH_BTREE_inodes);
	image_end(&image);
	return nr;
}

#define CRASHED "tests/images/10-crash-d"

static void rewinding_to_the_newest_entry_changes_nothing(void **state)
{
	struct bch_start_opts newest = { .rewind = true, .rewind_to = 1615 };

	assert_int_equal(count_inodes(*state, CRASHED, &newest),
			 count_inodes(*state, CRASHED, NULL));
}

static void files_made_after_the_entry_are_not_there_after_a_rewind(void **state)
{
	struct bch_start_opts earlier = { .rewind = true, .rewind_to = 1500 };

	assert_true(count_inodes(*state, CRASHED, &earlier) < count_inodes(*state, CRASHED, NULL));
}

static void the_journal_is_not_rewound_past_its_oldest_entry(void **state)
{
	struct image image = image_unpack(*state, CRASHED);
	struct bch_start_opts too_far = { .rewind = true, .rewind_to = 1 };

	image_open_fs(&image);
	assert_int_equal(bch_fs_start(image.fs, &too_far), -BCH_ERR_out_of_range);
	image_end(&image);
}

static void without_the_journal_older_keys_are_seen(void **state)
{
	struct bch_start_opts no_journal = { .no_journal = true };

	assert_true(count_inodes(*state, CRASHED, &no_journal) !=
		    count_inodes(*state, CRASHED, NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(journals_are_listed_as_the_reference_tools_do),
		TEST(a_list_that_is_cancelled_ends_before_the_next_item),
		TEST(the_journal_that_nothing_marks_is_read_and_of_unclean_ones_said),
		TEST(rewinding_to_the_newest_entry_changes_nothing),
		TEST(files_made_after_the_entry_are_not_there_after_a_rewind),
		TEST(the_journal_is_not_rewound_past_its_oldest_entry),
		TEST(without_the_journal_older_keys_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
