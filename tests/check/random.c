// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random damage: 1 to 20 faults at a time, of keys, nodes, journal, superblocks and devices; whatever they are, fsck repairs
 * all in one run, a second finds nothing, and no file of which nothing was damaged is lost or changed.
 *
 *   random [-s SEED] [-n COUNT] [-b BASE]     those seeds; -b: on the filesystem whose name has BASE in it
 *   random -k FOLDER -s SEED                  leaves the damaged images there, named dev0.img ..., and says which faults
 *
 * Without arguments it is a test of the first seeds. In the environment: BCACHEFS_TEST_TELL says each fault;
 * BCACHEFS_TEST_IMAGES as for all tests.
 */

#include "random_faults.h"
#include "random_files.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "ondisk/passes.h"

#define NR_IN_TEST    200
#define SECONDS_MAX   60
#define MEMORY_MAX_KB (768U << 10)

#if defined(__SANITIZE_ADDRESS__)
#define IS_SLOW true
#else
#define IS_SLOW false
#endif

/* ------------------------------------------------------------------ filesystems to be damaged */

/* A kernel's, or one that is made. */
struct base {
	const char *name; /* a folder with images, or what it is */
	const char *tree; /* arguments of mktree; NULL: a kernel's */
	struct test_fs_shape shape;
	u64 compression; /* 0: none */
};

#define MADE(what, args, format, devs, copies, clear_key, zip)             \
	{                                                                  \
		.name = what, .tree = args, .compression = zip, .shape = { \
			.version = format,                                 \
			.nr_devs = devs,                                   \
			.replicas = copies,                                \
			.bytes = 48 << 20,                                 \
			.block_bytes = 512,                                \
			.node_bytes = 4096,                                \
			.bucket_bytes = 65536,                             \
			.encrypted = clear_key,                            \
		}                                                          \
	}

static const struct base bases[] = {
	{ .name = "tests/images/03-mixed" },
	{ .name = "tests/images/06-snapshots" },
	{ .name = "tests/images/07-reflink" },
	{ .name = "tests/images/08-replicas2" },
	{ .name = "tests/images/09-targets" },
	{ .name = "tests/images/10-crash-b" },
	{ .name = "tests/images/10-crash-c" },
	{ .name = "tests/images/12-upgraded" },
	{ .name = "tests/images/13-k616-snapshots" },
	{ .name = "tests/images/13-k616-casefold" },
	{ .name = "tests/images/14-quota" },
	{ .name = "tests/images/18-nocow" },
	MADE("deep", "-d 40 -s 3 250 6", BCH_VERSION(1, 13), 1, 1, false, 0),
	MADE("deep-1.28", "-d 40 -s 3 250 6", BCH_VERSION(1, 28), 1, 1, false, 0),
	MADE("replicas", "-d 40 200 6", BCH_VERSION(1, 28), 2, 2, false, 0),
	MADE("encrypted", "-d 40 200 6", BCH_VERSION(1, 13), 1, 1, true, 0),
	MADE("compressed", "-d 30 -s 1 100 40", BCH_VERSION(1, 13), 1, 1, false, 3 /* zstd */),
};

static void make_tree(struct temp *t, const struct base *b, const char *paths)
{
	char self[256];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(len > 0);
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	assert_int_equal(temp_run("%s/../bench/mktree %s %s", self, b->tree, paths), 0);
}

static struct image make_base(struct temp *t, const struct base *b)
{
	struct image image = { .t = t, .dir = b->name };
	char paths[512] = "";
	struct test_fs f;

	if (!b->tree)
		return image_unpack(t, b->name);
	f = test_fs_make(t, &b->shape);
	if (b->compression) {
		struct bch_opt_set set = { 0 };

		test_fs_set(&set, BCH_OPT_compression, b->compression);
		test_fs_ok(t, test_fs_open(&f, BCH_OPEN_WRITE));
		test_fs_ok(t, bch_fs_set_opts(f.fs, &set, NULL, 0));
		test_fs_ok(t, bch_fs_write_super(f.fs));
		test_fs_close(&f);
	}
	for (u32 i = 0; i < f.nr; i++) {
		image.path[image.nr++] = f.path[i];
		snprintf(paths + strlen(paths), sizeof(paths) - strlen(paths), " %s", f.path[i]);
	}
	make_tree(t, b, paths);
	return image;
}

/* ------------------------------------------------------------------ open */

static int open_image(struct image *image, unsigned flags, bool for_check)
{
	const struct bch_open_opts opts = { .flags = flags, .now = FS_NOW };
	const struct bch_start_opts start = { .for_check = for_check };
	int err = bch_fs_open(image->t->ctx, (const char *const *)image->path, image->nr, &opts,
			      &image->fs);

	if (!err && bch_fs_encryption(image->fs) == BCH_KEY_IN_CLEAR)
		err = bch_fs_unlock_from_keyring(image->fs);
	if (!err)
		err = bch_fs_start(image->fs, &start);
	return err;
}

static int close_with(struct image *image, int err)
{
	int closed = bch_fs_close(image->fs);

	image->fs = NULL;
	return err ? err : closed;
}

static bool succeeded(const struct image *image, const char *what, int err)
{
	if (err)
		print_error("%s: %s\n", what, bch_error_message(image->t->ctx, err));
	return !err;
}

static struct listing list_all(struct image *image)
{
	static const struct bch_files_opts files = { .flags = BCH_FILES_QUIET };
	struct listing l = { 0 };

	assert_true(succeeded(image, "base", open_image(image, 0, false)));
	assert_int_equal(bch_files_start(image->fs, &files), 0);
	listing_make(image->fs, &l);
	assert_int_equal(close_with(image, 0), 0);
	return l;
}

/* ------------------------------------------------------------------ damage */

/* What is written to the places of data, by who trusts allocation keys that are wrong, is damage too. */
static void add_overwritten(struct victim *v, const struct nodes_at *before)
{
	for (size_t i = 0; i < v->nodes.a.nr; i++) {
		struct bch_key ptr = bch_node_key_get(&v->nodes.a.v[i].ptr);
		struct copies c = copies_of(v->image->fs, &ptr, node_bytes(v) / BCH_SECTOR_SIZE);
		bool is_old = false;

		for (size_t j = 0; j < before->a.nr && !is_old; j++)
			is_old = before->a.v[j].ptr.k.val.len == ptr.val.len &&
				 !memcmp(before->a.v[j].ptr.val, ptr.val.p, ptr.val.len);
		for (u32 j = 0; j < c.nr && !is_old; j++)
			known_hurt(&v->known, c.v[j].dev_idx, BCH_BYTES(c.v[j].offset_sectors),
				   node_bytes(v), false);
	}
	known_data(&v->known, v->image->fs);
	v->known.hurt.nr = 0;
}

static int damage_keys(struct victim *v, u64 nr)
{
	struct nodes_at before = { 0 };
	int err = open_image(v->image, BCH_OPEN_WRITE, false);

	if (!err) {
		find_nodes(v->image->fs, &before);
		err = bch_writer_start(v->image->fs, NULL);
	}
	if (!err) {
		make_faults(v, true, nr);
		/* What says that buckets are free and are not may be refused: then there is no such fault. */
		if (!bch_commit(v->image->fs) && draw(v, 2))
			err = bch_writer_finish(v->image->fs);
	}
	err = close_with(v->image, err);
	if (!err)
		err = open_image(v->image, 0, false);
	if (!err) {
		find_nodes(v->image->fs, &v->nodes);
		add_overwritten(v, &before);
	}
	bch_array_end(&before.a);
	return err;
}

static void copy_image(const struct image *from, struct image *to)
{
	*to = (struct image){ .t = from->t, .dir = from->dir, .nr = from->nr };
	assert_int_equal(temp_run("mkdir -p %s/hurt", from->t->folder), 0);
	for (u32 i = 0; i < from->nr; i++) {
		const char *name = strrchr(from->path[i], '/');

		assert_true(asprintf(&to->path[i], "%s/hurt%s", from->t->folder, name) > 0);
		assert_int_equal(temp_run("cp --sparse=always %s %s", from->path[i], to->path[i]),
				 0);
	}
}

static void get_bytes(void *arg, const struct bch_ptr *p, u8 *to, size_t len)
{
	read_bytes(arg, p->dev_idx, BCH_BYTES(p->offset_sectors), to, len);
}

static void damage_bytes(struct victim *v, u64 nr)
{
	v->was_clean = bch_sb_flag(v->image->fs->super.sb, BCH_SB_CLEAN);
	v->is_encrypted = bch_fs_encryption(v->image->fs) != BCH_NOT_ENCRYPTED;
	v->bytes = malloc(node_bytes(v));
	assert_non_null(v->bytes);
	copy_image(v->image, &v->hurt);
	make_faults(v, false, nr);
	for (size_t i = 0; i < v->nodes.a.nr; i++)
		if (!v->nodes.a.v[i].level &&
		    node_is_lost(&v->known, v->image->fs, &v->nodes.a.v[i]))
			known_leaf(&v->known, v->image->fs, &v->nodes.a.v[i], get_bytes, v);
	known_data(&v->known, v->image->fs);
	free(v->bytes);
}

static int damage(struct victim *v)
{
	u64 nr = draw(v, 2) ? 1 + draw(v, 4) : 1 + draw(v, 20), nr_keys = draw(v, nr + 1);
	int err = nr_keys ? damage_keys(v, nr_keys) : open_image(v->image, 0, false);

	if (err)
		return err;
	if (!nr_keys)
		find_nodes(v->image->fs, &v->nodes);
	damage_bytes(v, nr - nr_keys);
	return close_with(v->image, 0);
}

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

static bool run_fsck(struct image *image, enum bch_fsck_answer answer, struct teller *teller,
		     struct bch_fsck_result *result, bool *refused)
{
	const struct bch_fsck_opts opts = { .answer = answer,
					    .problem = tell_problem,
					    .arg = teller };
	int err = open_image(image, answer == BCH_FSCK_NO ? 0 : BCH_OPEN_WRITE, true);

	*refused = false;
	*result = (struct bch_fsck_result){ 0 };
	if (!err)
		err = bch_fsck(image->fs, &opts, result);
	bch_fsck_result_end(result);
	*refused = err == -BCH_ERR_version_unsupported;
	return succeeded(image, teller->when, close_with(image, err));
}

static bool is_repaired(struct image *image, bool may_refuse, bool *refused)
{
	struct teller first = { "fsck -y", getenv("BCACHEFS_TEST_TELL") ? BCH_U32_MAX : 0 };
	struct teller second = { "second fsck", 4 };
	struct bch_fsck_result result;

	if (!run_fsck(image, BCH_FSCK_YES, &first, &result, refused))
		return *refused && may_refuse;
	if (result.nr_repaired < result.nr_found) {
		print_error("fsck -y leaves problems\n");
		return false;
	}
	return run_fsck(image, BCH_FSCK_NO, &second, &result, refused) && !result.nr_found;
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
	struct victim v = { .image = &image };
	bool ok;

	limit();
	image.t = &t;
	assert_true(snprintf(t.folder, sizeof(t.folder), "%.40s/%" PRIu64, base->t->folder, seed) >
		    0);
	t.random = seed * 0x9e3779b97f4a7c15 ^ 0x2545f4914f6cdd1d;
	for (u32 i = 0; i < 8; i++)
		temp_random(&t);
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
	if (!access("/dev/shm", W_OK)) {
		struct temp *t = state;

		rmdir(t->folder);
		strcpy(t->folder, "/dev/shm/bch-random-XXXXXX");
		assert_non_null(mkdtemp(t->folder));
	}
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_is_damaged_is_repaired_and_nothing_else_is_lost),
	};
	struct args a = { .count = 1 };
	int letter;
	u64 nr;

	if (argc == 1)
		return cmocka_run_group_tests(tests, NULL, NULL);
	while ((letter = getopt(argc, argv, "s:n:b:d:k:")) != -1)
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
		default:
			return 2;
		}
	nr = run_all(&a);
	if (!a.keep)
		printf("# %" PRIu64 " of %" PRIu64 " seeds failed\n", nr, a.count);
	return nr ? 1 : 0;
}
