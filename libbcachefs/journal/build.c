// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of an entry to be written. Format reference: 03 §2. */

#include "journal/journal.h"
#include "ondisk/bkey_pack.h"

static int add_bytes(struct bch_records *r, const void *p, size_t len)
{
	int err = bch_array_reserve(&r->a, r->a.nr + len);

	if (err || !len)
		return err;
	memcpy(r->a.v + r->a.nr, p, len);
	r->a.nr += len;
	return 0;
}

static int add_header(struct bch_records *r, u8 type, u8 btree_id, u8 level, size_t len)
{
	const struct jset_entry e = {
		.u64s = le16_of((u16)((len + 7) / 8)),
		.btree_id = btree_id,
		.level = level,
		.type = type,
	};

	return add_bytes(r, &e, sizeof(e));
}

int bch_records_add(struct bch_records *r, u8 type, u8 btree_id, u8 level, struct bch_bytes payload)
{
	static const u8 zeroes[8];
	int err = add_header(r, type, btree_id, level, payload.len);

	if (!err)
		err = add_bytes(r, payload.p, payload.len);
	return err ? err : add_bytes(r, zeroes, -payload.len % 8);
}

int bch_records_add_key(struct bch_records *r, u8 type, u8 btree_id, u8 level,
			const struct bch_key *k)
{
	u8 header[sizeof(struct bkey)];
	int err = add_header(r, type, btree_id, level, sizeof(header) + k->val.len);

	(void)bch_key_pack(k, &bch_key_format_unpacked, header);
	if (!err)
		err = add_bytes(r, header, sizeof(header));
	return err ? err : add_bytes(r, k->val.p, k->val.len);
}

static int add_clock(struct bch_records *r, u8 rw, u64 sectors)
{
	const struct {
		u8 rw, pad[7];
		le64 time;
	} clock = { .rw = rw, .time = le64_of(sectors) };

	return bch_records_add(r, BCH_JSET_ENTRY_clock, 0, 0,
			       (struct bch_bytes){ (const u8 *)&clock, sizeof(clock) });
}

int bch_records_add_state(struct bch_records *r, const struct bch_fs_state *state)
{
	le64 version = le64_of(state->key_version);
	int err = bch_records_add(r, BCH_JSET_ENTRY_usage, BCH_JSET_USAGE_key_version, 0,
				  (struct bch_bytes){ version.b, sizeof(version) });

	for (u8 rw = 0; !err && rw < 2; rw++)
		err = add_clock(r, rw, state->clock[rw]);
	return err;
}
