# SPDX-License-Identifier: GPL-2.0-or-later
# How files are compared that the kernel has and that we get: a command for the shell, in the folder.
# shellcheck shell=bash disable=SC2034 # for those who source it

# Types, links, owners, sizes, times, contents: in the folder, and in the machine by busybox. The kernel has sizes for
# directories that others have not; names with a backslash or a newline are printed in two ways.
listing='(
	find . ! -type d -exec stat -c "%n %f %h %u %g %s %Y" {} + | sort
	find . -type d ! -name . -exec stat -c "%n %f %u %g %Y" {} + | sort
	find . -type f ! -name "back*" ! -name "nl*" -exec md5sum {} + | sort -k 2
)'
