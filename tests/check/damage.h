/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of checks: a filesystem with deep btrees, damage to its nodes, and what a check finds of it. */

#ifndef BCHFS_TESTS_CHECK_DAMAGE_H
#define BCHFS_TESTS_CHECK_DAMAGE_H

#include "../commit/fs.h"

#include <bcachefs/fsck.h>
#include "check/problem.h"

/* ------------------------------------------------------------------ a filesystem */

#define DEEP_NR_KEYS	  3000
#define DEEP_BUCKET_BYTES 32768

/* With @nr_keys quotas, which nothing depends on, in nodes of 4 KiB. */
static inline struct test_fs quotas_fs(struct temp *t, u32 replicas, u64 nr_keys)
{
	const struct test_fs_shape shape = { .version = BCH_VERSION(1, 13),
					     .nr_devs = replicas,
					     .replicas = replicas,
					     .bytes = 64 << 20,
					     .block_bytes = 512,
					     .node_bytes = 4096,
					     .bucket_bytes = DEEP_BUCKET_BYTES };
	struct test_fs f = test_fs_make(t, &shape);

	test_fs_ok(t, test_fs_open(&f, BCH_OPEN_WRITE));
	test_fs_ok(t, bch_writer_start(f.fs, NULL));
	test_fs_ok(t, test_fs_put(f.fs, 0, nr_keys, 7));
	test_fs_ok(t, bch_commit(f.fs));
	test_fs_ok(t, bch_writer_finish(f.fs));
	test_fs_close(&f);
	return f;
}

/* Three levels of them, of which the filesystem is open. */
static inline struct test_fs deep_fs(struct temp *t, u32 replicas)
{
	struct test_fs f = quotas_fs(t, replicas, DEEP_NR_KEYS);

	test_fs_ok(t, test_fs_open(&f, 0));
	assert_int_equal(bch_btree_root(f.fs, BCH_BTREE_quotas).level, 2);
	return f;
}

/* ------------------------------------------------------------------ damage */

/* The pointer to node number @nr of a level; for the level of the root that is 0. */
static inline void nth_node(struct bch_fs *fs, u8 btree_id, u8 level, u32 nr,
			    struct bch_node_key *key)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key ptr;

	do
		assert_int_equal(bch_cursor_next(&cur, &ptr), 1);
	while (nr--);
	assert_true(ptr.val.len <= sizeof(key->val));
	key->k = ptr;
	memcpy(key->val, ptr.val.p, ptr.val.len);
}

static inline void write_copy(const struct test_fs *f, const struct bch_ptr *p, const u8 *bytes,
			      size_t len)
{
	int fd = open(f->path[p->dev_idx], O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, (off_t)BCH_BYTES(p->offset_sectors)), len);
	close(fd);
}

/* Seals the first set of keys anew. */
static inline void seal_node(struct bch_btree_node *node)
{
	struct bch_bytes bytes = { node->bytes, node->len };
	struct bch_csum csum;
	struct bch_bset b;
	le64 words[2];

	assert_true(bch_bset_at(bytes, 0, &b));
	assert_int_equal(bch_bset_csum(node->bytes, &b, NULL, &csum), 0);
	words[0] = le64_of(csum.lo);
	words[1] = le64_of(csum.hi);
	memcpy(node->bytes, words, sizeof(words));
}

/* Has @edit change the bytes of all copies, the first @nr_copies of them; where @sealed they have the right checksum. */
static inline void patch_node(struct test_fs *f, u8 btree_id, u8 level,
			      const struct bch_node_key *key, u32 nr_copies, bool sealed,
			      void (*edit)(struct bch_btree_node *node, void *arg), void *arg)
{
	struct bch_key ptr = bch_node_key_get(key);
	struct bch_extent_walk walk = bch_extent_walk(&ptr, NULL);
	struct bch_node_want want = { .btree_id = btree_id, .level = level };
	struct bch_extent_ptr p;

	assert_true(bch_node_ptr_get(&ptr, &want.ptr));
	while (nr_copies-- && bch_extent_ptr_next(&walk, &p)) {
		struct bch_btree_node node bch_auto(btree_node) = { 0 };

		assert_int_equal(bch_btree_node_read_copy(f->fs, &want, &p.ptr, &node), 0);
		edit(&node, arg);
		if (sealed)
			seal_node(&node);
		write_copy(f, &p.ptr, node.bytes, node.len);
	}
}

/* The packed key number @nr of the node. */
static inline u8 *packed_key(struct bch_btree_node *node, size_t nr)
{
	assert_true(nr < node->keys.nr);
	return node->bytes + node->keys.v[nr] * 8ULL;
}

/* The value of key number @nr, to be changed. */
static inline u8 *key_value(struct bch_btree_node *node, size_t nr)
{
	return packed_key(node, nr) + packed_key(node, nr)[0] * 8 -
	       bch_btree_node_key(node, nr).val.len;
}

#define PACKED_KEY_TYPE 2 /* byte of a packed key */

static inline void edit_zero(struct bch_btree_node *node, void *arg)
{
	memset(node->bytes, 0, 512);
}

/* ------------------------------------------------------------------ what a check finds */

struct found {
	u32 nr[BCH_PROBLEM_NR];
	u64 nr_found, nr_repaired;
	u32 refused; /* id that is answered no */
	char text[1024];
	u32 text_of; /* the last text of this id is kept */
};

static inline int take_problem(void *arg, const struct bch_fsck_problem *p)
{
	struct found *f = arg;

	f->nr[p->id]++;
	if (p->id == f->text_of)
		snprintf(f->text, sizeof(f->text), "%s", p->text);
	return 0;
}

static inline int reply(void *arg, const struct bch_fsck_problem *p)
{
	const struct found *f = arg;

	return p->id == f->refused ? BCH_FSCK_REPLY_NO : BCH_FSCK_REPLY_YES;
}

static inline void open_to_check(struct test_fs *f, unsigned flags)
{
	const struct bch_open_opts opts = { .flags = flags, .now = FS_NOW };
	const struct bch_start_opts start = { .for_check = true };

	test_fs_ok(f->t,
		   bch_fs_open(f->t->ctx, (const char *const *)f->path, f->nr, &opts, &f->fs));
	test_fs_ok(f->t, bch_fs_start(f->fs, &start));
}

/* Opens, checks, closes. */
static inline struct found check(struct test_fs *f, enum bch_fsck_answer answer, u32 text_of)
{
	struct found found = { .text_of = text_of, .refused = BCH_PROBLEM_NR };
	const struct bch_fsck_opts opts = {
		.answer = answer, .ask = reply, .problem = take_problem, .arg = &found
	};
	struct bch_fsck_result result;

	open_to_check(f, answer == BCH_FSCK_NO ? 0 : BCH_OPEN_WRITE);
	test_fs_ok(f->t, bch_fsck(f->fs, &opts, &result));
	found.nr_found = result.nr_found;
	found.nr_repaired = result.nr_repaired;
	bch_fsck_result_end(&result);
	test_fs_close(f);
	return found;
}

static inline u64 hash_files(const struct test_fs *f)
{
	u8 *bytes = malloc(1 << 20);
	u64 hash = 0;

	for (u32 i = 0; i < f->nr; i++) {
		FILE *file = fopen(f->path[i], "r");
		size_t len;

		assert_non_null(file);
		while ((len = fread(bytes, 1, 1 << 20, file)))
			hash = image_hash(hash, bytes, len);
		fclose(file);
	}
	free(bytes);
	return hash;
}

static inline u64 nr_quotas(struct test_fs *f)
{
	struct image_walk walk;

	test_fs_ok(f->t, test_fs_open(f, 0));
	walk = image_walk(f->fs, BCH_BTREE_quotas);
	assert_int_equal(walk.nr_errors, 0);
	test_fs_close(f);
	return walk.nr_keys;
}

/* Says what else was found. */
static inline void assert_found(const struct found *found, u32 id, u32 nr)
{
	if (found->nr[id] != nr)
		for (u32 i = 0; i < BCH_PROBLEM_NR; i++)
			if (found->nr[i])
				print_error("%s wanted, found %s: %u\n", bch_fsck_error_name(id),
					    bch_fsck_error_name(i), found->nr[i]);
	assert_int_equal(found->nr[id], nr);
}

/*
 * -n finds @id @nr times and changes nothing, -y finds the same and repairs all, then all is well; @nr_keys quotas are
 * left.
 */
static inline struct found check_repair(struct test_fs *f, u32 id, u32 nr, u64 nr_keys)
{
	u64 hash = hash_files(f);
	struct found no = check(f, BCH_FSCK_NO, id), yes, again;

	assert_found(&no, id, nr);
	assert_int_equal(no.nr_repaired, 0);
	assert_true(hash == hash_files(f));
	yes = check(f, BCH_FSCK_YES, id);
	assert_found(&yes, id, nr);
	assert_memory_equal(yes.nr, no.nr, sizeof(no.nr));
	assert_int_equal(yes.nr_repaired, yes.nr_found);
	again = check(f, BCH_FSCK_NO, 0);
	if (again.nr_found)
		assert_found(&again, BCH_FSCK_clean_but_journal_not_empty, 9999);
	assert_int_equal(nr_quotas(f), nr_keys);
	return yes;
}

#endif
