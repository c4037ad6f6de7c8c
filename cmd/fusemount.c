// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs fusemount: the files of an unmounted filesystem in the kernel's tree, without the kernel's bcachefs. CLI 12.2. */

#include "fusemount.h"

const char *const fusemount_words[] = {
#define W(word, what) word,
	FUSEMOUNT_WORDS(W)
#undef W
		NULL
};

static const struct cli_option options[] = {
	CLI_FLAG('f', "foreground", struct fusemount_args, foreground,
		 "stay, and unmount when interrupted"),
	CLI_OPT_LIST('o', "options", BCH_OPT_MOUNT, struct cli_common, mount_opts,
		     "mount options, also degraded or norecovery", .names = fusemount_words,
		     .in_common = true),
	CLI_MOUNT,
	CLI_OPERAND("MOUNTPOINT", struct fusemount_args, mountpoint, "an empty directory"),
	CLI_FLAG('n', "no-mtab", struct fusemount_args, no_mtab, "", .hidden = true),
	CLI_FLAG('s', "sloppy", struct fusemount_args, sloppy, "", .hidden = true),
	CLI_STRING('t', "type", "TYPE", struct fusemount_args, type, "", .hidden = true),
};

static int run(struct cli *cli, const void *parsed)
{
	return fusemount_run(cli, parsed);
}

const struct cli_command cmd_fusemount = {
	.name = "fusemount",
	.heading = CLI_HEADING_mount,
	.summary = "mount read-only without the kernel's bcachefs",
	.help = "Returns when the mount stands; 'fusermount3 -u MOUNTPOINT' ends it. All "
		"subvolumes and "
		"snapshots that have a place in the tree are there. What only the journal holds is "
		"applied in memory; nothing is written. A damaged file gives EIO where it is "
		"damaged, and "
		"all others are as they were.\n\n"
		"The mount is its user's alone, who may read all of it; with -o allow_other it is "
		"everybody's, and permissions and ACLs are obeyed (-o default_permissions does so "
		"without others). Set-user-ID programs and devices act only with -o suid and -o "
		"dev.\n\n"
		"A file in another subvolume than the root has an inode number with bit 63 set, "
		"which "
		"holds the subvolume's: no two files share one, although the mount is one device "
		"to find "
		"-xdev and rsync -x.\n\n"
		"In fstab the type is fuse.bcachefs and the options have ro.",
	CLI_OPTIONS(options, struct fusemount_args),
	.flags = CLI_PASSPHRASE,
	.run = run,
};
