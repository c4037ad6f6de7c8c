/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dumps: the metadata of a device in a qcow2 file, for bug reports. */

#ifndef BCHFS_DUMP_H
#define BCHFS_DUMP_H

#include <bcachefs/error.h>
#include <bcachefs/progress.h>
#include <bcachefs/super.h>
#include <bcachefs/types.h>

/* ------------------------------------------------------------------ dump */

enum bch_sanitize {
	BCH_SANITIZE_NOTHING,
	BCH_SANITIZE_DATA,	/* file data that lies in keys becomes zeroes */
	BCH_SANITIZE_FILENAMES, /* names become X too */
};

struct bch_dump_opts {
	const char *
		out; /* what the files' names begin with; NULL: all goes to @fd, of several members as tar */
	int fd;
	bool replace; /* what is there already, once the new file is whole */
	enum bch_sanitize sanitize;
	bool xattrs;	 /* with FILENAMES: the values of extended attributes too, but for ACLs */
	bool no_journal; /* of the journal only what a start would replay */
	bool one_copy; /* of each node the one on the lowest member; other pointers lead to no member */
	bool clear_key;	 /* the filesystem's key in the clear: who has the dump can read it */
	bool scan_nodes; /* look for the nodes of btrees whose roots are lost */
	enum bch_progress_mode progress;
};

/*
 * The metadata of @fs, as it is on its open members: superblocks, journal, and every node of every btree, those that
 * the journal leads to and those that the nodes on disk lead to. To be freed; not after @fs.
 */
struct bch_dump;

/*
 * Finds out what is to be dumped, and how large that is; an encrypted filesystem must be unlocked, as what leads to the
 * nodes is encrypted. Calls bch_fs_start(). What is damaged is said as a warning and is part of the dump. @opts is
 * copied, its strings are not. -BCH_ERR_exists where a file is in the way, said.
 */
int bch_dump_new(struct bch_fs *fs, const struct bch_dump_opts *opts, struct bch_dump **dump);
void bch_dump_free(struct bch_dump *dump);
static inline void bch_dump_cleanup(struct bch_dump **dump)
{
	bch_dump_free(*dump);
}

/* Bytes of all files, before compression; and their names: NULL past the last, and for a stream. */
u64 bch_dump_size(const struct bch_dump *dump);
const char *bch_dump_file(const struct bch_dump *dump, u32 nr);

/* The files, with their sizes and what is in them. */
void bch_dump_show(const struct bch_dump *dump, struct bch_facts *facts);

/* Writes them, once. Errors are said; after one there is no file that is not whole. -BCH_ERR_cancelled. */
int bch_dump_write(struct bch_dump *dump);

/* ------------------------------------------------------------------ undump */

struct bch_undump_opts {
	bool replace; /* what is there already, once the new file is whole */
	enum bch_progress_mode progress;
};

/*
 * Makes the device that is in @image, a qcow2 file, the file @raw: as long as the device, sparse,
 * mode 0600. Errors are said; after one there is no @raw, or what was there before.
 *
 * Return: 0, or
 *   -BCH_ERR_invalid_argument	@image is not a qcow2 file
 *   -BCH_ERR_exists		@raw is there
 *   -BCH_ERR_cancelled		the caller wanted it to end
 */
int bch_undump(struct bch_ctx *ctx, const char *image, const char *raw,
	       const struct bch_undump_opts *opts);

#endif
