/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of a filesystem's btrees as text or JSON lines. CLI 7.1. */

#ifndef BCHFS_LIST_H
#define BCHFS_LIST_H

#include <bcachefs/super.h>

enum bch_list_mode {
	BCH_LIST_keys,	       /* of the level, leaves by default */
	BCH_LIST_nodes,	       /* the pointers to the nodes of the level */
	BCH_LIST_formats,      /* how those nodes pack their keys, and how full they are */
	BCH_LIST_nodes_ondisk, /* every byte of each of their copies */
};

struct bch_list_opts {
	enum bch_list_mode mode;
	const char *btree; /* name or number; NULL: extents */
	bool all;	   /* all btrees, each under its heading, instead */
	const char *
		type; /* only keys of this type, in the nodes if these are looked into; NULL: all */
	u8 level;     /* 0: leaves */
	const char *start,
		*end; /* positions, both included; NULL: all. A snapshot in start: as seen from it */
	u64 nr;	      /* at most so many of each btree; 0: all */
	bool json;    /* JSON lines */
	bool raw;     /* values in hexadecimal */
	bool color;   /* of a terminal; not in JSON */
};

/*
 * Writes the keys, some lines at a time, until @write returns an error; after bch_fs_start(). What cannot be read is
 * logged and passed over. -BCH_ERR_option_value for a bad name or position, said; -BCH_ERR_btree_node_read_failed where
 * something was missing.
 */
int bch_list(struct bch_fs *fs, const struct bch_list_opts *opts,
	     int (*write)(void *arg, const char *text), void *arg);

/* Makes lost btrees readable from the leaves that a scan of the devices finds. After bch_fs_start(). */
int bch_fs_scan_nodes(struct bch_fs *fs);

#endif
