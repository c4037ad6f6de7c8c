#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# dump -s: nothing of the users is left in any byte of the files, and they can be read as before. CLI 7.3.
. "$(dirname "$0")/dump_lib.sh"

# The bytes of hexadecimal lines, a line each, but for those with a newline in them.
unhex() {
	perl -ne 'chomp; $_ = pack("H*", $_); print "$_\n" unless /\n/'
}

# Names in the manifest and the btrees, of more than 4 bytes.
names() { # FOLDER
	{
		cat "$1/manifest.txt" 2>/dev/null || zstd -qdc "$1/manifest.txt.zst" 2>/dev/null
	} | grep -v '^#' | cut -f2 | sed 's|.*/||' | grep -v '\\'
	bcachefs list -b dirents --passphrase_file=pw dev*.img 2>/dev/null |
		sed -n 's/^u64s .* ver [0-9]*: \(.*\) -> .*/\1/p' | sed 's/ (casefold /\n/; s/)$//'
}

# Contents of small files and values of attributes.
contents() {
	bcachefs list -b extents -k inline_data --passphrase_file=pw dev*.img 2>/dev/null |
		sed -n 's/.*datalen [0-9]*: //p' | unhex
	bcachefs list -b reflink -k indirect_inline_data --passphrase_file=pw dev*.img 2>/dev/null |
		sed -n 's/.*datalen [0-9]*: //p' | unhex
	bcachefs list -b xattrs -k xattr --passphrase_file=pw dev*.img 2>/dev/null |
		grep -a 'ver [0-9]*: user\.' | sed 's/^u64s .* ver [0-9]*: user\.[^:]*://'
}

# What stays, and may happen to be a file's name too: functions in the journal, names of attributes.
words_that_stay() {
	bcachefs list_journal -a --passphrase_file=pw dev*.img 2>/dev/null |
		grep -av 'u64s\|=' | grep -ao '[a-z][a-z0-9_]*'
	bcachefs list -b xattrs --passphrase_file=pw dev*.img 2>/dev/null |
		sed -n 's/^u64s .* ver [0-9]*: [a-z]*\.\([^:]*\):.*/\1/p'
}

# Lines of more than 4 bytes but for those.
secrets() {
	tr -d '\000' | grep -aE '.{5}' | sort -u |
		perl -ne 'BEGIN { local $/; open F, "words"; $words = <F> } chomp; print "$_\n" if index($words, $_) < 0'
}

is_nowhere() { # FILE...
	local hits
	[[ -s secrets ]] || return 0
	hits=$(grep -aohFf secrets "$@" | sort -u | head -n 5)
	[[ -z $hits ]] || fail "$image: left in the dump: $hits"
}

# Keys without their values, and what the reader says of them.
positions() { # DEVICE...
	bcachefs list -a --passphrase_file=pw "$@" 2>warnings | grep -a '^u64s' | sed 's/ ver [0-9]*:.*//'
	sed 's/[^ ]*\(img\|qcow2\):/DEVICE:/' warnings
}

nothing_is_left() { # FOLDER
	local image=$1
	unpack_image "$image"
	words_that_stay | sort -u >words
	{ names "$image" && contents; } | secrets >secrets
	positions dev*.img >want
	if [[ -s secrets && $image != *encrypted* ]]; then # the search itself finds them where they are
		bcachefs dump -q -o plain dev*.img 2>/dev/null
		grep -qaFf secrets plain*.qcow2 || fail "$image: nothing is found in a dump that has all"
		rm plain*
	fi

	run bcachefs dump -q -s=filenames --xattrs -o dump --passphrase_file=pw dev*.img
	status 0
	is_nowhere dump*.qcow2
	positions dump*.qcow2 >have
	cmp want have >&3 || fail "$image: the keys are not the same"
	if [[ $image == *encrypted* ]]; then # only who has the key could see them
		bcachefs list -a --passphrase_file=pw dump*.qcow2 >list 2>/dev/null
		bcachefs list_journal -a --passphrase_file=pw dump*.qcow2 >>list 2>/dev/null
		sed -n '/dirent\|data\|xattr/s/.* ver [0-9]*: //p' list >values
		is_nowhere values
	fi
	bcachefs undump -q dump*.qcow2 || fail "$image: cannot undump"
	rm dump*.qcow2
	tar -cSf data.tar dump* # all of them but their holes, which take long to search
	is_nowhere data.tar
}

ours=$(compgen -A function) # so far: no cases

no_name_content_or_attribute_is_left_of_any_image() {
	local folder
	for folder in $(all_images); do
		nothing_is_left "$folder"
	done
}

cases
