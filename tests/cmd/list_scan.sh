#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# list --scan-nodes: the keys of btrees whose roots are lost, or that nothing tells of any more. CLI 7.1.
. "$(dirname "$0")/lib.sh"
. "$here/list_lib.sh"

# The keys of a btree in a list of all.
keys() { # BTREE FILE
	awk -v btree="$1" '/^== btree / { inside = $3 == btree; next } inside' "$2"
}

# The btrees of two levels: their leaves survive the roots.
deep() {
	bcachefs list -a -m nodes -l 1 dev0.img | awk '/^== / { btree = $3 } /^u64s/ { print btree }' | sort -u
}

# Loses all roots of an image, and finds the keys of all leaves.
uprooted() { # IMAGE
	local btree
	unpack "$1" >names
	bcachefs list -a dev0.img >before
	deep >deep
	holds [ "$(wc -l <deep)" -ge 4 ]
	uproot
	run bcachefs list -a dev0.img
	status 1
	run bcachefs list --scan-nodes -a dev0.img
	cp "$work/out" after
	while read -r btree; do
		keys "$btree" before >want
		keys "$btree" after >have
		same have want
		err "^bcachefs: btree $btree: made of [0-9]+ leaves that were found$"
	done <deep
	holds grep -q "type inode_v3 0:4096:" after
}

roots_of_a_clean_filesystem_are_made_up_for() {
	uprooted 139-fresh
}

roots_of_an_unclean_filesystem_are_made_up_for() {
	uprooted 139-opt-change-crash
}

# The superblock at sector 8, sealed anew, has no record of a root any more: they become texts.
forget() {
	python3 - <<-'END'
		import struct
		table = []
		for i in range(256):
		    for _ in range(8):
		        i = i >> 1 ^ (0x82f63b78 if i & 1 else 0)
		    table.append(i)
		def crc32c(data):
		    crc = 0xffffffff
		    for b in data:
		        crc = crc >> 8 ^ table[(crc ^ b) & 255]
		    return crc ^ 0xffffffff
		with open("dev0.img", "r+b") as f:
		    f.seek(4096)
		    sb = bytearray(f.read(1 << 20))
		    end = 752 + struct.unpack_from("<I", sb, 124)[0] * 8
		    assert struct.unpack_from("<Q", sb, 0)[0] == crc32c(sb[16:end])
		    at = 752
		    while at < end:
		        section_u64s, section = struct.unpack_from("<II", sb, at)
		        record, at = at + 24, at + section_u64s * 8
		        while section == 6 and record < at:
		            if sb[record + 4] == 1:
		                sb[record + 4] = 9
		            record += 8 + struct.unpack_from("<H", sb, record)[0] * 8
		    struct.pack_into("<Q", sb, 0, crc32c(sb[16:end]))
		    f.seek(4096)
		    f.write(sb)
	END
}

btrees_that_the_clean_section_does_not_name_are_found() {
	command -v python3 >/dev/null || skip 'no python3'
	unpack 139-fresh >names
	bcachefs list -a dev0.img | grep -v '^==' >want
	forget
	run bcachefs list -a dev0.img
	no_out
	run bcachefs list --scan-nodes -a dev0.img
	status 0
	grep -v '^==' "$work/out" >have
	same have want
}

# Nodes may be further than the pointers that are known without the journal say: what is the same with and without it is
# there, and nothing that is neither.
btrees_that_the_journal_does_not_name_are_found() {
	local bucket first last
	unpack 139-opt-change-crash >names
	bcachefs list --json -a dev0.img | sort >with
	bcachefs list --json --no-journal -a dev0.img | sort >without
	bucket=$(bcachefs show-super --json dev0.img | grep -o '"bucket_size_bytes":[0-9]*')
	while read -r first last; do
		dd if=/dev/zero of=dev0.img bs="${bucket#*:}" seek="$first" count=$((last - first + 1)) conv=notrunc status=none
	done < <(bcachefs show-super -F journal_v2 dev0.img | grep -oE '[0-9]+-[0-9]+' | tr - ' ')
	run bcachefs list -a dev0.img
	status 1
	no_out '^u64s'
	bcachefs list --json --scan-nodes -a dev0.img 2>said | sort >have
	holds grep -q 'btree dirents: made of 4 leaves that were found$' said
	comm -12 with without >same
	holds [ "$(wc -l <same)" -gt 100 ]
	holds [ -z "$(comm -23 same have)" ]
	cut -d'"' -f1-12 with without | sort -u >known
	cut -d'"' -f1-12 have | sort -u >found
	holds [ -z "$(comm -23 found known)" ]
}

cases
