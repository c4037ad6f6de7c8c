// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random damage: 1 to 20 faults at a time, of keys, nodes, journal, superblocks and devices; whatever they are, fsck repairs
 * all in one run, a second finds nothing, and no file of which nothing was damaged is lost or changed.
 *
 *   random [-s SEED] [-n COUNT] [-b BASE]     those seeds; -b: on the filesystem whose name has BASE in it
 *   random -k FOLDER -s SEED                  leaves the damaged images there, named dev0.img ..., and says which faults
 *   random -l -s SEED                         the name of the filesystem that is damaged
 *
 * Without arguments it is a test of the first seeds. In the environment: BCACHEFS_TEST_TELL says each fault;
 * BCACHEFS_TEST_IMAGES as for all tests.
 */

#include "random_base.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "ondisk/passes.h"

#define NR_IN_TEST    200
#define SHORT_FROM    6000 /* the seed from which on a device is cut short, too */
#define NR_SHORT      24
#define SECONDS_MAX   60
#define MEMORY_MAX_KB (768U << 10)

#if defined(__SANITIZE_ADDRESS__)
#define IS_SLOW true
#else
#define IS_SLOW false
#endif

/* ------------------------------------------------------------------ check */

/* Problems are said: all, or the first few. */
struct teller {
	const char *when;
	u32 nr_left;
};

static int tell_problem(void *arg, const struct bch_fsck_problem *p)
{
	struct teller *t = arg;

	if (!t->nr_left)
		return 0;
	t->nr_left--;
	print_error("%s: [%s] %s, %s\n", t->when, p->name, p->text, p->repaired ? p->verb : "left");
	return 0;
}

/* What a check came to. */
struct outcome {
	u64 nr_found, nr_repaired;
	bool refused; /* as the work of a newer kernel */
};

static bool run_fsck(struct image *image, enum bch_fsck_answer answer, struct teller *teller,
		     struct outcome *o)
{
	struct bch_fsck_result result = { 0 };
	const struct bch_fsck_opts opts = { .answer = answer,
					    .problem = tell_problem,
					    .arg = teller };
	int err = open_image(image, BCH_OPEN_SHORT | (answer == BCH_FSCK_NO ? 0U : BCH_OPEN_WRITE),
			     true);

	if (!err)
		err = bch_fsck(image->fs, &opts, &result);
	*o = (struct outcome){ result.nr_found, result.nr_repaired,
			       err == -BCH_ERR_version_unsupported };
	bch_fsck_result_end(&result);
	return succeeded(image, teller->when, close_with(image, err));
}

static bool is_repaired(struct image *image, bool may_refuse, bool *refused)
{
	struct teller first = { "fsck -y", getenv("BCACHEFS_TEST_TELL") ? BCH_U32_MAX : 0 };
	struct teller second = { "second fsck", 4 };
	struct outcome o;
	bool done = run_fsck(image, BCH_FSCK_YES, &first, &o);

	*refused = o.refused;
	if (!done)
		return o.refused && may_refuse;
	if (o.nr_repaired < o.nr_found) {
		print_error("fsck -y leaves problems\n");
		return false;
	}
	return run_fsck(image, BCH_FSCK_NO, &second, &o) && !o.nr_found;
}

/* Counters of inodes alone may be missing: kernels do not look for them, unless something is to be taken from one. */
static int count_difference(void *arg, const struct bch_recount_difference *d)
{
	static const s64 none[BCH_ACCOUNTING_COUNTERS_MAX];

	return !d->is_bucket && d->what.type == BCH_ACCOUNTING_inum &&
			       !memcmp(d->stored, none, sizeof(none))
		       ? 0
		       : derived_report(arg, d);
}

/* By the tests' own counts. */
static u32 count_wrong(struct bch_fs *fs)
{
	struct bch_counters counted bch_auto(counters) = bch_counters();
	struct derived_count count = { .name = "repaired" };

	assert_int_equal(bch_recount_compare(fs, count_difference, &count, &counted), 0);
	return count.nr + derived_check_alloc(fs, "repaired") +
	       derived_check_backpointers(fs, "repaired");
}

static bool keeps_files(struct victim *v, const struct listing *l)
{
	static const struct bch_files_opts files = { .flags = BCH_FILES_QUIET };
	struct image *image = &v->hurt;
	u32 nr;

	if (!succeeded(image, "repaired", open_image(image, 0, false)))
		return false;
	assert_int_equal(bch_files_start(image->fs, &files), 0);
	nr = listing_check(image->fs, l, &v->known);
	nr += count_wrong(image->fs);
	return !close_with(image, 0) && !nr;
}

static bool check_seed(struct victim *v, const struct listing *l)
{
	bool refused;

	return succeeded(v->image, "damage", damage(v)) &&
	       is_repaired(&v->hurt, v->may_refuse, &refused) && (refused || keeps_files(v, l));
}

/* ------------------------------------------------------------------ a seed */

struct args {
	u64 seed, count;
	const char *base;   /* a part of its name */
	const char *folder; /* that of a kernel's image instead */
	const char *keep;
	bool name; /* is all that is wanted */
};

static void limit(void)
{
	const struct rlimit memory = { 8ULL << 30, 8ULL << 30 };

	alarm(SECONDS_MAX * (IS_SLOW ? 10 : 1));
	if (!IS_SLOW)
		setrlimit(RLIMIT_AS, &memory);
}

/* In a process of its own, on a private copy of the base. */
static int run_seed(const struct image *base, u64 seed, const struct listing *l, const char *keep)
{
	struct temp t = *base->t;
	struct image image = *base;
	struct victim v = { .image = &image, .is_short = seed >= SHORT_FROM };
	bool ok;

	limit();
	image.t = &t;
	assert_true(snprintf(t.folder, sizeof(t.folder), "%.40s/%" PRIu64, base->t->folder, seed) >
		    0);
	seed_faults(&t, seed);
	assert_int_equal(temp_run("mkdir -p %s", t.folder), 0);
	for (u32 i = 0; i < base->nr; i++) {
		assert_true(asprintf(&image.path[i], "%s%s", t.folder,
				     strrchr(base->path[i], '/')) > 0);
		assert_int_equal(temp_run("cp --sparse=always %s %s", base->path[i], image.path[i]),
				 0);
	}
	if (keep) {
		ok = succeeded(&image, "damage", damage(&v));
		for (u32 i = 0; ok && i < v.hurt.nr; i++)
			ok = !temp_run("cp --sparse=always %s %s", v.hurt.path[i], keep);
	} else {
		ok = check_seed(&v, l);
	}
	return ok ? 0 : 1;
}

static bool fork_seed(const struct image *base, u64 seed, const struct listing *l, const char *keep)
{
	struct rusage used;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(run_seed(base, seed, l, keep) | fflush(NULL));
	assert_true(pid > 0 && wait4(pid, &status, 0, &used) == pid);
	temp_run("rm -rf %s/%" PRIu64, base->t->folder, seed);
	if (WIFSIGNALED(status) || WEXITSTATUS(status) > 1)
		print_error("ended with status %x\n", status);
	if (!IS_SLOW && used.ru_maxrss > MEMORY_MAX_KB) {
		print_error("%ld KiB of memory\n", used.ru_maxrss);
		status = 1;
	}
	if (status)
		printf("# seed %" PRIu64 " failed, on %s\n", seed, base->dir);
	fflush(stdout);
	return !status;
}

/* ------------------------------------------------------------------ all */

static u64 run_base(const struct args *a, const struct base *b, u64 first, u64 step)
{
	struct image image;
	struct listing l;
	u64 nr_failed = 0;
	void *state;

	temp_setup(&state);
	use_memory(state);
	image = make_base(state, b);
	l = list_all(&image);
	for (u64 seed = first; seed < a->seed + a->count; seed += step)
		nr_failed += !fork_seed(&image, seed, &l, a->keep);
	listing_end(&l);
	for (u32 i = 0; i < image.nr; i++)
		free(image.path[i]);
	temp_teardown(&state);
	return nr_failed;
}

/* Each base has the seeds that its number is the remainder of. */
static u64 run_all(const struct args *a)
{
	const struct base folder = { .name = a->folder };
	u64 nr = bch_array_size(bases), nr_failed = 0;

	if (a->folder)
		return run_base(a, &folder, a->seed, 1);
	for (u64 i = 0; i < nr; i++) {
		u64 first = a->seed + (i + nr - a->seed % nr) % nr;

		if (a->base && strstr(bases[i].name, a->base))
			return run_base(a, &bases[i], a->seed, 1);
		if (!a->base && first < a->seed + a->count)
			nr_failed += run_base(a, &bases[i], first, nr);
	}
	return nr_failed;
}

static void whatever_is_damaged_is_repaired_and_nothing_else_is_lost(void **state)
{
	assert_int_equal(
		temp_run("/proc/%d/exe -n %d", getpid(), IS_SLOW ? NR_IN_TEST / 10 : NR_IN_TEST),
		0);
}

/* Each showed a fault of the check when it ran first. */
static void what_failed_once_is_repaired(void **state)
{
	static const u32 seeds[] = { 12,   1152, 1175, 1869, 1987, 2512, 2709, 3277,
				     3618, 3712, 4874, 4892, 5269, 6111, 6213, 6461 };

	for (size_t i = 0; i < bch_array_size(seeds) / (IS_SLOW ? 4 : 1); i++)
		assert_int_equal(temp_run("/proc/%d/exe -s %u", getpid(), seeds[i]), 0);
}

static void device_that_is_cut_short_beside_is_repaired_too(void **state)
{
	assert_int_equal(temp_run("/proc/%d/exe -s %d -n %d", getpid(), SHORT_FROM,
				  IS_SLOW ? NR_SHORT / 6 : NR_SHORT),
			 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_is_damaged_is_repaired_and_nothing_else_is_lost),
		cmocka_unit_test(what_failed_once_is_repaired),
		cmocka_unit_test(device_that_is_cut_short_beside_is_repaired_too),
	};
	struct args a = { .count = 1 };
	int letter;
	u64 nr;

	if (argc == 1)
		return cmocka_run_group_tests(tests, NULL, NULL);
	while ((letter = getopt(argc, argv, "s:n:b:d:k:l")) != -1)
		switch (letter) {
		case 's':
			a.seed = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			a.count = strtoull(optarg, NULL, 10);
			break;
		case 'b':
			a.base = optarg;
			break;
		case 'd':
			a.folder = optarg;
			break;
		case 'k':
			a.keep = optarg;
			break;
		case 'l':
			a.name = true;
			break;
		default:
			return 2;
		}
	if (a.name)
		return puts(bases[a.seed % bch_array_size(bases)].name) < 0;
	nr = run_all(&a);
	if (!a.keep)
		printf("# %" PRIu64 " of %" PRIu64 " seeds failed\n", nr, a.count);
	return nr ? 1 : 0;
}
