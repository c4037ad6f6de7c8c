// SPDX-License-Identifier: GPL-2.0-or-later
/* Foreign contents through libblkid: all that is found, and wiping it. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <blkid.h>

#include "base/array.h"
#include "io/blkdev.h"

#define SIGNATURES_MAX 128 /* more than any device has: a probe that finds no end has one */

static void signature_end(struct bch_signature *s)
{
	free(s->type);
	free(s->usage);
	free(s->label);
}

void bch_signatures_end(struct bch_signatures *found)
{
	for (size_t i = 0; i < found->nr; i++)
		signature_end(&found->v[i]);
	bch_array_end(found);
}

static const char *value(blkid_probe probe, const char *name, size_t *size)
{
	const char *data = NULL;

	return blkid_probe_lookup_value(probe, name, &data, size) ? NULL : data;
}

/* A copy of a text; 1 if there is none. */
static int copy_value(blkid_probe probe, const char *name, char **copy)
{
	const char *text = value(probe, name, NULL);

	if (!text)
		return 1;
	*copy = strdup(text);
	return *copy ? 0 : -BCH_ERR_no_memory;
}

/* Where the magic bytes are; false for the few kinds that have none. */
static bool find_magic(blkid_probe probe, const char *offset_name, const char *magic_name,
		       struct bch_signature *s)
{
	const char *offset = value(probe, offset_name, NULL);
	size_t len = 0;

	if (!offset || !value(probe, magic_name, &len) || !len)
		return false;
	s->offset = strtoull(offset, NULL, 10);
	s->len = (u32)len;
	return true;
}

static int describe(blkid_probe probe, struct bch_signature *s)
{
	int err = copy_value(probe, "TYPE", &s->type);

	if (!err) {
		err = copy_value(probe, "USAGE", &s->usage);
		if (err >= 0)
			err = copy_value(probe, "LABEL", &s->label);
	} else if (err > 0) {
		s->usage = strdup("partition table");
		err = s->usage ? copy_value(probe, "PTTYPE", &s->type) : -BCH_ERR_no_memory;
	}
	return err < 0 ? err : 0;
}

/*
 * Adds what the probe stands at, and hides it from the probe so that what lies under it is found
 * next.
 */
static int take(blkid_probe probe, struct bch_signatures *found)
{
	struct bch_signature s = { 0 };
	int err = describe(probe, &s);

	if (!err && (find_magic(probe, "SBMAGIC_OFFSET", "SBMAGIC", &s) ||
		     find_magic(probe, "PTMAGIC_OFFSET", "PTMAGIC", &s))) {
		if (blkid_probe_hide_range(probe, s.offset, s.len) || blkid_probe_step_back(probe))
			err = -BCH_ERR_io;
	}
	if (!err)
		err = bch_array_push(found, s);
	if (err)
		signature_end(&s);
	return err;
}

static int probe_all(blkid_probe probe, struct bch_signatures *found)
{
	int err = 0;

	while (!err && found->nr < SIGNATURES_MAX) {
		int answer = blkid_do_probe(probe);

		if (answer)
			return answer > 0 ? 0 : -BCH_ERR_io;
		err = take(probe, found);
	}
	return err;
}

static int probe_fd(int fd, struct bch_signatures *found)
{
	blkid_probe probe = blkid_new_probe();
	int err;

	if (!probe)
		return -BCH_ERR_no_memory;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE |
							 BLKID_SUBLKS_LABEL | BLKID_SUBLKS_MAGIC |
							 BLKID_SUBLKS_BADCSUM);
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC | BLKID_PARTS_FORCE_GPT);
	err = blkid_probe_set_device(probe, fd, 0, 0) ? -BCH_ERR_io : 0;
	if (!err && blkid_probe_get_size(probe) > 0)
		err = probe_all(probe, found);
	blkid_free_probe(probe);
	return err;
}

int bch_signatures_probe(struct bch_ctx *ctx, const char *path, struct bch_signatures *found)
{
	struct stat st;
	int fd = bch_file_open(ctx, path, O_RDONLY, &st);
	int err;

	memset(found, 0, sizeof(*found));
	if (fd < 0)
		return fd;
	err = probe_fd(fd, found);
	close(fd);
	if (!err)
		return 0;
	bch_signatures_end(found);
	return bch_error(ctx, err, "%s: probing", path);
}

void bch_signature_put(struct bch_buf *out, const struct bch_signature *signature)
{
	bch_buf_put(out, "%s", signature->type ? signature->type : "unknown");
	if (signature->usage && strcmp(signature->usage, "other") != 0)
		bch_buf_put(out, " %s", signature->usage);
	if (signature->label) {
		bch_buf_puts(out, " labelled '");
		bch_buf_text(out, signature->label, strlen(signature->label));
		bch_buf_putc(out, '\'');
	}
}

int bch_signatures_wipe(struct bch_blkdev *dev, const struct bch_signatures *found)
{
	int err = 0;

	for (size_t i = 0; i < found->nr && !err; i++)
		err = bch_blkdev_zero(dev, found->v[i].len, found->v[i].offset);
	return err ? err : bch_blkdev_flush(dev);
}
