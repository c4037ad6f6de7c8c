# SPDX-License-Identifier: GPL-2.0-or-later
# For tests that link C of their own with the objects of the commands, in the flavour of $B. At the top of the tree.

# Libraries are those of the Makefile.
link_with_commands() { # OUTPUT FILE... [FLAG...]
	local b=${B:-build} names libraries name output=$1
	shift
	read -ra names < <(sed -n 's/^LIBS *:= *//p' Makefile | sed 's/\$([A-Z]*)//g')
	libraries=$(pkg-config --libs "${names[@]}" cmocka)
	for name in libisal fuse3; do
		pkg-config --exists $name && libraries+=" $(pkg-config --libs $name)"
	done
	# The flags hold quoted words; the libraries are words.
	eval "$(<"$b/flags")" -I. -Wl,--as-needed -o "$output" "$@" "$b"/cmd/*.o "$b/libbcachefs.a" $libraries -lpthread -lm
}
