# SPDX-License-Identifier: GPL-2.0-or-later
# Many cases in few boots. Sourced by vm.
#
# A case is a folder; its last component is the name. In it are
#
#   case.sh          run inside with busybox sh after guest.sh, in a folder with the case's other files. DEV0, DEV1, ...
#                    are its devices, DEVS all of them joined by colons, MNT a folder to mount on. Exit status 0: good,
#                    77: skipped, others: bad. Lines `# kernel: 6.16` and `# seconds: 90` in it override -k and -t.
#   dev0.img, ...    its devices
#   before.sh        if there: run by bash on the host, in the folder, before the boot; may make the images
#   after.sh         if there: the same after the case, where it was good; the machine runs on, but is done with the images
#
# A case that hangs, crashes or soils the kernel is bad, and the cases after it run in a fresh boot.
# shellcheck shell=bash disable=SC2034,SC2154 # what all of vm shares

# A disk costs 0.14 s of a boot, and a boot 4 s.
vm_batch_disks=32

# Seconds without a word from the machine, besides those of a running case: for a boot, for the end of a case.
vm_patience=120

case_setting() { # NR NAME DEFAULT
	local value
	value=$(sed -n "s/^# $2: *//p" "${cases[$1]}/case.sh")
	echo "${value:-$3}"
}

time_limit() { # NR
	case_setting "$1" seconds "${seconds:-60}"
}

count_images() { # NR
	local n=0
	while [[ -e ${cases[$1]}/dev$n.img ]]; do
		((++n))
	done
	echo "$n"
}

run_hook() { # NR HOOK
	[[ ! -e ${cases[$1]}/$2 ]] ||
		(cd "${cases[$1]}" && exec bash "./$2") >>"$work/output.$1" 2>&1 </dev/null
}

# Tells vm_batch how a case ended. The line is short: those of several jobs do not mix.
finish() { # NR STATUS
	echo "$1 $2"
}

# Sets the array waiting to those cases whose before.sh did well.
prepare() { # NR...
	local nr
	waiting=()
	for nr in "$@"; do
		if run_hook "$nr" before.sh; then
			waiting+=("$nr")
		else
			finish "$nr" $?
		fi
	done
}

# Puts a case into the boot: its files into ROOT, its images behind those in the array images.
add_case() { # NR ROOT
	local case=${cases[$1]} to=$2/host/cases/$1 nr_disks i
	nr_disks=$(count_images "$1")
	mkdir -p "$to"
	find "$case" -mindepth 1 -maxdepth 1 ! -name 'dev*.img' -exec cp -r {} "$to/" \;
	echo "$1 $(time_limit "$1") ${#images[@]} $nr_disks" >>"$2/host/cases/list"
	for ((i = 0; i < nr_disks; i++)); do
		images+=("$case/dev$i.img")
	done
}

# Moves cases from the array waiting to the array booted: those of the first one's kernel, as many as fit.
fill_boot() { # ROOT
	local nr rest=()
	booted=() images=()
	boot_series=$(case_setting "${waiting[0]}" kernel "$series")
	for nr in "${waiting[@]}"; do
		if [[ $(case_setting "$nr" kernel "$series") == "$boot_series" ]] &&
			((!${#images[@]} || ${#images[@]} + $(count_images "$nr") <= vm_batch_disks)); then
			add_case "$nr" "$1"
			booted+=("$nr")
		else
			rest+=("$nr")
		fi
	done
	waiting=("${rest[@]}")
}

# Reads what batch-guest.sh says until it is over, or the machine ends or says nothing for too long. Sets ended[NR]
# for each case that came to an end, and current to one that began and did not.
follow() { # FD
	local line nr status patience=$vm_patience
	current=''
	while IFS= read -r -t "$patience" -u "$1" line; do
		case $line in
		"@@case "*)
			current=${line#@@case }
			patience=$(($(time_limit "$current") + vm_patience))
			;;
		"@@done "*)
			read -r _ nr status <<<"$line"
			((status)) || run_hook "$nr" after.sh || status=$?
			finish "$nr" "$status"
			ended[nr]=1 current=''
			;;
		@@over) return ;;
		*) [[ ! $current ]] || printf '%s\n' "$line" >>"$work/output.$current" ;;
		esac
	done
}

# One boot of cases from the array waiting. Those that it did not come to are waiting again.
boot_cases() {
	local root=$work/boot.$BASHPID booted images boot_series drives fd machine nr current ended=()
	rm -rf "$root"
	cp -r "$work/root" "$root"
	cp "$vm_dir/batch-guest.sh" "$root/host/run.sh"
	fill_boot "$root"
	vm_setup "$boot_series"
	set_drives "${images[@]}"
	make_initrd "$boot_series" "$root" "$root.initrd"
	exec {fd}< <(exec_machine "$boot_series" "$mib" 0 "$root.initrd" "$root.console")
	machine=$!
	follow "$fd"
	exec {fd}<&-
	kill "$machine" 2>/dev/null || true

	if [[ $current ]]; then
		{
			echo "the machine crashed or hangs:"
			tail -n60 "$root.console"
		} >>"$work/output.$current"
		finish "$current" 124
		ended[current]=1
	fi
	for nr in "${booted[@]}"; do
		if ((!${#ended[@]})); then
			{
				echo "the machine did not come up:"
				tail -n60 "$root.console"
			} >>"$work/output.$nr"
			finish "$nr" 125
		elif [[ ! ${ended[nr]:-} ]]; then
			waiting+=("$nr")
		fi
	done
}

# Every so-manieth case, from the first one of this job.
run_share() { # JOB
	local waiting
	# shellcheck disable=SC2046 # numbers
	prepare $(seq "$1" "$jobs" $((${#cases[@]} - 1)))
	while ((${#waiting[@]})); do
		boot_cases
	done
}

report() { # NR STATUS
	local words="$(($1 + 1)) - ${cases[$1]##*/}"
	case $2 in
	0) echo "ok $words" ;;
	77) echo "ok $words # SKIP" ;;
	*) echo "not ok $words" && failed=1 ;;
	esac
	[[ ! -e $work/output.$1 ]] || sed -e '${/^$/d}' -e 's/^/# /' "$work/output.$1"
}

vm_batch() {
	local cases nr status next=0 failed=0 statuses=()
	if [[ ! ${CI:-} ]] && ! command -v qemu-system-x86_64 >/dev/null; then
		echo "1..0 # SKIP no QEMU"
		return
	fi
	need qemu-system-x86_64 qemu-system-x86
	parse_options "$@"
	shift $((OPTIND - 1))
	(($#)) || usage
	mapfile -t cases < <(realpath -e "$@")
	vm_helper >/dev/null # once, before several jobs want it
	echo "1..$#"
	while read -r nr status; do
		statuses[nr]=$status
		while [[ ${statuses[next]:-} ]]; do
			report "$next" "${statuses[next]}"
			((++next))
		done
	done < <(
		for ((nr = 0; nr < jobs; nr++)); do
			run_share "$nr" &
		done
		wait
	)
	for (( ; next < $#; next++)); do # a job of ours broke off; it has said why
		report "$next" "${statuses[next]:-125}"
	done
	return "$failed"
}
