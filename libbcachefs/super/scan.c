// SPDX-License-Identifier: GPL-2.0-or-later
/* Which filesystems there are, and whether they are whole. */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "super/super.h"

/* The devices and folders of the command line, else all block devices. */
static int gather(struct bch_ctx *ctx, const char *const *names, size_t nr, struct bch_paths *paths)
{
	struct stat st;
	int err = nr ? 0 : bch_find_block_devices(ctx, paths);

	for (size_t i = 0; !err && i < nr; i++) {
		if (!stat(names[i], &st) && S_ISDIR(st.st_mode))
			err = bch_find_files(ctx, names[i], paths);
		else
			err = bch_paths_add(paths, names[i]);
	}
	return err;
}

/* The newest superblock of the filesystem that @first belongs to. */
static const struct bch_super *newest(const struct bch_founds *found, const struct bch_super *first)
{
	const struct bch_super *best = first;

	for (size_t i = 0; i < found->a.nr; i++) {
		const struct bch_super *s = &found->a.v[i].super;

		if (!memcmp(s->sb->uuid, first->sb->uuid, 16) && bch_sb_is_newer(s->sb, best->sb))
			best = s;
	}
	return best;
}

static const struct bch_found *find_slot(const struct bch_founds *found, const u8 uuid[16],
					 u32 dev_idx)
{
	for (size_t i = 0; i < found->a.nr; i++) {
		const struct bch_sb *sb = found->a.v[i].super.sb;

		if (!memcmp(sb->uuid, uuid, 16) && sb->dev_idx == dev_idx)
			return &found->a.v[i];
	}
	return NULL;
}

/* How long ago, in words that a log of disks needs: "2 days". */
static void put_age(struct bch_buf *out, u64 seconds)
{
	static const struct {
		u64 seconds;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	unsigned i = 0;

	while (i + 1 < bch_array_size(units) && seconds < units[i].seconds)
		i++;
	bch_buf_put(out, "%" PRIu64 " %s%s", seconds / units[i].seconds, units[i].name,
		    seconds / units[i].seconds == 1 ? "" : "s");
}

void bch_member_absence_put(struct bch_buf *out, const struct bch_super *best,
			    const struct bch_member *m)
{
	u64 last = le64_get(best->sb->write_time);

	if (m->device_name[0]) {
		bch_buf_puts(out, "last seen as ");
		bch_buf_text(out, m->device_name, sizeof(m->device_name));
	}
	if (m->last_mount && m->last_mount < last && m->seq < le64_get(best->sb->seq)) {
		bch_buf_puts(out, out->len ? ", mounted " : "mounted ");
		put_age(out, last - m->last_mount);
		bch_buf_puts(out, " before the others were written");
	}
}

static void show_member(struct bch_facts *facts, const struct bch_super *best, u32 idx,
			const struct bch_member *m, const struct bch_found *f)
{
	static const int widths[] = { -3, 1, 16, 12, 10, 11, 0 };
	struct bch_buf label bch_auto(buf) = { 0 };
	struct bch_buf state bch_auto(buf) = { 0 };
	struct bch_buf absence bch_auto(buf) = { 0 };

	if (bch_member_GROUP(m))
		bch_super_group_path_put(&label, best, (u32)bch_member_GROUP(m) - 1);
	bch_buf_choice(&state, bch_opt_member_states, bch_member_STATE(m));
	if (!f)
		bch_member_absence_put(&absence, best, m);

	bch_facts_object(facts, NULL);
	bch_facts_row(facts, widths, bch_array_size(widths));
	bch_fact_u64(facts, "index", idx);
	bch_fact_text(facts, NULL, "%s", "");
	bch_fact_text(facts, NULL, "%s", f ? f->path : "(missing)");
	bch_fact(facts, "label", "%s", bch_buf_str(&label));
	bch_fact(facts, "state", "%s", bch_buf_str(&state));
	bch_fact_bytes(facts, "size", m->nbuckets * BCH_BYTES(m->bucket_size));
	bch_fact_text(facts, NULL, "%s", bch_buf_str(&absence));
	bch_facts_row_end(facts);
	if (f)
		bch_fact_json_str(facts, "path", f->path);
	bch_facts_end(facts);
}

void bch_super_headline_put(struct bch_buf *out, const struct bch_super *best, u32 have, u32 want)
{
	u16 version = le16_get(best->sb->version);

	bch_buf_puts(out, "UUID=");
	bch_buf_uuid(out, best->sb->user_uuid);
	if (best->sb->label[0]) {
		bch_buf_puts(out, "  LABEL=");
		bch_buf_text(out, best->sb->label, sizeof(best->sb->label));
	}
	bch_buf_put(out, "  version %u.%u  %s  %u of %u device%s", BCH_VERSION_MAJOR(version),
		    BCH_VERSION_MINOR(version),
		    bch_sb_flag(best->sb, BCH_SB_CLEAN)		? "clean"
		    : bch_sb_flag(best->sb, BCH_SB_INITIALIZED) ? "unclean"
								: "never mounted",
		    have, want, want == 1 ? "" : "s");
}

static void count_members(const struct bch_founds *found, const struct bch_super *best, u32 *have,
			  u32 *want)
{
	struct bch_member m;

	*have = *want = 0;
	for (u32 i = 0; i < best->sb->nr_devices; i++) {
		if (!bch_super_member(best, i, &m) || !bch_member_alive(&m))
			continue;
		(*want)++;
		*have += find_slot(found, best->sb->uuid, i) != NULL;
	}
}

void bch_super_facts(struct bch_facts *facts, const struct bch_super *super, u32 have, u32 want)
{
	struct bch_buf uuid bch_auto(buf) = { 0 };
	struct bch_buf label bch_auto(buf) = { 0 };

	bch_buf_uuid(&uuid, super->sb->user_uuid);
	bch_buf_text(&label, super->sb->label, sizeof(super->sb->label));
	bch_fact_json_str(facts, "uuid", bch_buf_str(&uuid));
	bch_fact_json_str(facts, "label", bch_buf_str(&label));
	bch_fact_json_u64(facts, "clean", bch_sb_flag(super->sb, BCH_SB_CLEAN));
	bch_fact_json_u64(facts, "encrypted", bch_sb_flag(super->sb, BCH_SB_ENCRYPTION_TYPE) != 0);
	bch_fact_json_u64(facts, "devices_found", have);
	bch_fact_json_u64(facts, "devices_wanted", want);
}

/* Returns whether all members are there. */
static bool show_filesystem(struct bch_facts *facts, const struct bch_founds *found,
			    const struct bch_super *best)
{
	struct bch_buf headline bch_auto(buf) = { 0 };
	struct bch_member m;
	u32 have, want;

	count_members(found, best, &have, &want);
	bch_super_headline_put(&headline, best, have, want);
	bch_facts_heading(facts, "%s", bch_buf_str(&headline));

	bch_facts_object(facts, NULL);
	bch_super_facts(facts, best, have, want);
	bch_facts_list(facts, "devices");
	for (u32 i = 0; i < best->sb->nr_devices; i++)
		if (bch_super_member(best, i, &m) && bch_member_alive(&m))
			show_member(facts, best, i, &m, find_slot(found, best->sb->uuid, i));
	bch_facts_end(facts);
	bch_facts_end(facts);
	return have == want;
}

/* Is this the first of its filesystem among those found? */
static bool is_first(const struct bch_founds *found, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!memcmp(found->a.v[i].super.sb->uuid, found->a.v[nr].super.sb->uuid, 16))
			return false;
	return true;
}

int bch_scan(struct bch_ctx *ctx, const char *const *names, size_t nr, struct bch_facts *facts,
	     struct bch_scan_result *result)
{
	struct bch_paths paths bch_auto(paths) = { 0 };
	struct bch_founds found bch_auto(founds) = { 0 };
	int err = gather(ctx, names, nr, &paths);

	*result = (struct bch_scan_result){ 0 };
	if (!err)
		err = bch_find_members(ctx, &paths, &found);
	if (err)
		return err;
	bch_facts_list(facts, "filesystems");
	for (size_t i = 0; i < found.a.nr; i++) {
		if (!is_first(&found, i))
			continue;
		if (result->nr_filesystems++)
			bch_facts_blank(facts);
		result->nr_incomplete +=
			!show_filesystem(facts, &found, newest(&found, &found.a.v[i].super));
	}
	bch_facts_end(facts);
	return 0;
}

/* ------------------------------------------------------------------ for udev */

/* As udev encodes what may stand in a name: all but plain characters as \xHH. */
static void put_encoded(struct bch_buf *out, const char *key, const char *value)
{
	bch_buf_put(out, "%s=", key);
	for (; *value; value++)
		if (strchr("#+-.:=@_/", *value) || (*value >= '0' && *value <= '9') ||
		    (*value >= 'A' && *value <= 'Z') || (*value >= 'a' && *value <= 'z'))
			bch_buf_putc(out, *value);
		else
			bch_buf_put(out, "\\x%02x", (u8)*value);
	bch_buf_putc(out, '\n');
}

/* KEY=value and KEY_ENC=encoded; in the first what is not plain becomes '_', as udev has it. */
static void put_pair(struct bch_buf *out, const char *key, const char *value)
{
	char encoded_key[64];

	snprintf(encoded_key, sizeof(encoded_key), "%s_ENC", key);
	bch_buf_put(out, "%s=", key);
	for (const char *c = value; *c; c++)
		bch_buf_putc(out, (u8)*c <= ' ' || *c == '\\' || (u8)*c >= 0x7f ? '_' : *c);
	bch_buf_putc(out, '\n');
	put_encoded(out, encoded_key, value);
}

static void put_udev(struct bch_buf *out, const struct bch_founds *found,
		     const struct bch_super *super)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	u32 have, want;
	struct bch_member m;

	bch_buf_puts(out, "ID_FS_TYPE=bcachefs\nID_FS_USAGE=filesystem\n");
	bch_buf_uuid(&text, super->sb->user_uuid);
	put_pair(out, "ID_FS_UUID", bch_buf_str(&text));
	if (bch_super_member(super, super->sb->dev_idx, &m)) {
		bch_buf_reset(&text);
		bch_buf_uuid(&text, m.uuid);
		put_pair(out, "ID_FS_UUID_SUB", bch_buf_str(&text));
	}
	if (super->sb->label[0]) {
		bch_buf_reset(&text);
		bch_buf_mem(&text, super->sb->label,
			    strnlen((const char *)super->sb->label, BCH_SB_LABEL_SIZE));
		put_pair(out, "ID_FS_LABEL", bch_buf_str(&text));
	}
	count_members(found, newest(found, super), &have, &want);
	bch_buf_put(out, "BCACHEFS_DEVICES=%u\nBCACHEFS_MISSING=%u\nBCACHEFS_ENCRYPTED=%u\n", want,
		    want - have, bch_sb_flag(super->sb, BCH_SB_ENCRYPTION_TYPE) != 0);
}

int bch_scan_udev(struct bch_ctx *ctx, const char *name, struct bch_buf *out)
{
	struct bch_blkdev *dev bch_auto(blkdev) = NULL;
	struct bch_super super bch_auto(super) = { 0 };
	struct bch_paths paths bch_auto(paths) = { 0 };
	struct bch_founds found bch_auto(founds) = { 0 };
	int err = bch_blkdev_open(ctx, name, 0, &dev);

	if (!err)
		err = bch_super_read(dev, 0, &super);
	if (!err && super.sb->nr_devices > 1)
		err = bch_find_block_devices(ctx, &paths);
	if (!err)
		err = bch_paths_add(&paths, name);
	if (!err)
		err = bch_find_members(ctx, &paths, &found);
	if (!err)
		put_udev(out, &found, &super);
	return err;
}
