#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --undo-file and -n of every command that writes, and undo. CLI 14.6.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/writing_lib.sh"

fs() { # IMAGE...
	prepare '' "$@"
}

one() {
	fs a.img
}

sums() {
	cat *.img | sha256sum
}

# Runs the command of a line, with more options, on these images.
line() { # LINE OPTION IMAGE...
	local words=$1 more=$2
	shift 2
	RUN_STDIN=edit run bcachefs $(words_of "$words" "$@") $more
	as_others "$words"
	status 0
}

# On new images, whatever the command before did.
each() { # FUNCTION IMAGE...
	local check=$1 words before
	shift
	while read -r words; do
		prepare "$words" "$@"
		before=$(sums)
		"$check" "$words" "$before" "$@" || exit 1
	done < <(writing)
}

undone() { # LINE SUM IMAGE...
	local words=$1 before=$2
	shift 2
	rm -f u
	line "$words" --undo-file=u "$@"
	holds test "$before" != "$(sums)"
	set -- $(images_of "$words" "$@")
	run bcachefs undo -n u "$@"
	status 0
	holds test "$before" != "$(sums)"
	run bcachefs undo u "$@"
	status 0
	holds test "$before" = "$(sums)"
	run bcachefs undo u "$@" # once more
	status 0
	holds test "$before" = "$(sums)"
}

undo_restores_every_byte_after_each_command() {
	each undone a.img
}

undo_restores_every_byte_of_three_devices() {
	each undone a.img b.img c.img
}

undo_restores_members_after_each_command_between_devices() {
	local words before images
	while read -r words; do
		two_devices
		images=$(images_of "$words" a.img b.img)
		seq 900000 >extra.img # what a command wipes comes back too
		truncate -s 64M extra.img
		before=$(cat $images | sha256sum)
		run bcachefs $words --undo-file=u
		status 0
		[[ $before != "$(cat $images | sha256sum)" ]] || fail 'nothing was written'
		run bcachefs undo u $(printf -- '-D %s ' $images)
		status 0
		[[ $before == "$(cat $images | sha256sum)" ]] || fail 'not as before'
	done < <(writing_between)
}

dry() { # LINE SUM IMAGE...
	local words=$1 before=$2
	shift 2
	line "$words" '--dry-run --undo-file=u' "$@"
	holds test "$before" = "$(sums)"
	holds test ! -e u
}

a_dry_run_of_each_command_changes_no_byte_and_makes_no_file() {
	each dry a.img b.img
}

in_folder() { # LINE SUM IMAGE...
	local name
	rm -rf undo
	mkdir undo
	BCACHEFS_UNDO_DIR=$PWD/undo line "$1" '' "$3"
	holds test "$(ls undo | wc -l)" = 1
	name=$(ls undo)
	holds grep -qE "^[0-9a-f-]{36}-${1%% *}[a-z-]*-[0-9]+\.bcundo$" <<<"$name"
	run bcachefs undo "undo/$name" $(images_of "$1" "$3")
	status 0
	holds test "$2" = "$(sums)"
}

none_of_it() { # LINE SUM IMAGE...
	BCACHEFS_UNDO_DIR=none line "$1" '' "$3"
	holds test ! -e none
}
ours+=$'\nin_folder\nnone_of_it'

a_folder_for_undo_files_gets_one_from_each_command() {
	each in_folder a.img
}

the_folder_none_is_none() {
	each none_of_it a.img
}

no_command_that_writes_is_missing_here() {
	local command
	bcachefs help | sed -nE 's/^  ([a-z][a-z0-9_-]*( [a-z0-9_-]+)*)(  .*)?$/\1/p' >commands
	holds grep -qx undo commands
	while read -r command; do
		run bcachefs $command --help
		grep -q -- --undo-file "$work/out" || continue
		out '--dry-run'
		[[ $command != migrate-superblock ]] || continue # only of what was migrated: migrate.sh
		{ writing; writing_between; } | grep -q "^$command " || fail "$command is not in the list of this test"
	done <commands
}

the_file_is_for_its_owner_alone() {
	one
	run bcachefs set-fs-option --undo-file=u --compression=lz4 a.img
	holds test "$(stat -c %a u)" = 600
}

the_header_says_what_was_done_when_and_to_what() {
	local uuid
	one
	uuid=$(bcachefs show-super a.img | sed -n 's/^Internal UUID: *//p')
	SOURCE_DATE_EPOCH=1000000000 run bcachefs set-fs-option --undo-file=u --compression=lz4 a.img
	TZ=UTC run bcachefs undo --header u
	status 0
	out '^Command line: .* set-fs-option --undo-file=u --compression=lz4 a.img$'
	field_is Time 'Sun Sep  9 01:46:40 2001'
	field_is 'Internal UUID' "$uuid"
	field_is Whole 1
	field_is Device 0
	field_is Name a.img
	field_is Size '16.0 MiB'
	run bcachefs undo --header --json u
	out '"time": ?1000000000'
	out '"size_bytes": ?16777216'
}

an_existing_file_is_kept_and_nothing_is_written() {
	local before
	one
	echo precious >u
	before=$(sums)
	run bcachefs set-fs-option --undo-file=u --compression=lz4 a.img
	status 1
	err '^bcachefs: u: exists already$'
	holds test "$(<u)" = precious
	holds test "$before" = "$(sums)"
}

a_file_that_cannot_be_made_is_an_error_and_nothing_is_written() {
	local before
	one
	before=$(sums)
	run bcachefs set-fs-option --undo-file=missing/u --compression=lz4 a.img
	status 1
	err '^bcachefs: missing/u: no such file'
	holds test "$before" = "$(sums)"
}

a_command_that_is_refused_leaves_no_file() {
	prepare set-passphrase a.img
	run bcachefs set-passphrase --undo-file=u --passphrase_file=new --new_passphrase_file=old a.img
	status 1
	holds test ! -e u
}

what_was_there_before_format_comes_back() {
	local before
	head -c 16M /dev/urandom >a.img
	before=$(sums)
	run bcachefs format -q --undo-file=u a.img
	status 0
	run bcachefs undo u a.img
	status 0
	holds test "$before" = "$(sums)"
}

undo_can_be_undone() {
	local after
	one
	bcachefs set-fs-option --undo-file=u --compression=lz4 a.img
	after=$(sums)
	run bcachefs undo --undo-file=redo u a.img
	status 0
	holds test "$after" != "$(sums)"
	run bcachefs undo redo a.img
	status 0
	holds test "$after" = "$(sums)"
}

undo_is_refused_where_the_filesystem_was_written_since() {
	local before after
	one
	before=$(sums)
	bcachefs set-fs-option --undo-file=u --compression=lz4 a.img
	bcachefs set-fs-option --compression=zstd a.img
	after=$(sums)
	run bcachefs undo u a.img
	status 1
	err '^bcachefs: written since: a.img: [0-9]+ bytes at [0-9]+: does not fit the undo file; -f '
	run bcachefs undo -n u a.img
	status 1
	holds test "$after" = "$(sums)"
	run bcachefs undo -f u a.img
	status 0
	err '^bcachefs: (warning: )?written since: '
	holds test "$before" = "$(sums)"
}

undo_of_a_command_that_was_cut_off_is_refused_where_the_filesystem_was_written_since() {
	local before after
	one
	before=$(sums)
	SOURCE_DATE_EPOCH=1000000000 bcachefs set-fs-option --undo-file=u --compression=lz4 a.img
	truncate -s -1024 u # the sums and the end
	run bcachefs undo --header u
	field_is Whole 0
	run bcachefs undo -n u a.img
	status 0
	bcachefs set-fs-option --compression=zstd a.img
	after=$(sums)
	run bcachefs undo u a.img
	status 1
	err '^bcachefs: a.img: the command was cut off, and the filesystem was written since; -f '
	holds test "$after" = "$(sums)"
	run bcachefs undo -f u a.img
	status 0
	holds test "$before" = "$(sums)"
}

a_device_that_lost_its_superblock_is_known_by_its_name() {
	local before
	one
	before=$(sums)
	bcachefs set-fs-option --undo-file=u --compression=lz4 a.img
	cp a.img b.img
	dd if=/dev/zero of=a.img bs=1M count=4 conv=notrunc status=none
	dd if=/dev/zero of=b.img bs=1M count=16 conv=notrunc status=none
	run bcachefs undo u b.img
	status 1
	err '^bcachefs: b.img: not a device that u was made for$'
	run bcachefs undo u a.img
	status 1
	err '-f puts back'
	run bcachefs undo -f u b.img
	status 0
}

another_filesystem_is_refused() {
	local before
	one
	bcachefs set-fs-option --undo-file=u --compression=lz4 a.img
	fs b.img
	before=$(sums)
	run bcachefs undo u b.img
	status 1
	err '^bcachefs: b.img: not a device that u was made for$'
	holds test "$before" = "$(sums)"
}

members_that_are_not_given_are_named() {
	local before
	fs a.img b.img c.img
	bcachefs set-fs-option --undo-file=u --compression=lz4 a.img b.img c.img
	before=$(sums)
	run bcachefs undo u a.img
	status 1
	err '^bcachefs: missing members: 1 \(b.img\), 2 \(c.img\); -f '
	run bcachefs undo u a.img b.img a.img
	status 1
	holds test "$before" = "$(sums)"
	run bcachefs undo u c.img:a.img:b.img
	status 0
	run bcachefs undo u --scan=. a.img
	status 0
}

without_devices_or_file_it_is_a_usage_error() {
	one
	bcachefs set-fs-option --undo-file=u --compression=lz4 a.img
	run bcachefs undo u
	status 2
	err 'missing operand DEVICES'
	run bcachefs undo
	status 2
}

an_image_of_a_dump_is_not_written() {
	bcachefs format -q "$(image 16M a.img)"
	bcachefs dump -q -o d.qcow2 a.img
	sha256sum d.qcow2 >before
	run bcachefs set-fs-option -n --compression=lz4 d.qcow2
	status 0
	run bcachefs set-fs-option --undo-file=u --compression=lz4 d.qcow2
	status 1
	err '^bcachefs: d.qcow2: qcow2 images can only be read'
	holds sha256sum -c --status before
}

# The file is damaged in one place at a time: it is refused, or what is damaged was of no use.
whatever_byte_of_the_file_is_wrong_no_wrong_byte_is_put_back() {
	local before after size at
	one
	before=$(sums)
	bcachefs set-fs-option --undo-file=u --compression=lz4 a.img
	after=$(sums)
	cp a.img after
	size=$(stat -c %s u)
	RANDOM=5
	for _ in {1..80}; do
		cp u damaged
		at=$(((RANDOM << 15 | RANDOM) % size))
		printf "\\x$(printf %x $((RANDOM % 256)))" |
			dd of=damaged bs=1 seek=$at conv=notrunc status=none
		run timeout 20 "$program" undo -f damaged a.img
		if [[ $got == 0 ]]; then
			holds test "$before" = "$(sums)"
			cp after a.img
		else
			status 1
			err '^bcachefs: damaged: '
			holds test "$after" = "$(sums)"
		fi
	done
}

other_files_are_refused() {
	one
	local before
	before=$(sums)
	: >empty
	head -c 10000 /dev/urandom >noise
	for name in empty noise a.img missing .; do
		run bcachefs undo "$name" a.img
		status 1
		err "^bcachefs: $name: "
	done
	holds test "$before" = "$(sums)"
}

cases
