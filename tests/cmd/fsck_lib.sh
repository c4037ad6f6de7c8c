# SPDX-License-Identifier: GPL-2.0-or-later
# For tests of fsck: damage done by kvdb, and that it is found, repaired, and gone.
. "$(dirname "$0")/lib.sh"

# Changes keys without anything being derived from it, unless a command says otherwise.
damage() { # COMMAND...
	local words=() word
	for word in "$@"; do
		words+=(-c "$word")
	done
	bcachefs kvdb --rw "${words[@]}" dev0.img >kvdb.out 2>&1 || fail "kvdb: $(<kvdb.out)"
}

# The kinds of problems that the last run told of, by name.
kinds() {
	sed -nE 's/^([a-z_]+\.\.\.)?\[([a-z_0-9]+)\] .*/\2/p' "$work/out" | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# What -n finds changes nothing; -y repairs it, after which nothing is found, and all is counted right.
repairs() { # KIND...
	local before
	before=$(sha256sum <dev0.img)
	run bcachefs fsck -n -v dev0.img
	status 4
	err ': still has errors$'
	[[ $(kinds) == "$*" ]] || fail "found: $(kinds), wanted: $*"
	holds test "$before" = "$(sha256sum <dev0.img)"
	run bcachefs fsck -y -v dev0.img
	status 1
	err ': errors fixed$'
	[[ $(kinds) == "$*" ]] || fail "repaired: $(kinds), wanted: $*"
	sound
}

sound() {
	run bcachefs fsck -n dev0.img
	status 0
	out ': 0 kinds of problems, 0 found, 0 repaired, 0 left$'
	no_err
	run bcachefs fs usage --recount dev0.img
	status 0
	no_err
}
