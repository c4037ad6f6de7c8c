// SPDX-License-Identifier: GPL-2.0-or-later
/* Problems: told once, asked about, counted. Format reference: 07 §2. */

#include "check/check.h"

#include <stdlib.h>

#include "base/memory.h"
#include "codec/codec.h"

#define NO_BTREE BCH_BTREE_ID_MAX

/* ------------------------------------------------------------------ kinds */

static const struct bch_problem_kind kinds[BCH_PROBLEM_NR] = {
#define SAFE		     BCH_PROBLEM_SAFE
#define LOSES		     BCH_PROBLEM_LOSES
#define P(name, verb, flags) [BCH_FSCK_##name] = { verb, flags },
	BCH_PROBLEMS(P)
#undef P
#undef SAFE
#undef LOSES
		[BCH_PROBLEM_superblock_copy_bad] = { "rewrite", BCH_PROBLEM_SAFE },
	[BCH_PROBLEM_device_too_short] = { "shorten", BCH_PROBLEM_LOSES },
};

struct bch_problem_kind bch_problem_kind(u32 id)
{
	static const struct bch_problem_kind key_not_valid = {
		"delete", BCH_PROBLEM_SAFE | BCH_PROBLEM_LOSES
	};

	return id < BCH_PROBLEM_NR && kinds[id].verb ? kinds[id] : key_not_valid;
}

static const char *problem_name(u32 id)
{
	return id == BCH_PROBLEM_superblock_copy_bad ? "superblock_copy_bad"
	       : id == BCH_PROBLEM_device_too_short  ? "device_too_short"
						     : bch_fsck_error_name(id);
}

/* ------------------------------------------------------------------ what was told */

struct told {
	struct bch_map_node node;
	u64 hash;
	bool repair;
};

static int compare_told(const void *key, const struct bch_map_node *node)
{
	u64 hash = *(const u64 *)key, other = bch_map_entry(node, struct told, node)->hash;

	return hash < other ? -1 : hash > other;
}

int bch_problems_begin(struct bch_check *c)
{
	bch_random(c->told_key, sizeof(c->told_key));
	c->told = BCH_MAP(compare_told);
	c->replies = bch_calloc(BCH_PROBLEM_NR, sizeof(*c->replies));
	return c->replies ? 0 : -BCH_ERR_no_memory;
}

void bch_problems_end(struct bch_check *c)
{
	struct bch_map_node *node = bch_map_first(&c->told);

	while (node) {
		struct told *t = bch_map_entry(node, struct told, node);

		node = node->next;
		free(t);
	}
	free(c->replies);
}

static int keep_told(struct bch_check *c, u64 hash, bool repair)
{
	struct told *t = bch_malloc(sizeof(*t));

	if (!t)
		return -BCH_ERR_no_memory;
	t->hash = hash;
	t->repair = repair;
	(void)bch_map_insert(&c->told, &t->hash, &t->node); /* it was not found there */
	return 0;
}

/* ------------------------------------------------------------------ counts */

/* Sets p->nr. */
static int count(struct bch_check *c, struct bch_fsck_problem *p)
{
	size_t at = 0;
	struct bch_fsck_count *counts;
	int err = 0;

	while (at < c->counts.a.nr && c->counts.a.v[at].id < p->id)
		at++;
	if (at == c->counts.a.nr || c->counts.a.v[at].id != p->id)
		err = bch_array_insert(&c->counts.a, at,
				       ((struct bch_fsck_count){ .id = p->id, .name = p->name }));
	if (err)
		return err;
	counts = &c->counts.a.v[at];
	p->nr = ++counts->nr_found;
	counts->nr_repaired += p->repaired;
	return 0;
}

/* ------------------------------------------------------------------ the answer */

static int ask(struct bch_check *c, const struct bch_fsck_problem *p)
{
	int reply;

	if (c->replies[p->id])
		return c->replies[p->id] == BCH_FSCK_REPLY_YES_TO_ALL;
	reply = c->opts->ask ? c->opts->ask(c->opts->arg, p) : BCH_FSCK_REPLY_NO;
	if (reply == BCH_FSCK_REPLY_NO_TO_ALL || reply == BCH_FSCK_REPLY_YES_TO_ALL)
		c->replies[p->id] = (u8)reply;
	return reply < 0 ? reply
			 : reply == BCH_FSCK_REPLY_YES || reply == BCH_FSCK_REPLY_YES_TO_ALL;
}

static int answer(struct bch_check *c, const struct bch_fsck_problem *p, unsigned flags)
{
	switch (c->look_only ? BCH_FSCK_NO : c->opts->answer) {
	case BCH_FSCK_ASK:
		return ask(c, p);
	case BCH_FSCK_SAFE:
		return flags & BCH_PROBLEM_SAFE;
	default:
		return c->opts->answer == BCH_FSCK_YES;
	}
}

/* ------------------------------------------------------------------ files */

/* The inode that a key belongs to; 0: none. */
static u64 inum_of(u8 btree_id, const struct bch_key *k)
{
	switch (btree_id) {
	case BCH_BTREE_extents:
	case BCH_BTREE_dirents:
	case BCH_BTREE_xattrs:
		return k->pos.inode;
	case BCH_BTREE_inodes:
	case BCH_BTREE_deleted_inodes:
		return k->pos.offset;
	default:
		return 0;
	}
}

/* Is less of the file there now? Names are no data; what a lost node had is known by what is missing in the sum. */
static bool loses_data(const struct bch_check *c, u32 id, u8 btree_id, unsigned flags)
{
	if (id == BCH_FSCK_inode_i_sectors_wrong)
		return c->lost_data >> BCH_BTREE_extents & 1;
	return flags & BCH_PROBLEM_LOSES &&
	       (btree_id == BCH_BTREE_extents || btree_id == BCH_BTREE_xattrs);
}

/* What a problem is about. */
struct about {
	u32 id;
	u8 btree_id; /* of its key, or NO_BTREE */
	u64 inum;    /* 0: none */
};

static int keep_file(struct bch_check *c, const struct about *about, unsigned flags)
{
	const struct bch_fsck_file file = {
		about->inum,
		loses_data(c, about->id, about->btree_id, flags),
	};

	return about->inum ? bch_array_push(&c->files.a, file) : 0;
}

/* ------------------------------------------------------------------ tell */

/* Without writing all is repaired in memory, so that what is found next is what a repair would find. */
static int tell(struct bch_check *c, const struct about *about, u64 hash, const char *text)
{
	struct bch_problem_kind kind = bch_problem_kind(about->id);
	struct bch_fsck_problem p = {
		.id = about->id,
		.inum = about->inum,
		.name = problem_name(about->id),
		.text = text,
		.verb = kind.verb,
		.loses = kind.flags & BCH_PROBLEM_LOSES,
	};
	int yes = bch_check_tell_step(c), err;
	bool repair;

	if (!yes)
		yes = answer(c, &p, kind.flags);
	if (yes < 0)
		return yes;
	p.repaired = yes;
	repair = yes || c->look_only || c->opts->answer == BCH_FSCK_NO;
	err = count(c, &p);
	if (!err)
		err = keep_told(c, hash, repair);
	if (!err)
		err = keep_file(c, about, kind.flags);
	if (!err && c->opts->problem)
		err = c->opts->problem(c->opts->arg, &p);
	return err ? err : repair;
}

static int problem(struct bch_check *c, const struct about *about, const struct bch_buf *text)
{
	u64 hash = bch_siphash(c->told_key, bch_buf_str(text), text->len) + about->id;
	const struct bch_map_node *node = bch_map_find(&c->told, &hash);

	if (bch_buf_failed(text))
		return -BCH_ERR_no_memory;
	if (node)
		return bch_map_entry(node, struct told, node)->repair;
	return tell(c, about, hash, bch_buf_str(text));
}

bool bch_problem_is_silent(const struct bch_check *c, u32 id)
{
	return id < bch_array_size(c->silent) * 64 && c->silent[id / 64] >> id % 64 & 1;
}

int bch_problem(struct bch_check *c, u32 id, const char *fmt, ...)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	va_list args;

	if (bch_problem_is_silent(c, id))
		return 1;
	va_start(args, fmt);
	bch_buf_vput(&text, fmt, args);
	va_end(args);
	return problem(c, &(struct about){ id, NO_BTREE, 0 }, &text);
}

int bch_problem_inode(struct bch_check *c, u32 id, u64 inum, const char *fmt, ...)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	va_list args;

	if (bch_problem_is_silent(c, id))
		return 1;
	va_start(args, fmt);
	bch_buf_vput(&text, fmt, args);
	va_end(args);
	return problem(c, &(struct about){ id, NO_BTREE, inum }, &text);
}

int bch_problem_key(struct bch_check *c, u32 id, u8 btree_id, const struct bch_key *k,
		    const char *fmt, ...)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	va_list args;

	if (bch_problem_is_silent(c, id))
		return 1;
	va_start(args, fmt);
	bch_buf_vput(&text, fmt, args);
	va_end(args);
	bch_buf_puts(&text, "\n  ");
	bch_check_key_put(c, &text, btree_id, k);
	return problem(c, &(struct about){ id, btree_id, inum_of(btree_id, k) }, &text);
}
