// SPDX-License-Identifier: GPL-2.0-or-later
/* Who holds what, in the superblock, when something is gone: as the counters say, and the journal. 06 §8.1. */

#include "commit/private.h"
#include "ondisk/data_types.h"

struct holders {
	BCH_ARRAY(struct bch_replicas) a;
	BCH_ARRAY(struct bch_accounting) what; /* their members */
};

static int add_counted(struct holders *h, const struct bch_counters *counters)
{
	const struct bch_counter *n;
	int err = 0;

	for (n = bch_counters_next(counters, NULL); n && !err; n = bch_counters_next(counters, n)) {
		struct bch_accounting what = bch_counter_what(n);

		if (what.type == BCH_ACCOUNTING_replicas && n->v[0] &&
		    what.nr_devs <= BCH_ACCOUNTING_DEVS_MAX)
			err = bch_array_push(&h->what, what);
	}
	for (size_t i = 0; i < h->what.nr && !err; i++) /* they have stopped moving */
		err = bch_array_push(&h->a, ((struct bch_replicas){
						    .data_type = h->what.v[i].data_type,
						    .nr_devs = h->what.v[i].nr_devs,
						    .nr_required = h->what.v[i].nr_required,
						    .devs = h->what.v[i].devs,
					    }));
	return err;
}

int bch_writer_prune_replicas(struct bch_fs *fs)
{
	struct bch_counters counters bch_auto(counters) = bch_counters();
	struct holders h = { 0 };
	struct bch_write_devs journal;
	int err = bch_accounting_read(fs, &counters);

	bch_journal_write_devs(fs->writer->journal, &journal);
	if (!err)
		err = bch_array_push(&h.a, ((struct bch_replicas){ .data_type = BCH_DATA_journal,
								   .nr_devs = (u8)journal.nr,
								   .nr_required = 1,
								   .devs = journal.v }));
	if (!err)
		err = add_counted(&h, &counters);
	if (!err)
		err = bch_super_replicas_put(&fs->super, h.a.v, (u32)h.a.nr);
	bch_array_end(&h.a);
	bch_array_end(&h.what);
	bch_writer_super_changed(fs);
	return err ? bch_error(fs->ctx, err, "superblock: replicas section") : 0;
}
