// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wherever the power fails while fsck writes its repairs, and whatever of the writes since the last flush is lost: the
 * filesystem can be checked again, shows the same files once that is repaired, and is then as without the failure.
 */

#include "../commit/crash.h"
#include "random_base.h"

#define NR_LOSSES  12 /* of each damage */
#define HASH_START 0xcbf29ce484222325
#define EACH	   16 /* so manieth state is repaired on disk too, and checked again */

/*
 * A filesystem of random_base.h, and a seed for its faults, of all kinds. Not compressed 441, which fails in one of two runs,
 * by its random numbers: backpointers are lost together with leaves of other btrees there, so leaves that were just written
 * are found among the old ones, and nothing tells that their commit never came.
 */
static const struct {
	const char *base;
	u64 seed;
} damages[] = {
	{ "deep", 12 },	      { "deep", 97 },	    { "deep", 114 },	 { "deep", 301 },
	{ "replicas", 14 },   { "replicas", 31 },   { "deep-1.28", 13 }, { "deep-1.28", 115 },
	{ "deep-1.28", 81 },  { "encrypted", 355 }, { "encrypted", 15 }, { "compressed", 203 },
	{ "compressed", 16 },
};

/* ------------------------------------------------------------------ states */

/* What a check says of a state. */
struct verdict {
	u64 files; /* a hash of all files and names, as repaired */
	u64 nr_found;
};

/* In any order: that of names follows from random numbers, where a directory was made anew. */
static u64 hash_listing(const struct listing *l)
{
	u64 sum = 0;

	for (size_t i = 0; i < l->files.nr; i++) {
		const struct seen_file *f = &l->files.v[i];
		const u64 facts[] = { f->inum, f->snapshot, f->digest };

		sum += image_hash(HASH_START, facts, sizeof(facts));
	}
	for (size_t i = 0; i < l->names.nr; i++) {
		const struct seen_name *n = &l->names.v[i];
		const u64 facts[] = { n->dir, n->inum, n->snapshot };

		sum += image_hash(image_hash(HASH_START, facts, sizeof(facts)), n->name,
				  strlen(n->name));
	}
	return sum;
}

/* With all repairs in memory alone. */
static struct verdict judge(struct image *image)
{
	struct verdict v = { 0 };
	const struct bch_fsck_opts opts = { .answer = BCH_FSCK_NO };
	struct bch_fsck_result result = { 0 };
	struct listing l = { 0 };
	int err = open_image(image, 0, true);

	if (!err)
		err = bch_fsck(image->fs, &opts, &result);
	assert_true(succeeded(image, "judge", err));
	v.nr_found = result.nr_found;
	bch_fsck_result_end(&result);
	listing_make(image->fs, &l);
	v.files = hash_listing(&l);
	listing_end(&l);
	assert_int_equal(close_with(image, 0), 0);
	return v;
}

static int repair(struct image *image)
{
	const struct bch_fsck_opts opts = { .answer = BCH_FSCK_YES };
	struct bch_fsck_result result = { 0 };
	int err = bch_fsck(image->fs, &opts, &result);

	bch_fsck_result_end(&result);
	return err;
}

/*
 * Repaired it shows what it would have shown without the failure. What is wrong with all that follows from other keys may be
 * something else: of leaves that nothing leads to those of the new state are found too.
 */
static void assert_shows(struct image *image, u64 files)
{
	struct verdict now = judge(image);

	assert_true(now.files == files);
}

/* On disk, then nothing is left to be found. */
static void assert_can_be_repaired(struct image *image, u64 files)
{
	struct verdict v;
	int err = open_image(image, BCH_OPEN_WRITE, true);

	if (!err)
		err = repair(image);
	assert_true(succeeded(image, "repair", close_with(image, err)));
	v = judge(image);
	assert_int_equal(v.nr_found, 0);
	assert_true(v.files == files);
}

/* ------------------------------------------------------------------ writes */

static struct bch_record *record_repair(struct image *image)
{
	struct bch_record *record;
	int err = open_image(image, BCH_OPEN_WRITE | BCH_OPEN_DRY_RUN, true);

	assert_int_equal(bch_record_new(&record), 0);
	assert_true(succeeded(image, "record", err));
	for (u32 i = 0; i < image->fs->nr_members; i++)
		assert_int_equal(bch_record_stack(record, image->fs->members[i].blkdev,
						  &image->fs->members[i].blkdev),
				 0);
	assert_true(succeeded(image, "record", close_with(image, repair(image))));
	return record;
}

/* The files, which a test of crash.h takes. */
static struct test_fs files_of(const struct image *image)
{
	struct test_fs f = { .t = image->t, .nr = image->nr };

	assert_true(image->nr <= FS_MAX_DEVS);
	memcpy(f.path, image->path, image->nr * sizeof(image->path[0]));
	return f;
}

static void check_prefixes(struct image *image, const struct bch_record *r, u64 files)
{
	struct test_fs f = files_of(image);

	for (size_t i = 0; i < bch_record_nr(r); i++) {
		struct bch_record_entry e = bch_record_at(r, i);

		crash_replay(&f, &e, e.len);
		if (e.op == BCH_RECORD_write)
			assert_shows(image, files);
		if (i % EACH != EACH / 2)
			continue;
		crash_keep(&f, "", ".now");
		assert_can_be_repaired(image, files);
		crash_keep(&f, ".now", "");
	}
	assert_can_be_repaired(image, files);
}

static void check_losses(struct image *image, const struct bch_record *r, u64 files)
{
	struct test_fs f = files_of(image);

	for (u32 n = 0; n < NR_LOSSES; n++) {
		crash_lose(&f, r, (size_t)(temp_random(f.t) % (bch_record_nr(r) + 1)));
		assert_shows(image, files);
		if (!n)
			assert_can_be_repaired(image, files);
		crash_keep(&f, ".kept", "");
	}
}

/* ------------------------------------------------------------------ tests */

static const struct base *find_base(const char *name)
{
	const struct base *b = bases;

	while (strcmp(b->name, name))
		b++;
	return b;
}

static void check_damage(const char *base_name, u64 seed)
{
	struct victim v = { 0 };
	struct bch_record *r;
	struct image base;
	struct test_fs f;
	void *state;
	u64 files;

	print_message("# %s, seed %" PRIu64 "\n", base_name, seed);
	temp_setup(&state);
	use_memory(state);
	base = make_base(state, find_base(base_name));
	v.image = &base;
	seed_faults(state, seed);
	assert_true(succeeded(&base, "damage", damage(&v)));
	f = files_of(&v.hurt);
	crash_keep(&f, "", ".kept");
	files = judge(&v.hurt).files;
	r = record_repair(&v.hurt);
	check_losses(&v.hurt, r, files);
	check_prefixes(&v.hurt, r, files);
	bch_record_free(r);
	victim_end(&v);
	for (u32 i = 0; i < base.nr; i++)
		free(base.path[i]);
	temp_teardown(&state);
}

static void a_repair_that_is_cut_off_can_be_made_again(void **state)
{
	for (size_t i = 0; i < bch_array_size(damages); i++)
		check_damage(damages[i].base, damages[i].seed);
}

/* BASE SEED: that one alone. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_repair_that_is_cut_off_can_be_made_again),
	};

	if (argc == 3) {
		check_damage(argv[1], strtoull(argv[2], NULL, 10));
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
