#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# device replace: the new device has all that the member had, where it had it, and the old one is none any more. Kernels are
# asked by tests/vm/devices.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/device_lib.sh"

# The filesystem is whole and its files are those of before; keys are the same, and every copy is good.
replaced() { # FILES IMAGE...
	local before=$1
	shift
	run bcachefs fsck -n $passphrase "$@"
	status 0
	no_err 'missing'
	[[ $(files "$@") == "$before" ]] || fail 'the files have changed'
	run bcachefs scrub $passphrase "$@"
	status 0
	bcachefs list -a $passphrase "$@" >keys
	holds cmp keys.before keys
}

a_device_takes_the_place_of_each_member() {
	local idx before name
	while read -r name idx; do
		rm -f *
		unpack "$name" >/dev/null
		before=$(files dev*.img)
		bcachefs list -a dev*.img >keys.before
		image 200M new.img
		run bcachefs device replace "$idx" new.img dev*.img
		status 0
		run bcachefs show-super dev$idx.img
		status 1
		mv new.img dev$idx.img
		replaced "$before" dev*.img
	done <<-'END'
		08-replicas2 0
		08-replicas2 1
		09-targets 0
		09-targets 2
		09-cache-durability0 0
		03-mixed 0
		07-reflink 0
		18-nocow 0
	END
}

a_member_that_is_gone_is_made_anew_from_others() {
	local before
	echo secret >passphrase
	passphrase='--passphrase_file=passphrase'
	make 3 --replicas=2 --encrypted --compression=lz4
	before=$(files a.img b.img c.img)
	bcachefs list -a $passphrase a.img b.img c.img >keys.before
	rm b.img
	image 96M new.img
	run bcachefs device replace $passphrase missing new.img a.img c.img
	status 0
	replaced "$before" a.img new.img c.img
}

bad_copies_are_taken_from_elsewhere() {
	local before
	make 2 --replicas=2
	before=$(files a.img b.img)
	bcachefs list -a a.img b.img >keys.before
	damage 0 9 a.img keys.before
	run bcachefs scrub -n a.img b.img
	status 4
	image 96M new.img
	run bcachefs device replace 0 new.img a.img b.img
	status 0
	replaced "$before" new.img b.img
}

what_no_copy_is_good_of_is_named_and_nothing_is_replaced() {
	local before
	make 2 --data_replicas=1 --metadata_replicas=2
	bcachefs list a.img b.img >keys
	damage 0 1 a.img keys
	before=$(sha256sum a.img b.img)
	image 96M new.img
	run bcachefs device replace 0 new.img a.img b.img
	status 1
	err 'lost bytes [0-9]+-[0-9]+: bad checksum of data$'
	err '1 extents have no good copy; not replaced$'
	holds [ "$(sha256sum a.img b.img)" = "$before" ]
}

a_device_is_not_touched_where_a_survey_tells_that_data_is_lost() {
	local before
	make 2 --data_replicas=1 --metadata_replicas=2
	image 96M new.img
	bcachefs format -q new.img
	before=$(sha256sum b.img new.img)
	rm a.img
	run bcachefs device replace -f missing new.img b.img
	status 1
	err 'lost bytes [0-9]+-[0-9]+: members of the filesystem are missing$'
	err '[0-9]+ extents have no copy elsewhere; nothing was changed$'
	holds [ "$(sha256sum b.img new.img)" = "$before" ]
}

what_does_not_fit_or_holds_something_is_refused() {
	make 2
	image 90M small.img
	run bcachefs device replace 0 small.img a.img b.img
	status 1
	err '^bcachefs: small.img: has 94371840 bytes, and the member 100663296$'
	image 96M other.img
	bcachefs format -q other.img
	run bcachefs device replace 0 other.img a.img b.img
	status 1
	err 'other.img contains a bcachefs filesystem .*; -f wipes it$'
	run bcachefs device replace -n 0 other.img a.img b.img
	status 0
	run bcachefs show-super other.img
	status 0
	run bcachefs device replace -f --keep-super a.img other.img a.img b.img
	status 0
	run bcachefs show-super a.img
	status 0
	run bcachefs fsck -n other.img b.img
	status 0
}

cases
