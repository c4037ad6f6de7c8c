#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Superblocks that our commands wrote over those of a kernel: recovered, with other options, under another passphrase.
# The kernel mounts each, its fsck finds nothing, the files are there. Output in TAP.
#
#   superblock.sh [PATTERN]     only the cases whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); JOBS, machines at a time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pattern=${1:-*}
cases=()

# What the cases share: a filesystem that a kernel has written to, and its last judgement.
cat >"$work/share.sh" <<'END'
put() {
	mount_ok
	files_put 7 40
	unmount_ok
}
check() { # [DEVICES]
	mount_checked "$@"
	files_check
	unmount_ok
	log_is_clean
}
# COPY... by number; "layout" is sector 7
destroy() { # DEVICE COPY...
	local dev=$1 copy sector nr
	shift
	for copy; do
		if [ "$copy" = layout ]; then
			sector=7 nr=1
		else
			sector=$(cut -d ' ' -f $((copy + 1)) "offsets.${dev##*/}") nr=8
		fi
		dd if=/dev/urandom of="$dev" bs=512 seek="$sector" count=$nr conv=notrunc 2>/dev/null
	done
}
# Notes where the copies lie, for destroy.
note_copies() { # DEVICE
	bcachefs show-super -l "$1" | sed -n 's/^ *Offsets: *//p' | tr -d , >"offsets.${1##*/}"
	[ "$(wc -w <"offsets.${1##*/}")" = 3 ] || fail "three copies wanted"
}
refuse() { # COMMAND...
	! "$@" || fail "not refused: $*"
}
END

# The case NAME: the commands that standard input has, on new images.
new_case() { # NAME FORMAT-OPTIONS SIZE...
	local name=$1 options=$2 size i=0 devices=''
	shift 2
	# shellcheck disable=SC2053 # it is a pattern
	if [[ $name != $pattern ]]; then
		cat >/dev/null
		return
	fi
	mkdir "$work/$name"
	for size; do
		truncate -s "$size" "$work/$name/dev$i.img"
		devices+=" dev$i.img"
		((++i))
	done
	printf 'correct horse\n' >"$work/$name/old"
	printf 'battery staple\n' >"$work/$name/new"
	echo "\"$bcachefs\" format -f -q $options$devices" >"$work/$name/before.sh"
	{
		cat "$work/share.sh"
		cat
	} >"$work/$name/case.sh"
	cases+=("$work/$name")
}

for lost in "0" "0 layout" "1" "2" "0 1" "0 1 layout" "1 2 layout" "0 2 layout"; do
	new_case "copies-lost-${lost// /-}" "" 256M <<-END
		put
		note_copies "\$DEV0"
		destroy "\$DEV0" $lost
		bcachefs recover-super -y "\$DEV0" >log || fail "cannot recover"
		bcachefs show-super --all-copies "\$DEV0" | grep -q differs && fail "copies differ"
		check
	END
done

new_case member-recovered-from-its-copies "--replicas=2" 128M 128M <<'END'
put
note_copies "$DEV1"
destroy "$DEV1" 0 1 layout
bcachefs recover-super -y "$DEV1" >log || fail "cannot recover"
check
END

new_case member-recovered-from-another "--replicas=2" 128M 128M <<'END'
put
note_copies "$DEV1"
journal=$(bcachefs show-super -F journal_v2 "$DEV1")
destroy "$DEV1" 0 1 2 layout
refuse bcachefs recover-super -y "$DEV1"
bcachefs recover-super -y -s "$DEV0" -i 1 "$DEV1" >log || fail "cannot recover"
[ "$(bcachefs show-super -F journal_v2 "$DEV1")" = "$journal" ] || fail "the journal is not where it was"
check
END

new_case options-changed "" 256M <<'END'
put
bcachefs set-fs-option --compression=zstd:3 --data_checksum=xxhash --metadata_checksum=crc64 --errors=ro \
	--gc_reserve_percent=11 --str_hash=crc32c --fs_label=renamed --uuid=11111111-2222-3333-4444-555555555555 "$DEV0" ||
	fail "cannot set"
check
bcachefs show-super "$DEV0" >super.txt
for line in 'External UUID: *11111111-2222-3333-4444-555555555555' 'Label: *renamed' 'compression: *zstd:3' \
	'errors:.*\[ro\]' 'metadata_checksum:.*\[crc64\]'; do
	grep -q "$line" super.txt || fail "the kernel lost: $line"
done
END

new_case member-options-changed "--replicas=2" 128M 128M 128M <<'END'
put
bcachefs set-fs-option -d 0 -d 1 --label=ssd.x "$DEV0" "$DEV1" "$DEV2" || fail "cannot set"
bcachefs set-fs-option -d 2 --label=hdd.y --durability=2 --discard "$DEV0" "$DEV1" "$DEV2" || fail "cannot set"
bcachefs set-fs-option --foreground_target=ssd --background_target=hdd.y "$DEV0" "$DEV1" "$DEV2" || fail "cannot set"
check
bcachefs show-super -f disk_groups,members_v2 "$DEV2" >super.txt
for line in 'foreground_target: *ssd$' 'background_target: *hdd.y$' 'Label: *hdd.y' 'Durability: *2'; do
	grep -q "$line" super.txt || fail "the kernel lost: $line"
done
END

new_case counters-reset "" 256M <<'END'
put
bcachefs reset-counters "$DEV0" || fail "cannot reset"
bcachefs show-super -F counters "$DEV0" | grep -v ' 0$' && fail "not zero"
check
END

new_case passphrase-changed "--encrypted --passphrase_file=old" 256M <<'END'
refuse mount -t bcachefs "$DEV0" "$MNT"
refuse bcachefs unlock -f new "$DEV0"
bcachefs unlock -f old "$DEV0" || fail "cannot unlock"
put
bcachefs unlock --lock "$DEV0" || fail "cannot lock"
refuse mount -t bcachefs "$DEV0" "$MNT"
refuse bcachefs set-passphrase --passphrase_file=new --new_passphrase_file=old "$DEV0"
bcachefs set-passphrase --passphrase_file=old --new_passphrase_file=new "$DEV0" || fail "cannot change"
refuse bcachefs unlock -f old "$DEV0"
bcachefs unlock -f new "$DEV0" || fail "cannot unlock anew"
check
END

new_case passphrase-removed-and-set "--encrypted --passphrase_file=old --replicas=2" 128M 128M <<'END'
bcachefs unlock -f old "$DEV0" || fail "cannot unlock"
put
bcachefs unlock --lock "$DEV0" || fail "cannot lock"
refuse bcachefs remove-passphrase --passphrase_file=new "$DEV0" "$DEV1"
bcachefs remove-passphrase --passphrase_file=old "$DEV0" "$DEV1" || fail "cannot remove"
check
bcachefs set-passphrase --new_passphrase_file=new "$DEV0" "$DEV1" || fail "cannot set"
refuse mount -t bcachefs "$DEVS" "$MNT"
bcachefs unlock -k user_session -f new "$DEV1" || fail "cannot unlock"
check
END

new_case others-found-by-scanning "--replicas=2" 128M 128M <<'END'
put
bcachefs set-fs-option --fs_label=whole "$DEV1" || fail "cannot set with one member named"
for dev in "$DEV0" "$DEV1"; do
	bcachefs show-super "$dev" | grep -q 'Label: *whole' || fail "$dev has not got it"
done
bcachefs scan "$DEV0" "$DEV1" | grep -q '2 of 2 devices' || fail "scan does not see both"
check
END

if ((${#cases[@]})); then
	"$here/vm" batch -t 240 -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
fi
