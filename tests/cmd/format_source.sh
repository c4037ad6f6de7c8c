#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# format --source: the files of a directory or archive are those of the new filesystem, as our own reader gives them back;
# the same tree gives the same bytes. CLI 5.1.
. "$(dirname "$0")/lib.sh"

# Every kind of file that this user may make.
tree() { # DIR
	mkdir -p "$1/d/e/empty" "$1/lost+found/x"
	seq 200000 >"$1/numbers"
	ln "$1/numbers" "$1/d/again"
	echo short >"$1/d/short"
	ln -s ../numbers "$1/d/e/symlink"
	ln -s "$(printf 'long%.0s/' {1..300})" "$1/long"
	mkfifo "$1/fifo"
	truncate -s 40M "$1/sparse"
	printf 'in the middle' | dd of="$1/sparse" bs=1M seek=20 conv=notrunc status=none
	head -c 3000000 /dev/urandom >"$1/random"
	touch -d '1969-12-31 23:59:58.25 UTC' "$1/d/before"
	chmod 4751 "$1/d/short"
	setfattr -n user.some -v value "$1/numbers"
	setfacl -m u:12345:rwx,g:54321:r-x "$1/d/short"
	[[ $EUID != 0 ]] || mknod "$1/null" c 1 3
	: >"$1/d/$(printf 'n%.0s' {1..255})" >"$1/d/$(printf 'not\xff\xfeUTF-8\n')"
}

# What tar(1) tells of a tree: names, types, owners, modes, times, links, attributes, contents.
digest() { # DIR
	tar -c --format=pax --pax-option=delete=atime,delete=ctime --sort=name --xattrs --acls --exclude=./lost+found \
		-C "$1" . | sha256sum
}

filled() { # IMAGE SOURCE OPTION...
	truncate -s 128M "$1"
	run env SOURCE_DATE_EPOCH=1700000000 "$program" format -q -f -U 11111111-2222-3333-4444-555555555555 \
		--source="$2" "${@:3}" "$1"
}

what_goes_in_comes_out() {
	local opts
	tree tree
	for opts in '' --compression=zstd --block_size=512 '--encrypted --no_passphrase --compression=lz4' \
		'--str_hash=crc32c --data_checksum=xxhash' --version=1.28; do
		rm -rf out a.img
		# shellcheck disable=SC2086
		filled a.img tree $opts
		status 0
		no_out
		no_err
		mkdir out
		run bcachefs get -q -a a.img / out
		status 0
		[[ $(digest tree) == "$(digest out)" ]] || fail "$opts: not the same files"
		run bcachefs fs usage --recount a.img
		status 0
		no_err 'device|accounting'
		run bcachefs scrub -q a.img
		status 0
	done
}

a_directory_and_its_archive_give_the_same_bytes() {
	tree tree
	tar -c --format=pax --xattrs --acls --sparse -f sparse.tar -C tree .
	tar -c --format=pax --xattrs --acls -f plain.tar -C tree .
	filled a.img tree
	filled b.img tree
	holds cmp a.img b.img
	filled c.img sparse.tar
	status 0
	holds cmp a.img c.img
	filled d.img plain.tar
	holds cmp a.img d.img
	RUN_STDIN=plain.tar filled e.img -
	holds cmp a.img e.img
	bcachefs tar -q a.img >ours.tar
	filled f.img ours.tar --exclude=lost+found
	[[ $(bcachefs tar -q f.img | sha256sum) == "$(sha256sum <ours.tar)" ]] || fail 'not the same files'
}

a_filesystem_and_what_was_taken_from_it_have_the_same_files() {
	tree tree
	cp tree/random tree/d/copy
	printf 'correct horse' >pw
	truncate -s 128M a.img b.img
	bcachefs format -q --encrypted --passphrase_file=pw --compression=zstd --replicas=2 --dedupe --source=tree a.img b.img
	RUN_STDIN=pw filled c.img a.img:b.img:/
	status 0
	no_err 'bcachefs:'
	mkdir out in
	bcachefs get -q -a c.img / out
	[[ $(digest tree) == "$(digest out)" ]] || fail 'not the same files'
	filled d.img tree
	filled e.img d.img:/
	holds cmp d.img e.img
	run bcachefs fsck -n e.img
	status 0
	# a directory of it; a snapshot; what is left out
	filled c.img d.img:/d
	[[ $(bcachefs tar -q --no-xattrs c.img /e | tar -t) == "$(bcachefs tar -q --no-xattrs d.img /d/e | tar -t | sed 's|^d/||')" ]] ||
		fail 'not the files of the directory'
	bcachefs subvolume snapshot d.img: / /before
	bcachefs rm d.img: /numbers
	filled c.img d.img:/before
	run bcachefs cat c.img /numbers
	status 0
	filled c.img d.img:/ --exclude=before --owner=7:8
	run bcachefs ls -l c.img
	no_out 'before|numbers'
	out ' 7 +8 .* random$'
	# none
	filled c.img d.img:/nothing
	status 1
	err '/nothing: no such file or directory'
	filled d.img d.img:/
	status 1
	err 'd.img: is where the source is read from'
	run bcachefs image create -q -f --source=d.img:/ d.img
	status 1
	run bcachefs fsck -n d.img
	status 0
	filled c.img no.img:/
	status 1
	err 'no.img: no such file or directory'
	# data that is lost, and bytes that are none of a filesystem
	dd if=/dev/urandom of=e.img bs=1M seek=2 count=30 conv=notrunc status=none
	filled c.img e.img:/
	status 1
}

the_number_of_threads_makes_no_difference() {
	tree tree
	filled a.img tree --compression=zstd
	truncate -s 128M b.img
	run env SOURCE_DATE_EPOCH=1700000000 taskset -c 0 "$program" format -q -f \
		-U 11111111-2222-3333-4444-555555555555 --source=tree --compression=zstd b.img
	status 0
	holds cmp a.img b.img
}

totals_are_shown() {
	tree tree
	truncate -s 128M a.img
	run bcachefs format --source=tree a.img
	status 0
	out '^Total files: +(15|16)$'
	out '^Total input: +44.1 MiB$'
	out '^Wrote: +4.[0-9]* MiB$'
	out '^Linked: +0 B$'
	run bcachefs format --json -f --source=tree a.img
	holds python3 -c 'import json; assert json.load(open("'"$work"'/out"))["total_input_bytes"] > 43000000'
}

excluded_files_and_owners() {
	tree tree
	filled a.img tree --exclude=d/e --exclude='*numbers' --owner=7:8
	status 0
	run bcachefs ls -l -R a.img
	no_out 'symlink|numbers'
	out ' 7 +8 .* again$'
	no_out ' 0 +0 .* random$'
	filled a.img tree --owner=root
	status 1
	err "owner: 'root': want two numbers"
}

many_files_need_several_commits() {
	mkdir tree
	(cd tree && for ((i = 0; i < 40; i++)); do mkdir d$i && (cd d$i && seq 2500 | xargs touch); done)
	head -c 3000000 /dev/urandom >tree/a # written by the first one, and shared in the last one
	cp tree/a tree/z
	filled a.img tree --btree_node_size=64k --dedupe
	status 0
	out=$(bcachefs list -b reflink a.img | grep -c 'refcount: 2 ')
	[[ $out -ge 20 ]] || fail "$out extents are shared"
	run bcachefs get -q a.img /z z
	holds cmp tree/z z
	run bcachefs fsck -n a.img
	status 0
	run bcachefs fs usage --recount a.img
	status 0
	no_err 'device|accounting'
	[[ $(bcachefs ls -R -1 a.img / | grep -c '^[0-9][0-9]*$') == 100000 ]] || fail 'not all files are there'
}

# Many copies of a file, a longer one and a shorter one.
copies() { # DIR
	local i
	tree "$1"
	mkdir "$1/copies"
	for i in {1..40}; do
		cp "$1/random" "$1/copies/$i"
	done
	{ cat "$1/random" && echo and more; } >"$1/copies/longer"
	head -c 1000000 "$1/random" >"$1/copies/shorter"
}

stored() { # IMAGE
	bcachefs fs usage --json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["used_bytes"])'
}

copies_are_stored_once() {
	local opts
	copies tree
	for opts in '' '--encrypted --no_passphrase --compression=zstd' \
		'--version=1.28 --data_checksum=none --background_compression=zstd'; do
		rm -rf out a.img b.img
		# shellcheck disable=SC2086
		filled a.img tree $opts --dedupe
		status 0
		no_err
		[[ $(stored a.img) -lt 20000000 ]] || fail "$opts: $(stored a.img) bytes are stored"
		mkdir out
		run bcachefs get -q -a a.img / out
		[[ $(digest tree) == "$(digest out)" ]] || fail "$opts: not the same files"
		run bcachefs fs usage --recount a.img
		no_err 'device|accounting'
		run bcachefs fsck -n a.img
		status 0
		truncate -s 128M b.img
		# shellcheck disable=SC2086
		run env SOURCE_DATE_EPOCH=1700000000 taskset -c 0 "$program" format -q -f \
			-U 11111111-2222-3333-4444-555555555555 --source=tree $opts --dedupe b.img
		[[ $opts == *encrypted* ]] || holds cmp a.img b.img
	done
	run bcachefs format -f --source=tree --dedupe a.img
	out '^Linked: +11[0-9] MiB'
	run bcachefs rm -r a.img: /copies
	status 0
	run bcachefs fsck -n a.img
	status 0
}

sources_that_are_none_leave_the_device_alone() {
	truncate -s 128M a.img
	echo precious >b.img
	truncate -s 128M b.img
	cp b.img before.img
	filled b.img missing
	status 1
	err 'missing: no such file or directory'
	echo 'no archive' >text
	filled b.img text
	status 1
	err 'text: byte 0: not a tar archive'
	seq 1000 >text
	filled b.img text
	status 1
	err 'text: byte 0: not a tar archive'
	holds cmp b.img before.img
	run bcachefs format -q -f --source=. --no_initialize a.img
	status 2
	run bcachefs format -q -f --exclude=x a.img
	status 2
	filled b.img . --version=1.8
	status 1
	holds cmp b.img before.img
}

a_filesystem_that_is_too_small_is_an_error() {
	mkdir tree
	head -c 300M /dev/urandom >tree/f
	filled a.img tree
	status 1
	err 'no space'
}

cases
