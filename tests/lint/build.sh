#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Makefile: what it says where a library is missing, what it installs and takes away again, what it packs.
. "$(dirname "$0")/lib.sh"

build=${B:-build}
unset MAKEFLAGS MFLAGS MAKELEVEL
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

said=$(PKG_CONFIG_LIBDIR=$work PKG_CONFIG_PATH='' make B="$work/none" "$work/none/libbcachefs.a" 2>&1)
for package in libsodium-dev libsodium-devel util-linux-libs util-linux-dev; do
	grep -q "\<$package\>" <<<"$said" || echo "$package is not named in: $said"
done | none 'where a library is missing its packages are named for four distributions'
[[ ! -e $work/none/libbcachefs ]] || echo "$work/none/libbcachefs" | none 'nothing is compiled without the libraries'

# As it is built: -o keeps make from looking at the sources.
quick() { # TARGET VARIABLE...
	make B="$build" -o "$build/bcachefs" -o "$build/libbcachefs.a" "$@"
}

holds 'install succeeds' quick install PREFIX="$work/prefix"
for name in {mkfs,fsck,mount}{,.fuse}.bcachefs bcachefs; do
	[[ -x $work/prefix/sbin/$name ]] || echo "sbin/$name"
	[[ -s $work/prefix/share/bash-completion/completions/$name ]] || echo "completions/$name"
done | none 'the program and its completion are installed under all their names'
holds 'the installed program runs' "$work/prefix/sbin/bcachefs" version
for file in share/{man/man8/bcachefs.8,zsh/site-functions/_bcachefs,fish/vendor_completions.d/bcachefs.fish}; do
	[[ -s $work/prefix/$file ]] || echo "$file"
done | none 'man page and completions are installed'

cat >"$work/user.c" <<-'END'
	#include <bcachefs/error.h>

	int main(void)
	{
		return !bch_err_text(BCH_ERR_no_memory)[0];
	}
END
compile_user() {
	export PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig
	# shellcheck disable=SC2046 # flags are words
	cc -o "$work/user" "$work/user.c" $(pkg-config --cflags --libs libbcachefs) && "$work/user"
}
holds 'a program of another project builds with the installed library' compile_user

quick uninstall PREFIX="$work/prefix"
find "$work/prefix" ! -type d | none 'uninstall leaves no file'

quick install DESTDIR="$work/stage" PREFIX=/usr >/dev/null
find "$work/stage" -name bcachefs -path '*/sbin/*' | grep -vx "$work/stage/usr/sbin/bcachefs" |
	none 'DESTDIR stands before PREFIX'
grep -rl "$work" "$work/stage" | none 'no installed file knows DESTDIR'

sentence='two clones of one commit pack the same archive'
if git rev-parse -q --verify HEAD >/dev/null 2>&1; then
	for clone in one two; do
		git clone -q . "$work/$clone" && make -s -C "$work/$clone" dist
	done
	cmp "$work"/{one,two}/bcachefs-tools-*.tar.gz 2>&1 | none "$sentence"
else
	skip "$sentence" 'not a git checkout'
fi

end
