#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The figures of `fs usage` against the kernel's own, on filesystems that kernels wrote: its counters by device, btree and
# replicas, size and use of statfs. Output in TAP.
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); JOBS, machines at a time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cases=()

# In the machine. Both sides as lines of one form, sectors; what is zero is left out.
cat >"$work/share.sh" <<'END'
ours() {
	bcachefs fs usage -a "$@" >usage.txt || fail "no usage"
	awk '
		/\(device [0-9]+\):/ { sub(/.*\(device /, ""); dev = $0 + 0; next }
		/^  [a-z_]+:/ && NF >= 3 && $1 != "capacity:" {
			sub(/:/, "", $1)
			empty = $1 == "free" || $1 == "need_discard" || $1 == "need_gc_gens"
			if ($3)
				print "dev", dev, $1, $3, empty ? 0 : $2 / 512, $4 / 512
			next
		}
		/^Data type/ { part = "replicas"; next }
		/^Btree usage/ { part = "btree"; next }
		/^Pending rebalance work/ { print "rebalance", $NF / 512 }
		/^$/ { part = "" }
		part == "replicas" && $1 == "reserved:" { sub(/.*\//, "", $2); print "reserved", $2, $NF / $2 / 512 }
		part == "replicas" && $1 != "reserved:" { print "replicas", $1, $2, $NF / 512 }
		part == "btree" { sub(/:/, "", $1); print "btree", $1, $2 / 512 }
		' usage.txt | sort
}
# Since 6.16 a kernel tells no counters but those of buckets.
buckets_of_kernel() {
	local dir
	for dir in /sys/fs/bcachefs/*/dev-*; do
		awk -v dev="${dir##*-}" 'NF == 4 && $2 && $1 != "buckets" { print "dev", dev, $1, $2, $3, $4 }' "$dir/alloc_debug"
	done | sort
}
counters_of_kernel() {
	cat /sys/fs/bcachefs/*/internal/accounting | awk '
		{ gsub(/[a-z_]+=/, "") }
		$NF == 0 && NF < 5 { next }
		$1 == "dev_data_type" { sub(/:/, "", $3); if ($4) print "dev", $2, $3, $4, $5, $6 }
		$1 == "btree" { sub(/:/, "", $2); print "btree", $2, $3 }
		$1 == "replicas" { print "replicas", $2, $3, $NF }
		$1 == "rebalance_work" { print "rebalance", $NF }
		$1 == "persistent_reserved" { sub(/:/, "", $2); print "reserved", $2, $NF }
		' | sort
}
# Blocks of 512 bytes: all, used.
statfs() {
	stat -f -c '%S %b %f' "$MNT" | awk '{ print $1 * $2, $1 * ($2 - $3) }'
}
check() { # [DEVICES]
	ours ${1:-$DEVS} >ours.txt
	awk '/^Size:/ { size = $2 } /^Used:/ { print size, $2 }' usage.txt >ours.statfs
	mount_ok "ro,nochanges${2:+,$2}" "$@"
	if [ -e /sys/fs/bcachefs/*/internal/accounting ]; then
		counters_of_kernel >kernels.txt
	else
		buckets_of_kernel >kernels.txt
		sed -i '/^dev /!d' ours.txt
	fi
	statfs >kernels.statfs
	bcachefs fs usage "$MNT" 2>refused && fail "not refused while it is mounted"
	grep -q "$MNT is mounted; unmount it first" refused || fail "refused otherwise: $(cat refused)"
	(cd "$MNT" && bcachefs fs usage 2>&1) | grep -q 'is mounted' || fail "not refused from inside"
	unmount_ok
	[ -s kernels.txt ] || fail "the kernel says nothing"
	diff kernels.txt ours.txt || fail "the kernel counts otherwise"
	diff kernels.statfs ours.statfs || fail "the kernel has another size or use"
}
END

# The case NAME: the commands that standard input has, on the image of that name.
new_case() { # IMAGE [KERNEL]
	local dir=$work/$1 packed
	mkdir "$dir"
	for packed in "$here/../images/$1"/dev*.img.zst; do
		zstd -qd --long=27 --sparse "$packed" -o "$dir/$(basename "$packed" .zst)"
	done
	{
		echo "# kernel: ${2:-6.12}"
		echo "# seconds: 180"
		cat "$work/share.sh" -
	} >"$dir/case.sh"
	cases+=("$dir")
}

# Clean ones: after a crash a kernel adds nodes and discards buckets while it is asked.
for image in 09-targets 12-upgraded 14-quota; do
	new_case $image <<<check
done
new_case 09-missing-degraded <<<'check "$DEV0" degraded'
new_case 13-k616-casefold 6.16 <<<check

"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
