#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every public function of the library is declared in a header, under a comment, and bears the library's prefix.
. "$(dirname "$0")/lib.sh"

library=${B:-build}/libbcachefs.a
prototypes=$(awk -f "$(dirname "$0")/prototypes.awk" include/bcachefs/*.h libbcachefs/*/*.h)
globals=$(nm -g --defined-only "$library" | awk 'NF == 3')

awk '!$3 { print $2 ": " $1 }' <<<"$prototypes" | none 'every prototype in a header stands under a comment'

# Some are declared by a macro for each row of a table: look behind the preprocessor.
declared=$(printf '#include "%s"\n' "$PWD"/include/bcachefs/*.h "$PWD"/libbcachefs/*/*.h |
	cc -std=gnu11 -D_GNU_SOURCE -Iinclude -Ilibbcachefs -E -P -x c - 2>/dev/null)
awk '$2 == "T" { print $3 }' <<<"$globals" | while read -r name; do
	grep -qE "[^a-z0-9_]$name ?[(;]" <<<"$declared" || echo "$name"
done | none 'every public function is declared in a header'

awk '$3 !~ /^(bch_|__(start|stop)_bch_)/ { print $3 }' <<<"$globals" | none 'every public name begins with bch_'

[[ $globals ]] || echo "$library has none" | none 'the library has public names'

end
