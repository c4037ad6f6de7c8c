// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: the records of a journal entry, as clean sections have them too, and their keys. Format reference: 03 §2. */

#include "filesystem.h"
#include "fuzz.h"

#include "ondisk/jset.h"

/* A version's minor number, then records. */
void fuzz(struct bch_bytes input)
{
	struct bch_key_context c = { .fs = fuzz_key_fs() };
	struct bch_jset_entry e;
	u8 minor;

	fuzz_take(&input, &minor, 1);
	c.version = BCH_VERSION(1, minor);
	while (bch_jset_entry_next(&input, &e) > 0) {
		struct bch_buf text bch_auto(buf) = { 0 };
		struct bch_bytes keys = e.payload;
		struct bch_key_context of_key = bch_jset_key_context(&e, &c);
		struct bch_key k;
		int problem;

		(void)bch_jset_entry_validate(&e, &text);
		(void)bch_jset_entry_log(&e);
		while (bch_jset_entry_has_keys(e.type) && bch_jset_key_next(&keys, &k, &problem))
			if (problem == BCH_KEY_VALID)
				(void)bch_key_validate(&k, &of_key, &text);
		bch_jset_entry_put(&text, &e, &c);
	}
}
