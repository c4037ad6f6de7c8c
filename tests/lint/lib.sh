# SPDX-License-Identifier: GPL-2.0-or-later
# What the structure tests share: they run at the top of a tree, each finding is a line, and no finding is a pass.

set -u
shopt -s lastpipe nullglob
nr=0 nr_failed=0

# Standard input holds the findings.
none() { # SENTENCE
	local findings
	findings=$(cat)
	((++nr))
	if [[ ! $findings ]]; then
		echo "ok $nr - $1"
		return
	fi
	((++nr_failed))
	echo "not ok $nr - $1"
	printf '%s\n' "$findings" | sed 's/^/# /'
}

# The command succeeds; what it printed is the finding if it does not.
holds() { # SENTENCE COMMAND...
	local sentence=$1 output
	shift
	output=$("$@" 2>&1) && output='' || output+=" (exit status $?: $*)"
	none "$sentence" <<<"$output"
}

skip() { # SENTENCE REASON
	echo "ok $((++nr)) - $1 # SKIP $2"
}

end() {
	echo "1..$nr"
	exit $((nr_failed > 0))
}

# What each #include of FILES names: "FILE:LINE "NAME" or "FILE:LINE <NAME".
includes() { # FILES
	grep -sHnoE '^# *include *["<][^">]*' "$@" /dev/null | sed -E 's/:# *include */ /'
}
