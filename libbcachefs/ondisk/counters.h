/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Persistent counters: stable number, name at 1.13, at 1.28 and in the newest version. Format reference: 01 App. B. */

#ifndef BCHFS_ONDISK_COUNTERS_H
#define BCHFS_ONDISK_COUNTERS_H

#include <bcachefs/types.h>

/* clang-format off */
#define BCH_COUNTERS(C)	\
	C(0, io_read, io_read, data_read)	\
	C(1, io_write, io_write, data_write)	\
	C(2, io_move, io_move, data_update)	\
	C(3, bucket_invalidate, bucket_invalidate, bucket_invalidate)	\
	C(4, bucket_discard, bucket_discard, bucket_discard)	\
	C(5, bucket_alloc, bucket_alloc, bucket_alloc)	\
	C(6, bucket_alloc_fail, bucket_alloc_fail, bucket_alloc_fail)	\
	C(7, btree_cache_scan, btree_cache_scan, btree_cache_scan)	\
	C(8, btree_cache_reap, btree_cache_reap, btree_cache_reap)	\
	C(9, btree_cache_cannibalize, btree_cache_cannibalize, btree_cache_cannibalize)	\
	C(10, btree_cache_cannibalize_lock, btree_cache_cannibalize_lock, btree_cache_cannibalize_lock)	\
	C(11, btree_cache_cannibalize_lock_fail, btree_cache_cannibalize_lock_fail, btree_cache_cannibalize_lock_fail)	\
	C(12, btree_cache_cannibalize_unlock, btree_cache_cannibalize_unlock, btree_cache_cannibalize_unlock)	\
	C(13, btree_node_write, btree_node_write, btree_node_write)	\
	C(14, btree_node_read, btree_node_read, btree_node_read)	\
	C(15, btree_node_compact, btree_node_compact, btree_node_compact)	\
	C(16, btree_node_merge, btree_node_merge, btree_node_merge)	\
	C(17, btree_node_split, btree_node_split, btree_node_split)	\
	C(18, btree_node_rewrite, btree_node_rewrite, btree_node_rewrite)	\
	C(19, btree_node_alloc, btree_node_alloc, btree_node_alloc)	\
	C(20, btree_node_free, btree_node_free, btree_node_free)	\
	C(21, btree_node_set_root, btree_node_set_root, btree_node_set_root)	\
	C(22, btree_path_relock_fail, btree_path_relock_fail, btree_path_relock_fail)	\
	C(23, btree_path_upgrade_fail, btree_path_upgrade_fail, btree_path_upgrade_fail)	\
	C(24, btree_reserve_get_fail, btree_reserve_get_fail, btree_reserve_get_fail)	\
	C(25, journal_entry_full, journal_entry_full, journal_res_get_blocked)	\
	C(26, journal_full, journal_full, journal_full)	\
	C(27, journal_reclaim_finish, journal_reclaim_finish, journal_reclaim_finish)	\
	C(28, journal_reclaim_start, journal_reclaim_start, journal_reclaim_start)	\
	C(29, journal_write, journal_write, journal_write)	\
	C(30, read_promote, io_read_promote, data_read_promote)	\
	C(31, read_bounce, io_read_bounce, data_read_bounce)	\
	C(32, read_retry, io_read_retry, data_read_retry)	\
	C(33, read_split, io_read_split, data_read_split)	\
	C(34, read_reuse_race, io_read_reuse_race, data_read_reuse_race)	\
	C(35, move_extent_read, io_move_read, data_update_read)	\
	C(36, move_extent_write, io_move_write, data_update_write)	\
	C(37, move_extent_finish, io_move_finish, data_update_key)	\
	C(38, move_extent_fail, io_move_fail, data_update_key_fail)	\
	C(39, move_extent_start_fail, io_move_start_fail, data_update_start_fail_obsolete)	\
	C(40, copygc, copygc, copygc)	\
	C(41, copygc_wait, copygc_wait, copygc_wait_obsolete)	\
	C(42, gc_gens_end, gc_gens_end, gc_gens_end)	\
	C(43, gc_gens_start, gc_gens_start, gc_gens_start)	\
	C(44, trans_blocked_journal_reclaim, trans_blocked_journal_reclaim, trans_blocked_journal_reclaim)	\
	C(45, trans_restart_btree_node_reused, trans_restart_btree_node_reused, trans_restart_btree_node_reused)	\
	C(46, trans_restart_btree_node_split, trans_restart_btree_node_split, trans_restart_btree_node_split)	\
	C(47, trans_restart_fault_inject, trans_restart_fault_inject, trans_restart_fault_inject)	\
	C(48, trans_restart_iter_upgrade, trans_restart_iter_upgrade, trans_restart_iter_upgrade)	\
	C(49, trans_restart_journal_preres_get, trans_restart_journal_preres_get, trans_restart_journal_preres_get)	\
	C(50, trans_restart_journal_reclaim, trans_restart_journal_reclaim, trans_restart_journal_reclaim)	\
	C(51, trans_restart_journal_res_get, trans_restart_journal_res_get, trans_restart_journal_res_get)	\
	C(52, trans_restart_key_cache_key_realloced, trans_restart_key_cache_key_realloced, trans_restart_key_cache_key_realloced)	\
	C(53, trans_restart_key_cache_raced, trans_restart_key_cache_raced, trans_restart_key_cache_raced)	\
	C(54, trans_restart_mark_replicas, trans_restart_mark_replicas, trans_restart_mark_replicas)	\
	C(55, trans_restart_mem_realloced, trans_restart_mem_realloced, trans_restart_mem_realloced)	\
	C(56, trans_restart_memory_allocation_failure, trans_restart_memory_allocation_failure, trans_restart_memory_allocation_failure)	\
	C(57, trans_restart_relock, trans_restart_relock, trans_restart_relock)	\
	C(58, trans_restart_relock_after_fill, trans_restart_relock_after_fill, trans_restart_relock_after_fill)	\
	C(59, trans_restart_relock_key_cache_fill, trans_restart_relock_key_cache_fill, trans_restart_relock_key_cache_fill_obsolete)	\
	C(60, trans_restart_relock_next_node, trans_restart_relock_next_node, trans_restart_relock_next_node)	\
	C(61, trans_restart_relock_parent_for_fill, trans_restart_relock_parent_for_fill, trans_restart_relock_parent_for_fill_obsolete)	\
	C(62, trans_restart_relock_path, trans_restart_relock_path, trans_restart_relock_path)	\
	C(63, trans_restart_relock_path_intent, trans_restart_relock_path_intent, trans_restart_relock_path_intent)	\
	C(64, trans_restart_too_many_iters, trans_restart_too_many_iters, trans_restart_too_many_iters)	\
	C(65, trans_restart_traverse, trans_restart_traverse, trans_restart_traverse)	\
	C(66, trans_restart_upgrade, trans_restart_upgrade, trans_restart_upgrade)	\
	C(67, trans_restart_would_deadlock, trans_restart_would_deadlock, trans_restart_would_deadlock)	\
	C(68, trans_restart_would_deadlock_write, trans_restart_would_deadlock_write, trans_restart_would_deadlock_write)	\
	C(69, trans_restart_injected, trans_restart_injected, trans_restart_injected)	\
	C(70, trans_restart_key_cache_upgrade, trans_restart_key_cache_upgrade, trans_restart_key_cache_upgrade)	\
	C(71, trans_traverse_all, trans_traverse_all, transaction_begin)	\
	C(72, transaction_commit, transaction_commit, transaction_commit)	\
	C(73, write_super, write_super, write_super)	\
	C(74, trans_restart_would_deadlock_recursion_limit, trans_restart_would_deadlock_recursion_limit, trans_restart_would_deadlock_recursion_limit)	\
	C(75, trans_restart_write_buffer_flush, trans_restart_write_buffer_flush, trans_restart_write_buffer_flush)	\
	C(76, trans_restart_split_race, trans_restart_split_race, trans_restart_split_race)	\
	C(77, write_buffer_flush_slowpath, write_buffer_flush_slowpath, write_buffer_flush_slowpath)	\
	C(78, write_buffer_flush_sync, write_buffer_flush_sync, write_buffer_flush_sync)	\
	C(79, bucket_discard_fast, bucket_discard_fast, bucket_discard_fast)	\
	C(80, io_read_inline, io_read_inline, data_read_inline)	\
	C(81, io_read_hole, io_read_hole, data_read_hole)	\
	C(82, io_read_fail_and_poison, io_read_fail_and_poison, data_update_fail)	\
	C(83, io_move_created_rebalance, io_move_created_rebalance, reconcile_set_pending)	\
	C(84, io_move_evacuate_bucket, io_move_evacuate_bucket, evacuate_bucket)	\
	C(85, io_read_nopromote, io_read_nopromote, data_read_nopromote)	\
	C(86, io_read_nopromote_may_not, io_read_nopromote_may_not, data_read_nopromote_may_not)	\
	C(87, io_read_nopromote_already_promoted, io_read_nopromote_already_promoted, data_read_nopromote_already_promoted)	\
	C(88, io_read_nopromote_unwritten, io_read_nopromote_unwritten, data_read_nopromote_unwritten)	\
	C(89, io_read_nopromote_congested, io_read_nopromote_congested, data_read_nopromote_congested)	\
	C(90, io_read_nopromote_in_flight, io_read_nopromote_in_flight, data_update_in_flight)	\
	C(91, data_update_no_io, data_update_no_io, data_update_no_io)	\
	C(92, data_update_noop_obsolete, data_update_noop_obsolete, data_update_noop_obsolete)	\
	C(93, error_throw, error_throw, error_throw)	\
	C(94, accounting_key_to_wb_slowpath, accounting_key_to_wb_slowpath, accounting_key_to_wb_slowpath)	\
	C(95, data_read_fail_and_poison, data_read_fail_and_poison, data_read_fail_and_poison)	\
	C(96, data_update_pred, data_update_pred, data_update_pred)	\
	C(97, data_read_narrow_crcs, data_read_narrow_crcs, data_read_narrow_crcs)	\
	C(98, data_read_narrow_crcs_fail, data_read_narrow_crcs_fail, data_read_narrow_crcs_fail)	\
	C(99, stripe_update_extent, stripe_update_extent, stripe_update_extent)	\
	C(100, stripe_update_extent_fail, stripe_update_extent_fail, stripe_update_extent_fail)	\
	C(101, btree_node_merge_attempt, btree_node_merge_attempt, btree_node_merge_attempt)	\
	C(102, stripe_create, stripe_create, stripe_create)	\
	C(103, stripe_create_fail, stripe_create_fail, stripe_create_fail)	\
	C(104, stripe_update_bucket, stripe_update_bucket, stripe_update_bucket)	\
	C(105, write_buffer_flush, write_buffer_flush, write_buffer_flush)	\
	C(106, write_buffer_maybe_flush, write_buffer_maybe_flush, write_buffer_maybe_flush)	\
	C(107, btree_key_cache_fill, btree_key_cache_fill, btree_key_cache_fill)	\
	C(108, bucket_discard_worker, bucket_discard_worker, bucket_discard_worker)	\
	C(109, bucket_discard_fast_worker, bucket_discard_fast_worker, bucket_discard_fast_worker)	\
	C(110, sync_fs, sync_fs, sync_fs)	\
	C(111, fsync, fsync, fsync)	\
	C(112, bkey_pack_pos_fail, bkey_pack_pos_fail, bkey_pack_pos_fail)	\
	C(113, reconcile_scan_fs, reconcile_scan_fs, reconcile_scan_fs)	\
	C(114, reconcile_scan_metadata, reconcile_scan_metadata, reconcile_scan_metadata)	\
	C(115, reconcile_scan_pending, reconcile_scan_pending, reconcile_scan_pending)	\
	C(116, reconcile_scan_device, reconcile_scan_device, reconcile_scan_device)	\
	C(117, reconcile_scan_inum, reconcile_scan_inum, reconcile_scan_inum)	\
	C(118, reconcile_btree, reconcile_btree, reconcile_btree)	\
	C(119, reconcile_data, reconcile_data, reconcile_data)	\
	C(120, reconcile_phys, reconcile_phys, reconcile_phys)	\
	C(121, cached_ptr_drop, cached_ptr_drop, cached_ptr_drop)	\
	C(122, open_bucket_alloc_fail, open_bucket_alloc_fail, open_bucket_alloc_fail)	\
	C(123, stripe_reuse, stripe_reuse, stripe_reuse)	\
	C(124, stripe_delete, stripe_delete, stripe_delete)	\
	C(125, stripe_alloc, stripe_alloc, stripe_alloc)	\
	C(126, sectors_alloc, sectors_alloc, sectors_alloc)	\
	C(127, bucket_alloc_from_stripe, bucket_alloc_from_stripe, bucket_alloc_from_stripe)	\
	C(128, data_update_useless_write_fail, data_update_useless_write_fail, data_update_useless_write_fail)	\
	C(129, reconcile_clear_scan, reconcile_clear_scan, reconcile_clear_scan)	\
	C(130, reconcile_stripe, reconcile_stripe, reconcile_stripe)	\
	C(131, stripe_repair_race, stripe_repair_race, stripe_repair_race)	\
	C(132, trans_restart_deadlock_waitlist_alloc, trans_restart_deadlock_waitlist_alloc, trans_restart_deadlock_waitlist_alloc)	\
	C(133, reconcile_scan_stripes, reconcile_scan_stripes, reconcile_scan_stripes)	\
	C(134, journal_pin_resize, journal_pin_resize, journal_pin_resize)	\
	C(135, journal_flush, journal_flush, journal_flush)
/* clang-format on */

enum {
	BCH_COUNTER_NR = 136
};

/* The name in @version of the counter stored at @index, which 1.13 and older order otherwise; NULL if unknown. */
const char *bch_counter_name(u32 index, u16 version);

/* The index at which @version stores the counter of that name of any version, or -1. */
int bch_counter_find(const char *name, u16 version);

#endif
