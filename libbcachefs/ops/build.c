// SPDX-License-Identifier: GPL-2.0-or-later
/* The libraries that we stand on, as they say themselves. */

#include <bcachefs/build.h>
#include <bcachefs/facts.h>

#include <blkid/blkid.h>
#include <json-c/json.h>
#include <sodium.h>
#include <xxhash.h>

#include "codec/codec.h"

static void show_xxhash(struct bch_facts *facts)
{
	unsigned v = XXH_versionNumber(); /* major * 10000 + minor * 100 + release */

	bch_fact(facts, "xxhash", "%u.%u.%u", v / 10000, v / 100 % 100, v % 100);
}

void bch_build_show(struct bch_facts *facts)
{
	const char *blkid = NULL;

	blkid_get_library_version(&blkid, NULL);
	bch_fact(facts, "libblkid", "%s", blkid);
	bch_fact(facts, "libsodium", "%s", sodium_version_string());
	show_xxhash(facts);
	bch_fact(facts, "json-c", "%s", json_c_version());
	bch_fact(facts, "CRC", "%s", bch_crc_name());
}
