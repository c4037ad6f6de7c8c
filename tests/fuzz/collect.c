// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Seeds for the fuzz targets out of filesystems that kernels wrote: tests/fuzz/collect OUT IMAGE-FOLDER... writes
 * OUT/TARGET/NAME: of each kind of thing the first, or the smallest, of each version. Run by `make fuzz-seeds`.
 */

#include "../btree/image.h"

#include <bcachefs/journal.h>
#include "fuzz_key.h"
#include "journal/journal.h"

#define SMALL 8192 /* bytes; larger ones are no better */

struct collect {
	const char *out;
	const char *name; /* of the image */
	struct image image;
	u16 version;
	bool have_key[256][64];		  /* by type, minor version */
	bool have_record[256][64];	  /* likewise */
	bool have_node[BCH_BTREE_NR][64]; /* by btree */
};

static u8 minor_of(const struct collect *c)
{
	return (u8)(c->version & 63);
}

static void write_seed(const struct collect *c, const char *target, const char *what,
		       const void *head, size_t head_len, struct bch_bytes body)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s-%s", c->out, target, c->name, what);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(head, 1, head_len, f), head_len);
	assert_int_equal(fwrite(body.p, 1, body.len, f), body.len);
	assert_int_equal(fclose(f), 0);
}

static void collect_key(struct collect *c, u8 btree_id, u8 level, const struct bch_key *k)
{
	struct fuzz_key_head h = {
		.minor = minor_of(c),
		.btree_id = btree_id,
		.level = level,
		.k = { .type = k->type,
		       .version_lo = le64_of(k->version_lo),
		       .version_hi = le32_of(k->version_hi),
		       .size = le32_of(k->size),
		       .p = { le32_of(k->pos.snapshot), le64_of(k->pos.offset),
			      le64_of(k->pos.inode) } },
	};
	char what[64];

	if (c->have_key[k->type][minor_of(c)])
		return;
	c->have_key[k->type][minor_of(c)] = true;
	snprintf(what, sizeof(what), "%u-%u", btree_id, k->type);
	write_seed(c, "key", what, &h, sizeof(h), k->val);
}

/* Nodes are written down decrypted: their checksums are those of the encrypted ones. */
static void collect_node(struct collect *c, u8 btree_id, u8 level, const struct bch_key *ptr)
{
	const struct bch_btree_node *node;
	u8 head[4] = { minor_of(c) };
	char what[64];

	if (bch_btree_node_get(c->image.fs, btree_id, level, ptr, &node))
		return;
	if (node->len <= SMALL && !c->have_node[btree_id][minor_of(c)]) {
		c->have_node[btree_id][minor_of(c)] = true;
		snprintf(what, sizeof(what), "%u-%u", btree_id, level);
		write_seed(c, "node", what, head, sizeof(head),
			   (struct bch_bytes){ node->bytes, node->len });
	}
	bch_btree_node_put(c->image.fs, node);
}

static void collect_btree(struct collect *c, u8 btree_id)
{
	for (u8 level = 0; level < BCH_BTREE_DEPTH_MAX; level++) {
		struct bch_cursor nodes bch_auto(cursor) =
			bch_cursor_nodes(c->image.fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);
		struct bch_key k;

		while (bch_cursor_next(&nodes, &k) > 0) {
			collect_key(c, btree_id, (u8)(level + 1), &k);
			collect_node(c, btree_id, level, &k);
		}
	}
	{
		struct bch_cursor keys bch_auto(cursor) =
			bch_cursor(c->image.fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
		struct bch_key k;

		while (bch_cursor_next(&keys, &k) > 0)
			collect_key(c, btree_id, 0, &k);
	}
}

/* An entry that has a type of records which none had before. */
static void collect_records(struct collect *c, u64 seq, struct bch_bytes records)
{
	struct bch_bytes rest = records;
	struct bch_jset_entry e;
	bool news = false;
	u8 minor = minor_of(c);
	char what[64];

	if (records.len > SMALL)
		return;
	while (bch_jset_entry_next(&rest, &e) > 0) {
		news |= !c->have_record[e.type][minor];
		c->have_record[e.type][minor] = true;
	}
	snprintf(what, sizeof(what), "%llu", (unsigned long long)seq);
	if (news)
		write_seed(c, "jset", what, &minor, 1, records);
}

/* The start of the bucket with the newest entry. */
static void collect_bucket(struct collect *c, const struct bch_journal *j)
{
	const struct bch_journal_copy *copy = j->entries.a.v[j->entries.a.nr - 1].copy;
	u8 head = le16_get(c->image.fs->super.sb->block_size) == 1;
	u8 bytes[SMALL];

	assert_int_equal(bch_blkdev_read(c->image.fs->members[copy->dev_idx].blkdev, bytes,
					 sizeof(bytes),
					 BCH_BYTES(copy->sector - copy->bucket_offset)),
			 0);
	write_seed(c, "journal_bucket", "newest", &head, 1,
		   (struct bch_bytes){ bytes, sizeof(bytes) });
}

static void collect_journal(struct collect *c)
{
	struct bch_journal *j bch_auto(journal) = NULL;
	struct bch_journal_buf buf bch_auto(journal_buf) = { 0 };

	assert_int_equal(bch_journal_read(c->image.fs, &j), 0);
	assert_int_equal(bch_journal_reach(j, 0), 0);
	if (!j->entries.a.nr)
		return;
	collect_bucket(c, j);
	for (size_t i = j->entries.a.nr; i--;)
		if (!bch_journal_load(j, &j->entries.a.v[i], &buf))
			collect_records(c, j->entries.a.v[i].seq, buf.records);
}

static void collect_super(struct collect *c)
{
	const struct bch_super *super = &c->image.fs->super;

	write_seed(c, "superblock", "sb", NULL, 0,
		   (struct bch_bytes){ (const u8 *)super->sb, bch_super_len(super) });
	write_seed(c, "layout", "layout", NULL, 0,
		   (struct bch_bytes){ (const u8 *)&super->sb->layout, sizeof(super->sb->layout) });
}

static void collect_image(struct collect *c, struct temp *t, char *dir)
{
	c->name = strrchr(dir, '/') + 1;
	c->image = image_unpack(t, dir);
	image_open_fs(&c->image);
	c->version = le16_get(c->image.fs->super.sb->version);
	collect_super(c);
	collect_journal(c);
	assert_int_equal(bch_fs_start(c->image.fs, NULL), 0);
	for (u8 id = 0; id < BCH_BTREE_NR; id++)
		collect_btree(c, id);
	image_end(&c->image);
}

int main(int argc, char **argv)
{
	static struct collect c;
	void *t;

	temp_setup(&t);
	c.out = argv[1];
	for (int i = 2; i < argc; i++)
		collect_image(&c, t, argv[i]);
	return temp_teardown(&t);
}
