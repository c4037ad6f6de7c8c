// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs upgrade, downgrade: have a filesystem be of another version. CLI 14.5. */

#include <bcachefs/upgrade.h>
#include "cli.h"

struct args {
	const char *to;
	bool incompatible;
};

static const struct cli_option upgrade_options[] = {
	CLI_FILESYSTEM,
	CLI_STRING(0, "to", "VERSION", struct args, to,
		   "which version: 1.13, the default, or its name; without it the choice is shown, "
		   "and asked"),
	CLI_FLAG(0, "incompatible", struct args, incompatible,
		 "features may be used that older software does not understand"),
};

static const struct cli_option downgrade_options[] = {
	CLI_FILESYSTEM,
	CLI_STRING(0, "to", "VERSION", struct args, to, "which version: 1.9 to 1.28, or its name"),
};

/* ------------------------------------------------------------------ what is said */

static int say_problem(void *arg, const struct bch_fsck_problem *p)
{
	struct cli *cli = arg;

	cli_say(cli, "%s: %s", p->text, p->repaired ? "repaired" : "not repaired");
	return 0;
}

static void say_done(struct cli *cli, u16 from, u16 to)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	if (from == to) {
		bch_buf_puts(&text, "is version ");
	} else {
		bch_version_put(&text, from);
		bch_buf_puts(&text, from < to ? " upgraded to " : " downgraded to ");
	}
	bch_version_put(&text, to);
	cli_say(cli, "%s", bch_buf_str(&text));
}

/* Shows what could be, and asks whether it is to be @to: 1, 0 or an error. */
static int show_and_ask(struct cli *cli, const struct bch_fs *fs, u16 to)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_TEXT);
	const char *text;
	int err;

	if (facts)
		bch_fs_show_upgrades(fs, facts);
	text = facts ? bch_facts_str(facts) : NULL;
	err = text ? cli_write(cli, text) : -BCH_ERR_no_memory;
	if (err || bch_fs_version(fs) >= to)
		return err;
	return cli_ask(cli, "Upgrade to %u.%u?", BCH_VERSION_MAJOR(to), BCH_VERSION_MINOR(to));
}

/* ------------------------------------------------------------------ run */

static int change(struct cli *cli, struct bch_fs *fs, const struct args *a, u16 to,
		  int (*fn)(struct bch_fs *fs, const struct bch_upgrade_opts *opts))
{
	const struct bch_upgrade_opts opts = {
		.to = to,
		.incompatible = a->incompatible,
		.repair = cli->common.yes,
		.problem = say_problem,
		.arg = cli,
	};
	u16 from = bch_fs_version(fs);
	int err = cli_unlock(cli, fs);

	if (!err)
		err = fn(fs, &opts);
	if (!err)
		say_done(cli, from, to);
	return err;
}

static int run_upgrade(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	u16 to = BCH_VERSION_DEFAULT;
	struct bch_fs *fs = NULL;
	int err = a->to ? bch_version_parse(cli->ctx, a->to, &to) : 0, closed;

	if (err)
		return err;
	err = cli_open(cli, BCH_OPEN_WRITE, &fs);
	if (err)
		return err;
	err = a->to || a->incompatible ? 1 : show_and_ask(cli, fs, to);
	if (err > 0)
		err = change(cli, fs, a, to, bch_fs_upgrade);
	else if (!err && bch_fs_version(fs) < to)
		err = bch_error_whole(cli->ctx, -BCH_ERR_refused, "nothing was changed");
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

static int run_downgrade(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_fs *fs = NULL;
	u16 to;
	int err, closed;

	if (!a->to)
		return cli_usage(cli, "which version is missing: --to");
	err = bch_version_parse(cli->ctx, a->to, &to);
	if (!err)
		err = cli_open(cli, BCH_OPEN_WRITE, &fs);
	if (err)
		return err;
	err = change(cli, fs, a, to, bch_fs_downgrade);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

const struct cli_command cmd_upgrade = {
	.name = "upgrade",
	.heading = CLI_HEADING_superblock,
	.summary = "have a filesystem be of a newer version",
	.help = "Takes those of 1.4 to 1.28. Keys get their new form, what follows from them is "
		"made "
		"anew, all is\n"
		"checked, and one commit makes it durable. What is wrong besides is repaired where "
		"that "
		"is safe;\n"
		"if something is left nothing is written, unless -y has it repaired too.",
	CLI_OPTIONS(upgrade_options, struct args),
	.flags = CLI_ASKS | CLI_PASSPHRASE | CLI_PROGRESS | CLI_WRITES,
	.run = run_upgrade,
};

const struct cli_command cmd_downgrade = {
	.name = "downgrade",
	.heading = CLI_HEADING_superblock,
	.summary = "have a filesystem be of an older version, for an older kernel",
	.help = "The way back as far as 1.9. Where something is in use that the version does not "
		"have "
		"(casefolding,\n"
		"erasure coding), the files are named and nothing is done. Problems are treated as "
		"by "
		"upgrade.",
	CLI_OPTIONS(downgrade_options, struct args),
	.flags = CLI_ASKS | CLI_PASSPHRASE | CLI_PROGRESS | CLI_WRITES,
	.run = run_downgrade,
};
