#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# undump, and dumps in the place of devices. CLI 7.3.
. "$(dirname "$0")/lib.sh"

# A filesystem, and the same as a dump.
dumped() { # [NAME]
	command -v qemu-img >/dev/null || skip 'no qemu-img'
	image 32M "${1:-a}.img" >/dev/null
	bcachefs format -q "${1:-a}.img" || fail 'cannot format'
	qemu-img convert -O qcow2 -o compat=0.10 "${1:-a}.img" "${1:-a}.img.qcow2" || fail 'cannot convert'
}

what_was_dumped_is_back_byte_for_byte_and_sparse() {
	dumped
	mv a.img want.img
	run bcachefs undump a.img.qcow2
	status 0
	no_out
	err_is 'wrote a.img'
	holds cmp want.img a.img
	holds test "$(stat -c %a a.img)" = 600
	holds test "$(stat -c %b a.img)" -le "$(stat -c %b want.img)"
}

several_dumps_each_get_their_file() {
	dumped a
	dumped b
	mkdir want && mv a.img b.img want
	run bcachefs undump -q a.img.qcow2 ./b.img.qcow2
	status 0
	no_err
	holds cmp want/a.img a.img
	holds cmp want/b.img b.img
}

a_file_that_is_there_is_kept_without_force() {
	dumped
	echo mine >a.img
	run bcachefs undump a.img.qcow2
	status 1
	err_is 'bcachefs: a.img already exists'
	holds test "$(<a.img)" = mine
	run bcachefs undump -f a.img.qcow2
	status 0
	run bcachefs show-super a.img
	status 0
	holds test "$(ls)" = $'a.img\na.img.qcow2'
}

what_is_no_dump_is_refused_by_name_or_contents() {
	image 1M a.img >/dev/null
	image 1M b.qcow2 >/dev/null
	: >.qcow2
	local name
	for name in a.img b.qcow2 .qcow2 ./.qcow2; do
		run bcachefs undump "$name"
		status 1
		err_is "bcachefs: $name not a qcow2 image?"
	done
	run bcachefs undump missing.qcow2
	status 1
	err '^bcachefs: missing\.qcow2: no such file'
	run bcachefs undump
	status 2
	holds test "$(ls)" = $'a.img\nb.qcow2'
}

a_damaged_dump_leaves_no_file() {
	dumped
	rm a.img
	truncate -s 200K a.img.qcow2
	run bcachefs undump a.img.qcow2
	status 1
	err '^bcachefs: a\.img\.qcow2: damaged qcow2 image: '
	holds test "$(ls)" = a.img.qcow2
}

commands_that_read_take_a_dump_for_a_device() {
	dumped
	bcachefs show-super a.img | grep -v 'Device 0:' >want
	run bcachefs show-super a.img.qcow2
	status 0
	grep -v 'Device 0:' "$work/out" >have
	holds diff want have
	run bcachefs set-fs-option --get=block_size a.img.qcow2
	status 0
	out '^block_size: 512 B$'
}

commands_that_write_refuse_a_dump() {
	dumped
	cp a.img.qcow2 before
	run bcachefs set-fs-option --errors=ro a.img.qcow2
	status 1
	err "^bcachefs: a\.img\.qcow2: qcow2 images can only be read; try 'bcachefs undump'$"
	run bcachefs format -q -f a.img.qcow2
	status 1
	err 'qcow2 images can only be read'
	run bcachefs set-fs-option -n --errors=ro a.img.qcow2
	status 0
	holds cmp before a.img.qcow2
}

cases
