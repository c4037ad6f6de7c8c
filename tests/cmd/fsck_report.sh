#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What fsck says, and how it can be told to: passes, -o, --report, what is printed, how it is interrupted. CLI 6.1.
. "$(dirname "$0")/fsck_lib.sh"

S=4294967294

# Three wrong link counts, a file that is longer than its size, one without a name.
damaged() {
	unpack 06-snapshots >/dev/null
	damage "update -q inodes 0:4099:$S bi_nlink=7" "update -q inodes 0:4101:$S bi_nlink=8" \
		"update -q inodes 0:4103:$S bi_nlink=9" "update -q inodes 0:4131:$S bi_size=4096" \
		"delete -q dirents 4098:105393104305717993:$S"
}

passes() {
	sed -nE 's/^([a-z_]+)\.\.\..*/\1/p' "$work/out"
}

the_report_begins_as_kernels_do_and_has_the_passes_in_their_order() {
	unpack 06-snapshots >/dev/null
	run bcachefs fsck -n dev0.img
	status 0
	holds test "$(sed -n 1p "$work/out")" = 'Running userspace offline fsck'
	out '^starting version 1\.13: inode_has_child_snapshots opts=ro,fsck,fix_errors=no,nochanges$'
	out '^recovering from clean shutdown, journal seq [0-9]+$'
	holds test "$(passes | tr '\n' ' ')" = "accounting_read alloc_read stripes_read snapshots_read \
check_allocations journal_replay check_alloc_info check_lrus check_btree_backpointers \
check_backpointers_to_extents check_extents_to_backpointers check_alloc_to_lru_refs check_snapshot_trees \
check_snapshots check_subvols check_subvol_children delete_dead_snapshots check_inodes check_extents check_indirect_extents \
check_dirents check_xattrs check_root check_unreachable_inodes check_subvolume_structure \
check_directory_structure check_nlinks resume_logged_ops check_rebalance_work delete_dead_inodes "
	out '^checked [0-9.]+ [KM]iB of metadata in [0-9.]+ s, [0-9.]+ MiB memory$'
}

an_unclean_shutdown_is_said() {
	unpack 10-crash-b >/dev/null
	run bcachefs fsck -n dev0.img
	out '^recovering from unclean shutdown, journal seq [0-9]+$'
}

nodes_are_a_pass_where_something_is_wrong_with_them() {
	unpack 06-snapshots >/dev/null
	run bcachefs kill_btree_node -f -n dirents dev0.img
	status 0
	run bcachefs fsck -n dev0.img
	status 4
	out '^scan_for_btree_nodes\.\.\. done$'
	out '^check_topology\.\.\.error validating btree node'
}

quiet_prints_the_summary_alone_and_of_sound_ones_nothing() {
	unpack 06-snapshots >/dev/null
	run bcachefs fsck -nq dev0.img
	status 0
	no_out
	no_err
	rm -- *
	damaged
	run bcachefs fsck -nq dev0.img
	status 4
	holds test "$(sed -n 1p "$work/out" | cut -d: -f2)" = ' 5 kinds of problems, 7 found, 0 repaired, 7 left'
	no_err
}

words_of_o_are_obeyed_or_ignored_with_a_warning() {
	damaged
	run bcachefs fsck -n -o nonsense,acl,foo=bar,verbose,version_upgrade=none,reconstruct_alloc,fsck,ro dev0.img
	status 4
	holds test "$(grep -c ignored "$work/err")" = 3
	err '^bcachefs: -o foo=bar: ignored$'
	out '^\[inode_wrong_nlink\]'
	run bcachefs fsck -y -o nochanges,degraded=yes,very_degraded,no_splitbrain_check,sb=8 dev0.img
	status 4
	run bcachefs fsck -n -o recovery_pass_last=check_snapshots dev0.img
	status 0
	holds test "$(passes | tail -1)" = check_snapshots
	run bcachefs fsck -n -o recovery_passes_exclude=all dev0.img
	status 0
	run bcachefs fsck -n -o recovery_passes=check_nlinks,recovery_pass_last=check_lrus dev0.img
	status 8
	err 'no pass is left'
}

the_running_kernel_is_never_asked() {
	unpack 06-snapshots >/dev/null
	run bcachefs fsck -k -n dev0.img
	status 8
	err 'never asked to check'
	run bcachefs fsck -K -R -n dev0.img
	status 0
}

of_each_kind_ten_are_printed_with_r() {
	local inum words=()
	unpack 06-snapshots >/dev/null
	for inum in {4099..4111}; do
		words+=("update -q inodes 0:$inum:$S bi_nlink=7")
	done
	damage "${words[@]}"
	for how in -r '-o ratelimit_errors'; do
		# shellcheck disable=SC2086
		run bcachefs fsck -n $how dev0.img
		status 4
		holds test "$(grep -c 'wrong i_nlink' "$work/out")" = 10
		out '^inode_wrong_nlink: more of this kind are counted, and not printed$'
		out ' 1 kinds of problems, 13 found'
	done
	run bcachefs fsck -n dev0.img
	holds test "$(grep -c 'wrong i_nlink' "$work/out")" = 13
}

files_are_named_by_path_in_all_subvolumes_as_they_are_after_the_repair() {
	damaged
	run bcachefs fsck -y --report=found dev0.img
	status 1
	out '^  inode_unreachable +1  repaired   1 file now in /lost\+found$'
	out '^files that lost data: 1 \(list: --report\)$'
	holds test "$(grep -c '^inode_wrong_nlink, fixing$' found)" = 3
	holds grep -q '^  file 4131$' found
	sed -n '/^files that lost data, now/,/^$/p' found >lost
	sed -n '/^other files/,$p' found >other
	cat >want <<-END
		files that lost data, now at:
		  4131:
		    /snapA/sizes/t65535
		    /snapA2/sizes/t65535
		    /snapA3/sizes/t65535
		    /snapB/sizes/t65535
		    /sub1/sizes/t65535

	END
	holds diff want lost
	holds grep -q '^    /snapA2/lost+found/4124$' other
	holds grep -q '^    /sub1/sizes/t0$' other
	run bcachefs cat dev0.img /snapA2/lost+found/4124
	status 0
}

the_report_is_json_lines_with_json() {
	damaged
	run bcachefs fsck -n --json --report=found dev0.img
	status 4
	holds jq -es '[.[] | select(.problem == "inode_wrong_nlink") | .inum] == [4099, 4101, 4103]' found
	holds jq -es '[.[] | select(.files == "lost_data") | .questions[].answers[].paths[0]] == ["/snapA/sizes/t65535"]' found
	holds jq -es '[.[] | select(.files == "other") | .questions[].what] == ["4099", "4101", "4103", "4124"]' found
	holds jq -es '.[-1].files_that_lost_data == 1' "$work/out"
	run bcachefs fsck -n --report=/nowhere/found dev0.img
	status 8
	err '^bcachefs: /nowhere/found: no such file or directory$'
}

on_a_terminal_progress_does_not_take_the_passes_away() {
	unpack 06-snapshots >/dev/null
	mkfifo keys
	sleep 60 >keys &
	script -qec "'$program' fsck -n --progress=always dev0.img" /dev/null <keys >typed
	kill $!
	tr -d '\r' <typed | sed 's/^.*\x1b\[K//' >"$work/out"
	out '^check_inodes\.\.\. done$'
	out '^delete_dead_inodes\.\.\. done$'
	out ' 0 kinds of problems'
}

what_is_told_does_not_depend_on_the_number_of_threads() {
	damaged
	bcachefs kill_btree_node -f -n extents dev0.img >/dev/null || fail 'kill_btree_node'
	bcachefs fsck -n -j 1 dev0.img | grep -v '^checked ' >one
	for threads in 2 3 16; do
		bcachefs fsck -n -j $threads dev0.img | grep -v '^checked ' >many
		holds diff one many
	done
	run bcachefs fsck -n -j 0 dev0.img
	status 16
}

interrupted_between_two_repairs_nothing_is_changed() {
	local before pid status i
	damaged
	before=$(sha256sum <dev0.img)
	mkfifo answers
	: >said
	env --default-signal=INT "$program" fsck dev0.img <answers >>said 2>errors &
	pid=$!
	exec {answers}>answers
	echo y >&"$answers"
	for ((i = 0; i < 600 && $(grep -c 'y,n, or Y,N' said) < 2; i++)); do sleep 0.05; done
	kill -INT $pid
	wait $pid
	status=$?
	exec {answers}>&-
	holds test $status = 32
	holds grep -q 'interrupted, nothing was changed' errors
	holds test "$before" = "$(sha256sum <dev0.img)"
	run bcachefs fsck -y dev0.img
	status 1
	sound
}

cases
