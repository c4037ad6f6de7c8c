#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Members that were emptied or taken out, or had bad copies repaired, judged by the kernel: it mounts what is left without complaint, its fsck finds
# nothing, it shows the files that were there before, and goes on writing. Output in TAP.
#
#   devices.sh [PATTERN]     only the rows whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); JOBS, machines at a time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Image of tests/images, or how many devices are formatted with which options | kernel | what is done, commands between
# semicolons, without the devices; rm N: that one is not there any more; new.img: one more device; damage N: the first sector
# of all data and nodes on that one is noise, repair: scrub, which must find it all; add: new.img becomes a member; copies N:
# of all data and nodes there are N copies, all good.
matrix='
08-replicas2 | 6.12 | device evacuate 0
08-replicas2 | 6.12 | device evacuate 1; set-fs-option -d 1 --state=rw; data rereplicate
09-targets | 6.12 | device evacuate 0
09-targets | 6.12 | device evacuate hdd.b
09-targets | 6.12 | device evacuate 2; set-fs-option -d 2 --state=rw; data rereplicate; data job drop_extra_replicas
09-cache-durability0 | 6.12 | device evacuate 0
10-crash-c | 6.12 | device evacuate 1
3 --replicas=2 --compression=lz4 | 6.12 | device evacuate 1
3 --replicas=2 --compression=zstd --version=1.28 | 6.16 | device evacuate 0
2 --data_checksum=none --discard | 6.12 | device evacuate 0
4 --replicas=3 --data_checksum=xxhash --encoded_extent_max=256k | 6.12 | device evacuate 3; device evacuate 2
3 --replicas=1 | 6.12 | set-fs-option --data_replicas=2 --metadata_replicas=2; data rereplicate
08-replicas2 | 6.12 | device remove 0; rm 0
08-replicas2 | 6.12 | rm 1; device remove missing
09-targets | 6.12 | device remove 0; rm 0
09-targets | 6.12 | device remove 2; rm 2
09-targets | 6.12 | rm 1; device remove missing
09-cache-durability0 | 6.12 | device remove cache.1; rm 0
3 --replicas=2 --compression=lz4 | 6.12 | device remove --degrade 1; rm 1; data rereplicate
4 --replicas=2 | 6.12 | device remove 0 3; rm 0; rm 3
4 --replicas=2 --version=1.28 | 6.16 | device remove 1; rm 1
3 --replicas=2 --version=1.28 | 6.16 | rm 2; device remove missing
2 --data_checksum=none | 6.12 | device remove --keep-super 0; rm 0
09-targets | 6.12 | device replace 0 new.img; rm 0
08-replicas2 | 6.12 | rm 1; device replace missing new.img
03-mixed | 6.12 | device replace 0 new.img; rm 0
11-fresh-v128 | 6.16 | device replace 0 new.img; rm 0
3 --replicas=2 --version=1.28 | 6.16 | rm 2; device replace missing new.img
3 --replicas=3 | 6.12 | set-fs-option --data_replicas=1 --metadata_replicas=1; data job drop_extra_replicas; data job migrate 1
08-replicas2 | 6.12 | rm 1; device remove missing; add; data rereplicate; copies 2
3 --replicas=2 --encrypted --no_passphrase --compression=lz4 | 6.12 | rm 0; device remove missing; add; data rereplicate; copies 2
6 --replicas=3 --encrypted --no_passphrase | 6.12 | device evacuate 2; device remove 4; rm 4; copies 3
1 --encrypted --no_passphrase --compression=zstd | 6.12 | device replace 0 new.img; rm 0
07-reflink | 6.12 | device replace 0 new.img; rm 0
08-replicas2 | 6.12 | damage 1; repair
08-replicas2 | 6.12 | damage 0; repair
10-crash-c | 6.12 | damage 1; repair
3 --replicas=2 --compression=lz4 | 6.12 | damage 0; repair
03-mixed | 6.12 | set-fs-option --background_compression=zstd; reconcile run
06-snapshots | 6.12 | set-fs-option --background_compression=lz4 --data_checksum=xxhash; reconcile run
09-targets | 6.12 | set-fs-option --background_compression=zstd --data_replicas=2; reconcile run
3 --replicas=2 --version=1.28 | 6.16 | set-fs-option --background_compression=zstd --background_target=dev2.img; reconcile run
3 --replicas=2 --version=1.28 --data_checksum=crc64 | 6.16 | damage 2; repair
'

make_tree() { # DIR
	mkdir -p "$1/sub/deep" "$1/many"
	head -c 900000 /dev/urandom >"$1/random"
	head -c 700001 <(yes "some text") >"$1/sub/text"
	cp "$1/random" "$1/same"
	truncate -s 3M "$1/sparse" && echo end >>"$1/sparse"
	ln -s sub/text "$1/link"
	for i in {1..100}; do
		seq $((i * 50)) >"$1/many/name$i"
	done
}

# Types, owners, sizes, contents: in the folder, and in the machine by busybox.
listing='(
	find . ! -type d -exec stat -c "%n %f %h %u %g %s %Y" {} + | sort
	find . -type d ! -name . -exec stat -c "%n %f %u %g %Y" {} + | sort
	find . -type f ! -name "back*" ! -name "nl*" -exec md5sum {} + | sort -k 2
)'

# What a row's words besides commands do, as text of a script.
words_of_rows() {
	cat <<-END
		bucket_sectors() {
			'$bcachefs' show-super dev0.img | sed -n 's/^ *Bucket size: *\([0-9.]*\) \(.*\)$/\1\2/p' |
				head -n1 | numfmt --from=iec-i --suffix=B | awk '{ print \$1 / 512 }'
		}
		damage() { # MEMBER
			local at size
			size=\$(bucket_sectors)
			'$bcachefs' list -a dev*.img >keys
			for at in \$(sed -n "s/.* ptr: \$1:\([0-9]*\):\([0-9]*\) gen .*/\1*\$size+\2/p" keys | sort -u); do
				dd if=/dev/urandom of=dev\$1.img bs=512 count=1 seek=\$((at)) conv=notrunc status=none
			done
		}
		repair() {
			'$bcachefs' scrub dev*.img >said || [[ \$? == 2 ]]
			grep -q ', repaired' said && ! grep -v '^Starting\|^device\|^dev.*complete\|, repaired' said || exit 1
			'$bcachefs' scrub -n dev*.img >/dev/null
		}
		add() {
			'$bcachefs' device add -q "\$(printf '%s\n' dev*.img | paste -sd:)" new.img
			mv new.img dev9.img
		}
		copies() { # NR
			'$bcachefs' list -a dev*.img >keys
			grep -q "durability: \$1" keys
			grep 'durability: ' keys | grep -v "durability: \$1" && exit 1
			'$bcachefs' scrub -n dev*.img >/dev/null
		}
	END
}

write_case() { # DIR KERNEL COMMANDS
	local command
	cat >"$1/case.sh" <<-END
		# kernel: $2
		# seconds: 300
		mount_checked
		(cd \$MNT && $listing) >have
		cmp have want || fail "\$(diff want have | head -20)"
		files_put 1 60
		unmount_ok
		fs_clean
		mount_ok
		files_check
		unmount_ok
	END
	{
		echo "set -e"
		words_of_rows
		echo "
			'$bcachefs' get -a \"\$(printf '%s\\n' dev*.img | paste -sd:)\" / out 2>&1
			(cd out && $listing) >want
			rm -rf out"
		echo 'truncate -s 200M new.img'
		tr ';' '\n' <<<"$3" | while read -r command; do
			if [[ $command =~ ^\ *(damage|repair|add|copies) ]]; then
				echo "$command"
				continue
			elif [[ $command == rm\ * ]]; then
				echo "rm dev${command#rm }.img"
				continue
			fi
			echo "'$bcachefs' $command \$(printf -- '-D %s ' dev*.img) >said 2>&1 || { cat said; exit 1; }"
		done
		echo "[[ ! \$(od -An -N 16 -tx1 -j 4120 new.img) =~ [1-9a-f] ]] || mv new.img dev9.img
			rm -f new.img
			'$bcachefs' fs usage --recount \$(printf -- '-D %s ' dev*.img) >/dev/null 2>recount
			! grep -v 'which is harmless' recount || exit 1
			nr=0
			for image in dev*.img; do # those that are left are all
				[[ \$image == dev\$nr.img ]] || mv \$image dev\$nr.img
				nr=\$((nr + 1))
			done"
	} >"$1/before.sh"
}

# The devices of a row, in the folder.
make_devices() { # DIR IMAGE-OR-OPTIONS
	local packed i nr options
	if [[ -d $here/../images/$2 ]]; then
		for packed in "$here/../images/$2"/dev*.img.zst; do
			zstd -qd --long=27 --sparse "$packed" -o "$1/$(basename "$packed" .zst)"
		done
		return
	fi
	read -r nr options <<<"$2"
	for ((i = 0; i < nr; i++)); do
		truncate -s 96M "$1/dev$i.img"
	done
	"$bcachefs" format -q $options --source="$work/tree" --dedupe "$1"/dev*.img
	"$bcachefs" subvolume snapshot "$(printf '%s\n' "$1"/dev*.img | paste -sd:)" /then
	"$bcachefs" rm "$(printf '%s\n' "$1"/dev*.img | paste -sd:)" /many/name7 /sub/text
}

make_tree "$work/tree"
cases=() nr=0
while IFS='|' read -r image kernel commands; do
	read -r image <<<"$image"
	[[ $image ]] || continue
	read -r kernel <<<"$kernel"
	read -r commands <<<"$commands"
	name=$((++nr))-$(tr -c 'a-z0-9\n' - <<<"$image-${commands%%;*}")
	# shellcheck disable=SC2053
	[[ $name == ${1:-*} ]] || continue
	dir=$work/$name
	mkdir "$dir"
	make_devices "$dir" "$image"
	write_case "$dir" "$kernel" "$commands"
	cases+=("$dir")
done <<<"$matrix"
"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
