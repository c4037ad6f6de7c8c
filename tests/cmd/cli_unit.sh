#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The C tests of the frame in this folder, each linked with the objects of the commands: built here, in the flavour of $B, and run.
set -u
cd "$(dirname "$0")/../.." || exit 1
b=${B:-build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# Those of the Makefile.
read -ra names < <(sed -n 's/^LIBS *:= *//p' Makefile | sed 's/\$([A-Z]*)//g')
libraries=$(pkg-config --libs "${names[@]}" cmocka)
for name in libisal fuse3; do
	pkg-config --exists $name && libraries+=" $(pkg-config --libs $name)"
done

for source in tests/cmd/cli_*.c; do
	name=$work/$(basename "$source" .c)
	# The flags hold quoted words; the libraries are words.
	eval "$(<"$b/flags")" -I. -Wl,--as-needed -o "$name" "$source" "$b"/cmd/*.o "$b/libbcachefs.a" $libraries -lpthread -lm &&
		CMOCKA_MESSAGE_OUTPUT=TAP "$name" || failed=1
done
exit $failed
