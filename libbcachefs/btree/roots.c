// SPDX-License-Identifier: GPL-2.0-or-later
/* The btrees of an open filesystem: start and end, and the table of their roots. Format reference: 02 §9.3. */

#include <stdlib.h>

#include "base/memory.h"
#include "btree/private.h"

#define CACHE_BYTES_DEFAULT (256U << 20)
#define NR_THREADS_DEFAULT  4
#define NR_QUEUED	    64

static void btrees_free(struct bch_btrees *b)
{
	bch_thread_pool_free(b->pool); /* first: its work uses the cache */
	bch_node_cache_free(b->cache);
	bch_key_overlay_free(b->overlay);
	bch_key_overlay_free(b->scanned);
	bch_changes_free(b->changes);
	for (u32 id = 0; id < BCH_BTREE_ID_MAX; id++)
		free((u8 *)(uintptr_t)b->roots[id].k.val.p);
	free(b->blacklist);
	pthread_mutex_destroy(&b->gaps.lock);
	free(b);
}

static void end(struct bch_fs *fs)
{
	btrees_free(fs->btrees);
	fs->btrees = NULL;
}

static int load_blacklist(struct bch_btrees *b, const struct bch_super *super)
{
	struct bch_bytes body = bch_super_section(super, BCH_SECTION_journal_seq_blacklist);
	size_t nr = body.len / sizeof(struct bch_blacklist_disk);

	b->blacklist = bch_calloc(nr + 1, sizeof(*b->blacklist));
	if (!b->blacklist)
		return -BCH_ERR_no_memory;
	for (size_t i = 0; i < nr; i++)
		bch_blacklist_get(&b->blacklist[i], body.p + i * sizeof(struct bch_blacklist_disk),
				  sizeof(struct bch_blacklist_disk));
	b->rules.blacklist = b->blacklist;
	b->rules.nr_blacklisted = nr;
	return 0;
}

static void load_rules(struct bch_btrees *b, const struct bch_super *super)
{
	const struct bch_sb *sb = super->sb;

	b->rules.magic = bch_node_magic(sb->uuid);
	b->rules.block_bytes = (u32)BCH_BYTES(le16_get(sb->block_size));
	b->rules.node_bytes = (u32)BCH_BYTES(bch_sb_flag(sb, BCH_SB_BTREE_NODE_SIZE));
	b->rules.keys = &b->keys;
	bch_key_fs_init(&b->keys, super);
}

void bch_btrees_take_version(struct bch_fs *fs)
{
	fs->btrees->rules.version = le16_get(fs->super.sb->version);
	fs->btrees->rules.version_min = le16_get(fs->super.sb->version_min);
}

int bch_btrees_start(struct bch_fs *fs, const struct bch_btree_opts *opts)
{
	struct bch_btree_opts none = { 0 };
	struct bch_btrees *b = bch_calloc(1, sizeof(*b));

	if (!b)
		return -BCH_ERR_no_memory;
	pthread_mutex_init(&b->gaps.lock, NULL);
	opts = opts ? opts : &none;
	load_rules(b, &fs->super);
	b->cache = bch_node_cache_new(opts->cache_bytes ? opts->cache_bytes : CACHE_BYTES_DEFAULT);
	b->pool = bch_thread_pool_new(opts->nr_threads ? opts->nr_threads : NR_THREADS_DEFAULT,
				      NR_QUEUED);
	if (!b->cache || !b->pool || load_blacklist(b, &fs->super)) {
		btrees_free(b);
		return -BCH_ERR_no_memory;
	}
	b->attachment.end = end;
	bch_fs_attach(fs, &b->attachment);
	fs->btrees = b;
	bch_btrees_take_version(fs);
	return 0;
}

/* ------------------------------------------------------------------ roots */

static void warn_of_range(struct bch_fs *fs, u32 btree_id, const char *id)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	bch_btree_name_put(&name, btree_id, fs->btrees->rules.version);
	bch_log(fs->ctx, BCH_LOG_warn, "root of btree %s: %s", bch_buf_str(&name), id);
}

/* A root is used whichever range it has. 02 §9.3. */
static void check_range(struct bch_fs *fs, u32 btree_id, const struct bch_node_ptr *ptr)
{
	if (ptr->v2 && bch_pos_compare(ptr->min, BCH_POS_MIN))
		warn_of_range(fs, btree_id, bch_fsck_error_name(BCH_FSCK_btree_root_bad_min_key));
	if (bch_pos_compare(ptr->max, BCH_SPOS_MAX))
		warn_of_range(fs, btree_id, bch_fsck_error_name(BCH_FSCK_btree_root_bad_max_key));
}

static void set_state(struct bch_fs *fs, u32 btree_id, struct bch_btree_root root)
{
	free((u8 *)(uintptr_t)fs->btrees->roots[btree_id].k.val.p);
	fs->btrees->roots[btree_id] = root;
}

int bch_btree_root_set(struct bch_fs *fs, u32 btree_id, u8 level, const struct bch_key *k)
{
	struct bch_btree_root root = { .state = BCH_ROOT_LOST };
	struct bch_node_ptr ptr;
	u8 *val;

	if (btree_id >= BCH_BTREE_ID_MAX)
		return -BCH_ERR_out_of_range;
	if (k && level < BCH_BTREE_DEPTH_MAX && bch_node_ptr_get(k, &ptr)) {
		val = bch_malloc(k->val.len + 1);
		if (!val)
			return -BCH_ERR_no_memory;
		if (k->val.len)
			memcpy(val, k->val.p, k->val.len);
		root = (struct bch_btree_root){ BCH_ROOT_PRESENT, level, *k };
		root.k.val.p = val;
		check_range(fs, btree_id, &ptr);
	}
	set_state(fs, btree_id, root);
	return 0;
}

void bch_btree_root_clear(struct bch_fs *fs, u32 btree_id)
{
	set_state(fs, btree_id, (struct bch_btree_root){ .state = BCH_ROOT_ABSENT });
}

void bch_btrees_set_leaves(struct bch_fs *fs, struct bch_key_overlay *leaves, u64 btrees)
{
	bch_key_overlay_free(fs->btrees->scanned);
	fs->btrees->scanned = leaves;
	for (u32 id = 0; id < BCH_BTREE_ID_MAX; id++)
		if (btrees >> id & 1)
			set_state(fs, id,
				  (struct bch_btree_root){ .state = BCH_ROOT_SCANNED, .level = 1 });
}

int bch_btree_roots_from_clean(struct bch_fs *fs)
{
	struct bch_bytes body = bch_super_section(&fs->super, BCH_SECTION_clean);
	struct bch_bytes rest = bch_bytes_from(body, sizeof(struct sb_clean));
	struct bch_jset_entry e;
	int more, err = 0;

	if (!body.p)
		return -BCH_ERR_invalid_sb_clean;
	while (!err && (more = bch_jset_entry_next(&rest, &e)) > 0) {
		struct bch_key k;

		if (e.type == BCH_JSET_ENTRY_btree_root && e.btree_id < BCH_BTREE_ID_MAX)
			err = bch_btree_root_set(fs, e.btree_id, e.level,
						 bch_key_get_unpacked(e.payload, &k) ? &k : NULL);
	}
	return err ? err : more;
}

struct bch_btree_root bch_btree_root(const struct bch_fs *fs, u32 btree_id)
{
	return btree_id < BCH_BTREE_ID_MAX ? fs->btrees->roots[btree_id]
					   : (struct bch_btree_root){ .state = BCH_ROOT_ABSENT };
}

void bch_btrees_set_overlay(struct bch_fs *fs, struct bch_key_overlay *overlay)
{
	bch_key_overlay_free(fs->btrees->overlay);
	fs->btrees->overlay = overlay;
}

bool bch_btree_overlay_next(const struct bch_fs *fs, size_t *at, u8 *btree_id, u8 *level,
			    struct bch_key *k)
{
	const struct bch_key_overlay *overlay = fs->btrees->overlay;

	return overlay && bch_key_overlay_next(overlay, at, btree_id, level, k);
}

struct bch_node_rules bch_btree_rules(const struct bch_fs *fs)
{
	struct bch_node_rules rules = fs->btrees->rules;

	rules.key = fs->key;
	return rules;
}

void bch_btrees_members_changed(struct bch_fs *fs)
{
	bch_key_fs_init(&fs->btrees->keys, &fs->super);
}
