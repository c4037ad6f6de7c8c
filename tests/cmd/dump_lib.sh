# SPDX-License-Identifier: GPL-2.0-or-later
# For tests of dumps: the listings of images that kernels wrote.
. "$(dirname "$0")/image_lib.sh"

# What readers see; the name of the first device, which the superblock's and journal's lists say, apart.
seen() { # DEVICE...
	bcachefs list -a --passphrase_file=pw "$@" 2>/dev/null
	bcachefs list_journal -a --passphrase_file=pw "$@" 2>/dev/null | sed -E '/^ *written at /s/[^ ]+ ([0-9]+:[0-9]+:[0-9]+ .sector)/\1/g'
	bcachefs show-super "$1" 2>/dev/null | sed '/^Device [0-9]*:/d; s/^Device:.*//'
}

ours=$(compgen -A function)
