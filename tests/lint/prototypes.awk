# SPDX-License-Identifier: GPL-2.0-or-later
# Prototypes in headers: prints "NAME FILE:LINE DOCUMENTED" for each. A comment documents the declarations that follow
# it up to the next empty line; one behind a declaration documents that; and one that names `function()` anywhere in the
# header, as the comment of a structure names what frees it, documents that function.

FNR == 1 {
	depth = documented = in_comment = in_directive = 0
	statement = ""
}

in_comment {
	comments[FILENAME] = comments[FILENAME] $0
	in_comment = !/\*\//
	next
}

in_directive || /^#/ {
	in_directive = /\\$/
	next
}

/^$/ {
	documented = 0
	next
}

/^[ \t]*\/\*/ {
	comments[FILENAME] = comments[FILENAME] $0
	documented = 1
	in_comment = !/\*\//
	next
}

# A macro that declares.
!depth && statement == "" && /^[A-Z0-9_]+\(.*\);?$/ {
	next
}

{
	has_comment = /\/\*.*\*\//
	gsub(/\/\*.*\*\//, "")
	if (!depth)
		statement = statement $0 " "
	depth += gsub(/{/, "{") - gsub(/}/, "}")
}

!depth && /[;}][ \t]*$/ {
	if (statement !~ /^(static|typedef|struct [a-z_]+ {|enum|union|extern|_Static_assert)/ && statement ~ /\(/) {
		sub(/\(.*/, "", statement)
		sub(/.*[ *]/, "", statement)
		name[++nr] = statement
		file[nr] = FILENAME
		line[nr] = FNR
		said[nr] = documented || has_comment
	}
	statement = ""
}

END {
	for (i = 1; i <= nr; i++)
		print name[i], file[i] ":" line[i], (said[i] || index(comments[file[i]], name[i] "("))
}
