// SPDX-License-Identifier: GPL-2.0-or-later
/* Scrub finds what is bad, all of it and nothing else: on images as kernels left them, and after bits were flipped. */

#include "scrub_run.h"

#include <fcntl.h>

#include "journal/journal.h"
#include "ondisk/node.h"

/* First a few, so that most is right, then the others. */
#define NR_FLIPS     1000
#define NR_FEW_FLIPS 20

/* Images that are not clean as they are. */
static const struct {
	const char *image, *why;
} damaged[] = {
	{ "139-removed", "a member was removed by force, with the only copies of data" },
	{ "09-missing-verydegraded", "a member is missing, with the only copies of data" },
	{ "139-ec-raid6-cut", "most data was taken out of it, to make it small" },
};

static bool is_damaged(const char *dir)
{
	for (size_t i = 0; i < bch_array_size(damaged); i++)
		if (!strcmp(damaged[i].image, strrchr(dir, '/') + 1))
			return true;
	return false;
}

static void what_kernels_wrote_is_clean_and_read_to_the_last_byte(void **state)
{
	glob_t dirs = image_dirs("dev0.img.zst");

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(*state, dirs.gl_pathv[i]);
		struct bch_scrub_result result;
		struct json_object *json, *devices;

		scrub_open(&image);
		assert_int_equal(scrub_run(&image, NULL, &result, &json), 0);
		if (!result.nr_bad == is_damaged(image.dir))
			print_error("%s: %s\n", image.dir, json_object_to_json_string(json));
		assert_int_equal(!result.nr_bad, !is_damaged(image.dir));
		assert_int_equal(json_number(json, "unreadable_keys"), 0);
		devices = json_get(json, "devices");
		for (size_t j = 0; j < json_object_array_length(devices); j++) {
			struct json_object *d = json_object_array_get_idx(devices, j);
			bool offline = !strcmp(json_text(d, "state"), "offline");

			assert_int_equal(json_number(d, "checked_bytes"),
					 json_number(d, "total_bytes"));
			assert_int_equal(json_number(d, "checked_bytes") == 0, offline);
			if (!result.nr_bad)
				assert_int_equal(json_number(d, "uncorrected_bytes"), 0);
		}
		json_object_put(json);
		image_end(&image);
	}
	globfree(&dirs);
}

/* ------------------------------------------------------------------ what lies on a device */

/* Something with a checksum, and how scrub is to name it. */
struct target {
	u64 sector;
	u32 nr_sectors;
	u64 from, to; /* bytes from its start to flip bits in */
	bool hit;
	char name[128];
};

struct targets {
	BCH_ARRAY(struct target) a;
};

static void name_key(struct target *t, u8 btree_id, u32 level, const struct bch_key *k)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	bch_btree_name_put(&name, btree_id, BCH_VERSION_READ_MAX);
	snprintf(t->name, sizeof(t->name), "%" PRIu64 " %s %u %" PRIu64 ":%" PRIu64 ":%u",
		 t->sector, bch_buf_str(&name), level, k->pos.inode, k->pos.offset,
		 k->pos.snapshot);
}

static void add_blobs(struct bch_fs *fs, u32 dev_idx, u8 btree_id, const struct bch_key *k,
		      struct targets *targets)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &fs->super);
	struct bch_extent_ptr p;
	bool stale;

	while (bch_extent_ptr_next(&walk, &p)) {
		struct target t = { .sector = p.ptr.offset_sectors,
				    .nr_sectors = p.crc.compressed_sectors,
				    .to = BCH_BYTES(p.crc.compressed_sectors) };

		if (p.ptr.dev_idx != dev_idx || p.ptr.unwritten || !p.crc.csum_type)
			continue;
		assert_int_equal(bch_ptr_is_stale(fs, &p.ptr, &stale), 0);
		if (stale)
			continue;
		name_key(&t, btree_id, 0, k);
		assert_int_equal(bch_array_push(&targets->a, t), 0);
	}
}

static void add_units(struct bch_fs *fs, u32 dev_idx, const struct bch_key *k,
		      struct targets *targets)
{
	struct bch_stripe s;
	struct bch_ptr p;
	bool stale;

	if (k->type != BCH_KEY_stripe)
		return;
	bch_stripe_get(k, &s);
	for (u32 b = 0; b < s.nr_blocks && bch_stripe_block(&s, b, &p); b++) {
		u32 unit = bch_stripe_unit_sectors(&s);

		assert_int_equal(bch_ptr_is_stale(fs, &p, &stale), 0);
		for (u32 at = 0; p.dev_idx == dev_idx && !stale && at < s.block_sectors;
		     at += unit) {
			struct target t = { .sector = p.offset_sectors + at, .nr_sectors = unit };

			if (unit > s.block_sectors - at)
				t.nr_sectors = s.block_sectors - at;
			t.to = BCH_BYTES(t.nr_sectors);
			snprintf(t.name, sizeof(t.name), "%" PRIu64 " stripe %" PRIu64 " %u",
				 t.sector, k->pos.offset, b);
			assert_int_equal(bch_array_push(&targets->a, t), 0);
		}
	}
}

/* All blobs and units of stripes on a device. */
static struct targets data_on(struct bch_fs *fs, u32 dev_idx)
{
	static const u8 btrees[] = { BCH_BTREE_extents, BCH_BTREE_reflink, BCH_BTREE_stripes };
	struct targets targets = { 0 };

	for (u32 i = 0; i < bch_array_size(btrees); i++) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(fs, btrees[i], BCH_POS_MIN, BCH_SPOS_MAX);
		struct bch_key k;

		while (bch_cursor_next(&cur, &k) > 0)
			if (btrees[i] == BCH_BTREE_stripes)
				add_units(fs, dev_idx, &k, &targets);
			else
				add_blobs(fs, dev_idx, btrees[i], &k, &targets);
	}
	return targets;
}

/* ------------------------------------------------------------------ flips */

static void flip(int fd, u64 byte, u32 bit)
{
	u8 b;

	assert_int_equal(pread(fd, &b, 1, (off_t)byte), 1);
	b ^= (u8)(1 << bit);
	assert_int_equal(pwrite(fd, &b, 1, (off_t)byte), 1);
}

static void note_hit(struct targets *targets, u64 byte)
{
	for (size_t i = 0; i < targets->a.nr; i++) {
		struct target *t = &targets->a.v[i];

		t->hit |= byte / BCH_SECTOR_SIZE >= t->sector &&
			  byte / BCH_SECTOR_SIZE - t->sector < t->nr_sectors;
	}
}

/* Where bits have been flipped: no byte twice, none is flipped back. */
struct flips {
	u64 byte[NR_FLIPS];
	u32 nr;
};

static bool is_new(const struct flips *flips, u64 byte)
{
	for (u32 i = 0; i < flips->nr; i++)
		if (flips->byte[i] == byte)
			return false;
	return true;
}

/*
 * Flips bits until there are @nr: in what is there, and each tenth up to a bucket's end behind it, which may be something
 * else or nothing.
 */
static void flip_bits(struct temp *temp, const char *path, u64 bucket_sectors, u32 nr,
		      struct flips *flips, struct targets *targets)
{
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	while (flips->nr < nr) {
		const struct target *t = &targets->a.v[temp_random(temp) % targets->a.nr];
		u64 end = BCH_BYTES((t->sector / bucket_sectors + 1) * bucket_sectors);
		u64 start = BCH_BYTES(t->sector), byte;

		byte = start + temp_random(temp) % (flips->nr % 10 ? t->to : end - start);
		if (!is_new(flips, byte))
			continue;
		flips->byte[flips->nr++] = byte;
		flip(fd, byte, temp_random(temp) % 8);
		note_hit(targets, byte);
	}
	close(fd);
}

/* ------------------------------------------------------------------ what was found */

static void name_damage(struct json_object *d, char name[128])
{
	if (!strcmp(json_text(d, "kind"), "stripe"))
		snprintf(name, 128, "%" PRIu64 " stripe %" PRIu64 " %" PRIu64,
			 json_number(d, "sector"), json_number(d, "stripe"),
			 json_number(d, "block"));
	else
		snprintf(name, 128, "%" PRIu64 " %s %" PRIu64 " %s", json_number(d, "sector"),
			 json_text(d, "btree"), json_number(d, "level"), json_text(d, "pos"));
}

static int compare_texts(const void *l, const void *r)
{
	return strcmp(l, r);
}

/* Each target that was hit was found once, and nothing else, on that device. */
static void assert_found(const char *dir, struct json_object *json, const struct targets *targets)
{
	struct json_object *damage = json_get(json, "damage");
	size_t nr_all = json_object_array_length(damage), nr = 0, nr_want = 0;
	char(*have)[128] = calloc(nr_all + 1, sizeof(*have));
	char(*want)[128] = calloc(targets->a.nr + 1, sizeof(*want));

	for (size_t i = 0; i < nr_all; i++) {
		struct json_object *d = json_object_array_get_idx(damage, i);

		if (!strcmp(json_text(d, "device"), "dev1.img"))
			name_damage(d, have[nr++]);
	}
	for (size_t i = 0; i < targets->a.nr; i++)
		if (targets->a.v[i].hit)
			strcpy(want[nr_want++], targets->a.v[i].name);
	qsort(have, nr, sizeof(*have), compare_texts);
	qsort(want, nr_want, sizeof(*want), compare_texts);
	if (nr != nr_want)
		print_error("%s: %zu found, %zu damaged\n", dir, nr, nr_want);
	for (size_t i = 0; i < nr && i < nr_want; i++)
		assert_string_equal(have[i], want[i]);
	assert_int_equal(nr, nr_want);
	assert_int_equal(json_number(json, "bad_ranges"), nr_all);
	assert_true(nr == nr_all || is_damaged(dir));
	free(have);
	free(want);
}

/* Is a part of the file said to be lost? */
static bool is_lost(struct json_object *json, const char *path)
{
	struct json_object *damage = json_get(json, "damage");

	for (size_t i = 0; i < json_object_array_length(damage); i++) {
		struct json_object *d = json_object_array_get_idx(damage, i);
		struct json_object *files = json_get(d, "files");

		for (size_t j = 0; files && j < json_object_array_length(files); j++)
			if (strcmp(json_text(d, "state"), "bad") &&
			    !strcmp(json_text(json_object_array_get_idx(files, j), "path"), path))
				return true;
	}
	return false;
}

static int hash(void *arg, void *buf, size_t len, u64 offset)
{
	crypto_hash_sha256_update(arg, buf, len);
	return 0;
}

/* Files are as the kernel showed them, but for those that are said to be lost: these cannot be read. Returns how many. */
static u32 assert_files_are_right(struct image *image, struct json_object *json)
{
	struct manifest *m = manifest_open(image->dir, "manifest.txt");
	struct manifest_entry e;
	u32 nr_lost = 0;

	while (manifest_next(m, &e)) {
		crypto_hash_sha256_state sha;
		struct bch_file_sink sink = { .arg = &sha, .data = hash };
		char text[SHA256_HEX];
		struct bch_file file;
		int err;

		if (e.type != 'f' || !e.size || strlen(e.sha256) != SHA256_HEX - 1)
			continue;
		file = image_file(image, e.path);
		crypto_hash_sha256_init(&sha);
		err = bch_file_stream(image->fs, &file, 0, BCH_U64_MAX, &sink);
		if (!err == is_lost(json, e.path))
			print_error("%s: %s: %s\n", image->dir, e.path, bch_err_text(err));
		assert_int_equal(!err, !is_lost(json, e.path));
		nr_lost += err != 0;
		sha256_text(&sha, text);
		if (!err)
			assert_string_equal(text, e.sha256);
	}
	manifest_close(m);
	return nr_lost;
}

/* ------------------------------------------------------------------ tests of flips */

/* All devices are there, and it is known what the files are. */
static bool is_for_flips(const struct image *image)
{
	char path[512];
	bool has_manifest;

	snprintf(path, sizeof(path), "%s/manifest.txt", image->dir);
	has_manifest = !access(path, R_OK);
	snprintf(path, sizeof(path), "%s/manifest.txt.zst", image->dir);
	has_manifest |= !access(path, R_OK);
	return image->nr > 1 && image->nr == image->fs->nr_members && has_manifest &&
	       !is_damaged(image->dir);
}

static bool has_two_copies_of_all(const char *dir)
{
	const char *name = strrchr(dir, '/') + 1;

	return strstr(name, "replicas2") || strstr(name, "ec") || !strcmp(name, "10-crash-c");
}

static void flip_and_scrub(struct image *image, const struct bch_scrub_opts *opts, u32 nr,
			   struct flips *flips, struct targets *targets)
{
	struct bch_scrub_result result;
	struct json_object *json;
	struct bch_member m;
	u32 nr_lost;

	bch_super_member(&image->fs->super, 1, &m);
	image_close(image);
	if (targets->a.nr)
		flip_bits(image->t, image->path[1], m.bucket_size, nr, flips, targets);
	scrub_open(image);
	assert_int_equal(scrub_run(image, opts, &result, &json), 0);
	assert_found(image->dir, json, targets);
	nr_lost = assert_files_are_right(image, json);
	if (has_two_copies_of_all(image->dir))
		assert_int_equal(nr_lost, 0);
	json_object_put(json);
}

/* The second time in many sweeps. */
static void flip_more_and_more(struct image *image)
{
	const struct bch_scrub_opts one_sweep = { 0 }, many_sweeps = { .batch_bytes = 1000 };
	struct targets targets = data_on(image->fs, 1);
	struct flips flips = { .nr = 0 };

	flip_and_scrub(image, &one_sweep, NR_FEW_FLIPS, &flips, &targets);
	flip_and_scrub(image, &many_sweeps, NR_FLIPS, &flips, &targets);
	bch_array_end(&targets.a);
}

static void flipped_bits_are_found_exactly_and_what_has_another_copy_is_right(void **state)
{
	glob_t dirs = image_dirs("dev1.img.zst");
	u32 nr = 0;

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(*state, dirs.gl_pathv[i]);

		scrub_open(&image);
		if (is_for_flips(&image)) {
			flip_more_and_more(&image);
			nr++;
		}
		image_end(&image);
	}
	assert_true(nr >= 2);
	globfree(&dirs);
}

/* What was found to be bad counts as hit. */
static void note_found(struct json_object *json, struct targets *targets)
{
	struct json_object *damage = json_get(json, "damage");
	char name[128];

	for (size_t i = 0; i < json_object_array_length(damage); i++) {
		name_damage(json_object_array_get_idx(damage, i), name);
		for (size_t j = 0; j < targets->a.nr; j++)
			targets->a.v[j].hit |= !strcmp(targets->a.v[j].name, name);
	}
}

/* In the stripe that is whole, of an image most of which was taken out: each unit of its block in turn. */
static void flipped_bits_in_blocks_of_a_stripe_are_found(void **state)
{
	struct image image = image_unpack(*state, "tests/images/139-ec-raid6-cut");
	struct bch_scrub_result result;
	struct targets targets;
	struct json_object *json;
	u32 nr_flipped = 0;
	int fd = open(image.path[1], O_RDWR);

	scrub_open(&image);
	targets = data_on(image.fs, 1);
	assert_int_equal(scrub_run(&image, NULL, &result, &json), 0);
	note_found(json, &targets);
	json_object_put(json);
	for (size_t i = 0; i < targets.a.nr; i++) {
		const struct target *t = &targets.a.v[i];

		if (t->hit || !strstr(t->name, "stripe"))
			continue;
		flip(fd, BCH_BYTES(t->sector) + 77, 2);
		note_hit(&targets, BCH_BYTES(t->sector) + 77);
		nr_flipped++;
		assert_int_equal(scrub_run(&image, NULL, &result, &json), 0);
		assert_found(image.dir, json, &targets);
		json_object_put(json);
	}
	assert_true(nr_flipped > 0);
	close(fd);
	bch_array_end(&targets.a);
	image_end(&image);
}

/* The nodes of @level with a copy on the device and another one elsewhere. */
static void add_nodes(struct image *image, u8 btree_id, u8 level, struct targets *targets)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(image->fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;

	while (bch_cursor_next(&cur, &k) > 0) {
		struct bch_extent_walk walk = bch_extent_walk(&k, &image->fs->super);
		struct target t = { 0 };
		struct bch_extent_ptr p;
		u8 bytes[4096];
		struct bch_bset b;
		u32 nr = 0;

		while (bch_extent_ptr_next(&walk, &p)) {
			t.sector = p.ptr.dev_idx == 1 ? p.ptr.offset_sectors : t.sector;
			nr++;
		}
		if (nr < 2 || !t.sector)
			continue;
		assert_int_equal(bch_blkdev_read(image->fs->members[1].blkdev, bytes, sizeof(bytes),
						 BCH_BYTES(t.sector)),
				 0);
		assert_true(bch_bset_at((struct bch_bytes){ bytes, sizeof(bytes) }, 0, &b));
		t.to = b.end;
		t.nr_sectors = (u32)BCH_SECTORS(b.end) + 1;
		name_key(&t, btree_id, level, &k);
		assert_int_equal(bch_array_push(&targets->a, t), 0);
	}
}

/* Each in the first set of keys of one node: in its checksum, its header or its keys. */
static void flipped_bits_in_nodes_are_found_in_that_copy(void **state)
{
	struct image image = image_unpack(*state, "tests/images/139-evac-pending");
	const struct bch_scrub_opts opts = { .metadata = true };
	struct targets targets = { 0 };
	struct bch_scrub_result result;
	struct json_object *json;
	int fd = open(image.path[1], O_RDWR);

	scrub_open(&image);
	for (u8 id = 0; id < BCH_BTREE_NR; id++)
		for (u8 level = 0; level < BCH_BTREE_DEPTH_MAX; level++)
			add_nodes(&image, id, level, &targets);
	image_close(&image);
	assert_true(targets.a.nr > 4);
	for (size_t i = 0; i < targets.a.nr; i += 2) {
		struct target *t = &targets.a.v[i];

		flip(fd, BCH_BYTES(t->sector) + temp_random(*state) % t->to,
		     temp_random(*state) % 8);
		t->hit = true;
	}
	close(fd);

	scrub_open(&image);
	assert_int_equal(scrub_run(&image, &opts, &result, &json), 0);
	assert_found(image.dir, json, &targets);
	assert_int_equal(assert_files_are_right(&image, json), 0);
	json_object_put(json);
	bch_array_end(&targets.a);
	image_end(&image);
}

/* Nothing else knows of backup superblocks. */
static void a_flipped_bit_in_a_superblock_copy_is_found(void **state)
{
	struct image image = image_unpack(*state, "tests/images/139-evac-pending");
	const struct bch_scrub_opts opts = { .metadata = true };
	struct bch_scrub_result result;
	struct json_object *json, *d;
	int fd = open(image.path[1], O_RDWR);
	u64 sector;

	scrub_open(&image);
	sector = le64_get(image.fs->members[1].super.sb->layout.sb_offset[1]);
	flip(fd, BCH_BYTES(sector) + 700, 3);
	close(fd);
	assert_int_equal(scrub_run(&image, &opts, &result, &json), 0);
	assert_int_equal(result.nr_bad, 1);
	d = json_object_array_get_idx(json_get(json, "damage"), 0);
	assert_string_equal(json_text(d, "kind"), "superblock");
	assert_string_equal(json_text(d, "reason"), "checksum");
	assert_string_equal(json_text(d, "device"), "dev1.img");
	assert_int_equal(json_number(d, "sector"), sector);
	json_object_put(json);
	image_end(&image);
}

/* One of those that are to be replayed, and the other device has it too. */
static void a_flipped_bit_in_a_journal_entry_is_found(void **state)
{
	struct image image = image_unpack(*state, "tests/images/10-crash-c");
	struct bch_journal *j bch_auto(journal) = NULL;
	const struct bch_journal_copy *copy = NULL;
	struct bch_scrub_result result;
	struct json_object *json, *d;
	int fd = open(image.path[1], O_RDWR);

	scrub_open(&image);
	assert_int_equal(bch_journal_read(image.fs, &j), 0);
	for (size_t i = 0; i < j->entries.a.nr; i++) {
		const struct bch_journal_entry *e = &j->entries.a.v[i];

		for (u32 c = 0; e->use == BCH_JOURNAL_REPLAYED && c < e->nr_copies; c++)
			if (e->nr_copies == 2 && e->copy[c].dev_idx == 1)
				copy = &e->copy[c];
	}
	assert_non_null(copy);
	flip(fd, BCH_BYTES(copy->sector) + BCH_JSET_BYTES + 3, 5);
	close(fd);
	assert_int_equal(scrub_run(&image, NULL, &result, &json), 0);
	assert_int_equal(result.nr_bad, 1);
	d = json_object_array_get_idx(json_get(json, "damage"), 0);
	assert_string_equal(json_text(d, "kind"), "journal");
	assert_string_equal(json_text(d, "state"), "bad");
	assert_string_equal(json_text(d, "device"), "dev1.img");
	assert_int_equal(json_number(d, "seq"), copy->seq);
	assert_int_equal(json_number(d, "sector"), copy->sector);
	json_object_put(json);
	image_end(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_kernels_wrote_is_clean_and_read_to_the_last_byte, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(
			flipped_bits_are_found_exactly_and_what_has_another_copy_is_right,
			temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(flipped_bits_in_blocks_of_a_stripe_are_found,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(flipped_bits_in_nodes_are_found_in_that_copy,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(a_flipped_bit_in_a_superblock_copy_is_found,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(a_flipped_bit_in_a_journal_entry_is_found,
						temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
