#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion: the program answers what may follow, and the shells' scripts ask it. CLI 16.
. "$(dirname "$0")/lib.sh"

# Asks for the candidates behind the words, the last of which is under the cursor.
candidates() { # WORD...
	run bcachefs __complete -- bcachefs "$@"
	status 0
	no_err
}

are() { # WORD...
	[[ $(cut -f 1 "$work/out" | sort) == "$(printf '%s\n' "$@" | sort)" ]] || fail "candidates are not: $*"
}

commands_are_completed() {
	candidates vers
	are version
	candidates ''
	out $'^version\t[a-z]'
	no_out '^__'
}

commands_behind_help_are_completed() {
	candidates help comp
	are completions
}

options_are_completed_with_what_they_do() {
	candidates version --js
	are --json
	out $'^--json\t.'
}

letters_are_completed_too() {
	candidates version -
	out $'^-v\t'
	out $'^--verbose\t'
}

choices_are_completed_behind_equals_and_behind_the_option() {
	candidates completions ''
	are bash fish zsh
	candidates completions z
	are zsh
}

separators_stay_as_they_were_typed() {
	candidates format --no-pass
	are --no-passphrase
	candidates format --no_pass
	are --no_passphrase
}

switches_have_a_negation() {
	candidates format --no_ac
	are --no_acl
	candidates format --ac
	are --acl
}

values_of_options_of_the_library_are_completed() {
	candidates format --errors=f
	are --errors=fix_safe
	candidates format --compression z
	are zstd
	candidates format --acl=
	are --acl=no --acl=yes
}

device_operands_are_files_and_folders() {
	mkdir folder && touch folder/a.img folder/b.img && mkfifo folder/pipe
	candidates show-super fol
	are folder/
	candidates show-super folder/
	are folder/a.img folder/b.img
}

a_list_of_devices_is_completed_behind_its_last_colon() {
	touch a.img b.img
	candidates show-super a.img:b
	are a.img:b.img
}

folders_alone_are_completed_where_a_folder_is_wanted() {
	mkdir folder && touch file
	candidates show-super --scan=f
	are --scan=folder/
}

the_programs_other_names_complete_their_command() {
	run bcachefs __complete -- /sbin/mkfs.bcachefs --fs_lab
	are --fs_label=
}

behind_two_dashes_there_are_operands_only() {
	candidates completions -- -
	are ''
	candidates completions -- b
	are bash
}

every_option_in_help_is_completed() {
	local command option
	run bcachefs help
	out '^  version '
	for command in $(sed -n 's/^  \([a-z][a-z_-]*\) .*/\1/p' "$work/out"); do
		for option in $(bcachefs "$command" --help | grep -oE -- '^ .*--[a-z][a-z_0-9-]*' | grep -oE -- '--[a-z].*'); do
			candidates "$command" "$option"
			out "^$option(=|"$'\t'"|\$)"
		done
	done
}

an_unknown_command_has_no_candidates() {
	candidates frobnicate ''
	are ''
}

other_shells_are_refused() {
	run bcachefs completions elvish
	status 1
	err 'must be of: bash, zsh, fish'
}

# What bash would put in COMPREPLY for a command line.
inbash() { # LINE
	run env PATH="$PWD:$PATH" bash -c '
		. ./script
		COMP_LINE=$1 COMP_POINT=${#1}
		_bcachefs
		printf "%s\n" "${COMPREPLY[@]}"' bash "$1"
	status 0
	no_err
}

bashscript() {
	bcachefs completions bash >script
	ln -sf "$program" bcachefs
}

bash_completes_words() {
	bashscript
	inbash 'bcachefs comp'
	are completions
	inbash 'bcachefs completions '
	are bash fish zsh
}

bash_gets_only_what_it_replaces() {
	bashscript
	inbash 'bcachefs version --format=js'
	are json
}

the_shells_themselves_accept_their_scripts() {
	local shell
	for shell in bash zsh fish; do
		bcachefs completions "$shell" >script
		command -v "$shell" >/dev/null || continue
		run "$shell" -n script
		status 0
		no_err
	done
}

cases
