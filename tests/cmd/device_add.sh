#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# device add: new members of filesystems that kernels made, with options, questions and refusals. CLI 8.4. What kernels make
# of the result: tests/vm/device.sh.
. "$(dirname "$0")/lib.sh"

unpacked() { # IMAGE
	rm -f -- *
	unpack "$1" >/dev/null
	devices=$(printf '%s\n' dev*.img | paste -sd:)
}

files() {
	bcachefs tar "$1" / 2>/dev/null | sha256sum
}

# Nothing is to be repaired, and every counter and bucket is what a recount says.
whole() { # IMAGE...
	run bcachefs fsck -n -q "$@"
	status 0
	no_out
	run bcachefs fs usage --recount "$@"
	status 0
}

# Device options of a member, as show-super has them.
member() { # INDEX LABEL
	bcachefs show-super dev0.img | sed -n "/^Device $1:/,/^Device $(($1 + 1)):/p" | sed -n "s/^ *$2: *//p" | head -n 1
}

a_new_member_is_there_and_the_files_stay() {
	local name before
	for name in 03-mixed 06-snapshots 07-reflink 08-replicas2 10-crash-b 11-fresh-512 14-quota; do
		unpacked "$name"
		before=$(files "$devices")
		image 64M new.img >/dev/null
		run bcachefs device add "$devices" new.img
		status 0
		no_out
		err "^added new\.img to .*$(bcachefs show-super dev0.img | sed -n 's/^External UUID: *//p').* as device $(ls dev*.img | wc -l)$"
		whole dev*.img new.img
		holds test "$before" = "$(files "$devices:new.img")"
	done
}

the_lowest_free_slot_is_taken() {
	unpacked 09-devices-changed
	image 64M new.img >/dev/null
	image 64M more.img >/dev/null
	run bcachefs device add -q "$devices" new.img more.img
	status 0
	no_err
	run bcachefs device list dev*.img new.img more.img
	out '^  0  new\.img '
	out '^  3  more\.img '
	whole dev*.img new.img more.img
}

device_options_hold_for_the_devices_behind_them() {
	unpacked 03-mixed
	image 64M b.img >/dev/null
	image 300M c.img >/dev/null
	image 300M d.img >/dev/null
	run bcachefs device add --label=ssd.b --durability=2 dev0.img b.img -l hdd.c --bucket_size=512K --data_allowed=user c.img \
		--fs_size=256M d.img
	status 0
	holds test "$(member 1 Label) $(member 1 Durability) $(member 1 'Bucket size')" = 'ssd.b 2 128 KiB'
	holds test "$(member 2 Label) $(member 2 Durability) $(member 2 'Bucket size')" = 'hdd.c 2 512 KiB'
	holds test "$(member 2 'Data allowed') $(member 3 Label) $(member 3 Size)" = 'user hdd.c 256 MiB'
	whole dev0.img b.img c.img d.img
	run bcachefs set-fs-option --foreground_target=hdd dev0.img b.img c.img d.img
	status 0
	image 64M e.img >/dev/null
	run bcachefs device add dev0.img:b.img:c.img:d.img e.img --label=x
	status 1
	err 'got a device option with no device'
}

new_data_goes_to_the_new_member() {
	unpacked 03-mixed
	image 128M b.img >/dev/null
	head -c 20000000 /dev/urandom >data
	run bcachefs device add --label=big dev0.img b.img
	status 0
	run bcachefs set-fs-option --foreground_target=big dev0.img b.img
	status 0
	run bcachefs put dev0.img:b.img data /
	status 0
	run bcachefs device list dev0.img b.img
	out '^  1  b\.img +big +rw +128 MiB .*,user'
	holds cmp data <(bcachefs cat dev0.img:b.img /data)
	whole dev0.img b.img
}

what_a_device_holds_is_asked_about() {
	local sum
	unpacked 03-mixed
	image 64M b.img >/dev/null
	bcachefs format -q -L old b.img
	sum=$(cat dev0.img b.img | sha256sum)
	run bcachefs device add dev0.img b.img
	status 1
	err "^b\.img contains a bcachefs filesystem labelled 'old' .*member 0, 0 other members"
	err 'nothing was written'
	holds test "$sum" = "$(cat dev0.img b.img | sha256sum)"
	echo y >yes
	RUN_STDIN=yes run bcachefs device add dev0.img b.img
	status 0
	whole dev0.img b.img
}

a_member_of_its_own_and_what_is_too_small_are_refused() {
	local sum
	unpacked 08-replicas2
	image 8M small.img >/dev/null
	sum=$(cat dev*.img | sha256sum)
	run bcachefs device add -f "$devices" dev1.img
	status 1
	err 'dev1\.img: .*in use'
	run bcachefs device add -f "$devices" small.img
	status 1
	err 'cannot format small\.img, too small'
	image 64M b.img >/dev/null
	run bcachefs device add -f --bucket_size=64K "$devices" b.img
	status 1
	err 'b\.img: Bucket size \(65536\) cannot be smaller than btree node size \(131072\)'
	run bcachefs device add -f "$devices" b.img ./b.img
	status 1
	err 'b\.img and \./b\.img are the same device'
	run bcachefs device add -f dev0.img b.img
	status 1
	err 'missing members: 1'
	run bcachefs device add "$devices"
	status 2
	err 'missing operand DEVICE'
	holds test "$sum" = "$(cat dev*.img | sha256sum)"
	holds cmp -s b.img <(head -c 64M /dev/zero)
}

versions_that_are_not_changed_are_refused_before_anything_is_wiped() {
	unpacked 139-fresh
	image 64M b.img >/dev/null
	bcachefs format -q b.img
	before=$(sha256sum <b.img)
	run bcachefs device add -f dev0.img b.img
	status 1
	err 'version 1\.39; this program changes those up to 1\.28'
	holds test "$before" = "$(sha256sum <b.img)"
}

with_dry_run_nothing_is_written_and_with_an_undo_file_all_comes_back() {
	local sum
	unpacked 08-replicas2
	image 64M b.img >/dev/null
	bcachefs format -q b.img
	sum=$(cat dev*.img b.img | sha256sum)
	run bcachefs device add -n "$devices" b.img
	status 0
	err "^added b\.img to .* as device 2$"
	holds test "$sum" = "$(cat dev*.img b.img | sha256sum)"
	run bcachefs device add -f --undo-file=u "$devices" b.img
	status 0
	whole dev*.img b.img
	run bcachefs undo u dev*.img b.img
	status 0
	holds test "$sum" = "$(cat dev*.img b.img | sha256sum)"
}

what_was_never_mounted_gets_a_member_for_its_first_mount() {
	image 16M a.img >/dev/null
	image 16M b.img >/dev/null
	bcachefs format -q --no_initialize -L tank a.img
	run bcachefs device add a.img b.img
	status 0
	err '^added b\.img to tank \(.*\) as device 1$'
	run bcachefs device list a.img b.img
	status 0
	out 'LABEL=tank .* never mounted  2 of 2 devices$'
}

an_encrypted_filesystem_wants_its_key() {
	image 32M a.img >/dev/null
	image 32M b.img >/dev/null
	echo secret >secret
	echo wrong >wrong
	bcachefs format -q --encrypted --passphrase_file=secret a.img
	run bcachefs device add --passphrase_file=wrong a.img b.img
	status 1
	holds cmp -s b.img <(head -c 32M /dev/zero)
	run bcachefs device add --passphrase_file=secret a.img b.img
	status 0
	run bcachefs fsck -n -q --passphrase_file=secret a.img b.img
	status 0
}

devices_whose_paths_have_colons_can_be_named() {
	unpacked 03-mixed
	mv dev0.img a:b.img
	image 64M c:d.img >/dev/null
	run bcachefs device add -D a:b.img c:d.img
	status 0
	whole -D a:b.img -D c:d.img
}

a_copy_of_a_member_can_become_another_one() {
	unpacked 08-replicas2
	image 64M b.img >/dev/null
	run bcachefs device add "$devices" b.img
	status 0
	cp b.img again.img
	run bcachefs device add -f "$devices:b.img" again.img
	status 0
	run bcachefs device list dev*.img b.img again.img
	out '^  3  again\.img '
	whole dev*.img b.img again.img
}

cases
