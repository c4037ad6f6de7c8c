#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What commits leave, judged by the kernel: new filesystems and those that kernels wrote get many files from
# tests/bench/mktree; the kernel's fsck finds nothing, its files are written beside ours, ours again beside these, each counter
# and bucket is what a recount says, and the kernel finds nothing once more. Output in TAP.
#
#   commit.sh [PATTERN]     only the rows whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); B, the build folder; JOBS, machines at a
# time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
mktree=$(realpath "${B:-$here/../../build}/test/tests/bench/mktree")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Name | kernel | options of mktree, files, their KiB | options of format, or image: one of tests/images | devices: [LABEL:]SIZE
matrix='
plain			| 6.12 | 3000 20	|					| 256M
large-files		| 6.12 | 3 40000	|					| 512M
small-nodes		| 6.12 | 5000 4		| --block_size=512 --btree_node_size=4k	| 256M
many-files		| 6.12 | 40000 0	| --btree_node_size=64k			| 512M
small-buckets		| 6.12 | 2000 12	| --bucket_size=16k --btree_node_size=16k | 128M
two			| 6.12 | 3000 0		| --replicas=2				| 128M 128M
three-metadata-twice	| 6.12 | 3000 4		| --metadata_replicas=2			| 128M 96M 128M
three-thrice		| 6.12 | 2000 4		| --replicas=3				| 128M 128M 128M
four			| 6.12 | 3000 4		| --replicas=2 --btree_node_size=64k	| 128M 96M 128M 160M
four-targets		| 6.12 | 300 150	| --replicas=2 --foreground_target=ssd --metadata_target=ssd --background_target=hdd | ssd.a:128M ssd.b:128M hdd.a:192M hdd.b:160M
checksum-crc64		| 6.12 | 3000 4		| --metadata_checksum=crc64		| 256M
checksum-xxhash		| 6.12 | 3000 4		| --metadata_checksum=xxhash		| 256M
hash-crc32c		| 6.12 | 3000 4		| --str_hash=crc32c			| 256M
version-1.9		| 6.12 | 3000 4		| --version=1.9				| 256M
version-1.11		| 6.12 | 3000 4		| --version=1.11			| 256M
version-1.20		| 6.16 | 3000 4		| --version=1.20			| 256M
version-1.24		| 6.16 | 3000 4		| --version=1.24 --btree_node_size=64k	| 256M
version-1.28		| 6.16 | 3000 20	| --version=1.28			| 256M
version-1.28-many	| 6.16 | 20000 0	| --version=1.28 --btree_node_size=32k	| 256M
version-1.28-two	| 6.16 | 3000 0		| --version=1.28 --replicas=2		| 128M 128M
version-1.28-four	| 6.16 | 300 150	| --version=1.28 --metadata_replicas=2 --foreground_target=hdd --metadata_target=ssd | ssd:128M ssd:128M hdd:192M hdd:160M
data-none		| 6.12 | 300 150	| --data_checksum=none			| 256M
data-lz4		| 6.12 | 300 150	| --compression=lz4 --data_checksum=crc64 | 256M
data-gzip-xxhash	| 6.12 | 300 150	| --compression=gzip:9 --data_checksum=xxhash --encoded_extent_max=1M --bucket_size=1M | 600M
data-zstd-no-checksum	| 6.12 | 300 150	| --compression=zstd:15 --data_checksum=none --encoded_extent_max=128k | 256M
data-small-blocks	| 6.12 | 300 75		| --compression=lz4:9 --block_size=512 --encoded_extent_max=32k --bucket_size=64k --btree_node_size=64k | 256M
data-encrypted		| 6.12 | 300 150	| --encrypted --no_passphrase --compression=zstd --background_compression=gzip | 256M
data-encrypted-wide	| 6.12 | 300 150	| --encrypted --no_passphrase --wide_macs | 256M
data-two		| 6.12 | 300 150	| --replicas=2 --compression=lz4	| 256M 128M
data-later		| 6.12 | 100 150	| --background_compression=zstd		| 256M
data-1.28-later		| 6.16 | 100 150	| --version=1.28 --background_compression=zstd:3 --compression=lz4 | 256M
data-1.28-two		| 6.16 | 300 150	| --version=1.28 --data_replicas=2 --compression=gzip | 256M 256M 128M
extents-and-snapshots	| 6.12 | -e 3 -f 40 -s 3 -d 100 2000 48 |			| 512M
data-and-snapshots	| 6.12 | -s 2 600 150	| --compression=lz4			| 512M
version-1.28-snapshots	| 6.16 | -e 5 -f 40 -s 4 3000 96 | --version=1.28	| 1G
discard-and-snapshots	| 6.12 | -e 3 -f 40 -s 3 -d 100 2000 48 | --discard	| 512M
discard-full		| 6.12 | -s 1 600 150	| --discard --compression=lz4		| 160M
image-03-mixed		| 6.12 | 2000 0		| image					|
image-06-snapshots	| 6.12 | 2000 0		| image					|
image-06-snapdel-crash	| 6.12 | 2000 0		| image					|
image-07-reflink	| 6.12 | 2000 4		| image					|
image-08-replicas2	| 6.12 | 2000 0		| image					|
image-09-targets	| 6.12 | 2000 0		| image					|
image-09-cache-durability0 | 6.12 | 2000 0	| image					|
image-10-crash-b	| 6.12 | 2000 4		| image					|
image-10-crash-c	| 6.12 | 2000 0		| image					|
image-10-crash-d	| 6.12 | 2000 4		| image					|
image-11-fresh		| 6.12 | 2000 4		| image					|
image-11-fresh-512	| 6.12 | 2000 4		| image					|
image-12-upgraded	| 6.12 | 2000 4		| image					|
image-14-quota		| 6.12 | 2000 0		| image					|
image-18-nocow		| 6.12 | 2000 4		| image					|
image-11-fresh-v128	| 6.16 | 2000 4		| image					|
image-13-k616-casefold	| 6.16 | 2000 4		| image					|
'

# A case writes its verdict of two mounts: as we left it, and with files of the kernel's beside ours. The journals of two
# images are so small that the kernel at times cannot write them: "unable to write journal to sufficient devices"
# (09-cache-durability0), and "Journal stuck", with 1 MiB filled faster than its background compression lets go (03-mixed).
write_case() { # DIR KERNEL FILES
	local put='files_put 1 150'
	[[ $1 != *03-mixed ]] || put='files_put 1 30'
	[[ $1 != *cache-durability0 ]] || put=:
	cat >"$1/case.sh" <<-END
		# kernel: $2
		# seconds: 600
		mount_checked
		[ \$(find \$MNT/directory* -type f | wc -l) = $3 ] || fail "not all files are there"
		find \$MNT/directory* -type f -exec cat {} + >/dev/null || fail "a file cannot be read"
		$put
		unmount_ok
		fs_clean
	END
	cat >"$1/after.sh" <<-END
		recounted() {
			"$bcachefs" fs usage --recount dev*.img >/dev/null 2>recount.txt || exit 1
			! grep -v "which is harmless" recount.txt || exit 1
		}
		recounted
		"$mktree" 1000 0 dev*.img || exit 1
		recounted
	END
}

make_images() { # DIR IMAGE AMOUNT
	local packed
	for packed in "$here/../images/$2"/dev*.img.zst; do
		zstd -qd --long=27 --sparse "$packed" -o "$1/$(basename "$packed" .zst)"
	done
	echo "\"$mktree\" $3 dev*.img" >"$1/before.sh"
}

make_new() { # DIR AMOUNT OPTIONS DEVICE...
	local dir=$1 amount=$2 options=$3 i=0 device
	shift 3
	for device in "$@"; do
		truncate -s "${device#*:}" "$dir/dev$i.img"
		[[ $device != *:* ]] || options+=" --label=${device%:*}"
		options+=" dev$i.img"
		((++i))
	done
	echo "\"$bcachefs\" format -f -q $options && \"$mktree\" $amount dev*.img" >"$dir/before.sh"
}

cases=()
while IFS='|' read -r name kernel amount options devices; do
	read -r name <<<"$name"
	# shellcheck disable=SC2053
	[[ $name && $name == ${1:-*} ]] || continue
	read -r kernel <<<"$kernel"
	read -ra amount <<<"$amount"
	read -r options <<<"$options"
	dir=$work/$name
	mkdir "$dir"
	write_case "$dir" "$kernel" "${amount[-2]}"
	if [[ $options == image ]]; then
		make_images "$dir" "${name#image-}" "${amount[*]}"
	else
		# shellcheck disable=SC2086
		make_new "$dir" "${amount[*]}" "$options" $devices
	fi
	cases+=("$dir")
done <<<"$matrix"
"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
