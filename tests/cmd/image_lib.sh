# SPDX-License-Identifier: GPL-2.0-or-later
# For tests over images that kernels wrote: those here and those of BCACHEFS_TEST_IMAGES, and the manifests of their files.
. "$(dirname "$0")/lib.sh"
export LC_ALL=C # names may be any bytes

# The folders of all images.
all_images() {
	local folder
	for folder in "$top/tests/images" $(tr : ' ' <<<"${BCACHEFS_TEST_IMAGES-}"); do
		printf '%s\n' "$folder"/*/dev*.img.zst | sed 's|/[^/]*$||'
	done | sort -u | while read -r folder; do
		compgen -G "$folder/dev*.img.zst" >/dev/null && echo "$folder"
	done
}

# Unpacks the image of a folder into an empty one, with the passphrase of all that are encrypted.
unpack_image() { # FOLDER
	local packed
	rm -rf ./*
	printf 'correct horse\n' >pw
	for packed in "$1"/dev*.img.zst; do
		zstd -qd --long=27 --sparse "$packed" -o "$(basename "$packed" .zst)" || fail "cannot unpack $packed"
	done
}

# In the form of both manifests: what the tree's place says is left out (sizes of directories, their links, which do not
# count subvolumes where these are; options), holes are by blocks of 4096, what could not be read then is no line.
normal() {
	awk -F'\t' -v OFS='\t' '
		/^#/ || $10 ~ /READERR/ { next }
		$1 == "d" { $6 = $7 = "-" }
		{
			attributes = ""
			nr = split($11, a, ",")
			for (i = 1; i <= nr; i++)
				if (a[i] !~ /^bcachefs\./)
					attributes = attributes (attributes == "" ? "" : ",") a[i]
			$11 = attributes == "" ? "-" : attributes
			$12 = match($12, /segs=[0-9+,]*/) ? blocks(substr($12, RSTART + 5, RLENGTH - 5), $6) : ""
			print
		}
		function up(n) { return n + (4096 - n % 4096) % 4096 }
		function blocks(text, size,   nr, s, r, i, from, to, begin, end, out) {
			nr = split(text, s, ",")
			end = -1
			for (i = 1; i <= nr; i++) {
				split(s[i], r, "+")
				from = r[1] - r[1] % 4096
				to = up(r[1] + r[2]) < size ? up(r[1] + r[2]) : size
				if (from > end) {
					out = out (end < 0 ? "" : begin "-" end ",")
					begin = from
				}
				end = to
			}
			out = out (end < 0 ? "" : begin "-" end)
			return out == "0-" size ? "" : "holes beside " out
		}' | sort
}

# The files below a directory as the kernel shows them.
files_of() { # DIR
	[[ -x $tools/manifest ]] || (cd "$top" && eval "$(<"${B:-build}/flags")" -o "$tools/manifest" \
		tests/cmd/manifest.c "$(pkg-config --libs libsodium)") >&2 || fail 'no manifest program'
	"$tools/manifest" "$1" | normal
}

# Those of an image as the kernel of the time showed them.
files_of_image() { # FOLDER
	{ cat "$1/manifest.txt" 2>/dev/null || zstd -qdc "$1/manifest.txt.zst"; } | normal
}

# Two lists of files are the same.
same_files() { # HAVE WANT
	diff "$1" "$2" >differ || { head -n 20 differ | cut -c 1-300 >&3; fail "$1 is not $2"; }
}

# Zeroes a sector that the first extent of an image leads to; prints the inode's number.
damage() { # IMAGE
	local key bucket_size
	key=$(bcachefs list -b extents -k extent -s 4100:0 -n 1 "$1" 2>/dev/null)
	bucket_size=$(bcachefs show-super --json "$1" | sed -n 's/.*"bucket_size_bytes":\([0-9]*\).*/\1/p' | head -n1)
	[[ $key =~ 'type extent '([0-9]+): && ${BASH_REMATCH[1]} ]] || fail 'no extent'
	echo "${BASH_REMATCH[1]}"
	[[ $key =~ 'ptr: 0:'([0-9]+):([0-9]+) ]] || fail 'no pointer'
	dd if=/dev/zero of="$1" bs=512 count=1 conv=notrunc \
		seek=$((BASH_REMATCH[1] * bucket_size / 512 + BASH_REMATCH[2])) 2>/dev/null
}

# Files keep their owners and attributes here.
need_root() {
	[[ $(id -u) == 0 ]] || skip 'not root'
	[[ $(stat -f -c %T .) != tmpfs ]] || skip 'tmpfs has not all attributes'
}

# What has no privileges, in a folder of its own.
as_nobody() { # COMMAND...
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT

ours=$(compgen -A function)
