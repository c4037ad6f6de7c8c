// SPDX-License-Identifier: GPL-2.0-or-later
/* Labels of devices, and targets: the disk_groups section. Format reference: 01 §8.7, §12.3. */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ondisk/sb_private.h"

/* Paths deeper than this are broken: 01 §8.7. */
#define GROUP_MAX_DEPTH 32

#define GROUP_FLAGS_NEW(parent) ((u64)0x1f << 1 | (u64)(parent) << 6)

#define GROUP_BYTES sizeof(struct bch_disk_group_disk)

/* Targets have 12 bits: 01 §12.3. */
#define GROUP_MAX (4096 - 257)

static u32 nr_in(struct bch_bytes body)
{
	return (u32)(body.len / GROUP_BYTES);
}

static bool group_at(struct bch_bytes body, u32 idx, struct bch_disk_group *g)
{
	const void *p = bch_bytes_view(body, idx * GROUP_BYTES, GROUP_BYTES);

	if (!p)
		return false;
	bch_disk_group_get(g, p, GROUP_BYTES);
	return true;
}

u32 bch_super_groups_nr(const struct bch_super *super)
{
	return nr_in(bch_super_section(super, BCH_SECTION_disk_groups));
}

bool bch_super_group(const struct bch_super *super, u32 idx, struct bch_disk_group *g)
{
	return group_at(bch_super_section(super, BCH_SECTION_disk_groups), idx, g);
}

static int group_put(struct bch_super *super, u32 idx, const struct bch_disk_group *g)
{
	u32 nr = bch_super_groups_nr(super);
	int err = 0;

	if (idx >= nr)
		err = bch_super_section_resize(super, BCH_SECTION_disk_groups,
					       (idx + 1) * GROUP_BYTES);
	if (!err)
		bch_disk_group_put(g,
				   bch_super_section_mut(super, BCH_SECTION_disk_groups) +
					   idx * GROUP_BYTES,
				   GROUP_BYTES);
	return err;
}

/*
 * The entries from @idx up to the top level, bottom first. Their number, or 0 where the chain is broken, too deep or a
 * loop.
 */
static u32 group_chain(const struct bch_super *super, u32 idx,
		       struct bch_disk_group chain[GROUP_MAX_DEPTH])
{
	u32 nr = 0;

	while (nr < GROUP_MAX_DEPTH && bch_super_group(super, idx, &chain[nr]) &&
	       !bch_disk_group_deleted(&chain[nr])) {
		u32 parent = bch_disk_group_parent(&chain[nr++]);

		if (!parent)
			return nr;
		idx = parent - 1;
	}
	return 0;
}

void bch_super_group_path_put(struct bch_buf *out, const struct bch_super *super, u32 idx)
{
	struct bch_disk_group chain[GROUP_MAX_DEPTH];
	u32 nr = group_chain(super, idx, chain);

	if (!nr)
		bch_buf_puts(out, "(invalid)");
	while (nr--) {
		bch_buf_text(out, chain[nr].label, sizeof(chain[nr].label));
		if (nr)
			bch_buf_putc(out, '.');
	}
}

bool bch_super_group_within(const struct bch_super *super, u32 group, u32 ancestor)
{
	struct bch_disk_group g;

	for (u32 depth = 0; depth < GROUP_MAX_DEPTH; depth++) {
		if (group == ancestor)
			return true;
		if (!bch_super_group(super, group, &g) || !bch_disk_group_parent(&g))
			return false;
		group = bch_disk_group_parent(&g) - 1;
	}
	return false;
}

/* The entry with this label below @parent (index + 1), or -1. */
static int find_child(const struct bch_super *super, u32 parent, const u8 label[32])
{
	u32 nr = bch_super_groups_nr(super);
	struct bch_disk_group g;

	for (u32 i = 0; i < nr; i++)
		if (bch_super_group(super, i, &g) && !bch_disk_group_deleted(&g) &&
		    bch_disk_group_parent(&g) == parent && !memcmp(g.label, label, 32))
			return (int)i;
	return -1;
}

static int make_child(struct bch_super *super, u32 parent, const u8 label[32])
{
	u32 nr = bch_super_groups_nr(super), idx;
	struct bch_disk_group g;
	int err;

	for (idx = 0; idx < nr; idx++)
		if (bch_super_group(super, idx, &g) && bch_disk_group_deleted(&g))
			break;
	if (idx >= GROUP_MAX)
		return -BCH_ERR_no_space_in_sb;

	g = (struct bch_disk_group){ .flags0 = GROUP_FLAGS_NEW(parent) };
	memcpy(g.label, label, 32);
	err = group_put(super, idx, &g);
	return err ? err : (int)idx;
}

/* Takes the first part off @path, padded with zeroes. False where it is empty or too long. */
static bool next_part(const char **path, u8 label[32])
{
	size_t len = strcspn(*path, ".");

	if (!len || len > 32)
		return false;
	memset(label, 0, 32);
	memcpy(label, *path, len);
	*path += len;
	if (**path == '.') {
		(*path)++;
		return **path != 0;
	}
	return true;
}

int bch_super_group_find(const struct bch_super *super, const char *path)
{
	int idx = -1;
	u8 label[32];

	do {
		if (!next_part(&path, label))
			return -BCH_ERR_target_unknown;
		idx = find_child(super, (u32)(idx + 1), label);
		if (idx < 0)
			return -BCH_ERR_target_unknown;
	} while (*path);
	return idx;
}

int bch_super_group_make(struct bch_super *super, const char *path)
{
	const char *rest = path;
	u32 depth = 0;
	int idx = -1;
	u8 label[32];

	do {
		if (!next_part(&rest, label) || ++depth > GROUP_MAX_DEPTH)
			return -BCH_ERR_label_invalid;
	} while (*rest);

	while (*path && next_part(&path, label)) {
		u32 parent = (u32)(idx + 1);

		idx = find_child(super, parent, label);
		if (idx < 0)
			idx = make_child(super, parent, label);
		if (idx < 0)
			return idx;
	}
	return idx;
}

/* The entry and all above it are needed; a loop ends where it comes round. */
static void mark_needed(const struct bch_super *super, u32 idx, bool *needed)
{
	struct bch_disk_group g;

	while (bch_super_group(super, idx, &g) && !needed[idx]) {
		needed[idx] = true;
		if (!bch_disk_group_parent(&g))
			return;
		idx = bch_disk_group_parent(&g) - 1;
	}
}

int bch_super_groups_prune(struct bch_super *super)
{
	u32 nr = bch_super_groups_nr(super);
	bool *needed = bch_calloc(nr + 1, sizeof(*needed));
	struct bch_disk_group g;
	struct bch_member m;

	if (!needed)
		return -BCH_ERR_no_memory;
	for (u32 i = 0; i < super->sb->nr_devices; i++)
		if (bch_super_member(super, i, &m) && bch_member_GROUP(&m))
			mark_needed(super, (u32)bch_member_GROUP(&m) - 1, needed);
	for (u32 id = 0; id < BCH_OPT_NR; id++)
		if (bch_opt(id)->type == BCH_OPT_TARGET &&
		    bch_sb_opt(super->sb, id) >= BCH_TARGET_GROUP(0))
			mark_needed(super, (u32)(bch_sb_opt(super->sb, id) - BCH_TARGET_GROUP(0)),
				    needed);

	for (u32 i = 0; i < nr; i++)
		if (!needed[i] && bch_super_group(super, i, &g) && !bch_disk_group_deleted(&g)) {
			g.flags0 |= 1;
			(void)group_put(super, i, &g); /* in place: cannot fail */
		}
	free(needed);
	return 0;
}

bool bch_super_in_target(const struct bch_super *super, u32 dev_idx, u64 target)
{
	struct bch_member m;

	if (target < BCH_TARGET_GROUP(0))
		return target == BCH_TARGET_DEV(dev_idx);
	return bch_super_member(super, dev_idx, &m) && bch_member_alive(&m) &&
	       bch_member_GROUP(&m) &&
	       bch_super_group_within(super, (u32)bch_member_GROUP(&m) - 1,
				      (u32)(target - BCH_TARGET_GROUP(0)));
}

void bch_super_target_put(struct bch_buf *out, const struct bch_super *super, u64 target)
{
	if (!target)
		bch_buf_puts(out, "none");
	else if (target <= 256)
		bch_buf_put(out, "device %" PRIu64, target - 1);
	else
		bch_super_group_path_put(out, super, (u32)(target - 257));
}

/* By parent and label; the arguments point to pointers into the section. */
static int cmp_group(const void *l, const void *r)
{
	struct bch_disk_group a, b;

	bch_disk_group_get(&a, *(const u8 *const *)l, GROUP_BYTES);
	bch_disk_group_get(&b, *(const u8 *const *)r, GROUP_BYTES);
	if (bch_disk_group_parent(&a) != bch_disk_group_parent(&b))
		return bch_disk_group_parent(&a) < bch_disk_group_parent(&b) ? -1 : 1;
	return memcmp(a.label, b.label, sizeof(a.label));
}

/* Two live entries with the same parent and label. Sorted: there may be a whole section of them. */
static int validate_unique(struct bch_bytes body, struct bch_buf *why)
{
	const u8 **live = bch_calloc(nr_in(body) + 1, sizeof(*live));
	struct bch_disk_group g;
	size_t nr = 0;
	int err = 0;

	if (!live)
		return -BCH_ERR_no_memory;
	for (u32 i = 0; group_at(body, i, &g); i++)
		if (!bch_disk_group_deleted(&g))
			live[nr++] = body.p + i * GROUP_BYTES;
	qsort(live, nr, sizeof(*live), cmp_group);
	for (size_t i = 1; i < nr && !err; i++)
		if (!cmp_group(&live[i - 1], &live[i]))
			err = bch_sb_why(why, -BCH_ERR_invalid_sb_disk_groups,
					 "entries %zu and %zu have the same label",
					 (size_t)(live[i - 1] - body.p) / GROUP_BYTES,
					 (size_t)(live[i] - body.p) / GROUP_BYTES);
	free(live);
	return err;
}

int bch_sb_validate_disk_groups(const struct bch_super *super, struct bch_bytes body,
				unsigned flags, struct bch_buf *why)
{
	int err = -BCH_ERR_invalid_sb_disk_groups;
	struct bch_disk_group g;
	struct bch_member m;

	for (u32 i = 0; i < super->sb->nr_devices && bch_super_member(super, i, &m); i++) {
		u32 group = (u32)bch_member_GROUP(&m);

		if (!group)
			continue;
		if (!group_at(body, group - 1, &g))
			return bch_sb_why(why, err, "device %u has label %u of %u", i, group - 1,
					  nr_in(body));
		if (bch_disk_group_deleted(&g))
			return bch_sb_why(why, err, "device %u has deleted label %u", i, group - 1);
	}
	for (u32 i = 0; i < nr_in(body); i++)
		if (group_at(body, i, &g) && !bch_disk_group_deleted(&g) && !g.label[0])
			return bch_sb_why(why, err, "label %u is empty", i);
	return validate_unique(body, why);
}

void bch_sb_show_disk_groups(struct bch_facts *facts, const struct bch_sb_show *show,
			     struct bch_bytes body)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	struct bch_disk_group g;

	bch_facts_list(facts, "entries");
	for (u32 i = 0; i < nr_in(body); i++) {
		struct bch_buf name bch_auto(buf) = { 0 };

		group_at(body, i, &g);
		bch_buf_put(&line, "%s[", i ? " " : "");
		if (bch_disk_group_deleted(&g)) {
			bch_buf_puts(&line, "deleted]");
			continue;
		}
		bch_buf_text(&name, g.label, sizeof(g.label));
		bch_buf_put(&line, "parent %u name %s]", bch_disk_group_parent(&g),
			    bch_buf_str(&name));
		bch_facts_object(facts, NULL);
		bch_fact_json_u64(facts, "index", i);
		bch_fact_json_u64(facts, "parent", bch_disk_group_parent(&g));
		bch_fact_json_str(facts, "name", bch_buf_str(&name));
		bch_facts_end(facts);
	}
	bch_facts_end(facts);
	bch_facts_heading(facts, "%s", bch_buf_str(&line));
}
