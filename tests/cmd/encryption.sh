#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Encryption: format --encrypted, unlock, set-passphrase, remove-passphrase; and that no passphrase gets out. CLI 10.
. "$(dirname "$0")/lib.sh"

# Two encrypted devices; passphrases in files: right, and another.
encrypted() {
	image 8M a.img >/dev/null
	image 8M b.img >/dev/null
	printf 'correct horse\n' >right
	printf 'battery staple' >another
	printf '' >empty
	bcachefs format -q --encrypted --passphrase_file=right a.img b.img || fail 'cannot format'
	RUN_STDIN=empty
}

# Goes on only where the kernel lets us have keyrings.
session() {
	command -v keyctl >/dev/null || skip 'no keyctl'
	keyctl session - true >/dev/null 2>&1 || skip 'no keyrings here'
}

# The keys of these devices go with the case.
forgotten() {
	trap 'bcachefs unlock --lock a.img >/dev/null 2>&1' EXIT
}

# The passphrase in the file opens the filesystem; does not.
opens() { # FILE
	run bcachefs remove-passphrase -n --passphrase_file="$1" a.img b.img
	status 0
}
fails() { # FILE
	run bcachefs remove-passphrase -n --passphrase_file="$1" a.img b.img
	status 1
	err '^bcachefs: incorrect passphrase$'
}

format_takes_the_passphrase_from_a_file() {
	encrypted
	opens right
	fails another
	printf 'correct horse' >same
	opens same
	printf 'correct horse\n\n' >longer
	fails longer
	run bcachefs show-super -f crypt a.img
	field_is KFD 0
	field_is 'scrypt n' 14
}

format_takes_the_passphrase_from_a_line_of_standard_input() {
	encrypted
	printf 'correct horse\nwhat follows\n' >typed
	RUN_STDIN=typed run bcachefs format -q -f --encrypted a.img b.img
	status 0
	opens right
	RUN_STDIN=right run bcachefs format -q -f --encrypted --passphrase_file=- a.img b.img
	status 0
	opens right
}

format_asks_a_terminal_twice() {
	encrypted
	on_terminal 'Enter passphrase: ' $'correct horse\r' 'Enter same passphrase again: ' $'correct horse\r' -- \
		"$program" format -q -f --encrypted a.img b.img
	status 0
	no_out horse
	opens right
	on_terminal 'Enter passphrase: ' $'correct horse\r' 'Enter same passphrase again: ' $'correct house\r' -- \
		"$program" format -q -f --encrypted a.img b.img
	status 1
	out 'passphrases do not match'
	opens right
}

no_passphrase_leaves_the_key_in_the_clear() {
	image 8M a.img >/dev/null
	run bcachefs format -q --encrypted --no_passphrase a.img
	status 0
	run bcachefs unlock -c -v a.img
	status 0
	out '^Device is encrypted and unlocked$'
	run bcachefs unlock a.img
	status 0
}

bad_passphrases_are_refused_and_nothing_is_written() {
	local before
	image 8M a.img >/dev/null
	before=$(sha256sum <a.img)
	: >empty
	head -c 5000 /dev/zero | tr '\0' x >long
	printf 'a\0b' >zero
	for file in empty long zero missing; do
		run bcachefs format -q --encrypted --passphrase_file=$file a.img
		status 1
		err '^bcachefs: (empty passphrase|passphrase file (long|zero|missing): )'
	done
	RUN_STDIN=empty run bcachefs format -q --encrypted a.img
	status 1
	err '^bcachefs: no passphrase: standard input is at its end$'
	holds test "$before" = "$(sha256sum <a.img)"
}

options_that_make_no_sense_together_are_refused() {
	image 8M a.img >/dev/null
	run bcachefs format --no_passphrase a.img
	status 2
	err -- '--no_passphrase needs --encrypted'
	run bcachefs format --passphrase_file=x a.img
	status 2
	err -- '--passphrase_file needs --encrypted'
	run bcachefs format --encrypted --no_passphrase --passphrase_file=x a.img
	status 2
	err 'exclude each other'
	run bcachefs format -f --encrypted --no_passphrase --nocow a.img
	status 1
	err 'nocow: not together with encryption'
}

check_tells_by_its_exit_status() {
	encrypted
	run bcachefs unlock -c a.img
	status 0
	no_out
	no_err
	run bcachefs unlock -c -v a.img
	status 0
	out '^Device is encrypted and locked$'
	image 8M plain.img >/dev/null
	run bcachefs unlock -c plain.img
	status 1
	bcachefs format -q plain.img
	run bcachefs unlock -c plain.img
	status 1
	no_out
	err '^bcachefs: plain\.img is not encrypted$'
	run bcachefs unlock --check -v plain.img
	status 1
	out '^Device has no encryption$'
	run bcachefs unlock -c missing.img
	status 1
	run bcachefs unlock plain.img
	status 1
	err '^bcachefs: plain\.img is not encrypted$'
}

a_wrong_passphrase_unlocks_nothing() {
	encrypted
	run bcachefs unlock -f another a.img
	status 1
	err '^bcachefs: incorrect passphrase$'
	run bcachefs unlock a.img
	status 1
	err '^bcachefs: no passphrase: standard input is at its end$'
	run bcachefs unlock -c -v a.img
	out 'locked$'
	run bcachefs unlock -k bogus -f right a.img
	status 2
	err "keyring: invalid selection 'bogus'"
}

unlock_puts_the_key_into_the_keyring_and_lock_takes_it_out() {
	session
	encrypted
	forgotten
	run bcachefs unlock -f right a.img
	[[ $got == 0 ]] || skip 'no user keyring here'
	run keyctl search @u user "bcachefs:$(bcachefs show-super a.img | awk '/^External/ { print $3 }')"
	status 0
	holds test "$(keyctl pipe "$(<"$work/out")" | wc -c)" = 32
	run bcachefs unlock -c -v b.img
	out '^Device is encrypted and unlocked$'
	run bcachefs unlock a.img
	status 0
	run bcachefs unlock --lock b.img
	status 0
	run bcachefs unlock -c -v a.img
	out '^Device is encrypted and locked$'
	run bcachefs unlock --lock a.img
	status 1
	err '^bcachefs: keyrings: .*no key'
}

the_passphrase_is_taken_from_standard_input_and_the_terminal() {
	session
	encrypted
	forgotten
	RUN_STDIN=right run bcachefs unlock a.img
	[[ $got == 0 ]] || skip 'no user keyring here'
	run bcachefs unlock --lock a.img
	RUN_STDIN=right run bcachefs unlock --file=- a.img
	status 0
	run bcachefs unlock --lock a.img
	on_terminal 'Enter passphrase: ' $'correct horse\r' -- "$program" unlock a.img
	status 0
	no_out horse
	run bcachefs unlock --lock a.img
	status 0
}

the_session_keyring_serves_too() {
	session
	encrypted
	cat >steps <<-'END'
		"$1" unlock -k session -f right a.img || exit 9
		"$1" unlock -c -v a.img
		keyctl show @s
		"$1" unlock --lock a.img && "$1" unlock -c -v a.img
	END
	run keyctl session - bash steps "$program"
	[[ $got != 9 ]] || skip 'no session keyring here'
	status 0
	out '^Device is encrypted and unlocked$'
	out 'user: bcachefs:[0-9a-f-]{36}$'
	out '^Device is encrypted and locked$'
}

the_passphrase_changes_on_all_members() {
	encrypted
	run bcachefs set-passphrase --passphrase_file=right --new_passphrase_file=another a.img b.img
	status 0
	no_out
	opens another
	fails right
	run bcachefs set-passphrase --passphrase_file=another --new_passphrase_file=right a.img
	status 1
	err '^bcachefs: missing members: 1 '
	opens another
}

the_passphrase_changes_by_standard_input_and_the_terminal() {
	encrypted
	printf 'correct horse\nbattery staple\n' >typed
	RUN_STDIN=typed run bcachefs set-passphrase a.img b.img
	status 0
	opens another
	on_terminal 'Enter passphrase: ' $'battery staple\r' 'Enter new passphrase: ' $'correct horse\r' \
		'Enter same passphrase again: ' $'correct horse\r' -- "$program" set-passphrase a.img b.img
	status 0
	no_out 'horse|staple'
	opens right
}

a_wrong_or_empty_passphrase_changes_nothing() {
	local before
	encrypted
	before=$(sha256sum ./*.img)
	run bcachefs set-passphrase --passphrase_file=another --new_passphrase_file=right a.img b.img
	status 1
	err '^bcachefs: incorrect passphrase$'
	run bcachefs set-passphrase --passphrase_file=right --new_passphrase_file=empty a.img b.img
	status 1
	err '^bcachefs: empty passphrase$'
	run bcachefs remove-passphrase --passphrase_file=another a.img b.img
	status 1
	holds test "$before" = "$(sha256sum ./*.img)"
}

the_passphrase_is_removed_and_set_again() {
	encrypted
	run bcachefs remove-passphrase --passphrase_file=right a.img b.img
	status 0
	run bcachefs unlock -c -v a.img
	out '^Device is encrypted and unlocked$'
	run bcachefs set-passphrase --new_passphrase_file=another a.img b.img
	status 0
	opens another
	fails right
}

a_filesystem_without_encryption_has_no_passphrase() {
	image 8M a.img >/dev/null
	bcachefs format -q a.img
	: >empty
	RUN_STDIN=empty run bcachefs set-passphrase a.img
	status 1
	err '^bcachefs: Filesystem does not have encryption enabled$'
	RUN_STDIN=empty run bcachefs remove-passphrase a.img
	status 1
	err '^bcachefs: Filesystem does not have encryption enabled$'
}

the_passphrase_of_a_kernel_made_filesystem_opens_it() {
	unpack 05-encrypted >/dev/null
	mv dev0.img a.img
	printf 'correct horse' >right
	printf 'battery staple' >another
	run bcachefs set-passphrase --passphrase_file=another --new_passphrase_file=right a.img
	status 1
	err '^bcachefs: incorrect passphrase$'
	run bcachefs set-passphrase --passphrase_file=right --new_passphrase_file=another a.img
	status 0
	run bcachefs set-passphrase -n --passphrase_file=another --new_passphrase_file=right a.img
	status 0
}

nothing_secret_is_on_the_device_or_in_an_undo_file() {
	encrypted
	run bcachefs set-passphrase --undo-file=undo --passphrase_file=right --new_passphrase_file=another a.img b.img
	status 0
	run grep -lae 'correct horse' -e 'battery staple' a.img b.img undo
	status 1
	no_out
}

# The program has the old passphrase and waits for the new one, whose FIFO nobody writes to, while it is dumped.
a_core_dump_has_no_passphrase() {
	command -v gcore >/dev/null || skip 'no gcore'
	if grep -q __asan_init "$program"; then skip 'AddressSanitizer has too much memory to dump'; fi
	local core answer
	encrypted
	mkfifo new
	"$program" set-passphrase --passphrase_file=right --new_passphrase_file=new a.img b.img >/dev/null 2>&1 &
	pid=$!
	trap 'kill $pid 2>/dev/null' EXIT
	coproc timeout 60 bash -c 'exec 3>new; echo there; read -r'
	read -r answer <&"${COPROC[0]}"
	holds test "$answer" = there
	if tr '\0' '\n' </proc/$pid/cmdline | grep -q horse; then fail 'it is on the command line'; fi
	gcore -o core $pid >/dev/null 2>&1
	kill $pid
	for core in core.*; do
		[[ -e $core ]] || continue # the process is not dumpable at all: better still
		if grep -qa 'correct horse' "$core"; then fail 'it is in the core'; fi
	done
}

cases
