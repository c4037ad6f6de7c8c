#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Help and the manual page come from the table of commands, and cannot lag behind it.
. "$(dirname "$0")/lib.sh"

# The commands of the overview, those of two words with a dot between them.
commands() {
	run bcachefs help
	status 0
	sed -n 's/^  \([a-z][a-z_-]*\( [a-z][a-z_-]*\)\?\)  .*/\1/p' "$work/out" | tr ' ' .
}

# The long options in the text on standard input.
options() {
	grep -oE -- '(^| )--[a-z][a-z_0-9-]*' | tr -d ' ' | sort -u
}

the_manual_page_is_what_the_table_says() {
	bcachefs __man >page
	run diff -u "$top/man/bcachefs.8" page
	[[ $got == 0 ]] || fail 'man/bcachefs.8 is old: bcachefs __man >man/bcachefs.8'
}

the_manual_page_formats_without_a_warning() {
	command -v man >/dev/null || skip 'no man'
	run env MANROFFOPT=-ww LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -l "$top/man/bcachefs.8"
	status 0
	no_err
	out '^NAME$'
}

the_manual_page_has_every_command_and_option() {
	local command option page list
	list=$(commands) || exit
	page=$(sed 's/\\-/-/g' "$top/man/bcachefs.8")
	for command in $list; do
		command=${command/./ }
		holds grep -qE "^\.SS bcachefs $command( |\$)" <<<"$page"
		for option in $(bcachefs $command --help | grep -E '^ {2,6}-' | options); do
			holds grep -qE -e "^\.B .*$option([^a-z_]|\$)" <<<"$page"
		done
	done
}

every_command_of_the_overview_has_help() {
	local command list
	list=$(commands) || exit
	holds test "$(wc -w <<<"$list")" -ge 3
	for command in $list; do
		command=${command/./ }
		run bcachefs $command --help
		status 0
		no_err
		out "^Usage: bcachefs $command"
		out '^  -h, --help  |^      --help  '
	done
}

help_fits_eighty_columns() {
	local command list
	list=$(commands) || exit
	run bcachefs help
	status 0
	no_out '.{81}'
	for command in $list; do
		run bcachefs ${command/./ } --help
		status 0
		no_out '^.{81}'
	done
}

no_help_has_a_blank_at_the_end_of_a_line() {
	local command list
	list=$(commands) || exit
	for command in $list; do
		run bcachefs ${command/./ } --help
		status 0
		no_out ' $'
	done
}

names_stand_in_26_columns() {
	run bcachefs help
	out '^  version {19}[a-z]'
}

cases
