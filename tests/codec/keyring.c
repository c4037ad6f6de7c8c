// SPDX-License-Identifier: GPL-2.0-or-later
/* Keyrings: each test in a session keyring of its own, with a UUID that nobody has. */

#include "vector.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <keyutils.h>
#include <uuid/uuid.h>

#include "codec/codec.h"

static const enum bch_keyring all[] = { BCH_KEYRING_session, BCH_KEYRING_user,
					BCH_KEYRING_user_session };

struct place {
	u8 uuid[16];
	struct bch_crypt_key key;
};

static struct place place;

static int set_up(void **state)
{
	*state = &place;
	bch_random(&place, sizeof(place));
	/* An anonymous session keyring leads nowhere, least of all to the user's. */
	return keyctl_join_session_keyring(NULL) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	int err = bch_keyring_remove(p->uuid);

	return err && err != -BCH_ERR_no_key;
}

static void assert_found(const struct place *p)
{
	struct bch_crypt_key found = { { 0 } };

	assert_int_equal(bch_keyring_find(p->uuid, &found), 0);
	assert_memory_equal(&found, &p->key, sizeof(found));
}

static void assert_not_found(const struct place *p)
{
	struct bch_crypt_key found;

	assert_int_equal(bch_keyring_find(p->uuid, &found), -BCH_ERR_no_key);
}

static void what_is_added_is_found_and_can_be_removed(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < bch_array_size(all); i++) {
		assert_not_found(p);
		assert_int_equal(bch_keyring_add(all[i], p->uuid, &p->key), 0);
		assert_found(p);
		assert_int_equal(bch_keyring_remove(p->uuid), 0);
		assert_not_found(p);
		assert_int_equal(bch_keyring_remove(p->uuid), -BCH_ERR_no_key);
	}
}

static void removing_takes_it_out_of_all_keyrings(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < bch_array_size(all); i++)
		assert_int_equal(bch_keyring_add(all[i], p->uuid, &p->key), 0);
	assert_int_equal(bch_keyring_remove(p->uuid), 0);
	assert_not_found(p);
}

static void adding_again_replaces_the_key(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < bch_array_size(all); i++) {
		assert_int_equal(bch_keyring_add(all[i], p->uuid, &p->key), 0);
		p->key.b[0]++;
		assert_int_equal(bch_keyring_add(all[i], p->uuid, &p->key), 0);
		assert_found(p);
		assert_int_equal(bch_keyring_remove(p->uuid), 0);
	}
}

static void the_session_is_searched_before_the_user(void **state)
{
	struct place *p = *state;
	struct bch_crypt_key other = { { 0 } };

	assert_int_equal(bch_keyring_add(BCH_KEYRING_user, p->uuid, &other), 0);
	assert_int_equal(bch_keyring_add(BCH_KEYRING_session, p->uuid, &p->key), 0);
	assert_found(p);
}

/* Under the description that a mount asks for, in the keyring that was named, and only there. */
static void the_key_lies_where_a_mount_looks(void **state)
{
	struct place *p = *state;
	char description[] = "bcachefs:01234567-89ab-cdef-0123-456789abcdef";
	key_serial_t id;
	u8 payload[33];

	uuid_unparse_lower(p->uuid, description + strlen("bcachefs:"));
	assert_int_equal(bch_keyring_add(BCH_KEYRING_user, p->uuid, &p->key), 0);

	assert_true(keyctl_search(KEY_SPEC_SESSION_KEYRING, "user", description, 0) < 0);
	id = keyctl_search(KEY_SPEC_USER_KEYRING, "user", description, 0);
	assert_true(id > 0);
	assert_int_equal(keyctl_read(id, (char *)payload, sizeof(payload)), 32);
	assert_memory_equal(payload, p->key.b, 32);
}

/* As a later process of the same user, in a session that knows nothing of the key. */
static int find_in_a_new_session(const struct place *p)
{
	struct bch_crypt_key found;

	if (keyctl_join_session_keyring(NULL) < 0)
		return 1;
	if (bch_keyring_find(p->uuid, &found))
		return 2;
	return memcmp(&found, &p->key, sizeof(found)) ? 3 : 0;
}

static void a_process_of_another_session_finds_the_users_key(void **state)
{
	struct place *p = *state;
	pid_t child;
	int status;

	assert_int_equal(bch_keyring_add(BCH_KEYRING_user, p->uuid, &p->key), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(find_in_a_new_session(p));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_key_of_another_size_is_no_key(void **state)
{
	static const size_t sizes[] = { 1, 31, 33, 64 };
	const u8 payload[64] = { 1 };
	struct place *p = *state;
	char description[] = "bcachefs:01234567-89ab-cdef-0123-456789abcdef";

	uuid_unparse_lower(p->uuid, description + strlen("bcachefs:"));
	for (size_t i = 0; i < bch_array_size(sizes); i++) {
		assert_true(add_key("user", description, payload, sizes[i],
				    KEY_SPEC_SESSION_KEYRING) > 0);
		assert_not_found(p);
	}
}

static void nothing_stays_in_the_process_keyring(void **state)
{
	struct place *p = *state;
	void *ids = NULL;

	assert_int_equal(bch_keyring_add(BCH_KEYRING_user, p->uuid, &p->key), 0);
	assert_found(p);
	assert_int_equal(keyctl_read_alloc(KEY_SPEC_PROCESS_KEYRING, &ids), 0);
	free(ids);
}

static void a_system_without_keyrings_says_so(void **state)
{
	struct place *p = *state;
	int err = bch_keyring_add(BCH_KEYRING_user, p->uuid, &p->key);

	assert_true(err == -BCH_ERR_not_supported || err == -BCH_ERR_access_denied);
	assert_int_equal(bch_keyring_find(p->uuid, &p->key), err);
	assert_int_equal(bch_keyring_remove(p->uuid), err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_added_is_found_and_can_be_removed),
		TEST(removing_takes_it_out_of_all_keyrings),
		TEST(adding_again_replaces_the_key),
		TEST(the_session_is_searched_before_the_user),
		TEST(the_key_lies_where_a_mount_looks),
		TEST(a_process_of_another_session_finds_the_users_key),
		TEST(a_key_of_another_size_is_no_key),
		TEST(nothing_stays_in_the_process_keyring),
	};
	const struct CMUnitTest tests_without_keyrings[] = {
		cmocka_unit_test_prestate(a_system_without_keyrings_says_so, &place),
	};

	if (keyctl_get_keyring_ID(KEY_SPEC_USER_KEYRING, 1) < 0)
		return cmocka_run_group_tests(tests_without_keyrings, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
