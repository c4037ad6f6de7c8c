#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may include whom. A floor (a folder of libbcachefs, in the order of FLOORS in the Makefile) uses itself and those
# before it. Of another floor it includes FLOOR/FLOOR.h alone; but of base/ and ondisk/, which are tools and data, any
# header. Public headers include public headers; cmd/ includes those and its own.
. "$(dirname "$0")/lib.sh"

floors=$(sed -n 's/^FLOORS *:= *//p' Makefile)

for folder in libbcachefs/*/; do
	grep -qw "$(basename "$folder")" <<<"$floors" || echo "$folder"
done | none 'every folder of the library is a floor of the Makefile'

includes libbcachefs/*/*.[ch] | awk -v floors="$floors" -v open='base ondisk' '
	BEGIN {
		nr = split(floors, name)
		for (i = 1; i <= nr; i++)
			rank[name[i]] = i
		nr = split(open, name)
		for (i = 1; i <= nr; i++)
			is_open[name[i]] = 1
	}
	{
		split($1, path, "/")
		mine = path[2]
		what = substr($2, 2)
		nr = split(what, path, "/")
		theirs = nr > 1 ? path[1] : mine
		if ($2 ~ /^</ && !(theirs in rank && nr > 1))
			next
		if (!(theirs in rank))
			print $1 ": " what " is on no floor"
		else if (rank[theirs] > rank[mine])
			print $1 ": " what " is on a later floor"
		else if (theirs != mine && !is_open[theirs] && path[2] != theirs ".h")
			print $1 ": " what " is private to its floor"
	}' | none 'a floor includes itself, earlier floors, and of those only what is public to the library'

includes include/bcachefs/*.h | awk '$2 ~ /^"/ || $2 ~ /^<[a-z]+\/bcachefs/' |
	none 'a public header includes public and system headers alone'

includes bcachefs.c cmd/*.[ch] | while read -r where what; do
	name=${what:1}
	case $what in
	'<'*) [[ ! -e libbcachefs/$name ]] || echo "$where: $name" ;;
	*) [[ -e cmd/${name#cmd/} ]] || echo "$where: $name" ;;
	esac
done | none 'a command includes public headers and those of cmd/ alone'

includes include/bcachefs/*.h libbcachefs/*/*.h cmd/*.h | while read -r where what; do
	from=${where%:*} name=${what:1}
	for to in "include/$name" "libbcachefs/$name" "$(dirname "$from")/$name"; do
		[[ ! -e $to ]] || echo "$from $to"
	done
done | tsort 2>&1 >/dev/null | none 'no two headers include each other'

end
