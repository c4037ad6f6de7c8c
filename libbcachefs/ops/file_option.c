// SPDX-License-Identifier: GPL-2.0-or-later
/* Options of files and of all that is below them: by path. CLI 9.3. */

#include "ops/edit.h"

#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "super/super.h"

/* ------------------------------------------------------------------ values */

static int parse(struct bch_fs *fs, const struct bch_file_option *o, u64 *value)
{
	const struct bch_sb *sb = fs->super.sb;
	u16 version = le16_get(sb->version);

	if (!bch_opt_in_version(o->opt, version))
		return bch_error_whole(fs->ctx, -BCH_ERR_not_supported,
				       "%s: not in version %u.%u of the filesystem", o->opt->name,
				       BCH_VERSION_MAJOR(version), BCH_VERSION_MINOR(version));
	if (bch_opt_id(o->opt) == BCH_OPT_nocow && bch_sb_flag(sb, BCH_SB_ENCRYPTION_TYPE))
		return bch_error_whole(fs->ctx, -BCH_ERR_refused,
				       "nocow: not in an encrypted filesystem");
	if (o->opt->type == BCH_OPT_TARGET)
		return bch_target_parse(fs, o->text, value);
	return bch_opt_parse(fs->ctx, o->opt, o->text, version, value);
}

/* How names are looked for cannot change while there are any; other flags would have to follow. */
static int check_kind(struct bch_fs *fs, const struct bch_file_option *o)
{
	return bch_opt_id(o->opt) == BCH_OPT_casefold
		       ? bch_error_whole(fs->ctx, -BCH_ERR_not_supported,
					 "casefold: is set by a mounted filesystem only")
		       : 0;
}

/* ------------------------------------------------------------------ what is below */

/* Directories from where a walk began down to where it is. */
struct above {
	BCH_ARRAY(struct bch_inode) a;
};

/* A file takes what its directory has. *@changed: something. */
static int hand_to(struct bch_fs *fs, const struct bch_walk_entry *e, u32 options,
		   struct above *above, bool *changed)
{
	struct bch_inode inode;
	int err = bch_file_inode(fs, &e->file, &inode, NULL);

	*changed = !e->depth;
	if (!err && e->depth && bch_inode_inherit(&inode, &above->a.v[e->depth - 1], options)) {
		*changed = true;
		inode.bi_ctime = bch_edit_now(fs);
		err = bch_edit_inode(fs, &e->file, &inode);
		if (!err)
			err = bch_edit_options_changed(fs, e->file.inum, options);
	}
	if (err || !S_ISDIR(inode.bi_mode))
		return err;
	above->a.nr = e->depth;
	return bch_array_push(&above->a, inode);
}

/* Other subvolumes are not gone into. */
static int hand_down(struct bch_fs *fs, const struct bch_file *file, u32 options)
{
	struct bch_walk *walk bch_auto(walk) = NULL;
	struct above above = { 0 };
	struct bch_walk_entry e;
	bool changed;
	int more, err = bch_walk_begin(fs, file, BCH_WALK_ONE_SUBVOL, &walk);

	while (!err && (more = bch_walk_next(walk, &e))) {
		if (more > 0 && e.depth && e.type == BCH_FILE_SUBVOL)
			continue;
		err = more < 0 ? more : hand_to(fs, &e, options, &above, &changed);
		if (!err && !changed && e.type == S_IFDIR >> 12)
			bch_walk_skip(walk);
	}
	bch_array_end(&above.a);
	return err;
}

/* ------------------------------------------------------------------ set */

/* Errors of the option are said. */
static int set_one(struct bch_fs *fs, const struct bch_file *file, const char *path,
		   const struct bch_file_option *o, u32 *options)
{
	int bit = bch_inode_opt_bit(bch_opt_id(o->opt)), err = bit < 0 ? bit : check_kind(fs, o);
	bool inherit = !strcmp(o->text, "-");
	u64 value = 0;

	if (!err && !inherit)
		err = parse(fs, o, &value);
	if (err)
		return err;
	*options |= 1U << bit;
	if (o->opt->type == BCH_OPT_COMPRESSION)
		bch_io_need_compression(fs, (u8)value);
	err = bch_edit_option(fs, file, (unsigned)bit, inherit ? NULL : &value);
	return err ? bch_error(fs->ctx, err, "%s", path) : 0;
}

static int remove_all(struct bch_fs *fs, const struct bch_file *file, u32 *options)
{
	struct bch_inode_option o;
	struct bch_inode inode;
	int err = bch_file_inode(fs, file, &inode, NULL);

	for (size_t i = 0; !err && bch_inode_option(&inode, i, &o); i++) {
		int bit = bch_inode_opt_bit(bch_opt_id(o.opt));

		if (!o.is_own || bch_opt_id(o.opt) == BCH_OPT_casefold)
			continue;
		*options |= 1U << bit;
		err = bch_edit_option(fs, file, (unsigned)bit, NULL);
	}
	return err;
}

int bch_file_set_options(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
			 const struct bch_file_option_sets *sets)
{
	struct bch_file file;
	struct bch_stat st;
	u32 options = 0;
	int err = bch_path_lookup(fs, from, path, &file);

	if (err)
		return err;
	err = bch_edit_allowed(fs, &file);
	if (!err && sets->remove_all)
		err = remove_all(fs, &file, &options);
	if (!err)
		err = bch_file_stat(fs, &file, &st);
	if (err)
		return bch_error(fs->ctx, err, "%s", path);
	for (size_t i = 0; i < sets->nr && !err; i++)
		err = set_one(fs, &file, path, &sets->v[i], &options);
	if (err)
		return err;
	if (sets->recursive && S_ISDIR(st.mode))
		err = hand_down(fs, &file, options);
	return err ? bch_error(fs->ctx, err, "%s", path) : 0;
}

/* ------------------------------------------------------------------ get */

int bch_file_get_options(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
			 bool effective, bool all,
			 int (*put)(void *arg, const char *name, const char *value), void *arg)
{
	struct bch_inode_option o;
	struct bch_inode inode;
	struct bch_file file;
	int err = bch_path_lookup(fs, from, path, &file);

	if (err)
		return err;
	err = bch_file_inode(fs, &file, &inode, NULL);
	if (err)
		return bch_error(fs->ctx, err, "%s", path);
	for (size_t i = 0; !err && bch_inode_option(&inode, i, &o); i++) {
		struct bch_buf value bch_auto(buf) = { 0 };

		if (effective ? o.is_set : o.is_own)
			bch_inode_option_put(&value, fs, &o);
		else if (all)
			bch_buf_putc(&value, '-');
		if (value.len)
			err = put(arg, o.opt->name, bch_buf_str(&value));
	}
	return err;
}
