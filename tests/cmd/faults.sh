#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every command that writes, when memory, a thread, a read, a write or a flush fails: a clean error, and the old state or
# the new one, whole.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/writing_lib.sh"
. "$(dirname "$0")/faults_lib.sh"

# What the commands change but for random numbers, of a filesystem that must be whole.
state() { # LINE
	local devices=a.img
	if [[ $1 == 'device add'* ]]; then
		bcachefs device list a.img >/dev/null || devices='-D a.img -D extra.img'
		bcachefs device list $devices | awk '{ print $1, $2, $3, $4 }'
	fi
	bcachefs set-fs-option --get $devices || fail "cannot be opened"
	bcachefs recovery-pass $devices
	bcachefs show-super -f counters a.img | grep -A999 ^counters
	if [[ $1 == *passphrase* ]]; then # they only write superblocks, and keys take long to derive
		for file in old new; do
			bcachefs list --passphrase_file=$file -b inodes a.img && break
		done
		echo "$file"
	else
		bcachefs ls -laR $devices
		[[ $1 == image* ]] || bcachefs get-file-option $devices /file
	fi
	# the commits in which an image grows and shrinks change the superblock too, not at the same instant
	if [[ $1 != @(*passphrase|strip-alloc|image)* ]]; then
		bcachefs fs usage --recount $devices >recount 2>&1 || fail "a recount finds: $(<recount)"
	fi
}

faulted() { # LINE KIND NR
	RUN_STDIN=edit run_faulty "$2" "$3" $(words_of "$1" a.img) --undo-file=u
}

# It is an error, or nothing came of it.
judge() { # LINE KIND
	as_others "$1"
	case $got,$2 in
	1,*) err '^bcachefs: |errors|left' ;;
	0,memory | 0,read | 0,thread) ;;
	*) fail "neither an error nor done" ;;
	esac
	no_err 'Sanitizer|runtime error'
	# These are not one change, or the damage itself; what is there between is brought back by their undo files.
	[[ $1 != @(format|undo|kill_btree_node)* ]] || return 0
	if cut_off "$1"; then
		go_on "$1"
	else
		state "$1" >now 2>/dev/null
	fi
	if ! cmp -s now after; then
		[[ $got == 1 ]] && cmp -s now before || fail "neither the old state nor the new: $(diff before now)"
	fi
}

# After its superblock a change of version can be asked for once more, and goes on; fsck and kernels would do the same, and
# do it for changes of members.
cut_off() { # LINE
	[[ $1 == @(upgrade|downgrade|device add|device resize)* ]] && ! bcachefs recovery-pass a.img 2>/dev/null | grep -q '(none)'
}

# Bad copies of a superblock fsck puts right in a run of their own.
go_on() { # LINE
	local again
	again=$(words_of "$1" a.img)
	tar -cSf cut ./*.img
	if [[ $1 == device* ]]; then
		again="fsck -q -y $(images_of "$1" a.img)"
		bcachefs $again >"$work/again" 2>&1
	fi
	bcachefs $again >"$work/again" 2>&1 || fail "cannot go on: $(<"$work/again")"
	state "$1" >now 2>/dev/null
	tar -xSf cut # the undo file knows of that
}

put_back() { # LINE
	if [[ -e u ]]; then
		bcachefs undo -q -f u $(images_of "$1" a.img) 2>"$work/undo" || grep -q 'not an undo file' "$work/undo" || fail "$(<"$work/undo")"
		rm u
	fi
	cmp -s a.img kept || fail 'undo does not bring back what was there'
}

one_call() { # LINE KIND NR
	faulted "$1" "$2" "$3"
	judge "$1" "$2"
	put_back "$1"
}

each_kind() { # LINE
	local kinds='memory thread read write flush'
	export SOURCE_DATE_EPOCH=1800000000
	prepare "$1" a.img
	cp --sparse=always a.img kept
	[[ $1 == kill_btree_node* ]] || state "$1" >before 2>/dev/null
	faulted "$1" memory 0
	as_others "$1"
	status 0
	mv count first
	[[ $1 == kill_btree_node* ]] || state "$1" >after 2>/dev/null
	put_back "$1"
	if [[ $1 == *passphrase* ]]; then # as set-fs-option, but a key takes long to derive
		kinds='memory write' step=$((step * 20))
	fi
	for kind in $kinds; do
		each_call "$kind" one_call "$1"
	done
}

ours=$(compgen -A function)
while read -r words; do
	name=$(tr -cs 'a-z\n' _ <<<"${words%% [-@]*}")
	eval "a_fault_in_${name}_is_an_error_and_leaves_the_old_state_or_the_new() { each_kind '$words'; }"
done < <(writing)

cases
