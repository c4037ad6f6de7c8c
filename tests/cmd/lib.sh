# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of commands share: a case, the checks in it, a folder of its own, images. TAP on standard output.
#
#	. "$(dirname "$0")/lib.sh"
#
#	show_super_names_the_label() {
#		bcachefs format --fs_label=tank "$(image 32M)"
#		run bcachefs show-super ...
#		status 0
#		out 'Label:  *tank'
#	}
#
#	cases
#
# Every function that is defined in the script and has an underscore in its name is a case, and its name with blanks the
# sentence. A case runs in a subshell, in an empty folder that is removed afterwards, and ends at its first failed check.

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
program=${BCACHEFS:-$top/bcachefs}

bcachefs() {
	"$program" "$@"
}

# Runs a command; what it said and its exit status are for the checks. Standard input is at its end, unless RUN_STDIN
# names a file.
run() { # COMMAND...
	ran="$*"
	"$@" <"${RUN_STDIN:-/dev/null}" >"$work/out" 2>"$work/err"
	got=$?
}

fail() { # WORDS
	{
		echo "$1"
		echo "ran: ${ran:-nothing}"
		echo "exit status: ${got:-none}"
		for name in out err; do
			[[ -s $work/$name ]] && sed "s/^/$name: /" "$work/$name"
		done
	} >&3
	exit 1
}

# The exit status of the last run.
status() { # N
	[[ $got == "$1" ]] || fail "exit status $1 wanted"
}

# The last run's standard output, and error, have a line that matches; do not have one; are empty; are this text.
out() { # REGEXP
	grep -qE -e "$1" "$work/out" || fail "no line of standard output matches: $1"
}
err() { # REGEXP
	grep -qE -e "$1" "$work/err" || fail "no line of standard error matches: $1"
}
no_out() { # [REGEXP]
	! grep -qE -e "${1-}" "$work/out" || fail "standard output has: ${1-something}"
}
no_err() { # [REGEXP]
	! grep -qE -e "${1-}" "$work/err" || fail "standard error has: ${1-something}"
}
out_is() { # TEXT
	[[ $(<"$work/out") == "$1" ]] || fail "standard output is not: $1"
}
err_is() { # TEXT
	[[ $(<"$work/err") == "$1" ]] || fail "standard error is not: $1"
}

# A word behind each line of standard output that begins with a label: field 'Sequence number'
field() { # LABEL
	sed -n "s/^ *$1: *//p" "$work/out"
}
field_is() { # LABEL TEXT
	[[ $(field "$1") == "$2" ]] || fail "$1 is not: $2"
}

# Any other condition.
holds() { # COMMAND...
	"$@" || fail "does not hold: $*"
}

# A new sparse image file in the case's folder; prints its name.
image() { # SIZE [NAME]
	local name=${2:-image.$RANDOM$RANDOM}
	truncate -s "$1" "$name" && echo "$name"
}

# Unpacks tests/images/NAME.zst, or all of tests/images/NAME/, into the case's folder; prints the names.
unpack() { # NAME
	local packed
	for packed in "$top/tests/images/$1.zst" "$top/tests/images/$1"/*.zst; do
		[[ -e $packed ]] || continue
		zstd -qd --sparse "$packed" -o "$(basename "$packed" .zst)" || fail "cannot unpack $packed"
		basename "$packed" .zst
	done
}

# Runs a command with a terminal on all its streams, and types each answer when its prompt has come since the last one. What
# the terminal showed is for out. No shell stays in between: dash would die of a ^C that the command took.
on_terminal() { # [PROMPT ANSWER]... -- COMMAND...
	local typed=() shown='' since letter TTY_PID
	while [[ $1 != -- ]]; do
		typed+=("$1" "$2")
		shift 2
	done
	shift
	ran="$* (on a terminal)"
	coproc TTY { exec script -qec "exec $(printf '%q ' "$@")" /dev/null; }
	local pid=$TTY_PID in=${TTY[1]} screen
	exec {screen}<&"${TTY[0]}"
	set -- ${typed[@]+"${typed[@]}"}
	while (($#)); do
		since=''
		until [[ $since == *"$1" ]] || ! read -rN1 -t 20 -u "$screen" letter; do
			since+=$letter
		done
		shown+=$since
		printf '%s' "$2" >&"$in"
		shift 2
	done
	{ printf '%s' "$shown"; cat <&"$screen"; } | tr -d '\r' >"$work/out"
	wait "$pid"
	got=$?
	: >"$work/err"
}

# A case that cannot be run here: said, and counted as skipped.
skip() { # REASON
	echo "SKIP $1" >&4
	exit 0
}

run_case() { # NAME
	local sentence=${1//_/ } work folder reason
	work=$(mktemp -d) && folder=$work/folder && mkdir "$folder"
	if (cd "$folder" && "$1") 3>"$work/why" 4>"$work/skip" >"$work/said" 2>&1; then
		reason=$(<"$work/skip")
		echo "ok $((++nr)) - $sentence${reason:+ # $reason}"
	else
		echo "not ok $((++nr)) - $sentence"
		awk '{ print "# " $0 }' "$work/why" "$work/said" # which ends the last line, too
		failed=1
	fi
	rm -rf "$work"
}

cases() {
	local name nr=0 failed=0
	for name in $(compgen -A function | grep _ | grep -vxF "$ours"); do
		run_case "$name"
	done
	echo "1..$nr"
	exit $failed
}

ours=$(compgen -A function)
