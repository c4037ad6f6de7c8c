# SPDX-License-Identifier: GPL-2.0-or-later
# One boot of the machine: what it is given, how it is started. Sourced by vm.
# shellcheck shell=bash disable=SC2034,SC2154 # what all of vm shares

# Eight functions in each PCI slot; the first three slots of the board are taken.
vm_max_disks=224

# Sets the array drives to the arguments that make IMAGEs /dev/vda, /dev/vdb, ...
set_drives() { # IMAGE...
	local image i=0
	(($# <= vm_max_disks)) || die "$# images, but the machine has place for $vm_max_disks"
	drives=()
	for image in "$@"; do
		[[ -e $image ]] || die "$image: no such image"
		# several machines may read one image, and the host may look at it meanwhile
		drives+=(-drive "if=none,id=d$i,file=${image//,/,,},format=raw,cache=unsafe,discard=unmap,file.locking=off"
			-device "virtio-blk-pci,drive=d$i,num-queues=1,addr=$(printf '%x.%x' $((i / 8 + 3)) $((i % 8))),multifunction=on")
		((++i))
	done
}

# Puts a program and the shared libraries that it needs, if any, where they are on the host; /bin/NAME is the program.
add_program() { # PROGRAM ROOT
	local library
	cp "$1" "$2/bin/"
	{ ldd "$1" 2>/dev/null || true; } | { grep -o '/[^ ]*' || true; } | while read -r library; do
		mkdir -p "$2${library%/*}"
		cp -L "$library" "$2$library"
	done
}

# Makes the initramfs INITRD of a boot from the cached one and ROOT, whose /host/run.sh it will run.
make_initrd() { # SERIES ROOT INITRD
	mkdir -p "$2/bin" "$2/host"
	cp "$vm_dir/init" "$2/"
	cp "$vm_dir/guest.sh" "$2/host/"
	cp "$(vm_helper)" "$2/bin/vmh"
	{
		cat "$vm_cache/$1/initrd"
		pack "$2"
	} >"$3"
}

# Becomes the machine. One processor: with two, QEMU 7.2 without KVM sometimes loses a race when Linux patches its code.
# Standard output is the second serial port, CONSOLE a file for the first and for what QEMU says.
# It ends with its parent.
exec_machine() { # SERIES MIB SECONDS INITRD CONSOLE, and the array drives
	exec setpriv --pdeathsig TERM timeout -k 5 "$3" \
		qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none \
		-accel "${VM_ACCEL:-tcg}" -cpu max -m "$2" \
		-kernel "$vm_cache/$1/vmlinuz" -initrd "$4" \
		-append "console=ttyS0 quiet loglevel=3 log_buf_len=8M panic=-1 oops=panic" \
		-chardev "file,id=console,path=$5,append=on" -serial chardev:console \
		-chardev stdio,id=out,signal=off -serial chardev:out \
		"${drives[@]}" </dev/null 2>>"$5"
}
