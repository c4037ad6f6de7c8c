#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# show-super: its text against that of upstream on images made by real kernels, its sections, copies and JSON. CLI 5.2.
. "$(dirname "$0")/lib.sh"
export TZ=UTC

# The folders of images: the project's, and those in the folders that BCACHEFS_TEST_IMAGES lists (separated by colons).
folders() {
	printf '%s:' "$top/tests/images" "${BCACHEFS_TEST_IMAGES:-}" | tr ':' '\n' | while read -r folder; do
		[[ -n $folder ]] && printf '%s\n' "$folder"/*/dev*.img.zst
	done | awk -F/ '!seen[$(NF - 1)]++ { sub("/[^/]*$", ""); print }'
}

# Unpacks the first device of a folder as NAME.img; prints that.
first() { # FOLDER
	local packed=("$1"/dev*.img.zst) name
	name=$(basename "$1").img
	zstd -qdf --sparse --long=27 "${packed[0]}" -o "$name" && echo "$name"
}

# What CLI 5.2 wants to be different is made equal, nothing else: the line with the model on top is dropped; a member
# begins with `Device N:`, whatever stands behind it and above all members; its label is its last component, without its
# index; blank lines go. What upstream has of ext is asked for apart.
equalised() { # FILE
	sed -E -e '1{/^Device: +\(reg file\)$/d}' -e '/^members_v[12] /d' -e 's/^Device: +([0-9]+)$/Device \1:/' \
		-e 's/^(Device [0-9]+:).*/\1/' -e 's/^(  Label: +.*) \([0-9]+\)$/\1/' \
		-e 's/^(  Label: +)[^ ]*\./\1/' -e '/^$/d' "$1"
}

# Tools newer than 1.13 print errors above the members: the blocks are compared apart.
blocks() { # FILE
	equalised "$1" | awk '/^(Options|errors|ext|Device [0-9]+)( |:)/ { block = $1 $2 } { print block "|" $0 }' |
		if grep -q '^Incompatible' "$1"; then grep -v '^ext' | sort -st'|' -k1,1; else cat; fi
}

every_image_reads_as_it_does_upstream() {
	local folder name compared=0
	for folder in $(folders); do
		[[ -e $folder/show-super.txt ]] || continue
		name=$(first "$folder")
		run bcachefs show-super "$name"
		status 0
		no_err
		blocks "$folder/show-super.txt" >want
		blocks "$work/out" >have
		# upstream's own tool misreads the errors of this one: a year of five digits
		[[ $name == 13-v131-k616.img ]] && sed -i '/^errors/d' want have
		diff want have >"$work/out" || fail "$name reads otherwise"
		rm "$name"
		((++compared))
	done
	holds test "$compared" -ge 10
}

every_section_of_every_image_is_known() {
	local folder name
	for folder in $(folders); do
		name=$(first "$folder")
		run bcachefs show-super -f all -l "$name"
		status 0
		no_err
		sed -i '/ 0\.0: (unknown version)$/d' "$work/out"
		no_out unknown
		rm "$name"
	done
}

# Lines `label=value` of the text, but for sizes and times, which are numbers in JSON.
textfacts() {
	sed -nE 's/^ *([A-Za-z][A-Za-z0-9_ ]*): +([^ ].*)$/\1=\2/p' "$work/out" |
		grep -vE '=([0-9.]+ ([KMGTPE]i)?B.*|.* 20[0-9]{2}|\(.*\)|/.*)$|^Device [0-9]+=|^Offsets=' |
		sed -E -e 's/=.*\[([a-z0-9_]+)\].*/=\1/' -e 's/^Version=/on disk version=/' -e 's/ /_/;:a' \
			-e 's/^([^=]*) ([^=]*=)/\1_\2/;ta' -e 's/^[^=]*/\L&/' |
		grep -v '^sections=' | sort
}
jsonfacts() {
	jq -r 'walk(if type == "array" and length > 0 and all(.[]; type == "string") then join(",") else . end)
		| paths(type != "object" and type != "array") as $p
		| "\($p[-1])=\(getpath($p) | if . == true then 1 elif . == false then 0 else . end)"' "$work/out" | sort
}

the_json_of_every_image_has_the_facts_of_its_text() {
	command -v jq >/dev/null || skip 'no jq'
	local folder name
	for folder in $(folders); do
		name=$(first "$folder")
		run bcachefs show-super "$name"
		textfacts >text
		holds test "$(wc -l <text)" -gt 50
		run bcachefs show-super --json "$name"
		status 0
		holds jq -e '.version == 1' "$work/out"
		jsonfacts >json
		comm -23 text json >"$work/out"
		no_out
		rm "$name"
	done
}

# A fresh filesystem of two devices in the case's folder.
fresh() {
	image 32M a.img >/dev/null
	image 32M b.img >/dev/null
	bcachefs format -q --fs_label=tank --label=ssd.a a.img --label=hdd.b b.img || fail 'cannot format'
}

values_stand_in_column_44() {
	fresh
	run bcachefs show-super a.img
	out '^Label:                                     tank$'
	out '^  block_size:                              512 B$'
	out '^  Durability:                              1$'
}

members_and_errors_are_the_usual_sections() {
	unpack 14-quota >/dev/null
	run bcachefs show-super dev0.img
	holds test "$(grep -E '^[a-z].*\(size' "$work/out")" = $'members_v2 (size 160):\nerrors (size 8):'
}

an_old_superblock_has_its_members_too() {
	unpack 12-v14-fresh >/dev/null
	run bcachefs show-super dev0.img
	out '^Device 0: +dev0\.img$'
}

chosen_sections_are_all_that_follows_the_options() {
	unpack 14-quota >/dev/null
	run bcachefs show-super -f quota,journal_v2 dev0.img
	status 0
	holds test "$(grep -cE '^[a-z_0-9]+ \(size' "$work/out")" = 2
	out '^quota \(size 80\):$'
	run bcachefs show-super --fields=-members_v2 dev0.img
	out '^clean \(size'
	no_out '^members_v2'
}

one_section_alone_has_no_header() {
	unpack 14-quota >/dev/null
	run bcachefs show-super -F journal_v2 dev0.img
	status 0
	out_is 'Buckets:                                   17-24'
	run bcachefs show-super --field-only=journal_v2 dev0.img
	out_is 'Buckets:                                   17-24'
}

unknown_sections_are_refused_by_name() {
	fresh
	run bcachefs show-super -f journal_v2,bogus a.img
	status 2
	err "fields: invalid selection 'bogus'"
	no_out
	run bcachefs show-super -F bogus a.img
	status 2
	err "field-only: invalid selection 'bogus'"
}

the_layout_is_shown_where_it_is_asked_for() {
	unpack 14-quota >/dev/null
	run bcachefs show-super dev0.img
	no_out '^layout:'
	run bcachefs show-super -l dev0.img
	out '^layout:$'
	out '^  Type:                    0$'
	out '^  Superblock max size:     1\.00 MiB$'
	out '^  Nr superblocks:          3$'
	out '^  Offsets:                 8, 2056, 260096$'
}

members_that_are_not_there_are_not_found() {
	fresh
	run bcachefs show-super a.img
	status 0
	out '^Device 0: +a\.img$'
	out '^Device 1: +\(not found\)$'
	no_err
	run bcachefs show-super --scan=. a.img
	out '^Device 1: +(\./)?b\.img$'
}

labels_are_whole_paths() {
	fresh
	run bcachefs show-super a.img
	out '^  Label: +ssd\.a$'
	out '^  Label: +hdd\.b$'
}

removed_members_are_left_out() {
	unpack 139-removed >/dev/null
	run bcachefs show-super dev0.img
	out '^Device 2: '
	no_out '^Device 1: '
}

another_copy_is_read_by_its_sector() {
	fresh
	bcachefs show-super a.img >first
	run bcachefs show-super --sb=2056 a.img
	status 0
	holds diff first "$work/out"
	run bcachefs show-super --sb=9 a.img
	status 1
	err '^bcachefs: a\.img: superblock at sector 9: not a bcachefs superblock \(found magic 0{8}-'
	no_out
}

the_next_copy_is_used_and_named_where_the_first_is_damaged() {
	fresh
	bcachefs show-super a.img >first
	printf x | dd of=a.img bs=1 seek=4200 conv=notrunc status=none
	run bcachefs show-super a.img
	status 0
	err '^bcachefs: a\.img: superblock at sector 8: .*checksum.*; the copy at sector 2056 is used$'
	holds diff first "$work/out"
}

all_copies_are_compared() {
	fresh
	run bcachefs show-super --all-copies a.img
	status 0
	holds test "$(grep -c 'State: *same as the default copy' "$work/out")" = 3
	printf x | dd of=a.img bs=1 seek=$((2056 * 512 + 104)) conv=notrunc status=none
	run bcachefs show-super --all-copies a.img
	status 0
	holds test "$(grep -c 'same as the default copy' "$work/out")" = 2
	out 'checksum'
}

what_is_no_superblock_is_said_in_words() {
	image 16M empty.img >/dev/null
	run bcachefs show-super empty.img
	status 1
	err '^bcachefs: empty\.img: superblock at sector 8: not a bcachefs superblock \(found magic 0{8}-0{4}-'
	no_out
	run bcachefs show-super missing.img
	status 1
	err '^bcachefs: missing\.img: no such file'
	run bcachefs show-super .
	status 1
	err '^bcachefs: \.: is a directory'
	: >none.img
	run bcachefs show-super none.img
	status 1
	err '^bcachefs: none\.img: '
}

a_foreign_filesystem_is_named() {
	command -v mkfs.ext4 >/dev/null || skip 'no mkfs.ext4'
	image 16M foreign.img >/dev/null
	mkfs.ext4 -qF foreign.img
	run bcachefs show-super foreign.img
	status 1
	err '^bcachefs: foreign\.img: superblock at sector 8: not a bcachefs superblock \(found magic .*\); blkid says ext4 filesystem$'
}

cases
