// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A filesystem of two members that each have all metadata, not unmounted: whatever happens to one of them changes
 * nothing of what is listed.
 */

#include "../btree/image.h"

#include <bcachefs/journal.h>
#include <bcachefs/list.h>
#include "journal/journal.h"
#include "ondisk/key_extent.h"

#define TWO	 "tests/images/10-crash-c"
#define NR_FLIPS 150 /* of each kind */

/* All keys of all btrees, as a hash of their text. */
struct listed {
	int err;
	u64 hash, len;
	bool warned;
};

static int take_text(void *arg, const char *text)
{
	struct listed *l = arg;

	l->len += strlen(text);
	l->hash = image_hash(l->hash, text, strlen(text));
	return 0;
}

/* Lists what the first @nr paths of @image hold; each read of the first member that is @nth from now fails, 0: none. */
static struct listed list_failing(struct image *image, u32 nr, u64 nth)
{
	struct bch_open_opts opts = { .flags = BCH_OPEN_NO_SPLITBRAIN_CHECK };
	const struct bch_list_opts all = { .all = true };
	struct listed l = { .hash = 0xcbf29ce484222325 };
	struct bch_fs *fs = NULL;

	image->t->warned[0] = 0;
	l.err = bch_fs_open(image->t->ctx, (const char *const *)image->path, nr, &opts, &fs);
	if (!l.err && nth) {
		l.err = bch_faulty_new(fs->members[0].blkdev, &fs->members[0].blkdev);
		bch_faulty_set(fs->members[0].blkdev, BCH_FAULT_read, nth, 0);
	}
	if (!l.err)
		l.err = bch_fs_start(fs, NULL);
	if (!l.err)
		l.err = bch_list(fs, &all, take_text, &l);
	l.warned = image->t->warned[0];
	assert_int_equal(bch_fs_close(fs), 0);
	return l;
}

static struct listed list(struct image *image)
{
	return list_failing(image, image->nr, 0);
}

static void assert_listed(const struct listed *have, const struct listed *want, struct image *image)
{
	if (have->err)
		print_error("%s\n", bch_error_message(image->t->ctx, have->err));
	assert_int_equal(have->err, want->err);
	assert_int_equal(have->len, want->len);
	assert_true(have->hash == want->hash);
}

static void one_member_of_two_lists_the_same(void **state)
{
	struct image image = image_unpack(*state, TWO);
	struct listed want = list(&image), have;

	assert_int_equal(want.err, 0);
	assert_true(want.len > 10000 && !want.warned);
	for (u32 i = 0; i < 2; i++) {
		char *first = image.path[0], missing[32];

		have = list_failing(&image, 1, 0);
		assert_listed(&have, &want, &image);
		snprintf(missing, sizeof(missing), "missing members: %u ", 1 - i);
		assert_non_null(strstr(image.t->warned, missing));
		image.path[0] = image.path[1];
		image.path[1] = first;
	}
	image_end(&image);
}

/* ------------------------------------------------------------------ bytes that were changed */

/* Bytes of one member that something lies in. */
struct place {
	u64 start, len;
};

struct places {
	struct place *v;
	size_t nr, size;
};

static void add_place(struct places *places, u64 start, u64 len)
{
	assert_int_equal(bch_array_push(places, ((struct place){ start, len })), 0);
}

static void find_nodes(struct image *image, u32 dev_idx, struct places *places)
{
	for (u8 id = 0; id < BCH_BTREE_NR; id++) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor_nodes(image->fs, id, 0, BCH_POS_MIN, BCH_SPOS_MAX);
		struct bch_key k;

		while (bch_cursor_next(&cur, &k) > 0) {
			struct bch_extent_walk w = bch_extent_walk(&k, NULL);
			struct bch_extent_ptr p;
			struct bch_node_ptr ptr;

			assert_true(bch_node_ptr_get(&k, &ptr));
			while (bch_extent_ptr_next(&w, &p))
				if (p.ptr.dev_idx == dev_idx)
					add_place(places, BCH_BYTES(p.ptr.offset_sectors),
						  BCH_BYTES(ptr.nr_sectors));
		}
	}
}

static void find_entries(struct image *image, u32 dev_idx, struct places *places)
{
	struct bch_journal *j bch_auto(journal) = NULL;

	assert_int_equal(bch_journal_read(image->fs, &j), 0);
	for (size_t i = 0; i < j->copies.a.nr; i++) {
		const struct bch_journal_copy *c = &j->copies.a.v[i];

		if (c->dev_idx == dev_idx)
			add_place(places, BCH_BYTES(c->sector), BCH_JSET_BYTES + (u64)c->u64s * 8);
	}
}

static void find_superblocks(struct image *image, u32 dev_idx, struct places *places)
{
	const struct bch_super *super = &image->fs->members[dev_idx].super;
	const struct bch_sb_layout *layout = &super->sb->layout;

	for (u32 i = 0; i < layout->nr_superblocks; i++)
		add_place(places, BCH_BYTES(le64_get(layout->sb_offset[i])), bch_super_len(super));
	add_place(places, BCH_BYTES(BCH_SB_LAYOUT_SECTOR), BCH_SECTOR_SIZE);
}

static void flip(const char *path, u64 at, u8 bits)
{
	int fd = open(path, O_RDWR);
	u8 byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= bits;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	close(fd);
}

/* Flips bytes of either member, one at a time. Returns how often that was warned of. */
static u32 flip_places(struct temp *t, void (*find)(struct image *, u32, struct places *))
{
	struct image image = image_unpack(t, TWO);
	struct listed want = list(&image), have;
	struct places places[2] = { 0 };
	u32 nr_warned = 0;

	image_open_fs(&image);
	assert_int_equal(bch_fs_start(image.fs, NULL), 0);
	find(&image, 0, &places[0]);
	find(&image, 1, &places[1]);
	image_close(&image);

	for (u32 i = 0; i < NR_FLIPS; i++) {
		const struct places *on = &places[i % 2];
		const struct place *p = &on->v[temp_random(t) % on->nr];
		u64 at = p->start + temp_random(t) % p->len;
		u8 bits = (u8)(1U << temp_random(t) % 8);

		flip(image.path[i % 2], at, bits);
		have = list(&image);
		if (have.hash != want.hash)
			print_error("byte %" PRIu64 " of member %u, bits %x\n", at, i % 2, bits);
		assert_listed(&have, &want, &image);
		nr_warned += have.warned;
		flip(image.path[i % 2], at, bits);
	}
	bch_array_end(&places[0]);
	bch_array_end(&places[1]);
	image_open_fs(&image);
	image_end(&image);
	return nr_warned;
}

static void byte_of_one_copy_of_a_node_changes_nothing(void **state)
{
	assert_true(flip_places(*state, find_nodes) > NR_FLIPS / 4);
}

static void byte_of_one_copy_of_a_journal_entry_changes_nothing(void **state)
{
	assert_true(flip_places(*state, find_entries) > NR_FLIPS / 4);
}

static void byte_of_one_superblock_changes_nothing(void **state)
{
	assert_true(flip_places(*state, find_superblocks) > NR_FLIPS / 16);
}

/* ------------------------------------------------------------------ sectors that cannot be read, devices cut short */

static void read_that_fails_changes_nothing(void **state)
{
	struct image image = image_unpack(*state, TWO);
	struct listed want = list(&image), have = { .warned = true };
	u64 nth;

	for (nth = 1; have.warned; nth++) {
		have = list_failing(&image, image.nr, nth);
		assert_listed(&have, &want, &image);
	}
	assert_true(nth > 20); /* the last one was behind the last read */
	image_open_fs(&image);
	image_end(&image);
}

static void member_that_was_cut_short_is_refused_by_name(void **state)
{
	static const off_t sizes[] = { 0, 1, 4096, 4608, 8192, 65536, 1 << 20, (4 << 20) + 1 };
	struct image image = image_unpack(*state, TWO);
	struct listed want = list(&image), have;

	for (size_t i = bch_array_size(sizes); i--;) {
		assert_int_equal(truncate(image.path[0], sizes[i]), 0);
		have = list(&image);
		assert_true(have.err || have.hash == want.hash);
		if (have.err)
			assert_non_null(strstr(bch_error_message(image.t->ctx, have.err), "dev0"));
	}
	for (u32 i = 0; i < image.nr; i++) {
		assert_int_equal(unlink(image.path[i]), 0);
		free(image.path[i]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_member_of_two_lists_the_same),
		TEST(byte_of_one_copy_of_a_node_changes_nothing),
		TEST(byte_of_one_copy_of_a_journal_entry_changes_nothing),
		TEST(byte_of_one_superblock_changes_nothing),
		TEST(read_that_fails_changes_nothing),
		TEST(member_that_was_cut_short_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
