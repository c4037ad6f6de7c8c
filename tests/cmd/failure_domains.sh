#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fs failure-domains: what would be lost with each device. CLI 8.2.
. "$(dirname "$0")/lib.sh"

# Two members, and 3 MB of data in as many copies as the options say.
made() { # OPTION...
	image 64M a.img >/dev/null
	image 64M b.img >/dev/null
	bcachefs format -q "$@" --label=hdd.a a.img --label=hdd.b b.img
	head -c 3000000 /dev/urandom >file
	bcachefs put -q a.img:b.img file /
}

with_two_copies_of_all_nothing_is_lost() {
	made --replicas=2
	run bcachefs fs failure-domains a.img b.img
	status 0
	out '^Devices: *2 \(0 offline\)$'
	out '^Data: *3\.[0-9]* MiB$'
	out '^All data survives losing any one device$'
	out '^hdd.a  *1  *0 B  *3\.[0-9]* MiB$'
	out '^hdd.b  *1  *0 B  *3\.[0-9]* MiB$'
	no_err
}

with_one_copy_it_says_how_much_and_with_which() {
	made --metadata_replicas=2
	run bcachefs fs failure-domains a.img b.img
	status 0
	out '^Failure domain separation violated: [1-3]\.[0-9]* MiB lost if hdd.[ab] is$'
	run bcachefs fs failure-domains --json a.img b.img
	status 0
	holds jq -e '.devices == 2 and .offline_devices == 0 and .separation_violated and (.domains | length) == 2' "$work/out"
	holds jq -e '([.domains[].lost_bytes] | add) >= 3000000 and .data_bytes >= 3000000' "$work/out"
	holds jq -e '.domains[0].degraded_bytes == .domains[1].degraded_bytes and .domains[0].degraded_bytes > 0' "$work/out"
}

copies_on_what_is_missing_are_none() {
	made --replicas=2
	run bcachefs fs failure-domains a.img
	status 0
	out '^Devices: *2 \(1 offline\)$'
	out '^Failure domain separation violated: 3\.[0-9]* MiB lost if hdd.a is$'
	out '^hdd.b  *offline  *0 B  *0 B$'
}

a_cache_protects_nothing() {
	made --replicas=2 --durability=1
	bcachefs set-fs-option --durability=0 --dev-idx=1 a.img b.img >/dev/null 2>&1 ||
		bcachefs set-fs-option -d 1 --durability=0 a.img b.img >/dev/null
	run bcachefs fs failure-domains a.img b.img
	status 0
	out '^hdd.a  *1  *3\.[0-9]* MiB  *0 B$'
}

cases
