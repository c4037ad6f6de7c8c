// SPDX-License-Identifier: GPL-2.0-or-later
/* Directories: their entries in order, and the one with a name. Format reference: 04 §7.3, §8. */

#include "base/memory.h"
#include "codec/codec.h"
#include "file/private.h"
#include "ondisk/key_dirent.h"

struct bch_dir {
	struct bch_fs *fs;
	struct bch_file file;
	struct bch_snapshot_view view;
	struct bch_cursor cur;
	struct bch_buf name;
};

/* ------------------------------------------------------------------ one entry */

int bch_dirent_target(struct bch_fs *fs, const struct bch_file *dir, const struct bch_dirent *d,
		      struct bch_file *file)
{
	int err;

	if (d->d_type != BCH_DIRENT_subvol) {
		*file = (struct bch_file){ dir->subvol, dir->snapshot, d->d_inum };
		return 0;
	}
	err = bch_file_subvol_root(fs, d->d_child_subvol, file);
	return err == -BCH_ERR_subvol_missing ? 0 : err; /* leads to nothing */
}

bool bch_dirent_is_visible(const struct bch_file *dir, const struct bch_dirent *d)
{
	return d->d_type != BCH_DIRENT_subvol || !dir->subvol || d->d_parent_subvol == dir->subvol;
}

/* ------------------------------------------------------------------ in order */

int bch_dir_open(struct bch_fs *fs, const struct bch_file *file, u64 offset, struct bch_dir **dir)
{
	struct bch_dir *d = bch_calloc(1, sizeof(*d));

	*dir = d;
	if (!d)
		return -BCH_ERR_no_memory;
	d->fs = fs;
	d->file = *file;
	d->view = bch_snapshot_view(fs, file->snapshot);
	d->cur = bch_cursor_in_snapshot(fs, BCH_BTREE_dirents, bch_pos(file->inum, offset),
					bch_pos(file->inum, BCH_U64_MAX), 0, &d->view);
	return 0;
}

void bch_dir_close(struct bch_dir *dir)
{
	if (!dir)
		return;
	bch_cursor_end(&dir->cur);
	bch_buf_end(&dir->name);
	free(dir);
}

static int give(struct bch_dir *dir, u64 offset, const struct bch_dirent *d,
		struct bch_dir_entry *entry)
{
	bch_buf_reset(&dir->name);
	bch_buf_mem(&dir->name, d->name.p, d->name.len);
	if (bch_buf_failed(&dir->name))
		return -BCH_ERR_no_memory;
	*entry = (struct bch_dir_entry){
		.name = bch_buf_str(&dir->name),
		.name_len = d->name.len,
		.type = d->d_type,
		.offset = offset,
	};
	return bch_dirent_target(dir->fs, &dir->file, d, &entry->file);
}

int bch_dir_next(struct bch_dir *dir, struct bch_dir_entry *entry)
{
	struct bch_dirent d;
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&dir->cur, &k)) > 0) {
		if (k.type == BCH_KEY_dirent && bch_dirent_get(&k, &d) &&
		    bch_dirent_is_visible(&dir->file, &d)) {
			int err = give(dir, k.pos.offset, &d, entry);

			return err ? err : 1;
		}
	}
	return more;
}

/* ------------------------------------------------------------------ by name: 04 §7.3 */

int bch_dirent_begin(struct bch_fs *fs, const struct bch_inode *dir, const char *name, size_t len,
		     struct bch_buf *folded, struct bch_dirent *d)
{
	int err;

	*d = (struct bch_dirent){ .name = { (const u8 *)name, len },
				  .d_casefold = bch_inode_is_casefolded(fs, dir) };
	if (!d->d_casefold)
		return 0;
	err = bch_name_casefold(name, len, folded);
	d->cf_name = (struct bch_bytes){ (const u8 *)bch_buf_str(folded), folded->len };
	return err;
}

static bool same_bytes(struct bch_bytes a, struct bch_bytes b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

bool bch_dirent_has_name(const struct bch_dirent *a, const struct bch_dirent *b)
{
	if (a->d_casefold && b->d_casefold)
		return same_bytes(a->cf_name, b->cf_name);
	return same_bytes(a->name, b->name);
}

/* From the name's hash on, as far as there is no empty slot. */
static int probe(struct bch_fs *fs, const struct bch_file *dir, const struct bch_dirent *want,
		 u64 hash, struct bch_file *file)
{
	struct bch_snapshot_view view = bch_snapshot_view(fs, dir->snapshot);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(fs, BCH_BTREE_dirents, bch_pos(dir->inum, hash),
				       bch_pos(dir->inum, BCH_U64_MAX), 0, &view);
	struct bch_dirent d;
	struct bch_key k;
	int more;

	for (; (more = bch_cursor_next(&cur, &k)) > 0 && k.pos.offset == hash; hash++) {
		if (k.type != BCH_KEY_dirent || !bch_dirent_get(&k, &d))
			continue;
		if (!bch_dirent_is_visible(dir, &d))
			break;
		if (bch_dirent_has_name(want, &d))
			return bch_dirent_target(fs, dir, &d, file);
	}
	return more < 0 ? more : -BCH_ERR_not_found;
}

int bch_dir_lookup(struct bch_fs *fs, const struct bch_file *dir, const char *name, size_t len,
		   struct bch_file *file)
{
	struct bch_buf folded bch_auto(buf) = { 0 };
	struct bch_dirent want;
	struct bch_inode inode;
	int err = bch_file_inode(fs, dir, &inode, NULL);

	if (!err && inode.bi_mode >> 12 != BCH_DIRENT_dir)
		err = -BCH_ERR_not_a_directory;
	if (!err && inode.hash_type >= BCH_STR_HASH_NR)
		err = -BCH_ERR_not_found;
	if (!err)
		err = bch_dirent_begin(fs, &inode, name, len, &folded, &want);
	if (err == -BCH_ERR_invalid_argument)
		err = -BCH_ERR_not_found;
	return err ? err : probe(fs, dir, &want, bch_dirent_hash(&inode, &want), file);
}
