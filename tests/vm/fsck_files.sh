#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What fsck repairs of files, snapshots and subvolumes, judged by the kernel: several damages at a time, made by kvdb on a
# filesystem of a kernel's, repaired, and the kernel's own fsck finds nothing. Output in TAP.
#
#   fsck_files.sh [PATTERN]     only the cases whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); JOBS, machines at a time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
S=4294967294 # the snapshot of most files of 06-snapshots

make_case() { # DIR, commands of kvdb on standard input
	zstd -qd "$here/../images/06-snapshots/dev0.img.zst" -o "$1/dev0.img"
	cat >"$1/damage"
	# exit status 1: all was corrected
	cat >"$1/before.sh" <<-END
		"$bcachefs" kvdb --rw dev0.img <damage || exit 1
		"$bcachefs" fsck -q -y dev0.img
		[ \$? = 1 ] || exit 1
		"$bcachefs" fsck -q -n dev0.img
	END
	cat >"$1/case.sh" <<-END
		# kernel: 6.12
		# seconds: 120
		fs_clean
	END
}

cases=()
add() { # NAME, commands on standard input
	# shellcheck disable=SC2053
	[[ $1 == $pattern ]] || return 0
	mkdir "$work/$1"
	make_case "$work/$1"
	cases+=("$work/$1")
}
pattern=${1:-*}

add names <<-END
	delete -q dirents 4098:105393104305717993:$S
	update -q dirents 4098:270924365677248669:$S d_inum=9999
	update -q dirents 4098:485399033566051106:$S d_type=dir
	set -q dirents 4098:515503456574706030:$S dirent d_inum=4099 d_type=reg d_name=t100
	set -q dirents 4098:78:$S dirent d_inum=4140 d_type=dir d_name=second
	set -q dirents 4099:77:$S dirent d_inum=4109 d_type=reg d_name=odd
	set -q dirents 99999:77:$S dirent d_inum=4109 d_type=reg d_name=odd
	set -qf dirents 4098:77:4294960000 dirent d_inum=4099 d_type=reg d_name=zz
END
add inodes <<-END
	update -q inodes 0:4101:$S bi_nlink=7
	update -q inodes 0:4141:$S bi_nlink=9
	update -q inodes 0:4123:$S bi_sectors=999
	update -q inodes 0:4109:$S bi_dir_offset=777
	update -q inodes 0:4111:$S bi_flags.unlinked=1
	update -q inodes 0:4113:$S bi_flags.unlinked=1 bi_dir=0 bi_dir_offset=0
	delete -q dirents 4098:6635364950723353153:$S
	update -q inodes 0:4096:4294967281 bi_hash_seed=12345
	update -q inodes 0:4096:4294967295 bi_flags.has_child_snapshot=0
	set -q deleted_inodes 0:4098:$S set
	set -q deleted_inodes 0:5555:$S set
END
add data <<-END
	update -q inodes 0:4131:$S bi_size=4096
	delete inodes 0:4125:$S
	update -q inodes 0:4127:$S bi_mode=040755
	set -f extents 4123:12:$S reservation k.size=8 nr_replicas=1
	set -f extents 4133:64:4294967288 reservation k.size=8 nr_replicas=1
END
add directory-lost <<-END
	delete inodes 0:4098:$S
END
add root-lost <<-END
	delete inodes 0:4096:4294967281
	delete inodes 0:4096:4294967282
	delete inodes 0:4096:4294967295
END
add subvolumes <<-END
	delete -q subvolumes 0:7
	delete -q subvolumes 0:1
	update -q subvolumes 0:2 inode=77777
	update -q subvolumes 0:3 fs_path_parent=2
	delete -q subvolume_children 1:4
END
add snapshots <<-END
	update -q snapshots 0:4294967287 depth=9 skip[0]=4294967290
	update -q snapshot_trees 0:2 master_subvol=4
	delete -q snapshot_trees 0:1
	delete -q snapshots 0:4294967283
END

add logged-ops <<-END
	set -q logged_ops 0:1 logged_op_truncate subvol=2 inum=4131 new_i_size=5000
	set -q logged_ops 0:2 logged_op_finsert subvol=2 inum=4133 src_offset_sectors=8 dst_offset_sectors=24 pos_sectors=18446744073709551615
END

"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
