#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The commands that move data between members, when memory, a thread, a read, a write or a flush fails: a clean error, and a
# filesystem that is whole and has all its files, from which the command gets to its end without the fault. Those that
# change a member alone: faults.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/writing_lib.sh"
. "$(dirname "$0")/faults_lib.sh"

step=$((step * 4)) # each takes some commands to be judged

# The members, whatever came of the command.
find_members() {
	for members in 'a.img b.img' 'a.img extra.img' 'a.img'; do
		bcachefs device list $(printf -- '-D %s ' $members) >/dev/null 2>&1 && return
	done
	fail 'no members can be opened together'
}

# Nothing is to be repaired but bad copies of a superblock, or what the superblock says.
whole() {
	local said=$ran
	find_members
	if ! bcachefs fsck -n -q $members >/dev/null 2>&1; then
		bcachefs fsck -n -q $members >found 2>&1
		! bcachefs recovery-pass $members | grep -q '(none)' ||
			! grep -v '^[^ ]*:\|superblock_copy_bad\|^checked' found || fail "fsck finds: $(<found)"
		bcachefs fsck -y -q $members >/dev/null 2>&1
		run bcachefs fsck -n -q $members
		ran="$said, fsck -y, $ran"
		status 0
	fi
	[[ $(bcachefs tar "$(joined $members)" | sha256sum) == "$files" ]] || fail 'the files have changed'
	ran=$said
}

# What the command is for. LINE
is_done() {
	find_members
	case $1 in
	"device evacuate"*) ! bcachefs list -a $members | grep -q 'ptr: 1:' ;;
	"device remove"*) [[ $members == a.img ]] ;;
	"device replace"*) [[ $members == 'a.img extra.img' ]] ;;
	data*) ! bcachefs list $members | grep -q 'durability: 1' ;;
	esac
}

one_call() { # LINE KIND NR
	run_faulty "$2" "$3" $1
	case $got,$2 in
	1,*) err '^bcachefs: ' ;;
	0,memory | 0,read | 0,thread) is_done "$1" || fail 'it says that it is done' ;;
	*) fail "neither an error nor done" ;;
	esac
	no_err 'Sanitizer|runtime error'
	whole
	if ! is_done "$1"; then
		run bcachefs ${1/replace/replace -f}
		status 0
		whole
		is_done "$1" || fail 'it is not done once it is run again'
	fi
	cp --sparse=always kept/*.img .
}

each_kind() { # LINE
	local kind
	two_devices
	mkdir kept
	cp --sparse=always ./*.img kept
	files=$(bcachefs tar a.img:b.img | sha256sum)
	run_faulty memory 0 $1
	status 0
	is_done "$1" || fail 'it is not done'
	mv count first
	cp --sparse=always kept/*.img .
	for kind in memory thread read write flush; do
		each_call "$kind" one_call "$1"
	done
}

ours=$(compgen -A function)
while read -r group name rest; do
	eval "a_fault_in_${group}_${name}_leaves_all_files_and_a_way_on() { each_kind '$group $name $rest'; }"
done < <(writing_between)

cases
