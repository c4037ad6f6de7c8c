#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# subvolume create, snapshot, delete, set-ro on unmounted filesystems. CLI 9.1.
. "$(dirname "$0")/lib.sh"

one() {
	image 64M a.img >/dev/null
	bcachefs format -q a.img
	echo old >file
	bcachefs put -q a.img file /
}

recounted() {
	run bcachefs fs usage --recount a.img
	status 0
	[[ -z $(grep -v 'which is harmless' "$work/err") ]] || fail "a recount differs"
}

snapshots_keep_what_was() {
	one
	run bcachefs subvolume snapshot a.img /then
	status 0
	no_out
	echo new >file
	bcachefs put -q a.img file /
	bcachefs mkdir a.img /more
	run bcachefs cat a.img /then/file /file
	out_is $'old\nnew'
	run bcachefs ls -1 a.img /then
	out_is $'file\nlost+found'
	run bcachefs subvolume snapshot a.img /then
	status 1
	err '^bcachefs: /then: exists already$'
	recounted
}

deleted_ones_give_their_space_back_and_leave_no_snapshots() {
	one
	head -c 5000000 /dev/urandom >big
	bcachefs subvolume create a.img /v
	bcachefs put -q a.img big /v
	bcachefs subvolume snapshot a.img /v /s
	bcachefs rm a.img /v/big
	run bcachefs subvolume delete a.img /s /v
	status 0
	run bcachefs list -b extents a.img
	no_out '^u64s .* extent '
	run bcachefs list -b snapshots a.img
	holds test "$(grep -c ^u64s "$work/out")" = 1
	run bcachefs ls -1 a.img /
	out_is $'file\nlost+found'
	recounted
}

those_that_hold_others_and_what_is_none_are_not_deleted() {
	one
	bcachefs subvolume create a.img /v
	bcachefs subvolume create a.img /v/w
	run bcachefs subvolume delete a.img /v
	status 1
	err '^bcachefs: /v: other subvolumes are in it$'
	run bcachefs subvolume delete a.img /file
	status 1
	err '^bcachefs: /file: no such subvolume$'
	run bcachefs subvolume delete a.img /v/w /v
	status 0
	recounted
}

read_only_ones_take_nothing_until_they_are_made_writable() {
	one
	bcachefs subvolume snapshot -r a.img /s
	run bcachefs mkdir a.img /s/d
	status 1
	err '^bcachefs: /s/d: read-only$'
	run bcachefs subvolume set-ro a.img no /s
	status 0
	run bcachefs mkdir a.img /s/d
	status 0
	run bcachefs subvolume set-ro a.img /s
	status 0
	run bcachefs rm -r a.img /s/d
	status 1
	run bcachefs subvolume list a.img
	out '^s +2 .* ro '
	run bcachefs subvolume set-ro a.img maybe /s
	status 2
}

a_dry_run_changes_nothing() {
	one
	local before
	before=$(sha256sum <a.img)
	run bcachefs subvolume create -n a.img /v
	status 0
	run bcachefs subvolume snapshot -n a.img /v
	status 0
	holds test "$before" = "$(sha256sum <a.img)"
}

cases
