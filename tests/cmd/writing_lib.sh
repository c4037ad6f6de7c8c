# SPDX-License-Identifier: GPL-2.0-or-later
# Every command that writes, for tests of what holds for all of them. After lib.sh.

# Nothing needs to last: in memory a flush takes no time.
if [[ -w /dev/shm ]]; then
	export TMPDIR=/dev/shm
fi

# Each with what is to be written, @ for the devices and @: for all in one word; standard input has commands for kvdb.
writing() {
	cat <<-'END'
		format -q -f @
		set-fs-option --compression=lz4 @
		recover-super -y a.img
		reset-counters @
		kvdb --rw @
		kill_btree_node -f -n inodes @
		strip-alloc -f @
		upgrade --to=1.28 @
		downgrade --to=1.9 @
		put @: edit /put
		mkdir -p @: /some/where
		rm @: /file
		migrate-cleanup @:
		mv @: /file /moved
		ln -s @: target /link
		subvolume create @: /new
		subvolume delete @: /subvolume
		subvolume snapshot @: /snapshot
		subvolume set-ro @: /subvolume
		set-file-option --compression=gzip @: /file
		fsck -y @
		recovery-pass --set=check_dirents @
		set-passphrase --passphrase_file=old --new_passphrase_file=new @
		remove-passphrase --passphrase_file=old @
		undo -q earlier @
		image update -q -s source a.img
		device set-state -f ro 0 @
		device add -f @: extra.img
		device resize 0 12M @
		device resize-journal 0 512K @
		scrub @
		reconcile run @
	END
}

# Those between devices, each whole: of a filesystem on a.img and b.img.
writing_between() {
	cat <<-'END'
		device evacuate b.img a.img:b.img
		device remove b.img a.img:b.img
		device replace b.img extra.img a.img:b.img
		data rereplicate a.img:b.img
		data job rereplicate a.img:b.img
	END
}

# What these are for: copies that are missing, and data on both.
two_devices() {
	rm -f ./*.img u
	for name in a.img b.img extra.img; do
		image 64M $name >/dev/null
	done
	bcachefs format -q a.img b.img
	head -c 3000000 /dev/urandom >file
	bcachefs put -q a.img:b.img file /
	bcachefs set-fs-option --data_replicas=2 --metadata_replicas=2 a.img b.img
}

joined() { # IMAGE...
	local IFS=:
	echo "$*"
}

# New images for the command of a line: a filesystem with something that can be undone; encrypted, or with a lost
# superblock, where that is what the command is for.
prepare() { # LINE IMAGE...
	local words=$1 options=''
	shift
	if [[ $words == *passphrase* ]]; then
		options='--encrypted --passphrase_file=old'
	fi
	rm -f earlier "$@"
	for name in "$@"; do
		image 16M "$name" >/dev/null
	done
	if [[ $words == image* ]]; then # of one device
		set -- a.img
	fi
	rm -f extra.img
	image 16M extra.img >/dev/null
	mkdir -p source
	echo file >source/new
	echo old >old
	echo new >new
	echo 'update inodes 0:4096:U32_MAX bi_uid=77' >edit
	bcachefs format -q $options "$@"
	if [[ $words == image* ]]; then
		bcachefs put a.img old new edit /
	elif [[ ! $options ]]; then
		bcachefs put "$(joined "$@")" edit /file
		bcachefs subvolume create "$(joined "$@")" /subvolume
		[[ $words != migrate* ]] || bcachefs put "$(joined "$@")" edit /old_migrated_filesystem
	fi
	if [[ $words == reconcile* ]]; then # --compression below is not that of its data
		seq 20000 >numbers
		bcachefs put "$(joined "$@")" numbers /numbers
	fi
	if [[ $words == fsck* ]]; then
		bcachefs kvdb --rw -c 'update -q inodes 0:4096:U32_MAX bi_nlink=9' "$@"
	fi
	bcachefs set-fs-option --undo-file=earlier --compression=zstd "$@"
	case $words in # the first copy of the superblock, the second one
	recover-super*) dd if=/dev/zero of=a.img bs=4096 seek=1 count=1 conv=notrunc status=none ;;
	scrub*) dd if=/dev/zero of=a.img bs=4096 seek=257 count=1 conv=notrunc status=none ;;
	esac
}

# The images that the command of a line writes to.
images_of() { # LINE IMAGE...
	case $1 in
	recover-super* | image*) echo a.img ;;
	"device add"* | "device replace"*) echo "${@:2} extra.img" ;;
	*) echo "${@:2}" ;;
	esac
}

# The words of a line, for these images.
words_of() { # LINE IMAGE...
	local words=$1
	shift
	words=${words/@:/"$(joined "$@")"}
	echo "${words/@/"$*"}"
}

# The exit status of fsck and scrub as that of others: all was repaired, not all was done. A dry scrub repairs nothing.
as_others() { # LINE
	case $1:$got in
	fsck*:1 | scrub*:2) got=0 ;;
	fsck*:[48] | scrub*:[4567]) got=1 ;;
	esac
	[[ $1 != scrub* || $ran != *--dry-run* ]] || got=0
}

ours=$(compgen -A function)
