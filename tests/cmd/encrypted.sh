#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Keys, journal and dumps of encrypted filesystems: with the passphrase, however it comes, and not without. CLI 2.6.
. "$(dirname "$0")/lib.sh"

# What is to be had with the passphrase, in the files NAME.want.
encrypted() {
	unpack 05-encrypted >names
	printf 'correct horse\n' >right
	printf 'battery staple\n' >wrong
	: >empty
	RUN_STDIN=empty
	bcachefs list -c no -b dirents --passphrase_file=right dev0.img >list.want
	bcachefs list_journal -c no -a --passphrase_file=right dev0.img >list_journal.want
	bcachefs dump -q -o - --passphrase_file=right dev0.img >dump.want
	holds grep -q 'type dirent .* type reg$' list.want
	holds grep -q '^journal entry' list_journal.want
	holds [ "$(head -c 3 dump.want)" = QFI ]
}

# Each command, with what makes it quick to compare; then what is given.
each() { # ARGUMENT...
	for command in 'list -c no -b dirents' 'list_journal -c no -a' 'dump -q -o -'; do
		run bcachefs $command "$@" dev0.img
		"${check[@]}" "${command%% *}"
	done
}

opened() { # NAME
	status 0
	no_err
	holds cmp "$work/out" "$1.want"
}

# One line that says why, and nothing else.
refused() { # WHY NAME
	status 1
	no_out
	err_is "bcachefs: $1"
}

a_file_with_the_passphrase_opens_them() {
	encrypted
	check=(opened)
	each --passphrase_file=right
}

the_passphrase_on_standard_input_opens_them() {
	encrypted
	check=(opened)
	RUN_STDIN=right
	each
	each --passphrase_file=-
}

the_passphrase_that_is_typed_opens_them() {
	encrypted
	on_terminal 'Enter passphrase: ' $'correct horse\r' -- "$program" list -b dirents dev0.img
	status 0
	out 'type dirent .* type reg$'
	no_out horse
	on_terminal 'Enter passphrase: ' $'correct horse\r' -- "$program" list_journal -a dev0.img
	status 0
	out '^journal entry'
	no_out horse
	on_terminal 'Enter passphrase: ' $'correct horse\r' -- "$program" dump -q -o typed dev0.img
	status 0
	no_out horse
	holds cmp typed.qcow2 dump.want
	on_terminal 'Enter passphrase: ' $'battery staple\r' -- "$program" list dev0.img
	status 1
	out 'incorrect passphrase'
	no_out 'type |staple'
}

the_key_in_the_keyring_opens_them() {
	command -v keyctl >/dev/null || skip 'no keyctl'
	keyctl session - true >/dev/null 2>&1 || skip 'no keyrings here'
	encrypted
	cat >steps <<-'END'
		"$1" unlock -k session -f right dev0.img || exit 9
		"$1" list -c no -b dirents dev0.img >list.have <empty &&
			"$1" list_journal -c no -a dev0.img >list_journal.have <empty &&
			"$1" dump -q -o - dev0.img >dump.have <empty
		status=$?
		"$1" unlock --lock dev0.img
		exit $status
	END
	run keyctl session - bash steps "$program"
	[[ $got != 9 ]] || skip 'no session keyring here'
	status 0
	for name in list list_journal dump; do
		holds cmp $name.have $name.want
	done
}

a_wrong_passphrase_opens_none_of_them() {
	encrypted
	check=(refused 'incorrect passphrase')
	each --passphrase_file=wrong
	RUN_STDIN=wrong
	each
}

without_a_passphrase_none_of_them_is_opened() {
	encrypted
	check=(refused 'no passphrase: standard input is at its end')
	each
	check=(refused 'incorrect passphrase')
	each --passphrase_file=empty
	check=(refused 'passphrase file missing: no such file or directory')
	each --passphrase_file=missing
}

cases
