#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How every file begins, and what none may call or name.
. "$(dirname "$0")/lib.sh"

build=${B:-build}
c_files=(*.c cmd/*.[ch] include/*/*.h libbcachefs/*/*.[ch] tests/*/*.[ch])
shell_files() {
	grep -lsE '^#!.*sh$' .ci/* contrib/* tests/* tests/*/*
	ls tests/*/*.sh
}

awk '
	FNR == 1 {
		c = FILENAME ~ /c$/
		if ($0 != (c ? "// " : "/* ") "SPDX-License-Identifier: GPL-2.0-or-later" (c ? "" : " */"))
			print FILENAME ": no SPDX line"
	}
	FNR == 2 && !/^\/\*/ { print FILENAME ": no comment that says what it is for" }
	FNR == 2 { nextfile }' "${c_files[@]}" | none 'every C file begins with its licence and what it is for'

shell_files 2>/dev/null | sort -u | while read -r file; do
	sed '1{/^#!/d}' "$file" | head -n 2 | tr '\n' '~' |
		grep -qE '^# SPDX-License-Identifier: GPL-2.0-or-later~# .' || echo "$file"
done | none 'every script begins with its licence and what it is for'

# Which of the functions the objects call.
calls() { # PATTERN OBJECT...
	local pattern=$1
	shift
	nm -Au "$@" | awk -v pattern="^($pattern)\$" '$NF ~ pattern { print $1, $NF }'
}

unsafe='(v?s|st[rp])printf|str(cpy|cat|tok)|stpcpy|gets|localtime|gmtime|[ac]time|asctime|rand|tmpnam|mktemp|alloca'
says='v?f?printf|f?puts|f?putc|putchar|perror|stdout|stderr|warnx?|errx?'
ends='exit|_exit|system|popen'
asks='(secure_)?getenv|setenv|putenv|strerror(_r|_l)?|__xpg_strerror_r|setlocale|scanf|getpass'

calls "$unsafe|$says|$ends|$asks" "$build/libbcachefs.a" |
	none 'the library never prints, exits, asks the environment or calls what is not safe'

calls "$unsafe|v?printf|puts|putchar|perror" "$build"/cmd/*.o "$build/bcachefs.o" |
	none 'a command prints through the frame and calls nothing that is not safe'

grep -rnIE '[a-z]+://[a-z0-9]|\<(deb|registry|proxy|mirrors?|packages?|archive|snapshot|ports|dl-cdn)\.[a-z0-9.-]+\.[a-z]{2,}' \
	README.md Makefile .ci .gitignore bcachefs.c cmd contrib include libbcachefs man tests 2>/dev/null |
	none 'no file names a host'

for script in tests/{cmd,vm,lint}/*.sh; do
	[[ -x $script ]] || grep -qr "$(basename "$script")" --include='*.sh' --include=vm "$(dirname "$script")" || echo "$script"
done | none 'every script beside the tests is a test or used by one'

du -sm tests/images | awk '$1 > 40' | none 'the images take at most 40 MiB'

end
