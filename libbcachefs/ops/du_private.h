/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of du share. */

#ifndef BCHFS_OPS_DU_PRIVATE_H
#define BCHFS_OPS_DU_PRIVATE_H

#include <bcachefs/facts.h>

/* A size: in text by @label, in units where @human; in JSON by @key. */
void bch_du_fact_size(struct bch_facts *facts, const char *label, const char *key, u64 bytes,
		      bool human);

#endif
