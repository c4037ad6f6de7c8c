#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Filesystems filled from a tree, judged by the kernel: its fsck finds nothing, the tree is the source by manifest, the
# kernel's files are written beside ours, each counter and bucket is what a recount says, and the kernel finds nothing once
# more. Output in TAP.
#
#   populate.sh [PATTERN]     only the rows whose name matches the shell pattern; those of "long" only so
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); JOBS, machines at a time (2);
# MIB, the memory of each (2048).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
vm_dir=$here
# shellcheck source=tests/vm/kernel.sh
. "$here/kernel.sh"
vmh=$(vm_helper)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Name | kernel | tree, one of the functions below | options of format | devices, or image: what image create makes
matrix='
plain			| 6.12 | kinds	|					| 256M
huge-files		| 6.12 | huge	|					| 256M
directory-of-200000	| 6.12 | many	|					| 512M
names-of-all-bytes	| 6.12 | names	|					| 128M
deep-paths		| 6.12 | deep	|					| 128M
xattrs			| 6.12 | xattrs	|					| 128M
small-blocks		| 6.12 | kinds	| --block_size=512 --bucket_size=64k --btree_node_size=32k | 128M
blocks-4k		| 6.12 | kinds	| --block_size=4k			| 256M
hash-crc32c		| 6.12 | names	| --str_hash=crc32c			| 128M
hash-crc64		| 6.12 | xattrs	| --str_hash=crc64			| 128M
lz4			| 6.12 | kinds	| --compression=lz4 --data_checksum=crc64 | 256M
gzip			| 6.12 | kinds	| --compression=gzip:9 --data_checksum=xxhash | 256M
zstd			| 6.12 | kinds	| --compression=zstd --data_checksum=none --metadata_checksum=crc64 | 256M
encrypted		| 6.12 | kinds	| --encrypted --no_passphrase --compression=zstd | 256M
two			| 6.12 | kinds	| --replicas=2				| 128M 128M
three-spread		| 6.12 | kinds	|					| 96M 128M 96M
version-1.9		| 6.12 | kinds	| --version=1.9				| 256M
version-1.28		| 6.16 | kinds	| --version=1.28			| 256M
image			| 6.12 | kinds	|					| image
image-large		| 6.12 | large	|					| image
image-zstd		| 6.12 | large	| --compression=zstd --encrypted --no_passphrase | image
image-auto		| 6.12 | large	| --size=auto				| image
image-of-many		| 6.12 | names	| --str_hash=crc32c			| image
image-1.28		| 6.16 | large	| --version=1.28			| image
dedupe			| 6.12 | copies | --dedupe				| 256M
dedupe-zstd-encrypted	| 6.12 | copies | --dedupe --compression=zstd --encrypted --no_passphrase | 256M
dedupe-two		| 6.12 | copies | --dedupe --replicas=2			| 128M 128M
dedupe-1.28		| 6.16 | copies | --dedupe --version=1.28 --background_compression=zstd | 256M
usr			| 6.12 | usr	|					| 512M
image-of-filesystem	| 6.12 | kinds	| --from-filesystem			| image
filesystem-1.28		| 6.16 | large	| --from-filesystem --version=1.28	| 256M
image-updated		| 6.12 | kinds	| --update				| image
image-updated-zstd	| 6.12 | xattrs	| --update --compression=zstd --encrypted --no_passphrase | image
image-updated-names	| 6.12 | names	| --update --str_hash=crc32c		| image
image-updated-1.28	| 6.16 | kinds	| --update --version=1.28 --dedupe	| image
image-dedupe		| 6.12 | copies | --dedupe				| image
version-1.28-zstd-two	| 6.16 | xattrs	| --version=1.28 --compression=zstd --replicas=2 | 128M 128M
'

# What takes the kernel here an hour each.
long='
million			| 6.12 | million	|					| 8G
usr-whole		| 6.12 | whole	|					| 16G
'

# ------------------------------------------------------------------ trees

# Every kind of file, some of them large enough for several extents.
kinds() {
	"$vmh" tree 1 300 "$1"
	head -c 3000000 /dev/urandom >"$1/random"
	seq 300000 >"$1/numbers"
	ln "$1/numbers" "$1/again"
	setcap cap_net_raw+ep "$1/random" 2>/dev/null || [[ $EUID != 0 ]]
	touch -d '1969-12-31 23:59:58.25 UTC' "$1/before-1970"
	printf 'x%.0s' {1..511} >"$1/small"
	truncate -s 5M "$1/nothing-but-hole"
}

large() {
	local i
	for ((i = 0; i < 40; i++)); do
		head -c $((i * 100000)) /dev/urandom >"$1/random $i"
		seq $((i * 10000)) >"$1/numbers $i"
	done
}

# More than the filesystem has room for, if it were not shared.
copies() {
	local i
	kinds "$1"
	head -c 5000000 /dev/urandom >"$1/copy"
	for i in {1..60}; do
		cp "$1/copy" "$1/copy $i"
	done
	{ cat "$1/copy" && echo and more; } >"$1/longer"
	head -c 1000000 "$1/copy" >"$1/shorter"
}

# A part of what the system has installed: each twenty-fifth file of /usr.
usr() {
	find /usr -xdev ! -type d -size -8M -printf '%P\0' | sort -z | sed -nz '0~25p' | head -z -n 6000 |
		tar -c -C /usr --xattrs --null -T - | tar -x --xattrs -p -C "$1"
}

whole() {
	cp -ax /usr "$1"
}

# Most of them small enough to lie in their keys.
million() {
	python3 - "$1" <<-'END'
		import os, sys
		os.chdir(sys.argv[1])
		for i in range(1000):
		    os.mkdir('directory %d' % i)
		    for j in range(1000):
		        with open('directory %d/file %d' % (i, j), 'w') as f:
		            f.write('%d of %d ' % (j, i) * (400 if j % 50 == 0 else j % 9))
	END
}

# What has much more size than data.
huge() {
	truncate -s 1T "$1/terabyte"
	printf start | dd of="$1/terabyte" conv=notrunc status=none
	printf middle | dd of="$1/terabyte" bs=1M seek=500000 conv=notrunc status=none
	printf end | dd of="$1/terabyte" bs=1 seek=$(((1 << 40) - 3)) conv=notrunc status=none
}

many() {
	mkdir "$1/d"
	(cd "$1/d" && seq -f 'a file with the number %.0f' 200000 | xargs -d '\n' touch -d @1000000000)
}

# Each byte that a name may have, names of all lengths, and many of them.
names() {
	local i
	for ((i = 1; i < 256; i++)); do
		[[ $i == 47 ]] || touch "$1/$(printf "byte \\x$(printf %x "$i")-")"
		: >"$1/$(printf 'n%.0s' $(seq "$i"))"
	done
	mkdir "$1/2000"
	(cd "$1/2000" && seq 2000 | xargs touch)
}

# A path longer than the system takes at once.
deep() {
	python3 - "$1" <<-'END'
		import os, sys
		os.chdir(sys.argv[1])
		for i in range(300):
		    os.mkdir('directory number %d of a deep path' % i)
		    os.chdir('directory number %d of a deep path' % i)
		open('file', 'w').write('at the bottom')
	END
}

# As many as the host's filesystem takes in one file, on many files.
xattrs() {
	python3 - "$1" <<-'END'
		import os, sys
		os.chdir(sys.argv[1])
		total = 0
		for nr in range(400):
		    name = 'file %d' % nr
		    open(name, 'w').close()
		    for i in range(25):
		        os.setxattr(name, 'user.%s%d' % ('n' * (i * 9), i), (b'value %d ' % i) * (i % 5))
		        total += 1
		assert total == 10000
		open('large', 'w').close()
		os.setxattr('large', 'user.l', b'v' * 1995)
	END
}

# ------------------------------------------------------------------ cases

# The manifest of a file that is almost all hole would take hours.
write_case() { # DIR KERNEL TREE PUT
	local seconds=900 check='vmh manifest $MNT/files | diff manifest - || fail "files are not those of the source"'
	if [[ $long == *"| $3	"* ]]; then
		seconds=10800 check=${check/diff manifest -/cmp manifest -}
	fi
	[[ $3 != huge ]] || check='
		[ $(stat -c %s $MNT/files/terabyte) = 1099511627776 ] || fail "size"
		[ $(stat -c %b $MNT/files/terabyte) -le 24 ] || fail "holes are stored"
		[ "$(head -c 5 $MNT/files/terabyte)" = start ] || fail "start"
		[ "$(dd if=$MNT/files/terabyte bs=1M skip=500000 count=1 2>/dev/null | head -c 6)" = middle ] || fail "middle"
		[ "$(tail -c 3 $MNT/files/terabyte)" = end ] || fail "end"'
	cat >"$1/case.sh" <<-END
		# kernel: $2
		# seconds: $seconds
		mount_checked
		$check
		[ -d \$MNT/lost+found ] || fail "no lost+found"
		mv \$MNT/files \$MNT/source
		$4
		unmount_ok
		fs_clean
	END
	cat >"$1/after.sh" <<-END
		"$bcachefs" fs usage --recount dev*.img >/dev/null 2>recount.txt || exit 1
		! grep -v "which is harmless" recount.txt
	END
}

directories_have_no_size() { # TREE
	"$vmh" manifest "$1" | awk -F '\t' -v OFS='\t' '$1 == "d" { $6 = 0 } 1'
}

make_case() { # DIR TREE OPTIONS SIZE...
	local dir=$1 tree=$work/$2 options=$3 i=0 size command='format -f'
	shift 3
	for size in "${@/image/1}"; do
		truncate -s "$size" "$dir/dev$i.img"
		((++i))
	done
	if [[ ${1:-} == image ]]; then
		command="image create -f"
	fi
	if [[ ! -d $tree ]]; then
		mkdir -p "$tree/files"
		"${tree##*/}" "$tree/files"
		[[ ${tree##*/} == huge ]] || directories_have_no_size "$tree/files" >"$tree.manifest"
	fi
	[[ ${tree##*/} == huge ]] || cp "$tree.manifest" "$dir/manifest"
	if [[ $options == *--from-filesystem* ]]; then # the same by way of another one, encrypted and with shared data
		cat >"$dir/before.sh" <<-END
			truncate -s 512M between.img
			"$bcachefs" format -q --encrypted --no_passphrase --compression=lz4 --dedupe --source="$tree" between.img
			"$bcachefs" $command -q ${options/--from-filesystem/} --source=between.img:/ dev*.img
			rm between.img
		END
		return
	fi
	if [[ $options == *--update* ]]; then # from one that has some of the files, other ones, and others of the same names
		cat >"$dir/before.sh" <<-END
			cp -a "$tree" was
			find was -type f -name '*[135]' -delete
			find was -type f -name '*[24]*' -exec truncate -s 5000 {} +
			mkdir was/other && seq 300000 >was/other/numbers && cp -a was/other was/files/
			setfattr -n user.old -v value was/other/numbers && ln was/other/numbers was/files/link
			"$bcachefs" $command -q ${options/--update/} --source=was dev0.img
			"$bcachefs" image update -q -s "$tree" dev0.img
			rm -r was
		END
		return
	fi
	echo "\"$bcachefs\" $command -q $options --source=\"$tree\" dev*.img" >"$dir/before.sh"
}

cases=()
[[ ! ${1:-} ]] || matrix+=$long
while IFS='|' read -r name kernel tree options devices; do
	read -r name <<<"$name"
	# shellcheck disable=SC2053
	[[ $name && $name == ${1:-*} ]] || continue
	read -r kernel <<<"$kernel"
	read -r tree <<<"$tree"
	read -r options <<<"$options"
	dir=$work/case/$name
	mkdir -p "$dir"
	put='files_put 1 150' # for which a smallest image has no room
	[[ $devices != *image* || $options == *auto* ]] || put='mkdir $MNT/mine'
	write_case "$dir" "$kernel" "$tree" "$put"
	# shellcheck disable=SC2086
	make_case "$dir" "$tree" "$options" $devices
	cases+=("$dir")
done <<<"$matrix"
"$here/vm" batch -j "${JOBS:-2}" -m "${MIB:-2048}" -p "$bcachefs" "${cases[@]}"
