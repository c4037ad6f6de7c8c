# SPDX-License-Identifier: GPL-2.0-or-later
# The program with a call in it that fails. After lib.sh.
#
# Each call fails in turn, of the later ones only some: for FAULT_STEP=2, the default (20 under ASan), between number N and
# the next one are N * 2 / 10 others. FAULT_STEP=0 tries all.
. "$here/link_lib.sh"

[[ ${B:-} == */asan ]] && slow=20
step=${FAULT_STEP:-${slow:-2}}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
faulty=$folder/bcachefs
export ASAN_OPTIONS=exitcode=99 LSAN_OPTIONS=exitcode=99

wraps=$(printf -- '-Wl,--wrap=%s ' malloc calloc realloc reallocarray strdup strndup pread64 pwrite64 fsync fdatasync \
	pthread_create)
(cd "$top" && link_with_commands "$faulty" tests/cmd/faulty.c "${B:-build}/bcachefs.o" $wraps) || exit 1

# A command in which the fault happens; what it says may be of several lines. How many calls there are is in the file count.
run_faulty() { # KIND NR COMMAND...
	FAULT=$1 FAULT_AT=$2 FAULT_COUNT=$PWD/count run "$faulty" "${@:3}"
	ran+=" ($1 $2)"
}

# Once for each call of a kind that is to fail, of as many as the file first has.
each_call() { # KIND FUNCTION ARGUMENT...
	local nr=1 nr_calls
	nr_calls=$(sed -n "s/^$1 //p" first)
	while ((nr <= nr_calls)); do
		"$2" "${@:3}" "$1" "$nr"
		((nr += 1 + nr * step / 10))
	done
}

ours=$(compgen -A function)
