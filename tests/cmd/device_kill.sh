#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGINT and SIGKILL at random moments of device evacuate, replace and resize: the filesystem is whole, no file has changed,
# and another run ends what was begun. In the environment: KILL_RUNS, how many of each command (16); KILL_SEED, that of the
# moments, which are printed with a failure.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/device_lib.sh"

nr_runs=${KILL_RUNS:-16} seed=${KILL_SEED:-$SRANDOM}

# Nothing needs to last: in memory a flush takes no time.
if [[ -w /dev/shm ]]; then
	export TMPDIR=/dev/shm
fi

now() {
	echo "${EPOCHREALTIME/./}"
}

# What is on the images before any command, and how long one takes that nobody stops.
keep() { # COMMAND...
	local start
	mkdir kept
	cp --sparse=always *.img kept
	before=$(files a.img b.img)
	start=$(now)
	run bcachefs "$@"
	status 0
	took=$(($(now) - start))
}

# Runs a command and sends it a signal after so many microseconds; it may have ended by then.
stopped() { # SIGNAL MICROSECONDS COMMAND...
	local signal=$1 wait=$2 pid
	shift 2
	ran="$* (stopped by $signal after $wait us of $took; KILL_SEED=$seed)"
	env --default-signal=INT "$program" "$@" >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
	sleep "$((wait / 1000000)).$(printf %06d $((wait % 1000000)))"
	kill -"$signal" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	got=$?
	[[ $signal == KILL || $got == @(0|130) ]] || grep -q 'interrupted' "$work/err" || fail 'neither done nor interrupted'
}

# Nothing is to be repaired but what the superblock says, and the files are those of before.
whole() { # IMAGE...
	local said=$ran
	if ! bcachefs recovery-pass "$@" | grep -q '(none)'; then
		run bcachefs fsck -y -q "$@"
		[[ $got == [01] ]] || fail 'fsck cannot put right what is cut off'
	fi
	run bcachefs fsck -n -q "$@"
	ran="$said, $ran"
	status 0
	no_out
	[[ $(files "$@") == "$before" ]] || fail 'the files have changed'
}

eachtime() { # CHECK COMMAND...
	local check=$1 signal
	shift
	RANDOM=$((seed % 32768))
	for ((nr = 0; nr < nr_runs; nr++)); do
		cp --sparse=always kept/*.img .
		signal=INT
		((nr % 2)) || signal=KILL
		stopped $signal $(((RANDOM << 15 | RANDOM) % took * 11 / 10)) "$@"
		"$check" "$@"
	done
}

# Most of its data lies behind what was deleted.
filled() {
	make 2
	head -c 40000000 /dev/urandom >data
	bcachefs put -q a.img:b.img data /first
	bcachefs put -q a.img:b.img data /second
	bcachefs rm -q a.img:b.img /first /random
}

again() { # COMMAND...
	whole a.img b.img
	run bcachefs "$@"
	status 0
	whole a.img b.img
}

evacuated() { # COMMAND...
	again "$@"
	bcachefs list a.img b.img >keys
	! grep -q 'ptr: 0:' keys || fail 'something leads to the member still'
}

an_evacuation_that_is_stopped_goes_on() {
	filled
	keep device evacuate 0 a.img b.img
	eachtime evacuated device evacuate 0 a.img b.img
}

shrunk() { # COMMAND...
	again "$@"
	run bcachefs device resize 0 64M a.img b.img
	err 'already$'
}

a_resize_that_is_stopped_goes_on() {
	filled
	keep device resize 0 64M a.img b.img
	eachtime shrunk device resize 0 64M a.img b.img
}

# The device that takes its place is a member as soon as the superblocks say so, else the old one is.
replaced() { # COMMAND...
	if bcachefs device list -D new.img -D b.img >/dev/null 2>&1; then
		whole new.img b.img
		return
	fi
	whole a.img b.img
	run bcachefs device replace -f "${@:3}"
	status 0
	whole new.img b.img
}

a_device_is_replaced_or_not() {
	filled
	image 96M new.img >/dev/null
	keep device replace 0 new.img a.img b.img
	eachtime replaced device replace 0 new.img a.img b.img
}

echo "# KILL_SEED=$seed"
cases
