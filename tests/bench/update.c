// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes inodes of a filesystem that mktree made, at random, and makes that durable.
 *
 *   update NR_UPDATES DEVICE...
 *
 * Prints what it took in one line of shell assignments: update, commit, finish (ms), commits, changed (bytes of the keys,
 * each once), written (to the devices, bytes).
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bcachefs/journal.h>
#include "commit/commit.h"
#include "ondisk/key_inode.h"

#define NOW 1800000000ULL

struct updates {
	struct bch_fs *fs;
	u64 first, nr; /* inode numbers */
	u32 snapshot;
	u64 random;
	u8 *is_changed; /* of each */
	u64 update_ms, commit_ms, nr_commits, changed;
};

static u64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000 + (u64)t.tv_nsec / 1000000;
}

/* The inodes in a row that end the btree: directories and files of mktree. */
static int find_inodes(struct updates *u)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(u->fs, BCH_BTREE_inodes, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		if (k.pos.offset != u->first + u->nr) {
			u->first = k.pos.offset;
			u->nr = 0;
		}
		u->nr++;
		u->snapshot = k.pos.snapshot;
	}
	u->is_changed = calloc(u->nr + 1, 1);
	return more ? more : u->is_changed ? 0 : -BCH_ERR_no_memory;
}

static int change(struct updates *u)
{
	u8 val[BCH_INODE_VAL_MAX];
	struct bch_inode inode;
	struct bch_pos pos;
	struct bch_key k;
	u64 nr;
	int more;

	u->random = u->random * 6364136223846793005ULL + 1442695040888963407ULL;
	nr = (u->random >> 20) % u->nr;
	pos = bch_spos(0, u->first + nr, u->snapshot);
	{
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(u->fs, BCH_BTREE_inodes, pos, pos);

		more = bch_cursor_next(&cur, &k);
		if (more <= 0 || !bch_inode_get(&k, &inode))
			return more < 0 ? more : -BCH_ERR_not_found;
	}
	inode.bi_mtime = u->random >> 40;
	k = (struct bch_key){ .pos = pos,
			      .type = BCH_KEY_inode_v3,
			      .val = { val, bch_inode_put(&inode, val) } };
	if (!u->is_changed[nr])
		u->changed += sizeof(struct bkey) + k.val.len;
	u->is_changed[nr] = 1;
	return bch_update(u->fs, BCH_BTREE_inodes, &k, 0);
}

static int commit(struct updates *u)
{
	u64 start = now_ms();
	int err = bch_commit(u->fs);

	u->commit_ms += now_ms() - start;
	u->nr_commits++;
	return err;
}

static int change_all(struct updates *u, u64 nr)
{
	u64 start = now_ms();
	int err = find_inodes(u);

	for (u64 i = 0; i < nr && !err; i++) {
		err = change(u);
		if (!err && bch_commit_wanted(u->fs))
			err = commit(u);
	}
	if (!err)
		err = commit(u);
	u->update_ms = now_ms() - start - u->commit_ms;
	free(u->is_changed);
	return err;
}

/* Bytes that this process wrote. */
static u64 written(void)
{
	FILE *f = fopen("/proc/self/io", "re");
	char line[128];
	u64 bytes = 0;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "wchar: %" SCNu64, &bytes);
	if (f)
		fclose(f);
	return bytes;
}

static int open_and_change(struct bch_ctx *ctx, const char *const *devices, u32 nr, u64 nr_updates)
{
	struct bch_open_opts opts = { .flags = BCH_OPEN_WRITE, .now = NOW };
	struct updates u = { .random = 1 };
	u64 start;
	int err = bch_fs_open(ctx, devices, nr, &opts, &u.fs), closed;

	if (!err)
		err = bch_fs_start(u.fs, NULL);
	if (!err)
		err = bch_writer_start(u.fs, NULL);
	if (!err)
		err = change_all(&u, nr_updates);
	start = now_ms();
	if (!err)
		err = bch_writer_finish(u.fs);
	closed = bch_fs_close(u.fs);
	printf("update=%" PRIu64 " commit=%" PRIu64 " finish=%" PRIu64 " commits=%" PRIu64
	       " changed=%" PRIu64 " written=%" PRIu64 "\n",
	       u.update_ms, u.commit_ms, now_ms() - start, u.nr_commits, u.changed, written());
	return err ? err : closed;
}

int main(int argc, char **argv)
{
	struct bch_ctx *ctx = bch_ctx_new(NULL, NULL);
	int err;

	if (argc < 3) {
		fprintf(stderr, "update: usage: NR_UPDATES DEVICE...\n");
		return 2;
	}
	err = open_and_change(ctx, (const char *const *)argv + 2, (u32)argc - 2,
			      strtoull(argv[1], NULL, 10));
	if (err)
		fprintf(stderr, "update: %s\n", bch_error_message(ctx, err));
	bch_ctx_free(ctx);
	return err ? 1 : 0;
}
