// SPDX-License-Identifier: GPL-2.0-or-later
/* fusemount where libfuse3 was not there at build time. */

#include "fusemount.h"

const char *fusemount_libfuse(void)
{
	return "(not built in)";
}

int fusemount_run(struct cli *cli, const struct fusemount_args *args)
{
	return bch_error_whole(cli->ctx, -BCH_ERR_not_supported,
			       "fusemount: this program was built without libfuse3");
}
