// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of versions: what they add, passes and silent errors of upgrade and downgrade. Format reference: 01 §9. */

#include "ondisk/upgrade.h"

#include "ondisk/error_ids.h"
#include "ondisk/passes.h"

#define PASS(name) (1ULL << BCH_PASS_##name)
#define E(name)	   BCH_FSCK_##name

/* Counters that are kept in another way on the two sides. */
#define DEV_USAGE \
	E(dev_usage_buckets_wrong), E(dev_usage_sectors_wrong), E(dev_usage_fragmented_wrong)
#define COUNTERS_MOVED E(bkey_version_in_future), DEV_USAGE, E(accounting_mismatch)
#define COUNTERS_FORM                                                                     \
	E(accounting_key_replicas_nr_devs_0), E(accounting_key_replicas_nr_required_bad), \
		E(accounting_key_replicas_devs_unsorted), E(accounting_key_junk_at_end)
#define COUNTERS_ORDER \
	E(accounting_mismatch), E(accounting_key_replicas_nr_devs_0), E(accounting_key_junk_at_end)
#define FS_USAGE                                                                                   \
	E(fs_usage_hidden_wrong), E(fs_usage_btree_wrong), E(fs_usage_data_wrong),                 \
		E(fs_usage_cached_wrong), E(fs_usage_reserved_wrong), E(fs_usage_nr_inodes_wrong), \
		E(fs_usage_persistent_reserved_wrong), E(fs_usage_replicas_wrong)

#define WORK(bits, ...)             \
	{                           \
		bits,               \
		{                   \
			__VA_ARGS__ \
		}                   \
	}
#define STEP(minor, text, ...)                                                \
	{                                                                     \
		.version = BCH_VERSION(1, minor), .adds = text, ##__VA_ARGS__ \
	}

/* clang-format off */
const struct bch_version_step bch_version_steps[] = {
	STEP(5, "subvolumes know which other one has their name",
	     .up = WORK(PASS(check_dirents), E(subvol_fs_path_parent_wrong))),
	STEP(6, "an index of the subvolumes in a subvolume",
	     .up = WORK(PASS(check_subvols), E(subvol_children_not_set))),
	STEP(7, "devices know where their metadata is",
	     .up = WORK(PASS(check_allocations), E(btree_bitmap_not_marked))),
	STEP(8, "stripes of erasure coding are counted by themselves"),
	STEP(9, "counters of space are keys",
	     .up = WORK(PASS(check_allocations), COUNTERS_MOVED),
	     .down = WORK(PASS(check_allocations), DEV_USAGE, FS_USAGE, E(bkey_version_in_future))),
	STEP(10, "these counters have their final form",
	     .up = WORK(PASS(check_allocations), COUNTERS_MOVED, COUNTERS_FORM),
	     .down = WORK(PASS(check_allocations), DEV_USAGE, FS_USAGE, E(accounting_replicas_not_marked),
			  E(bkey_version_in_future))),
	STEP(11, "counters of each file's space",
	     .up = WORK(PASS(check_allocations), E(accounting_mismatch))),
	STEP(12, "what is left to rebalance is counted right",
	     .up = WORK(PASS(check_allocations), E(accounting_mismatch)),
	     .down = WORK(PASS(check_allocations), E(accounting_mismatch))),
	STEP(13, "files know whether snapshots have other versions of them",
	     .up = WORK(PASS(check_inodes), E(inode_has_child_snapshots_wrong))),
	STEP(14, "backpointers know the generation of their bucket",
	     .up = WORK(PASS(check_extents_to_backpointers), E(backpointer_to_missing_ptr),
			E(ptr_to_missing_backpointer)),
	     .down = WORK(PASS(check_extents_to_backpointers), E(backpointer_bucket_offset_wrong),
			  E(backpointer_to_missing_ptr), E(ptr_to_missing_backpointer))),
	STEP(15, "counters of space are sorted by kind",
	     .up = WORK(PASS(check_allocations), COUNTERS_ORDER),
	     .down = WORK(PASS(check_allocations), COUNTERS_ORDER)),
	STEP(16, "options of files may become those of the data that they share", .is_incompat = true),
	STEP(17, "directories know how deep they are"),
	STEP(18, "numbers of new files go on where they ended"),
	STEP(19, "what is safe to repair is repaired by mounts"),
	STEP(20, "directories have a size",
	     .down = WORK(0, E(snapshot_tree_to_missing_subvol))),
	STEP(21, "backpointers of cached data",
	     .up = WORK(PASS(check_extents_to_backpointers), E(ptr_to_missing_backpointer))),
	STEP(22, "backpointers of stripes",
	     .up = WORK(PASS(check_extents_to_backpointers), E(ptr_to_missing_backpointer))),
	STEP(23, "an index of stripes that are partly empty"),
	STEP(24, "directories whose names are the same in either case", .is_incompat = true),
	STEP(25, "data that is known to be damaged is marked", .is_incompat = true),
	STEP(26, "deleted snapshots leave a mark", .is_incompat = true),
	STEP(27, "devices are removed without reading all metadata", .is_incompat = true),
	STEP(28, "directories know of such ones in them",
	     .up = WORK(PASS(check_inodes), E(inode_has_case_insensitive_not_set),
			E(inode_parent_has_case_insensitive_not_set))),
};
/* clang-format on */

const u32 bch_nr_version_steps = bch_array_size(bch_version_steps);

/* ------------------------------------------------------------------ what is to be done */

static void add(struct bch_sb_ext *ext, const struct bch_version_work *work)
{
	ext->recovery_passes_required[0] |= work->passes;
	for (const u16 *id = work->errors; *id; id++)
		ext->errors_silent[*id / 64] |= 1ULL << *id % 64;
}

void bch_version_work_add(struct bch_sb_ext *ext, u16 from, u16 to)
{
	u16 low = from < to ? from : to, high = from < to ? to : from;

	for (const struct bch_version_step *s = bch_version_steps;
	     s < bch_version_steps + bch_nr_version_steps; s++)
		if (s->version > low && s->version <= high)
			add(ext, from < to ? &s->up : &s->down);
}

/* ------------------------------------------------------------------ the section downgrade: 01 §8.13 */

int bch_super_downgrade_put(struct bch_super *super, u16 version)
{
	u64 incompat = bch_sb_flag(super->sb, BCH_SB_VERSION_INCOMPAT);
	u8 body[bch_array_size(bch_version_steps) * BCH_DOWNGRADE_ENTRY_MAX];
	size_t len = 0;

	for (u32 i = 0; i < bch_nr_version_steps; i++) {
		const struct bch_version_step *s = &bch_version_steps[i];

		if (s->down.passes && s->version <= version && s->version >= incompat)
			len += bch_downgrade_put(body + len, s->version, s->down.passes,
						 s->down.errors);
	}
	bch_super_section_drop(super, BCH_SECTION_downgrade);
	return len ? bch_super_section_put(super, BCH_SECTION_downgrade, body, len) : 0;
}
