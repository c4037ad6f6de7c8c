#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# image create: no larger than what it holds wants, the same bytes from the same tree, nothing where it fails. CLI 11.2.
. "$(dirname "$0")/lib.sh"

tree() { # DIR
	mkdir -p "$1/d/e"
	seq 300000 >"$1/d/numbers"
	head -c 2000000 /dev/urandom >"$1/random"
	ln "$1/random" "$1/d/e/again"
	truncate -s 1T "$1/sparse"
	setfattr -n user.some -v value "$1/d"
}

created() { # IMAGE OPTION...
	run env SOURCE_DATE_EPOCH=1700000000 "$program" image create -q -U 11111111-2222-3333-4444-555555555555 \
		--source=tree "${@:2}" "$1"
}

sound() { # IMAGE
	run bcachefs fs usage --recount "$1"
	status 0
	no_err 'device|accounting'
	run bcachefs scrub -q "$1"
	status 0
}

an_image_is_as_small_as_its_files() {
	local size
	tree tree
	created a.img
	status 0
	no_out
	no_err
	size=$(stat -c %s a.img)
	[[ $size -ge 8388608 && $size -le 10000000 ]] || fail "the image has $size bytes"
	sound a.img
	head -c 50000000 /dev/urandom >tree/more
	created b.img
	status 0
	size=$(stat -c %s b.img)
	[[ $size -gt 54000000 && $size -le 66000000 ]] || fail "the larger image has $size bytes"
	sound b.img
	[[ $(bcachefs cat b.img /more | sha256sum) == "$(sha256sum <tree/more)" ]] || fail 'not the same file'
	created c.img --size=auto
	[[ $(stat -c %s c.img) -gt $((size + 10000000)) ]] || fail 'auto has no more free space'
	sound c.img
	created d.img --size=100M
	[[ $(stat -c %s d.img) == 104857600 ]] || fail 'not the size that was given'
	sound d.img
}

compressed_ones_are_smaller() {
	mkdir tree
	seq 5000000 >tree/f
	created a.img
	created b.img --compression=zstd
	status 0
	[[ $(stat -c %s b.img) -lt $(($(stat -c %s a.img) / 2)) ]] || fail 'not smaller'
	sound b.img
	run bcachefs image create -f --compression=zstd --source=tree b.img
	out '^user: '
	out '^btree: '
	out '^  extents: '
	out '^zstd +.* [0-9]+\.[0-9][0-9]$'
	out '^image size: '
	out '^Total files: +2$'
	run bcachefs image create -f --json --source=tree b.img
	holds python3 -c 'import json; j = json.load(open("'"$work"'/out")); assert j["image_size_bytes"] == '"$(stat -c %s b.img)"
}

the_same_tree_gives_the_same_bytes() {
	tree tree
	created a.img
	tar -c --format=pax --xattrs --sparse -f tree.tar -C tree .
	created b.img --source=tree.tar
	status 0
	holds cmp a.img b.img
	RUN_STDIN=tree.tar created c.img --source=-
	status 0
	holds cmp a.img c.img
	run taskset -c 0 env SOURCE_DATE_EPOCH=1700000000 "$program" image create -q \
		-U 11111111-2222-3333-4444-555555555555 --source=tree d.img
	holds cmp a.img d.img
}

what_fails_leaves_no_image() {
	mkdir tree
	head -c 40M /dev/urandom >tree/f
	created a.img --size=16M
	status 1
	err 'no space'
	[[ ! -e a.img ]] || fail 'it is there'
	echo no archive, but more than one block of bytes {1..999} >bad.tar
	created a.img --source=bad.tar
	status 1
	[[ ! -e a.img ]] || fail 'it is there'
	echo mine >a.img
	created a.img
	status 1
	err 'a.img: exists already'
	[[ $(<a.img) == mine ]] || fail 'it was overwritten'
	created a.img --force
	status 0
	mkfifo fifo
	created fifo -f
	status 1
	run bcachefs image create -q a.img
	[[ $got != 0 ]] || fail 'no source'
}

cases
