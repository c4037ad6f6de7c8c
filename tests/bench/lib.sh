# SPDX-License-Identifier: GPL-2.0-or-later
# For benchmarks: a work folder, filesystems to measure on, what a command took. Sourced.
#
# In the environment: B, the build folder; BENCH_DIR, where there is room (the system's folder for temporary files).
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
top=$(realpath "$here/../..")
B=${B:-$top/build}
bcachefs=$B/bcachefs
work=$(mktemp -d -p "${BENCH_DIR:-${TMPDIR:-/tmp}}")
mounts=()

end() {
	local m
	for m in ${mounts[@]+"${mounts[@]}"}; do
		umount "$m" 2>/dev/null || umount -l "$m" 2>/dev/null || :
	done
	rm -rf "$work"
}
trap end EXIT

fill() { # NAME IMAGE_MIB NR_FILES FILE_KIB
	truncate -s "$2M" "$work/$1"
	"$bcachefs" format -q "$work/$1"
	"$B/tests/bench/mktree" "$3" "$4" "$work/$1"
}

# Nothing is in the page cache.
cold() {
	sync
	echo 3 >/proc/sys/vm/drop_caches 2>/dev/null || :
}

# What a command takes: sets wall and cpu (ms), memory (peak, KiB), read (from devices, KiB). 124 where timeout(1) ended it.
measure() { # COMMAND...
	local wall= cpu= memory= read=
	"$B/tests/bench/measure" "$work/measured" "$@" >/dev/null 2>"$work/said" || case $? in
	124) return 124 ;;
	*) cat "$work/said" >&2 && exit 1 ;;
	esac
	# shellcheck disable=SC1091
	source "$work/measured"
	took_wall=$wall took_cpu=$cpu took_memory=$memory took_read=$read
}

# A / B, with two digits.
ratio() { # A B
	local hundredths=$(($1 * 100 / ($2 > 0 ? $2 : 1)))
	printf '%d.%02d' $((hundredths / 100)) $((hundredths % 100))
}

say() { # WHAT FORMAT VALUE...
	local what=$1 format=$2
	shift 2
	# shellcheck disable=SC2059
	printf "%-34s $format\n" "$what" "$@"
}
