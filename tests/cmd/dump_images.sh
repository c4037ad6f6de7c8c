#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# dump: of every image that a kernel wrote it has all that readers see. CLI 7.3.
. "$(dirname "$0")/dump_lib.sh"

qemu_finds_no_fault() { # FILE
	command -v qemu-img >/dev/null || return 0
	qemu-img check -q "$1" || fail "qemu-img check: $1"
	qemu-img convert -f qcow2 -O raw "$1" qemu.raw || fail "qemu-img convert: $1"
	holds cmp qemu.raw "${1%.qcow2}"
	rm qemu.raw
}

same_through_dump_and_undump() { # FOLDER
	local file sizes
	unpack_image "$1"
	run bcachefs dump -q -o dump --json --passphrase_file=pw dev*.img
	status 0
	sizes=$(grep -o '"size_bytes":[0-9]*' "$work/out" | cut -d: -f2)
	[[ $sizes == "$(stat -c %s dump*.qcow2)" ]] || fail "$1: sizes are not $sizes"
	seen dev*.img >want
	rm dev*.img
	seen dump*.qcow2 >have
	cmp want have >&3 || fail "$1: the dump is not seen as the image"
	run bcachefs undump -q dump*.qcow2
	status 0
	for file in dump*.qcow2; do
		qemu_finds_no_fault "$file"
	done
	rm dump*.qcow2
	seen dump* >have
	cmp want have >&3 || fail "$1: what was undumped is not seen as the image"
}

ours=$(compgen -A function) # so far: no cases

every_image_is_seen_the_same_as_a_dump_and_undumped() {
	local folder
	command -v qemu-img >/dev/null || [[ -z ${CI-} ]] || fail 'no qemu-img'
	for folder in $(all_images); do
		same_through_dump_and_undump "$folder"
	done
}

cases
