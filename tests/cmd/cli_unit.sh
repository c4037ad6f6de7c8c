#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The C tests of the frame in this folder, each linked with the objects of the commands: built here, in the flavour of $B, and run.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/cmd/link_lib.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

for source in tests/cmd/cli_*.c; do
	name=$work/$(basename "$source" .c)
	link_with_commands "$name" "$source" && CMOCKA_MESSAGE_OUTPUT=TAP "$name" || failed=1
done
exit $failed
