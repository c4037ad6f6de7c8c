#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# get: what it writes is what the kernel showed of the filesystem, and stays in its directory. CLI 14.2.
. "$(dirname "$0")/image_lib.sh"

# One with files of all kinds.
image=$top/tests/images/14-quota

fetch() { # [OPTION]...
	run bcachefs get -a --passphrase_file=pw "$@" "$(printf '%s\n' dev*.img | paste -sd:)" out
}

all_files_of_all_images_are_those_that_the_kernel_showed() {
	need_root
	local folder
	while read -r folder; do
		unpack_image "$folder"
		files_of_image "$folder" >want
		[[ -s want ]] || continue # never mounted
		fetch
		files_of out >have
		# what was lost when the manifest was made is lost now, and nothing else
		same_files have want
		[[ $got == "$(lost "$folder")" ]] || fail "$folder: exit status $(lost "$folder") wanted"
	done < <(all_images)
}

lost() { # FOLDER
	{ cat "$1/manifest.txt" 2>/dev/null || zstd -qdc "$1/manifest.txt.zst"; } | grep -c READERR >lost
	[[ $(<lost) == 0 ]] && echo 0 || echo 1
}

without_privileges_all_but_owners_and_what_is_the_systems_is_there() {
	need_root
	unpack_image "$image"
	mkdir -m 777 place
	chmod 755 . "$work" && chmod 644 dev0.img && cp "$program" ./bcachefs
	run as_nobody ./bcachefs get -a dev0.img place/out
	status 0
	err '^bcachefs: [0-9]+ files whose owner could not be set$'
	err '^bcachefs: [0-9]+ extended attributes that could not be set$'
	err '^bcachefs: 2 devices that could not be made$'
	# no bit that acts for an owner is left, of any file
	local plain='{ $3 = $4 = $5 = $11 = "-"; print }'
	files_of place/out | awk -F'\t' -v OFS='\t' "\$3 ~ /^[2467]/ && \$4 == 65534 { print \"suid \" \$2 } $plain" | sort >have
	files_of_image "$image" | grep -v '^[bc]' | awk -F'\t' -v OFS='\t' "$plain" | sort >want
	same_files have want
}

destination_and_names_are_as_with_cp() {
	unpack_image "$image"
	mkdir there
	run bcachefs get dev0.img /sizes /future there
	status 0
	err '^[0-9]+ files, [0-9]+ bytes, 0 files incomplete$'
	holds test -f there/future -a -d there/sizes
	run bcachefs get dev0.img /sizes new
	holds test -e new/r1
	run bcachefs get dev0.img /future name
	holds cmp there/future name
	run bcachefs get dev0.img /sizes/. there
	holds test -e there/r1
	run bcachefs get dev0.img '<4096>/sizes' there
	err 'exists already, kept'
	run bcachefs get dev0.img /sizes /future nowhere
	status 1
	err '^bcachefs: nowhere: no such file or directory$'
	run bcachefs get dev0.img /nothing /future there
	status 1
	err '^bcachefs: /nothing: no such file or directory$'
	run bcachefs get dev0.img /sizes name
	status 1
	err '^bcachefs: /sizes: cannot be made: not a directory$'
	holds cmp there/future name
	run bcachefs restore dev0.img there2
	status 0
}

what_is_left_out_is_counted_and_the_umask_holds() {
	unpack_image "$image"
	umask 027
	run bcachefs get dev0.img out
	status 0
	err '^bcachefs: 6 symlinks left out; try -S$'
	err '^bcachefs: 4 devices, fifos and sockets left out; try -a$'
	holds test "$(find out ! -type d ! -type f | wc -l)" = 0
	holds test "$(stat -c %a out/future)" = 640
	holds test "$(stat -c %a out/deep/a/b/c)" = 500
	holds test "$(find out -perm /7007 | wc -l)" = 0
	run bcachefs get -S dev0.img /links out2
	status 0
	holds test "$(readlink out2/abs)" = /etc/passwd
	holds test "$(find out2 -links +1 ! -type d | wc -l)" = 0
}

what_is_there_already_is_kept_and_named_unless_it_is_to_go() {
	unpack_image "$image"
	mkdir out
	echo mine >out/future
	ln out/future other
	run bcachefs get dev0.img out
	status 0
	err '^bcachefs: out/future: exists already, kept; -o overwrites$'
	err ', 1 files were there already$'
	holds test "$(<out/future)" = mine
	run bcachefs get -oq dev0.img out
	status 0
	no_err
	holds test "$(<out/future)" != mine -a "$(<other)" = mine
}

symlinks_in_the_destination_are_never_followed() {
	unpack_image "$image"
	mkdir out elsewhere
	ln -s ../elsewhere out/sizes
	ln -s ../elsewhere/future out/future
	run bcachefs get -o dev0.img out
	status 1
	err '^bcachefs: /sizes: cannot be made: not a directory$'
	err ', 1 files incomplete$'
	holds test "$(ls elsewhere)" = ''
	holds test -f out/future -a ! -L out/future
}

a_list_names_what_would_be_written_and_writes_nothing() {
	unpack_image "$image"
	run bcachefs get -anq dev0.img /links /names/. out
	status 1
	err '^bcachefs: out: no such file or directory$'
	mkdir out
	run bcachefs get -anq dev0.img /links /names/. out
	status 0
	no_err
	out '^out/links/hard0$'
	out '^out/nl\\x0ahere$'
	holds test "$(ls out)" = ''
}

paths_are_chosen_by_a_regular_expression() {
	unpack_image "$image"
	run bcachefs get --path-regex '^/(deep(/a(/b(/x)?)?)?)?$' dev0.img out
	status 0
	err '^1 files, 5000 bytes'
	holds test -f out/deep/a/b/x
	run bcachefs get --path-regex '(' dev0.img out
	status 1
	err '^bcachefs: \(: '
}

lost_data_is_named_and_with_i_a_hole() {
	local inum size
	unpack_image "$image"
	bcachefs get dev0.img whole 2>/dev/null
	inum=$(damage dev0.img)
	run bcachefs get dev0.img "<$inum>" out
	status 1
	err "^bcachefs: <$inum>: lost bytes 0-[0-9]+: bad checksum of data; not written, try -i$"
	err '^0 files, 0 bytes, 1 files incomplete$'
	holds test ! -e out
	run bcachefs get -i dev0.img "<$inum>" out
	status 1
	err "^bcachefs: <$inum>: lost bytes 0-[0-9]+: bad checksum of data$"
	size=$(stat -c %s out)
	err "^1 files, $size bytes, 1 files incomplete$"
	run bcachefs get --no-verify dev0.img "<$inum>" out2
	status 0
	holds test "$(stat -c %s out2)" = "$size"
	# all others are as before
	bcachefs get dev0.img rest 2>/dev/null
	holds test "$(diff -rq whole rest | wc -l)" = 1
}

subvolumes_are_directories() {
	unpack_image "$top/tests/images/06-snapshots"
	run bcachefs get dev0.img out
	status 0
	holds test -f out/sub1/nested/file
	run bcachefs get --subvol=/sub1 dev0.img out2
	holds diff -r out/sub1 out2
}

cases
