#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fusemount: real programs see through it what the kernel showed of the filesystem, and it leaves nothing. CLI 12.2.
. "$(dirname "$0")/image_lib.sh"

# One with files of all kinds.
image=$top/tests/images/14-quota

# Where CI runs, all of it is there.
need_fuse() {
	need_root
	[[ -c /dev/fuse ]] || missing '/dev/fuse'
	command -v fusermount3 >/dev/null || missing 'fusermount3'
	bcachefs version -v | grep -q '^libfuse.*[0-9]' || missing 'libfuse3 in this build'
	trap 'mounted mnt && umount -l mnt' EXIT
}

missing() { # WHAT
	[[ ${CI-} ]] && fail "no $1"
	skip "no $1"
}

mounted() { # DIR
	grep -qF " $PWD/$1 " /proc/self/mountinfo
}

# Each image's devices in one word.
devices() {
	printf '%s\n' dev*.img | paste -sd:
}

mount_image() { # [OPTION]...
	mkdir -p mnt
	run bcachefs fusemount -q --passphrase_file=pw "$@" "$(devices)" mnt
	status 0
	holds mounted mnt
}

# The daemons of this program that serve mnt, but those that only nobody waits for.
daemons() {
	pgrep -f "^[^ ]*bcachefs fusemount .* mnt$" | while read -r pid; do
		[[ $(readlink "/proc/$pid/exe") == "$(readlink -f "$program")" && $(ps -o stat= -p "$pid") != Z* ]] && echo "$pid"
	done
}

unmount() {
	fusermount3 -u mnt || fail 'cannot be unmounted'
	holds test "$(ls mnt)" = ''
	mounted mnt && fail 'is mounted still'
	return 0
}

# What has no content left in the manifest of the time.
lost_of_image() { # FOLDER
	{ cat "$1/manifest.txt" 2>/dev/null || zstd -qdc "$1/manifest.txt.zst"; } |
		awk -F'\t' '$10 ~ /READERR/ { print $2 }' | sort
}

# Ends soon.
gone() { # PID
	local i
	for ((i = 0; i < 100; i++)); do
		[[ -d /proc/$1 && $(ps -o stat= -p "$1") != Z* ]] || return 0
		sleep 0.1
	done
	fail "process $1 stays"
}

ours=$(compgen -A function)

all_files_of_all_images_are_those_that_the_kernel_showed() {
	need_fuse
	local folder
	while read -r folder; do
		unpack_image "$folder"
		files_of_image "$folder" >want
		[[ -s want ]] || continue # never mounted
		mount_image
		files_of mnt >all
		awk -F'\t' '$10 != "EIO"' all >have
		same_files have want
		awk -F'\t' '$10 == "EIO" { print $2 }' all >have
		lost_of_image "$folder" >want
		same_files have want
		unmount
	done < <(all_images)
}

space_is_what_the_kernel_says() {
	need_fuse
	local name
	for name in 05-encrypted 06-snapshots 07-reflink 11-fresh 12-upgraded 139-evac-pending 139-fresh 14-quota; do
		unpack_image "$top/tests/images/$name"
		mount_image
		stat -f -c 'bsize=%S blocks=%b bfree=%f bavail=%a files=%c ffree=%d namelen=%l' mnt >have
		sed -n '1s/^type=[^ ]* //p' "$top/tests/images/$name/statfs.txt" >want
		same_files have want
		unmount
	done
}

usual_programs_agree() {
	need_fuse
	unpack_image "$image"
	mount_image
	holds test "$(readlink mnt/links/abs)" = /etc/passwd
	holds test "$(find mnt -printf . | wc -c)" = "$(files_of_image "$image" | wc -l)"
	holds test "$(find mnt -samefile mnt/links/hard0 | wc -l)" = "$(stat -c %h mnt/links/hard0)"
	bcachefs ls -R1a dev0.img / >/dev/null || fail 'no list'
	bcachefs cat dev0.img /deep/a/b/x | cmp - mnt/deep/a/b/x || fail 'other bytes'
	bcachefs stat dev0.img /deep/a/b/x >said
	grep -qF "$(stat -c %i mnt/deep/a/b/x)" said || fail 'another inode number'
	local inode
	inode=$(find mnt -mindepth 1 -maxdepth 1 -printf '%i\n' | sort)
	# what readdir says without attributes is what stat says
	[[ $(ls -U1i mnt | awk '{ print $1 }' | sort) == "$inode" ]] || fail 'other inode numbers in the directory'
	getfattr -Rdhm - --absolute-names mnt >one 2>/dev/null
	holds test -s one
	unmount
}

rsync_copies_all() {
	need_fuse
	command -v rsync >/dev/null || skip 'no rsync'
	unpack_image "$image"
	files_of_image "$image" >want
	mount_image
	mkdir copy
	# attributes of bcachefs are no other filesystem's
	run rsync -aHAXS --numeric-ids --filter='-x bcachefs.*' mnt/ copy/
	status 0
	unmount
	# rsync makes holes of all zeroes
	files_of copy | awk -F'\t' -v OFS='\t' '{ $12 = ""; print }' >have
	awk -F'\t' -v OFS='\t' '{ $12 = ""; print }' want >wanted
	same_files have wanted
}

subvolumes_are_directories_whose_files_have_numbers_of_their_own() {
	need_fuse
	unpack_image "$top/tests/images/06-snapshots"
	mount_image
	holds test -f mnt/sub1/nested/file
	holds test "$(find mnt -xdev -printf . | wc -c)" = "$(files_of_image "$top/tests/images/06-snapshots" | wc -l)"
	# files with one link each share no number
	find mnt ! -type d -links 1 -printf '%i\n' | sort | uniq -d >twice
	holds test ! -s twice
	files_of mnt/sub1 >have
	unmount
	mount_image --subvol=/sub1
	files_of mnt >want
	same_files have want
	unmount
}

a_damaged_file_alone_has_errors() {
	need_fuse
	local inum damaged
	unpack_image "$image"
	bcachefs get -aq dev0.img whole
	inum=$(damage dev0.img)
	mount_image
	damaged=$(cd mnt && find . -inum "$inum" | head -n 1)
	run cat "mnt/$damaged"
	status 1
	err 'Input/output error'
	diff -rq --no-dereference whole mnt 2>&1 | grep -v 'special file\|/dev\>' >differ
	holds test "$(grep -c "${damaged#./}" differ)" -ge 1
	(cd mnt && find . -type f ! -inum "$inum" -exec sha256sum {} +) >have || fail 'others have errors'
	(cd whole && sha256sum --quiet -c ../have) || fail 'others are changed'
	unmount
}

of_a_damaged_file_all_but_the_damaged_extent_can_be_read() {
	need_fuse
	local file=/sub1/sizes/t1048579 extent place
	unpack_image "$top/tests/images/06-snapshots"
	bcachefs cat dev0.img $file >whole
	read -r _ extent _ place _ < <(bcachefs fiemap dev0.img $file | grep ' 0:' | head -n 1)
	dd if=/dev/zero of=dev0.img bs=512 count=1 seek=$((place / 512)) conv=notrunc 2>/dev/null
	mount_image
	run cat mnt$file
	status 1
	dd if=mnt$file of=rest bs=4096 conv=noerror 2>/dev/null
	cmp rest <(tail -c +$((extent + 1)) whole) || fail 'more than the extent is gone'
	unmount
}

unmounting_leaves_no_process_and_no_mount() {
	need_fuse
	unpack_image "$image"
	mount_image
	local pid
	pid=$(daemons)
	[[ $pid ]] || fail 'no daemon'
	holds test "$(readlink "/proc/$pid/cwd")" = /
	holds test "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1" "/proc/$pid/fd/2" | sort -u)" = /dev/null
	unmount
	gone "$pid"
	mount_image
	pid=$(daemons)
	kill "$pid"
	gone "$pid"
	mounted mnt && fail 'is mounted still'
	return 0
}

in_the_foreground_an_interrupt_unmounts() {
	need_fuse
	unpack_image "$image"
	mkdir mnt
	set -m # interrupts are not ignored then
	"$program" fusemount -f dev0.img mnt &
	local pid=$! i
	for ((i = 0; i < 100; i++)); do
		mounted mnt && break
		sleep 0.1
	done
	holds test -f mnt/future
	kill -INT "$pid"
	wait "$pid"
	got=$?
	status 0
	mounted mnt && fail 'is mounted still'
	return 0
}

what_cannot_be_mounted_is_said_by_one_line_and_status_1() {
	need_fuse
	unpack_image "$image"
	mkdir mnt
	truncate -s 1M empty
	run bcachefs fusemount dev0.img nowhere
	status 1
	err_is 'bcachefs: nowhere: no such file or directory'
	run bcachefs fusemount dev0.img dev0.img
	status 1
	err_is 'bcachefs: dev0.img: not a directory'
	run bcachefs fusemount empty mnt
	status 1
	err '^bcachefs: empty: superblock at sector 8: not a bcachefs superblock'
	run bcachefs fusemount -o rw dev0.img mnt
	status 1
	err_is 'bcachefs: -o rw: fusemount only reads; try -o ro'
	run bcachefs fusemount --subvol=777 dev0.img mnt
	status 1
	err '777'
	run bcachefs fusemount -o ro,frobnicate dev0.img mnt
	status 2
	err "unknown option 'frobnicate'"
	mounted mnt && fail 'is mounted'
	return 0
}

a_wrong_passphrase_is_said_before_the_command_returns() {
	need_fuse
	unpack_image "$top/tests/images/05-encrypted"
	mkdir mnt
	echo wrong >pw
	run bcachefs fusemount --passphrase_file=pw dev0.img mnt
	status 1
	err 'incorrect passphrase'
	mounted mnt && fail 'is mounted'
	echo correct horse >right
	RUN_STDIN=right run bcachefs fusemount dev0.img mnt
	status 0
	holds test "$(ls mnt | wc -l)" -gt 3
	unmount
}

fstab_and_mount_call_it_by_another_name() {
	need_fuse
	unpack_image "$image"
	mkdir mnt
	ln -s "$program" mount.fuse.bcachefs
	run ./mount.fuse.bcachefs dev0.img mnt -o ro,dev,suid,noatime,x-systemd.automount,_netdev -n -s -v -t fuse.bcachefs
	status 0
	grep -F " $PWD/mnt " /proc/self/mountinfo >line
	grep -qE ' ro,noatime - fuse\.bcachefs dev0\.img ro,' line || fail "mounted as $(<line)"
	unmount
}

others_are_let_in_and_checked_when_that_is_said() {
	need_fuse
	unpack_image "$image"
	chmod 755 "$work" .
	mount_image
	run as_nobody ls mnt
	status 2
	unmount
	mount_image -o allow_other
	run as_nobody cat mnt/future
	status 0
	run as_nobody ls mnt/deep
	status 2
	err 'Permission denied'
	unmount
}

without_recovery_the_journal_is_not_read() {
	need_fuse
	unpack_image "$top/tests/images/10-crash-d"
	mount_image
	files_of mnt >replayed
	unmount
	mount_image -o norecovery
	files_of mnt >plain
	unmount
	cmp -s replayed plain && fail 'the journal was replayed'
	return 0
}

cases
