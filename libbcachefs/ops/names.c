// SPDX-License-Identifier: GPL-2.0-or-later
/* Names that files get outside of their filesystem. CLI 14.1. */

#include <string.h>

#include "ops/names.h"

bool bch_name_is_safe(const char *name)
{
	return *name && strcmp(name, ".") && strcmp(name, "..") && !strchr(name, '/');
}

void bch_name_put_path(struct bch_buf *out, const char *path)
{
	size_t len;

	if (*path == '<') {
		const char *end = path + strcspn(path, ">"), *colon = strchr(path, ':');
		const char *number = colon && colon < end ? colon + 1 : path + 1;

		bch_buf_mem(out, number, (size_t)(end - number));
		path = end + (*end == '>');
	} else {
		path += strspn(path, "/");
	}
	for (len = strlen(path); len && path[len - 1] == '/'; len--)
		;
	bch_buf_mem(out, path, len);
}

const char *bch_name_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
