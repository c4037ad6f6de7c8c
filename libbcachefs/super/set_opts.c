// SPDX-License-Identifier: GPL-2.0-or-later
/* Options, labels and UUIDs of an existing filesystem: read and changed in the superblock. Format reference: 01 §12. */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "base/memory.h"
#include "super/super.h"

/* Collects what is refused, so that one message names all. */
struct refusals {
	struct bch_buf words;
	int err;
};

static void refuse(struct refusals *r, int err, const char *fmt, ...) bch_printf(3, 4);
static void refuse(struct refusals *r, int err, const char *fmt, ...)
{
	va_list args;

	bch_buf_puts(&r->words, r->words.len ? "; " : "");
	va_start(args, fmt);
	bch_buf_vput(&r->words, fmt, args);
	va_end(args);
	r->err = r->err ? r->err : err; /* the first: others may follow from it */
}

int bch_target_parse(struct bch_fs *fs, const char *text, u64 *target)
{
	u32 dev_idx;
	int group;

	*target = 0;
	if (!*text || !strcmp(text, "none"))
		return 0;
	group = bch_super_group_find(&fs->super, text);
	if (group >= 0)
		*target = BCH_TARGET_GROUP(group);
	else if (!bch_fs_member_find(fs, text, &dev_idx))
		*target = BCH_TARGET_DEV(dev_idx);
	else
		return bch_error_whole(fs->ctx, -BCH_ERR_target_unknown, "Invalid target %s", text);
	return 0;
}

/* ------------------------------------------------------------------ members by name */

static bool label_path_is(const struct bch_super *super, const struct bch_member *m,
			  const char *name)
{
	int group = bch_super_group_find(super, name);

	return group >= 0 && bch_member_GROUP(m) == (u64)group + 1;
}

static bool member_is(const struct bch_fs *fs, u32 idx, const struct bch_member *m,
		      const char *name)
{
	const struct bch_blkdev *dev = fs->members[idx].blkdev;
	u8 uuid[16];

	return (dev && !strcmp(dev->name, name)) || label_path_is(&fs->super, m, name) ||
	       (!uuid_parse(name, uuid) && !memcmp(uuid, m->uuid, 16));
}

int bch_fs_member_find(struct bch_fs *fs, const char *name, u32 *dev_idx)
{
	char *end;
	unsigned long nr = isdigit((unsigned char)*name) ? strtoul(name, &end, 10) : 0;
	bool is_number = isdigit((unsigned char)*name) && !*end;
	struct bch_member m;
	u32 matches = 0;

	for (u32 i = 0; i < fs->nr_members; i++) {
		if (!bch_super_member(&fs->super, i, &m) || !bch_member_alive(&m))
			continue;
		if (is_number ? nr == i : member_is(fs, i, &m, name)) {
			*dev_idx = i;
			matches++;
		}
	}
	if (matches > 1)
		return bch_error_whole(fs->ctx, -BCH_ERR_device_ambiguous,
				       "%s: several members have this label", name);
	return matches ? 0
		       : bch_error_whole(fs->ctx, -BCH_ERR_no_such_device, "%s: no such member",
					 name);
}

/* ------------------------------------------------------------------ options of the filesystem */

/* Is the number within the option's range? */
static bool value_is_good(struct bch_fs *fs, const struct bch_opt *opt, u64 value,
			  struct refusals *r)
{
	int err = bch_opt_check(fs->ctx, opt, value, le16_get(fs->super.sb->version));

	if (err)
		refuse(r, err, "%s", bch_error_message(fs->ctx, err));
	return !err;
}

/* What the rest of the superblock forbids. */
static void check_against_super(struct bch_fs *fs, const struct bch_opt *opt, u64 value,
				struct refusals *r)
{
	u32 alive = 0;
	struct bch_member m;

	for (u32 i = 0; i < fs->nr_members; i++)
		alive += bch_super_member(&fs->super, i, &m) && bch_member_alive(&m);
	if (opt == bch_opt(BCH_OPT_nocow) && value && bch_fs_encryption(fs) != BCH_NOT_ENCRYPTED)
		refuse(r, -BCH_ERR_option_value, "nocow: not together with encryption");
	if ((opt == bch_opt(BCH_OPT_metadata_replicas) || opt == bch_opt(BCH_OPT_data_replicas)) &&
	    value > alive)
		bch_log(fs->ctx, BCH_LOG_warn, "%s: %" PRIu64 " copies on %u devices", opt->name,
			value, alive);
}

/* The features that go with a value: 01 §12.1. */
static void mark_features(struct bch_sb *sb, const struct bch_opt *opt, u64 value)
{
	u64 features = le64_get(sb->features[0]);

	if (opt->type == BCH_OPT_COMPRESSION && value & 0xf)
		features |= 1ULL << (BCH_FEATURE_lz4 + (value & 0xf) - 1);
	if (opt == bch_opt(BCH_OPT_erasure_code) && value)
		features |= 1ULL << BCH_FEATURE_ec;
	sb->features[0] = le64_of(features);
}

static void set_fs_opt(struct bch_fs *fs, enum bch_opt_id id, const struct bch_opt_set *set,
		       struct refusals *r)
{
	const struct bch_opt *opt = bch_opt(id);
	u16 version = le16_get(fs->super.sb->version);
	u64 value = set->value[id];

	if (!bch_opt_in_version(opt, version) || !opt->stored) {
		refuse(r, -BCH_ERR_option_unknown, "%s: version %u.%u does not store it", opt->name,
		       BCH_VERSION_MAJOR(version), BCH_VERSION_MINOR(version));
		return;
	}
	if (opt->type == BCH_OPT_TARGET) {
		if (bch_target_parse(fs, set->text[id], &value)) {
			refuse(r, -BCH_ERR_target_unknown, "%s: Invalid target %s", opt->name,
			       set->text[id]);
			return;
		}
	}
	if (!value_is_good(fs, opt, value, r))
		return;
	check_against_super(fs, opt, value, r);
	bch_sb_opt_set(fs->super.sb, id, value);
	mark_features(fs->super.sb, opt, value);
}

/* ------------------------------------------------------------------ options of members */

/* A member names its label in 8 bits: 01 §8.2. */
#define MEMBER_GROUP_MAX 255

static int set_label(struct bch_fs *fs, struct bch_member *m, const char *label)
{
	int group = 0;

	if (*label && strcmp(label, "none")) {
		group = bch_super_group_make(&fs->super, label);
		if (group < 0)
			return group;
		if (++group > MEMBER_GROUP_MAX)
			return -BCH_ERR_no_space_in_sb;
	}
	bch_member_GROUP_set(m, (u64)group);
	return 0;
}

static void set_text(u8 *to, size_t size, const char *text)
{
	memset(to, 0, size);
	memcpy(to, text, strnlen(text, size));
}

/* That data cannot be read then only 'device set-state' can be told to bear. */
static void set_state(struct bch_fs *fs, u32 dev_idx, u64 state, struct refusals *r)
{
	int err = bch_fs_set_state(fs, dev_idx, state, BCH_STATE_DEGRADED);

	if (err)
		refuse(r, err, "state: %s", bch_error_message(fs->ctx, err));
}

static void set_member_opt(struct bch_fs *fs, u32 dev_idx, enum bch_opt_id id,
			   const struct bch_opt_set *set, struct refusals *r)
{
	u16 version = le16_get(fs->super.sb->version);
	u64 value = set->value[id];
	struct bch_member m;
	int err = 0;

	if (!bch_opt_in_version(bch_opt(id), version)) {
		refuse(r, -BCH_ERR_option_unknown, "%s: version %u.%u does not store it",
		       bch_opt(id)->name, BCH_VERSION_MAJOR(version), BCH_VERSION_MINOR(version));
		return;
	}
	if (!value_is_good(fs, bch_opt(id), value, r))
		return;
	if (id == BCH_OPT_state) {
		set_state(fs, dev_idx, value, r);
		return;
	}
	(void)bch_super_member(&fs->super, dev_idx, &m); /* the caller took it from there */
	switch (id) {
	case BCH_OPT_durability:
		bch_member_DURABILITY_set(&m, value + 1);
		break;
	case BCH_OPT_data_allowed:
		bch_member_DATA_ALLOWED_set(&m, value);
		break;
	case BCH_OPT_discard:
		bch_member_DISCARD_set(&m, value);
		break;
	case BCH_OPT_rotational:
		bch_member_ROTATIONAL_set(&m, value);
		bch_member_ROTATIONAL_SET_set(&m, 1);
		break;
	case BCH_OPT_failure_domain:
		set_text(m.failure_domain, sizeof(m.failure_domain), set->text[id]);
		break;
	case BCH_OPT_label:
		err = set_label(fs, &m, set->text[id]);
		break;
	default:
		err = -BCH_ERR_option_unknown;
	}
	if (err)
		refuse(r, err, "%s: %s", bch_opt(id)->name, bch_err_text(err));
	else
		bch_super_member_put(&fs->super, dev_idx, &m);
}

static bool member_is_chosen(const struct bch_fs *fs, u32 idx, const u32 *dev_idx, u32 nr)
{
	struct bch_member m;

	if (!bch_super_member(&fs->super, idx, &m) || !bch_member_alive(&m))
		return false;
	for (u32 i = 0; i < nr; i++)
		if (dev_idx[i] == idx)
			return true;
	return !nr;
}

static void set_opt(struct bch_fs *fs, enum bch_opt_id id, const struct bch_opt_set *set,
		    const u32 *dev_idx, u32 nr_devs, struct refusals *r)
{
	if (!(bch_opt(id)->flags & BCH_OPT_DEVICE)) {
		set_fs_opt(fs, id, set, r);
		return;
	}
	for (u32 i = 0; i < fs->nr_members; i++)
		if (member_is_chosen(fs, i, dev_idx, nr_devs))
			set_member_opt(fs, i, id, set, r);
}

/* Labels first: targets may name them. What a new label leaves unused goes at last. */
static void set_all(struct bch_fs *fs, const struct bch_opt_set *set, const u32 *dev_idx,
		    u32 nr_devs, struct refusals *r)
{
	int err = 0;

	if (set->given[BCH_OPT_label])
		set_opt(fs, BCH_OPT_label, set, dev_idx, nr_devs, r);
	for (u32 id = 0; id < BCH_OPT_NR; id++)
		if (set->given[id] && id != BCH_OPT_label)
			set_opt(fs, id, set, dev_idx, nr_devs, r);
	if (set->given[BCH_OPT_label])
		err = bch_super_groups_prune(&fs->super);
	if (err)
		refuse(r, err, "%s", bch_err_text(err));
}

int bch_fs_set_opts(struct bch_fs *fs, const struct bch_opt_set *set, const u32 *dev_idx,
		    u32 nr_devs)
{
	struct refusals r = { 0 };
	struct bch_super before = { 0 };
	int err = bch_super_set(
		&before, (struct bch_bytes){ (const u8 *)fs->super.sb, bch_super_len(&fs->super) });

	if (err)
		return err;
	set_all(fs, set, dev_idx, nr_devs, &r);
	if (r.err) {
		struct bch_super refused = fs->super;

		fs->super = before;
		before = refused;
		(void)bch_error_whole(fs->ctx, r.err, "%s", bch_buf_str(&r.words));
	}
	bch_super_end(&before);
	bch_buf_end(&r.words);
	return r.err;
}

/* ------------------------------------------------------------------ identity */

int bch_fs_set_label(struct bch_fs *fs, const char *label)
{
	if (strlen(label) >= BCH_SB_LABEL_SIZE)
		return bch_error_whole(fs->ctx, -BCH_ERR_label_invalid,
				       "filesystem label too long (max %u characters)",
				       BCH_SB_LABEL_SIZE - 1);
	set_text(fs->super.sb->label, BCH_SB_LABEL_SIZE, label);
	return 0;
}

int bch_fs_set_uuid(struct bch_fs *fs, const char *uuid)
{
	static const u8 none[16];
	u8 parsed[16];

	if (!uuid)
		uuid_generate_random(parsed);
	else if (uuid_parse(uuid, parsed) || !memcmp(parsed, none, 16))
		return bch_error_whole(fs->ctx, -BCH_ERR_option_value, "not a UUID: %s", uuid);
	memcpy(fs->super.sb->user_uuid, parsed, 16);
	return 0;
}

/* ------------------------------------------------------------------ asking */

int bch_fs_show_opts(struct bch_fs *fs, const struct bch_opt *opt, struct bch_facts *facts)
{
	u16 version = le16_get(fs->super.sb->version);
	bool any = false;

	if (opt && opt->flags & BCH_OPT_DEVICE)
		return bch_error_whole(fs->ctx, -BCH_ERR_option_unknown,
				       "%s: an option of members: see show-super", opt->name);

	for (u32 id = 0; id < BCH_OPT_NR; id++) {
		if ((opt && opt != bch_opt(id)) || !bch_opt_in_version(bch_opt(id), version) ||
		    (!bch_opt(id)->stored && id != BCH_OPT_block_size))
			continue;
		bch_sb_opt_show(facts, &fs->super, id);
		any = true;
	}
	return any ? 0 : bch_error(fs->ctx, -BCH_ERR_option_unknown, "%s", opt ? opt->name : "");
}
