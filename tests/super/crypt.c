// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of passphrases: right, wrong, changed, removed, set. Format reference: 01 §8.4. */

#include "temp_fs.h"

/* The format reference's vector: internal UUID, section, passphrase "hunter2", the filesystem's key. */
static const u8 vector_uuid[8] = { 0xcf, 0x6a, 0xf7, 0x16, 0xbf, 0x24, 0x47, 0xa6 };
static const u8 vector_key[32] = {
	0x04, 0x7a, 0x39, 0xb4, 0xc0, 0xdf, 0x6e, 0x16, 0xb9, 0x7c, 0xb3,
	0x56, 0x19, 0x2c, 0xf8, 0xa2, 0xd7, 0x71, 0x35, 0xdf, 0x9c, 0x53,
	0x29, 0x2b, 0x25, 0xef, 0x43, 0x57, 0x5b, 0xf3, 0x56, 0x05,
};

static struct temp_fs make_encrypted(struct temp *t)
{
	struct bch_super super = temp_fs_super(BCH_VERSION(1, 13), 2);
	struct temp_fs fs;

	memcpy(super.sb->uuid, vector_uuid, sizeof(vector_uuid));
	bch_sb_flag_set(super.sb, BCH_SB_ENCRYPTION_TYPE, 1);
	sb_build_put(&super, BCH_SECTION_crypt, sb_build_crypt, sizeof(sb_build_crypt));
	fs = temp_fs_of(t, &super);
	bch_super_end(&super);
	return fs;
}

/* Makes the changes durable, and opens what came of it. */
static struct bch_fs *written(const struct temp_fs *fs, struct bch_fs *open)
{
	assert_int_equal(bch_fs_write_super(open), 0);
	assert_int_equal(bch_fs_close(open), 0);
	return temp_fs_opened(fs, BCH_OPEN_WRITE);
}

static void passphrase_of_the_format_reference_opens_its_key(void **state)
{
	struct temp_fs fs = make_encrypted(*state);
	struct bch_fs *open = temp_fs_opened(&fs, 0);

	assert_int_equal(bch_fs_encryption(open), BCH_KEY_WRAPPED);
	assert_int_equal(bch_fs_unlock(open, "hunter"), -BCH_ERR_wrong_passphrase);
	assert_int_equal(bch_fs_unlock(open, ""), -BCH_ERR_wrong_passphrase);
	assert_null(open->key);
	assert_int_equal(bch_fs_unlock(open, "hunter2"), 0);
	assert_memory_equal(open->key->b, vector_key, 32);
	/* a wrong one afterwards takes nothing away */
	assert_int_equal(bch_fs_unlock(open, "hunter3"), -BCH_ERR_wrong_passphrase);
	assert_memory_equal(open->key->b, vector_key, 32);
	assert_int_equal(bch_fs_close(open), 0);
	temp_fs_end(&fs);
}

static void passphrase_is_changed_removed_and_set_again(void **state)
{
	struct temp_fs fs = make_encrypted(*state);
	struct bch_fs *open = temp_fs_opened(&fs, BCH_OPEN_WRITE);

	assert_int_equal(bch_fs_set_passphrase(open, "new"), -BCH_ERR_no_key);
	assert_int_equal(bch_fs_unlock(open, "hunter2"), 0);
	assert_int_equal(bch_fs_set_passphrase(open, "new"), 0);
	open = written(&fs, open);
	assert_int_equal(bch_fs_unlock(open, "hunter2"), -BCH_ERR_wrong_passphrase);
	assert_int_equal(bch_fs_unlock(open, "new"), 0);
	assert_memory_equal(open->key->b, vector_key, 32);

	assert_int_equal(bch_fs_set_passphrase(open, NULL), 0);
	open = written(&fs, open);
	assert_int_equal(bch_fs_encryption(open), BCH_KEY_IN_CLEAR);
	assert_int_equal(bch_fs_unlock_from_keyring(open), 0);
	assert_memory_equal(open->key->b, vector_key, 32);

	assert_int_equal(bch_fs_set_passphrase(open, "hunter2"), 0);
	open = written(&fs, open);
	assert_int_equal(bch_fs_encryption(open), BCH_KEY_WRAPPED);
	/* the same parameters, UUID and passphrase: the same bytes as at first */
	assert_memory_equal(bch_super_section(&open->super, BCH_SECTION_crypt).p, sb_build_crypt,
			    sizeof(sb_build_crypt));
	assert_int_equal(bch_fs_close(open), 0);
	temp_fs_end(&fs);
}

static void filesystem_without_encryption_has_nothing_to_unlock(void **state)
{
	struct temp_fs fs = temp_fs_make(*state, BCH_VERSION(1, 13), 1);
	struct bch_fs *open = temp_fs_opened(&fs, 0);

	assert_int_equal(bch_fs_encryption(open), BCH_NOT_ENCRYPTED);
	assert_int_equal(bch_fs_unlock(open, "x"), -BCH_ERR_not_encrypted);
	temp_fs_assert_said(&fs, -BCH_ERR_not_encrypted, fs.path[0]);
	assert_int_equal(bch_fs_unlock_from_keyring(open), -BCH_ERR_not_encrypted);
	assert_int_equal(bch_fs_close(open), 0);
	temp_fs_end(&fs);
}

/* They come from disk: gigabytes and minutes are for the asking. */
static void monstrous_kdf_parameters_are_refused(void **state)
{
	struct temp_fs fs = make_encrypted(*state);
	struct bch_fs *open;

	for (u32 i = 0; i < 2; i++)
		temp_fs_change(&fs, i, super,
			       bch_super_section_mut(&super, BCH_SECTION_crypt)[8] = 40);
	open = temp_fs_opened(&fs, 0);
	assert_int_equal(bch_fs_unlock(open, "hunter2"), -BCH_ERR_out_of_range);
	assert_int_equal(bch_fs_close(open), 0);
	temp_fs_end(&fs);
}

static void kernels_encrypted_superblocks_open_with_their_passphrase(void **state)
{
	static const char *const names[] = { "05-encrypted-dev0", "05-encrypted-wide-lz4-dev0",
					     "139-encrypted-dev0" };

	for (size_t i = 0; i < bch_array_size(names); i++) {
		struct bch_super super = sb_build_image(names[i]);
		struct bch_fs fs = { .super = super };

		assert_int_equal(bch_fs_unlock(&fs, "incorrect horse"), -BCH_ERR_wrong_passphrase);
		assert_int_equal(bch_fs_unlock(&fs, "correct horse"), 0);
		bch_crypt_key_free(fs.key);
		bch_super_end(&super);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(passphrase_of_the_format_reference_opens_its_key),
		TEMP_TEST(passphrase_is_changed_removed_and_set_again),
		TEMP_TEST(filesystem_without_encryption_has_nothing_to_unlock),
		TEMP_TEST(monstrous_kdf_parameters_are_refused),
		cmocka_unit_test(kernels_encrypted_superblocks_open_with_their_passphrase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
