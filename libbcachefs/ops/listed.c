// SPDX-License-Identifier: GPL-2.0-or-later
/* A file in a list: its attributes as facts and as text. */

#include <string.h>
#include <sys/stat.h>

#include "ops/listing.h"

int bch_listed_get(struct bch_fs *fs, const char *name, u8 type, const struct bch_file *file,
		   struct bch_listed *e)
{
	int err;

	*e = (struct bch_listed){ .name = name, .type = type, .file = *file };
	err = bch_file_stat(fs, file, &e->st);
	e->missing = err == -BCH_ERR_not_found;
	return e->missing ? 0 : err;
}

/* ------------------------------------------------------------------ text */

/* Number (mode >> 12), letter, words. */
static const struct {
	char letter;
	const char *words;
} types[16] = {
	[S_IFIFO >> 12] = { 'p', "fifo" },
	[S_IFCHR >> 12] = { 'c', "character special file" },
	[S_IFDIR >> 12] = { 'd', "directory" },
	[S_IFBLK >> 12] = { 'b', "block special file" },
	[S_IFREG >> 12] = { '-', "regular file" },
	[S_IFLNK >> 12] = { 'l', "symbolic link" },
	[S_IFSOCK >> 12] = { 's', "socket" },
};

const char *bch_mode_type(u32 mode)
{
	const char *words = types[mode >> 12 & 15].words;

	return words ? words : "unknown";
}

void bch_buf_mode(struct bch_buf *out, u32 mode)
{
	static const char letters[] = "rwxrwxrwx", special[] = "sst";
	char text[] = "?---------";

	if (types[mode >> 12 & 15].letter)
		text[0] = types[mode >> 12 & 15].letter;
	for (u32 i = 0; i < 9; i++)
		if (mode >> (8 - i) & 1)
			text[1 + i] = letters[i];
	for (u32 i = 0; i < 3; i++) {
		char *x = &text[3 + 3 * i];

		if (mode >> (11 - i) & 1) /* setuid, setgid, sticky; upper case without x */
			*x = (char)(*x == '-' ? special[i] - 'a' + 'A' : special[i]);
	}
	bch_buf_puts(out, text);
}

static void put_id(struct bch_buf *out, const char *name, u32 id)
{
	if (name)
		bch_buf_puts(out, name);
	else
		bch_buf_put(out, "%u", id);
}

void bch_buf_user(struct bch_buf *out, const struct bch_id_names *names, u32 uid)
{
	put_id(out, names ? names->user(names->arg, uid) : NULL, uid);
}

void bch_buf_group(struct bch_buf *out, const struct bch_id_names *names, u32 gid)
{
	put_id(out, names ? names->group(names->arg, gid) : NULL, gid);
}

/* ------------------------------------------------------------------ facts */

static bool is_utf8(const char *s)
{
	size_t len = 1;

	for (; *s && len; s += len)
		len = bch_utf8_len(s);
	return len;
}

void bch_facts_name(struct bch_facts *facts, const char *key, const char *name)
{
	struct bch_buf hex_key bch_auto(buf) = { 0 };
	struct bch_buf hex bch_auto(buf) = { 0 };

	bch_fact_json_str(facts, key, name);
	if (is_utf8(name))
		return;
	bch_buf_put(&hex_key, "%s_hex", key);
	for (const char *c = name; *c; c++)
		bch_buf_put(&hex, "%02x", (u8)*c);
	bch_fact_json_str(facts, bch_buf_str(&hex_key), bch_buf_str(&hex));
}

static void fact_time(struct bch_facts *facts, const char *key, struct bch_time t)
{
	struct bch_buf nsec bch_auto(buf) = { 0 };

	bch_buf_put(&nsec, "%s_nsec", key);
	bch_fact_json_s64(facts, key, t.sec);
	bch_fact_json_u64(facts, bch_buf_str(&nsec), t.nsec);
}

static void facts_owner(struct bch_facts *facts, const struct bch_id_names *names,
			const struct bch_stat *st)
{
	const char *user = names ? names->user(names->arg, st->uid) : NULL;
	const char *group = names ? names->group(names->arg, st->gid) : NULL;

	bch_fact_json_u64(facts, "uid", st->uid);
	bch_fact_json_u64(facts, "gid", st->gid);
	if (user)
		bch_fact_json_str(facts, "user", user);
	if (group)
		bch_fact_json_str(facts, "group", group);
}

static void facts_stat(struct bch_facts *facts, const struct bch_id_names *names,
		       const struct bch_stat *st)
{
	struct bch_buf mode bch_auto(buf) = { 0 };

	bch_fact_json_str(facts, "type", bch_mode_type(st->mode));
	bch_buf_put(&mode, "%04o", st->mode & 07777);
	bch_fact_json_str(facts, "mode", bch_buf_str(&mode));
	bch_fact_json_u64(facts, "nlink", st->nlink);
	facts_owner(facts, names, st);
	bch_fact_json_u64(facts, "size_bytes", st->size);
	bch_fact_json_u64(facts, "allocated_bytes", BCH_BYTES(st->nr_sectors));
	if (S_ISCHR(st->mode) || S_ISBLK(st->mode)) {
		bch_fact_json_u64(facts, "major", st->major);
		bch_fact_json_u64(facts, "minor", st->minor);
	}
	fact_time(facts, "atime", st->atime);
	fact_time(facts, "mtime", st->mtime);
	fact_time(facts, "ctime", st->ctime);
	fact_time(facts, "otime", st->otime);
	if (st->subvol_root)
		bch_fact_json_u64(facts, "subvol_root", st->subvol_root);
}

void bch_facts_listed(struct bch_facts *facts, struct bch_fs *fs, const struct bch_id_names *names,
		      const struct bch_listed *e)
{
	struct bch_buf target bch_auto(buf) = { 0 };

	bch_fact_json_u64(facts, "inum", e->file.inum);
	if (e->file.subvol)
		bch_fact_json_u64(facts, "subvol", e->file.subvol);
	bch_fact_json_u64(facts, "snapshot", e->file.snapshot);
	if (e->missing) {
		bch_fact_json_str(facts, "type", "missing");
		return;
	}
	facts_stat(facts, names, &e->st);
	if (S_ISLNK(e->st.mode) && !bch_file_readlink(fs, &e->file, &target))
		bch_facts_name(facts, "target", bch_buf_str(&target));
}

void bch_facts_options(struct bch_facts *facts, const struct bch_fs *fs,
		       const struct bch_inode *inode)
{
	struct bch_inode_option o;

	bch_facts_object(facts, "options");
	for (size_t i = 0; bch_inode_option(inode, i, &o); i++) {
		struct bch_buf value bch_auto(buf) = { 0 };

		if (!o.is_set)
			continue;
		bch_inode_option_put(&value, fs, &o);
		bch_fact_json_str(facts, o.opt->name, bch_buf_str(&value));
	}
	bch_facts_end(facts);
}

void bch_buf_options(struct bch_buf *out, const struct bch_fs *fs, const struct bch_inode *inode)
{
	const char *before = "";
	struct bch_inode_option o;

	for (size_t i = 0; bch_inode_option(inode, i, &o); i++) {
		if (!o.is_set)
			continue;
		bch_buf_put(out, "%s%s=", before, o.opt->name);
		bch_inode_option_put(out, fs, &o);
		before = ",";
	}
}
