#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The judge is judged: cases that must be found good, and cases that must be found bad, through all of the harness.
# Output in TAP. In the environment: BCACHEFS, the program (bcachefs at the top of the repository).
# shellcheck disable=SC2016 # the scripts of cases expand inside the machine
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cases=() wanted=()

# A case whose script is standard input, and how it must be reported.
add_case() { # WANTED NAME
	mkdir "$work/$2"
	cat >"$work/$2/case.sh"
	cases+=("$work/$2") wanted+=("$1 $((${#cases[@]})) - $2")
}

# The same with a filesystem in dev0.img.
add_fs_case() { # WANTED NAME
	add_case "$@"
	truncate -s 64M "$work/$2/dev0.img"
	echo "\"$bcachefs\" format -f -q dev0.img" >"$work/$2/before.sh"
}

add_case "ok" nothing </dev/null
add_case "not ok" exit-status <<<'exit 3'
add_case "ok" skipped <<<'exit 77'
wanted[2]+=" # SKIP"
add_case "not ok" too-slow <<<$'# seconds: 2\nsleep 1000'
add_case "not ok" process-left-behind <<<'(trap "" TERM; sleep 1000) & exit 1'
add_case "not ok" host-before <<<'exit 0'
echo 'exit 1' >"$work/host-before/before.sh"
add_case "not ok" host-after <<<'exit 0'
echo 'exit 1' >"$work/host-after/after.sh"
add_case "not ok" kernel-crash <<<'echo c >/proc/sysrq-trigger'
add_case "ok" after-the-crash <<<'[ "$DEVS" = "" ]' # no images of its own, so no device
add_case "ok" newer-kernel <<<$'# kernel: 6.16\nuname -r | grep "^6\\.16"'

add_fs_case "ok" mounted-checked-kept <<-'END'
	mount_ok
	files_put 1 100
	unmount_ok
	mount_checked
	files_check
	unmount_ok
	fs_clean
END
add_fs_case "ok" left-mounted <<<mount_ok
add_fs_case "not ok" file-changed <<-'END'
	mount_ok
	files_put 1 100
	echo >>"$MNT/files/large"
	files_check
END
add_fs_case "not ok" kernel-complains <<-'END'
	mount_ok
	echo "bcachefs (vda): something wrong, fixing" >/dev/kmsg
	unmount_ok
	log_is_clean
END
add_fs_case "not ok" no-filesystem <<-'END'
	dd if=/dev/zero of="$DEV0" bs=1M 2>/dev/null
	mount_ok
END
add_fs_case "not ok" filesystem-damaged <<-'END'
	mount_ok
	files_put 1 100
	unmount_ok
	dd if=/dev/zero of="$DEV0" bs=1M seek=2 count=60 2>/dev/null
	fs_clean
END

"$here/vm" batch -j 2 "${cases[@]}" >"$work/tap" || true
! grep '^1\.\.0 # SKIP' "$work/tap" || exit 0
echo 1..1
if diff <(printf '%s\n' "1..${#cases[@]}" "${wanted[@]}") <(grep -v '^#' "$work/tap"); then
	echo "ok 1 - each case is reported as it is"
else
	echo "not ok 1 - each case is reported as it is"
	sed 's/^/# /' "$work/tap"
	exit 1
fi
