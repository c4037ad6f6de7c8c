# SPDX-License-Identifier: GPL-2.0-or-later
# For tests of lists: what two of them must be, and btrees that lose their roots.

# As the reference has them, an empty line at the end aside.
same() { # FILE FILE
	diff <(sed '$ { /^$/d }' "$1") <(sed '$ { /^$/d }' "$2") >&3 || fail "$1 and $2 differ"
}

# Zeroes all copies of the root node of a btree; without a name those of all btrees.
uproot() { # [BTREE]
	local bucket node level device at
	bucket=$(bcachefs show-super --json dev0.img | grep -o '"bucket_size_bytes":[0-9]*' | head -n1)
	node=$(bcachefs show-super --json dev0.img | grep -o '"btree_node_size_bytes":[0-9]*')
	for level in 0 1 2 3; do
		bcachefs list ${1:+-b} "${1:--a}" -m nodes -l $level --json dev*.img
	done | awk -F'"' -v bucket="${bucket#*:}" '{
			btree = $6; level = $9
			if (level != highest[btree])
				places[btree] = ""
			highest[btree] = level
			while (match($0, /ptr: [0-9]+:[0-9]+:[0-9]+/)) {
				split(substr($0, RSTART + 5, RLENGTH - 5), p, ":")
				places[btree] = places[btree] p[1] " " p[2] * bucket + p[3] * 512 "\n"
				$0 = substr($0, RSTART + RLENGTH)
			}
		}
		END { for (b in places) printf "%s", places[b] }' OFMT=%.0f CONVFMT=%.0f >roots
	[[ -s roots ]] || fail "no root: ${1-}"
	while read -r device at; do
		dd if=/dev/zero of="dev$device.img" bs=512 seek=$((at / 512)) count=$((${node#*:} / 512)) conv=notrunc status=none
	done <roots
}
