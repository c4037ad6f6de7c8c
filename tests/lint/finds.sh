#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The structure tests can fail: in a tree that breaks every rule, each of their sentences does.
. "$(dirname "$0")/lib.sh"

lint=$(realpath "$(dirname "$0")")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
export B=build
cd "$tree" || exit

lines() { # NUMBER
	yes '	a = 1;' | head -n "$1"
}

mkdir -p libbcachefs/{base,io,odd} include/bcachefs cmd tests/{cmd,images} build/cmd
echo 'FLOORS := base io' >Makefile
echo "http$(printf ':')//somewhere" >README.md
printf '#!/bin/sh\n:\n' >tests/cmd/forgotten.sh
fallocate -l 41M tests/images/large.zst
printf '#include "io/private.h"\n' >libbcachefs/base/later.c
printf '#ifndef SAME_H\n#define SAME_H\n#include <bcachefs/two.h>\nvoid bch_one(unknown x);\n#endif\n' >include/bcachefs/one.h
printf '#ifndef SAME_H\n#define SAME_H\n#include "one.h"\n#endif\n' >include/bcachefs/two.h
printf 'unknown x;\n' >libbcachefs/io/private.h
printf '#include "io/private.h"\n' >cmd/nosy.c
{
	printf '#include <stdio.h>\nvoid stray(void)\n{\n\tputs("");\n}\nint a;\nvoid far(void)\n{\n'
	lines 120
	printf '}\n'
	lines 600
} >libbcachefs/io/long.c
head -n 6 libbcachefs/io/long.c | cc -c -x c - -o build/cmd/nosy.o
cp build/cmd/nosy.o build/bcachefs.o
ar rc build/libbcachefs.a build/cmd/nosy.o

# What is not `not ok` in the output of a structure test, and a missing plan.
passes() { # TEST [ALLOWED]
	local output
	output=$("$lint/$1.sh" 2>&1)
	grep -v '^not ok\|^#\|^1\.\.[1-9]' <<<"$output" | grep -vx "ok [0-9]* - ${2-}"
	grep -q '^1\.\.[1-9]' <<<"$output" || echo "$1.sh did not come to its end"
}

for test in floors headers sources format; do
	passes "$test" | none "each rule of $test.sh is broken in a bad tree, and found"
done
passes documented 'the library has public names' | none 'each rule of documented.sh is broken in a bad tree, and found'

end
