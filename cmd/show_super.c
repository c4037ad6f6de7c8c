// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs show-super: what a device's superblock says. CLI 5.2. */

#include <bcachefs/super.h>
#include "cli.h"

struct args {
	const char *device;
	u64 fields, field_only, sb;
	bool layout, all_copies;
	struct cli_strings scan;
};

static const struct cli_option options[] = {
	CLI_OPERAND("DEVICE", struct args, device, "block device or image file"),
	CLI_SET('f', "fields", "LIST", struct args, fields, bch_sb_section_names,
		"sections to print after the header, or all"),
	CLI_SET('F', "field-only", "FIELD", struct args, field_only, bch_sb_section_names,
		"only that section's contents", .excludes = "fields,layout"),
	CLI_FLAG('l', "layout", struct args, layout, "print where the copies lie"),
	CLI_NUMBER(0, "sb", "SECTOR", struct args, sb, 1, UINT64_MAX,
		   "read the copy at this sector"),
	CLI_FLAG(0, "all-copies", struct args, all_copies, "compare all copies",
		 .excludes = "fields,field-only,layout,sb"),
	CLI_STRINGS(0, "scan", "DIR", struct args, scan, "look for the other members in DIR too"),
};

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_open_opts open_opts = {
		.sb_sector = a->sb,
		.scan = a->scan.p,
		.nr_scan = a->scan.nr,
	};
	struct bch_show_opts show = {
		.sections = a->field_only ? a->field_only : a->fields,
		.section_only = a->field_only != 0,
		.layout = a->layout,
		.all_copies = a->all_copies,
	};

	return bch_super_show(cli->ctx, a->device, &open_opts, &show, cli->facts);
}

const struct cli_command cmd_show_super = {
	.name = "show-super",
	.heading = CLI_HEADING_superblock,
	.summary = "print the superblock of a device",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON,
	.run = run,
};
