#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# image update: the files of the source, as if the image had been made of it; what is the same stays where it is, byte by
# byte; the size follows. CLI 11.2.
. "$(dirname "$0")/lib.sh"

tree() { # DIR
	mkdir -p "$1/d/e" "$1/gone/with/all" "$1/becomes-file/x" "$1/attributes"
	seq 300000 >"$1/d/numbers"
	head -c 2000000 /dev/urandom >"$1/random"
	head -c 100000 /dev/urandom >"$1/changes"
	ln "$1/random" "$1/d/e/again"
	ln "$1/changes" "$1/d/will-be-alone"
	echo one >"$1/d/one" && echo two >"$1/d/two"
	echo short >"$1/becomes-dir"
	seq 100 >"$1/gone/with/all/this"
	ln -s target "$1/symlink"
	ln -s same "$1/same-symlink"
	truncate -s 40M "$1/sparse"
	setfattr -n user.some -v value "$1/attributes"
	setfattr -n user.goes -v value "$1/changes"
	setfacl -m u:12345:rwx "$1/random"
	mkfifo "$1/fifo"
}

# Each kind of change.
change() { # DIR
	cd "$1" || exit 1
	printf X | dd of=changes bs=1 seek=50000 conv=notrunc status=none
	rm d/will-be-alone && cp changes d/will-be-alone
	ln -f d/one d/two
	rm -r gone becomes-file becomes-dir
	mkdir becomes-dir && seq 1000 >becomes-dir/new
	echo a file >becomes-file
	ln -sf another symlink
	rm fifo && ln -s was-a-fifo fifo
	printf in the middle | dd of=sparse bs=1M seek=20 conv=notrunc status=none
	setfattr -n user.some -v another attributes
	setfattr -x user.goes changes
	setfacl -m u:12345:r-x,g:7:r-x random
	chmod 4711 d/numbers
	touch -d '1969-12-31 23:59:58.25 UTC' d
	: >"$(printf 'not\xff\xfeUTF-8\n')"
	cd "$work" || exit 1
}

digest() { # DIR
	tar -c --format=pax --pax-option=delete=atime,delete=ctime --sort=name --xattrs --acls \
		--exclude=./lost+found -C "$1" . | sha256sum
}

whole() { # IMAGE
	rm -rf out
	mkdir out
	run bcachefs get -q -a "$1" / out
	status 0
	[[ $(digest tree) == "$(digest out)" ]] || fail 'not the files of the source'
	run bcachefs fsck -n "$1"
	status 0
	run bcachefs fs usage --recount "$1"
	no_err 'device|accounting'
}

an_updated_image_has_the_files_of_the_source() {
	local opts
	for opts in '' '--encrypted --no_passphrase --compression=zstd' '--version=1.28 --block_size=512' '--dedupe'; do
		rm -rf tree a.img
		tree tree
		# shellcheck disable=SC2086
		bcachefs image create -q $opts --source=tree a.img
		(change tree)
		run bcachefs image update -q -s tree a.img
		status 0
		no_out
		no_err
		whole a.img
		run bcachefs scrub -q a.img
		status 0
	done
	run bcachefs image update --source=tree a.img
	out '^Names made: +0$'
	out '^Files written: +0$'
	run bcachefs image update -q -s tree --exclude=d --owner=7:8 a.img
	run bcachefs ls -l a.img
	no_out ' d$'
	out ' 7 +8 .* random$'
}

what_is_the_same_stays_where_it_is() {
	tree tree
	bcachefs image create -q --source=tree a.img
	cp a.img b.img
	run bcachefs image update -q -s tree a.img
	status 0
	holds cmp a.img b.img
	tar -c --format=pax --xattrs --acls --sparse -f tree.tar -C tree .
	run bcachefs image update -q -s tree.tar a.img
	status 0
	holds cmp a.img b.img
	run bcachefs image update -q -s b.img:/ a.img
	status 0
	holds cmp a.img b.img
	bcachefs fiemap a.img /random /d/numbers >before
	(change tree)
	bcachefs image update -q -s tree a.img
	bcachefs fiemap a.img /random /d/numbers >after
	holds cmp before after
	bytes=$(cmp -l a.img b.img 2>/dev/null | wc -l)
	[[ $bytes -lt 1000000 ]] || fail "$bytes bytes are other ones"
	# the same size and time
	printf Y | dd of=tree/changes bs=1 seek=60000 conv=notrunc status=none
	touch -r tree/d tree/changes && bcachefs image update -q -s tree a.img
	printf Z | dd of=tree/changes bs=1 seek=60000 conv=notrunc status=none
	touch -r tree/d tree/changes && bcachefs image update -q -s tree a.img
	whole a.img
}

an_image_grows_and_shrinks_with_its_files() {
	local size small
	tree tree
	bcachefs image create -q --source=tree a.img
	small=$(stat -c %s a.img)
	head -c 60000000 /dev/urandom >tree/large
	run bcachefs image update -q -s tree a.img
	status 0
	size=$(stat -c %s a.img)
	[[ $size -gt $((small + 60000000)) && $size -lt $((small + 80000000)) ]] || fail "$size bytes"
	whole a.img
	rm tree/large
	run bcachefs image update -q -s tree a.img
	size=$(stat -c %s a.img)
	[[ $size -lt $((small + 20000000)) ]] || fail "$size bytes without the large file"
	whole a.img
	run bcachefs image create -q -f --source=tree --size=100M a.img
	rm -rf tree/*
	bcachefs image update -q -s tree a.img
	[[ $(stat -c %s a.img) -lt 20000000 ]] || fail 'the empty one is large'
	whole a.img
}

many_files_are_several_commits() {
	mkdir tree
	(cd tree && for ((i = 0; i < 40; i++)); do mkdir d$i && (cd d$i && seq 2500 | xargs touch); done)
	cp -a tree/d1 was
	bcachefs image create -q --source=was a.img
	run bcachefs image update -q -s tree a.img
	status 0
	whole a.img
}

what_cannot_be_updated_is_left_alone() {
	tree tree
	truncate -s 64M a.img b.img
	bcachefs format -q a.img b.img
	run bcachefs image update -q -s tree a.img b.img
	status 1
	err 'an image is one file'
	bcachefs image create -q --source=tree c.img
	cp c.img before.img
	run bcachefs image update -q c.img
	status 2
	run bcachefs image update -q -s missing c.img
	status 1
	run bcachefs image update -q -s c.img:/ c.img
	status 1
	err 'c.img: is where the source is read from'
	run bcachefs image update -n -s tree c.img
	status 0
	holds cmp c.img before.img
	bcachefs subvolume create c.img: /subvolume
	run bcachefs image update -q -s tree c.img
	status 1
	err 'subvolume: is a subvolume'
	run bcachefs fsck -n c.img
	status 0
}

cases
