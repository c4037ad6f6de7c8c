/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command and its options as tables, and how it is heard, asked and stopped. All that cmd/ includes of itself. */

#ifndef BCHFS_CMD_CLI_H
#define BCHFS_CMD_CLI_H

#include <bcachefs/error.h>
#include <bcachefs/facts.h>
#include <bcachefs/file.h>
#include <bcachefs/ls.h>
#include <bcachefs/opts.h>
#include <bcachefs/super.h>
#include <bcachefs/progress.h>
#include <bcachefs/types.h>

struct bch_fs;

#define CLI_VERSION "0.1.0"

/* Texts of the command line, in its order. The texts live as long as the process. */
struct cli_strings {
	const char **p;
	size_t nr;
};

/*
 * What was given in an order that matters: options out of the library's table, and operands. A switch that stands
 * alone has the text "1", its negation "0"; nothing else is checked, since that takes the version that is worked on.
 */
struct cli_event {
	const struct bch_opt *opt; /* NULL: an operand, or a word that is the command's own */
	const char *text;
};

struct cli_events {
	struct cli_event *p;
	size_t nr;
};

/* What a row is, and the type of the field that it fills. */
enum cli_kind {
	CLI_KIND_flag,		 /* bool */
	CLI_KIND_count,		 /* unsigned: how often it was given */
	CLI_KIND_bool,		 /* bool: --x, --x=yes, --x=no, --no-x */
	CLI_KIND_string,	 /* const char * */
	CLI_KIND_strings,	 /* struct cli_strings: repeatable */
	CLI_KIND_number,	 /* u64 within [min, max] */
	CLI_KIND_size,		 /* u64: bytes, within [min, max] */
	CLI_KIND_choice,	 /* unsigned: index into names */
	CLI_KIND_set,		 /* u64: bits by names, "-a,b" for all others, "all" */
	CLI_KIND_operand,	 /* const char * */
	CLI_KIND_operands,	 /* struct cli_strings */
	CLI_KIND_operand_events, /* struct cli_events */
	CLI_KIND_opt,		 /* struct cli_events: one option of the library's table */
	CLI_KIND_opt_list, /* struct cli_events: NAME[=VALUE],... of the library's table: -o */
	/* not options themselves */
	CLI_KIND_table,	     /* all rows of the library's table that have the flags in opt_flags */
	CLI_KIND_letter,     /* a letter for one of these: name */
	CLI_KIND_filesystem, /* the rows that name a filesystem, kept in struct cli_common */
	CLI_KIND_filesystem_word, /* they, with one operand for it */
	CLI_KIND_files, /* they, with one operand for it, and those that say how its files are read */
	CLI_KIND_edit,	/* they, for changing its files */
	CLI_KIND_mount, /* they, without those that say how paths are walked */
};

/*
 * A row: an option or operand of a command. The macros below make them; columns that they do not name are appended
 * to their arguments: CLI_STRING('k', "keyring", ..., .needs = "check"). '-' and '_' are equal in names.
 */
struct cli_option {
	enum cli_kind kind;
	char letter;	  /* short name, 0 for none */
	const char *name; /* long name, of all that are not hidden; an operand's in the synopsis */
	const char *synonym; /* another long name */
	char or_letter; /* flag: also meant by this letter of a list of options that no list follows */
	const char *hint; /* what stands for the value: "SIZE" */
	const char *help;
	size_t offset; /* of the field in the command's args */
	u64 min, max;
	const char *const *names; /* ends with NULL */
	const char *needs;	  /* options that must be there too, comma-separated long names */
	const char *excludes;	  /* options that must not */
	const char *unless;	  /* operand: not wanted where this option is given */
	bool optional; /* operand: may be missing; string: the value may be ("" then), and is given by = */
	bool hidden;	    /* accepted, and not shown */
	bool any_word;	    /* opt_list: what opening does not take is the command's own word */
	bool in_common;	    /* the field is in struct cli_common, not in the command's args */
	unsigned opt_flags; /* enum bch_opt_flags */
	const struct bch_opt *opt; /* CLI_KIND_opt */
};

/* The offset of a field, and a compile error where it has another type than @want. */
/* clang-format off */
#define CLI_AT(type_, field_, want)								\
	(offsetof(type_, field_) + 0 * sizeof(char[__builtin_types_compatible_p(		\
					__typeof__(((type_ *)0)->field_), want) ? 1 : -1]))

#define CLI_ROW(kind_, ctype_, letter_, name_, hint_, type_, field_, help_, ...)		\
	{ .kind = CLI_KIND_##kind_, .letter = (letter_), .name = (name_), .hint = (hint_),	\
	  .help = (help_), .offset = CLI_AT(type_, field_, ctype_), ##__VA_ARGS__ }

#define CLI_FLAG(letter_, name_, type_, field_, help_, ...)					\
	CLI_ROW(flag, bool, letter_, name_, NULL, type_, field_, help_, ##__VA_ARGS__)
#define CLI_COUNT(letter_, name_, type_, field_, help_, ...)					\
	CLI_ROW(count, unsigned, letter_, name_, NULL, type_, field_, help_, ##__VA_ARGS__)
#define CLI_BOOL(letter_, name_, type_, field_, help_, ...)					\
	CLI_ROW(bool, bool, letter_, name_, NULL, type_, field_, help_, ##__VA_ARGS__)
#define CLI_STRING(letter_, name_, hint_, type_, field_, help_, ...)				\
	CLI_ROW(string, const char *, letter_, name_, hint_, type_, field_, help_, ##__VA_ARGS__)
#define CLI_STRINGS(letter_, name_, hint_, type_, field_, help_, ...)				\
	CLI_ROW(strings, struct cli_strings, letter_, name_, hint_, type_, field_, help_, ##__VA_ARGS__)
#define CLI_NUMBER(letter_, name_, hint_, type_, field_, min_, max_, help_, ...)		\
	CLI_ROW(number, u64, letter_, name_, hint_, type_, field_, help_,			\
		.min = (min_), .max = (max_), ##__VA_ARGS__)
#define CLI_SIZE(letter_, name_, type_, field_, min_, max_, help_, ...)				\
	CLI_ROW(size, u64, letter_, name_, "SIZE", type_, field_, help_,			\
		.min = (min_), .max = (max_), ##__VA_ARGS__)
#define CLI_CHOICE(letter_, name_, hint_, type_, field_, names_, help_, ...)			\
	CLI_ROW(choice, unsigned, letter_, name_, hint_, type_, field_, help_,			\
		.names = (names_), ##__VA_ARGS__)
#define CLI_SET(letter_, name_, hint_, type_, field_, names_, help_, ...)			\
	CLI_ROW(set, u64, letter_, name_, hint_, type_, field_, help_, .names = (names_), ##__VA_ARGS__)
#define CLI_OPERAND(name_, type_, field_, help_, ...)						\
	CLI_ROW(operand, const char *, 0, name_, NULL, type_, field_, help_, ##__VA_ARGS__)
#define CLI_OPERANDS(name_, type_, field_, help_, ...)						\
	CLI_ROW(operands, struct cli_strings, 0, name_, NULL, type_, field_, help_, ##__VA_ARGS__)

/* Operands, and the table's options that have all of @opt_flags_, go into one list in the order of the command line. */
#define CLI_OPERAND_EVENTS(name_, type_, field_, help_, ...)					\
	CLI_ROW(operand_events, struct cli_events, 0, name_, NULL, type_, field_, help_, ##__VA_ARGS__)
#define CLI_OPT_TABLE(opt_flags_, type_, field_)						\
	CLI_ROW(table, struct cli_events, 0, NULL, NULL, type_, field_, NULL, .opt_flags = (opt_flags_))
/* Words of the list that .names has, with .any_word all that are no option of opening, come with a NULL opt and all of their text. */
#define CLI_OPT_LIST(letter_, name_, opt_flags_, type_, field_, help_, ...)			\
	CLI_ROW(opt_list, struct cli_events, letter_, name_, "OPTS", type_, field_, help_,	\
		.opt_flags = (opt_flags_), ##__VA_ARGS__)

/* -letter is short for --name, a row of CLI_OPT_TABLE. */
#define CLI_LETTER(letter_, name_) { .kind = CLI_KIND_letter, .letter = (letter_), .name = (name_) }

/* DEVICES..., -D DEV, --scan=DIR, -o OPTS: what cli_open() opens. CLI 2.3. */
#define CLI_FILESYSTEM { .kind = CLI_KIND_filesystem }
/* The same; they may be missing, and cli_open() takes the mounted filesystem that the current folder lies in. */
#define CLI_FILESYSTEM_OR_HERE { .kind = CLI_KIND_filesystem, .optional = true }

/* DEVICES in one word. Before operands. */
#define CLI_FILESYSTEM_WORD { .kind = CLI_KIND_filesystem_word }

/* DEVICES in one word, and how files in it are found and read: what cli_open_files() opens. Before operands. CLI 14.1. */
#define CLI_FILES { .kind = CLI_KIND_files }
/* The same, for what changes files: what cli_edit() opens. */
#define CLI_EDIT { .kind = CLI_KIND_edit }
/* The same, for what shows the files of it all. */
#define CLI_MOUNT { .kind = CLI_KIND_mount }

/* The headings of the overview, in its order. */
#define CLI_HEADINGS(H)						\
	H(superblock,	"Superblock")				\
	H(images,	"Images")				\
	H(mount,	"Mount")				\
	H(repair,	"Repair")				\
	H(files,	"Files")				\
	H(running,	"Running filesystem")			\
	H(devices,	"Devices")				\
	H(subvolumes,	"Subvolumes and snapshots")		\
	H(data,		"Filesystem data")			\
	H(encryption,	"Encryption")				\
	H(migrate,	"Migrate")				\
	H(file_options,	"File options")				\
	H(debug,	"Debug")				\
	H(misc,		"Miscellaneous")

enum cli_heading {
#define H(name, text) CLI_HEADING_##name,
	CLI_HEADINGS(H)
#undef H
	CLI_HEADING_NR
};
/* clang-format on */

/* -v, -q and --help are everywhere; these add more of the common rows. */
enum cli_command_flags {
	CLI_HIDDEN = 1 << 0,	 /* not in the overview, the man page and the completions */
	CLI_JSON = 1 << 1,	 /* --json, --format=json: what it prints are facts */
	CLI_PROGRESS = 1 << 2,	 /* --progress=auto|always|never */
	CLI_ASKS = 1 << 3,	 /* -y, -n: answers to cli_ask() */
	CLI_PASSPHRASE = 1 << 4, /* --passphrase_file FILE */
	CLI_WRITES = 1 << 5,	 /* -n, --undo-file FILE: it changes a filesystem */
	CLI_JSON_LINES =
		1 << 6,	      /* with JSON: it writes what it prints itself, there are no facts */
	CLI_DIRECT = 1 << 7,  /* it reads what the devices hold, not what the system remembers */
	CLI_BY_PATH = 1 << 8, /* a mounted form: meant where all operands are files in one */
};

enum cli_progress {
	CLI_PROGRESS_auto,
	CLI_PROGRESS_always,
	CLI_PROGRESS_never
};

/* What the common rows are parsed into. */
struct cli_common {
	bool help, quiet, json;
	unsigned verbose;
	unsigned format; /* 1: json */
	bool yes, no, dry_run;
	unsigned progress; /* enum cli_progress */
	const char *passphrase_file, *undo_file;
	struct cli_strings devices;	 /* operands: a path, colon list, UUID=, LABEL=, as given */
	const char *filesystem;		 /* all in one word: an operand of CLI_FILES */
	struct cli_strings device_paths; /* -D: never split at colons */
	struct cli_strings scan;	 /* --scan: folders to look for members in */
	struct cli_events mount_opts;	 /* -o */
	const char *subvol;		 /* --subvol: root of all paths */
	u64 snapshot;			 /* --snapshot: 0 for none */
	u64 rewind_to;			 /* --journal-rewind: 0 for none */
	bool follow, ignore_errors, no_verify, scan_nodes;
};

/* The context of a running command. Not for two threads, but for what the library's callbacks do. */
struct cli {
	struct bch_ctx *ctx;
	struct bch_facts *facts; /* printed on standard output when the command has run */
	const struct cli_command *command;
	char *command_line; /* as the user gave it */
	struct cli_common common;
	/* the frame's own */
	struct cli_strings copies; /* texts that events point into */
	bool usage;		   /* the error is one of the command line */
	bool nobody_there;	   /* standard input ended: all further answers are no */
	bool status_shown;	   /* a line of progress stands on the terminal */
};

/*
 * A command. @run gets the args that the rows filled, and returns 0, a positive exit status of its own, or a negative
 * error code, whose message the frame prints.
 */
struct cli_command {
	const char *name;    /* "show-super"; "device add": the group's word first */
	const char *aliases; /* whole names, comma-separated, or NULL */
	enum cli_heading heading;
	const char *summary; /* one line, lower case */
	const char *help;    /* paragraphs below the synopsis, or NULL */
	const struct cli_option *options;
	size_t nr_options;
	size_t args_size;
	const void *defaults;				   /* args before parsing; NULL: zeroes */
	unsigned flags;					   /* enum cli_command_flags */
	int status_failed, status_usage, status_cancelled; /* 0: 1, 2, 130 */
	int status_denied; /* of -BCH_ERR_access_denied; 0: as failed */
	int (*run)(struct cli *cli, const void *args);
	/* The form for a filesystem that the kernel has mounted: cli_form_of(). NULL: there is none. */
	const struct cli_command *mounted;
};

#define CLI_OPTIONS(rows_, type_) \
	.options = (rows_), .nr_options = bch_array_size(rows_), .args_size = sizeof(type_)

/* The index of NAME[=VALUE] among @names, of which "x-*" stands for all that begin so; -1 if it is none. */
int cli_own_word(const char *const *names, const char *item);

/* The filesystem of CLI_FILESYSTEM as it was given: words for bch_fs_open(), or none. */
struct cli_strings cli_devices(struct cli *cli);

/* How to open them: @flags (enum bch_open_flags), and what -D, --scan, -o, -n and --undo-file say. An error is said. */
int cli_open_opts(struct cli *cli, unsigned flags, struct bch_open_opts *opts);

/*
 * Opens the filesystem of CLI_FILESYSTEM, as cli_open_opts() says; @fs is for bch_fs_close(). To write with -n it gets
 * to memory: the command does all that it does without, and may say what it did. An error is said.
 */
int cli_open(struct cli *cli, unsigned flags, struct bch_fs **fs);

/* Where no filesystem is given: the one that the device @which belongs to. Before it is opened. */
void cli_filesystem_of(struct cli *cli, const char *which);

/*
 * The same of CLI_FILESYSTEM_OR_HERE, or, where that is not given, of the filesystem that the device @which belongs to;
 * and its member @which: path, index, label or UUID. @fs is for bch_fs_close(), whatever is returned.
 */
int cli_open_member(struct cli *cli, unsigned flags, const char *which, struct bch_fs **fs,
		    u32 *dev_idx);

/* cli_open(), and the key as below. */
int cli_open_unlocked(struct cli *cli, unsigned flags, struct bch_fs **fs);

/*
 * cli_open() for reading, and the key of an encrypted filesystem: from the keyrings, or by a passphrase (for
 * CLI_PASSPHRASE). @fs is for bch_fs_close() also where the key was not had. An error is said.
 */
int cli_open_readable(struct cli *cli, struct bch_fs **fs);

/* The key of an encrypted filesystem that is open, found as for reading. */
int cli_unlock(struct cli *cli, struct bch_fs *fs);

/*
 * cli_open_readable() of CLI_FILES, and its files started, as the options say. @fs is for bch_fs_close(), whatever is
 * returned. An error is said.
 */
int cli_open_files(struct cli *cli, struct bch_fs **fs);

/*
 * Opens the filesystem of CLI_EDIT to be changed, its files started; has @edit make its changes, commits them if it
 * returns 0, and closes.
 */
int cli_edit(struct cli *cli, int (*edit)(struct cli *cli, struct bch_fs *fs, const void *args),
	     const void *args);

/* Where paths begin: what --subvol, --snapshot and --follow say. */
struct bch_path_opts cli_path_opts(const struct cli *cli);

/* The names of users and groups of this system: two tables, read once. */
struct cli_names;
int cli_names_read(struct cli *cli, struct cli_names **names);
void cli_names_free(struct cli_names *names);
static inline void bch_cli_names_cleanup(struct cli_names **names)
{
	cli_names_free(*names);
}

/* They as the library wants them; NULL: all by number. */
struct bch_id_names cli_id_names(struct cli_names *names);

/* How lists of files are written: to standard output, as the options say, owners by @names (may be NULL). */
struct bch_listing_opts cli_listing_opts(struct cli *cli, const struct bch_id_names *names);

/* The width of the terminal that standard output is; 0 where it is none. */
u32 cli_terminal_columns(void);

/* --undo-file, or the folder that BCACHEFS_UNDO_DIR names. CLI 14.6. */
struct bch_undo_opts cli_undo_opts(const struct cli *cli);

/* The time that is written, in unix seconds: SOURCE_DATE_EPOCH where that is set. */
u64 cli_now(void);

/* Has modprobe load the kernel's bcachefs; what becomes of it bch_kernel_has_bcachefs() knows. */
void cli_load_bcachefs(void);

/* Has udev look at the block devices again, for at most ten seconds; nothing where no udevd runs. */
void cli_settle_udev(void);

/* What is wrong with the command line, and -BCH_ERR_invalid_argument; the frame adds where help is. */
int cli_usage(struct cli *cli, const char *fmt, ...) bch_printf(2, 3);

/* One line of news on standard error, what was done, in the past; silent under -q. */
void cli_say(struct cli *cli, const char *fmt, ...) bch_printf(2, 3);

/* Text on standard output at once, for what are not facts. Returns 0, or an error that is said. */
int cli_write(struct cli *cli, const char *text);

/* How long work shows its progress, by --progress, -q and where standard error goes. */
enum bch_progress_mode cli_progress_mode(const struct cli *cli);

/*
 * A question with " (y,n) " on standard error, answered by -y, -n, or a line of standard input. Nobody there is a no,
 * for all that follows, and is said once. @fmt may have several lines. Returns 1, 0, or -BCH_ERR_cancelled.
 */
int cli_ask(struct cli *cli, const char *fmt, ...) bch_printf(2, 3);

/*
 * A passphrase that exists, tried by @try(@arg, passphrase) until that returns anything but
 * -BCH_ERR_wrong_passphrase. It comes from --passphrase_file; at boot from systemd-ask-password under @uuid (text, may
 * be NULL), three times; from the terminal; or from one line of standard input. Returns what @try returned, or an error
 * that is said.
 */
int cli_passphrase(struct cli *cli, const char *uuid, int (*try)(void *arg, const char *passphrase),
		   void *arg);

/*
 * A new passphrase: from @file ("-" is standard input), from the terminal after @prompt ("Enter new passphrase: ") and
 * once more, or one line of standard input. Empty ones are refused. @secret is freed by bch_secret_free().
 */
int cli_new_passphrase(struct cli *cli, const char *file, const char *prompt, char **secret);

#endif
