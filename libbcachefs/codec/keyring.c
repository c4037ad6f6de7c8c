// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Passphrase keys in the kernel's keyrings, where a mount finds them. Format reference: 01 §8.4.
 *
 * What a process may do with a key depends on whether its session keyring leads there, and after su
 * or in a service it need not lead to the user keyring. So a key is linked to our process keyring
 * while we work on it: what lies there is ours.
 */

#include "codec.h"

#include <errno.h>
#include <string.h>

#include <keyutils.h>
#include <sodium.h>
#include <uuid/uuid.h>

#define KEY_TYPE   "user"
#define KEY_PREFIX "bcachefs:"

/* In the order of searching. */
static const key_serial_t rings[] = {
	[BCH_KEYRING_session] = KEY_SPEC_SESSION_KEYRING,
	[BCH_KEYRING_user] = KEY_SPEC_USER_KEYRING,
	[BCH_KEYRING_user_session] = KEY_SPEC_USER_SESSION_KEYRING,
};

/* Later processes of the same user may use the key, but only its possessors may change it. */
static const key_perm_t permissions =
	KEY_POS_ALL | KEY_USR_VIEW | KEY_USR_READ | KEY_USR_SEARCH | KEY_USR_LINK;

struct description {
	char s[sizeof(KEY_PREFIX) - 1 + UUID_STR_LEN];
};

static struct description describe(const u8 user_uuid[16])
{
	struct description d = { KEY_PREFIX };

	uuid_unparse_lower(user_uuid, d.s + sizeof(KEY_PREFIX) - 1);
	return d;
}

/* A key that is not usable any more is as good as none. */
static int keyring_error(int system_errno)
{
	switch (system_errno) {
	case ENOKEY:
	case EKEYEXPIRED:
	case EKEYREVOKED:
	case EKEYREJECTED:
		return -BCH_ERR_no_key;
	default:
		return bch_errno(system_errno);
	}
}

int bch_keyring_add(enum bch_keyring keyring, const u8 user_uuid[16],
		    const struct bch_crypt_key *user_key)
{
	struct description d = describe(user_uuid);
	key_serial_t id;
	int err = 0;

	id = add_key(KEY_TYPE, d.s, user_key->b, sizeof(user_key->b), KEY_SPEC_PROCESS_KEYRING);
	if (id < 0)
		return keyring_error(errno);

	/* A key of that name in the keyring gives way to ours. */
	if (keyctl_setperm(id, permissions) || keyctl_link(id, rings[keyring]))
		err = keyring_error(errno);
	keyctl_unlink(id, KEY_SPEC_PROCESS_KEYRING);
	return err;
}

static int find_in(key_serial_t ring, const struct description *d, struct bch_crypt_key *user_key)
{
	key_serial_t id = keyctl_search(ring, KEY_TYPE, d->s, KEY_SPEC_PROCESS_KEYRING);
	int err = 0;
	long len;

	if (id < 0)
		return keyring_error(errno);

	len = keyctl_read(id, (char *)user_key->b, sizeof(user_key->b));
	if (len < 0)
		err = keyring_error(errno);
	else if (len != sizeof(user_key->b))
		err = -BCH_ERR_no_key; /* somebody else's idea of a key */
	if (err)
		sodium_memzero(user_key->b, sizeof(user_key->b));
	keyctl_unlink(id, KEY_SPEC_PROCESS_KEYRING);
	return err;
}

int bch_keyring_find(const u8 user_uuid[16], struct bch_crypt_key *user_key)
{
	struct description d = describe(user_uuid);
	int err = -BCH_ERR_no_key;

	for (size_t i = 0; i < bch_array_size(rings); i++) {
		int found = find_in(rings[i], &d, user_key);

		if (!found)
			return 0;
		if (found != -BCH_ERR_no_key)
			err = found;
	}
	return err;
}

int bch_keyring_lend(const u8 user_uuid[16])
{
	struct description d = describe(user_uuid);
	int err = -BCH_ERR_no_key;

	for (size_t i = 0; i < bch_array_size(rings); i++) {
		if (keyctl_search(rings[i], KEY_TYPE, d.s, KEY_SPEC_PROCESS_KEYRING) >= 0)
			return 0;
		if (keyring_error(errno) != -BCH_ERR_no_key)
			err = keyring_error(errno);
	}
	return err;
}

/* ENOENT: the key was found in a keyring that hangs below @ring, which has its own turn. */
static int remove_from(key_serial_t ring, const struct description *d)
{
	key_serial_t id = keyctl_search(ring, KEY_TYPE, d->s, 0);

	if (id < 0)
		return keyring_error(errno);
	if (keyctl_unlink(id, ring))
		return errno == ENOENT ? -BCH_ERR_no_key : keyring_error(errno);
	return 0;
}

int bch_keyring_remove(const u8 user_uuid[16])
{
	struct description d = describe(user_uuid);
	int err = -BCH_ERR_no_key;

	for (size_t i = 0; i < bch_array_size(rings); i++) {
		int removed = remove_from(rings[i], &d);

		if (!removed && err == -BCH_ERR_no_key)
			err = 0;
		else if (removed && removed != -BCH_ERR_no_key)
			err = removed;
	}
	return err;
}
