// SPDX-License-Identifier: GPL-2.0-or-later
/* Every key of every btree that a kernel wrote is found, at its place, in both directions, and no other. */

#include "image.h"

#include "base/thread_pool.h"

#define LINE_MAX 4096

/* What list.txt says, line by line. */
struct list {
	FILE *file;
	char line[LINE_MAX];
};

static struct list list_open(const char *dir)
{
	char command[512];
	struct list list = { 0 };

	snprintf(command, sizeof(command),
		 "cat %s/list.txt 2>/dev/null || zstd -qdc %s/list.txt.zst", dir, dir);
	list.file = popen(command, "r");
	assert_non_null(list.file);
	return list;
}

/* The next line that begins with @start, but none behind the next heading: false there. */
static bool list_next(struct list *list, const char *start)
{
	while (fgets(list->line, LINE_MAX, list->file)) {
		if (!strncmp(list->line, start, strlen(start)))
			return true;
		if (!strncmp(list->line, "==", 2))
			return false;
	}
	list->line[0] = 0;
	return false;
}

/* "u64s 7 type extent 4113:1:U32_MAX len 1 ver 0", the part of a line that is the same in all versions. */
static void key_text(struct bch_buf *out, const struct bch_key *k)
{
	const char *type = bch_key_type_name(k->type);

	bch_buf_put(out, "u64s %zu type ", BCH_BKEY_U64S + k->val.len / 8);
	if (type)
		bch_buf_puts(out, type);
	else
		bch_buf_put(out, "(unknown %u)", k->type);
	bch_buf_putc(out, ' ');
	bch_pos_put(out, k->pos);
	bch_buf_put(out, " len %u ver %" PRIu64, k->size, k->version_lo);
}

static void assert_line(const struct image *image, const struct list *list, const struct bch_key *k)
{
	struct bch_buf want bch_auto(buf) = { 0 };

	key_text(&want, k);
	if (strncmp(list->line, bch_buf_str(&want), want.len))
		print_error("%s\nhave: %s\nwant: %s", image->dir, bch_buf_str(&want), list->line);
	assert_memory_equal(list->line, bch_buf_str(&want), want.len);
}

static u64 compare_btree(struct image *image, struct list *list, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(image->fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	u64 nr = 0;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		assert_true(list_next(list, "u64s "));
		assert_line(image, list, &k);
		nr++;
	}
	if (more)
		print_error("%s: %s\n", image->dir, bch_error_message(image->t->ctx, more));
	assert_int_equal(more, 0);
	assert_false(list_next(list, "u64s "));
	return nr;
}

static int btree_of(const struct list *list)
{
	char name[32] = "";

	if (sscanf(list->line, "== btree %31s", name) != 1)
		return -1;
	for (int id = 0; id < BCH_BTREE_NR; id++)
		if (!strcmp(bch_btree_names[id], name))
			return id;
	return -1;
}

static void compare_image(struct image *image)
{
	struct list list = list_open(image->dir);
	u64 nr = 0;

	assert_false(list_next(&list, "u64s "));
	for (int id; (id = btree_of(&list)) >= 0;)
		nr += compare_btree(image, &list, (u8)id);
	assert_true(nr > 0);
	pclose(list.file);
	if (image->t->warned[0])
		print_error("%s: %s\n", image->dir, image->t->warned);
	assert_string_equal(image->t->warned, "");
}

static void keys_are_those_that_the_reference_tools_list(void **state)
{
	images_for_each_clean(*state, "list.txt*", NULL, compare_image);
}

/* ------------------------------------------------------------------ other ways through the same keys */

struct positions {
	BCH_ARRAY(struct bch_pos) a;
};

static void walk(struct image *image, u8 btree_id, unsigned flags, struct positions *positions)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(image->fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX, flags);
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		assert_int_equal(bch_array_push(&positions->a, k.pos), 0);
	assert_int_equal(more, 0);
}

static void check_backwards(struct image *image, u8 btree_id)
{
	struct positions up = { 0 }, down = { 0 };

	walk(image, btree_id, 0, &up);
	walk(image, btree_id, BCH_CURSOR_DESCENDING, &down);
	assert_int_equal(up.a.nr, down.a.nr);
	for (size_t i = 0; i < up.a.nr; i++)
		assert_int_equal(bch_pos_compare(up.a.v[i], down.a.v[up.a.nr - 1 - i]), 0);
	bch_array_end(&up.a);
	bch_array_end(&down.a);
}

/* The nodes of a level follow each other without a gap: 02 §9.4. Returns the keys of the leaves. */
static u64 check_nodes(struct image *image, u8 btree_id, u8 level)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(image->fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_pos next = BCH_POS_MIN;
	u64 nr_keys = 0;
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		const struct bch_btree_node *node;

		assert_int_equal(bch_btree_node_get(image->fs, btree_id, level, &k, &node), 0);
		assert_int_equal(bch_pos_compare(node->min, next), 0);
		assert_int_equal(bch_pos_compare(node->max, k.pos), 0);
		next = bch_pos_successor(node->max);
		nr_keys += level ? 0 : node->keys.nr;
		bch_btree_node_put(image->fs, node);
	}
	assert_int_equal(more, 0);
	assert_int_equal(bch_pos_compare(next, BCH_POS_MIN), 0);
	return nr_keys;
}

static void check_image(struct image *image)
{
	for (u8 id = 0; id < BCH_BTREE_NR; id++) {
		struct bch_btree_root root = bch_btree_root(image->fs, id);

		check_backwards(image, id);
		if (root.state != BCH_ROOT_PRESENT)
			continue;
		for (u8 level = 1; level <= root.level; level++)
			check_nodes(image, id, level);
		assert_int_equal(check_nodes(image, id, 0), image_walk(image->fs, id).nr_keys);
	}
}

static void walks_backwards_and_by_nodes_meet_the_same_keys(void **state)
{
	images_for_each_clean(*state, "dev0.img.zst", NULL, check_image);
}

/* ------------------------------------------------------------------ a small cache, many threads */

static int walk_btree(void *arg, u64 idx, u32 worker_idx)
{
	struct image *image = arg;
	struct image_walk first = image_walk(image->fs, (u8)(idx % BCH_BTREE_NR));
	struct image_walk again = image_walk(image->fs, (u8)(idx % BCH_BTREE_NR));

	return first.nr_errors || first.hash != again.hash ? -BCH_ERR_btree_node_read_failed : 0;
}

static void walk_by_threads(struct image *image)
{
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(6, 16);

	assert_int_equal(bch_thread_pool_for_each(pool, 6ULL * BCH_BTREE_NR, walk_btree, image), 0);
}

static void threads_share_a_cache_that_holds_nearly_nothing(void **state)
{
	const struct bch_btree_opts opts = { .cache_bytes = 1 };

	images_for_each_clean(*state, "dev0.img.zst", &opts, walk_by_threads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_are_those_that_the_reference_tools_list,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(walks_backwards_and_by_nodes_meet_the_same_keys,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(threads_share_a_cache_that_holds_nearly_nothing,
						temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
