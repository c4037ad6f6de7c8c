#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What fsck makes of keys that break rules and of bad journals, judged by the kernel: several that tests/check/keys and
# journal know are put on a filesystem of a kernel's, a btree each, repaired, and the kernel's own fsck finds nothing. Output
# in TAP.
#
#   fsck_ids.sh [PATTERN]     only the cases whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); B, the build folder; JOBS, machines at a
# time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
damage=$(realpath "${B:-$here/../../build}/test/tests/check")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cases=() pattern=${1:-*}
# The last is of a btree that each commit writes.
add() { # NAME KERNEL IMAGE PROGRAM ROW...
	local dir=$work/$1 name=$1 kernel=$2 image=$3 program=$4
	shift 4
	# shellcheck disable=SC2053
	[[ $name == $pattern ]] || return 0
	mkdir "$dir"
	zstd -qd --long=27 --sparse "$here/../images/$image/dev0.img.zst" -o "$dir/dev0.img"
	# exit status 1: all was corrected
	cat >"$dir/before.sh" <<-END
		for row in $*; do
			"$damage/$program" \$row dev0.img || exit 1
		done
		"$bcachefs" fsck -y -v dev0.img >told 2>&1
		[ \$? = 1 ] || exit 1
		for row in $*; do
			grep -q "\[\$row\]" told || { echo "\$row is not told"; exit 1; }
		done
		"$bcachefs" fsck -q -n dev0.img
	END
	cat >"$dir/case.sh" <<-END
		# kernel: $kernel
		# seconds: 120
		fs_clean
	END
	cases+=("$dir")
}

add values 6.12 06-snapshots keys inode_unpack_error dirent_name_has_slash xattr_invalid_type extent_ptrs_no_ptrs \
	quota_type_invalid subvol_inode_bad snapshot_child_bad snapshot_tree_pos_bad stripe_val_size_bad \
	extent_ptrs_unwritten bkey_val_size_nonzero alloc_v4_val_size_bad
add places 6.12 06-snapshots keys inode_pos_blockdev_range dirent_to_itself bkey_snapshot_zero ptr_after_last_bucket \
	bkey_snapshot_nonzero subvol_pos_bad snapshot_pos_bad stripe_pos_bad backpointer_level_bad
add fields 6.12 06-snapshots keys inode_str_hash_invalid dirent_val_too_big xattr_name_invalid_chars ptr_crc_redundant \
	subvol_snapshot_bad snapshot_skiplist_bad stripe_csum_granularity_bad bucket_gens_val_size_bad
add later 6.16 13-k616-snapshots keys dirent_stray_data_after_cf_name extent_flags_not_at_start reflink_v_pos_bad \
	inode_alloc_cursor_inode_bad accounting_key_junk_at_end
add records 6.12 10-crash-d journal journal_entry_bkey_u64s_0 journal_entry_clock_bad_rw journal_entry_dev_usage_bad_pad \
	jset_seq_blacklisted journal_entry_replicas_not_marked
add entry 6.12 10-crash-d journal jset_unknown_csum journal_entry_past_jset_end

"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
