#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# device list and device set-state: what is said of each member, and what it takes to put one out of use. CLI 8.7, 14.3.
. "$(dirname "$0")/lib.sh"

# A member's line in device list.
row() { # INDEX REGEXP...
	local want index=$1
	shift
	run bcachefs device list "${members[@]}"
	for want; do
		out "^ +$index  .*$want"
	done
}

unpacked() { # IMAGE
	unpack "$1" >/dev/null
	members=(dev*.img)
}

# The sums of what is there, and of the files in it.
state() {
	bcachefs tar -D dev0.img $(printf -- '-D %s ' "${members[@]:1}") | sha256sum
}

whole() {
	run bcachefs fsck -n -q "${members[@]}"
	status 0
	no_out
}

each_member_has_a_line_with_what_it_holds() {
	unpacked 09-targets
	run bcachefs device list "${members[@]}"
	status 0
	out '^UUID=36d1f803-1863-4a3f-adb9-cedb81946502  version 1\.13  clean  3 of 3 devices$'
	row 0 'dev0\.img +ssd\.a +rw +96\.0 MiB +3\.00 MiB used +durability 1 +journal,btree,user,cached +no errors$'
	row 2 'dev2\.img +hdd\.c +rw +128 MiB +1\.13 MiB used +durability 2 +user +no errors$'
}

a_missing_member_is_listed_and_makes_the_status_1() {
	unpacked 08-replicas2
	members=(dev0.img)
	row 1 '\(missing\) +rw +128 MiB +2\.75 MiB used'
	status 1
	out '1 of 2 devices$'
}

slots_without_a_member_have_no_line() {
	unpacked 09-devices-changed
	run bcachefs device list "${members[@]}"
	status 0
	holds test "$(grep -c '^  [0-9]' "$work/out")" = 2
}

the_list_is_json_too() {
	command -v jq >/dev/null || skip 'no jq'
	unpacked 09-targets
	run bcachefs device list --json "${members[@]}"
	status 0
	holds jq -e '.devices_found == 3 and .devices[0].used_bytes == 3145728 and .devices[2].durability == 2 and
		.devices[1].has_data == ["user"] and .devices[1].read_errors == 0 and .devices[0].path == "dev0.img" and
		(.devices[0].uuid | length) == 36' "$work/out"
}

a_state_is_set_by_each_name_of_a_member_on_all_superblocks() {
	local name before
	unpacked 09-targets
	before=$(state)
	for name in dev1.img 1 hdd.b "$(bcachefs device list --json "${members[@]}" | jq -r '.devices[1].uuid')"; do
		run bcachefs device set-state ro "$name" "${members[@]}"
		status 0
		err_is 'dev1.img: ro, was rw'
		row 1 ' ro '
		for image in "${members[@]}"; do
			run bcachefs show-super "$image"
			holds test "$(field State | xargs)" = 'rw ro rw'
		done
		run bcachefs device set-state -q rw "$name" dev0.img:dev1.img:dev2.img
		status 0
		no_err
		row 1 ' rw '
	done
	whole
	holds test "$before" = "$(state)"
}

both_words_for_the_third_state_are_known() {
	unpacked 09-targets
	run bcachefs device set-state -f evacuating 1 "${members[@]}"
	status 0
	err_is 'dev1.img: failed, was rw'
	run bcachefs device set-state --offline rw 1 "${members[@]}"
	status 0
	whole
}

what_would_be_left_with_fewer_copies_needs_force() {
	local sum
	unpacked 09-targets
	sum=$(cat dev*.img | sha256sum)
	run bcachefs device set-state failed 1 "${members[@]}"
	status 1
	err '^bcachefs: dev1\.img has data of which there would be fewer copies; evacuate it first, or -f goes on$'
	holds test "$sum" = "$(cat dev*.img | sha256sum)"
	run bcachefs device set-state -f failed 1 "${members[@]}"
	status 0
}

data_that_nobody_else_has_needs_its_own_force() {
	unpacked 09-targets
	run bcachefs device set-state -f spare 0 "${members[@]}"
	status 1
	err '^bcachefs: dev0\.img has btree data of which no other device has enough; .* -F goes on'
	run bcachefs set-fs-option --state=spare -d 0 "${members[@]}"
	status 1
	err 'state: dev0\.img has btree data'
	run bcachefs device set-state -F spare 0 "${members[@]}"
	status 0
	err_is 'dev0.img: spare, was rw'
}

enough_members_must_be_left_to_write_to() {
	unpacked 08-replicas2
	run bcachefs device set-state ro 0 "${members[@]}"
	status 1
	err '^bcachefs: without dev0\.img there is room for 1 of 2 copies of journal data; -f goes on$'
	run bcachefs device set-state -f ro 0 "${members[@]}"
	status 0
	whole
}

members_that_are_not_there_are_an_error() {
	unpacked 08-replicas2
	run bcachefs device set-state ro dev0.img
	status 1
	err 'missing members: 1'
	run bcachefs device set-state ro 7 "${members[@]}"
	status 1
	err '^bcachefs: 7: no such member$'
	run bcachefs device set-state gone 0 "${members[@]}"
	status 1
	err '^bcachefs: Bad device state gone: want rw, ro, failed, evacuating or spare$'
}

a_device_alone_is_a_member_of_its_filesystem() {
	image 16M a.img >/dev/null
	bcachefs format -q a.img
	members=(a.img)
	run bcachefs device set-state ro a.img
	status 1
	err 'without a\.img there is room for 0 of 1'
	run bcachefs device set-state -f ro a.img
	status 0
	row 0 ' ro '
}

cases
