#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What device add, set-state, resize and resize-journal leave of filesystems that kernels wrote, judged by the kernel: after
# each command every counter and bucket is what a recount says; then the kernel's fsck finds nothing, its files are those
# that we got before, it writes to all devices, and fsck finds nothing again, the kernel's nor ours. Output in TAP.
#
#   device.sh [PATTERN]     only the rows whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); JOBS, machines at a time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=tests/vm/listing.sh
. "$here/listing.sh"
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Image of tests/images (its devices numbered anew from 0) | kernel | what is done, commands between semicolons: @ is
# the filesystem, +SIZE a new image | MiB to write in the machine | what must be true while it is mounted.
matrix='
03-mixed | 6.12 | device add @ +64M | 16 | grep -q user $SYS/dev-1/has_data
03-mixed | 6.12 | device add --label=ssd.x --durability=2 @ +128M --label=hdd.y --bucket_size=512K +300M; set-fs-option --foreground_target=hdd @ | 16 | grep -q user $SYS/dev-2/has_data
08-replicas2 | 6.12 | device add --label=third @ +64M | 8 | grep -q third $SYS/dev-2/label
09-devices-changed | 6.12 | device add @ +64M +64M | 8 | [ -d $SYS/dev-0 ] && [ -d $SYS/dev-3 ]
10-crash-b | 6.12 | device add @ +64M | 8 | [ -d $SYS/dev-1 ]
11-fresh-512 | 6.12 | device add @ +64M +64M +64M | 8 | [ -d $SYS/dev-3 ]
11-fresh-v128 | 6.16 | device add --label=a.b @ +128M; device add --discard @ +200M | 16 | [ -d $SYS/dev-2 ]
13-k616-snapshots | 6.16 | device add @ +128M | 8 | [ -d $SYS/dev-1 ]
12-upgraded | 6.12 | device add @ +64M; fsck -y @ | 8 | [ -d $SYS/dev-1 ]
09-targets | 6.12 | device set-state ro 1 @ | 8 | grep -q "ro" $SYS/dev-1/state
09-targets | 6.12 | device set-state -F failed 2 @; device set-state rw hdd.c @ | 8 | grep -q rw $SYS/dev-2/state
03-mixed | 6.12 | device resize --truncate dev0.img 300M @ | 100 | true
03-mixed | 6.12 | device resize --truncate dev0.img 64M @ | 8 | true
06-snapshots | 6.12 | device resize-journal 0 4M @; device resize-journal 0 1M @; device resize --truncate 0 min @ | 2 | true
08-replicas2 | 6.12 | device resize --truncate 0 64M @; device resize-journal 1 4M @; device resize --truncate 1 150M @ | 8 | true
09-targets | 6.12 | device resize --truncate dev1.img 64M @; device resize --truncate 0 200M @; device resize --truncate 0 min @ | 8 | true
10-crash-b | 6.12 | device resize-journal 0 8M @; device add @ +64M; device resize --truncate 0 128M @ | 8 | [ -d $SYS/dev-1 ]
11-fresh-v128 | 6.16 | device add @ +128M; device resize --truncate dev1.img 256M @; device resize --truncate 1 128M @ | 8 | true
13-k616-snapshots | 6.16 | device resize --truncate 0 min @; device resize-journal 0 4M @; device resize --truncate 0 200M @ | 8 | true
'

write_case() { # DIR KERNEL COMMANDS MIB CONDITION
	cat >"$1/case.sh" <<-END
		# kernel: $2
		# seconds: 300
		mount_checked
		SYS=\$(echo /sys/fs/bcachefs/*-*)
		(cd \$MNT && $listing) >have
		cmp have want || fail "\$(diff have want | head -20)"
		dd if=/dev/urandom of=\$MNT/written bs=1M count=$4 2>/dev/null || fail "cannot write"
		sync
		{ $5; } || fail "not so: $5: \$(head \$SYS/dev-*/state \$SYS/dev-*/has_data)"
		unmount_ok
		log_is_clean
		fs_clean
	END
	{
		echo 'set -e
		add() { truncate -s "$1" dev$(ls dev*.img | wc -l).img; ls dev*.img | sort -V | tail -n 1; }
		devices=$(ls dev*.img | sort -V | paste -sd:)'
		echo "'$bcachefs' get -a \"\$devices\" / out 2>&1
			(cd out && $listing) >want
			rm -rf out"
		tr ';' '\n' <<<"$3" | while read -ra words; do
			for i in "${!words[@]}"; do
				case ${words[i]} in
				@) words[i]='"$devices"' ;;
				+*) words[i]='$(add '"${words[i]#+}"')' ;;
				esac
			done
			echo "'$bcachefs' ${words[*]} >said 2>&1 || [ \$? = 1 -a '${words[0]}' = fsck ] || { cat said; exit 1; }
				devices=\$(ls dev*.img | sort -V | paste -sd:)
				'$bcachefs' fs usage --recount dev*.img >/dev/null 2>recount
				! grep -v 'which is harmless' recount || exit 1"
		done
	} >"$1/before.sh"
	echo "'$bcachefs' fsck -n -q dev*.img" >"$1/after.sh"
}

cases=() nr=0
while IFS='|' read -r image kernel commands mib condition; do
	read -r image <<<"$image"
	[[ $image ]] || continue
	read -r kernel <<<"$kernel"
	read -r commands <<<"$commands"
	name=$((++nr))-$image-${commands%% [-@]*}
	name=${name// /-}
	# shellcheck disable=SC2053
	[[ $name == ${1:-*} ]] || continue
	dir=$work/$name
	mkdir "$dir"
	i=0
	for packed in "$here/../images/$image"/dev*.img.zst; do
		zstd -qd --long=27 --sparse "$packed" -o "$dir/dev$((i++)).img"
	done
	write_case "$dir" "$kernel" "$commands" $mib "$condition"
	cases+=("$dir")
done <<<"$matrix"
"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
