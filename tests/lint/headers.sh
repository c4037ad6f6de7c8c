#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each header compiles alone and has a guard of its own: BCHFS_PATH_H, with PATH as it is included, and once only where
# floor and file have one name (io/io.h may be BCHFS_IO_H).
. "$(dirname "$0")/lib.sh"

compile_alone() { # HEADER FLAG...
	local header=$1
	shift
	cc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -Iinclude "$@" -include "$header" -x c /dev/null \
		2>&1 || echo "$header does not compile alone"
}

for header in include/bcachefs/*.h cmd/*.h; do
	compile_alone "$header"
done | none 'every public header and every header of cmd/ compiles alone'

for header in libbcachefs/*/*.h; do
	compile_alone "$header" -Ilibbcachefs
done | none 'every header of the library compiles alone'

guard_of() { # HEADER
	awk '!/^#ifndef/ { next } { guard = $2; getline } $0 == "#define " guard { print guard } { exit }' "$1"
}

for header in include/bcachefs/*.h libbcachefs/*/*.h cmd/*.h; do
	path=${header#include/bcachefs/}
	path=${path#libbcachefs/}
	want=$(tr a-z/. A-Z__ <<<"BCHFS_$path")
	short=$(sed -E 's/^BCHFS_([^_]+)_\1_H$/BCHFS_\1_H/' <<<"$want")
	have=$(guard_of "$header")
	[[ $have == "$want" || $have == "$short" ]] || echo "$header: $want wanted, not '$have'"
done | none 'every header has the guard of its path'

for header in include/bcachefs/*.h libbcachefs/*/*.h cmd/*.h; do
	guard_of "$header"
done | sort | uniq -d | none 'no two headers have one guard'

end
