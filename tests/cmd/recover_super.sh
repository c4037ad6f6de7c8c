#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# recover-super: from copies, from another member; asking, choosing, and what it leaves alone. CLI 5.4.
. "$(dirname "$0")/lib.sh"

# A filesystem, dev0.img, with copies at sectors 8, 2056 and 30720; and how it was, whole.img.
used() {
	image 16M dev0.img >/dev/null
	bcachefs format -q --no_initialize dev0.img
	bcachefs set-fs-option --compression=lz4 dev0.img
	cp --sparse=always dev0.img whole.img
}

# Overwrites sectors of dev0.img.
destroy() { # SECTOR...
	local sector
	for sector; do
		dd if=/dev/zero of=dev0.img bs=512 seek="$sector" count=1 conv=notrunc status=none
	done
}

recovered() { # ARGUMENT...
	run bcachefs recover-super -y "$@" dev0.img
	status 0
	out '^Found superblock:$'
	out '^External UUID: '
	err '^Recover\? \(y,n\) y$'
	err '^Recovering$'
	holds cmp dev0.img whole.img
}

refused() { # STATUS REGEXP ARGUMENT...
	local want=$1 words=$2 before
	shift 2
	before=$(sha256sum <dev0.img)
	run bcachefs recover-super -y "$@"
	status "$want"
	err "^bcachefs: $words"
	holds test "$before" = "$(sha256sum <dev0.img)"
}

a_kernel_made_superblock_comes_back() {
	unpack 14-quota >/dev/null
	cp --sparse=always dev0.img whole.img
	destroy 7 8
	recovered
}

a_lost_primary_comes_back() {
	used
	destroy 8
	recovered
}

a_damaged_primary_comes_back() {
	used
	printf x | dd of=dev0.img bs=1 seek=4300 conv=notrunc status=none
	recovered
}

one_copy_and_no_layout_are_enough() {
	local left
	for left in 8 2056 30720; do
		used
		destroy 7 $(printf '%s\n' 8 2056 30720 | grep -vx $left)
		run bcachefs show-super dev0.img
		[[ $left == 8 ]] || status 1
		recovered
		rm ./*
	done
}

without_any_copy_nothing_is_found() {
	used
	destroy 7 8 2056 30720
	refused 1 'dev0\.img: Found no bcachefs superblocks$' dev0.img
}

verbose_lists_every_copy() {
	used
	destroy 8
	recovered -v
	err '^bcachefs: found superblock at 1\.00 MiB \(sector 2056, sequence number 1\)$'
	err '^bcachefs: found superblock at 15\.0 MiB \(sector 30720, sequence number 1\)$'
	no_err '4\.00 KiB'
}

no_is_an_answer() {
	local answer before
	used
	destroy 8
	before=$(sha256sum <dev0.img)
	for answer in '' n; do
		printf '%s' "$answer" >answer
		RUN_STDIN=answer run bcachefs recover-super dev0.img
		status 1
		err '^bcachefs: nothing was written$'
		holds test "$before" = "$(sha256sum <dev0.img)"
	done
	echo y >answer
	RUN_STDIN=answer run bcachefs recover-super dev0.img
	status 0
	holds cmp dev0.img whole.img
}

quiet_and_yes_is_quiet() {
	used
	destroy 8
	run bcachefs recover-super -q -y dev0.img
	status 0
	no_out
	no_err
	holds cmp dev0.img whole.img
}

a_dry_run_shows_and_writes_nothing() {
	local before word
	used
	destroy 8
	before=$(sha256sum <dev0.img)
	for word in -n --dry-run; do
		run bcachefs recover-super $word dev0.img
		status 0
		out '^External UUID: '
		no_err
		holds test "$before" = "$(sha256sum <dev0.img)"
	done
}

only_one_place_is_looked_at_where_it_is_given() {
	used
	destroy 8
	refused 1 'dev0\.img: Found no bcachefs superblocks$' -o $((2064 * 512)) dev0.img
	recovered -o $((2056 * 512))
	refused 2 'recover-super: offset: not a multiple of 512: 1000' -o 1000 dev0.img
}

so_much_of_start_and_end_is_scanned_as_is_asked_for() {
	used
	destroy 8 30720
	refused 1 'dev0\.img: Found no bcachefs superblocks$' -l 512k dev0.img
	recovered -l 2M
}

the_end_is_where_the_filesystem_ends() {
	used
	destroy 8 2056
	truncate -s 64M dev0.img
	refused 1 'dev0\.img: Found no bcachefs superblocks$' -l 2M dev0.img
	run bcachefs recover-super -y -l 2M -d 16M dev0.img
	status 0
	truncate -s 16M dev0.img
	holds cmp dev0.img whole.img
}

a_copy_is_chosen_by_its_number() {
	used
	recovered --copy=2
	refused 1 'copy 4: only 3 were found$' --copy=4 dev0.img
}

the_newest_copy_is_taken() {
	image 16M dev0.img >/dev/null
	bcachefs format -q -L old dev0.img
	dd if=dev0.img of=backup bs=512 skip=2056 count=8 status=none
	bcachefs set-fs-option --fs_label=new dev0.img
	# the backup of before, as after a crash; and no primary
	dd if=backup of=dev0.img bs=512 seek=2056 conv=notrunc status=none
	destroy 8
	run bcachefs recover-super -y dev0.img
	status 0
	out '^Label: +new$'
	run bcachefs show-super --all-copies dev0.img
	holds test "$(grep -c 'same as the default copy' "$work/out")" = 3
}

# A member of three that has lost all copies: dev1.img.
lost() {
	unpack 09-targets >/dev/null
	cp dev1.img dev1.before
	dd if=/dev/zero of=dev1.img bs=512 seek=7 count=16 conv=notrunc status=none
	dd if=/dev/zero of=dev1.img bs=512 seek=2056 count=16 conv=notrunc status=none
	dd if=/dev/zero of=dev1.img bs=512 seek=$((128 * 2048 - 2048)) count=16 conv=notrunc status=none
	run bcachefs show-super dev1.img
	status 1
}

another_members_superblock_serves() {
	lost
	run bcachefs recover-super -y -s dev0.img -i 1 dev1.img
	status 0
	run bcachefs show-super dev1.img
	status 0
	field_is 'Device index' 1
	bcachefs show-super --scan=. dev1.before | sed 's/dev1\.before/dev1.img/' | grep -v '^\(Superblock size\|Sections\)' >want
	bcachefs show-super --scan=. dev1.img | grep -v '^\(Superblock size\|Sections\)' >have
	rm dev1.before
	bcachefs show-super --scan=. dev1.img | grep -v '^\(Superblock size\|Sections\)' >have
	sed -i '/^Device [0-9]/d' want have
	holds diff want have
	run bcachefs scan dev0.img dev1.img dev2.img
	status 0
	out '3 of 3 devices$'
	run bcachefs set-fs-option --compression=lz4 dev0.img dev1.img dev2.img
	status 0
}

the_other_member_needs_the_right_number() {
	lost
	refused 2 'recover-super: --src_device needs --dev_idx' -s dev0.img dev1.img
	refused 2 'recover-super: --dev_idx needs --src_device' -i 1 dev1.img
	refused 1 'device index 0: not another member of the filesystem on dev0\.img$' -s dev0.img -i 0 dev1.img
	refused 1 'device index 7: not another member of the filesystem on dev0\.img$' -s dev0.img -i 7 dev1.img
	image 16M small.img >/dev/null
	refused 1 'small\.img: ' -s dev0.img -i 1 small.img
}

cases
