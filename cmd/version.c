// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs version: the release, alone on the first line since scripts compare it, and what it can do. CLI 13. */

#include <bcachefs/build.h>
#include <bcachefs/mount.h>
#include "fusemount.h"

static void say_versions(struct bch_facts *facts, const char *label, u16 min, u16 max)
{
	bch_fact(facts, label, "%u.%u to %u.%u", BCH_VERSION_MAJOR(min), BCH_VERSION_MINOR(min),
		 BCH_VERSION_MAJOR(max), BCH_VERSION_MINOR(max));
}

static void say_version(struct bch_facts *facts, const char *label, u16 version)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_version_put(&text, version);
	bch_fact(facts, label, "%s", version ? bch_buf_str(&text) : "(not loaded)");
}

static int run(struct cli *cli, const void *parsed)
{
	bch_facts_heading(cli->facts, "%s", CLI_VERSION);
	bch_fact_json_str(cli->facts, "release", CLI_VERSION);
	if (!cli->common.verbose)
		return 0;
	say_versions(cli->facts, "Reads", BCH_VERSION_READ_MIN, BCH_VERSION_READ_MAX);
	say_versions(cli->facts, "Formats", BCH_VERSION_FORMAT_MIN, BCH_VERSION_FORMAT_MAX);
	say_version(cli->facts, "Formats by default", BCH_VERSION_DEFAULT);
	say_version(cli->facts, "Kernel module", bch_kernel_version());
	bch_build_show(cli->facts);
	bch_fact(cli->facts, "libfuse", "%s", fusemount_libfuse());
	return 0;
}

const struct cli_command cmd_version = {
	.name = "version",
	.heading = CLI_HEADING_misc,
	.summary = "show the version of this program, and under -v what it can read and write",
	.flags = CLI_JSON,
	.run = run,
};
