// SPDX-License-Identifier: GPL-2.0-or-later
/* What the superblock has to say of the keys: who holds what, where nodes are, what is in use. 06 §8; 07 §4.1, §4.3. */

#include "check/alloc_private.h"
#include "commit/commit.h"
#include "ondisk/csum_types.h"
#include "ondisk/sb_sections.h"

/* ------------------------------------------------------------------ replicas */

static bool same(const struct bch_replicas *r, const struct bch_accounting *what)
{
	return r->data_type == what->data_type && r->nr_devs == what->nr_devs &&
	       r->nr_required == what->nr_required && r->nr_devs <= BCH_ACCOUNTING_DEVS_MAX &&
	       !memcmp(r->devs, what->devs, r->nr_devs);
}

static bool is_marked(const struct bch_super *super, const struct bch_accounting *what)
{
	struct bch_replicas r;
	u32 section;
	struct bch_bytes rest = bch_super_replicas(super, &section);

	while (bch_replicas_next(&rest, section, &r) > 0)
		if (same(&r, what))
			return true;
	return false;
}

static int add_entry(struct bch_check *c, const struct bch_accounting *what)
{
	struct {
		BCH_ARRAY(struct bch_replicas) a;
	} entries = { 0 };
	struct bch_replicas r;
	u32 section;
	struct bch_bytes rest = bch_super_replicas(&c->fs->super, &section);
	int err = 0;

	while (!err && bch_replicas_next(&rest, section, &r) > 0)
		err = bch_array_push(&entries.a, r);
	r = (struct bch_replicas){ .data_type = what->data_type,
				   .nr_devs = what->nr_devs,
				   .nr_required = what->nr_required,
				   .devs = what->devs };
	if (!err)
		err = bch_array_push(&entries.a, r);
	if (!err)
		err = bch_super_replicas_put(&c->fs->super, entries.a.v, (u32)entries.a.nr);
	bch_array_end(&entries.a);
	return err;
}

static int check_replicas(struct bch_check *c)
{
	const struct bch_counters *counters = &c->alloc->recount->counters;
	const struct bch_counter *n;
	int err = 0;

	for (n = bch_counters_next(counters, NULL); n && !err; n = bch_counters_next(counters, n)) {
		struct bch_accounting what = bch_counter_what(n);
		struct bch_buf text bch_auto(buf) = { 0 };
		int yes;

		if (what.type != BCH_ACCOUNTING_replicas || !n->v[0] ||
		    bch_alloc_counts_no_device(c, &what) || is_marked(&c->fs->super, &what))
			continue;
		bch_accounting_put(&text, &what, c->version);
		yes = bch_problem(c, BCH_FSCK_accounting_replicas_not_marked,
				  "accounting not marked in superblock replicas: %s",
				  bch_buf_str(&text));
		err = yes > 0 ? add_entry(c, &what) : yes;
	}
	return err;
}

/* ------------------------------------------------------------------ compression */

static int feature_of(u32 type)
{
	switch (type) {
	case BCH_COMPRESSION_lz4:
	case BCH_COMPRESSION_lz4_old:
		return BCH_FEATURE_lz4;
	case BCH_COMPRESSION_gzip:
		return BCH_FEATURE_gzip;
	case BCH_COMPRESSION_zstd:
		return BCH_FEATURE_zstd;
	default:
		return -1;
	}
}

static int check_feature(struct bch_check *c, int feature, u32 id, const char *text)
{
	struct bch_sb *sb = c->fs->super.sb;
	u64 features = le64_get(sb->features[0]);
	int yes;

	if (feature < 0 || features >> feature & 1)
		return 0;
	yes = bch_problem(c, id, "%s", text);
	if (yes > 0)
		sb->features[0] = le64_of(features | 1ULL << feature);
	return yes < 0 ? yes : 0;
}

static int check_compression(struct bch_check *c)
{
	static const u8 by_option[] = { BCH_COMPRESSION_none, BCH_COMPRESSION_lz4,
					BCH_COMPRESSION_gzip, BCH_COMPRESSION_zstd };
	static const enum bch_opt_id options[] = { BCH_OPT_compression,
						   BCH_OPT_background_compression };
	int err = 0;

	for (u32 i = 0; i < bch_array_size(options) && !err; i++) {
		u64 type = bch_sb_opt(c->fs->super.sb, options[i]) & 15;

		if (type < bch_array_size(by_option))
			err = check_feature(c, feature_of(by_option[type]),
					    BCH_FSCK_compression_opt_not_marked_in_sb,
					    "compression option not marked in superblock features");
	}
	for (u32 type = 0; type < 8 && !err; type++)
		if (c->alloc->compression >> type & 1)
			err = check_feature(c, feature_of(type),
					    BCH_FSCK_compression_type_not_marked_in_sb,
					    "compression type not marked in superblock features");
	return err;
}

/* ------------------------------------------------------------------ where nodes are */

static int check_marked(struct bch_check *c, u8 btree_id, const struct bch_key *k,
			const struct bch_ptr *p)
{
	struct bch_member m;
	int yes;

	if (!c->key_fs.devs[p->dev_idx].bucket_sectors ||
	    !bch_super_member(&c->fs->super, p->dev_idx, &m) ||
	    !bch_member_mark_nodes(&m, p->offset_sectors,
				   p->offset_sectors + c->key_fs.node_sectors))
		return 0;
	yes = bch_problem_key(c, BCH_FSCK_btree_bitmap_not_marked, btree_id, k,
			      "btree ptr not marked in member info btree allocated bitmap");
	if (yes > 0)
		bch_super_member_put(&c->fs->super, p->dev_idx, &m);
	return yes < 0 ? yes : 0;
}

static int check_node(struct bch_check *c, u8 btree_id, u8 level, const struct bch_key *k)
{
	struct bch_extent_walk w = bch_extent_walk(k, &c->fs->super);
	struct bch_extent_ptr p;
	int err = 0;

	while (!err && bch_extent_ptr_next(&w, &p))
		err = check_marked(c, btree_id, k, &p.ptr);
	return err;
}

/* ------------------------------------------------------------------ all */

/* The number is written with each commit: one is wanted, even if it changes nothing else. */
static int check_key_version(struct bch_check *c)
{
	u64 have = c->fs->state.key_version, want = c->alloc->key_version;
	int yes;

	if (want <= have)
		return 0;
	yes = bch_problem(c, BCH_FSCK_bkey_version_in_future,
			  "key version number higher than recorded %" PRIu64 " < %" PRIu64, have,
			  want);
	if (yes <= 0)
		return yes;
	c->fs->state.key_version = want;
	c->nr_repairs++;
	return bch_change_touch(c->fs, BCH_BTREE_inodes, 0, BCH_POS_MIN);
}

int bch_alloc_check_super(struct bch_check *c)
{
	int err = c->version >= BCH_VERSION_BTREE_BITMAP ? bch_alloc_each_node(c, check_node) : 0;

	if (!err)
		err = check_replicas(c);
	if (!err)
		err = check_compression(c);
	return err ? err : check_key_version(c);
}
