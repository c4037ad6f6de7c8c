/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this library was built with. */

#ifndef BCHFS_BUILD_H
#define BCHFS_BUILD_H

struct bch_facts;

/* Versions of the libraries in use, one fact each, and which code computes CRCs. */
void bch_build_show(struct bch_facts *facts);

#endif
