// SPDX-License-Identifier: GPL-2.0-or-later
/* Metadata versions: names, text, which may be read. Format reference: 01 §9.1. */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <bcachefs/error.h>

#include "ondisk/superblock.h"

/* clang-format off */
#define BCH_VERSIONS(V)				\
	V(0, 9,  minimum_supported)		\
	V(0, 10, bkey_renumber)			\
	V(0, 11, inode_btree_change)		\
	V(0, 12, snapshot)			\
	V(0, 13, inode_backpointers)		\
	V(0, 14, btree_ptr_sectors_written)	\
	V(0, 15, snapshot_2)			\
	V(0, 16, reflink_p_fix)			\
	V(0, 17, subvol_dirent)			\
	V(0, 18, inode_v2)			\
	V(0, 19, freespace)			\
	V(0, 20, alloc_v4)			\
	V(0, 21, new_data_types)		\
	V(0, 22, backpointers)			\
	V(0, 23, inode_v3)			\
	V(0, 24, unwritten_extents)		\
	V(0, 25, bucket_gens)			\
	V(0, 26, lru_v2)			\
	V(0, 27, fragmentation_lru)		\
	V(0, 28, no_bps_in_alloc_keys)		\
	V(0, 29, snapshot_trees)		\
	V(1, 0,  major_minor)			\
	V(1, 1,  snapshot_skiplists)		\
	V(1, 2,  deleted_inodes)		\
	V(1, 3,  rebalance_work)		\
	V(1, 4,  member_seq)			\
	V(1, 5,  subvolume_fs_parent)		\
	V(1, 6,  btree_subvolume_children)	\
	V(1, 7,  mi_btree_bitmap)		\
	V(1, 8,  bucket_stripe_sectors)		\
	V(1, 9,  disk_accounting_v2)		\
	V(1, 10, disk_accounting_v3)		\
	V(1, 11, disk_accounting_inum)		\
	V(1, 12, rebalance_work_acct_fix)	\
	V(1, 13, inode_has_child_snapshots)	\
	V(1, 14, backpointer_bucket_gen)	\
	V(1, 15, disk_accounting_big_endian)	\
	V(1, 16, reflink_p_may_update_opts)	\
	V(1, 17, inode_depth)			\
	V(1, 18, persistent_inode_cursors)	\
	V(1, 19, autofix_errors)		\
	V(1, 20, directory_size)		\
	V(1, 21, cached_backpointers)		\
	V(1, 22, stripe_backpointers)		\
	V(1, 23, stripe_lru)			\
	V(1, 24, casefolding)			\
	V(1, 25, extent_flags)			\
	V(1, 26, snapshot_deletion_v2)		\
	V(1, 27, fast_device_removal)		\
	V(1, 28, inode_has_case_insensitive)	\
	V(1, 29, extent_snapshot_whiteouts)	\
	V(1, 30, 31bit_dirent_offset)		\
	V(1, 31, btree_node_accounting)		\
	V(1, 32, sb_field_extent_type_u64s)	\
	V(1, 33, reconcile)			\
	V(1, 34, extented_key_type_error)	\
	V(1, 35, bucket_stripe_index)		\
	V(1, 36, no_sb_user_data_replicas)	\
	V(1, 37, erasure_coding)		\
	V(1, 38, need_discard_by_journal_seq)	\
	V(1, 39, per_dev_fragmentation_lru)

static const struct {
	u16 version;
	const char *name;
} versions[] = {
#define V(major, minor, name) { BCH_VERSION(major, minor), #name },
	BCH_VERSIONS(V)
#undef V
};
/* clang-format on */

static const char *version_name(u16 version)
{
	for (size_t i = 0; i < bch_array_size(versions); i++)
		if (versions[i].version == version)
			return versions[i].name;
	return "(unknown version)";
}

void bch_version_put(struct bch_buf *out, u16 version)
{
	bch_buf_put(out, "%u.%u: %s", BCH_VERSION_MAJOR(version), BCH_VERSION_MINOR(version),
		    version_name(version));
}

bool bch_version_compatible(u16 version)
{
	return version >= BCH_VERSION(0, 9) &&
	       BCH_VERSION_MAJOR(version) <= BCH_VERSION_MAJOR(BCH_VERSION_READ_MAX);
}

/* "major.minor". */
static bool parse_pair(const char *text, u16 *version)
{
	unsigned long major, minor;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	major = strtoul(text, &end, 10);
	if (*end != '.' || !isdigit((unsigned char)end[1]) || major > 63)
		return false;
	minor = strtoul(end + 1, &end, 10);
	if (*end || minor > 1023)
		return false;
	*version = BCH_VERSION(major, minor);
	return true;
}

int bch_version_parse(struct bch_ctx *ctx, const char *text, u16 *version)
{
	char *end;
	unsigned long raw;

	if (parse_pair(text, version))
		return 0;
	for (size_t i = 0; i < bch_array_size(versions); i++)
		if (!strcmp(versions[i].name, text)) {
			*version = versions[i].version;
			return 0;
		}

	raw = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || raw > UINT16_MAX)
		return bch_error_whole(ctx, -BCH_ERR_option_value, "no such version: %s", text);
	if (raw < BCH_VERSION(1, 0))
		return bch_error_whole(ctx, -BCH_ERR_option_value,
				       "version %s is not clear; did you mean 1.%s?", text, text);
	*version = (u16)raw;
	return 0;
}
