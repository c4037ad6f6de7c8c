#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lib.sh itself: a check that fails ends its case and is told, and a terminal is one.
. "$(dirname "$0")/lib.sh"

# Runs the lines on standard input as a test script of its own.
script() {
	{
		echo ". '$here/lib.sh'"
		cat
		echo cases
	} >script.sh
	run bash script.sh
}

a_check_that_fails_ends_its_case_and_no_other() {
	script <<-'END'
		first_case() { run echo x; out '^y$'; echo not reached >&2; }
		second_case() { run false; status 1; }
	END
	status 1
	out '^not ok 1 - first case$'
	out '^# no line of standard output matches: \^y\$$'
	out '^# out: x$'
	out '^ok 2 - second case$'
	out '^1\.\.2$'
	no_out 'not reached'
}

a_case_that_cannot_run_says_why() {
	script <<<'lone_case() { skip "no kernel"; false; }'
	status 0
	out_is $'ok 1 - lone case # SKIP no kernel\n1..1'
}

a_case_has_an_empty_folder_that_is_removed() {
	script <<<'lone_case() { image 1M disk >/dev/null; pwd >&3; run ls; out_is disk; false; }'
	holds test ! -e "$(sed -n 's/^# \(\/.*\)/\1/p' "$work/out")"
	no_out 'not: disk'
}

on_a_terminal_answers_wait_for_their_prompts() {
	on_terminal 'name? ' $'x\n' 'sure? ' $'y\n' -- bash -c 'read -rp "name? " a; read -rp "sure? " b; echo "got $a $b"; test -t 0 && exit 7'
	status 7
	out '^got x y$'
}

cases
