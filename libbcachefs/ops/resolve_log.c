// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kernel's log with what its lines name. CLI 14.2.
 *
 * Looked for are the forms in which kernels print: "inum 4435 offset 0", "inode 4435:4294967295", keys ("u64s 7 type
 * extent 4435:1:U32_MAX len 1"), pointers ("ptr: 0:67:188"), buckets ("bucket 0:28"), and what the block layer says
 * ("dev sda, sector 1234"). A line of another filesystem is one that has another UUID, and those behind it.
 */

#include <ctype.h>
#include <stdio.h>

#include <uuid/uuid.h>

#include "ops/resolve_private.h"

#define MAX_ASKED 8 /* that one line names */

struct line {
	const char *text;
	size_t len; /* with its end */
	u32 nr_asked;
	struct bch_question *asked[MAX_ASKED];
};

struct log {
	struct bch_resolver *r;
	BCH_ARRAY(struct line) lines;
	bool is_foreign; /* what is said now is of another filesystem */
};

/* ------------------------------------------------------------------ one question */

static int ask(struct log *log, struct line *line, const char *text)
{
	struct bch_question *q;
	int err;

	if (line->nr_asked == MAX_ASKED)
		return 0;
	err = bch_resolver_ask(log->r, text, &q);
	if (err)
		return err == -BCH_ERR_invalid_argument ? 0 : err;
	for (u32 i = 0; i < line->nr_asked; i++)
		if (line->asked[i] == q)
			return 0;
	line->asked[line->nr_asked++] = q;
	return 0;
}

static int ask_number(struct log *log, struct line *line, u64 inum)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	if (inum < BCH_INODE_NR_MIN)
		return 0;
	bch_buf_put(&text, "%" PRIu64, inum);
	return ask(log, line, bch_buf_str(&text));
}

/* ------------------------------------------------------------------ the forms */

/* What stands behind @word, a word of its own; NULL where it is not there. */
static const char *behind(const char *text, const char *word)
{
	const char *at = text;

	while ((at = strstr(at, word))) {
		const char *rest = at + strlen(word);

		if (at == text || !isalnum((unsigned char)at[-1]))
			return rest;
		at = rest;
	}
	return NULL;
}

/* "inum 4435 offset 0", "inode 4435:4294967295", "inode 4435": each that is there. */
static int ask_inodes(struct log *log, struct line *line, const char *text)
{
	static const char *const words[] = { "inum ", "inode ", "inum: ", "inode: " };
	int err = 0;

	for (size_t i = 0; i < bch_array_size(words); i++) {
		const char *at = text;

		while (!err && (at = behind(at, words[i]))) {
			unsigned long long inum, offset;
			struct bch_buf both bch_auto(buf) = { 0 };

			if (sscanf(at, "%llu offset %llu", &inum, &offset) == 2 &&
			    inum >= BCH_INODE_NR_MIN) {
				bch_buf_put(&both, "%llu:%llu", inum, offset);
				err = ask(log, line, bch_buf_str(&both));
			} else if (sscanf(at, "%llu", &inum) == 1) {
				err = ask_number(log, line, inum);
			}
		}
	}
	return err;
}

/* Types of keys that tell their btree, and which. */
static const struct {
	const char *type;
	u8 btree_id;
} key_btrees[] = {
	{ "extent", BCH_BTREE_extents },
	{ "reflink_p", BCH_BTREE_extents },
	{ "inline_data", BCH_BTREE_extents },
	{ "reservation", BCH_BTREE_extents },
	{ "inode", BCH_BTREE_inodes },
	{ "inode_v2", BCH_BTREE_inodes },
	{ "inode_v3", BCH_BTREE_inodes },
	{ "dirent", BCH_BTREE_dirents },
	{ "xattr", BCH_BTREE_xattrs },
	{ "reflink_v", BCH_BTREE_reflink },
	{ "indirect_inline_data", BCH_BTREE_reflink },
};

/* The key, or where it is not there any more the inode. */
static int ask_key(struct log *log, struct line *line, u8 btree_id, const char *pos)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	const struct bch_question *q;
	unsigned long long inode, offset;
	int err;

	bch_buf_put(&text, "%s:%s", bch_btree_names[btree_id], pos);
	err = ask(log, line, bch_buf_str(&text));
	if (err || !line->nr_asked || sscanf(pos, "%llu:%llu", &inode, &offset) != 2)
		return err;
	q = line->asked[line->nr_asked - 1];
	if (!q->answers.nr || q->answers.v[0].kind != BCH_ANSWER_missing)
		return 0;
	line->nr_asked--;
	return ask_number(log, line, btree_id == BCH_BTREE_inodes ? offset : inode);
}

static int ask_keys(struct log *log, struct line *line, const char *text)
{
	const char *at = behind(text, "u64s ") ? text : NULL;
	char type[32], pos[64];
	int err = 0;

	while (!err && at && (at = behind(at, "type "))) {
		if (sscanf(at, "%31s %63s", type, pos) != 2)
			continue;
		for (size_t i = 0; !err && i < bch_array_size(key_btrees); i++)
			if (!strcmp(type, key_btrees[i].type))
				err = ask_key(log, line, key_btrees[i].btree_id, pos);
	}
	return err;
}

static int ask_places(struct log *log, struct line *line, const char *text)
{
	const char *at = text;
	char place[64];
	int err = 0;

	while (!err && (at = behind(at, "ptr: ")))
		if (sscanf(at, "%63[0-9:]", place) == 1)
			err = ask(log, line, place);
	at = text;
	while (!err && (at = behind(at, "bucket "))) {
		unsigned dev;
		unsigned long long bucket;

		if (sscanf(at, "%u:%llu", &dev, &bucket) != 2)
			continue;
		snprintf(place, sizeof(place), "%u:%llu:0", dev, bucket);
		err = ask(log, line, place);
	}
	return err;
}

/* The member that a kernel called so, by its path or as the superblock has it. */
static bool find_device(struct bch_resolver *r, const char *name, u32 *dev_idx)
{
	struct bch_buf path bch_auto(buf) = { 0 };
	struct bch_member m;

	bch_buf_put(&path, "/dev/%s", name);
	if (!bch_fs_member_find(r->fs, bch_buf_str(&path), dev_idx))
		return true;
	for (*dev_idx = 0; *dev_idx < r->fs->nr_members; ++*dev_idx)
		if (bch_super_member(&r->fs->super, *dev_idx, &m) && bch_member_alive(&m) &&
		    !strncmp((const char *)m.device_name, name, sizeof(m.device_name)))
			return true;
	return false;
}

/* "I/O error, dev sda, sector 1234 op 0x0:(READ)" */
static int ask_sectors(struct log *log, struct line *line, const char *text)
{
	const char *at = behind(text, "dev ");
	unsigned long long sector;
	char name[32], place[64];
	u32 dev_idx;

	if (!at || sscanf(at, "%31[^, ], sector %llu", name, &sector) != 2 ||
	    !find_device(log->r, name, &dev_idx))
		return 0;
	snprintf(place, sizeof(place), "%u:0x%llx", dev_idx, sector);
	return ask(log, line, place);
}

/* ------------------------------------------------------------------ lines */

/* "bcachefs (vda):", "bcachefs (UUID):", with more behind the name. */
static void see_whose(struct log *log, const char *text)
{
	const char *at = behind(text, "bcachefs (");
	char name[UUID_STR_LEN];
	uuid_t uuid;

	if (!at || sscanf(at, "%36[^ )]", name) != 1)
		return;
	log->is_foreign = !uuid_parse(name, uuid) && memcmp(uuid, bch_fs_uuid(log->r->fs), 16);
}

/* A key and an inode name a file; places are of interest where there is none. */
static int ask_line(struct log *log, struct line *line)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	const char *t;
	int err;

	bch_buf_mem(&text, line->text, line->len);
	if (bch_buf_failed(&text))
		return -BCH_ERR_no_memory;
	t = bch_buf_str(&text);
	see_whose(log, t);
	if (log->is_foreign)
		return 0;
	err = ask_inodes(log, line, t);
	if (!err)
		err = ask_keys(log, line, t);
	if (!err && !line->nr_asked)
		err = ask_places(log, line, t);
	return err ? err : ask_sectors(log, line, t);
}

static int ask_lines(struct log *log, const char *text, size_t len)
{
	int err = 0;

	while (!err && len) {
		const char *end = memchr(text, '\n', len);
		struct line line = { .text = text, .len = end ? (size_t)(end + 1 - text) : len };

		text += line.len;
		len -= line.len;
		err = ask_line(log, &line);
		if (!err)
			err = bch_array_push(&log->lines, line);
		if (!err && bch_cancelled(log->r->fs->ctx))
			err = -BCH_ERR_cancelled;
	}
	return err;
}

/* ------------------------------------------------------------------ out */

static int write_line(struct log *log, const struct line *line,
		      int (*write)(void *arg, const void *bytes, size_t len), void *arg)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	int err = write(arg, line->text, line->len);

	if (line->nr_asked && line->text[line->len - 1] != '\n')
		bch_buf_newline(&text);
	for (u32 i = 0; i < line->nr_asked; i++)
		bch_question_put(log->r, line->asked[i], "    => ", true, &text);
	if (!err && bch_buf_failed(&text))
		err = -BCH_ERR_no_memory;
	return err || !text.len ? err : write(arg, bch_buf_str(&text), text.len);
}

static void show_line(struct log *log, const struct line *line, size_t nr, struct bch_facts *facts)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	bool ends = line->text[line->len - 1] == '\n';

	if (!line->nr_asked)
		return;
	bch_buf_mem(&text, line->text, line->len - ends);
	bch_facts_object(facts, NULL);
	bch_fact_json_u64(facts, "line", nr);
	bch_fact_json_str(facts, "text", bch_buf_str(&text));
	bch_facts_list(facts, "questions");
	for (u32 i = 0; i < line->nr_asked; i++)
		bch_question_json(log->r, line->asked[i], facts);
	bch_facts_end(facts);
	bch_facts_end(facts);
}

int bch_resolve_log(struct bch_fs *fs, const struct bch_resolve_opts *opts, const char *log_text,
		    size_t len, int (*write)(void *arg, const void *bytes, size_t len), void *arg,
		    struct bch_facts *facts)
{
	struct bch_resolver r;
	struct log log = { .r = &r };
	int err = bch_resolver_init(&r, fs, opts);

	if (!err)
		err = ask_lines(&log, log_text, len);
	if (!err)
		err = bch_resolver_run(&r);
	bch_facts_list(facts, "lines");
	for (size_t i = 0; !err && i < log.lines.nr; i++) {
		err = write_line(&log, &log.lines.v[i], write, arg);
		show_line(&log, &log.lines.v[i], i + 1, facts);
	}
	bch_facts_end(facts);
	bch_array_end(&log.lines);
	bch_resolver_end(&r);
	return err;
}
