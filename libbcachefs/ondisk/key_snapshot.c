// SPDX-License-Identifier: GPL-2.0-or-later
/* Nodes of the snapshot trees: rules and text. Format reference: 04 §3.1, §12.1; 08 §10. */

#include "ondisk/key_snapshot.h"

#include "ondisk/key_private.h"

/* Where the skip list begins: values written before 1.1 end there. */
#define SKIP_OFFSET offsetof(struct bch_snapshot_disk, skip)

static int check_children(u32 id, const struct bch_snapshot *s, struct bch_buf *why)
{
	const u32 *child = s->children;

	if (child[0] < child[1])
		return bch_key_why(why, BCH_FSCK_snapshot_children_not_normalized,
				   "children %u and %u", child[0], child[1]);
	if (child[0] && child[0] == child[1])
		return bch_key_why(why, BCH_FSCK_snapshot_child_duplicate, "twice child %u",
				   child[0]);
	if (child[0] >= id) /* the greater one */
		return bch_key_why(why, BCH_FSCK_snapshot_child_bad, "child %u of %u", child[0],
				   id);
	return BCH_KEY_VALID;
}

static int check_skip_list(const struct bch_snapshot *s, struct bch_buf *why)
{
	const u32 *skip = s->skip;

	if (skip[0] > skip[1] || skip[1] > skip[2])
		return bch_key_why(why, BCH_FSCK_snapshot_skiplist_not_normalized,
				   "skip list %u %u %u", skip[0], skip[1], skip[2]);
	for (size_t i = 0; i < bch_array_size(s->skip); i++)
		if (skip[i] && skip[i] < s->parent)
			return bch_key_why(why, BCH_FSCK_snapshot_skiplist_bad,
					   "skip list has %u, parent is %u", skip[i], s->parent);
	return BCH_KEY_VALID;
}

int bch_key_validate_snapshot(const struct bch_key *k, const struct bch_key_context *c,
			      struct bch_buf *why)
{
	struct bch_snapshot s;
	u32 id = (u32)k->pos.offset;
	int err;

	if (k->pos.inode || !k->pos.offset || k->pos.offset > BCH_U32_MAX)
		return bch_key_why(why, BCH_FSCK_snapshot_pos_bad, "no position of a snapshot");

	bch_snapshot_get(&s, k->val.p, k->val.len);
	if (s.parent && s.parent <= id)
		return bch_key_why(why, BCH_FSCK_snapshot_parent_bad, "parent %u of %u", s.parent,
				   id);
	err = check_children(id, &s, why);
	if (err == BCH_KEY_VALID && k->val.len > SKIP_OFFSET)
		err = check_skip_list(&s, why);
	if (err == BCH_KEY_VALID && s.pad && c->version >= BCH_SNAPSHOT_STATES_SINCE)
		err = bch_key_why(why, BCH_FSCK_snapshot_pad_nonzero, "pad is %x", s.pad);
	return err;
}

void bch_state_put(struct bch_buf *out, const struct bch_state *states, u32 word)
{
	while (states->name && states->word != word)
		states++;
	if (states->name)
		bch_buf_puts(out, states->name);
	else
		bch_buf_put(out, "unknown(%x)", word);
}

#define F(nr, name) [nr] = #name,
static const char *const flag_names[] = { BCH_SNAPSHOT_FLAGS(F) };
#undef F

static void put_flags(struct bch_buf *out, u32 flags, u16 version)
{
	if (version < BCH_TEXT_1_28) {
		bch_buf_put(out, "is_subvol %u deleted %u ", flags >> BCH_SNAPSHOT_subvol & 1,
			    flags >> BCH_SNAPSHOT_will_delete & 1);
		return;
	}
	for (size_t i = 0; i < bch_array_size(flag_names); i++)
		if (flags >> i & 1)
			bch_buf_put(out, "%s ", flag_names[i]);
}

/* The state, where there is one, says what the flags say, and stands at the end. */
void bch_key_put_snapshot(struct bch_buf *out, const struct bch_key *k,
			  const struct bch_key_context *c)
{
#define S(word, name) { word, #name },
	static const struct bch_state states[] = { BCH_SNAPSHOT_STATES(S){ 0, NULL } };
#undef S
	struct bch_snapshot s;

	bch_snapshot_get(&s, k->val.p, k->val.len);
	if (!s.state)
		put_flags(out, s.flags, c->version);
	bch_buf_put(out, "parent %10u children %10u %10u subvol %u tree %u", s.parent,
		    s.children[0], s.children[1], s.subvol, s.tree);
	bch_buf_put(out, " depth %u skiplist %u %u %u", s.depth, s.skip[0], s.skip[1], s.skip[2]);
	if (s.state) {
		bch_buf_putc(out, ' ');
		bch_state_put(out, states, s.state);
	}
}

/* clang-format off */
BCH_KEY_FIELDS(snapshot, bch_snapshot_disk,
	BCH_FIELD("flags", flags, 0, 32, 1, BCH_FIELD_SET_OF(flag_names, bch_array_size(flag_names)))
	BCH_SNAPSHOT_FIELDS(BCH_FIELD_ROW, BCH_FIELD_BYTES_ROW))
/* clang-format on */
