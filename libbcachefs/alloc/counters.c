// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of counters. Format reference: 06 §7. */

#include "alloc/alloc.h"

#include <stdlib.h>

#include "base/memory.h"
#include "ondisk/pos.h"

/* The form of positions in memory: that of the newest versions, in which the counters of a type lie together. */
#define FORM BCH_VERSION(1, 39)

static int compare(const void *key, const struct bch_map_node *node)
{
	const struct bch_pos *pos = key;

	return bch_pos_compare(*pos, bch_map_entry(node, struct bch_counter, node)->pos);
}

struct bch_counters bch_counters(void)
{
	return (struct bch_counters){ .map = BCH_MAP(compare) };
}

void bch_counters_end(struct bch_counters *counters)
{
	struct bch_map_node *node = bch_map_first(&counters->map), *next;

	for (; node; node = next) {
		next = node->next;
		free(bch_map_entry(node, struct bch_counter, node));
	}
	*counters = bch_counters();
}

struct bch_accounting bch_counter_what(const struct bch_counter *c)
{
	struct bch_accounting what;

	bch_accounting_get(c->pos, FORM, &what);
	return what;
}

/* The counter, made where there is none; NULL where memory is out. */
static struct bch_counter *make(struct bch_counters *counters, const struct bch_accounting *what)
{
	struct bch_pos pos = bch_accounting_pos(what, FORM);
	struct bch_counter *c =
		bch_map_entry(bch_map_find(&counters->map, &pos), struct bch_counter, node);

	if (c)
		return c;
	c = bch_calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->pos = pos;
	bch_map_insert(&counters->map, &pos, &c->node);
	return c;
}

/* All fields but for what lies between them. */
static bool same(const struct bch_accounting *a, const struct bch_accounting *b)
{
	return a->inum == b->inum &&
	       !memcmp(a, b, offsetof(struct bch_accounting, leaving_dev_idx)) &&
	       a->leaving_dev_idx == b->leaving_dev_idx;
}

static struct bch_counter *get(struct bch_counters *counters, const struct bch_accounting *what)
{
	struct bch_counter *c;

	if (what->type >= BCH_ACCOUNTING_NR)
		return make(counters, what);
	c = counters->last[what->type].c;
	if (c && same(&counters->last[what->type].what, what))
		return c;
	c = make(counters, what);
	counters->last[what->type].what = *what;
	counters->last[what->type].c = c;
	return c;
}

int bch_counters_add(struct bch_counters *counters, const struct bch_accounting *what,
		     const s64 v[BCH_ACCOUNTING_COUNTERS_MAX])
{
	struct bch_counter *c = get(counters, what);

	if (!c)
		return -BCH_ERR_no_memory;
	for (unsigned i = 0; i < BCH_ACCOUNTING_COUNTERS_MAX; i++) /* any numbers may be stored */
		c->v[i] = (s64)((u64)c->v[i] + (u64)v[i]);
	return 0;
}

const s64 *bch_counters_get(const struct bch_counters *counters, const struct bch_accounting *what)
{
	static const s64 zeroes[BCH_ACCOUNTING_COUNTERS_MAX];
	struct bch_pos pos = bch_accounting_pos(what, FORM);
	const struct bch_counter *c =
		bch_map_entry(bch_map_find(&counters->map, &pos), struct bch_counter, node);

	return c ? c->v : zeroes;
}

const struct bch_counter *bch_counters_next(const struct bch_counters *counters,
					    const struct bch_counter *after)
{
	const struct bch_map_node *node = after ? after->node.next : bch_map_first(&counters->map);

	return bch_map_entry(node, struct bch_counter, node);
}
