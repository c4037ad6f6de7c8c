# SPDX-License-Identifier: GPL-2.0-or-later
# The kernels of the machine: fetched as Debian packages, cut down to an initramfs, cached. Sourced by vm.
# shellcheck shell=bash disable=SC2034,SC2154 # what all of vm shares

vm_cache=${XDG_CACHE_HOME:-$HOME/.cache}/bcachefs-tools-vm

# Where a kernel series comes from: the suites that apt knows (-), or one more of the same mirror.
declare -A vm_suite=([6.12]=- [6.16]=trixie-backports)

# Modules that the machine has, besides those that they need. A name that a kernel lacks or has built in is left out.
vm_modules="
	virtio_pci virtio_blk bcachefs
	lz4_compress lz4hc_compress zstd_compress zlib_deflate
	crc32c_generic crc32c_intel crc32c_cryptoapi crc64 xxhash_generic
	chacha_generic chacha20poly1305 poly1305_generic sha256_generic
	ext4 btrfs xfs loop
"

die() {
	echo "vm: $*" >&2
	exit 125
}

need() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null || die "needs $1 (Debian package $2)"
}

# The Debian mirror that this machine already uses.
debian_mirror() {
	{ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } | # one may be missing
		awk '/^URIs:/ { u = $2 } /^deb / { u = $NF ~ /^http/ ? $NF : $2 }
		     u ~ /\/debian\/?$/ { print u; exit }'
}

# Adds to the array apt_options what makes apt look at SUITE alone, with its state below DIR.
use_suite() { # SUITE DIR
	local suite=$1 dir=$2 mirror
	mirror=$(debian_mirror)
	[[ $mirror ]] || die "no Debian mirror is set up on this machine"
	mkdir -p "$dir"/{parts,lists/partial,cache/archives/partial}
	cat >"$dir/parts/vm.sources" <<-END
		Types: deb
		URIs: $mirror
		Suites: $suite
		Components: main
		Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
	END
	apt_options+=(-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$dir/parts"
		-o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache")
}

# Leaves the newest package of the series as DIR/linux-image-*.deb.
fetch_kernel() { # SERIES DIR
	local series=$1 dir=$2 name apt_options=(-o APT::Sandbox::User=root) # else _apt must reach DIR
	need apt-get apt
	if [[ ${vm_suite[$series]} != - ]]; then
		use_suite "${vm_suite[$series]}" "$dir/apt"
		apt-get -qq "${apt_options[@]}" update >&2
	elif [[ $(id -u) == 0 ]]; then
		apt-get -qq update >&2 || true # an old list may do
	fi
	name=$(apt-cache "${apt_options[@]}" search --names-only \
		"^linux-image-${series//./\\.}\..*cloud-amd64\$" | cut -d' ' -f1 | sort -V | tail -n1)
	[[ $name ]] || die "apt knows no cloud kernel $series (apt-get update?)"
	(cd "$dir" && apt-get -qq "${apt_options[@]}" download "$name" >&2) ||
		die "could not download $name"
	rm -rf "$dir/apt"
}

# Prints the files of the wanted modules and of those that they need.
module_files() { # MODULES-FOLDER
	awk -v want="$vm_modules" '
		function name(path) {
			gsub(/.*\/|\.ko.*/, "", path)
			gsub(/-/, "_", path)
			return path
		}
		{
			sub(/:/, "")
			path[name($1)] = $1
			needs[$1] = $0 # itself first; the list is complete, not the next step only
		}
		END {
			n = split(want, names)
			for (i = 1; i <= n; i++) {
				m = split(needs[path[names[i]]], files)
				for (j = 1; j <= m; j++)
					if (!seen[files[j]]++)
						print files[j]
			}
		}' "$1/modules.dep"
}

# Puts the wanted modules into ROOT, unpacked, for modprobe to find.
copy_modules() { # MODULES-FOLDER ROOT
	local path to=$2/lib/modules/${1##*/}
	mkdir -p "$to"
	cp "$1"/modules.{builtin*,order} "$to/"
	module_files "$1" | while read -r path; do
		case $path in
		*.xz) xz -dc "$1/$path" >"$to/$(basename "$path" .xz)" ;;
		*) cp "$1/$path" "$to/" ;;
		esac
	done
	depmod -b "$2" "${1##*/}"
}

# Makes DIR/vmlinuz and DIR/initrd (busybox and modules) from the package in DIR.
build_initramfs() { # DIR
	local dir=$1 tmp base modules
	need dpkg dpkg
	need cpio cpio
	need depmod kmod
	need xz xz-utils
	need busybox busybox-static
	tmp=$(mktemp -d "$dir/tmp.XXXXXX")
	dpkg -x "$dir"/linux-image-*.deb "$tmp/package"
	modules=$(find "$tmp/package" -path '*/lib/modules/*' -prune -type d)
	[[ -d $modules ]] || die "the kernel package holds no modules"
	base=${modules%/lib/modules/*}
	[[ -f $modules/modules.dep ]] || depmod -b "$base" "${modules##*/}"

	mkdir -p "$tmp/root"/{bin,dev,proc,sys,tmp,mnt,host}
	ln -s bin "$tmp/root/sbin" # where the kernel looks for modprobe
	copy_modules "$modules" "$tmp/root"
	cp "$(command -v busybox)" "$tmp/root/bin/busybox"
	pack "$tmp/root" >"$tmp/initrd"
	mv "$tmp"/package/boot/vmlinuz-* "$dir/vmlinuz"
	mv "$tmp/initrd" "$dir/initrd"
	rm -rf "$tmp"
}

# A folder as a compressed cpio archive. The kernel unpacks several, one after the other.
pack() { # DIR
	(cd "$1" && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1)
}

# Makes the cached files of a series where they are missing or older than this recipe.
vm_setup() { # SERIES
	local dir=$vm_cache/$1 recipe
	[[ ${vm_suite[$1]:-} ]] || die "kernel $1 is none of: ${!vm_suite[*]}"
	recipe=$(cksum <"$vm_dir/kernel.sh")
	mkdir -p "$dir"
	(
		flock 9
		[[ $(cat "$dir/recipe" 2>/dev/null) != "$recipe" ]] || exit 0
		rm -rf "$dir"/tmp.*
		[[ -f $(echo "$dir"/linux-image-*.deb) ]] || fetch_kernel "$1" "$dir"
		build_initramfs "$dir"
		echo "$recipe" >"$dir/recipe"
	) 9>"$dir/lock"
}

# Prints the path of the static helper program, compiled where it is missing or older than its source.
vm_helper() {
	local source=$vm_dir/vmh.c program
	program=$vm_cache/vmh-$(cksum <"$source" | cut -d' ' -f1)
	if [[ ! -x $program ]]; then
		need "${CC:-gcc}" gcc
		mkdir -p "$vm_cache"
		"${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -static -o "$program.$$" "$source" ||
			die "could not compile $source"
		mv "$program.$$" "$program"
	fi
	echo "$program"
}
