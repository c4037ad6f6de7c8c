// SPDX-License-Identifier: GPL-2.0-or-later
/* What is listed of nodes on disk is all of them: every byte, every copy, every key. CLI 7.1. */

#include "../btree/image.h"

#include <bcachefs/journal.h>
#include <bcachefs/list.h>
#include "ondisk/key_extent.h"

/* A key line under a set. */
struct line {
	char *pos;
	size_t nr; /* its place among the lines */
	bool deleted;
};

/* What the listing says, copy by copy. */
struct told {
	size_t node_bytes;
	size_t bytes; /* of the copy so far */
	bool in_copy; /* that could be read */
	u64 nr_copies, nr_live, nr_marks;
	BCH_ARRAY(struct line) keys; /* of the copy */
};

static int compare_lines(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int cmp = strcmp(x->pos, y->pos);

	return cmp ? cmp : (x->nr > y->nr) - (x->nr < y->nr);
}

/* The last key at each position counts, if it is there. */
static void end_copy(struct told *t)
{
	struct line *v = t->keys.v;

	if (t->in_copy)
		assert_int_equal(t->bytes, t->node_bytes);
	if (t->keys.nr)
		qsort(v, t->keys.nr, sizeof(*v), compare_lines);
	for (size_t i = 0; i < t->keys.nr; i++)
		t->nr_live += !v[i].deleted &&
			      (i + 1 == t->keys.nr || strcmp(v[i].pos, v[i + 1].pos) != 0);
	for (size_t i = 0; i < t->keys.nr; i++)
		free(v[i].pos);
	t->keys.nr = 0;
	t->bytes = 0;
}

/* "offset 8 version 1.13: …, journal seq 1, bytes: header 40 keys 64 padding 3992", "offset 16 unused, bytes: 253952" */
static void take_stretch(struct told *t, const char *line)
{
	const char *bytes = strstr(line, "bytes: ");
	size_t offset, a, b, c;

	assert_int_equal(sscanf(line, "  offset %zu ", &offset), 1);
	assert_int_equal(offset * 512, t->bytes);
	assert_non_null(bytes);
	if (sscanf(bytes, "bytes: header %zu keys %zu padding %zu", &a, &b, &c) == 3)
		t->bytes += a + b + c;
	else if (sscanf(bytes, "bytes: %zu", &a) == 1)
		t->bytes += a;
	/* After a crash there may be sets that nothing knows of yet. */
	t->nr_marks += strchr(bytes, ',') && !strstr(bytes, "behind the end");
}

static void take_key(struct told *t, const char *line)
{
	char type[64], pos[128];
	struct line l = { .nr = t->keys.nr };

	assert_int_equal(sscanf(line, "    u64s %*u type %63s %127s", type, pos), 2);
	l.deleted = !strcmp(type, "deleted");
	l.pos = strdup(pos);
	assert_int_equal(bch_array_push(&t->keys, l), 0);
}

static int take_lines(void *arg, const char *text)
{
	struct told *t = arg;
	char *copy = strdup(text), *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		if (!strncmp(line, "  device ", 9)) {
			end_copy(t);
			t->in_copy = !strstr(line, "not read");
			t->nr_copies += t->in_copy;
		} else if (!strncmp(line, "  offset ", 9)) {
			take_stretch(t, line);
		} else if (!strncmp(line, "    u64s ", 9)) {
			take_key(t, line);
		} else if (!strncmp(line, "    no key ", 11)) {
			/* A bad value may be one that an older version wrote, and a later set replaces. */
			t->nr_marks++;
		}
	}
	free(copy);
	return 0;
}

/* Copies of nodes of the level that can be read, and keys in them. */
static void count(const struct image *image, u8 btree_id, u8 level, struct told *want)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(image->fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;

	while (bch_cursor_next(&cur, &k) > 0) {
		struct bch_node_want node_want = { .btree_id = btree_id, .level = level };
		struct bch_extent_walk w = bch_extent_walk(&k, NULL);
		struct bch_extent_ptr p;

		assert_true(bch_node_ptr_get(&k, &node_want.ptr));
		while (bch_extent_ptr_next(&w, &p)) {
			struct bch_btree_node node bch_auto(btree_node) = { 0 };

			if (bch_btree_node_read_copy(image->fs, &node_want, &p.ptr, &node))
				continue;
			want->nr_copies++;
			want->nr_live += node.keys.nr;
		}
	}
}

static struct told list_level(const struct image *image, const char *btree, u8 level)
{
	struct bch_list_opts opts = {
		.mode = BCH_LIST_nodes_ondisk, .btree = btree, .all = !btree, .level = level
	};
	struct told t = { .node_bytes = BCH_BYTES(
				  bch_sb_flag(image->fs->super.sb, BCH_SB_BTREE_NODE_SIZE)) };
	int err = bch_list(image->fs, &opts, take_lines, &t);

	assert_true(!err || err == -BCH_ERR_btree_node_read_failed);
	end_copy(&t);
	bch_array_end(&t.keys);
	return t;
}

static void check_level(const struct image *image, u8 level)
{
	struct told have = list_level(image, NULL, level), want = { 0 };

	for (u8 id = 0; id < BCH_BTREE_NR; id++)
		count(image, id, level, &want);
	if (have.nr_marks)
		print_error("%s, level %u: %" PRIu64 " marks\n", image->dir, level, have.nr_marks);
	assert_int_equal(have.nr_marks, 0);
	assert_int_equal(have.nr_copies, want.nr_copies);
	assert_int_equal(have.nr_live, want.nr_live);
}

static void every_byte_copy_and_key_of_every_node_is_listed(void **state)
{
	glob_t dirs = image_dirs("dev*.img.zst");
	const char *last = "";

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image;

		if (!strcmp(last, dirs.gl_pathv[i]))
			continue;
		last = dirs.gl_pathv[i];
		image = image_unpack(*state, last);
		image_open_fs(&image);
		assert_int_equal(bch_fs_start(image.fs, NULL), 0);
		for (u8 level = 0; level < BCH_BTREE_DEPTH_MAX; level++)
			check_level(&image, level);
		image_end(&image);
	}
	globfree(&dirs);
}

#define CRASHED "tests/images/10-crash-d"

/* Writes at a byte of the root of the inodes: in its second set, which the pointer knows of. */
static struct told with_change(struct temp *t, size_t at, const void *p, size_t len)
{
	struct image image = image_unpack(t, CRASHED);
	struct bch_node_ptr ptr;
	struct bch_extent_walk w;
	struct bch_extent_ptr to;
	struct bch_btree_root root;
	struct told told;
	int fd;

	image_open_fs(&image);
	assert_int_equal(bch_fs_start(image.fs, NULL), 0);
	root = bch_btree_root(image.fs, BCH_BTREE_subvolumes);
	w = bch_extent_walk(&root.k, NULL);
	assert_true(bch_node_ptr_get(&root.k, &ptr));
	assert_true(bch_extent_ptr_next(&w, &to));
	fd = open(image.path[0], O_WRONLY);
	assert_int_equal(pwrite(fd, p, len, (off_t)(BCH_BYTES(to.ptr.offset_sectors) + at)), len);
	close(fd);
	told = list_level(&image, "subvolumes", 0);
	image_end(&image);
	return told;
}

static void a_damaged_set_is_marked_and_counted_as_any_other(void **state)
{
	struct told good = with_change(*state, 4096, "", 0);
	struct told bad = with_change(*state, 4096, "x", 1);

	assert_int_equal(good.nr_marks, 0);
	assert_int_equal(bad.nr_marks, 1);
	assert_int_equal(bad.nr_live, good.nr_live);
}

static void a_length_beyond_the_node_is_marked_and_all_bytes_are_counted(void **state)
{
	struct told told = with_change(*state, 4096 + 38, "\xff\xff", 2);

	assert_true(told.nr_marks > 0);
	assert_int_equal(told.nr_copies, 1);
	assert_int_equal(told.nr_live, 0);
}

static void bytes_that_are_no_node_are_the_rest(void **state)
{
	struct told told = with_change(*state, 16, "no magic", 8);

	assert_true(told.nr_marks > 0);
	assert_int_equal(told.nr_copies, 1);
	assert_int_equal(told.nr_live, 0);
}

/* ------------------------------------------------------------------ stale pointers */

#define CACHED "tests/images/09-cache-durability0"

enum {
	GEN_BYTE = 12 /* of an alloc_v4: 06 §2.1 */
};

/* The alloc key of a bucket, as it would be were its generation another, over the one that is there. */
static struct bch_key_overlay *with_gen(struct temp *t, struct bch_pos bucket, u8 gen)
{
	struct bch_key_overlay *overlay = bch_key_overlay_new();
	struct image image = image_unpack(t, CACHED);
	u8 val[BCH_KEY_VALUE_MAX];
	struct bch_key k;

	image_open_fs(&image);
	assert_int_equal(bch_fs_start(image.fs, NULL), 0);
	{
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(image.fs, BCH_BTREE_alloc, bucket, bucket);

		assert_int_equal(bch_cursor_next(&cur, &k), 1);
		assert_int_equal(k.type, BCH_KEY_alloc_v4);
		memcpy(val, k.val.p, k.val.len);
	}
	k.val.p = val;
	assert_int_equal(val[GEN_BYTE], 0);
	val[GEN_BYTE] = gen;
	assert_int_equal(bch_key_overlay_add(overlay, BCH_BTREE_alloc, 0, &k), 0);
	bch_key_overlay_seal(overlay);
	image_end(&image);
	return overlay;
}

/* Pointers to the bucket, others, and of each those that were said to be stale. */
struct pointers {
	const char *bucket; /* "ptr: 0:25:" */
	u32 nr_to, nr_stale, nr_others, nr_others_stale;
};

static int take_pointers(void *arg, const char *text)
{
	struct pointers *p = arg;

	while ((text = strstr(text, "ptr: "))) {
		bool to = !strncmp(text, p->bucket, strlen(p->bucket));
		size_t len = strcspn(text + 5, "p\n"); /* up to the next pointer */
		const char *word = strstr(text, " stale");
		bool stale = word && word < text + 5 + len;

		*(to ? &p->nr_to : &p->nr_others) += 1;
		*(to ? &p->nr_stale : &p->nr_others_stale) += stale;
		text += 5;
	}
	return 0;
}

static struct pointers list_pointers(struct temp *t, u8 gen)
{
	struct pointers p = { .bucket = "ptr: 0:25:" };
	struct bch_key_overlay *overlay = with_gen(t, bch_pos(0, 25), gen);
	struct image image = image_unpack(t, CACHED);
	struct bch_list_opts opts = { 0 };

	image_open_fs(&image);
	assert_int_equal(bch_fs_start(image.fs, NULL), 0);
	bch_btrees_set_overlay(image.fs, overlay);
	assert_int_equal(bch_list(image.fs, &opts, take_pointers, &p), 0);
	image_end(&image);
	assert_true(p.nr_to > 0);
	assert_true(p.nr_others > p.nr_to);
	assert_int_equal(p.nr_others_stale, 0);
	return p;
}

static void pointers_into_a_bucket_that_was_reused_are_stale(void **state)
{
	struct pointers p = list_pointers(*state, 1);

	assert_int_equal(p.nr_stale, p.nr_to);
	assert_int_equal(list_pointers(*state, 0).nr_stale, 0);
	/* a generation before that of the pointers */
	assert_int_equal(list_pointers(*state, 255).nr_stale, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_byte_copy_and_key_of_every_node_is_listed),
		TEST(a_damaged_set_is_marked_and_counted_as_any_other),
		TEST(a_length_beyond_the_node_is_marked_and_all_bytes_are_counted),
		TEST(bytes_that_are_no_node_are_the_rest),
		TEST(pointers_into_a_bucket_that_was_reused_are_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
