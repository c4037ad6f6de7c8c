// SPDX-License-Identifier: GPL-2.0-or-later
/* The filesystem's key: taken by passphrase or from a keyring, wrapped anew. Format reference: 01 §8.4. */

#include <string.h>

#include "super/super.h"

enum bch_encryption bch_fs_encryption(const struct bch_fs *fs)
{
	struct bch_wrapped_key wrapped;
	struct bch_sb_crypt crypt;

	if (!bch_super_crypt(&fs->super, &crypt))
		return BCH_NOT_ENCRYPTED;
	memcpy(wrapped.b, crypt.key, sizeof(wrapped.b));
	return bch_wrapped_key_in_clear(&wrapped) ? BCH_KEY_IN_CLEAR : BCH_KEY_WRAPPED;
}

static int not_encrypted(struct bch_fs *fs)
{
	return bch_error_whole(fs->ctx, -BCH_ERR_not_encrypted, "%s is not encrypted",
			       fs->members[fs->super.sb->dev_idx].blkdev
				       ? fs->members[fs->super.sb->dev_idx].blkdev->name
				       : "filesystem");
}

static struct bch_kdf stored_kdf(const struct bch_sb_crypt *crypt)
{
	return (struct bch_kdf){ (u16)crypt->kdf_flags, (u16)(crypt->kdf_flags >> 16),
				 (u16)(crypt->kdf_flags >> 32) };
}

/* Unwraps the filesystem's key by the passphrase's (NULL: it lies in the clear) and keeps it. */
static int unwrap(struct bch_fs *fs, const struct bch_sb_crypt *crypt,
		  const struct bch_crypt_key *user_key)
{
	struct bch_crypt_key *key = bch_crypt_key_new();
	struct bch_wrapped_key wrapped;
	int err;

	if (!key)
		return -BCH_ERR_no_memory;
	memcpy(wrapped.b, crypt->key, sizeof(wrapped.b));
	err = bch_key_unwrap(user_key, fs->super.sb->uuid, &wrapped, key);
	if (err) {
		bch_crypt_key_free(key);
		return err;
	}
	bch_crypt_key_free(fs->key);
	fs->key = key;
	return 0;
}

/* The passphrase's key, which must open the filesystem's. */
static int derive_and_unlock(struct bch_fs *fs, const char *passphrase,
			     struct bch_crypt_key *user_key)
{
	struct bch_sb_crypt crypt;
	int err;

	if (!bch_super_crypt(&fs->super, &crypt))
		return not_encrypted(fs);
	err = bch_derive_key(stored_kdf(&crypt), passphrase, strlen(passphrase), user_key);
	if (err)
		return bch_error(fs->ctx, err, "parameters of the key derivation");
	return unwrap(fs, &crypt, user_key);
}

int bch_fs_unlock(struct bch_fs *fs, const char *passphrase)
{
	struct bch_crypt_key *user_key bch_auto(crypt_key) = bch_crypt_key_new();

	return user_key ? derive_and_unlock(fs, passphrase, user_key) : -BCH_ERR_no_memory;
}

int bch_fs_unlock_from_keyring(struct bch_fs *fs)
{
	struct bch_crypt_key *user_key bch_auto(crypt_key) = bch_crypt_key_new();
	struct bch_sb_crypt crypt;
	int err;

	if (!bch_super_crypt(&fs->super, &crypt))
		return not_encrypted(fs);
	if (!user_key)
		return -BCH_ERR_no_memory;
	if (bch_fs_encryption(fs) == BCH_KEY_IN_CLEAR)
		return unwrap(fs, &crypt, NULL);
	err = bch_keyring_find(fs->super.sb->user_uuid, user_key);
	return err ? -BCH_ERR_no_key : unwrap(fs, &crypt, user_key);
}

int bch_fs_keyring_add(struct bch_fs *fs, const char *passphrase, enum bch_keyring keyring)
{
	struct bch_crypt_key *user_key bch_auto(crypt_key) = bch_crypt_key_new();
	int err = user_key ? derive_and_unlock(fs, passphrase, user_key) : -BCH_ERR_no_memory;

	if (err)
		return err;
	err = bch_keyring_add(keyring, fs->super.sb->user_uuid, user_key);
	return err ? bch_error(fs->ctx, err, "keyring") : 0;
}

int bch_fs_keyring_lend(struct bch_fs *fs)
{
	int err = bch_keyring_lend(fs->super.sb->user_uuid);

	return err ? bch_error(fs->ctx, err, "keyring") : 0;
}

int bch_fs_keyring_remove(struct bch_fs *fs)
{
	return bch_keyring_remove(fs->super.sb->user_uuid);
}

static int wrap(struct bch_fs *fs, const char *passphrase, struct bch_sb_crypt *crypt)
{
	struct bch_crypt_key *user_key bch_auto(crypt_key) = bch_crypt_key_new();
	struct bch_kdf kdf = BCH_KDF_DEFAULT;
	struct bch_wrapped_key wrapped;
	int err;

	if (!user_key)
		return -BCH_ERR_no_memory;
	err = bch_derive_key(kdf, passphrase, strlen(passphrase), user_key);
	if (err)
		return err;
	bch_key_wrap(user_key, fs->super.sb->uuid, fs->key, &wrapped);
	memcpy(crypt->key, wrapped.b, sizeof(crypt->key));
	crypt->kdf_flags = kdf.log_n | (u64)kdf.log_r << 16 | (u64)kdf.log_p << 32;
	return 0;
}

static void store_clear(struct bch_fs *fs, struct bch_sb_crypt *crypt)
{
	struct bch_wrapped_key wrapped;

	bch_key_store_clear(fs->key, &wrapped);
	memcpy(crypt->key, wrapped.b, sizeof(crypt->key));
}

int bch_fs_set_passphrase(struct bch_fs *fs, const char *passphrase)
{
	struct bch_sb_crypt crypt = { 0 };
	int err = 0;

	if (!fs->key)
		return -BCH_ERR_no_key;
	(void)bch_super_crypt(&fs->super, &crypt); /* format has none yet */
	if (passphrase)
		err = wrap(fs, passphrase, &crypt);
	else
		store_clear(fs, &crypt);
	return err ? err : bch_super_crypt_put(&fs->super, &crypt);
}
