// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory for secrets: zeroed, out of core dumps, locked if that is allowed, never an obstacle. */

#include "vector.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codec/codec.h"

/* Does the mapping of @p have the flag, as proc(5) abbreviates it in VmFlags? */
static bool mapping_has(const void *p, const char *flag)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	bool here = false, has = false;
	char line[512];

	assert_non_null(smaps);
	while (fgets(line, sizeof(line), smaps)) {
		uintptr_t start, end;

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &start, &end) == 2)
			here = start <= (uintptr_t)p && (uintptr_t)p < end;
		else if (here && !strncmp(line, "VmFlags:", 8))
			has = strstr(line, flag);
	}
	fclose(smaps);
	return has;
}

/* Some sandboxes have no flags in smaps; then there is nothing to look at. */
static void skip_without_flags(const void *p)
{
	if (!mapping_has(p, " rd"))
		skip();
}

static void keys_and_secrets_stay_out_of_core_dumps(void **state)
{
	struct bch_crypt_key *key bch_auto(crypt_key) = bch_crypt_key_new();
	char *secret bch_auto(secret) = bch_secret_new(1000);

	(void)state;
	assert_non_null(key);
	assert_non_null(secret);
	skip_without_flags(key);
	assert_true(mapping_has(key, " dd"));
	assert_true(mapping_has(secret, " dd"));
}

/* Locking may be forbidden, and ASan does not do it: a page of our own tells. */
static void keys_are_locked_where_anything_can_be(void **state)
{
	struct bch_crypt_key *key bch_auto(crypt_key) = bch_crypt_key_new();
	void *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool locked;

	(void)state;
	assert_non_null(key);
	assert_true(page != MAP_FAILED);
	locked = !mlock(page, 1) && mapping_has(page, " lo");
	munmap(page, 1);
	if (!locked)
		skip();
	assert_true(mapping_has(key, " lo"));
}

/* In a child, which may lock nothing and is not root: 0 if all is well there. */
static int work_without_locking(void)
{
	const struct rlimit none = { 0, 0 };
	struct bch_crypt_key *key;

	if (setrlimit(RLIMIT_MEMLOCK, &none))
		return 1;
	if (!getuid() && (setgid(65534) || setuid(65534)))
		return 2;
	key = bch_crypt_key_new();
	if (!key)
		return 3;
	memset(key->b, 0xff, sizeof(key->b));
	bch_crypt_key_free(key);
	return 0;
}

static void a_key_can_be_had_where_nothing_may_be_locked(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (!child)
		_exit(work_without_locking());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void new_memory_is_zero_after_others_were_freed(void **state)
{
	static const char zeroes[300];

	(void)state;
	for (size_t size = 1; size <= sizeof(zeroes); size += 13) {
		char *secret bch_auto(secret) = bch_secret_new(size);

		assert_non_null(secret);
		assert_memory_equal(secret, zeroes, size);
		memset(secret, 0xff, size);
	}
}

static void freeing_nothing_is_allowed(void **state)
{
	(void)state;
	bch_secret_free(NULL);
	bch_crypt_key_free(NULL);
}

static void more_than_there_is_gives_null(void **state)
{
	(void)state;
	assert_null(bch_secret_new(SIZE_MAX));
	assert_null(bch_secret_new(SIZE_MAX / 2));
}

static void random_bytes_differ_and_stay_in_bounds(void **state)
{
	u8 a[34] = { 0 }, b[34] = { 0 };

	(void)state;
	bch_random(a + 1, 32);
	bch_random(b + 1, 32);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(a[0] | a[33] | b[0] | b[33], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_secrets_stay_out_of_core_dumps),
		cmocka_unit_test(keys_are_locked_where_anything_can_be),
		cmocka_unit_test(a_key_can_be_had_where_nothing_may_be_locked),
		cmocka_unit_test(new_memory_is_zero_after_others_were_freed),
		cmocka_unit_test(freeing_nothing_is_allowed),
		cmocka_unit_test(more_than_there_is_gives_null),
		cmocka_unit_test(random_bytes_differ_and_stay_in_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
