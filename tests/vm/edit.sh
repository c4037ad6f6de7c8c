#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What put, rm, mkdir, mv and ln leave in filesystems that kernels wrote, judged by the kernel: after each command every
# counter and bucket is what a recount says, then the kernel's fsck finds nothing, and shows the files that we show, from
# all subvolumes. Output in TAP.
#
#   edit.sh [PATTERN]     only the rows whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); JOBS, machines at a time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=tests/vm/listing.sh
. "$here/listing.sh"
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Image of tests/images | kernel | what is done, commands between semicolons, without the devices.
matrix='
03-mixed | 6.12 | put -a tree /
03-mixed | 6.12 | put tree/small tree/text tree/random /dir-compression=gzip:9
03-mixed | 6.12 | put tree/. /dir-compression=lz4; put tree/. /dir-data_checksum=xxhash; put tree/random /dir-nocow=1
03-mixed | 6.12 | rm -r /sizes /links /bg /bigdir /special
03-mixed | 6.12 | mkdir /new /new/more; mkdir -p /new/1/2/3 /deep/4
03-mixed | 6.12 | mv /sizes /deep/a; mv /links/short /links/long /special; mv /deep/a/sizes/r1 /deep/a/sizes/r8; mv /empty-dir /flags
03-mixed | 6.12 | ln /future /empty-dir; ln /future /again; ln -s ../future /empty-dir/symlink; rm /future
03-mixed | 6.12 | mkdir /collide; put -a tree/many /collide; rm -r /collide/many; put -a tree/many/. /collide; rm /collide/name1 /collide/name17
06-snapshots | 6.12 | rm -r /sub1/sizes /sub1/links /sub1/names /sub1/dd-renamed /sub1/special
06-snapshots | 6.12 | put -a tree /sub1; put tree/random /sub1/data; put tree/text /sub1/ren/overwrite; put tree/. /sub1/ren
06-snapshots | 6.12 | mv /sub1/sizes /sub1/empty-dir; mv /sub1/nested /sub1/deep; mv /sub1/links/hard1 /sub1/ren/x; mv /snapA /lost+found
06-snapshots | 6.12 | ln /sub1/data /sub1/links; mkdir /sub1/dir /dir; rm /sub1/data /sub1/links/orig; rm -r /sub1/xattr
07-reflink | 6.12 | rm -r /r; put tree/random /f
07-reflink | 6.12 | put -a tree /s; rm -r /i
08-replicas2 | 6.12 | put -a tree /; rm -r /w /sizes; mv /deep /links
09-targets | 6.12 | put -a tree /; put tree/random /w1; rm -r /w2 /w3
10-crash-b | 6.12 | put -a tree /; rm /f1 /f2 /f16; rm -r /churn
12-upgraded | 6.12 | put -a tree /; rm -r /bigdir /xattr; mv /sizes /links
14-quota | 6.12 | put -a tree /u1000; rm -r /p7 /u1001; mv /sizes /u1002
18-nocow | 6.12 | put -a tree /; subvolume delete /s; put tree/random /future; put tree/text /w
11-fresh-v128 | 6.16 | put -a tree /; mkdir -p /a/b/c/d; mv /tree/sub /a/b; mv /a/b/c /; rm -r /tree; ln /a/b/sub/text /text
03-mixed | 6.12 | subvolume create /v /deep/w; put -a tree /v; subvolume snapshot /v /v-then; rm -r /v/tree/many; put tree/random /v/tree/text
03-mixed | 6.12 | subvolume snapshot -r /then; rm -r /sizes /bigdir; subvolume snapshot /deep/now; put tree/random /deep/now/future; mkdir /again
06-snapshots | 6.12 | subvolume snapshot /sub1 /sub1/s; mkdir /sub1/new /sub1/s/other; rm -r /sub1/s/sizes; put -a tree /sub1/s; subvolume snapshot -r /sub1/s /s2
06-snapshots | 6.12 | subvolume delete /snapA; mkdir /snapA2/x
06-snapshots | 6.12 | subvolume delete /snapB /rootsnap; subvolume delete /sub1/nested; subvolume delete /sub1
06-snapshots | 6.12 | subvolume delete /snapA /snapA2 /snapA3 /snapB; subvolume snapshot /sub1 /sub2; subvolume delete /sub1/nested /sub1
06-snapdel-crash | 6.12 | subvolume snapshot /x; subvolume delete /x
03-mixed | 6.12 | subvolume snapshot /a; subvolume snapshot /a /b; subvolume snapshot /b /c; put tree/text /b/future; rm -r /a/sizes; subvolume delete /b; subvolume delete /a
11-fresh-v128 | 6.16 | put -a tree /; subvolume create /v; put -a tree /v; subvolume snapshot /v /s; rm -r /s/tree/sub; subvolume snapshot -r /s /t; subvolume delete /v; subvolume set-ro no /t; put tree/text /t
03-mixed | 6.12 | set-file-option --compression=zstd --background_compression=gzip:3 /sizes /deep; put -a tree /deep; set-file-option --compression=- --data_checksum=xxhash /deep; set-file-option --remove-all /dir-compression=lz4 /dir-nocow=1
06-snapshots | 6.12 | set-file-option --compression=lz4 --project=7 /sub1 /snapA2; set-file-option --no-recursive --background_compression=zstd /sub1/ren; put -a tree /sub1/ren
09-targets | 6.12 | set-file-option --foreground_target=none --background_target=0 --data_replicas=2 /; put -a tree /
11-fresh-v128 | 6.16 | set-file-option --background_compression=zstd --promote_target=0 /; put -a tree /; set-file-option --compression=gzip /tree/sub; mv /tree/random /tree/sub
13-k616-casefold | 6.16 | put -a tree /; mkdir /CASE; rm -r /tree/sub
'

make_tree() { # DIR
	mkdir -p "$1/sub/deep" "$1/many"
	head -c 300000 /dev/urandom >"$1/random"
	head -c 700001 <(yes "some text") >"$1/sub/text"
	cp "$1/sub/text" "$1/text"
	echo small >"$1/small"
	: >"$1/empty"
	truncate -s 3M "$1/sparse" && echo end >>"$1/sparse"
	ln -s small "$1/link" && ln -s "$(printf 'x%.0s' {1..2000})" "$1/long"
	ln "$1/small" "$1/sub/deep/hard"
	mkfifo "$1/fifo"
	mknod "$1/device" c 1 3
	chmod 4751 "$1/empty" && chown 1000:100 "$1/sub"
	setfattr -n user.test -v value "$1/text"
	setfattr -n user.empty "$1/sub"
	touch -d 2001-02-03T04:05:06.789 "$1/text" && touch -h -d 1960-01-01 "$1/link"
	for i in {1..300}; do
		echo "$i" >"$1/many/name$i"
	done
}

write_case() { # DIR KERNEL COMMANDS
	cat >"$1/case.sh" <<-END
		# kernel: $2
		# seconds: 300
		mount_checked
		(cd \$MNT && $listing) >have
		cmp have want || fail "\$(diff want have | head -20)"
		unmount_ok
		fs_clean
	END
	{
		echo 'set -e
		devices=$(printf "%s\n" dev*.img | paste -sd:)'
		tr ';' '\n' <<<"$3" | while read -r command; do
			# the program changes folder for nothing else
			echo "(cd .. && '$bcachefs' $command \$(printf -- '-D %s ' '$1'/dev*.img)) 2>said || { cat said; exit 1; }"
			echo "'$bcachefs' fs usage --recount dev*.img >/dev/null 2>recount
				! grep -v 'which is harmless' recount"
		done
		echo "'$bcachefs' get -a \"\$devices\" / out 2>&1
			(cd out && $listing) >want
			rm -rf out"
	} >"$1/before.sh"
}

make_tree "$work/tree"
cases=() nr=0
while IFS='|' read -r image kernel commands; do
	read -r image <<<"$image"
	[[ $image ]] || continue
	read -r kernel <<<"$kernel"
	read -r commands <<<"$commands"
	name=$((++nr))-$image-${commands%% *}
	# shellcheck disable=SC2053
	[[ $name == ${1:-*} ]] || continue
	dir=$work/$name
	mkdir "$dir"
	for packed in "$here/../images/$image"/dev*.img.zst; do
		zstd -qd --long=27 --sparse "$packed" -o "$dir/$(basename "$packed" .zst)"
	done
	write_case "$dir" "$kernel" "$commands"
	cases+=("$dir")
done <<<"$matrix"
"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
