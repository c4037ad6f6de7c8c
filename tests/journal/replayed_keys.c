// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keys of all btrees after replay are those that a kernel has after it, value and all: list-replayed.txt of the tools
 * up to 1.28, kernel-keys of 1.38 and 1.39. CLI 7.1; format reference: 03 §6, 06.
 *
 * Those kernels did more than to replay: they went read-write, discarded buckets, wrote nodes to new places, finished
 * what was interrupted and deleted dead inodes. explained() names each difference that this makes.
 */

#include "../btree/image.h"

#include <bcachefs/journal.h>
#include "journal/journal.h"
#include "ondisk/bbpos.h"
#include "ondisk/key_accounting.h"

#define LINE_LEN 65536

/* Behind so much of a dump the 1.38 kernel leaves out keys of these two btrees, one at the end of each read. */
#define DUMP_WHOLE_BYTES 65536
#define DUMPED_WITH_HOLES(btree_id) \
	((btree_id) == BCH_BTREE_alloc || (btree_id) == BCH_BTREE_backpointers)

struct item {
	char *text; /* blanks squeezed */
	struct bch_pos pos;
	bool after_whole; /* of the reference: its dump may have left out keys before it */
};

struct items {
	BCH_ARRAY(struct item) a;
};

/* One image and what the reference's kernel changed in it. */
struct replayed {
	struct image image;
	const char *list; /* of the tools; NULL: the text is the kernel's */
	u64 newest_seq;	  /* of the journal: what is newer, recovery itself wrote */
	BCH_ARRAY(struct bch_pos) buckets; /* that recovery changed */
	BCH_ARRAY(struct bch_pos) dead;	   /* inodes that it deleted */
	u64 nr_same, nr_explained;
};

/* ------------------------------------------------------------------ texts */

/* As the kernel names them; we number them, which it does besides, but for this counter. */
static bool is_device_name(const char *word, const char *before)
{
	if (!strncmp(word, "dev=", 4))
		return strstr(before, ": dev_leaving") != NULL;
	return (!strncmp(word, "vd", 2) && word[2] && !word[3]) || !strcmp(word, "dev-1");
}

/* One blank between words, and none in "ver 0  : "; no names of devices, and no addresses in a tool's memory. */
static char *squeeze(const char *text)
{
	char *copy = strdup(text), *out = calloc(1, strlen(text) + 2), *rest = copy, *word;

	while ((word = strsep(&rest, " \t\n"))) {
		char *data = strstr(word, "0x");
		bool pointer = data == word && strstr(word, "hN");

		if (!*word || pointer || is_device_name(word, out))
			continue;
		if (*out && strcmp(word, ":"))
			strcat(out, " ");
		strcat(out, word);
	}
	free(copy);
	return out;
}

static void add_item(struct items *items, const char *text, bool after_whole)
{
	struct item item = { .text = squeeze(text), .after_whole = after_whole };
	char pos[128] = "";

	assert_int_equal(sscanf(text, "u64s %*u type %*s %127s", pos), 1);
	assert_true(bch_pos_parse(pos, strlen(pos), 0, &item.pos));
	assert_int_equal(bch_array_push(&items->a, item), 0);
}

static void items_end(struct items *items)
{
	for (size_t i = 0; i < items->a.nr; i++)
		free(items->a.v[i].text);
	bch_array_end(&items->a);
}

/* What the tools say of themselves in between. */
static bool is_talk(const char *line)
{
	return !strncmp(line, "insufficient writeable journal devices", 38) ||
	       !strncmp(line, "rw journal devs:", 16);
}

/* The keys in @file, up to the next heading. Tools up to 1.28 print no inline data, but where they have it. */
static struct items read_items(FILE *file, bool by_kernel)
{
	static char line[LINE_LEN], last[4 * LINE_LEN];
	struct items items = { 0 };
	size_t at = 0;

	last[0] = 0;
	while (fgets(line, sizeof(line), file) && strncmp(line, "== btree", 8)) {
		at += strlen(line);
		if (strncmp(line, "u64s ", 5)) {
			if (last[0] && !is_talk(line))
				strcat(last, line);
			continue;
		}
		if (last[0])
			add_item(&items, last, at > DUMP_WHOLE_BYTES && by_kernel);
		strcpy(last, line);
	}
	if (last[0])
		add_item(&items, last, at > DUMP_WHOLE_BYTES && by_kernel);
	return items;
}

static struct items reference_of(const struct replayed *r, u8 btree_id)
{
	struct bch_buf name bch_auto(buf) = { 0 };
	char command[1024];
	struct items items;
	FILE *file;

	bch_btree_name_put(&name, btree_id, le16_get(r->image.fs->super.sb->version));
	if (!r->list)
		snprintf(command, sizeof(command),
			 "tar --zstd -xOf %s/kernel-keys.tar.zst keys/%s.txt 2>/dev/null",
			 r->image.dir, bch_buf_str(&name));
	else
		snprintf(command, sizeof(command), "zstd -qdc %s/%s.zst | sed '1,/^== btree %s$/d'",
			 r->image.dir, r->list, bch_buf_str(&name));
	file = popen(command, "r");
	assert_non_null(file);
	items = read_items(file, !r->list);
	while (fgets(command, sizeof(command), file)) /* so that nothing fails for a closed pipe */
		;
	pclose(file);
	return items;
}

static struct items ours_of(const struct replayed *r, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(r->image.fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key_fs fs;
	const struct bch_key_context c = { .version = le16_get(r->image.fs->super.sb->version),
					   .btree_id = btree_id,
					   .fs = &fs };
	struct items items = { 0 };
	struct bch_key k;
	int more;

	bch_key_fs_init(&fs, &r->image.fs->super);
	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		struct bch_buf text bch_auto(buf) = { 0 };
		char *data;

		bch_key_text_put(&text, &k, &c);
		data = strstr(bch_buf_str(&text), ": datalen ");
		if (data && r->list)
			data[strlen(": datalen ") + strcspn(data + strlen(": datalen "), ":") + 1] =
				0;
		add_item(&items, bch_buf_str(&text), false);
	}
	assert_int_equal(more, 0);
	return items;
}

/* ------------------------------------------------------------------ what recovery changed */

static u64 number_behind(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

static bool has_pos(const struct bch_pos *v, size_t nr, struct bch_pos pos)
{
	for (size_t i = 0; i < nr; i++)
		if (v[i].inode == pos.inode && v[i].offset == pos.offset)
			return true;
	return false;
}

/* Written by recovery, or discarded when it went read-write: that sets no newer number. */
static void note_bucket(struct replayed *r, const struct item *have, const struct item *want)
{
	if (number_behind(want->text, "journal_seq ") <= r->newest_seq &&
	    number_behind(want->text, "journal_seq_nonempty ") <= r->newest_seq &&
	    number_behind(want->text, "journal_seq_empty ") <= r->newest_seq &&
	    !(have && strstr(have->text, "data_type need_discard") &&
	      strstr(want->text, "data_type free")))
		return;
	assert_int_equal(bch_array_push(&r->buckets, want->pos), 0);
}

static bool is_bucket_changed(const struct replayed *r, u64 dev, u64 bucket)
{
	return has_pos(r->buckets.v, r->buckets.nr, bch_pos(dev, bucket));
}

static bool is_packed_bucket_changed(const struct replayed *r, u64 packed)
{
	return is_bucket_changed(r, packed >> 48, packed & ((1ULL << 48) - 1));
}

/* "bucket=0:41:0 " of a backpointer */
static bool is_backpointer_of_changed(const struct replayed *r, const char *text)
{
	u64 dev, bucket;
	const char *at = strstr(text, "bucket=");

	return at && sscanf(at, "bucket=%" SCNu64 ":%" SCNu64, &dev, &bucket) == 2 &&
	       is_bucket_changed(r, dev, bucket);
}

/* Every bucket of a run, "set 0:32:0 len 2". */
static bool is_run_near_changed(const struct replayed *r, const struct item *item)
{
	u64 len = number_behind(item->text, " len ");

	for (u64 b = item->pos.offset - len; b < item->pos.offset; b++)
		if (is_bucket_changed(r, item->pos.inode, b))
			return true;
	return false;
}

/* Runs that lose their first or last bucket to recovery, or grow by one, stand on both sides with one end in common. */
static bool is_freespace_explained(const struct replayed *r, const struct item *item)
{
	u64 first = item->pos.offset - number_behind(item->text, " len ");

	return is_run_near_changed(r, item) ||
	       is_bucket_changed(r, item->pos.inode, item->pos.offset) ||
	       (first && is_bucket_changed(r, item->pos.inode, first - 1));
}

/* "snapshot id=4294967292 0": behind what is counted, nothing but zeroes. */
static bool all_counters_zero(const char *text)
{
	size_t len = strlen(text), word;

	while (len > 2 && !memcmp(text + len - 2, " 0", 2))
		len -= 2;
	for (word = len; word && text[word - 1] != ' ';)
		word--;
	return text[len] && strspn(text + word, "0123456789") < len - word;
}

/*
 * Per-inode counters: 6.12 adds the deltas of the journal that a node has already once more, 6.16 loses those of inodes
 * that no node has yet; neither checks them. Ours are recounted. All zero is the same as absent.
 */
static bool is_accounting_explained(const struct replayed *r, const struct item *have,
				    const struct item *want)
{
	const struct item *item = have ? have : want;

	if (strstr(item->text, ": inum ") || strstr(item->text, ": unknown type 8"))
		return true;
	if (!have && all_counters_zero(want->text))
		return true;
	return want && number_behind(want->text, " ver ") >> 32 > r->newest_seq;
}

/* The keys of btree @btree_id at one position differ, or one side has none. */
static bool explained(struct replayed *r, u8 btree_id, const struct item *have,
		      const struct item *want)
{
	const struct item *item = have ? have : want;

	switch (btree_id) {
	case BCH_BTREE_accounting:
		return is_accounting_explained(r, have, want);
	case BCH_BTREE_alloc:
		return is_bucket_changed(r, item->pos.inode, item->pos.offset);
	case BCH_BTREE_backpointers:
		return is_backpointer_of_changed(r, item->text);
	case BCH_BTREE_freespace:
		return is_freespace_explained(r, item);
	case BCH_BTREE_need_discard: /* by bucket; later by the entry that emptied it and the bucket */
		return is_bucket_changed(r, item->pos.inode, item->pos.offset) ||
		       is_packed_bucket_changed(r, item->pos.offset);
	case BCH_BTREE_bucket_gens: /* written for the first time, or with a bucket's */
		return want && r->buckets.nr;
	case BCH_BTREE_lru:
		return is_packed_bucket_changed(r, item->pos.offset);
	case BCH_BTREE_inodes:
		return have && strstr(have->text, "flags=unlinked") &&
		       (!want || strstr(want->text, "type inode_generation"));
	case BCH_BTREE_extents:
	case BCH_BTREE_xattrs: /* of a dead inode */
		return have && !want && has_pos(r->dead.v, r->dead.nr, bch_pos(0, have->pos.inode));
	case BCH_BTREE_deleted_inodes:
		return have && !want;
	case BCH_BTREE_rebalance_work: /* the scan that an option's change had asked for */
	case BCH_BTREE_reconcile_work_phys:
		return want && !have;
	default:
		return false;
	}
}

static void note_change(struct replayed *r, u8 btree_id, const struct item *have,
			const struct item *want)
{
	if (btree_id == BCH_BTREE_alloc && want)
		note_bucket(r, have, want);
	if (btree_id == BCH_BTREE_inodes && have && strstr(have->text, "flags=unlinked"))
		assert_int_equal(bch_array_push(&r->dead, have->pos), 0);
}

/* ------------------------------------------------------------------ comparison */

static void differ(struct replayed *r, u8 btree_id, const struct item *have,
		   const struct item *want, const struct item *next)
{
	note_change(r, btree_id, have, want);
	r->nr_explained++;
	if (!want && next && next->after_whole && DUMPED_WITH_HOLES(btree_id))
		return;
	if (!explained(r, btree_id, have, want))
		fail_msg("%s, %s\nhave: %s\nwant: %s", r->image.dir, bch_btree_names[btree_id],
			 have ? have->text : "nothing", want ? want->text : "nothing");
}

static void compare_btree(struct replayed *r, u8 btree_id)
{
	struct items have = ours_of(r, btree_id), want = reference_of(r, btree_id);
	size_t i = 0, k = 0;

	while (i < have.a.nr || k < want.a.nr) {
		const struct item *a = i < have.a.nr ? &have.a.v[i] : NULL;
		const struct item *b = k < want.a.nr ? &want.a.v[k] : NULL;
		int cmp = !a ? 1 : !b ? -1 : bch_pos_compare(a->pos, b->pos);

		if (!cmp && !strcmp(a->text, b->text))
			r->nr_same++;
		else
			differ(r, btree_id, cmp <= 0 ? a : NULL, cmp >= 0 ? b : NULL, b);
		i += cmp <= 0;
		k += cmp >= 0;
	}
	items_end(&have);
	items_end(&want);
}

/* What explains differences comes first: which buckets and inodes recovery changed. */
static void compare_all(struct replayed *r)
{
	compare_btree(r, BCH_BTREE_alloc);
	compare_btree(r, BCH_BTREE_inodes);
	for (u8 id = 0; id < BCH_BTREE_NR; id++)
		if (id != BCH_BTREE_alloc && id != BCH_BTREE_inodes)
			compare_btree(r, id);
}

/* ------------------------------------------------------------------ counters of inodes */

/* The counter that the accounting btree has for @inum; 0: extents, 1: their sectors. */
static void counters_of(const struct replayed *r, u64 inum, u64 counters[2])
{
	u16 version = le16_get(r->image.fs->super.sb->version);
	const struct bch_accounting a = { .type = BCH_ACCOUNTING_inum, .inum = inum };
	struct bch_pos pos = bch_accounting_pos(&a, version);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(r->image.fs, BCH_BTREE_accounting, pos, pos);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	assert_true(more >= 0);
	for (size_t i = 0; i < 2; i++) {
		le64 v = { { 0 } };

		if (more && k.val.len >= (i + 1) * sizeof(v))
			memcpy(&v, k.val.p + i * sizeof(v), sizeof(v));
		counters[i] = le64_get(v);
	}
}

static void assert_counted(const struct replayed *r, u64 inum, u64 nr, u64 nr_sectors)
{
	u64 counters[2];

	counters_of(r, inum, counters);
	if (counters[0] != nr || counters[1] != nr_sectors)
		fail_msg("%s: inode %" PRIu64 ": %" PRIu64 " extents, %" PRIu64 " sectors",
			 r->image.dir, inum, nr, nr_sectors);
}

/* Of every inode that has extents. */
static void recount_inodes(const struct replayed *r)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(r->image.fs, BCH_BTREE_extents, BCH_POS_MIN, BCH_SPOS_MAX);
	u64 inum = 0, nr = 0, nr_sectors = 0;
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		if (k.pos.inode != inum) {
			if (nr)
				assert_counted(r, inum, nr, nr_sectors);
			inum = k.pos.inode;
			nr = nr_sectors = 0;
		}
		if (k.type == BCH_KEY_extent || k.type == BCH_KEY_reservation ||
		    k.type == BCH_KEY_reflink_p) {
			nr++;
			nr_sectors += k.size;
		}
	}
	assert_int_equal(more, 0);
	if (nr)
		assert_counted(r, inum, nr, nr_sectors);
}

/* ------------------------------------------------------------------ images */

static u64 newest_seq_of(struct bch_fs *fs)
{
	struct bch_journal *j = NULL;
	u64 seq;

	assert_int_equal(bch_journal_read(fs, &j), 0);
	seq = j->entries.a.nr ? j->entries.a.v[j->entries.a.nr - 1].seq : 0;
	bch_journal_free(j);
	return seq;
}

static void check_image(struct temp *t, const char *dir, const char *list, bool no_journal)
{
	const struct bch_start_opts opts = { .no_journal = no_journal };
	struct replayed r = { .list = list, .image = image_unpack(t, dir) };

	image_open_fs(&r.image);
	r.newest_seq = newest_seq_of(r.image.fs);
	assert_int_equal(bch_fs_start(r.image.fs, &opts), 0);
	compare_all(&r);
	if (list && !no_journal)
		recount_inodes(&r);
	print_message("# %s: %" PRIu64 " keys the same, %" PRIu64 " explained\n", dir, r.nr_same,
		      r.nr_explained);
	assert_true(r.nr_same > 0);
	assert_true(!no_journal || !r.nr_explained);
	bch_array_end(&r.buckets);
	bch_array_end(&r.dead);
	image_end(&r.image);
}

static void replayed_keys_are_those_of_the_tools_of_the_time(void **state)
{
	glob_t dirs = image_dirs("list-replayed.txt.zst");

	for (size_t i = 0; i < dirs.gl_pathc; i++)
		check_image(*state, dirs.gl_pathv[i], "list-replayed.txt", false);
	globfree(&dirs);
}

static void keys_are_those_that_the_kernel_of_the_time_shows(void **state)
{
	glob_t dirs = image_dirs("kernel-keys.tar.zst");

	for (size_t i = 0; i < dirs.gl_pathc; i++)
		check_image(*state, dirs.gl_pathv[i], NULL, false);
	globfree(&dirs);
}

/*
 * Of the unclean ones. The others' list.txt is something else: empty (10-crash-a, -c); by a tool that went read-write
 * first, and shows what it wrote, and pointers as stale by generations in the journal (06-snapdel-crash); by 1.28's tool,
 * which lays the journal over all keys but accounting (13-*).
 */
static void without_the_journal_keys_are_those_in_the_nodes(void **state)
{
	static const char *const names[] = { "05-encrypted-crash", "10-crash-b", "10-crash-d" };
	glob_t dirs = image_dirs("list.txt.zst");

	for (size_t i = 0; i < dirs.gl_pathc; i++)
		for (size_t k = 0; k < bch_array_size(names); k++)
			if (!strcmp(strrchr(dirs.gl_pathv[i], '/') + 1, names[k]))
				check_image(*state, dirs.gl_pathv[i], "list.txt", true);
	globfree(&dirs);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(replayed_keys_are_those_of_the_tools_of_the_time),
		TEST(keys_are_those_that_the_kernel_of_the_time_shows),
		TEST(without_the_journal_keys_are_those_in_the_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
