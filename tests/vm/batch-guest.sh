# SPDX-License-Identifier: GPL-2.0-or-later
# The inside of `vm batch`: runs the cases of /host/cases/list one by one and tells the host about each.
# A line of the list: number, seconds, index of the first device, number of devices.
# shellcheck shell=dash

# vda, ..., vdz, vdaa, ...: the kernel's names of disks.
disk_name() { # INDEX
	local name='' n=$1
	while [ "$n" -ge 0 ]; do
		name=$(printf %b "\\0$(printf %o $((97 + n % 26)))")$name # 97 is a
		n=$((n / 26 - 1))
	done
	echo "/dev/vd$name"
}

# Sets DEV0, DEV1, ... and DEVS, their names joined by colons.
set_devices() { # FIRST COUNT
	local i=0 name
	DEVS=
	while [ "$i" -lt "$2" ]; do
		name=$(disk_name $(($1 + i)))
		export "DEV$i=$name"
		DEVS=$DEVS${DEVS:+:}$name
		i=$((i + 1))
	done
	export DEVS
}

# Fails where a process of the group is there after some seconds: it hangs in the kernel.
group_gone() { # GROUP
	local i
	for i in 1 2 3 4 5 6 7 8 9 10; do
		kill -KILL -- "-$1" 2>/dev/null
		cat /proc/[0-9]*/stat 2>/dev/null | awk -v group="$1" '$5 == group { found = 1 } END { exit found }' &&
			return 0
		sleep 1
	done
	return 1
}

log_of_case() { # NR
	dmesg | sed "1,/case-$1-begins\$/d"
}

# The case's exit status; output goes to standard output. Sets `tainted` where the kernel must not be used further.
run_case() { # NR SECONDS
	local pid status
	echo "case-$1-begins" >/dev/kmsg
	# shellcheck disable=SC2016 # the inner shell expands it
	setsid timeout -s KILL "$2" sh -c 'cd "$CASE" && . /host/guest.sh && . ./case.sh' &
	pid=$!
	wait $pid
	status=$?
	[ $status != 137 ] || echo "time ran out after $2 s"
	if ! group_gone $pid; then
		echo "a process hangs in the kernel"
		echo w >/proc/sysrq-trigger
		tainted=1 status=1
	elif grep -q " $MNT " /proc/mounts && ! umount "$MNT"; then
		echo "cannot unmount what the case left mounted"
		tainted=1 status=1
	fi
	if log_of_case "$1" | grep -E 'cut here|BUG:'; then
		echo "the kernel warns"
		tainted=1 status=1
	fi
	return $status
}

tainted=
while [ ! "$tainted" ] && read -r nr seconds first count; do
	export CASE=/host/cases/$nr MNT=/mnt/$nr
	set_devices "$first" "$count"
	echo "@@case $nr"
	run_case "$nr" "$seconds"
	status=$?
	[ $status = 0 ] || [ $status = 77 ] || log_of_case "$nr" | tail -n 200
	printf '\n@@done %s %s\n' "$nr" $status
done </host/cases/list
echo @@over
