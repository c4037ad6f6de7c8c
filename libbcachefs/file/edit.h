/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to files, for later floors: each is a set of pending changes (btree/changes.h) that belong together. Format
 * reference: 04 §2, §6 to §9, §11.3.
 *
 * Between bch_writer_start() and bch_commit(), after bch_files_start(). What is pending is seen by all that reads. One
 * thread. Errors come without words, but where it is said.
 */

#ifndef BCHFS_FILE_EDIT_H
#define BCHFS_FILE_EDIT_H

#include <bcachefs/file.h>
#include "commit/commit.h"
#include "ondisk/key_inode.h"

struct bch_dirent;
struct bch_xattr;

/* ------------------------------------------------------------------ keys that snapshots share: 04 §2 */

/*
 * Has nothing be at @pos for the snapshot it says and those below it: a whiteout where one above has something there.
 * Format reference: 04 §2.3.
 */
int bch_edit_delete(struct bch_fs *fs, u8 btree_id, struct bch_pos pos);

/* The same for all that @file's snapshot sees of its number in a btree: its data, attributes, entries. */
int bch_edit_delete_all(struct bch_fs *fs, u8 btree_id, const struct bch_file *file);

/* May the file be changed? -BCH_ERR_read_only in a read-only subvolume, and from a snapshot alone. */
int bch_edit_allowed(struct bch_fs *fs, const struct bch_file *file);

/* ------------------------------------------------------------------ inodes */

/* Now, as a time of the filesystem: 04 §6.6. */
u64 bch_edit_now(const struct bch_fs *fs);

/* How names are hashed in new inodes: 04 §7.1. */
u8 bch_str_hash_type(const struct bch_fs *fs);

/*
 * Has @inode be what @file is in its snapshot; versions above stay as they are. -BCH_ERR_not_supported where it has
 * fields that we do not know.
 */
int bch_edit_inode(struct bch_fs *fs, const struct bch_file *file, const struct bch_inode *inode);

/* The same for the root of a subvolume whose name changed: its versions above say where that is, too. */
int bch_edit_subvol_root(struct bch_fs *fs, const struct bch_file *file,
			 const struct bch_inode *inode);

/* Has each version of an inode say whether there are others below it. */
int bch_edit_settle_versions(struct bch_fs *fs, u64 inum);

/*
 * Versions of its root that a subvolume which is gone leaves to its snapshots become those of one of them: its back
 * pointer leads to a name.
 */
int bch_edit_subvol_gone(struct bch_fs *fs, u64 inum, u32 gone);

/* Has there be no inode for the file's snapshot, and nothing that belongs to it. */
int bch_edit_remove_inode(struct bch_fs *fs, const struct bch_file *file);

/*
 * An inode of @mode as it begins in a directory whose inode is @dir: options, and of a directory what follows from its
 * place. Owner and group are @dir's, its times now.
 */
struct bch_inode bch_edit_new_inode(struct bch_fs *fs, const struct bch_inode *dir, u32 mode);

/* A number that no snapshot knows; *@generation is for the inode. -BCH_ERR_no_space: there is none left. */
int bch_edit_new_inum(struct bch_fs *fs, u64 *inum, u32 *generation);

/*
 * Gives @inode those of @options (bits as in bi_fields_set) that directory @dir has, but for what is set on it itself:
 * 04 §6.9. True where one changed.
 */
bool bch_inode_inherit(struct bch_inode *inode, const struct bch_inode *dir, u32 options);

/* The bit of an option in bi_fields_set; -BCH_ERR_option_unknown: inodes do not have it. */
int bch_inode_opt_bit(enum bch_opt_id id);

/* Sets an option on a file itself; @value NULL: has it be what its directory says. Nothing below follows yet. */
int bch_edit_option(struct bch_fs *fs, const struct bch_file *file, unsigned bit, const u64 *value);

/* Has the mover look at the file's data, where these options say how it is to be stored: 04 §10.3. */
int bch_edit_options_changed(struct bch_fs *fs, u64 inum, u32 options);

/* ------------------------------------------------------------------ slots of names: 04 §7.3 */

/* What a name is looked for by; the slot where it is, or where it may be put. */
struct bch_slot {
	u64 offset;
	bool found;
	u32 snapshot; /* of the key that was found */
};

/* The entry's slot in a directory; @d has the names. And the attribute's of a file. */
int bch_slot_of_dirent(struct bch_fs *fs, const struct bch_file *dir, const struct bch_inode *inode,
		       const struct bch_dirent *d, struct bch_slot *slot);
int bch_slot_of_xattr(struct bch_fs *fs, const struct bch_file *file, const struct bch_inode *inode,
		      const struct bch_xattr *x, struct bch_slot *slot);

/*
 * Empties a slot in what @file's number has in @btree_id, so that others are still found behind it. @physically: no
 * whiteout is left for ancestors, as entries of subvolumes want it (04 §8.4).
 */
int bch_slot_delete(struct bch_fs *fs, u8 btree_id, const struct bch_file *file,
		    const struct bch_inode *inode, u64 offset, bool physically);

/* ------------------------------------------------------------------ names: 04 §8, §11.3 */

struct bch_name {
	const char *p;
	size_t len;
};

/* -BCH_ERR_invalid_argument, _name_too_long where no entry may have the name. */
int bch_name_check(struct bch_name name);

/*
 * Makes @inode (of bch_edit_new_inode(), changed as the caller likes) a file with the name @name in @dir. -BCH_ERR_exists.
 */
int bch_edit_create(struct bch_fs *fs, const struct bch_file *dir, struct bch_name name,
		    struct bch_inode *inode, struct bch_file *file);

/* Another name for @file, no directory, in its own subvolume. -BCH_ERR_exists, _is_directory, _refused. */
int bch_edit_link(struct bch_fs *fs, const struct bch_file *file, const struct bch_file *dir,
		  struct bch_name name);

/*
 * Takes the name, and with the last one all of the file. -BCH_ERR_not_found, _not_empty of a directory in which
 * something is, _refused for a subvolume.
 */
int bch_edit_unlink(struct bch_fs *fs, const struct bch_file *dir, struct bch_name name);

/*
 * Moves a name, over what has the new one. -BCH_ERR_not_found; _refused:
 * into itself, or into another subvolume; and as bch_edit_unlink() of what is replaced, _is_directory,
 * _not_a_directory where that is of another kind.
 */
int bch_edit_rename(struct bch_fs *fs, const struct bch_file *from, struct bch_name name,
		    const struct bch_file *to, struct bch_name new_name);

/* ------------------------------------------------------------------ subvolumes: 04 §4 */

struct bch_subvolume;
struct bch_snapshot;
struct bch_snapshot_tree;

/* Has subvolume @id be that. And a snapshot, a tree of them: bch_snapshots_reload() has others know. */
int bch_subvolume_write(struct bch_fs *fs, u32 id, const struct bch_subvolume *subvol);
int bch_snapshot_write(struct bch_fs *fs, u32 id, const struct bch_snapshot *snapshot);
int bch_snapshot_tree_write(struct bch_fs *fs, u32 id, const struct bch_snapshot_tree *tree);

/* -BCH_ERR_not_found. */
int bch_snapshot_read(struct bch_fs *fs, u32 id, struct bch_snapshot *snapshot);
int bch_snapshot_tree_read(struct bch_fs *fs, u32 id, struct bch_snapshot_tree *tree);

/* Takes what bch_snapshot_at() and all others know from the btree again. */
int bch_snapshots_reload(struct bch_fs *fs);

/* The entry of a subvolume made and taken away; the directory it is in is touched. *@offset: where it is. */
int bch_edit_subvol_entry(struct bch_fs *fs, const struct bch_file *dir, struct bch_name name,
			  u32 subvol, u64 *offset);
int bch_edit_subvol_entry_delete(struct bch_fs *fs, const struct bch_file *dir,
				 struct bch_name name);

/* Makes an empty subvolume; a snapshot of subvolume @source, whose snapshot changes. -BCH_ERR_exists. */
int bch_edit_subvol_create(struct bch_fs *fs, const struct bch_file *dir, struct bch_name name);
int bch_edit_subvol_snapshot(struct bch_fs *fs, u32 source, const struct bch_file *dir,
			     struct bch_name name, bool read_only);

/*
 * Takes a subvolume away, whatever is in it; its keys stay until bch_edit_dead_snapshots(), or a kernel, takes them.
 * -BCH_ERR_not_empty: others are in it, _subvol_missing: it is none.
 */
int bch_edit_subvol_delete(struct bch_fs *fs, const struct bch_file *dir, struct bch_name name);

/*
 * Takes away what belongs to snapshots that nobody sees any more, and these: 04 §4.5. Commits where it becomes much (what
 * is left then a kernel would go on with, too), but at once.
 */
enum bch_dead_flags {
	BCH_DEAD_AT_ONCE = 1 << 0,
};

int bch_edit_dead_snapshots(struct bch_fs *fs, unsigned flags);

/* ------------------------------------------------------------------ attributes: 04 §9 */

/* Type and name of "user.x". -BCH_ERR_not_supported: none that can be stored, _name_too_long. */
int bch_xattr_parse(const char *name, struct bch_xattr *x);

/* Appends an ACL, which is in the system's form, as it is stored. -BCH_ERR_invalid_argument where it is none. */
int bch_acl_store(const void *value, size_t len, struct bch_buf *stored);

/*
 * Sets an attribute by its full name ("user.x", "system.posix_acl_access" in the system's form); @value NULL takes it
 * away. -BCH_ERR_not_supported: a name that cannot be stored, _name_too_long, _out_of_range: it does not fit into a key.
 */
int bch_edit_xattr(struct bch_fs *fs, const struct bch_file *file, const char *name,
		   const void *value, size_t len);

#endif
