#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# reset-counters: all of them or those that are named, on all members. CLI 5.5.
. "$(dirname "$0")/lib.sh"

# A filesystem that a kernel has used: dev0.img with its counters.
used() {
	unpack 14-quota >/dev/null
}

counters() {
	bcachefs show-super -F counters "${1:-dev0.img}"
}

all_counters_are_zeroed() {
	used
	counters | grep -qE ': +[1-9]' || fail 'no counter to reset'
	run bcachefs reset-counters dev0.img
	status 0
	no_out
	no_err
	counters >"$work/out"
	no_out ': +[1-9]'
	out '^write_super: +0$'
}

only_the_counters_that_are_named_are_zeroed() {
	local word
	for word in -c --counters --counter; do
		used
		counters >before
		run bcachefs reset-counters $word transaction_commit,journal_write dev0.img
		status 0
		counters >"$work/out"
		out '^transaction_commit: +0$'
		out '^journal_write: +0$'
		holds test "$(diff before "$work/out" | grep -c '^>')" = 2
		rm ./*
	done
}

an_unknown_counter_is_refused_and_nothing_is_written() {
	local before
	used
	before=$(sha256sum <dev0.img)
	run bcachefs reset-counters -c transaction_commit,bogus dev0.img
	status 1
	err "^bcachefs: invalid counter 'bogus'$"
	no_out
	holds test "$before" = "$(sha256sum <dev0.img)"
}

a_dry_run_writes_nothing() {
	local before
	used
	before=$(sha256sum <dev0.img)
	run bcachefs reset-counters -n dev0.img
	status 0
	holds test "$before" = "$(sha256sum <dev0.img)"
}

all_members_are_written_or_none() {
	local name
	unpack 09-targets >/dev/null
	run bcachefs reset-counters dev0.img dev1.img
	status 1
	err 'missing members: 2 '
	run bcachefs reset-counters dev0.img dev1.img dev2.img
	status 0
	for name in dev0.img dev1.img dev2.img; do
		counters $name >"$work/out"
		no_out ': +[1-9]'
	done
}

a_filesystem_without_counters_stays_as_it_is() {
	image 32M a.img >/dev/null
	bcachefs format -q a.img
	run bcachefs reset-counters a.img
	status 0
	run bcachefs show-super a.img
	no_out '^Sections:.*counters'
}

cases
