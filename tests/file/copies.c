// SPDX-License-Identifier: GPL-2.0-or-later
/* Data survives as long as one copy of it, or enough of its stripe, is good; and no key whatever does harm. */

#include "manifest.h"

#include "base/thread_pool.h"
#include "file/blob.h"

#define DAMAGED_FILE "/sizes/r65537"

/* ------------------------------------------------------------------ all keys and pointers */

/* Calls @fn with each key that has data. */
static void for_each_key(struct image *image,
			 void (*fn)(struct image *image, const struct bch_key *k))
{
	const u8 btrees[] = { BCH_BTREE_extents, BCH_BTREE_reflink };

	for (u32 i = 0; i < bch_array_size(btrees); i++) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(image->fs, btrees[i], BCH_POS_MIN, BCH_SPOS_MAX);
		struct bch_key k;
		int more;

		while ((more = bch_cursor_next(&cur, &k)) > 0)
			if (k.type == BCH_KEY_extent || k.type == BCH_KEY_reflink_v)
				fn(image, &k);
		assert_int_equal(more, 0);
	}
}

static bool is_usable(struct image *image, const struct bch_ptr *p)
{
	bool stale = false;

	if (p->unwritten || !bch_ptr_blkdev(image->fs, p))
		return false;
	assert_int_equal(bch_ptr_is_stale(image->fs, p, &stale), 0);
	assert_true(!stale || p->cached);
	return !stale;
}

/* Of one way to read one pointer, the key's data. */
static u8 *decode(struct image *image, const struct bch_key *k, const struct bch_extent_ptr *p,
		  int (*read)(struct bch_fs *fs, const struct bch_key *k,
			      const struct bch_extent_ptr *p, void *blob))
{
	u8 *blob = malloc(BCH_BYTES(p->crc.compressed_sectors));
	u8 *out = malloc(BCH_BYTES(p->crc.uncompressed_sectors)),
	   *data = malloc(BCH_BYTES(k->size));
	bool compressed = bch_crc_is_compressed(&p->crc);

	assert_int_equal(read(image->fs, k, p, blob), 0);
	assert_int_equal(bch_blob_decode(image->fs, k, &p->crc, blob, out), 0);
	memcpy(data, (compressed ? out : blob) + BCH_BYTES(p->crc.offset_sectors),
	       BCH_BYTES(k->size));
	free(blob);
	free(out);
	return data;
}

static u32 nr_compared;

static void compare_pointers(struct image *image, const struct bch_key *k)
{
	u8 *want = malloc(BCH_BYTES(k->size)), *have;
	struct bch_extent_walk walk = bch_extent_walk(k, NULL);
	struct bch_extent_ptr p;
	int err = bch_key_data_read(image->fs, k, 0, k->size, want);

	while (bch_extent_ptr_next(&walk, &p)) {
		if (is_usable(image, &p.ptr)) {
			assert_int_equal(err, 0);
			have = decode(image, k, &p, bch_blob_read);
			assert_memory_equal(have, want, BCH_BYTES(k->size));
			free(have);
			nr_compared++;
		}
		if (p.in_stripe) {
			have = decode(image, k, &p, bch_blob_reconstruct);
			assert_memory_equal(have, want, BCH_BYTES(k->size));
			free(have);
		}
	}
	free(want);
}

static void every_pointer_leads_to_the_same_data(void **state)
{
	glob_t dirs = image_dirs("manifest.txt*");

	nr_compared = 0;
	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(*state, dirs.gl_pathv[i]);

		image_start_files(&image, NULL);
		for_each_key(&image, compare_pointers);
		image_end(&image);
	}
	globfree(&dirs);
	assert_true(nr_compared > 1000);
}

/* ------------------------------------------------------------------ damage */

/* An image that lacks the data of most files says in kept.txt whose is there. */
static bool is_cut(const struct image *image)
{
	return strstr(image->dir, "-cut");
}

static int hash_data(void *arg, void *buf, size_t len, u64 offset)
{
	(void)offset;
	return crypto_hash_sha256_update(arg, buf, len);
}

/* Every regular file of the manifest is right, all of it. */
static void assert_all_right(struct image *image)
{
	struct manifest *m = manifest_open(image->dir, is_cut(image) ? "kept.txt" : "manifest.txt");
	struct manifest_entry e;

	while (manifest_next(m, &e)) {
		struct bch_file file = { 0 };
		crypto_hash_sha256_state sha;
		const struct bch_file_sink sink = { .arg = &sha, .data = hash_data };
		char hash[SHA256_HEX];

		if (e.type != 'f')
			continue;
		file = image_file(image, e.path);
		crypto_hash_sha256_init(&sha);
		assert_int_equal(bch_file_stream(image->fs, &file, 0, BCH_U64_MAX, &sink), 0);
		sha256_text(&sha, hash);
		assert_string_equal(hash, e.sha256);
	}
	manifest_close(m);
}

/* A bit of what is stored on device @damaged_dev, if there is something with a checksum; at another place each time. */
static u32 damaged_dev, nr_damaged;

static void flip_bit(struct image *image, const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, NULL);
	struct bch_extent_ptr p;
	u8 byte;

	while (bch_extent_ptr_next(&walk, &p)) {
		u64 at = BCH_BYTES(p.ptr.offset_sectors) +
			 nr_damaged * 7919ULL % BCH_BYTES(p.crc.compressed_sectors);
		int fd;

		if (p.ptr.dev_idx != damaged_dev || p.ptr.unwritten || !p.crc.csum_type)
			continue;
		fd = open(image->path[damaged_dev], O_RDWR);
		assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
		byte ^= (u8)(1 << nr_damaged++ % 8);
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
		close(fd);
	}
}

static struct image image_of(struct temp *t, const char *name)
{
	glob_t dirs = image_dirs("dev0.img.zst");
	struct image image = { 0 };

	for (size_t i = 0; i < dirs.gl_pathc && !image.dir; i++)
		if (!strcmp(strrchr(dirs.gl_pathv[i], '/') + 1, name))
			image = image_unpack(t, strdup(dirs.gl_pathv[i]));
	globfree(&dirs);
	return image;
}

static void finish(struct image *image)
{
	image_end(image);
	free((char *)(uintptr_t)image->dir);
}

static void damage(struct image *image, u32 dev_idx)
{
	image_start_files(image, NULL);
	damaged_dev = dev_idx;
	nr_damaged = 0;
	for_each_key(image, flip_bit);
	assert_true(nr_damaged);
	image_close(image);
}

static void one_of_two_copies_is_enough(void **state)
{
	struct temp *t = *state;

	for (u32 dev_idx = 0; dev_idx < 2; dev_idx++) {
		struct image image = image_of(t, "08-replicas2");

		damage(&image, dev_idx);
		image_start_files(&image, NULL);
		assert_all_right(&image);
		assert_non_null(strstr(t->warned, ": data at sector "));
		assert_non_null(strstr(t->warned, ": bad checksum of data"));
		finish(&image);
	}
}

static void damage_without_another_copy_is_lost_or_handed_out_as_it_is(void **state)
{
	const struct bch_files_opts no_verify = { .flags = BCH_FILES_NO_VERIFY };
	struct image image = image_of(*state, "08-replicas2");
	struct bch_file file;
	u8 buf[4096], bad[4096];
	size_t done;

	image_start_files(&image, NULL);
	file = image_file(&image, DAMAGED_FILE);
	assert_int_equal(bch_file_read(image.fs, &file, buf, sizeof(buf), 0, &done), 0);
	image_close(&image);
	damage(&image, 0);
	damage(&image, 1);

	image_start_files(&image, NULL);
	assert_int_equal(bch_file_read(image.fs, &file, bad, sizeof(bad), 0, &done),
			 -BCH_ERR_data_lost);
	image_close(&image);
	image_start_files(&image, &no_verify);
	assert_int_equal(bch_file_read(image.fs, &file, bad, sizeof(bad), 0, &done), 0);
	assert_int_equal(done, sizeof(bad));
	finish(&image);
}

/* ------------------------------------------------------------------ stripes */

/* As if the devices of @missing (bits) were not there; of the btrees there are fewer copies, so they are read before. */
static void close_devices(struct image *image, u32 missing)
{
	for (u8 id = 0; id < BCH_BTREE_NR; id++)
		image_walk(image->fs, id);
	for (u32 i = 0; i < image->fs->nr_members; i++)
		if (missing >> i & 1) {
			(void)bch_blkdev_close(image->fs->members[i].blkdev);
			image->fs->members[i].blkdev = NULL;
		}
}

static void check_without(struct image *image, u32 missing)
{
	image_start_files(image, NULL);
	close_devices(image, missing);
	assert_all_right(image);
	image_close(image);
}

/* Without any @nr_missing devices, 1 or 2. Images of the tree are there, others may be. */
static void check_all_losses(struct temp *t, const char *name, u32 nr_missing)
{
	struct image image = image_of(t, name);

	if (!image.dir)
		return;
	for (u32 i = 0; i < image.nr; i++)
		for (u32 j = nr_missing == 1 ? i : 0; j < i + (nr_missing == 1); j++)
			check_without(&image, 1U << i | 1U << j);
	image_start_files(&image, NULL);
	finish(&image);
}

static void any_device_of_a_stripe_may_be_missing(void **state)
{
	check_all_losses(*state, "139-ec-raid6-cut", 1);
	check_all_losses(*state, "139-ec", 1);
}

static void any_two_devices_of_a_raid6_stripe_may_be_missing(void **state)
{
	check_all_losses(*state, "139-ec-raid6-cut", 2);
	check_all_losses(*state, "139-ec-raid6", 2);
}

static void damage_within_a_stripe_is_made_good(void **state)
{
	struct image image = image_of(*state, "139-ec-raid6-cut");

	for (u32 i = 0; i < image.nr; i++) {
		damage(&image, i);
		image_start_files(&image, NULL);
		assert_all_right(&image);
		image_close(&image);
		damage(&image, i); /* once more: the bits are as they were */
	}
	image_start_files(&image, NULL);
	finish(&image);
}

/* ------------------------------------------------------------------ hostile keys */

/* Reads with a key some of whose bits are others; sizes that validation refuses too. */
static void read_mutated(struct image *image, const struct bch_key *k, u64 seed)
{
	u8 val[BCH_KEY_VALUE_MAX], *buf;
	struct bch_key bad = *k;
	struct bch_extent_walk walk;
	struct bch_extent_ptr p;
	u64 nr;

	memcpy(val, k->val.p, k->val.len);
	bad.val.p = val;
	for (u32 i = 0; i < 1 + seed % 4; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		val[(seed >> 33) % k->val.len] ^= (u8)(1 << (seed >> 60) % 8);
	}
	if (seed >> 20 & 1)
		bad.size = (u32)(seed >> 30) >> (seed >> 50) % 32;
	nr = bad.size < 4096 ? bad.size : 4096;
	buf = malloc(BCH_BYTES(nr));
	bch_key_data_read(image->fs, &bad, 0, nr, buf);
	bch_key_data_read(image->fs, &bad, bad.size - nr, nr, buf);
	free(buf);

	walk = bch_extent_walk(&bad, NULL);
	while (bch_extent_ptr_next(&walk, &p)) {
		if (p.crc.compressed_sectors > BCH_BLOB_SECTORS_MAX)
			continue;
		buf = malloc(BCH_BYTES(p.crc.compressed_sectors));
		bch_blob_read(image->fs, &bad, &p, buf);
		bch_blob_reconstruct(image->fs, &bad, &p, buf);
		free(buf);
	}
}

static u64 mutations;

static void mutate(struct image *image, const struct bch_key *k)
{
	for (u32 i = 0; i < 20 && mutations < 4000; i++)
		read_mutated(image, k, ++mutations * 0x9e3779b97f4a7c15);
}

static void keys_that_lie_hurt_nobody(void **state)
{
	const char *names[] = { "139-ec-raid6-cut", "03-mixed", "05-encrypted",
				"09-cache-durability0" };

	for (u32 i = 0; i < bch_array_size(names); i++) {
		struct image image = image_of(*state, names[i]);

		assert_non_null(image.dir);
		image_start_files(&image, NULL);
		mutations = 0;
		for_each_key(&image, mutate);
		assert_true(mutations > 100);
		finish(&image);
	}
}

/* ------------------------------------------------------------------ threads */

static int read_some(void *arg, u64 idx, u32 worker_idx)
{
	struct image *image = arg;
	struct bch_file file = image_file(image, "/sizes/t65537");
	u64 offset = idx * 7919 % 65536;
	size_t done;
	u8 buf[3000];

	(void)worker_idx;
	return bch_file_read(image->fs, &file, buf, sizeof(buf), offset, &done);
}

static void threads_share_a_cache_that_holds_nearly_nothing(void **state)
{
	const struct bch_files_opts opts = { .cache_bytes = 100000 };
	struct bch_thread_pool *pool bch_auto(thread_pool) = bch_thread_pool_new(6, 16);
	struct image image = image_of(*state, "03-mixed");

	image_start_files(&image, &opts);
	assert_int_equal(bch_thread_pool_for_each(pool, 2000, read_some, &image), 0);
	assert_all_right(&image);
	finish(&image);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_pointer_leads_to_the_same_data),
		TEST(one_of_two_copies_is_enough),
		TEST(damage_without_another_copy_is_lost_or_handed_out_as_it_is),
		TEST(any_device_of_a_stripe_may_be_missing),
		TEST(any_two_devices_of_a_raid6_stripe_may_be_missing),
		TEST(damage_within_a_stripe_is_made_good),
		TEST(keys_that_lie_hurt_nobody),
		TEST(threads_share_a_cache_that_holds_nearly_nothing),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
