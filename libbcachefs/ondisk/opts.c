// SPDX-License-Identifier: GPL-2.0-or-later
/* Options: the table, their values as text and in the superblock. Format reference: 01 §12. */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <bcachefs/error.h>

#include "ondisk/data_types.h"
#include "ondisk/superblock.h"

const char *const bch_opt_error_actions[] = { "continue", "fix_safe", "panic", "ro", NULL };
const char *const bch_opt_csum_types[] = { "none", "crc32c", "crc64", "xxhash", NULL };
const char *const bch_opt_str_hashes[] = { "crc32c", "crc64", "siphash", NULL };
const char *const bch_opt_version_upgrades[] = { "compatible", "incompatible", "none", NULL };
const char *const bch_opt_degraded_actions[] = { "ask", "yes", "very", "no", NULL };
const char *const bch_opt_scrub_journal[] = { "unclean", "no", "always", NULL };
const char *const bch_opt_fix_errors[] = { "exit", "yes", "no", "ask", NULL };
const char *const bch_opt_member_states[] = { "rw", "ro", "failed", "spare", NULL };
const char *const bch_opt_compression_types[] = { "none", "lz4", "gzip", "zstd", NULL };

#define NR_COMPRESSION_TYPES 4

static const struct bch_opt opts[BCH_OPT_NR] = {
#define O(opt_name, ...) [BCH_OPT_##opt_name] = { .name = #opt_name, __VA_ARGS__ },
	BCH_OPTS(O)
#undef O
};

const struct bch_opt *bch_opt(enum bch_opt_id id)
{
	return &opts[id];
}

enum bch_opt_id bch_opt_id(const struct bch_opt *opt)
{
	return (enum bch_opt_id)(opt - opts);
}

/* Equal but for '-' and '_'. */
static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
			return false;
	return *a == *b;
}

const struct bch_opt *bch_opt_find(const char *name)
{
	for (u32 id = 0; id < BCH_OPT_NR; id++)
		if (same_name(opts[id].name, name) ||
		    (opts[id].synonym && same_name(opts[id].synonym, name)))
			return &opts[id];
	return NULL;
}

static bool newer(u16 version)
{
	return version > BCH_VERSION(1, 28);
}

u64 bch_opt_default(const struct bch_opt *opt, u16 version)
{
	return opt->has_def_newer && newer(version) ? opt->def_newer : opt->def;
}

u64 bch_opt_max(const struct bch_opt *opt, u16 version)
{
	return opt->max_newer && newer(version) ? opt->max_newer : opt->max;
}

bool bch_opt_in_version(const struct bch_opt *opt, u16 version)
{
	return version >= opt->since && (!opt->until || version < opt->until);
}

/* ------------------------------------------------------------------ text to number */

/* The factor of a suffix, 0 where there is no such: "k", "M", "KiB" by 1024; "kB", "MB" by 1000. */
static u64 suffix_factor(const char *s)
{
	static const char letters[] = "kmgtpe";
	const char *at = *s ? strchr(letters, tolower((unsigned char)*s)) : NULL;
	u64 base, factor = 1;

	if (!*s || !strcmp(s, "B") || !strcmp(s, "b"))
		return 1;
	if (!at)
		return 0;
	if (!s[1] || !strcasecmp(s + 1, "iB"))
		base = 1024;
	else if (!strcasecmp(s + 1, "B"))
		base = 1000;
	else
		return 0;
	for (const char *l = letters; l <= at; l++)
		factor *= base;
	return factor;
}

/* Digits, an optional fraction, an optional blank, a suffix; exact in whole bytes, rounded down. */
static bool parse_size(const char *text, u64 *bytes)
{
	u64 whole = 0, fraction = 0, scale = 1, factor;
	const char *s = text;

	if (!isdigit((unsigned char)*s))
		return false;
	for (; isdigit((unsigned char)*s); s++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (u64)(*s - '0'), &whole))
			return false;
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s); s++)
			if (scale < 1000000) { /* what follows is less than a byte of any use */
				fraction = fraction * 10 + (u64)(*s - '0');
				scale *= 10;
			}
	s += *s == ' ';
	factor = suffix_factor(s);
	if (!factor || __builtin_mul_overflow(whole, factor, &whole))
		return false;
	fraction = factor / scale * fraction + factor % scale * fraction / scale;
	return !__builtin_add_overflow(whole, fraction, bytes);
}

int bch_size_parse(struct bch_ctx *ctx, const char *what, const char *text, u64 *bytes)
{
	if (parse_size(text, bytes))
		return 0;
	return bch_error_whole(ctx, -BCH_ERR_option_value, "%s: not a size: %s", what, text);
}

static bool parse_number(const char *text, u64 *value)
{
	*value = 0;
	if (!*text)
		return false;
	for (; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (u64)(*text - '0'), value))
			return false;
	return !*text;
}

static bool parse_bool(const char *text, u64 *value)
{
	static const char *const yes[] = { "1", "yes", "true", "on", NULL };
	static const char *const no[] = { "0", "no", "false", "off", NULL };

	for (unsigned i = 0; yes[i]; i++)
		if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
			*value = !strcasecmp(text, yes[i]);
			return true;
		}
	return false;
}

/* Index of the first @len bytes of @text among @names, or -1. */
static int find_choice(const char *const names[], const char *text, size_t len)
{
	for (int i = 0; names[i]; i++)
		if (strlen(names[i]) == len && !strncmp(names[i], text, len))
			return i;
	return -1;
}

static bool parse_compression(const char *text, u64 *value)
{
	size_t len = strcspn(text, ":");
	int type = find_choice(bch_opt_compression_types, text, len);
	u64 level = 0;

	if (type < 0 || (text[len] && !parse_number(text + len + 1, &level)) || level > 15)
		return false;
	*value = (u64)type | level << 4;
	return true;
}

/* Names separated by commas or semicolons; a leading '-' inverts. */
static bool parse_data_types(const char *text, u64 allowed, u64 *value)
{
	bool invert = *text == '-';

	*value = 0;
	for (text += invert; *text;) {
		size_t len = strcspn(text, ",;");
		int type = find_choice(bch_data_type_names, text, len);

		if (type < 0)
			return false;
		*value |= 1ULL << type;
		text += len + (text[len] != 0);
	}
	if (invert)
		*value = allowed & ~*value;
	return true;
}

static bool parse_choice(const struct bch_opt *opt, const char *text, u64 *value)
{
	int i = find_choice(opt->choices, text, strlen(text));

	if (i < 0 && opt == &opts[BCH_OPT_state] && !strcmp(text, "evacuating"))
		i = 2; /* the newer name of failed */
	if (i < 0 && opt == &opts[BCH_OPT_degraded] && parse_bool(text, value)) {
		*value = *value ? 1 : 3; /* a boolean at 1.13 */
		return true;
	}
	*value = (u64)i;
	return i >= 0;
}

static int bad_choice(struct bch_ctx *ctx, const struct bch_opt *opt, const char *text)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	for (u32 i = 0; opt->choices[i]; i++)
		bch_buf_put(&buf, "%s%s", i ? ", " : "", opt->choices[i]);
	return bch_error_whole(ctx, -BCH_ERR_option_value, "%s: invalid selection: %s (one of %s)",
			       opt->name, text, bch_buf_str(&buf));
}

int bch_opt_parse(struct bch_ctx *ctx, const struct bch_opt *opt, const char *text, u16 version,
		  u64 *value)
{
	const char *wanted = "must be a number";
	bool ok = false;

	switch (opt->type) {
	case BCH_OPT_BOOL:
		wanted = "must be bool";
		ok = parse_bool(text, value);
		break;
	case BCH_OPT_NUMBER:
		ok = parse_number(text, value);
		break;
	case BCH_OPT_SIZE:
		ok = parse_size(text, value);
		break;
	case BCH_OPT_CHOICE:
		if (!parse_choice(opt, text, value))
			return bad_choice(ctx, opt, text);
		ok = true;
		break;
	case BCH_OPT_COMPRESSION:
		wanted = "invalid compression, want none, lz4, gzip or zstd and a level 0 to 15";
		ok = parse_compression(text, value);
		break;
	case BCH_OPT_DATA_TYPES:
		wanted = "want a list of journal, btree, user";
		ok = parse_data_types(text, opt->max, value);
		break;
	case BCH_OPT_TARGET:
	case BCH_OPT_TEXT:
		wanted = "is not a number";
		break;
	}
	if (!ok)
		return bch_error_whole(ctx, -BCH_ERR_option_value, "%s: %s: %s", opt->name, wanted,
				       text);
	return bch_opt_check(ctx, opt, *value, version);
}

/* ------------------------------------------------------------------ ranges */

static int out_of_range(struct bch_ctx *ctx, const struct bch_opt *opt, u64 value, u64 bound,
			int err)
{
	struct bch_buf have bch_auto(buf) = { 0 };
	struct bch_buf want bch_auto(buf) = { 0 };

	bch_opt_put(&have, opt, value);
	bch_opt_put(&want, opt, bound);
	return bch_error_whole(ctx, err, "%s: %s: %s (%s %s)", opt->name, bch_err_text(err),
			       bch_buf_str(&have), err == -BCH_ERR_option_too_small ? "min" : "max",
			       bch_buf_str(&want));
}

int bch_opt_check(struct bch_ctx *ctx, const struct bch_opt *opt, u64 value, u16 version)
{
	u64 max = bch_opt_max(opt, version);

	if (opt->type == BCH_OPT_COMPRESSION &&
	    ((value & 0xf) >= NR_COMPRESSION_TYPES || (!(value & 0xf) && value)))
		return bch_error_whole(ctx, -BCH_ERR_invalid_sb_opt_compression,
				       "%s: invalid compression type %" PRIu64 ", level %" PRIu64,
				       opt->name, value & 0xf, value >> 4);
	if (value < opt->min)
		return out_of_range(ctx, opt, value, opt->min, -BCH_ERR_option_too_small);
	if (value > max)
		return out_of_range(ctx, opt, value, max, -BCH_ERR_option_too_big);
	if (opt->type == BCH_OPT_DATA_TYPES && value & ~opt->max)
		return bch_error_whole(ctx, -BCH_ERR_option_value,
				       "%s: only journal, btree and user can be placed", opt->name);
	if (opt->flags & BCH_OPT_POWER2 && value & (value - 1))
		return bch_error_whole(ctx, -BCH_ERR_option_value,
				       "%s: must be a power of two: %" PRIu64, opt->name, value);
	if (opt->flags & BCH_OPT_SECTORS && value % BCH_SECTOR_SIZE)
		return bch_error_whole(ctx, -BCH_ERR_option_value,
				       "%s: not a multiple of 512: %" PRIu64, opt->name, value);
	return 0;
}

/* ------------------------------------------------------------------ number to text */

void bch_opt_put(struct bch_buf *out, const struct bch_opt *opt, u64 value)
{
	u64 type = value & 0xf, level = value >> 4;

	switch (opt->type) {
	case BCH_OPT_SIZE:
		bch_buf_human(out, value);
		break;
	case BCH_OPT_CHOICE:
		if (value <= opt->max)
			bch_buf_puts(out, opt->choices[value]);
		else
			bch_buf_put(out, "unknown(%" PRIu64 ")", value);
		break;
	case BCH_OPT_COMPRESSION:
		if (type < NR_COMPRESSION_TYPES)
			bch_buf_puts(out, bch_opt_compression_types[type]);
		else
			bch_buf_put(out, "unknown(%" PRIu64 ")", type);
		if (level)
			bch_buf_put(out, ":%" PRIu64, level);
		break;
	case BCH_OPT_DATA_TYPES:
		bch_buf_flags(out, value, bch_data_type_names);
		break;
	default:
		bch_buf_put(out, "%" PRIu64, value);
	}
}

/* ------------------------------------------------------------------ in the superblock */

u64 bch_sb_opt(const struct bch_sb *sb, enum bch_opt_id id)
{
	const struct bch_opt *opt = &opts[id];
	u64 v;

	if (id == BCH_OPT_block_size)
		return BCH_BYTES(le16_get(sb->block_size));
	v = opt->stored ? bch_sb_flag(sb, opt->stored) : 0;
	switch (opt->encoding) {
	case BCH_OPT_IN_SECTORS:
		return BCH_BYTES(v);
	case BCH_OPT_LOG2_OF_SECTORS:
		return v < 55 ? BCH_BYTES(1ULL << v) : BCH_U64_MAX;
	case BCH_OPT_TWO_NIBBLES:
		return v | bch_sb_flag(sb, opt->stored_hi) << 4;
	default:
		return v;
	}
}

void bch_sb_opt_set(struct bch_sb *sb, enum bch_opt_id id, u64 value)
{
	const struct bch_opt *opt = &opts[id];

	if (id == BCH_OPT_block_size) {
		sb->block_size = le16_of((u16)BCH_SECTORS(value));
		return;
	}
	switch (opt->encoding) {
	case BCH_OPT_IN_SECTORS:
		value = BCH_SECTORS(value);
		break;
	case BCH_OPT_LOG2_OF_SECTORS:
		value = (u64)__builtin_ctzll(BCH_SECTORS(value));
		break;
	case BCH_OPT_TWO_NIBBLES:
		bch_sb_flag_set(sb, opt->stored_hi, value >> 4);
		value &= 0xf;
		break;
	default:
		break;
	}
	bch_sb_flag_set(sb, opt->stored, value);
}
