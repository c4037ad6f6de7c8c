// SPDX-License-Identifier: GPL-2.0-or-later
/* Recovery passes scheduled in the superblock. Format reference: 01 §8.12, App. A. */

#include <bcachefs/recovery_pass.h>

#include <string.h>

#include "ondisk/passes.h"
#include "super/super.h"

const char *const bch_recovery_pass_names[] = {
#define P(nr, name) [nr] = #name,
	BCH_RECOVERY_PASSES(P)
#undef P
		[BCH_PASS_NR] = NULL,
};

#define ALL_PASSES ((1ULL << BCH_PASS_NR) - 1)

/* The bit of the pass that @word is the name of; all of them for "all", 0 for no pass. */
static u64 passes_of(const char *word, size_t len)
{
	for (u32 nr = 0; nr < BCH_PASS_NR; nr++) {
		const char *name = bch_recovery_pass_names[nr];

		if (strlen(name) == len && !memcmp(name, word, len))
			return 1ULL << nr;
	}
	return len == strlen("all") && !memcmp(word, "all", len) ? ALL_PASSES : 0;
}

int bch_recovery_passes_parse(struct bch_ctx *ctx, const char *list, u64 *passes)
{
	bool others = *list == '-';
	u64 found = 0;

	for (const char *word = list + others; *word; word += *word != 0) {
		size_t len = strcspn(word, ",;");
		u64 bits = passes_of(word, len);

		if (!bits)
			return bch_error_whole(ctx, -BCH_ERR_option_value, "Bad recovery pass %.*s",
					       (int)len, word);
		found |= bits;
		word += len;
	}
	*passes = others ? ALL_PASSES & ~found : found;
	return 0;
}

int bch_fs_schedule_passes(struct bch_fs *fs, u64 set, u64 unset)
{
	struct bch_sb_ext ext;
	int err;

	bch_super_ext(&fs->super, &ext);
	ext.recovery_passes_required[0] |= set;
	ext.recovery_passes_required[0] &= ~unset;
	err = bch_super_ext_put(&fs->super, &ext);
	return err ? bch_error(fs->ctx, err, "superblock: ext section") : 0;
}

void bch_fs_show_passes(const struct bch_fs *fs, struct bch_facts *facts)
{
	static const char label[] = "Scheduled recovery passes";
	struct bch_sb_ext ext;

	bch_super_ext(&fs->super, &ext);
	if (ext.recovery_passes_required[0]) {
		bch_fact_flags(facts, label, ext.recovery_passes_required[0],
			       bch_recovery_pass_names);
		return;
	}
	bch_fact_text(facts, label, "(none)");
	bch_facts_list(facts, "scheduled_recovery_passes");
	bch_facts_end(facts);
}
