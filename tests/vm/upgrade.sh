#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What upgrade and downgrade leave, judged by the kernel that knows the version: its fsck finds nothing, it shows the files
# that were there before, writes others, and leaves counters and buckets as a recount says. Output in TAP.
#
#   upgrade.sh [PATTERN]     only the rows whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); JOBS, machines at a time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Image of tests/images; + for one that is made to look like 1.4 | kernel | the versions that it becomes, one after another.
matrix='
12-v14-fresh	| 6.12 | 1.13
12-v14-fresh	| 6.16 | 1.13 1.28
12-v14-fresh	| 6.12 | 1.13 1.28 1.13
12-v14-crash	| 6.12 | 1.13
12-v14-crash	| 6.16 | 1.28
12-v14-crash	| 6.12 | 1.13 1.28 1.13
+06-snapshots	| 6.12 | 1.13
+06-snapshots	| 6.16 | 1.13 1.28
+06-snapshots	| 6.12 | 1.13 1.28 1.13
+03-mixed	| 6.12 | 1.13 1.28 1.13
+08-replicas2	| 6.12 | 1.13
12-upgraded	| 6.16 | 1.28
12-upgraded	| 6.12 | 1.28 1.13
12-upgraded	| 6.12 | 1.9 1.10
03-mixed	| 6.16 | 1.28
07-reflink	| 6.16 | 1.28
07-reflink	| 6.12 | 1.28 1.13
06-snapshots	| 6.16 | 1.28
06-snapdel-crash | 6.16 | 1.28
08-replicas2	| 6.16 | 1.20 1.28
09-targets	| 6.16 | 1.28
09-targets	| 6.12 | 1.28 1.13
09-cache-durability0 | 6.16 | 1.28
10-crash-b	| 6.16 | 1.28
10-crash-c	| 6.12 | 1.28 1.13
14-quota	| 6.12 | 1.28 1.12 1.13
18-nocow	| 6.16 | 1.14 1.21 1.28
11-fresh-v128	| 6.12 | 1.13
13-k616-snapshots | 6.12 | 1.13
13-k616-snapshots | 6.16 | 1.13 1.28
'

# Types, links, owners, sizes, times, contents: by our program, and in the machine by busybox. The kernel has sizes for
# directories that others have not; names with a backslash or a newline are printed in two ways.
listing='(
	find . ! -type d -exec stat -c "%n %f %h %u %g %s %Y" {} + | sort
	find . -type d ! -name . -exec stat -c "%n %f %u %g %Y" {} + | sort
	find . -type f ! -name "back*" ! -name "nl*" -exec md5sum {} + | sort -k 2
)'

write_case() { # DIR KERNEL
	cat >"$1/case.sh" <<-END
		# kernel: $2
		# seconds: 300
		mount_checked
		(cd \$MNT && $listing) >have
		cmp have want || fail "\$(diff want have | head -20)"
		files_put 1 100
		unmount_ok
		fs_clean
	END
}

# The files must be the same after each step, and nothing be left to repair.
write_steps() { # DIR IMAGE VERSION...
	local to at=1.13
	[[ $2 != *v14* && $2 != +* ]] || at=1.4
	[[ $2 != 13-k616-* && $2 != *v128 ]] || at=1.28
	{
		echo 'set -e
		devices=$(printf "%s\n" dev*.img | paste -sd:)
		files() {
			rm -rf out
			"'"$bcachefs"'" get -a "$devices" / out 2>&1
			(cd out && '"$listing"') >"$1"
		}'
		[[ $2 != +* ]] || echo "BCACHEFS='$bcachefs' bash '$here/age.sh' dev*.img"
		echo 'files want'
		for to in "${@:3}"; do
			if [[ ${to#*.} -lt ${at#*.} ]]; then
				echo "'$bcachefs' downgrade --to=$to dev*.img"
			else
				echo "'$bcachefs' upgrade --to=$to dev*.img"
			fi
			echo "'$bcachefs' fsck -n -q dev*.img
			files now
			diff now want"
			at=$to
		done
		echo 'rm -rf out'
	} >"$1/before.sh"
	cat >"$1/after.sh" <<-END
		"$bcachefs" fs usage --recount dev*.img >/dev/null 2>recount.txt || exit 1
		! grep -v "which is harmless" recount.txt
	END
}

cases=() nr=0
while IFS='|' read -r image kernel versions; do
	read -r image <<<"$image"
	[[ $image ]] || continue
	read -r kernel <<<"$kernel"
	read -ra versions <<<"$versions"
	name=$((++nr))-$image-${versions[-1]}
	# shellcheck disable=SC2053
	[[ $name == ${1:-*} ]] || continue
	dir=$work/$name
	mkdir "$dir"
	for packed in "$here/../images/${image#+}"/*.img.zst; do
		name=$(basename "$packed" .zst)
		zstd -qd --long=27 --sparse "$packed" -o "$dir/${name/begun/dev0}"
	done
	write_case "$dir" "$kernel"
	write_steps "$dir" "$image" "${versions[@]}"
	cases+=("$dir")
done <<<"$matrix"
"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
