# SPDX-License-Identifier: GPL-2.0-or-later
# For tests of our own commands inside the machine, on what its kernel mounts. Sourced; the script has set here, bcachefs,
# work and matrix, whose rows are: name | kernel | number of devices, options of format | what must be true inside.
# There m mounts and fails where that fails; refused STATUS WORDS COMMAND... fails unless it does, with that status and text;
# written puts 10 MiB into the filesystem, intact reads them, there N and gone N are about its member.
# shellcheck shell=bash disable=SC2154

write_case() { # DIR KERNEL FORMAT CONDITION
	cat >"$1/case.sh" <<-END
		# kernel: $2
		# seconds: 120
		ln -sf /bin/bcachefs /bin/mount.bcachefs
		mkdir -p \$MNT
		m() {
			log_mark
			bcachefs mount "\$@" \$MNT || return
			SYS=\$(echo /sys/fs/bcachefs/*-*)
		}
		written() {
			dd if=/dev/urandom of=\$MNT/written bs=1M count=10 2>/dev/null && sync && md5sum \$MNT/written >/tmp/sum
		}
		intact() {
			echo 3 >/proc/sys/vm/drop_caches
			md5sum -cs /tmp/sum
		}
		there() { # INDEX
			[ -e \$SYS/dev-\$1/block ]
		}
		gone() { # INDEX
			! there \$1
		}
		refused() { # STATUS WORDS ARGUMENT...
			want=\$1 words=\$2
			shift 2
			"\$@" >/tmp/refusal 2>&1 </dev/null
			[ \$? = "\$want" ] && grep -qF "\$words" /tmp/refusal && return
			echo "not refused so:"
			cat /tmp/refusal
			return 1
		}
		{ $4; } || fail "not so: \$(grep bcachefs /proc/mounts; dmesg | tail -n 20)"
	END
	read -ra words <<<"$3"
	cat >"$1/before.sh" <<-END
		set -e
		echo right >passphrase
		for ((i = 0; i < ${words[0]}; i++)); do
			truncate -s 64M dev\$i.img
		done
		secret=
		[[ '$3' != *encrypted* ]] || secret=--passphrase_file=passphrase
		'$bcachefs' format -q \$secret ${words[*]:1} dev*.img
	END
}

cases=() nr=0
while IFS='|' read -r name kernel format condition; do
	read -r name <<<"$name"
	[[ $name ]] || continue
	read -r kernel <<<"$kernel"
	name=$((++nr))-${name// /-}
	# shellcheck disable=SC2053
	[[ $name == ${1:-*} ]] || continue
	dir=$work/$name
	mkdir "$dir"
	write_case "$dir" "$kernel" "$format" "$condition"
	cases+=("$dir")
done <<<"$matrix"
# mount(8) itself, by its path: that of busybox has its own idea of helpers
"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" -p "$(command -v mount)" "${cases[@]}"
