#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The test runner: what counts as passed, failed and skipped, and that nothing a program does can look like a pass.
. "$(dirname "$0")/lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The last line of the runner for a program, and its exit status.
verdict() { # SCRIPT-TEXT
	local output status
	printf '#!/bin/sh\n%s\n' "$1" >"$work/program"
	chmod +x "$work/program"
	output=$(tests/run -t "${limit:-60}" "$work/program")
	status=$?
	echo "$(tail -n 1 <<<"$output") ($status)"
}

says() { # SENTENCE VERDICT SCRIPT-TEXT
	local have
	have=$(verdict "$3")
	{ [[ $have == "$2" ]] || echo "'$2' wanted, not '$have'"; } | none "$1"
}

says 'passed tests are counted' '2 passed, 0 failed (0)' 'echo 1..2; echo ok 1 - a; echo ok 2 - b'
says 'a plan may stand at the end' '1 passed, 0 failed (0)' 'echo ok 1 - a; echo 1..1'
says 'a failed test fails the run' '1 passed, 1 failed (1)' 'echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1'
says 'a skipped test is neither' '1 passed, 0 failed, 1 skipped (0)' 'echo 1..2; echo ok 1; echo "ok 2 - b # SKIP no"'
says "cmocka's way to skip is one too" '0 passed, 0 failed, 1 skipped (0)' 'echo 1..1; echo "not ok 1 # SKIP b"'
says 'a program may be skipped as a whole' '0 passed, 0 failed, 1 skipped (0)' 'echo "1..0 # SKIP no QEMU"'
says 'two groups in one program add up' '2 passed, 0 failed (0)' 'echo 1..1; echo ok 1; echo 1..1; echo ok 1'
says 'no plan is a failure' '1 passed, 1 failed (1)' 'echo ok 1 - a'
says 'no test is a failure' '0 passed, 1 failed (1)' 'echo 1..0'
says 'fewer tests than planned are a failure' '1 passed, 1 failed (1)' 'echo 1..2; echo ok 1 - a'
says 'more tests than planned are a failure' '2 passed, 1 failed (1)' 'echo 1..1; echo ok 1; echo ok 2'
says 'an exit status without a failed test is a failure' '1 passed, 1 failed (1)' 'echo 1..1; echo ok 1; exit 3'
says 'a crash after the last test is a failure' '1 passed, 1 failed (1)' 'echo 1..1; echo ok 1; kill -SEGV $$'
says 'giving up is a failure' '1 passed, 1 failed (1)' 'echo 1..1; echo ok 1; echo "Bail out! no more"'
limit=0.3 says 'a program that hangs is ended and is a failure' '0 passed, 1 failed (1)' 'echo 1..1; exec tail -f /dev/null'
says 'a program gets nothing on its input' '1 passed, 0 failed (0)' 'cat; echo 1..1; echo ok 1'

tests/run | tail -n 1 | grep -vx '0 passed, 1 failed' | none 'no program at all is a failure'
tests/run "$work/absent" | tail -n 1 | grep -vx '0 passed, 1 failed' | none 'a program that is not there is a failure'

printf '#!/bin/sh\necho 1..1\necho not ok 1 - the sentence\necho "# the reason"\n' >"$work/program"
tests/run "$work/program" | tr '\n' '~' | grep -v 'not ok 1 - the sentence~ *# the reason~' |
	none 'a failed test is shown with what it printed'

for n in 1 2 3 4 5 6; do
	printf '#!/bin/sh\necho 1..1; echo ok 1; kill -SEGV $$\n' >"$work/crash$n"
	chmod +x "$work/crash$n"
done
tests/run -j 6 "$work"/crash* | tail -n 1 | grep -vx '6 passed, 6 failed' | none 'of many that crash at once none is lost'

end
