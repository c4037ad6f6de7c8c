// SPDX-License-Identifier: GPL-2.0-or-later
/* When each recovery pass last ran: recovery_passes. Format reference: 01 §8.14. */

#include "ondisk/passes.h"
#include "ondisk/sb_private.h"

#define RUN_BYTES sizeof(struct bch_pass_run_disk)

int bch_sb_validate_recovery_passes(const struct bch_super *super, struct bch_bytes body,
				    unsigned flags, struct bch_buf *why)
{
	return 0; /* informational: 01 §8.14 */
}

void bch_sb_show_recovery_passes(struct bch_facts *facts, const struct bch_sb_show *show,
				 struct bch_bytes body)
{
	static const int widths[] = { 32, 32, 0 };
	struct bch_pass_run run;

	bch_facts_list(facts, "entries");
	for (u32 i = 0; bch_bytes_view(body, i * RUN_BYTES, RUN_BYTES); i++) {
		const char *name = bch_pass_name(i);

		bch_pass_run_get(&run, body.p + i * RUN_BYTES, RUN_BYTES);
		if (!run.last_run)
			continue;
		bch_facts_object(facts, NULL);
		bch_facts_row(facts, widths, bch_array_size(widths));
		bch_fact(facts, "Name", "%s", name ? name : "(unknown pass)");
		bch_fact_time(facts, "Last run", run.last_run);
		bch_fact_u64(facts, "Seconds", run.last_runtime);
		bch_facts_row_end(facts);
		bch_facts_end(facts);
	}
	bch_facts_end(facts);
}
