#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/check/ids.txt: it has each error id of versions up to 1.28, the tests that it names are there and make that error, and
# what it calls impossible is told by nobody.
. "$(dirname "$0")/lib.sh"

table=tests/check/ids.txt
last=321 # of 1.28
rows=$(grep -v '^#' $table)

diff <(sed -nE 's/^\tE\(([0-9]+),\t*(\w+)\).*/\1 \2/p' libbcachefs/ondisk/error_ids.h | awk -v last=$last '$1 <= last') \
	<(awk '{ print $1, $2 }' <<<"$rows") | none 'each error id is there once, in order'

# The file and those beside it that it includes: rows of tables may stand there.
texts() { # FILE
	cat "$1"
	sed -nE 's/^#include "([a-z_]+\.h)"/\1/p' "$1" | sed "s|^|${1%/*}/|" | xargs -r cat
}

# A case of a unit test is defined, and in the list of those that are run.
is_run() { # FILE CASE
	case $1 in
	*.sh) [[ -x $1 ]] && grep -q "^$2() {" "$1" ;;
	*) (($(grep -cw "$2" "$1") > 1)) ;;
	esac
}

while read -r _ name file case; do
	[[ $file != - ]] || continue
	[[ -f $file ]] || { echo "$name: no file $file" && continue; }
	is_run "$file" "$case" || echo "$name: $file does not run $case"
	(($(texts "$file" | grep -cw "\(BCH_FSCK_\)\?$name"))) || echo "$name: not in $file"
done <<<"$rows" | none 'each test that is named is there and names the error'

# Rules of keys are in ondisk/, where some are for writers alone.
awk '$3 == "-" && !/ - untested: / { print $2 }' <<<"$rows" | while read -r name; do
	grep -lw "BCH_FSCK_$name" libbcachefs/{check,btree,journal}/*.c | sed "s/$/ tells $name/"
done | none 'what is said to be on no disk is told by no check'

awk '$3 == "-" && NF < 4' <<<"$rows" | none 'each error without a test has a reason'

end
