// SPDX-License-Identifier: GPL-2.0-or-later
/* From what users write to the paths of members: devices, A:B:C, UUID=, LABEL=, and the members that they did not name. */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <uuid/uuid.h>

#include "super/super.h"

/* Where members may be that are not named: folders, and block devices where one is named or by UUID and LABEL. */
static int candidates(struct bch_ctx *ctx, const struct bch_open_opts *opts, bool blocks,
		      struct bch_founds *found)
{
	struct bch_paths paths bch_auto(paths) = { 0 };
	int err = blocks ? bch_find_block_devices(ctx, &paths) : 0;

	for (size_t i = 0; !err && i < opts->nr_scan; i++)
		err = bch_find_files(ctx, opts->scan[i], &paths);
	return err ? err : bch_find_members(ctx, &paths, found);
}

static bool label_is(const struct bch_sb *sb, const char *label)
{
	return strnlen((const char *)sb->label, sizeof(sb->label)) == strlen(label) &&
	       !memcmp(sb->label, label, strlen(label));
}

/* Is the copy at @path of the same slot and history as one that is there already? Multipath shows disks twice. */
static bool same_member(const struct bch_super *a, const struct bch_super *b)
{
	return a->sb->dev_idx == b->sb->dev_idx && !memcmp(a->sb->uuid, b->sb->uuid, 16);
}

/* Adds those of @found that belong to the filesystem with this internal UUID, each slot once. */
static int add_members(const struct bch_founds *found, const u8 uuid[16], struct bch_paths *paths)
{
	int err = 0;

	for (size_t i = 0; !err && i < found->a.nr; i++)
		if (!memcmp(found->a.v[i].super.sb->uuid, uuid, 16))
			err = bch_paths_add(paths, found->a.v[i].path);
	return err;
}

/* The filesystem among @found that fits; one alone: two that fit are an error. */
static int find_filesystem(struct bch_ctx *ctx, const struct bch_founds *found, const char *name,
			   const char *label, const u8 *user_uuid, u8 uuid[16])
{
	bool have = false;

	for (size_t i = 0; i < found->a.nr; i++) {
		const struct bch_sb *sb = found->a.v[i].super.sb;

		if (label ? !label_is(sb, label) : memcmp(sb->user_uuid, user_uuid, 16) != 0)
			continue;
		if (have && memcmp(uuid, sb->uuid, 16))
			return bch_error_whole(ctx, -BCH_ERR_device_ambiguous,
					       "%s: several filesystems have it; name the devices",
					       name);
		memcpy(uuid, sb->uuid, 16);
		have = true;
	}
	return have ? 0
		    : bch_error_whole(ctx, -BCH_ERR_no_such_device, "%s: no such filesystem", name);
}

/* UUID=, OLD_BLKID_UUID=, LABEL= or a bare UUID. 1 where @name is one of these and its members were added. */
static int resolve_tag(struct bch_ctx *ctx, const char *name, const struct bch_open_opts *opts,
		       struct bch_paths *paths)
{
	static const char *const uuid_tags[] = { "UUID=", "OLD_BLKID_UUID=", "" };
	struct bch_founds found bch_auto(founds) = { 0 };
	const char *label = strncmp(name, "LABEL=", 6) ? NULL : name + 6;
	bool is_uuid = false;
	u8 user_uuid[16], uuid[16];
	int err;

	for (unsigned i = 0; !label && !is_uuid && i < bch_array_size(uuid_tags); i++)
		is_uuid = !strncmp(name, uuid_tags[i], strlen(uuid_tags[i])) &&
			  !uuid_parse(name + strlen(uuid_tags[i]), user_uuid);
	if (!label && !is_uuid) {
		if (!strncmp(name, "UUID=", 5) || !strncmp(name, "OLD_BLKID_UUID=", 15))
			return bch_error_whole(ctx, -BCH_ERR_option_value, "not a UUID: %s", name);
		return 0;
	}

	err = candidates(ctx, opts, true, &found);
	if (!err)
		err = find_filesystem(ctx, &found, name, label, user_uuid, uuid);
	if (!err)
		err = add_members(&found, uuid, paths);
	return err ? err : 1;
}

static int add_split(const char *list, struct bch_paths *paths)
{
	char *copy = strdup(list), *rest = copy;
	const char *part;
	int err = copy ? 0 : -BCH_ERR_no_memory;

	while (!err && (part = strsep(&rest, ":")))
		if (*part)
			err = bch_paths_add(paths, part);
	free(copy);
	return err;
}

static bool is_block_device(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISBLK(st.st_mode);
}

/* The members beside those named. Errors in reading what is named are left to those who open it. */
static int add_others(struct bch_ctx *ctx, const struct bch_open_opts *opts,
		      struct bch_paths *paths)
{
	struct bch_founds named bch_auto(founds) = { 0 };
	struct bch_founds found bch_auto(founds) = { 0 };
	size_t nr = paths->a.nr;
	bool blocks = false;
	int err;

	for (size_t i = 0; i < nr; i++)
		blocks |= is_block_device(paths->a.v[i]);
	if ((!blocks && !opts->nr_scan) || opts->flags & BCH_OPEN_ALONE)
		return 0;

	err = bch_find_members(ctx, paths, &named);
	if (err || !named.a.nr || named.a.v[0].super.sb->nr_devices <= nr)
		return err;
	err = candidates(ctx, opts, blocks, &found);
	for (size_t i = 0; !err && i < found.a.nr; i++) {
		const struct bch_super *super = &found.a.v[i].super;
		bool have = memcmp(super->sb->uuid, named.a.v[0].super.sb->uuid, 16) != 0;

		for (size_t j = 0; j < named.a.nr; j++)
			have |= same_member(super, &named.a.v[j].super);
		if (!have)
			err = bch_paths_add(paths, found.a.v[i].path);
	}
	return err;
}

/* A mounted filesystem that is named by a folder in it is the kernel's. */
static int check_mounted(struct bch_ctx *ctx, const char *name)
{
	struct statfs st;

	if (statfs(name, &st) || (u32)st.f_type != BCH_STATFS_MAGIC)
		return 0;
	return bch_error_whole(ctx, -BCH_ERR_device_mounted, "%s is mounted; unmount it first",
			       name);
}

static int add_path(struct bch_ctx *ctx, const char *path, struct bch_paths *paths)
{
	struct stat st;
	int err = 0;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		err = check_mounted(ctx, path);
	return err ? err : bch_paths_add(paths, path);
}

int bch_resolve_names(struct bch_ctx *ctx, const char *const *names, size_t nr,
		      const struct bch_open_opts *opts, struct bch_paths *paths)
{
	int err = 0;

	for (size_t i = 0; !err && i < nr; i++) {
		err = resolve_tag(ctx, names[i], opts, paths);
		if (err < 0)
			return err;
		if (err)
			err = 0;
		else if (nr == 1 && !opts->no_split && strchr(names[i], ':') &&
			 access(names[i], F_OK))
			err = add_split(names[i], paths);
		else
			err = add_path(ctx, names[i], paths);
	}
	if (!err && !paths->a.nr)
		return bch_error_whole(ctx, -BCH_ERR_no_such_device, "no device given");
	return err ? err : add_others(ctx, opts, paths);
}
