#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fiemap of an unmounted filesystem is what the ioctl FIEMAP of the kernel that wrote it says, for every file of every clean
# image of tests/images and BCACHEFS_TEST_IMAGES. Output in TAP.
#
#   fiemap.sh [PATTERN]     only images whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pattern=${1:-*} nr=0 failed=0

# A disk costs time and memory, so that not all images are in one machine.
images_at_once=10

cc -D_GNU_SOURCE -O2 -o "$work/extents" "$here/extents.c"

# The kernel ends at the first record that is the last: of the last extent it gives one pointer alone.
# Our text as extents.c prints the kernel's: the names of flags are those of CLI 14.2, the numbers those of linux/fiemap.h.
as_extents() {
	awk -F '\t' '
	BEGIN {
		split("last 1 reservation 2054 encoded 8 not_aligned 256 inline 768 unwritten 2048 reflink 8192", w, " ")
		for (i = 1; i in w; i += 2)
			value[w[i]] = w[i + 1]
	}
	/^\// {
		path = substr($0, 1, length($0) - 1)
		gsub(" ", "\\x20", path)
		ended = 0
		next
	}
	/^ *Logical / || /^$/ || ended { next }
	{
		split($0, column, " +")
		n = split(column[6], names, ",")
		flags = 0
		for (i = 1; i <= n; i++) {
			if (names[i] == "lost")
				next
			bits = value[names[i]] + 0
			for (bit = 1; bit <= 8192; bit *= 2)
				if (int(bits / bit) % 2 && !(int(flags / bit) % 2))
					flags += bit
		}
		printf "%s\t%s\t%s\t%s\t%x\n", path, column[2], column[3], column[5] == "-" ? 0 : column[5], flags
		ended = flags % 2
	}'
}

# What the kernel calls a path, as bytes.
paths_of() { # FILE
	local path
	cut -f1 "$1" | uniq | while IFS= read -r path; do
		printf '%b\0' "$path"
	done
}

compare() { # NAME FILE DEVICES
	local sentence="FIEMAP of the kernel says the same of $1"
	((++nr))
	paths_of "$2" | xargs -0r "$bcachefs" fiemap -v "$3" | as_extents >"$work/have" || true
	if [[ -s $2 ]] && diff "$2" "$work/have" >"$work/diff"; then
		echo "ok $nr - $sentence ($(wc -l <"$2") extents)"
	else
		echo "not ok $nr - $sentence"
		head -n 20 "$work/diff" | sed 's/^/# /'
		failed=1
	fi
}

# The kernel that wrote the image, and nothing where it cannot be asked.
kernel_of() { # DEVICES
	local super
	super=$("$bcachefs" show-super "${1%%:*}" 2>/dev/null) || return 0
	grep -q '^Clean: *1' <<<"$super" || return 0
	# a passphrase is asked for by both, and nobody is there
	"$bcachefs" list -n 1 --passphrase_file=/dev/null "$1" >"$work/keys" 2>&1 || return 0
	grep -q '^u64s ' "$work/keys" || return 0 # no files
	case $(sed -n 's/^Version: *\(1\.[0-9]*\).*/\1/p' <<<"$super") in
	1.13) echo 6.12 ;;
	1.28) echo 6.16 ;;
	esac
}

# Unpacks the image into its folder and prints its devices, joined by colons.
unpack() { # FOLDER
	local packed devices='' to=$work/${1##*/}
	mkdir -p "$to"
	for packed in "$1"/dev*.img.zst; do
		zstd -qdf --long=27 --sparse "$packed" -o "$to/$(basename "$packed" .zst)"
		devices+=${devices:+:}$to/$(basename "$packed" .zst)
	done
	echo "$devices"
}

names=() device_lists=()
declare -A seen=()

# Asks the kernel about all that is unpacked.
ask() { # KERNEL
	local i word disk=0 disks script=$work/script.sh images=()
	((${#names[@]})) || return 0
	: >"$script"
	for i in "${!names[@]}"; do
		disks=''
		for word in ${device_lists[i]//:/ }; do
			disks+=${disks:+:}/dev/vd$(printf %b "\\0$(printf %o $((97 + disk)))") # 97 is a
			((++disk))
			images+=("$word")
		done
		cat >>"$script" <<-END
			echo "== ${names[i]}"
			for options in ro,norecovery ro ro,degraded ro,very_degraded; do
				mount -t bcachefs -o \$options $disks /mnt 2>/dev/null && break
			done
			cd /mnt
			find . -type f -exec extents /mnt {} + | sed 's/^\.//'
			cd /
			umount /mnt
		END
	done
	"$here/vm" run -k "$1" -t 600 -p "$work/extents" "$script" "${images[@]}" >"$work/said" || echo "# the machine: $?"
	for i in "${!names[@]}"; do
		sed -n "/^== ${names[i]}\$/,/^==/ { /^==/d; p }" "$work/said" >"$work/want"
		compare "${names[i]}" "$work/want" "${device_lists[i]}"
		rm -r "${work:?}/${names[i]}"
	done
	names=() device_lists=()
}

IFS=: read -ra folders <<<"$here/../images${BCACHEFS_TEST_IMAGES:+:$BCACHEFS_TEST_IMAGES}"
for kernel in 6.12 6.16; do
	for folder in "${folders[@]}"; do
		for image in "$folder"/*/; do
			name=$(basename "$image")
			# shellcheck disable=SC2053
			[[ $name == $pattern && -e $image/dev0.img.zst && ! ${seen[$name]-} ]] || continue
			devices=$(unpack "${image%/}")
			if [[ $(kernel_of "$devices") != "$kernel" ]]; then
				rm -r "${work:?}/$name"
				continue
			fi
			seen[$name]=1
			names+=("$name") device_lists+=("$devices")
			((${#names[@]} < images_at_once)) || ask "$kernel"
		done
	done
	ask "$kernel"
done
echo "1..$nr"
exit $failed
