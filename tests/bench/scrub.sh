#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scrub against dd of as many bytes, both past the page cache: the best of three that take turns.
source "$(dirname "$0")/lib.sh"

best() { # OLD NEW
	echo $(($1 && $1 < $2 ? $1 : $2))
}

scrubs() { # NAME
	local ours=0 theirs=0 i
	for i in 1 2 3; do
		measure "$bcachefs" scrub "$work/$1.img"
		ours=$(best $ours "$took_wall") read=$took_read
		measure dd if="$work/$1.img" of=/dev/null bs=1M count="$read"K iflag=direct,count_bytes status=none
		theirs=$(best $theirs "$took_wall")
	done
	say "scrub $1: wall / dd" '%s (%d ms / %d ms, %d KiB)' "$(ratio "$ours" "$theirs")" "$ours" "$theirs" "$read"
}

fill large.img 2560 4 524288
fill small.img 2560 100000 8
scrubs large
scrubs small
