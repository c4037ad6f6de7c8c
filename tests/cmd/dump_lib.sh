# SPDX-License-Identifier: GPL-2.0-or-later
# For tests of dumps: images that kernels wrote, those here and those of BCACHEFS_TEST_IMAGES, and their listings.
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

# What readers see; the name of the first device, which the superblock's and journal's lists say, apart.
seen() { # DEVICE...
	bcachefs list -a --passphrase_file=pw "$@" 2>/dev/null
	bcachefs list_journal -a --passphrase_file=pw "$@" 2>/dev/null | sed -E '/^ *written at /s/[^ ]+ ([0-9]+:[0-9]+:[0-9]+ .sector)/\1/g'
	bcachefs show-super "$1" 2>/dev/null | sed '/^Device [0-9]*:/d; s/^Device:.*//'
}

ours=$(compgen -A function)
