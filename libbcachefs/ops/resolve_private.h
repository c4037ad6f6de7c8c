/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions and what they lead to, for the files of resolve.
 *
 * All questions are asked before any walk over a btree is made, so that one walk serves them all: resolve_run.c.
 */

#ifndef BCHFS_OPS_RESOLVE_PRIVATE_H
#define BCHFS_OPS_RESOLVE_PRIVATE_H

#include <bcachefs/resolve.h>
#include "base/map.h"
#include "btree/btree.h"
#include "ondisk/keys.h"
#include "ops/viewers.h"
#include "super/super.h"

/* A sector of a member. */
struct bch_place {
	u32 dev_idx;
	u64 sector;
};

/* Kinds of answers: name in JSON. */
/* clang-format off */
#define BCH_ANSWERS(A)		\
	A(file)			\
	A(subvolume)		\
	A(key)			\
	A(metadata)		\
	A(stripe)		\
	A(superblock)		\
	A(journal)		\
	A(unused)		\
	A(unknown)		\
	A(missing)
/* clang-format on */

enum bch_answer_kind {
#define A(name) BCH_ANSWER_##name,
	BCH_ANSWERS(A)
#undef A
};

/* A path, or another name of a file that has none; and the subvolume that it is in. */
struct bch_found_path {
	char *text; /* owned */
	u32 subvol;
};

/* One thing that a question leads to. */
struct bch_answer {
	enum bch_answer_kind kind;
	char *text; /* in words or as a key; owned */
	bool has_key;
	u8 btree_id, level; /* of the key */
	struct bch_pos pos;
	u64 from, to; /* what of the key's range is meant; sectors, to is behind the last */
	u64 inum;     /* of a file that it belongs to; 0: none */
	u32 subvol;   /* the file is looked for in that alone; 0: in all */
	bool by_key;  /* only in those that see the key */
	bool needs_names;
	BCH_ARRAY(struct bch_found_path) paths;
	BCH_ARRAY(struct bch_ptr) nodes; /* on the way to the key, the root first */
};

struct bch_question {
	struct bch_map_node node;
	char *text; /* owned */
	bool has_place;
	struct bch_place place;
	BCH_ARRAY(struct bch_answer) answers;
};

/* A name of an inode. */
struct bch_found_name {
	u64 inum;
	struct bch_pos pos; /* of the dirent */
	char *name;	    /* owned */
};

struct bch_resolver {
	struct bch_fs *fs;
	const struct bch_resolve_opts *opts;
	struct bch_key_fs key_fs;
	u16 version;
	struct bch_viewers viewers;
	struct bch_map by_text; /* questions */
	BCH_ARRAY(struct bch_question *) questions;
	BCH_ARRAY(u64)
	wanted; /* inodes all of whose names are wanted; sorted once they are all there */
	BCH_ARRAY(struct bch_found_name) names; /* by inode */
	bool has_names;
	bool scans;   /* places are looked for in all btrees */
	bool missing; /* something could not be read */
};

/* ------------------------------------------------------------------ resolve_run.c */

/* Without questions; @opts are the caller's. Ended by the caller, whatever is returned. -BCH_ERR_no_memory. */
int bch_resolver_init(struct bch_resolver *r, struct bch_fs *fs,
		      const struct bch_resolve_opts *opts);
void bch_resolver_end(struct bch_resolver *r);

/* The question with that text, made where it is new (*@is_new). */
int bch_resolver_question(struct bch_resolver *r, const char *text, struct bch_question **q,
			  bool *is_new);

/* Adds an answer, which is taken; and one in words. */
int bch_answer_add(struct bch_question *q, struct bch_answer *a);
int bch_answer_say(struct bch_question *q, enum bch_answer_kind kind, const char *fmt, ...)
	bch_printf(3, 4);

/* Adds a key as an answer, with the file that it belongs to. */
int bch_answer_key(struct bch_resolver *r, struct bch_question *q, u8 btree_id, u8 level,
		   const struct bch_key *k, u64 from, u64 to);

/* Takes note of an error of a walk: 0 to go on. */
int bch_resolver_passed_over(struct bch_resolver *r, int err);

/* Answers all that was asked. */
int bch_resolver_run(struct bch_resolver *r);

/* ------------------------------------------------------------------ the others */

/* resolve_ask.c: understands @text and answers what takes no walk. -BCH_ERR_invalid_argument, not said. */
int bch_resolver_ask(struct bch_resolver *r, const char *text, struct bch_question **q);

/* resolve_key.c: does @k lead to the sector of that member; and what of its range is there. */
bool bch_key_leads_to(const struct bch_resolver *r, const struct bch_key *k, u8 level,
		      const struct bch_place *place, u64 *from, u64 *to);

/* resolve_place.c: whose a place is, as far as superblocks, journals, buckets and backpointers say. */
int bch_resolver_place(struct bch_resolver *r, struct bch_question *q);

/* resolve_place.c: says what its bucket is, in which nothing was found. */
int bch_resolver_not_found(struct bch_resolver *r, struct bch_question *q);

/* resolve_scan.c: looks for pointers to all places that are asked for, in all btrees. */
int bch_resolver_scan(struct bch_resolver *r);

/* resolve_shared.c: the files that show the shared data that was found. */
int bch_resolver_shared(struct bch_resolver *r);

/* resolve_paths.c: the paths of all files that were found. */
int bch_resolver_paths(struct bch_resolver *r);

/*
 * resolve_show.c: as lines of text, each behind @indent (@brief: without keys and nodes); as facts, or of
 * these JSON alone.
 */
void bch_question_put(const struct bch_resolver *r, const struct bch_question *q,
		      const char *indent, bool brief, struct bch_buf *out);
void bch_question_json(const struct bch_resolver *r, const struct bch_question *q,
		       struct bch_facts *facts);
void bch_question_show(const struct bch_resolver *r, const struct bch_question *q,
		       struct bch_facts *facts);

#endif
