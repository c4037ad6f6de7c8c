#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Finding the command, and the exit status of what goes wrong before one runs. CLI 2.1, 2.2, 2.7, 13.
. "$(dirname "$0")/lib.sh"

without_a_command_the_overview_is_an_error() {
	run bcachefs
	status 1
	err '^bcachefs: missing command$'
	err '^  version  '
	no_out
}

an_unknown_command_is_named_above_the_overview() {
	run bcachefs frobnicate x
	status 1
	err '^bcachefs: unknown command frobnicate$'
	err '^  version  '
	no_out
}

an_unknown_option_in_the_place_of_a_command_is_an_unknown_command() {
	run bcachefs --frobnicate
	status 1
	err '^bcachefs: unknown command --frobnicate$'
}

help_has_three_spellings_and_goes_to_standard_output() {
	local word
	for word in help -h --help; do
		run bcachefs $word
		status 0
		out '^  version  '
		no_err
	done
}

help_of_a_command_has_three_spellings() {
	local text
	run bcachefs help completions
	status 0
	out '^Usage: bcachefs completions '
	text=$(<"$work/out")
	run bcachefs completions --help
	status 0
	out_is "$text"
	run bcachefs completions -h
	out_is "$text"
}

help_of_an_unknown_command_is_a_usage_error() {
	run bcachefs help frobnicate
	status 2
	err "^bcachefs: help: unknown command 'frobnicate'; try 'bcachefs help --help'$"
}

the_version_stands_alone_on_the_first_line() {
	run bcachefs version
	status 0
	out_is "$(sed -n 's/^#define CLI_VERSION "\(.*\)"/\1/p' "$top/cmd/cli.h")"
	local text
	text=$(<"$work/out")
	run bcachefs --version
	out_is "$text"
	run bcachefs version -v
	holds test "$(head -n 1 "$work/out")" = "$text"
	field_is 'Formats by default' '1.13: inode_has_child_snapshots'
}

the_version_is_json_too() {
	run bcachefs version --json
	out '"release": ?"'
	run bcachefs version --format=json
	out '"release": ?"'
	run bcachefs version --format=text
	no_out release
}

an_unknown_option_is_named_with_a_hint_at_help() {
	run bcachefs version --frobnicate
	status 2
	err_is "bcachefs: version: unknown option '--frobnicate'; try 'bcachefs version --help'"
	no_out
}

a_surplus_operand_is_a_usage_error() {
	run bcachefs version now
	status 2
	err "unexpected operand 'now'"
}

a_group_lists_its_commands() {
	run bcachefs device
	status 0
	out '^  device online  '
	run bcachefs device help
	status 0
	run bcachefs device --help
	status 0
	out '^  device online  '
	run bcachefs help device
	out '^  device online  '
}

an_unknown_word_behind_a_group_is_an_error() {
	run bcachefs device frobnicate
	status 1
	err '^bcachefs: unknown command device frobnicate$'
	err '^  device online  '
	no_out
}

commands_of_other_releases_say_why_they_are_not_here() {
	run bcachefs fs top
	status 1
	err '^bcachefs: fs top: works on a mounted filesystem only'
	run bcachefs assemble
	status 1
	err '^bcachefs: assemble: '
}

dash_and_underscore_are_the_same_in_command_names() {
	run bcachefs reflink_option_propagate
	status 1
	err '^bcachefs: reflink-option-propagate: works'
}

the_program_is_known_by_its_base_name_alone() {
	mkdir fsck-tools
	ln -s "$program" fsck-tools/bcachefs
	ln -s "$program" umount.bcachefs
	run fsck-tools/bcachefs version
	status 0
	run ./umount.bcachefs version
	status 0
	ln -s "$program" mkfs.bcachefs
	run ./mkfs.bcachefs --help
	no_out '^  version  '
}

a_closed_pipe_ends_the_program_silently() {
	local ended
	"$program" completions bash 2>"$work/err" | true
	ended=${PIPESTATUS[0]}
	no_err
	holds test $((ended == 0 || ended == 141)) = 1
}

a_full_output_is_an_error() {
	[[ -c /dev/full ]] || skip 'no /dev/full'
	bcachefs version 2>"$work/err" >/dev/full
	got=$?
	status 1
	err '^bcachefs: standard output: '
}

cases
