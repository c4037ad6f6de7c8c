#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# README.md says what works today: its table of commands is the program's.
. "$(dirname "$0")/lib.sh"

in_readme=$(sed -nE 's/^\| (`[^|]*) \|.*/\1/p' README.md | grep -oE '[^`, ][^`]*[^`, ]' | sort)
in_program=$("$BCACHEFS" help | sed -nE 's/^  ([a-z][a-z0-9_-]*( [a-z0-9_-]+)*)(  .*)?$/\1/p' | sort)

[[ $in_program ]] || echo "bcachefs help" | none 'the program lists its commands'
comm -23 <(echo "$in_readme") <(echo "$in_program") | none 'every command in README.md is there'
comm -13 <(echo "$in_readme") <(echo "$in_program") | none 'every command is in README.md'

end
