// SPDX-License-Identifier: GPL-2.0-or-later
/* Every key that a kernel wrote is valid, and prints as the tools of its time print it. Format reference: 02 §3, 04 to 06. */

#include "image.h"

/* Tools of 1.31 wrote the list of this one. */
#define OF_NEWER_TOOLS "13-v131-k616"
#define NEWER_TOOLS    BCH_VERSION(1, 31)

/* Tools up to 1.28 print where inline data lies in their memory, we print the data. */
#define NO_DATA ": datalen "

/* The whole of list.txt. */
static void read_list(struct bch_buf *out, const char *dir)
{
	char command[512], chunk[65536];
	size_t len;
	FILE *list;

	snprintf(command, sizeof(command),
		 "cat %s/list.txt 2>/dev/null || zstd -qdc %s/list.txt.zst", dir, dir);
	list = popen(command, "r");
	assert_non_null(list);
	while ((len = fread(chunk, 1, sizeof(chunk), list)))
		bch_buf_mem(out, chunk, len);
	assert_int_equal(pclose(list), 0);
}

/* The lines below the heading of @btree, up to the next one; an empty line at the end belongs to none. */
static struct bch_bytes lines_of_btree(const char *list, const char *btree)
{
	char heading[64];
	const char *from, *to;

	snprintf(heading, sizeof(heading), "== btree %s\n", btree);
	from = strstr(list, heading);
	if (!from)
		return (struct bch_bytes){ (const u8 *)"", 0 };
	from += strlen(heading);
	to = strncmp(from, "== btree", 8) ? strstr(from, "\n== btree") : from - 1;
	if (to)
		return (struct bch_bytes){ (const u8 *)from, (size_t)(to + 1 - from) };
	return (struct bch_bytes){ (const u8 *)from, strlen(from) };
}

static void keys_of_btree(struct bch_buf *out, const struct image *image, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(image->fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key_fs fs;
	const struct bch_key_context c = { .version = le16_get(image->fs->super.sb->version),
					   .btree_id = btree_id,
					   .fs = &fs };
	struct bch_key_context form = c;
	struct bch_key k;
	int more;

	bch_key_fs_init(&fs, &image->fs->super);
	if (strstr(image->dir, OF_NEWER_TOOLS))
		form.version = NEWER_TOOLS;
	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		assert_int_equal(bch_key_validate(&k, &c, NULL), BCH_KEY_VALID);
		bch_key_text_put(out, &k, &form);
		bch_buf_newline(out);
	}
	assert_int_equal(more, 0);
}

/* Newer tools end some lines with blanks. */
static size_t line_len(const char *line, bool trimmed)
{
	size_t len = strcspn(line, "\n");
	const char *data = memmem(line, len, NO_DATA, strlen(NO_DATA));

	if (data)
		len = (size_t)(data - line) + strlen(NO_DATA) +
		      strcspn(data + strlen(NO_DATA), ":");
	while (trimmed && len && line[len - 1] == ' ')
		len--;
	return len;
}

static void assert_lines_equal(const char *dir, const char *have, struct bch_bytes lines)
{
	const char *want = (const char *)lines.p, *end = want + lines.len;
	bool trimmed = strstr(dir, OF_NEWER_TOOLS);

	while (*have && want < end) {
		size_t len = line_len(have, trimmed);

		if (len != line_len(want, trimmed) || memcmp(have, want, len))
			fail_msg("%s\nhave: %.*s\nwant: %.*s", dir, (int)strcspn(have, "\n"), have,
				 (int)strcspn(want, "\n"), want);
		have += strcspn(have, "\n") + 1;
		want += strcspn(want, "\n") + 1;
	}
	assert_string_equal(have, "");
	assert_true(want == end || (want + 1 == end && *want == '\n'));
}

static void compare_image(const struct image *image)
{
	struct bch_buf list bch_auto(buf) = { 0 };

	read_list(&list, image->dir);
	for (u8 id = 0; id <= BCH_BTREE_accounting; id++) {
		struct bch_buf have bch_auto(buf) = { 0 };

		keys_of_btree(&have, image, id);
		assert_lines_equal(image->dir, bch_buf_str(&have),
				   lines_of_btree(bch_buf_str(&list), bch_btree_names[id]));
	}
}

static void keys_are_valid_and_print_as_the_tools_print_them(void **state)
{
	glob_t dirs = image_dirs("list.txt*");
	u32 nr = 0;

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(*state, dirs.gl_pathv[i]);

		image_open(&image, NULL);
		if (image_is_clean(&image)) {
			assert_int_equal(bch_btree_roots_from_clean(image.fs), 0);
			compare_image(&image);
			nr++;
		}
		image_end(&image);
	}
	globfree(&dirs);
	assert_true(nr > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_are_valid_and_print_as_the_tools_print_them,
						temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
