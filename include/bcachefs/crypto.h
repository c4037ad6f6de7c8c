/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for secrets, and the kernel's keyrings by name. */

#ifndef BCHFS_CRYPTO_H
#define BCHFS_CRYPTO_H

#include <bcachefs/types.h>

/*
 * Zeroed memory for @size bytes of passphrase that is locked where the system allows it and never part of a core dump;
 * wiped by bch_secret_free() or bch_auto(secret). NULL where there is none.
 */
char *bch_secret_new(size_t size);
void bch_secret_free(char *secret);
static inline void bch_secret_cleanup(char **secret)
{
	bch_secret_free(*secret);
}

/* Keeps all of the process out of core dumps and from other processes' eyes: before a passphrase is read. */
void bch_secret_process(void);

enum bch_keyring {
	BCH_KEYRING_session,
	BCH_KEYRING_user,
	BCH_KEYRING_user_session
};

#endif
