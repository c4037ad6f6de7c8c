# SPDX-License-Identifier: GPL-2.0-or-later
# Filesystems of several members, for the tests of commands about these. After lib.sh.

joined() { # IMAGE...
	local IFS=:
	echo "$*"
}

passphrase= # or the option that gives it

# All files of all subvolumes, with all that belongs to them.
files() { # IMAGE...
	bcachefs tar $passphrase --subvols=follow "$(joined "$@")" 2>/dev/null | sha256sum
}

# Files that compress and files that do not, some the same, holes.
tree() {
	mkdir -p tree/sub
	head -c 700000 /dev/urandom >tree/random
	cp tree/random tree/sub/same
	seq 60000 >tree/text
	truncate -s 3M tree/hole
	printf x | dd of=tree/hole bs=1 seek=1000000 conv=notrunc status=none
	for i in {1..40}; do seq $((i * 300)) >tree/sub/$i; done
}

# A filesystem on a.img, b.img … with that tree, shared data, a snapshot, and changes after that.
make() { # NR FORMAT-OPTION...
	local nr=$1 names=(a.img b.img c.img d.img)
	shift
	tree
	names=("${names[@]:0:nr}")
	for name in "${names[@]}"; do image 96M "$name" >/dev/null; done
	bcachefs format -q --bucket_size=128k $passphrase "$@" --source=tree --dedupe "${names[@]}" || fail 'cannot be made'
	bcachefs subvolume snapshot $passphrase "$(joined "${names[@]}")" /then
	bcachefs rm $passphrase "$(joined "${names[@]}")" /text
}

# Overwrites the first sectors of the first N extents of member IDX, by the keys in a file.
damage() { # IDX N IMAGE KEYS
	local at
	for at in $(sed -n "s/.* type extent .* ptr: $1:\([0-9]*\):\([0-9]*\) gen .*/\1*256+\2/p" "$4" | head -n "$2"); do
		tr '\0' '\377' </dev/zero | dd of="$3" bs=512 count=1 seek=$((at)) conv=notrunc status=none
	done
}
