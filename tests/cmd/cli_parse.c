// SPDX-License-Identifier: GPL-2.0-or-later
/* The parser of command lines, on a command that has a row of every kind. Built and run by cli_unit.sh. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/cli_table.h"

struct args {
	const char *first, *last;
	struct cli_strings middle, list;
	bool flag, feature;
	unsigned count, choice;
	u64 number, size, set;
	const char *string, *maybe;
	struct cli_events events, opts;
};

static const char *const colours[] = { "red", "dark-green", "blue", NULL };

static const struct cli_option rows_of_all_kinds[] = {
	CLI_FLAG('f', "flag", struct args, flag, "", .excludes = "number,size"),
	CLI_COUNT('c', "count", struct args, count, ""),
	CLI_BOOL('b', "feature", struct args, feature, ""),
	CLI_NUMBER('n', "number", "N", struct args, number, 2, 40, ""),
	CLI_SIZE(0, "size", struct args, size, 512, 1 << 20, ""),
	CLI_CHOICE(0, "colour", "COLOUR", struct args, choice, colours, "", .synonym = "color"),
	CLI_SET(0, "colours", "LIST", struct args, set, colours, ""),
	CLI_STRING('s', "a_string", "TEXT", struct args, string, "", .needs = "count"),
	CLI_STRING('m', "maybe", "TEXT", struct args, maybe, "", .optional = true),
	CLI_STRINGS('l', "list", "TEXT", struct args, list, ""),
	CLI_OPT_LIST('o', "options", BCH_OPT_MOUNT, struct args, opts, ""),
	CLI_OPERAND("FIRST", struct args, first, ""),
	CLI_OPERANDS("MIDDLE", struct args, middle, "", .optional = true),
	CLI_OPERAND("LAST", struct args, last, ""),
};

static const struct cli_command all_kinds = {
	.name = "all-kinds",
	CLI_OPTIONS(rows_of_all_kinds, struct args),
};

static const struct cli_option rows_in_order[] = {
	CLI_OPT_TABLE(BCH_OPT_FORMAT, struct args, events),
	CLI_LETTER('l', "label"),
	CLI_OPERAND_EVENTS("DEVICE", struct args, events, ""),
};

static const struct cli_command in_order = {
	.name = "in-order",
	CLI_OPTIONS(rows_in_order, struct args),
};

static const struct cli_option rows_of_filesystem[] = { CLI_FILESYSTEM };

static const struct cli_command on_filesystem = {
	.name = "on-filesystem",
	CLI_OPTIONS(rows_of_filesystem, struct args),
	.flags = CLI_JSON | CLI_ASKS | CLI_PROGRESS | CLI_PASSPHRASE,
};

/* One command line, parsed. */
struct parsed {
	struct cli cli;
	struct cli_rows rows;
	struct args args;
	int err;
};

static void parse(struct parsed *p, const struct cli_command *command, const char *const words[])
{
	int nr = 0;

	while (words[nr])
		nr++;
	memset(p, 0, sizeof(*p));
	assert_int_equal(cli_init(&p->cli, 0, NULL), 0);
	assert_int_equal(cli_rows_init(&p->rows, command), 0);
	p->err = cli_parse(&p->cli, &p->rows, nr, (char **)words, &p->args);
}

static void done(struct parsed *p)
{
	cli_args_end(&p->cli, &p->rows, &p->args);
	cli_rows_end(&p->rows);
	cli_end(&p->cli);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Parses the words, in which operands are missing for brevity. */
#define PARSED(p, ...)                                              \
	struct parsed p;                                            \
	parse(&p, &all_kinds, WORDS("first", "last", __VA_ARGS__)); \
	assert_int_equal(p.err, 0)

static void assert_refused(const struct cli_command *command, const char *const words[],
			   const char *message)
{
	struct parsed p;

	parse(&p, command, words);
	assert_true(p.err < 0);
	assert_true(p.cli.usage);
	assert_string_equal(bch_error_message(p.cli.ctx, p.err), message);
	done(&p);
}

#define assert_option_refused(message, ...) \
	assert_refused(&all_kinds, WORDS("first", "last", __VA_ARGS__), message)

static void every_kind_has_a_value_of_its_type(void **state)
{
	PARSED(p, "-cc", "--feature", "--number", "40", "--size=4k", "--colour=dark_green",
	       "--colours", "red,blue", "-s", "text", "--list=a", "-lb");

	assert_int_equal(p.args.count, 2);
	assert_true(p.args.feature);
	assert_int_equal(p.args.number, 40);
	assert_int_equal(p.args.size, 4096);
	assert_int_equal(p.args.choice, 1);
	assert_int_equal(p.args.set, 5);
	assert_string_equal(p.args.string, "text");
	assert_int_equal(p.args.list.nr, 2);
	assert_string_equal(p.args.list.p[1], "b");
	assert_null(p.args.maybe);
	done(&p);
}

static void dash_and_underscore_are_the_same_in_names(void **state)
{
	PARSED(p, "--a-string=x-y_z", "-c", "--color=dark-green");

	assert_string_equal(p.args.string, "x-y_z");
	assert_int_equal(p.args.choice, 1);
	done(&p);
}

static void letters_are_bundled_and_the_last_takes_the_rest(void **state)
{
	PARSED(p, "-cbcsrest");

	assert_int_equal(p.args.count, 2);
	assert_true(p.args.feature);
	assert_string_equal(p.args.string, "rest");
	done(&p);
}

static void booleans_have_four_spellings_of_no(void **state)
{
	static const char *const no[] = { "--nofeature", "--no-feature", "--no_feature",
					  "--feature=no" };

	for (size_t i = 0; i < bch_array_size(no); i++) {
		PARSED(p, "--feature", no[i]);
		assert_false(p.args.feature);
		done(&p);
	}
}

static void a_value_that_may_be_missing_is_given_by_equals_only(void **state)
{
	PARSED(p, "--maybe", "middle");
	PARSED(q, "--maybe=x");

	assert_string_equal(p.args.maybe, "");
	assert_int_equal(p.args.middle.nr, 1);
	assert_string_equal(q.args.maybe, "x");
	done(&p);
	done(&q);
}

static void operands_may_stand_among_options(void **state)
{
	struct parsed p;

	parse(&p, &all_kinds, WORDS("1", "-c", "2", "--number=3", "3", "--", "-f", "4"));
	assert_int_equal(p.err, 0);
	assert_string_equal(p.args.first, "1");
	assert_int_equal(p.args.middle.nr, 3);
	assert_string_equal(p.args.middle.p[2], "-f");
	assert_string_equal(p.args.last, "4");
	assert_false(p.args.flag);
	done(&p);
}

static void a_lone_dash_is_an_operand(void **state)
{
	struct parsed p;

	parse(&p, &all_kinds, WORDS("-", "last"));
	assert_int_equal(p.err, 0);
	assert_string_equal(p.args.first, "-");
	done(&p);
}

static void a_set_is_inverted_by_a_dash(void **state)
{
	PARSED(p, "--colours=-red;blue");
	PARSED(q, "--colours=all");

	assert_int_equal(p.args.set, 2);
	assert_int_equal(q.args.set, 7);
	done(&p);
	done(&q);
}

static void the_end_of_a_range_is_within_it(void **state)
{
	PARSED(p, "--number=2", "--size=1M");

	assert_int_equal(p.args.number, 2);
	assert_int_equal(p.args.size, 1 << 20);
	done(&p);
}

static void numbers_may_be_hexadecimal_but_not_octal(void **state)
{
	PARSED(p, "--number=0x1f");
	PARSED(q, "--number=010");

	assert_int_equal(p.args.number, 31);
	assert_int_equal(q.args.number, 10);
	done(&p);
	done(&q);
}

static void bad_values_are_refused_by_option_and_value(void **state)
{
	assert_option_refused("number: must be a number, not '4x'", "--number=4x");
	assert_option_refused("number: must be a number, not ''", "--number=");
	assert_option_refused("number: must be a number, not '-1'", "--number", "-1");
	assert_option_refused("number: too big: 99999999999999999999",
			      "--number=99999999999999999999");
	assert_option_refused("number: too small (min 2): 1", "--number=1");
	assert_option_refused("number: too big (max 40): 41", "--number=41");
	assert_option_refused("size: too small (min 512): 511", "--size=511");
	assert_option_refused("feature: must be yes or no, not 'maybe'", "--feature=maybe");
	assert_option_refused("colour: invalid selection 'pink', must be of: red, dark-green, blue",
			      "--colour=pink");
	assert_option_refused(
		"colours: invalid selection 'pink', must be of: red, dark-green, blue",
		"--colours=red,pink");
}

static void unknown_options_are_named(void **state)
{
	assert_option_refused("unknown option '--bogus'", "--bogus");
	assert_option_refused("unknown option '--bogus'", "--bogus=x");
	assert_option_refused("unknown option '-z'", "-cz");
}

static void a_beginning_of_a_name_is_no_name(void **state)
{
	assert_option_refused("unknown option '--num'", "--num=4");
	assert_option_refused("unknown option '--numbers'", "--numbers=4");
}

static void only_booleans_are_negated(void **state)
{
	assert_option_refused("unknown option '--no-flag'", "--no-flag");
	assert_option_refused("unknown option '--no-number'", "--no-number");
	assert_option_refused("option '--no-feature' takes no value", "--no-feature=yes");
	assert_option_refused("unknown option '--no'", "--no");
}

static void values_are_there_where_they_must_be_and_nowhere_else(void **state)
{
	assert_option_refused("option '--number' needs a value", "--number");
	assert_option_refused("option '-n' needs a value", "-n");
	assert_option_refused("option '--flag' takes no value", "--flag=yes");
}

static void options_that_exclude_or_need_each_other_are_named(void **state)
{
	assert_option_refused("--flag and --number exclude each other", "--number=3", "-f");
	assert_option_refused("--flag and --size exclude each other", "-f", "--size=1k");
	assert_option_refused("--a_string needs --count", "-sx");
}

static void missing_and_surplus_operands_are_named(void **state)
{
	struct parsed p;

	assert_refused(&all_kinds, WORDS("-c"), "missing operand FIRST");
	assert_refused(&all_kinds, WORDS("first"), "missing operand LAST");
	assert_refused(&in_order, WORDS("-l", "x"), "missing operand DEVICE");
	assert_refused(&on_filesystem, WORDS("-v"), "missing operand DEVICES");
	assert_refused(&on_filesystem, WORDS("-D", "x", "y"), "unexpected operand 'y'");

	parse(&p, &on_filesystem, WORDS("-D", "x:y"));
	assert_int_equal(p.err, 0);
	assert_int_equal(p.cli.common.device_paths.nr, 1);
	done(&p);
}

static void help_needs_no_operands(void **state)
{
	struct parsed p;

	parse(&p, &all_kinds, WORDS("--help", "--bogus"));
	assert_int_equal(p.err, 0);
	assert_true(p.cli.common.help);
	done(&p);
}

static void assert_event(const struct cli_event *event, const char *name, const char *text)
{
	if (name)
		assert_string_equal(event->opt->name, name);
	else
		assert_null(event->opt);
	assert_string_equal(event->text, text);
}

static void options_of_the_table_and_operands_keep_their_order(void **state)
{
	struct parsed p;

	parse(&p, &in_order,
	      WORDS("--label=a", "sda", "-lb", "--durability", "0", "sdb", "--noacl", "--discard",
		    "--bucket=1M", "--group=c"));
	assert_int_equal(p.err, 0);
	assert_int_equal(p.args.events.nr, 9);
	assert_event(&p.args.events.p[0], "label", "a");
	assert_event(&p.args.events.p[1], NULL, "sda");
	assert_event(&p.args.events.p[2], "label", "b");
	assert_event(&p.args.events.p[3], "durability", "0");
	assert_event(&p.args.events.p[4], NULL, "sdb");
	assert_event(&p.args.events.p[5], "acl", "0");
	assert_event(&p.args.events.p[6], "discard", "1");
	assert_event(&p.args.events.p[7], "bucket_size", "1M");
	assert_event(&p.args.events.p[8], "label", "c");
	done(&p);
}

static void options_of_another_kind_are_unknown(void **state)
{
	assert_refused(&in_order, WORDS("sda", "--nochanges"), "unknown option '--nochanges'");
	assert_option_refused("options: unknown option 'block_size'", "-o",
			      "degraded,block_size=4k");
	assert_option_refused("options: unknown option 'nodegraded'", "-o", "nodegraded");
}

static void mount_options_come_in_lists(void **state)
{
	PARSED(p, "-o", "degraded,,noacl", "-osb=16");

	assert_int_equal(p.args.opts.nr, 3);
	assert_event(&p.args.opts.p[0], "degraded", "1");
	assert_event(&p.args.opts.p[1], "acl", "0");
	assert_event(&p.args.opts.p[2], "sb", "16");
	done(&p);
}

static void common_options_are_kept_apart_from_the_args(void **state)
{
	struct parsed p;

	parse(&p, &on_filesystem,
	      WORDS("a:b", "-vvq", "--json", "--progress=never", "-y", "--passphrase-file=-",
		    "--scan=/x", "-o", "no_splitbrain_check", "c"));
	assert_int_equal(p.err, 0);
	assert_int_equal(p.cli.common.verbose, 2);
	assert_true(p.cli.common.quiet && p.cli.common.json && p.cli.common.yes);
	assert_int_equal(p.cli.common.progress, CLI_PROGRESS_never);
	assert_string_equal(p.cli.common.passphrase_file, "-");
	assert_int_equal(p.cli.common.scan.nr, 1);
	assert_int_equal(p.cli.common.mount_opts.nr, 1);
	assert_int_equal(p.cli.common.devices.nr, 2);
	assert_string_equal(p.cli.common.devices.p[0], "a:b");
	done(&p);
}

static void yes_and_no_exclude_each_other(void **state)
{
	assert_refused(&on_filesystem, WORDS("x", "-y", "-n"), "--yes and --no exclude each other");
}

/* Rows whose letter or name stands twice would be reached by one only. */
static void no_command_has_a_name_twice(void **state)
{
	for (size_t i = 0; cli_commands[i]; i++) {
		struct cli_rows rows;

		assert_int_equal(cli_rows_init(&rows, cli_commands[i]), 0);
		for (size_t n = 0; n < rows.nr; n++) {
			const struct cli_option *row = &rows.p[n];

			if (row->letter)
				assert_ptr_equal(cli_find_letter(&rows, row->letter), row);
			if (row->name && !cli_is_operand(row))
				assert_ptr_equal(cli_find_name(&rows, row->name, strlen(row->name)),
						 row);
		}
		cli_rows_end(&rows);
	}
}

/* A list of needs or excludes that names nothing would be silently of no effect, or never to be met. */
static void options_that_rows_refer_to_exist(void **state)
{
	for (size_t i = 0; cli_commands[i]; i++) {
		struct cli_rows rows;

		assert_int_equal(cli_rows_init(&rows, cli_commands[i]), 0);
		for (size_t n = 0; n < rows.nr; n++) {
			const char *lists[] = { rows.p[n].needs, rows.p[n].excludes,
						rows.p[n].unless };
			const char *word;
			size_t len;

			for (size_t l = 0; l < bch_array_size(lists); l++)
				while (cli_word_next(&lists[l], &word, &len))
					assert_non_null(cli_find_name(&rows, word, len));
		}
		cli_rows_end(&rows);
	}
}

static void every_command_and_option_says_what_it_does(void **state)
{
	for (size_t i = 0; cli_commands[i]; i++) {
		struct cli_rows rows;

		assert_true(strlen(cli_commands[i]->summary) > 0);
		assert_int_equal(cli_rows_init(&rows, cli_commands[i]), 0);
		for (size_t n = 0; n < rows.nr; n++)
			assert_true(rows.p[n].hidden ||
				    (rows.p[n].name && rows.p[n].help && *rows.p[n].help));
		cli_rows_end(&rows);
	}
}

static void programs_are_known_by_their_base_name(void **state)
{
	assert_string_equal(cli_command_of_program("/sbin/mkfs.bcachefs"), "format");
	assert_string_equal(cli_command_of_program("mkfs.fuse.bcachefs"), "format");
	assert_string_equal(cli_command_of_program("fsck.bcachefs"), "fsck");
	assert_string_equal(cli_command_of_program("mount.fuse.bcachefs"), "fusemount");
	assert_string_equal(cli_command_of_program("/usr/sbin/mount.bcachefs"), "mount");
	assert_null(cli_command_of_program("umount.bcachefs"));
	assert_null(cli_command_of_program("/opt/fsck-tools/bcachefs"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_a_value_of_its_type),
		cmocka_unit_test(dash_and_underscore_are_the_same_in_names),
		cmocka_unit_test(letters_are_bundled_and_the_last_takes_the_rest),
		cmocka_unit_test(booleans_have_four_spellings_of_no),
		cmocka_unit_test(a_value_that_may_be_missing_is_given_by_equals_only),
		cmocka_unit_test(operands_may_stand_among_options),
		cmocka_unit_test(a_lone_dash_is_an_operand),
		cmocka_unit_test(a_set_is_inverted_by_a_dash),
		cmocka_unit_test(the_end_of_a_range_is_within_it),
		cmocka_unit_test(numbers_may_be_hexadecimal_but_not_octal),
		cmocka_unit_test(bad_values_are_refused_by_option_and_value),
		cmocka_unit_test(unknown_options_are_named),
		cmocka_unit_test(a_beginning_of_a_name_is_no_name),
		cmocka_unit_test(only_booleans_are_negated),
		cmocka_unit_test(values_are_there_where_they_must_be_and_nowhere_else),
		cmocka_unit_test(options_that_exclude_or_need_each_other_are_named),
		cmocka_unit_test(missing_and_surplus_operands_are_named),
		cmocka_unit_test(help_needs_no_operands),
		cmocka_unit_test(options_of_the_table_and_operands_keep_their_order),
		cmocka_unit_test(options_of_another_kind_are_unknown),
		cmocka_unit_test(mount_options_come_in_lists),
		cmocka_unit_test(common_options_are_kept_apart_from_the_args),
		cmocka_unit_test(yes_and_no_exclude_each_other),
		cmocka_unit_test(no_command_has_a_name_twice),
		cmocka_unit_test(options_that_rows_refer_to_exist),
		cmocka_unit_test(every_command_and_option_says_what_it_does),
		cmocka_unit_test(programs_are_known_by_their_base_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
