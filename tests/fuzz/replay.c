// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The main of a target without libFuzzer: the inputs in tests/fuzz/corpus/TARGET, then FUZZ_MUTATIONS mutations of them
 * (default 10000), the same ones every time. With FUZZ_KEEP=FILE each input is written there first: after a crash it is
 * the one that did it.
 */

#include <dirent.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "fuzz.h"

#define MUTATIONS_DEFAULT 10000
#define INPUT_MAX	  (1U << 20)
#define GROWTH_MAX	  64

struct input {
	char *name;
	u8 *p;
	size_t len;
};

struct inputs {
	struct input *v;
	size_t nr, size;
};

static u64 state = 0x9e3779b97f4a7c15;

static u64 random_below(u64 n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static _Noreturn void give_up(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(1);
}

/* ------------------------------------------------------------------ inputs */

static void read_input(const char *folder, const char *name, struct inputs *inputs)
{
	struct input in = { .name = strdup(name), .p = malloc(INPUT_MAX) };
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	if (!f || !in.p || !in.name)
		give_up(path);
	in.len = fread(in.p, 1, INPUT_MAX, f);
	fclose(f);
	if (bch_array_push(inputs, in))
		give_up("out of memory");
}

static struct inputs read_corpus(const char *target)
{
	struct inputs inputs = { 0 };
	struct dirent **names;
	char folder[256];
	int nr;

	snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", target);
	nr = scandir(folder, &names, NULL, alphasort);
	for (int i = 0; i < nr; i++) {
		if (names[i]->d_name[0] != '.')
			read_input(folder, names[i]->d_name, &inputs);
		free(names[i]);
	}
	if (nr <= 0 || !inputs.nr)
		give_up(folder);
	free(names);
	return inputs;
}

static void keep(const u8 *p, size_t len)
{
	const char *path = getenv("FUZZ_KEEP");
	FILE *f = path ? fopen(path, "we") : NULL;

	if (!f)
		return;
	fwrite(p, 1, len, f);
	fclose(f);
}

/* In memory of its own, so that AddressSanitizer sees its end. */
static void run(const u8 *p, size_t len)
{
	u8 *copy = malloc(len + !len);

	if (!copy)
		give_up("out of memory");
	memcpy(copy, p, len);
	keep(copy, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

/* ------------------------------------------------------------------ mutations */

static void change_bytes(u8 *p, size_t len)
{
	static const u8 values[] = { 0, 1, 2, 5, 0x10, 0x7f, 0x80, 0xfe, 0xff };
	size_t at = random_below(len), nr = 1ULL << random_below(4);

	for (size_t i = at; i < len && i < at + nr; i++)
		p[i] = random_below(2) ? (u8)random_below(256)
				       : values[random_below(bch_array_size(values))];
}

/* A piece of another input, or of this one, over what is there. */
static void paste(u8 *p, size_t len, const struct input *from)
{
	size_t at = random_below(len), nr = 1 + random_below(from->len);
	size_t start = random_below(from->len);

	nr = nr < len - at ? nr : len - at;
	nr = nr < from->len - start ? nr : from->len - start;
	memcpy(p + at, from->p + start, nr);
}

/* @p has room for GROWTH_MAX bytes more. Returns the new length. */
static size_t mutate(u8 *p, size_t len, const struct inputs *inputs)
{
	for (u64 nr = 1 + random_below(5); nr; nr--) {
		size_t grown = len + random_below(GROWTH_MAX) / 8 * 8;
		const struct input *other = &inputs->v[random_below(inputs->nr)];

		switch (len ? random_below(16) : 0) {
		case 0:
			if (grown <= INPUT_MAX) {
				memset(p + len, (int)random_below(256), grown - len);
				return grown;
			}
			break;
		case 1:
			len = random_below(len + 1);
			break;
		case 2:
		case 3:
			if (other->len)
				paste(p, len, other);
			break;
		default:
			/* headers are where it hurts */
			change_bytes(p, random_below(2) || len < 128 ? len : 128);
		}
	}
	return len;
}

static void run_mutations(const struct inputs *inputs)
{
	const char *count = getenv("FUZZ_MUTATIONS");
	u64 nr = count ? strtoull(count, NULL, 10) : MUTATIONS_DEFAULT;
	u8 *p = malloc(INPUT_MAX + GROWTH_MAX);

	if (!p)
		give_up("out of memory");
	for (u64 i = 0; i < nr; i++) {
		const struct input *in = &inputs->v[i % inputs->nr];

		memcpy(p, in->p, in->len);
		run(p, mutate(p, in->len, inputs));
	}
	free(p);
	printf("# %llu mutations\n", (unsigned long long)nr);
}

int main(int argc, char **argv)
{
	const char *target = basename(argv[0]);
	struct inputs inputs = read_corpus(target);

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..2\n");
	for (size_t i = 0; i < inputs.nr; i++)
		run(inputs.v[i].p, inputs.v[i].len);
	printf("ok 1 - %zu stored inputs of %s are harmless\n", inputs.nr, target);
	run_mutations(&inputs);
	printf("ok 2 - what becomes of them by mutation is, too\n");
	for (size_t i = 0; i < inputs.nr; i++) {
		free(inputs.v[i].name);
		free(inputs.v[i].p);
	}
	bch_array_end(&inputs);
	return 0;
}
