// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of foreign contents: each kind is found, shown and wiped. */

#include "temp.h"

static struct bch_signatures probe(struct temp *t, const char *path)
{
	struct bch_signatures found;
	int err = bch_signatures_probe(t->ctx, path, &found);

	if (err)
		print_error("%s\n", bch_error_message(t->ctx, err));
	assert_int_equal(err, 0);
	return found;
}

static bool has(const struct bch_signatures *found, const char *text)
{
	bool has = false;

	for (size_t i = 0; i < found->nr && !has; i++) {
		struct bch_buf buf bch_auto(buf) = { 0 };

		bch_signature_put(&buf, &found->v[i]);
		has = !strcmp(bch_buf_str(&buf), text);
	}
	return has;
}

/* Wipes all that is there, after which neither we nor a new look find anything. */
static void assert_is_wiped(struct temp *t, const char *path, const struct bch_signatures *found)
{
	struct bch_blkdev *dev = temp_open(t, path, BCH_BLKDEV_WRITE);
	struct bch_signatures left bch_auto(signatures) = { 0 };

	assert_int_equal(bch_signatures_wipe(dev, found), 0);
	assert_int_equal(bch_blkdev_close(dev), 0);
	left = probe(t, path);
	assert_int_equal(left.nr, 0);
}

static void assert_found_and_wiped(struct temp *t, const char *path, const char *text, size_t nr)
{
	struct bch_signatures found bch_auto(signatures) = probe(t, path);

	assert_true(has(&found, text));
	assert_int_equal(found.nr, nr);
	assert_is_wiped(t, path, &found);
}

static void ext4_is_found_with_its_label_and_wiped(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 16 << 20);

	temp_make("mkfs.ext4", "-q -F -L old %s", path);
	assert_found_and_wiped(t, path, "ext4 filesystem labelled 'old'", 1);
	free(path);
}

static void xfs_is_found_and_wiped(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 512 << 20);

	temp_make("mkfs.xfs", "-q %s", path);
	assert_found_and_wiped(t, path, "xfs filesystem", 1);
	free(path);
}

static void btrfs_is_found_at_64_kib_and_wiped(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 128 << 20);
	struct bch_signatures found;

	temp_make("mkfs.btrfs", "-q %s", path);
	found = probe(t, path);
	assert_int_equal(found.v[0].offset, (64 << 10) + 64);
	bch_signatures_end(&found);
	assert_found_and_wiped(t, path, "btrfs filesystem", 1);
	free(path);
}

static void both_headers_of_luks_are_found_and_wiped(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 32 << 20);

	temp_make("cryptsetup",
		  "luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 %s "
		  "</etc/passwd",
		  path);
	assert_found_and_wiped(t, path, "crypto_LUKS crypto", 2);
	free(path);
}

/* A label of LVM2 as pvcreate writes it into the second sector; its checksum is not looked at. */
static void lvm_is_found_and_wiped(void **state)
{
	struct temp *t = *state;
	u8 sector[1024] = { 0 };
	char *path;

	memcpy(sector + 512, "LABELONE", 8);
	sector[512 + 8] = 1;
	sector[512 + 20] = 32;
	memcpy(sector + 512 + 24, "LVM2 001", 8);
	memset(sector + 512 + 32, 'a', 32);
	path = temp_image(t, "image", sector, sizeof(sector));
	assert_int_equal(truncate(path, 4 << 20), 0);
	assert_found_and_wiped(t, path, "LVM2_member raid", 1);
	free(path);
}

static void make_partitions(struct temp *t, const char *path, const char *kind)
{
	char script[64];
	char *name;

	snprintf(script, sizeof(script), "label: %s\n,4M\n", kind);
	name = temp_image(t, "script", script, strlen(script));
	temp_make("sfdisk", "-q --wipe never %s <%s", path, name);
	free(name);
}

static void both_tables_of_gpt_are_found_and_wiped(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 16 << 20);
	struct bch_signatures found;

	make_partitions(t, path, "gpt");
	found = probe(t, path);
	assert_true(has(&found, "gpt partition table"));
	assert_int_equal(found.v[0].offset, 512);
	assert_int_equal(found.v[1].offset, (16 << 20) - 512);
	assert_is_wiped(t, path, &found);
	bch_signatures_end(&found);
	free(path);
}

static void all_layers_are_found(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 16 << 20);
	struct bch_signatures found;

	temp_make("mkfs.ext4", "-q -F %s", path);
	make_partitions(t, path, "dos");
	found = probe(t, path);
	assert_true(has(&found, "ext4 filesystem"));
	assert_true(has(&found, "dos partition table"));
	assert_is_wiped(t, path, &found);
	bch_signatures_end(&found);
	free(path);
}

static void hostile_label_is_shown_harmless(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };
	struct bch_signature s = {
		.type = strdup("ext4"),
		.usage = strdup("filesystem"),
		.label = strdup("a\033[2Jb"),
	};

	(void)state;
	bch_signature_put(&buf, &s);
	assert_null(strchr(bch_buf_str(&buf), '\033'));
	free(s.type);
	free(s.usage);
	free(s.label);
}

static void dry_run_wipes_nothing(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 16 << 20);
	struct bch_signatures found bch_auto(signatures) = { 0 };
	struct bch_blkdev *dev;

	temp_make("mkfs.ext4", "-q -F -L old %s", path);
	found = probe(t, path);
	assert_int_equal(bch_overlay_new(temp_open(t, path, 0), &dev), 0);
	assert_int_equal(bch_signatures_wipe(dev, &found), 0);
	assert_int_equal(bch_blkdev_close(dev), 0);
	assert_found_and_wiped(t, path, "ext4 filesystem labelled 'old'", 1);
	free(path);
}

static void empty_and_blank_files_hold_nothing(void **state)
{
	struct temp *t = *state;
	static const size_t sizes[] = { 0, 1, 511, 512, 4096, 1 << 20 };
	char name[16];

	for (size_t i = 0; i < bch_array_size(sizes); i++) {
		struct bch_signatures found;
		char *path;

		snprintf(name, sizeof(name), "%zu", sizes[i]);
		path = temp_image(t, name, NULL, sizes[i]);
		found = probe(t, path);
		assert_int_equal(found.nr, 0);
		bch_signatures_end(&found);
		free(path);
	}
}

static void folder_is_refused(void **state)
{
	struct temp *t = *state;
	struct bch_signatures found;

	assert_int_equal(bch_signatures_probe(t->ctx, t->folder, &found), -BCH_ERR_is_directory);
	assert_int_equal(found.nr, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(ext4_is_found_with_its_label_and_wiped),
		TEMP_TEST(xfs_is_found_and_wiped),
		TEMP_TEST(btrfs_is_found_at_64_kib_and_wiped),
		TEMP_TEST(both_headers_of_luks_are_found_and_wiped),
		TEMP_TEST(lvm_is_found_and_wiped),
		TEMP_TEST(both_tables_of_gpt_are_found_and_wiped),
		TEMP_TEST(all_layers_are_found),
		TEMP_TEST(hostile_label_is_shown_harmless),
		TEMP_TEST(dry_run_wipes_nothing),
		TEMP_TEST(empty_and_blank_files_hold_nothing),
		TEMP_TEST(folder_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
