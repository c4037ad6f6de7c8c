/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal of an open filesystem: what is there, what of it is to be replayed, and the keys. Format reference: 03, 08 §3.
 *
 * In memory is an index alone, about 150 bytes a copy of an entry; the bytes of an entry are read when they are wanted
 * (bch_journal_load()). Of a journal as large as memory only the buckets are read that can hold what is asked for.
 */

#ifndef BCHFS_JOURNAL_JOURNAL_H
#define BCHFS_JOURNAL_JOURNAL_H

#include "base/array.h"
#include "ondisk/error_ids.h"
#include "ondisk/jset.h"
#include "super/super.h"

/* ------------------------------------------------------------------ index */

/* A copy of an entry in a journal bucket, as it was when it was scanned. */
struct bch_journal_copy {
	u64 seq;
	u64 last_seq; /* decrypted */
	u64 hash;     /* of all its bytes but the checksum, as they are on disk */
	u64 sector;
	u32 dev_idx;
	u32 ring_idx;	   /* of the bucket, in the device's order */
	u32 bucket_offset; /* sectors */
	u32 version;
	u32 flags;
	u32 u64s;	/* cut off at the end of the bucket */
	bool good;	/* the checksum was right */
	bool truncated; /* it said that it was longer than the bucket */
};

enum bch_journal_use {
	BCH_JOURNAL_REPLAYED,
	BCH_JOURNAL_NOT_DIRTY,	 /* older than what is to be replayed */
	BCH_JOURNAL_BLACKLISTED, /* never complete: 03 §4.3 */
};

struct bch_journal_entry {
	u64 seq;
	u64 last_seq; /* of a flush: the oldest that was dirty then, not after seq */
	const struct bch_journal_copy *copy; /* all copies, in the order of devices */
	u32 nr_copies;
	u32 best; /* which of them is the one to read */
	enum bch_journal_use use;
};

static inline bool bch_journal_is_flush(const struct bch_journal_entry *e)
{
	return !bch_jset_NO_FLUSH(e->copy[e->best].flags);
}

/* A journal bucket, and what is known of it. */
struct bch_journal_bucket {
	u64 sector;    /* where it begins */
	u64 first_seq; /* of the entry that begins it, or is the first to be found; 0: there is none */
	u64 seqs_below; /* all its entries are below: the next bucket of this device begins with it */
	u32 dev_idx;
	u32 ring_idx;
	u32 nr_sectors;
	bool was_read;
	struct {
		BCH_ARRAY(struct bch_journal_copy) a;
	} copies;
};

/*
 * Not for two threads. Valid as long as the filesystem is open. What is wrong with the journal goes to the log, as
 * warnings that begin with the error's name (03 §12).
 */
struct bch_journal {
	struct bch_fs *fs;
	struct {
		BCH_ARRAY(struct bch_journal_bucket) a;
	} buckets;
	struct {
		BCH_ARRAY(struct bch_journal_copy) a;
	} copies; /* of all buckets read, by seq and device */
	struct {
		BCH_ARRAY(struct bch_journal_entry) a;
	} entries; /* by seq */

	u64 seq_limit; /* what a bad copy says of a number beyond counts for nothing */

	/* The recovery point (03 §4.3). last_seq 0: there is no entry that could be recovered from. */
	u64 last_seq;	   /* the oldest to be replayed */
	u64 blacklist_seq; /* past the newest to be replayed */
	u64 start_seq;	   /* past everything that was found */
};

/*
 * Reads as much of the journal as a start needs, in parallel, and finds the recovery point. -BCH_ERR_no_key while an
 * encrypted filesystem is locked; -BCH_ERR_version_unsupported; an unreadable bucket is a warning. @journal is to be
 * freed.
 */
int bch_journal_read(struct bch_fs *fs, struct bch_journal **journal);

/* Has all that is there from @seq on in the index too; 0: the whole journal. */
int bch_journal_reach(struct bch_journal *journal, u64 seq);

/* Frees the index. NULL is nothing. */
void bch_journal_free(struct bch_journal *journal);
static inline void bch_journal_cleanup(struct bch_journal **journal)
{
	bch_journal_free(*journal);
}

/*
 * The entries of a bucket of @nr_sectors from its bytes, appended to @bucket's copies. Any bytes are safe.
 * -BCH_ERR_version_unsupported, -BCH_ERR_not_supported (big-endian), -BCH_ERR_no_memory. Format reference: 03 §4.1.
 */
int bch_journal_scan_bytes(const struct bch_fs *fs, struct bch_journal_bucket *bucket,
			   struct bch_bytes bytes);

/* Makes copies and entries out of the buckets' copies, and finds the recovery point. 03 §4.2, §4.3. */
int bch_journal_index(struct bch_journal *journal);

/* Where there is no recovery point: takes the newest entry alone for one. False where there is no entry. 03 §4.6. */
bool bch_journal_use_newest(struct bch_journal *journal);

/* The place of the first entry not before @seq; entries.a.nr where there is none. */
size_t bch_journal_find(const struct bch_journal *journal, u64 seq);

/*
 * The next run of numbers from *@seq on and below @end that are neither there nor blacklisted, as [*@seq, *@gap_end).
 * False where there is none. 03 §4.4.
 */
bool bch_journal_gap(const struct bch_journal *journal, u64 *seq, u64 end, u64 *gap_end);

/* The oldest entry in the index from which on nothing is missing up to the recovery point; 0 where there is none. */
u64 bch_journal_contiguous_from(const struct bch_journal *journal);

/* ------------------------------------------------------------------ what is wrong */

/*
 * "journal entry 7: jset_last_seq_newer_than_seq: …", without the entry where @seq is 0: kept for a check, or a warning in
 * the log.
 */
void bch_journal_problem(const struct bch_journal *journal, int id, u64 seq, const char *fmt, ...)
	bch_printf(4, 5);

/* Warns, until cancelled, of all that is wrong with the entries to be replayed, but for what they hold: 03 §4.2 to §4.5. */
void bch_journal_report(const struct bch_journal *journal);

/*
 * Of a filesystem that says that it is clean, where the superblock's clean section and the newest entry disagree: warns
 * by error id. @behind: the journal has more than the section knows. Returns 0, or the error of a load. 03 §7.3.
 */
int bch_journal_report_clean(const struct bch_journal *journal, bool *behind);

/* ------------------------------------------------------------------ an entry's bytes */

/* All zero is an empty one; loads use its memory again. */
struct bch_journal_buf {
	u8 *p;
	size_t size;
	struct bch_bytes records; /* of the entry that was loaded, decrypted */
};

/* Gives the memory back. */
void bch_journal_buf_end(struct bch_journal_buf *buf);
static inline void bch_journal_buf_cleanup(struct bch_journal_buf *buf)
{
	bch_journal_buf_end(buf);
}

/* Reads the entry's best copy, or one that can be read. At most a bucket's bytes. */
int bch_journal_load(const struct bch_journal *journal, const struct bch_journal_entry *e,
		     struct bch_journal_buf *buf);

/* The nonce of the entry with @seq: 03 §1.2. */
struct bch_nonce bch_journal_nonce(u64 seq);

/* ------------------------------------------------------------------ single values */

/* User-visible keys are to be as they were after entry @to: all that was done up to entry @from is undone. */
struct bch_rewind {
	u64 from, to; /* equal: no rewind */
};

struct bch_replay_state {
	u64 key_version; /* of encryption */
	u64 clock[2];	 /* sectors read, written */
	struct bch_rewind rewind;
};

/* ------------------------------------------------------------------ writing: 03 §8 */

/* The records of an entry to be written; all zero is none. */
struct bch_records {
	BCH_ARRAY(u8) a;
};

/* Appends a record; @payload is padded to whole words. -BCH_ERR_no_memory. */
int bch_records_add(struct bch_records *records, u8 type, u8 btree_id, u8 level,
		    struct bch_bytes payload);

/* Appends one that holds a key: btree_keys, btree_root. */
int bch_records_add_key(struct bch_records *records, u8 type, u8 btree_id, u8 level,
			const struct bch_key *k);

/* Appends usage key_version and the clocks, as every entry and the clean section have them. */
int bch_records_add_state(struct bch_records *records, const struct bch_fs_state *state);

struct bch_journal_writer;

/*
 * To write to the journal of @fs, which is open for writing: looks where its newest entries are, unless it @is_new. Those that a recovery
 * would need stay until bch_journal_write_done(). *@w is for bch_journal_writer_free().
 */
int bch_journal_writer_new(struct bch_fs *fs, bool is_new, struct bch_journal_writer **w);
void bch_journal_writer_free(struct bch_journal_writer *w);

/* Past every number that any member's journal has, and past the last blacklisted range. */
u64 bch_journal_writer_next_seq(const struct bch_journal_writer *w);

/* Is the entry there that says what the clean section says: what a start comes back to, once the superblock is not clean? */
bool bch_journal_writer_has_last(const struct bch_journal_writer *w);

/*
 * Writes the flush entry @seq, which makes all before it superfluous where @last_seq is @seq, to as many members as
 * metadata_replicas says; nothing is flushed. -BCH_ERR_no_space where no bucket may be overwritten, or it does not fit.
 */
int bch_journal_write(struct bch_journal_writer *w, u64 seq, u64 last_seq,
		      const struct bch_records *records);

/* The members that the next entry goes to. */
void bch_journal_write_devs(const struct bch_journal_writer *w, struct bch_write_devs *devs);

/* The entry is durable: from now on those before @last_seq may be overwritten. */
void bch_journal_write_done(struct bch_journal_writer *w, u64 last_seq);

/* Has the superblock say where the next entry goes: 03 §3.2. */
void bch_journal_writer_hints(const struct bch_journal_writer *w);

/*
 * Has no entry of the member be in a bucket from @sector on, from the next one on. And: one more bucket, behind that which is
 * being filled; one fewer, -BCH_ERR_refused where an entry that is needed is in it. The member's superblock in memory says so.
 */
void bch_journal_writer_limit(struct bch_journal_writer *w, u32 dev_idx, u64 sector);
int bch_journal_writer_add(struct bch_journal_writer *w, u32 dev_idx, u64 bucket);
int bch_journal_writer_remove(struct bch_journal_writer *w, u32 dev_idx, u64 bucket);

/* ------------------------------------------------------------------ replay: 03 §6, 08 §3.2 */

/* Who takes what is replayed. Called in order of age; keys are the caller's to copy. An error ends the replay. */
struct bch_replay_sink {
	void *arg;
	/* A later one replaces an earlier one of the same btree. @k NULL: there is a root, but it is lost. */
	int (*root)(void *arg, u8 btree_id, u8 level, const struct bch_key *k);
	/* A later one replaces an earlier one at the same position; in accounting both count. Deletions too. */
	int (*key)(void *arg, u8 btree_id, u8 level, const struct bch_key *k);
};

/*
 * The roots, clocks and other single values of the entries to be replayed; blacklist records go to the filesystem's
 * superblock in memory. @state->rewind: what the caller wants, else what the journal says. Bad records are warned of.
 */
int bch_journal_replay_early(struct bch_journal *journal, const struct bch_replay_sink *sink,
			     struct bch_replay_state *state);

/* The keys. With a rewind the index must reach back to @rewind->to + 1. Bad keys are warned of and left out. */
int bch_journal_replay_keys(struct bch_journal *journal, const struct bch_replay_sink *sink,
			    const struct bch_rewind *rewind);

/*
 * The rewind that leads back to @to: -BCH_ERR_out_of_range where that is not between the limit and the newest entry;
 * -BCH_ERR_refused where an entry on the way does not say what it overwrote. Makes the index reach that far.
 */
int bch_journal_rewind(struct bch_journal *journal, u64 to, struct bch_rewind *rewind);

/* The oldest entry to which the journal can be rewound; @said: the journal says it, it is not just the oldest there. */
int bch_journal_rewind_limit(struct bch_journal *journal, u64 *limit, bool *said);

#endif
