// SPDX-License-Identifier: GPL-2.0-or-later
/* Size and use are those that the kernel told statfs(2), on all images that it mounted clean. */

#include "../btree/image.h"

#include <json-c/json.h>

#include <bcachefs/journal.h>
#include <bcachefs/usage.h>

/* Where the kernel that was asked had changed what is in the image, or counts otherwise. */
static const struct {
	const char *image, *why;
} others[] = {
	{ "03-gzip", "a node was added before" },
	{ "03-zstd", "a node was added before" },
	{ "03-mixed", "data was compressed in the background before" },
	{ "09-targets", "data was moved in the background before" },
	{ "11-fresh-v131", "an older kernel, 6.16, counted all anew and knew no sizes before" },
	{ "139-degraded", "since 1.33 a kernel counts the room of the missing member too" },
};

static bool is_other(const char *dir)
{
	for (size_t i = 0; i < bch_array_size(others); i++)
		if (!strcmp(others[i].image, strrchr(dir, '/') + 1))
			return true;
	return false;
}

struct statfs_said {
	u64 size_bytes, used_bytes;
};

static struct statfs_said read_statfs(const char *dir)
{
	u64 block, nr, nr_free;
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/statfs.txt", dir);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file,
				"type=%*x bsize=%" SCNu64 " blocks=%" SCNu64 " bfree=%" SCNu64,
				&block, &nr, &nr_free),
			 3);
	fclose(file);
	return (struct statfs_said){ block * nr, block * (nr - nr_free) };
}

static u64 number(struct json_object *json, const char *key)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(json, key, &value));
	return json_object_get_uint64(value);
}

static struct json_object *usage_of(struct image *image)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);
	const struct bch_usage_opts opts = { 0 };
	struct json_object *json;
	u64 nr_differences;

	assert_non_null(facts);
	assert_int_equal(bch_fs_start(image->fs, NULL), 0);
	assert_int_equal(bch_fs_usage(image->fs, &opts, facts, &nr_differences), 0);
	json = json_tokener_parse(bch_facts_str(facts));
	assert_non_null(json);
	return json;
}

static void size_and_use_are_those_of_statfs(void **state)
{
	glob_t dirs = image_dirs("statfs.txt");
	u32 nr = 0;

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(*state, dirs.gl_pathv[i]);

		image_open_fs(&image);
		if (image_is_clean(&image) && !is_other(image.dir) &&
		    bch_sb_flag(image.fs->super.sb, BCH_SB_INITIALIZED) &&
		    le16_get(image.fs->super.sb->version) >= BCH_VERSION(1, 9)) {
			struct statfs_said want = read_statfs(image.dir);
			struct json_object *json = usage_of(&image);

			if (number(json, "size_bytes") != want.size_bytes ||
			    number(json, "used_bytes") != want.used_bytes)
				print_error("%s\n", image.dir);
			assert_int_equal(number(json, "size_bytes"), want.size_bytes);
			assert_int_equal(number(json, "used_bytes"), want.used_bytes);
			json_object_put(json);
			nr++;
		}
		image_end(&image);
	}
	assert_true(nr > 4);
	globfree(&dirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(size_and_use_are_those_of_statfs, temp_setup,
						temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
