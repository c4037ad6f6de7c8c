#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# reconcile run: what lies where in which form afterwards, and that all files are as they were. Crashes of the mover are for
# tests/ops/move_crash.c, kernels for tests/vm/devices.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/device_lib.sh"

# All is done: files are those of before, fsck is silent, no entry is left in rebalance_work, another run finds nothing.
reconciled() { # FILES IMAGE...
	local before=$1
	shift
	[[ $(files "$@") == "$before" ]] || fail 'the files have changed'
	run bcachefs fsck -n $passphrase "$@"
	status 0
	run bcachefs list $passphrase -b rebalance_work "$@"
	no_out 'type set'
	run bcachefs reconcile run -n $passphrase "$@"
	status 0
	holds [ "$(grep -c ' 0 B copied, 0 extents and 0 nodes changed$' "$work/out")" = 4 ]
}

data_of_those_that_kernels_wrote_is_compressed() {
	local before
	for name in 03-mixed 06-snapshots 07-reflink 10-crash-c 13-k616-snapshots 18-nocow; do
		rm -f ./*
		unpack $name >/dev/null
		before=$(files dev*.img)
		bcachefs set-fs-option --background_compression=zstd dev*.img
		run bcachefs reconcile run -n -t compression dev*.img
		status 0
		[[ $name == 18-nocow ]] || no_out ' 0 B copied, 0 extents' # to be written in place, as it is
		run bcachefs reconcile run dev*.img
		status 0
		reconciled "$before" dev*.img
		[[ $name != 06* ]] || bcachefs reconcile run dev*.img 2>&1 | grep -q 'extents that snapshots share keep their form$' ||
			fail 'what stays is not said'
		[[ $name == 18-nocow ]] || bcachefs list -b extents dev*.img | grep -q 'compress zstd' || fail 'nothing is compressed'
	done
}

a_checksum_that_is_wanted_is_made() {
	local before kept
	make 2 --compression=lz4 # and then a snapshot
	before=$(files a.img b.img)
	bcachefs set-fs-option --data_checksum=xxhash a.img b.img
	run bcachefs reconcile run -t checksum a.img b.img
	status 0
	holds [ "$(wc -l <"$work/out")" = 1 ]
	reconciled "$before" a.img b.img
	bcachefs list -b extents a.img b.img >keys
	kept=$(sed -n 's/ extents that snapshots share keep their form$//p' "$work/err")
	holds [ "$(grep 'type extent' keys | grep -vc 'csum xxhash')" = "$kept" ]
	((kept < 20)) || fail 'too many have another checksum'
}

data_goes_to_its_target_as_far_as_that_has_members() {
	local before
	make 3 --replicas=2
	before=$(files a.img b.img c.img)
	bcachefs set-fs-option --background_target=/dev/none a.img b.img c.img 2>/dev/null
	bcachefs set-fs-option -d 2 --label=slow.c a.img b.img c.img
	bcachefs set-fs-option --background_target=slow a.img b.img c.img
	run bcachefs reconcile run a.img b.img c.img
	status 0
	reconciled "$before" a.img b.img c.img
	bcachefs list -b extents a.img b.img c.img >keys
	! grep 'type extent' keys | grep -v 'ptr: 2:' || fail 'some have no copy there'
}

copies_follow_what_is_wanted_and_leave_failed_members() {
	local before
	make 3 --replicas=1
	before=$(files a.img b.img c.img)
	bcachefs set-fs-option --data_replicas=2 --metadata_replicas=2 a.img b.img c.img
	run bcachefs reconcile run a.img b.img c.img
	status 0
	reconciled "$before" a.img b.img c.img
	bcachefs list a.img b.img c.img >keys
	! grep -q 'durability: 1' keys || fail 'some have one copy still'
	bcachefs device set-state -q -f failed 2 a.img b.img c.img
	run bcachefs reconcile run a.img b.img c.img
	status 0
	bcachefs list -b extents a.img b.img c.img >keys
	! grep -q 'ptr: 2:' keys || fail 'there are copies on the failed member'
	bcachefs set-fs-option --data_replicas=1 --metadata_replicas=1 a.img b.img c.img
	run bcachefs reconcile run -t replicas a.img b.img c.img
	status 0
	bcachefs list a.img b.img c.img >keys
	! grep -q 'durability: 2' keys || fail 'some have two copies still'
	reconciled "$before" a.img b.img c.img
}

encrypted_data_is_compressed_and_encrypted_again() {
	local before
	echo secret >passphrase
	passphrase='--passphrase_file=passphrase'
	make 2 --encrypted --replicas=2
	before=$(files a.img b.img)
	bcachefs set-fs-option --background_compression=lz4 a.img b.img
	run bcachefs reconcile run $passphrase a.img b.img
	status 0
	reconciled "$before" a.img b.img
	bcachefs list $passphrase -b extents a.img b.img >keys
	holds grep -q 'csum chacha20_poly1305.* compress lz4' keys
}

a_limit_ends_it_and_the_next_run_goes_on() {
	local before runs=0
	make 2 --metadata_replicas=1
	before=$(files a.img b.img)
	bcachefs set-fs-option --background_compression=zstd a.img b.img
	run bcachefs reconcile run --limit=300k a.img b.img
	status 0
	err '^the limit is reached; run again to go on$'
	until run bcachefs reconcile run -n a.img b.img && [[ $(grep -c ' 0 B copied, 0 extents' "$work/out") == 4 ]]; do
		run bcachefs reconcile run --limit=300k a.img b.img
		status 0
		((++runs < 40)) || fail 'it does not end'
	done
	((runs > 1)) || fail 'the first run did it all'
	reconciled "$before" a.img b.img
}

a_dry_run_tells_what_there_is_to_do_and_writes_nothing() {
	command -v python3 >/dev/null || skip 'no python3'
	make 2 --metadata_replicas=1
	bcachefs set-fs-option --background_compression=zstd a.img b.img
	sha256sum a.img b.img >before
	run bcachefs reconcile run -n --json a.img b.img
	status 0
	holds python3 -c '
import json, sys
j = json.load(open(sys.argv[1]))
assert j["compression"]["copied_bytes"] > 1000000 < j["compression"]["extents"] * 1000000
assert j["target"]["extents"] == j["replicas"]["extents"] == j["checksum"]["extents"] == 0' "$work/out"
	holds sha256sum -c --status before
}

what_is_lost_stays_and_is_named() {
	make 2 --metadata_replicas=1
	bcachefs list a.img b.img >keys
	damage 0 1 a.img keys
	bcachefs set-fs-option --background_compression=zstd a.img b.img
	run bcachefs reconcile run a.img b.img
	status 1
	err ': lost bytes 0-[0-9]+: no good copy of the data$'
	err '^bcachefs: 1 extents have no good copy, and stay as they were$'
	run bcachefs fsck -n a.img b.img
	status 0
}

unknown_work_and_newer_versions_are_refused() {
	unpack 139-fresh >names
	run bcachefs reconcile run -t compression,nothing dev0.img
	status 2
	err nothing
	run bcachefs reconcile run dev0.img
	status 1
	err '1\.3[0-9]'
}

cases
