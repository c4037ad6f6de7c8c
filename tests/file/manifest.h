/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of file/: filesystems that kernels wrote, opened with their files, and what the kernel showed of them. */

#ifndef BCHFS_TESTS_FILE_MANIFEST_H
#define BCHFS_TESTS_FILE_MANIFEST_H

#include <bcachefs/journal.h>
#include <sodium.h>

#include "../btree/image.h"
#include "file/file.h"

#define MANIFEST_LINE_MAX 65536
#define SHA256_HEX	  (2 * crypto_hash_sha256_BYTES + 1)

/* One line of a manifest; the texts point into the line. */
struct manifest_entry {
	char type;
	char *path; /* without its escapes */
	u64 size;
	const char *sha256, *extra;
};

struct manifest {
	FILE *file;
	char line[MANIFEST_LINE_MAX];
};

/* The manifest @name of the folder @dir, packed or not. */
static inline struct manifest *manifest_open(const char *dir, const char *name)
{
	struct manifest *m = calloc(1, sizeof(*m));
	char command[512];

	assert_non_null(m);
	snprintf(command, sizeof(command), "cat %s/%s 2>/dev/null || zstd -qdc %s/%s.zst", dir,
		 name, dir, name);
	m->file = popen(command, "r");
	assert_non_null(m->file);
	return m;
}

static inline void manifest_close(struct manifest *m)
{
	pclose(m->file);
	free(m);
}

/* "\x20" and the like, in place. */
static inline void manifest_unescape(char *text)
{
	char *to = text;
	unsigned byte;

	for (; *text; text++)
		if (*text == '\\' && sscanf(text, "\\x%2x", &byte) == 1) {
			*to++ = (char)byte;
			text += 3;
		} else {
			*to++ = *text;
		}
	*to = 0;
}

/* False at the end. */
static inline bool manifest_next(struct manifest *m, struct manifest_entry *e)
{
	char *field[12], *rest = m->line;

	do {
		if (!fgets(m->line, sizeof(m->line), m->file))
			return false;
	} while (m->line[0] == '#');
	m->line[strcspn(m->line, "\n")] = 0;
	for (u32 i = 0; i < 12; i++) {
		field[i] = strsep(&rest, "\t");
		assert_non_null(field[i]);
	}
	*e = (struct manifest_entry){ .type = field[0][0],
				      .path = field[1],
				      .size = strtoull(field[5], NULL, 10),
				      .sha256 = field[9],
				      .extra = field[11] };
	manifest_unescape(e->path);
	return true;
}

/* Opened and unlocked, what is in its journal too, its files started. */
static inline void image_start_files(struct image *image, const struct bch_files_opts *opts)
{
	int err;

	image_open_fs(image);
	err = bch_fs_start(image->fs, NULL);
	if (!err)
		err = bch_files_start(image->fs, opts);
	if (err)
		print_error("%s: %s\n", image->dir, bch_error_message(image->t->ctx, err));
	assert_int_equal(err, 0);
	image->t->warned[0] = 0;
}

static inline struct bch_file image_file(struct image *image, const char *path)
{
	const struct bch_path_opts opts = { 0 };
	struct bch_file file;
	int err = bch_path_lookup(image->fs, &opts, path, &file);

	if (err)
		print_error("%s: %s: %s\n", image->dir, path,
			    bch_error_message(image->t->ctx, err));
	assert_int_equal(err, 0);
	return file;
}

static inline void sha256_text(crypto_hash_sha256_state *sha, char text[SHA256_HEX])
{
	u8 hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_final(sha, hash);
	sodium_bin2hex(text, SHA256_HEX, hash, sizeof(hash));
}

#endif
