/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of scrub: an image is scrubbed, and what was found is looked at as JSON. */

#ifndef BCHFS_TESTS_OPS_SCRUB_RUN_H
#define BCHFS_TESTS_OPS_SCRUB_RUN_H

#include <json-c/json.h>

#include <bcachefs/scrub.h>

#include "../file/manifest.h"

static const struct bch_files_opts scrub_files = { .flags = BCH_FILES_QUIET };

/* Opened, its files started, so that damage is not said twice. */
static inline void scrub_open(struct image *image)
{
	image_start_files(image, &scrub_files);
}

/* The error of bch_scrub(); *@json is what it has shown, for json_object_put(), where that is 0. */
static inline int scrub_run(struct image *image, const struct bch_scrub_opts *opts,
			    struct bch_scrub_result *result, struct json_object **json)
{
	static const struct bch_scrub_opts none;
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);
	int err;

	assert_non_null(facts);
	err = bch_scrub(image->fs, opts ? opts : &none, facts, result);
	*json = err ? NULL : json_tokener_parse(bch_facts_str(facts));
	if (!err)
		assert_non_null(*json);
	return err;
}

static inline struct json_object *json_get(struct json_object *json, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(json, key, &value);
	return value;
}

/* "" where there is none. */
static inline const char *json_text(struct json_object *json, const char *key)
{
	struct json_object *value = json_get(json, key);

	return value ? json_object_get_string(value) : "";
}

static inline u64 json_number(struct json_object *json, const char *key)
{
	struct json_object *value = json_get(json, key);

	assert_non_null(value);
	return json_object_get_uint64(value);
}

#endif
