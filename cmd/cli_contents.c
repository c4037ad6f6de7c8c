// SPDX-License-Identifier: GPL-2.0-or-later
/* What devices hold already, and whether it may go. CLI 5.1. */

#include <string.h>
#include "cli_format.h"

/* 1 to go on, 0 not to, or an error. */
static int ask_about(struct cli *cli, const char *path, bool force)
{
	struct bch_buf lines bch_auto(buf) = { 0 };
	struct bch_buf said bch_auto(buf) = { 0 };
	int err = bch_device_contents(cli->ctx, path, &lines);

	if (err || !lines.len)
		return err ? err : 1;
	for (const char *l = bch_buf_str(&lines); *l; l += strcspn(l, "\n") + 1)
		bch_buf_put(&said, "%s contains a %.*s\n", path, (int)strcspn(l, "\n"), l);
	if (!force)
		return cli_ask(cli, "%sProceed anyway?", bch_buf_str(&said));
	for (const char *l = bch_buf_str(&said); *l; l += strcspn(l, "\n") + 1)
		cli_say(cli, "%.*s", (int)strcspn(l, "\n"), l);
	return 1;
}

int cli_format_ask(struct cli *cli, const struct cli_format_plan *plan, bool force)
{
	int go_on = 1;

	for (size_t i = 0; go_on > 0 && i < plan->opts.nr_devs; i++)
		go_on = ask_about(cli, plan->devs[i].path, force);
	if (!go_on)
		return bch_error_whole(cli->ctx, -BCH_ERR_refused, "nothing was written");
	return go_on < 0 ? go_on : 0;
}
