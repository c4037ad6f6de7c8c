// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of files on standard output, and the names that this system has for their owners. */

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "cli.h"

/* ------------------------------------------------------------------ names */

struct name {
	u32 id;
	char *text; /* owned */
};

struct names {
	struct name *v; /* by id */
	size_t nr, size;
};

struct cli_names {
	struct names users, groups;
};

static int add(struct names *names, u32 id, const char *text)
{
	if (names->nr == names->size) {
		size_t size = names->size ? names->size * 2 : 64;
		struct name *v = reallocarray(names->v, size, sizeof(*v));

		if (!v)
			return -BCH_ERR_no_memory;
		names->v = v;
		names->size = size;
	}
	names->v[names->nr] = (struct name){ id, strdup(text) };
	return names->v[names->nr++].text ? 0 : -BCH_ERR_no_memory;
}

static int compare(const void *l, const void *r)
{
	const struct name *a = l, *b = r;

	return a->id < b->id ? -1 : a->id > b->id;
}

static const char *find(const struct names *names, u32 id)
{
	struct name wanted = { .id = id };
	const struct name *found =
		names->nr ? bsearch(&wanted, names->v, names->nr, sizeof(wanted), compare) : NULL;

	return found ? found->text : NULL;
}

/*
 * The files themselves rather than getpwuid(3): that needs modules of the C library which a static program on an
 * initramfs does not have. A file that is not there has no names.
 */
static int read_users(struct names *names)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *p;
	int err = 0;

	while (f && !err && (p = fgetpwent(f)))
		err = add(names, p->pw_uid, p->pw_name);
	if (f)
		fclose(f);
	return err;
}

static int read_groups(struct names *names)
{
	FILE *f = fopen("/etc/group", "re");
	struct group *g;
	int err = 0;

	while (f && !err && (g = fgetgrent(f)))
		err = add(names, g->gr_gid, g->gr_name);
	if (f)
		fclose(f);
	return err;
}

static void names_end(struct names *names)
{
	for (size_t i = 0; i < names->nr; i++)
		free(names->v[i].text);
	free(names->v);
}

int cli_names_read(struct cli *cli, struct cli_names **names)
{
	struct cli_names *n = calloc(1, sizeof(*n));
	int err;

	*names = n;
	if (!n)
		return -BCH_ERR_no_memory;
	err = read_users(&n->users);
	if (!err)
		err = read_groups(&n->groups);
	if (n->users.nr)
		qsort(n->users.v, n->users.nr, sizeof(*n->users.v), compare);
	if (n->groups.nr)
		qsort(n->groups.v, n->groups.nr, sizeof(*n->groups.v), compare);
	return err;
}

void cli_names_free(struct cli_names *names)
{
	if (!names)
		return;
	names_end(&names->users);
	names_end(&names->groups);
	free(names);
}

static const char *user(void *arg, u32 uid)
{
	const struct cli_names *names = arg;

	return find(&names->users, uid);
}

static const char *group(void *arg, u32 gid)
{
	const struct cli_names *names = arg;

	return find(&names->groups, gid);
}

struct bch_id_names cli_id_names(struct cli_names *names)
{
	return (struct bch_id_names){ .user = user, .group = group, .arg = names };
}

/* ------------------------------------------------------------------ lists */

static int write_text(void *arg, const char *text)
{
	return cli_write(arg, text);
}

struct bch_listing_opts cli_listing_opts(struct cli *cli, const struct bch_id_names *names)
{
	return (struct bch_listing_opts){
		.write = write_text,
		.arg = cli,
		.terminal = isatty(STDOUT_FILENO),
		.json = cli->common.json,
		.ignore_errors = cli->common.ignore_errors,
		.paths = cli_path_opts(cli),
		.names = names,
	};
}

u32 cli_terminal_columns(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (columns && strtoul(columns, NULL, 10))
		return (u32)strtoul(columns, NULL, 10);
	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}
