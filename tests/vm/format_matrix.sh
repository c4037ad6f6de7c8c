#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Formats of every kind, judged by the kernel: each mounts, takes files, unmounts, passes the kernel's fsck without a
# complaint, gives the files back, and is read by show-super to the last section. Output in TAP.
#
#   format_matrix.sh [PATTERN]     only the rows whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); JOBS, machines at a time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
huge= # where a file may be larger than this filesystem allows
trap 'rm -rf "$work" ${huge:+"$huge"}' EXIT

# Name | kernel | options of the filesystem | devices: sizes, before each the options that hold from it on
# The kernel's fsck is slow on many buckets, so the largest device has the largest ones, and is the first to begin.
matrix='
size-100T		| 6.12 |						| --bucket_size=16M 100T
default			| 6.12 |						| 512M
default-616		| 6.16 |						| 512M
label-and-uuid		| 6.12 | -L somename -U 11111111-2222-3333-4444-555555555555	| 256M
label-longest		| 6.12 | -L 1234567890123456789012345678901		| 256M

block-512		| 6.12 | --block_size=512				| 256M
block-1k		| 6.12 | --block_size=1k				| 256M
block-2k		| 6.12 | --block_size=2k				| 256M
block-4k		| 6.12 | --block_size=4k				| 256M
block-512-616		| 6.16 | --block_size=512				| 256M

bucket-16k		| 6.12 | --btree_node_size=16k				| --bucket_size=16k 64M
bucket-32k		| 6.12 |						| --bucket_size=32k 128M
bucket-128k		| 6.12 |						| --bucket_size=128k 256M
bucket-1M		| 6.12 |						| --bucket_size=1M 1G
bucket-2M		| 6.12 |						| --bucket_size=2M 2G
bucket-8M		| 6.12 |						| --bucket_size=8M 8G
buckets-mixed		| 6.12 | --btree_node_size=64k				| --bucket_size=64k 128M --bucket_size=512k 512M
buckets-mixed-616	| 6.16 | --btree_node_size=64k				| --bucket_size=64k 128M --bucket_size=512k 512M

node-4k			| 6.12 | --block_size=512 --btree_node_size=4k		| 256M
node-8k			| 6.12 | --btree_node_size=8k				| 256M
node-16k		| 6.12 | --btree_node_size=16k				| 256M
node-32k		| 6.12 | --block_size=512 --btree_node_size=32k		| 256M
node-64k		| 6.12 | --btree_node_size=64k				| 256M
node-128k		| 6.12 | --btree_node_size=128k				| 512M
node-512k		| 6.12 | --btree_node_size=512k				| --bucket_size=512k 512M
node-512k-bucket-2M	| 6.12 | --btree_node_size=512k				| --bucket_size=2M 2G
node-64k-616		| 6.16 | --btree_node_size=64k				| 256M

checksum-none		| 6.12 | --metadata_checksum=none --data_checksum=none	| 256M
checksum-crc32c		| 6.12 | --metadata_checksum=crc32c --data_checksum=crc32c | 256M
checksum-crc64		| 6.12 | --metadata_checksum=crc64 --data_checksum=crc64 | 256M
checksum-xxhash		| 6.12 | --metadata_checksum=xxhash --data_checksum=xxhash | 256M
checksum-mixed		| 6.12 | --metadata_checksum=xxhash --data_checksum=none | 256M
checksum-crc64-616	| 6.16 | --metadata_checksum=crc64 --data_checksum=xxhash | 256M
hash-crc32c		| 6.12 | --str_hash=crc32c				| 256M
hash-crc64		| 6.12 | --str_hash=crc64				| 256M
hash-siphash		| 6.12 | --str_hash=siphash				| 256M

lz4			| 6.12 | --compression=lz4				| 256M
lz4-level		| 6.12 | --compression=lz4:9				| 256M
gzip			| 6.12 | --compression=gzip				| 256M
gzip-level		| 6.12 | --compression=gzip:9				| 256M
zstd			| 6.12 | --compression=zstd				| 256M
zstd-level		| 6.12 | --compression=zstd:15				| 256M
zstd-background		| 6.12 | --compression=lz4 --background_compression=zstd:5 | 256M
zstd-extents		| 6.12 | --compression=zstd --encoded_extent_max=128k	| 512M
extents-small		| 6.12 | --encoded_extent_max=4k			| 256M
extents-large		| 6.12 | --encoded_extent_max=1M --compression=lz4	| --bucket_size=1M 1G
zstd-616		| 6.16 | --compression=zstd:7				| 256M

encrypted		| 6.12 | --encrypted --passphrase_file=passphrase	| 256M
encrypted-wide		| 6.12 | --encrypted --passphrase_file=passphrase --wide_macs --compression=zstd | 256M
encrypted-two		| 6.12 | --encrypted --passphrase_file=passphrase --replicas=2 | 128M 128M
encrypted-open		| 6.12 | --encrypted --no_passphrase			| 256M
encrypted-open-wide	| 6.12 | --encrypted --no_passphrase --wide_macs --block_size=512 | 256M
encrypted-616		| 6.16 | --encrypted --passphrase_file=passphrase	| 256M

two			| 6.12 |						| 128M 256M
two-replicas		| 6.12 | --replicas=2					| 128M 256M
two-metadata-twice	| 6.12 | --metadata_replicas=2				| 128M 128M
three			| 6.12 | --replicas=3					| 128M 128M 128M
three-required		| 6.12 | --replicas=3 --metadata_replicas_required=2 --data_replicas_required=2 | 128M 128M 128M
four-data-twice		| 6.12 | --metadata_replicas=3 --data_replicas=2	| 128M 96M 160M 128M
six			| 6.12 | --replicas=2 --compression=lz4			| 96M 96M 96M 96M 96M 96M
six-616			| 6.16 | --replicas=3					| 96M 96M 96M 96M 96M 96M

labels			| 6.12 |						| --label=one 128M --label=rack.two 128M
labels-deep		| 6.12 |						| --label=a.b.c.d 128M --label=a.b.e 128M
targets			| 6.12 | --foreground_target=ssd --background_target=hdd --promote_target=ssd --metadata_target=ssd | --label=ssd.a 128M --label=hdd.b 256M
targets-replicas	| 6.12 | --replicas=2 --foreground_target=ssd --background_target=hdd | --label=ssd.a 128M --label=ssd.b 128M --label=hdd.a 128M --label=hdd.b 128M
target-device		| 6.12 | --foreground_target=dev1.img			| 128M 128M
targets-616		| 6.16 | --foreground_target=ssd --background_target=hdd --promote_target=ssd | --label=ssd.a 128M --label=hdd.b 256M
cache			| 6.12 | --promote_target=cache --foreground_target=cache --background_target=slow | --label=cache.a --durability=0 128M --label=slow.a --durability=1 256M
durability-2		| 6.12 | --replicas=2					| --durability=2 128M --durability=1 128M 128M
durability-2-616	| 6.16 | --replicas=2					| --durability=2 128M --durability=1 128M 128M
data-allowed		| 6.12 |						| --data_allowed=journal,btree 128M --data_allowed=user 256M
discard			| 6.12 |						| --discard 256M
discard-one-of-two	| 6.12 |						| --discard=1 128M --discard=0 128M

quotas			| 6.12 | --usrquota --grpquota --prjquota		| 256M
inodes-64bit		| 6.12 | --inodes_32bit=0				| 256M
inodes-not-sharded	| 6.12 | --shard_inode_numbers=0			| 256M
no-key-cache		| 6.12 | --inodes_use_key_cache=0			| 256M
no-acl			| 6.12 | --acl=0					| 256M
nocow			| 6.12 | --nocow					| 256M
erasure-code		| 6.12 | --erasure_code --replicas=2			| 128M 128M 128M
errors-ro		| 6.12 | --errors=ro					| 256M
errors-panic		| 6.12 | --errors=panic					| 256M
reserve			| 6.12 | --gc_reserve_percent=20 --root_reserve_percent=10 | 256M
reserve-bytes		| 6.12 | --gc_reserve_bytes=32M				| 256M
no-transaction-names	| 6.12 | --journal_transaction_names=0			| 256M

version-1.4		| 6.12 | --version=1.4					| 256M
version-1.5		| 6.12 | --version=1.5					| 256M
version-1.6		| 6.12 | --version=1.6					| 256M
version-1.7		| 6.12 | --version=1.7					| 256M
version-1.8		| 6.12 | --version=1.8					| 256M
version-1.9		| 6.12 | --version=1.9					| 256M
version-1.10		| 6.12 | --version=1.10					| 256M
version-1.11		| 6.12 | --version=1.11					| 256M
version-1.12		| 6.12 | --version=1.12					| 256M
version-1.13		| 6.12 | --version=1.13					| 256M
version-1.4-616		| 6.16 | --version=1.4					| 256M
version-1.9-616		| 6.16 | --version=1.9					| 256M
version-1.14-616	| 6.16 | --version=1.14					| 256M
version-1.20-616	| 6.16 | --version=1.20 --replicas=2			| 128M 128M
version-1.28-616	| 6.16 | --version=1.28 --compression=lz4		| 256M
version-1.4-encrypted	| 6.12 | --version=1.4 --encrypted --no_passphrase --compression=lz4 | 128M 128M

uninitialised		| 6.12 | --no_initialize				| 256M
superblock-64k		| 6.12 | --superblock_size=64k				| 256M
superblock-4M		| 6.12 | --superblock_size=4M				| 256M
fs-size			| 6.12 |						| --fs_size=128M 256M
size-32M		| 6.12 |						| 32M
size-100M-odd		| 6.12 |						| 104861696
size-1T			| 6.12 |						| 1T
size-15T		| 6.12 |						| 15T
'

# A sparse file, in the shared memory filesystem where the one here does not hold so large a file.
new_image() { # SIZE FILE
	truncate -s "$1" "$2" 2>/dev/null && return
	[[ -n $huge ]] || huge=$(mktemp -d -p /dev/shm) || return
	local elsewhere=$huge/${2//\//-}
	truncate -s "$1" "$elsewhere" && ln -sfn "$elsewhere" "$2"
}

write_case() { # DIR KERNEL
	cat >"$1/case.sh" <<-END
		# kernel: $2
		# seconds: 600
		[ ! -e passphrase ] || bcachefs unlock -f passphrase "\$DEV0" || fail "cannot unlock"
		mount_ok
		files_put 1 150
		unmount_ok
		mount_checked
		files_check
		unmount_ok
		log_is_clean
	END
	cat >"$1/after.sh" <<-END
		for image in dev*.img; do
			"$bcachefs" show-super -f all "\$image" >super.txt || exit 1
			# the kernel counts what it has ever found wrong
			if awk 'NF == 0 { here = 0 } here; /^errors /{ here = 1 }' super.txt | grep .; then
				exit 1
			fi
			# 0.0 is what a kernel stores that allows none of the newer features
			if grep -iw unknown super.txt | grep -v '^Incompatible .* 0\.0: '; then
				exit 1
			fi
		done
	END
}

# The folder of a row, as `vm batch` wants it: images, and scripts around the case.
make_case() { # DIR KERNEL OPTIONS DEVICES
	local dir=$1 word devices='' i=0
	mkdir "$dir"
	write_case "$dir" "$2"
	[[ $3 != *passphrase_file* ]] || echo "correct horse" >"$dir/passphrase"
	for word in $4; do
		if [[ $word == --* ]]; then
			devices+=" $word"
			continue
		fi
		if ! new_image "$word" "$dir/dev$i.img"; then
			printf 'echo "no place for a file of %s"\nexit 77\n' "$word" >"$dir/before.sh"
			return
		fi
		devices+=" dev$i.img"
		((++i))
	done
	echo "\"$bcachefs\" format -f -q $3$devices" >"$dir/before.sh"
}

cases=()
while IFS='|' read -r name kernel options devices; do
	read -r name <<<"$name"
	# shellcheck disable=SC2053
	[[ $name && $name == ${1:-*} ]] || continue
	read -r kernel <<<"$kernel"
	read -r options <<<"$options"
	make_case "$work/$name" "$kernel" "$options" "$devices"
	cases+=("$work/$name")
done <<<"$matrix"
"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
