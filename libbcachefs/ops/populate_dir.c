// SPDX-License-Identifier: GPL-2.0-or-later
/* The entries of a directory that is put into a new filesystem. Format reference: 04 §7, §8. */

#include "codec/codec.h"
#include "commit/commit.h"
#include "ondisk/key_dirent.h"
#include "ops/populate.h"

#define LOST_FOUND "lost+found" /* is in the root already */

struct entry {
	u64 hash;
	const struct bch_source_name *name;
};

static struct bch_dirent dirent_of(const struct bch_populate *p, const struct bch_source_name *n)
{
	if (bch_source_is_subvol(p->source, n->file))
		return (struct bch_dirent){
			.d_child_subvol = bch_populate_subvol(p->source, n->file),
			.d_parent_subvol = bch_populate_subvol(p->source, n->dir),
			.d_type = BCH_DIRENT_subvol,
			.name = { (const u8 *)n->name, n->len },
		};
	return (struct bch_dirent){
		.d_inum = bch_populate_inum(p->source, n->file),
		.d_type = (u8)(p->source->files.v[n->file].mode >> 12),
		.name = { (const u8 *)n->name, n->len },
	};
}

/* Those that hash alike in the order of their names. */
static int compare(const void *l, const void *r)
{
	const struct entry *a = l, *b = r;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return strcmp(a->name->name, b->name->name);
}

static int put_entry(struct bch_populate *p, u32 dir, const struct bch_source_name *name,
		     u64 offset)
{
	const struct bch_dirent d = dirent_of(p, name);
	struct bch_source_file *f = &p->source->files.v[name->file];
	u8 val[BCH_DIRENT_VAL_MAX];
	const struct bch_key k = {
		.pos = bch_spos(bch_populate_inum(p->source, dir), offset,
				bch_populate_snapshot(p, dir)),
		.type = BCH_KEY_dirent,
		.val = { val, bch_dirent_put(&d, val) },
	};

	if (f->name == name)
		f->dir_offset = offset;
	return bch_update(p->fs, BCH_BTREE_dirents, &k, 0);
}

static u64 lost_found_offset(const struct bch_populate *p, u32 dir)
{
	const struct bch_dirent d = { .name = { (const u8 *)LOST_FOUND, strlen(LOST_FOUND) } };

	return dir == BCH_SOURCE_ROOT ? bch_dirent_hash(&p->root, &d) : BCH_U64_MAX;
}

int bch_populate_dir(struct bch_populate *p, u32 dir, const struct bch_inode *inode)
{
	BCH_ARRAY(struct entry) entries = { 0 };
	u64 taken = lost_found_offset(p, dir), offset = 0;
	int err = 0;

	for (const struct bch_source_name *n = bch_source_first(p->source, dir); n && !err;
	     n = bch_source_next(n)) {
		const struct bch_dirent d = dirent_of(p, n);

		err = bch_array_push(&entries, ((struct entry){ bch_dirent_hash(inode, &d), n }));
	}
	if (entries.nr)
		qsort(entries.v, entries.nr, sizeof(*entries.v), compare);
	for (size_t i = 0; i < entries.nr && !err; i++) {
		offset = bch_populate_slot(entries.v[i].hash, offset, i);
		offset += offset == taken;
		err = put_entry(p, dir, entries.v[i].name, offset);
	}
	bch_array_end(&entries);
	return err;
}
