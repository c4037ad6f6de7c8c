// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs completions: what shells need to complete our command lines; they ask __complete each time. CLI 16. */

#include <string.h>
#include "cli.h"

struct args {
	const char *shell;
};

/* Names and scripts of shells. */
enum {
	SHELL_BASH,
	SHELL_ZSH,
	SHELL_FISH,
	SHELL_NR
};
static const char *const shells[] = { "bash", "zsh", "fish", NULL };

static const struct cli_option options[] = {
	CLI_OPERAND("SHELL", struct args, shell, "the shell", .names = shells),
};

#define PROGRAMS                                                                  \
	"bcachefs mkfs.bcachefs fsck.bcachefs mount.bcachefs mkfs.fuse.bcachefs " \
	"fsck.fuse.bcachefs mount.fuse.bcachefs"

/* clang-format off */
static const char *const scripts[SHELL_NR] = {
	[SHELL_BASH] =
	"# bash completion for bcachefs; made by 'bcachefs completions bash'\n"
	"_bcachefs()\n"
	"{\n"
	"	local line=${COMP_LINE:0:COMP_POINT} words candidate\n"
	"	# Words end at blanks; bash breaks them at = and : too, and replaces only what is behind these.\n"
	"	read -ra words <<<\"$line\"\n"
	"	[[ $line == *[[:space:]] ]] && words+=(\"\")\n"
	"	local cur=${words[-1]} breaks=${COMP_WORDBREAKS//[^=:]/} keep=\n"
	"	[[ $breaks ]] && keep=${cur%\"${cur##*[$breaks]}\"}\n"
	"	COMPREPLY=()\n"
	"	while IFS=$'\\t' read -r candidate _; do\n"
	"		COMPREPLY+=(\"${candidate#\"$keep\"}\")\n"
	"	done < <(bcachefs __complete -- \"${words[@]}\" 2>/dev/null)\n"
	"	[[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[/=] ]] && compopt -o nospace 2>/dev/null\n"
	"	return 0\n"
	"}\n"
	"complete -o default -F _bcachefs " PROGRAMS "\n",

	[SHELL_ZSH] =
	"#compdef " PROGRAMS "\n"
	"# zsh completion for bcachefs; made by 'bcachefs completions zsh'\n"
	"_bcachefs() {\n"
	"	local line\n"
	"	local -a open closed open_help closed_help\n"
	"	for line in \"${(@f)$(bcachefs __complete -- \"${(@Q)words[1,CURRENT]}\" 2>/dev/null)}\"; do\n"
	"		[[ -n $line ]] || continue\n"
	"		local candidate=${line%%$'\\t'*} help=${line/$'\\t'/  -- }\n"
	"		if [[ $candidate == *[/=] ]]; then\n"
	"			open+=($candidate) open_help+=($help)\n"
	"		else\n"
	"			closed+=($candidate) closed_help+=($help)\n"
	"		fi\n"
	"	done\n"
	"	compadd -S '' -l -d open_help -a open\n"
	"	compadd -l -d closed_help -a closed\n"
	"}\n"
	"if [[ $funcstack[1] == _bcachefs ]]; then _bcachefs; else compdef _bcachefs " PROGRAMS "; fi\n",

	[SHELL_FISH] =
	"# fish completion for bcachefs; made by 'bcachefs completions fish'\n"
	"function __bcachefs_complete\n"
	"	set -l words (commandline -opc) (commandline -ct)\n"
	"	bcachefs __complete -- $words 2>/dev/null\n"
	"end\n"
	"for program in " PROGRAMS "\n"
	"	complete -c $program -f -a '(__bcachefs_complete)'\n"
	"end\n",
};
/* clang-format on */

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	size_t i = 0;

	while (strcmp(a->shell, shells[i])) /* the row let nothing else pass */
		i++;
	return cli_write(cli, scripts[i]);
}

const struct cli_command cmd_completions = {
	.name = "completions",
	.heading = CLI_HEADING_misc,
	.summary = "print a shell's completion script for this program",
	CLI_OPTIONS(options, struct args),
	.status_usage = 1,
	.run = run,
};
