// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random keys are put, changed and deleted in small nodes, with commits at random moments: what is there is what a model
 * says, and all derived keys follow from it.
 *
 * BCH_RANDOM_OPS: operations a run (100000). BCH_RANDOM_SEED: the seed of the first run.
 */

#include "fs.h"

#include "base/map.h"
#include "commit/private.h"
#include "ondisk/key_dirent.h"
#include "ondisk/key_xattr.h"

#define NR_OPS	  100000
#define FS_BYTES  (192 << 20)
#define NR_INODES 300
#define INUM	  5000
#define SLOT	  8 /* sectors of an extent */

/* What should be there. */
struct item {
	struct bch_map_node node;
	struct bch_pos pos;
	u8 type;
	u64 hash;
};

static const u8 used[] = { BCH_BTREE_extents, BCH_BTREE_inodes, BCH_BTREE_dirents, BCH_BTREE_xattrs,
			   BCH_BTREE_quotas };

struct model {
	struct bch_map maps[BCH_BTREE_NR];
	size_t nr;
};

struct run {
	struct test_fs f;
	struct model model;
	u64 random;
	u64 data_sector; /* where the next data goes */
	u32 data_left;	 /* sectors of its bucket */
	u8 data_gen;
};

static u64 draw(struct run *r, u64 below)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return r->random % below;
}

/* ------------------------------------------------------------------ the model */

static struct item *item_of(const struct bch_map_node *node)
{
	return bch_map_entry(node, struct item, node);
}

static int compare(const void *key, const struct bch_map_node *node)
{
	const struct bch_pos *pos = key;

	return bch_pos_compare(*pos, item_of(node)->pos);
}

static u64 hash_of(const struct bch_key *k)
{
	return image_hash(k->type + (u64)k->size * 257, k->val.p, k->val.len);
}

static void model_remove(struct model *m, u8 btree_id, struct bch_pos pos)
{
	struct bch_map_node *node = bch_map_remove(&m->maps[btree_id], &pos);

	if (node) {
		free(item_of(node));
		m->nr--;
	}
}

static void model_put(struct model *m, u8 btree_id, const struct bch_key *k)
{
	struct item *item;

	model_remove(m, btree_id, k->pos);
	if (k->type == BCH_KEY_deleted)
		return;
	item = calloc(1, sizeof(*item));
	item->pos = k->pos;
	item->type = k->type;
	item->hash = hash_of(k);
	bch_map_insert(&m->maps[btree_id], &item->pos, &item->node);
	m->nr++;
}

static void model_end(struct model *m)
{
	for (u32 i = 0; i < sizeof(used); i++)
		while (m->maps[used[i]].root)
			model_remove(m, used[i], item_of(bch_map_first(&m->maps[used[i]]))->pos);
}

static void assert_like_model(struct run *r)
{
	for (u32 i = 0; i < sizeof(used); i++) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(r->f.fs, used[i], BCH_POS_MIN, BCH_SPOS_MAX);
		struct item *item = item_of(bch_map_first(&r->model.maps[used[i]]));
		struct bch_key k;
		int more;

		while ((more = bch_cursor_next(&cur, &k)) > 0) {
			assert_non_null(item);
			assert_int_equal(bch_pos_compare(item->pos, k.pos), 0);
			assert_true(item->hash == hash_of(&k));
			item = item_of(item->node.next);
		}
		assert_int_equal(more, 0);
		assert_null(item);
	}
}

/* ------------------------------------------------------------------ random keys */

static void put(struct run *r, u8 btree_id, const struct bch_key *k)
{
	assert_int_equal(bch_update(r->f.fs, btree_id, k, 0), 0);
	model_put(&r->model, btree_id, k);
}

static void put_inode(struct run *r, u64 inum)
{
	struct bch_inode inode = {
		.bi_mode = 0100644,
		.hash_type = BCH_STR_HASH_siphash,
		.bi_hash_seed = draw(r, 1ULL << 60),
		.bi_size = draw(r, 1ULL << 40),
		.bi_uid = (u32)draw(r, 1U << 20),
		.bi_flags = draw(r, 8) ? 0 : 1U << BCH_INODE_unlinked,
	};
	u8 val[BCH_INODE_VAL_MAX];
	struct bch_key k = { .pos = bch_spos(0, INUM + inum, BCH_U32_MAX),
			     .type = BCH_KEY_inode_v3,
			     .val = { val, bch_inode_put(&inode, val) } };

	put(r, BCH_BTREE_inodes, &k);
}

static void put_dirent(struct run *r, u64 inum)
{
	char name[64];
	struct bch_dirent d = { .d_inum = INUM + draw(r, NR_INODES), .d_type = BCH_DIRENT_reg };
	u8 val[BCH_DIRENT_VAL_MAX];
	struct bch_key k = { .pos = bch_spos(INUM + inum, 2 + draw(r, 1U << 30), BCH_U32_MAX),
			     .type = BCH_KEY_dirent };

	d.name.p = (const u8 *)name;
	d.name.len = (size_t)snprintf(name, sizeof(name), "%.*s%" PRIu64, (int)draw(r, 40),
				      "a name that is sometimes quite long, or not", draw(r, 1000));
	k.val = (struct bch_bytes){ val, bch_dirent_put(&d, val) };
	if (d.d_inum != k.pos.inode)
		put(r, BCH_BTREE_dirents, &k);
}

static void put_xattr(struct run *r, u64 inum)
{
	u8 value[1200], val[BCH_XATTR_VAL_MAX];
	struct bch_xattr x = { .name = { (const u8 *)"some", 4 },
			       .value = { value, draw(r, draw(r, 9) ? 60 : sizeof(value)) } };
	struct bch_key k = { .pos = bch_spos(INUM + inum, draw(r, 1U << 30), BCH_U32_MAX),
			     .type = BCH_KEY_xattr };

	memset(value, (int)draw(r, 256), sizeof(value));
	k.val = (struct bch_bytes){ val, bch_xattr_put(&x, val) };
	put(r, BCH_BTREE_xattrs, &k);
}

static void put_quota(struct run *r, u64 inum)
{
	le64 val[4] = { le64_of(draw(r, 1U << 20)) };
	struct bch_key k = { .pos = bch_pos(draw(r, 3), inum),
			     .type = BCH_KEY_quota,
			     .val = { (const u8 *)val, sizeof(val) } };

	put(r, BCH_BTREE_quotas, &k);
}

static struct bch_ptr take_data(struct run *r)
{
	struct bch_member m;
	u64 bucket;

	assert_true(bch_super_member(&r->f.fs->super, 0, &m));
	if (r->data_left < SLOT) {
		assert_int_equal(bch_space_bucket(r->f.fs->writer->space, 0, &bucket, &r->data_gen),
				 0);
		r->data_sector = bucket * m.bucket_size;
		r->data_left = m.bucket_size;
	}
	r->data_sector += SLOT;
	r->data_left -= SLOT;
	return (struct bch_ptr){ .offset_sectors = r->data_sector - SLOT, .gen = r->data_gen };
}

/* Each has its own place, so that none overlap. */
static void put_extent(struct run *r, u64 inum)
{
	struct bch_key k = { .pos = bch_spos(INUM + inum, (draw(r, 200) + 1) * SLOT, BCH_U32_MAX),
			     .size = SLOT };
	u8 val[64] = { 0 };
	struct bch_ptr p;
	le64 word;

	k.val.p = val;
	switch (draw(r, 3)) {
	case 0:
		k.type = BCH_KEY_inline_data;
		k.val.len = 8 * (1 + draw(r, 8));
		break;
	case 1:
		k.type = BCH_KEY_reservation;
		val[4] = 1; /* replicas */
		k.val.len = 8;
		break;
	default:
		p = take_data(r);
		word = le64_of(bch_ptr_word(&p));
		k.type = BCH_KEY_extent;
		memcpy(val, &word, sizeof(word));
		k.val.len = sizeof(word);
	}
	put(r, BCH_BTREE_extents, &k);
}

/* One that is there, from a random place on; several of them at times. */
static void delete_some(struct run *r)
{
	u8 id = used[draw(r, sizeof(used))];
	struct bch_pos from = bch_spos(INUM + draw(r, NR_INODES), 0, 0);
	u64 nr = draw(r, 50) ? 1 : draw(r, 400);

	if (id == BCH_BTREE_inodes)
		from = bch_spos(0, from.inode, 0);
	for (; nr; nr--) {
		struct item *item = item_of(bch_map_find_ge(&r->model.maps[id], &from));
		struct bch_key k = { .type = BCH_KEY_deleted };

		if (!item || (id == BCH_BTREE_inodes && item->pos.offset < INUM))
			return;
		k.pos = item->pos;
		put(r, id, &k);
	}
}

static void step(struct run *r)
{
	static void (*const puts[])(struct run * r, u64 inum) = { put_inode, put_dirent, put_xattr,
								  put_quota, put_extent };

	if (draw(r, 10) < 3)
		delete_some(r);
	else
		puts[draw(r, bch_array_size(puts))](r, draw(r, NR_INODES));
}

/* ------------------------------------------------------------------ a run */

static void open_fs(struct run *r)
{
	test_fs_ok(r->f.t, test_fs_open(&r->f, BCH_OPEN_WRITE));
	test_fs_ok(r->f.t, bch_writer_start(r->f.fs, NULL));
	r->data_left = 0;
}

/* What the new filesystem has already. */
static void learn(struct run *r)
{
	for (u32 i = 0; i < BCH_BTREE_NR; i++)
		r->model.maps[i] = BCH_MAP(compare);
	for (u32 i = 0; i < sizeof(used); i++) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(r->f.fs, used[i], BCH_POS_MIN, BCH_SPOS_MAX);
		struct bch_key k;

		while (bch_cursor_next(&cur, &k) > 0)
			model_put(&r->model, used[i], &k);
	}
}

static void commit(struct run *r)
{
	test_fs_ok(r->f.t, bch_commit(r->f.fs));
	r->data_left = 0;
}

static void close_and_open(struct run *r)
{
	test_fs_ok(r->f.t, bch_writer_finish(r->f.fs));
	test_fs_close(&r->f);
	open_fs(r);
	assert_like_model(r);
}

static u64 number_from(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void remove_all(struct run *r)
{
	for (u32 i = 0; i < sizeof(used); i++)
		for (struct item *item; (item = item_of(bch_map_last(&r->model.maps[used[i]])));) {
			const struct bch_key gone = { .pos = item->pos, .type = BCH_KEY_deleted };

			put(r, used[i], &gone);
		}
	commit(r);
	close_and_open(r);
	for (u32 i = 0; i < sizeof(used); i++) /* an empty leaf for each node that was above them */
		assert_true(bch_btree_root(r->f.fs, used[i]).level <= 1);
}

static void run(struct temp *t, u16 version, u64 seed)
{
	const struct test_fs_shape shape = { version, 1,    1,	   FS_BYTES,
					     512,     4096, 32768, .discard = seed & 1 };
	struct run r = { .f = test_fs_make(t, &shape), .random = seed * 0x9e3779b97f4a7c15 + 1 };
	u64 nr_ops = number_from("BCH_RANDOM_OPS", NR_OPS);

	open_fs(&r);
	learn(&r);
	for (u64 i = 0; i < nr_ops; i++) {
		step(&r);
		if (!draw(&r, 1000))
			commit(&r);
		if (!draw(&r, 5000))
			assert_like_model(&r);
	}
	commit(&r);
	close_and_open(&r);
	assert_int_equal(derived_check_all(r.f.fs, "random"), 0);
	assert_true(bch_btree_root(r.f.fs, BCH_BTREE_xattrs).level >= 1);
	remove_all(&r);
	assert_int_equal(derived_check_all(r.f.fs, "emptied"), 0);
	test_fs_close(&r.f);
	test_fs_end(&r.f);
	model_end(&r.model);
}

static void random_changes_are_those_of_a_model_at_1_13(void **state)
{
	run(*state, BCH_VERSION(1, 13), number_from("BCH_RANDOM_SEED", 1));
}

static void random_changes_are_those_of_a_model_at_1_28(void **state)
{
	run(*state, BCH_VERSION(1, 28), number_from("BCH_RANDOM_SEED", 1) + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_changes_are_those_of_a_model_at_1_13,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(random_changes_are_those_of_a_model_at_1_28,
						temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
