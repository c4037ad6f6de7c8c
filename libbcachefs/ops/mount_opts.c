// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of mount -o: which are the kernel's, which are bcachefs's. CLI 12.1. */

#include <string.h>
#include <sys/mount.h>

#include <bcachefs/mount.h>
#include <bcachefs/opts.h>

/* Word, flags that it sets, flags that it takes away. */
static const struct {
	const char *word;
	unsigned long set, clear;
} flags[] = {
	/* clang-format off */
	{ "defaults",	   0,		   0 },
	{ "ro",		   MS_RDONLY,	   0 },
	{ "rw",		   0,		   MS_RDONLY },
	{ "sync",	   MS_SYNCHRONOUS, 0 },
	{ "async",	   0,		   MS_SYNCHRONOUS },
	{ "dirsync",	   MS_DIRSYNC,	   0 },
	{ "remount",	   MS_REMOUNT,	   0 },
	{ "mand",	   MS_MANDLOCK,	   0 },
	{ "nomand",	   0,		   MS_MANDLOCK },
	{ "atime",	   0,		   MS_NOATIME },
	{ "noatime",	   MS_NOATIME,	   0 },
	{ "relatime",	   MS_RELATIME,	   0 },
	{ "norelatime",	   0,		   MS_RELATIME },
	{ "strictatime",   MS_STRICTATIME, 0 },
	{ "nostrictatime", 0,		   MS_STRICTATIME },
	{ "lazytime",	   MS_LAZYTIME,	   0 },
	{ "nolazytime",	   0,		   MS_LAZYTIME },
	{ "diratime",	   0,		   MS_NODIRATIME },
	{ "nodiratime",	   MS_NODIRATIME,  0 },
	{ "dev",	   0,		   MS_NODEV },
	{ "nodev",	   MS_NODEV,	   0 },
	{ "exec",	   0,		   MS_NOEXEC },
	{ "noexec",	   MS_NOEXEC,	   0 },
	{ "suid",	   0,		   MS_NOSUID },
	{ "nosuid",	   MS_NOSUID,	   0 },
	/* clang-format on */
};

/* What other programs act upon. "*" stands for the rest of the word. */
static const char *const dropped[] = {
	"auto",	 "noauto",  "nofail", "_netdev", "user",    "nouser",
	"users", "nousers", "owner",  "noowner", "group",   "nogroup",
	"loop",	 "loop=*",  "x-*",    "X-*",	 "comment", "comment=*",
};

/* What names the folder to be seen: a subvolume is one. */
static const char *const roots[] = { "X-mount.subvol=", "X-mount.subdir=" };

static bool take_flag(const char *item, unsigned long *all)
{
	for (size_t i = 0; i < bch_array_size(flags); i++) {
		if (strcmp(item, flags[i].word))
			continue;
		*all = (*all & ~flags[i].clear) | flags[i].set;
		return true;
	}
	return false;
}

static bool take_root(const char *item, struct bch_buf *root)
{
	for (size_t i = 0; i < bch_array_size(roots); i++) {
		size_t len = strlen(roots[i]);

		if (strncmp(item, roots[i], len))
			continue;
		bch_buf_reset(root);
		bch_buf_puts(root, item + len);
		return true;
	}
	return false;
}

static bool is_dropped(const char *item)
{
	for (size_t i = 0; i < bch_array_size(dropped); i++) {
		size_t len = strcspn(dropped[i], "*");

		if (!strncmp(item, dropped[i], len) && (dropped[i][len] || !item[len]))
			return true;
	}
	return false;
}

/* What our own opening has to know too. */
static int take_open_opt(struct bch_ctx *ctx, const char *item, struct bch_open_opts *open)
{
	size_t len = strcspn(item, "=");
	struct bch_buf name bch_auto(buf) = { 0 };
	const struct bch_opt *opt;

	bch_buf_mem(&name, item, len);
	if (bch_buf_failed(&name))
		return -BCH_ERR_no_memory;
	opt = bch_opt_find(bch_buf_str(&name));
	if (!opt || !bch_open_takes(opt))
		return 0;
	return bch_open_opt(ctx, opt, item[len] ? item + len + 1 : "1", open);
}

int bch_mount_opt(struct bch_ctx *ctx, const char *item, struct bch_mount_opts *opts,
		  struct bch_open_opts *open)
{
	int err;

	if (take_flag(item, &opts->flags) || take_root(item, &opts->root) || is_dropped(item))
		return bch_buf_failed(&opts->root) ? -BCH_ERR_no_memory : 0;
	err = take_open_opt(ctx, item, open);
	bch_buf_put(&opts->data, "%s%s", opts->data.len ? "," : "", item);
	return !err && bch_buf_failed(&opts->data) ? -BCH_ERR_no_memory : err;
}

bool bch_mount_is_remount(const struct bch_mount_opts *opts)
{
	return opts->flags & MS_REMOUNT;
}

void bch_mount_opts_end(struct bch_mount_opts *opts)
{
	bch_buf_end(&opts->data);
	bch_buf_end(&opts->root);
}
