#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Form and size of the C sources: STYLE 2.1 and 2.3.
. "$(dirname "$0")/lib.sh"

c_files=(*.c cmd/*.[ch] include/*/*.h libbcachefs/*/*.[ch] tests/*/*.[ch])

formatted='every C file is as clang-format leaves it'
if command -v clang-format >/dev/null || [[ ${CI-} ]]; then
	clang-format --dry-run -Werror "${c_files[@]}" 2>&1 | sed -n 's/:.* error:.*//p' | uniq | none "$formatted"
else
	skip "$formatted" 'no clang-format'
fi

# Tables, which stand between the two marks, may be as long as they are.
awk '
	FNR == 1 { lines = table = 0 }
	/clang-format off/ { table = 1 }
	!table { lines++ }
	/clang-format on/ { table = 0 }
	lines == 601 { print FILENAME; nextfile }' "${c_files[@]}" | none 'no file has more than 600 lines beside its tables'

functions=$(awk '
	/^{/ { start = FNR }
	/^}/ { if (start) print FNR - start - 1, FILENAME ":" start; start = 0 }' "${c_files[@]}")
sort -rn <<<"$functions" | awk '
	$1 > 50 { long[++nr_long] = $2 ": " $1 " lines" }
	END {
		if (nr_long * 20 > NR)
			for (i = 1; i <= nr_long; i++)
				print long[i]
	}' | none '95 of 100 functions have at most 50 lines'
awk '$1 > 100 { print $2 ": " $1 " lines" }' <<<"$functions" | none 'no function has more than 100 lines'

end
