/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: keys out of hexadecimal text, judged and printed as those of a filesystem of three slots (sb_build.h). */

#ifndef BCHFS_TESTS_ONDISK_KEY_BUILD_H
#define BCHFS_TESTS_ONDISK_KEY_BUILD_H

#include "ondisk/btree_ids.h"
#include "ondisk/keys.h"
#include "sb_build.h"

#define V_1_13 BCH_VERSION(1, 13)
#define V_1_28 BCH_VERSION(1, 28)
#define V_1_39 BCH_VERSION(1, 39)

/* A key and the bytes of its value. */
struct key_build {
	struct bch_key k;
	u8 val[2048];
};

static inline int key_build_digit(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* @hex: pairs of digits, blanks anywhere between pairs; filled up with zeros to a multiple of 8 bytes. */
static inline void key_build(struct key_build *b, u8 type, struct bch_pos pos, u32 size,
			     const char *hex)
{
	size_t len = 0;

	memset(b, 0, sizeof(*b));
	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		b->val[len++] = (u8)(key_build_digit(hex[0]) << 4 | key_build_digit(hex[1]));
		hex++;
	}
	b->k = (struct bch_key){
		.pos = pos, .type = type, .size = size, .val = { b->val, (len + 7) / 8 * 8 }
	};
}

/* Members 0 and 2, durability 1; slot 1 is a hole. */
struct key_build_fs {
	struct bch_super super;
	struct bch_key_fs fs;
};

static inline struct key_build_fs *key_build_fs(void)
{
	static struct key_build_fs f;

	bch_super_end(&f.super);
	f.super = sb_build_small(V_1_13);
	bch_key_fs_init(&f.fs, &f.super);
	return &f;
}

static inline struct bch_key_context key_build_context(u16 version, u8 btree_id)
{
	return (struct bch_key_context){ .version = version,
					 .btree_id = btree_id,
					 .fs = &key_build_fs()->fs };
}

static inline void assert_value_text(const struct bch_key *k, const struct bch_key_context *c,
				     const char *want)
{
	struct bch_buf out bch_auto(buf) = { 0 };

	bch_key_value_put(&out, k, c);
	assert_string_equal(bch_buf_str(&out), want);
}

/* Exactly that problem, BCH_KEY_VALID for none; where there is one, with words. */
static inline void assert_problem(const struct bch_key *k, const struct bch_key_context *c,
				  int want)
{
	struct bch_buf why bch_auto(buf) = { 0 };
	int have = bch_key_validate(k, c, &why);

	if (have != want)
		fail_msg("%s: have %s (%s), want %s", bch_key_type_name(k->type),
			 have < 0 ? "valid" : bch_fsck_error_name((u64)have), bch_buf_str(&why),
			 want < 0 ? "valid" : bch_fsck_error_name((u64)want));
	assert_int_equal(why.len > 0, want != BCH_KEY_VALID);
}

#endif
