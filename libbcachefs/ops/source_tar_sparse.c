// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the data of a member lie. GNU tar: "Storing Sparse Files". */

#include "ops/source_tar.h"

/* Of type S: entries of two numbers in the header, then in blocks of their own. */
#define OLD_AT		 386
#define OLD_NR		 4
#define OLD_EXTENDED	 482
#define OLD_NUMBER_BYTES 12
#define BLOCK_NR	 21
#define BLOCK_EXTENDED	 504

static int invalid(void)
{
	return -BCH_ERR_invalid_argument;
}

/* A range behind those that are there; its data follow theirs. */
static int add(struct bch_archive_map *map, const struct bch_archive_member *m, u64 data,
	       u64 offset, u64 len)
{
	const struct bch_archive_range *last =
		map->ranges.nr ? &map->ranges.v[map->ranges.nr - 1] : NULL;
	struct bch_archive_range r = { offset, len, last ? last->at + last->len : data };

	if (offset > m->file.size || len > m->file.size - offset ||
	    (last && offset < last->offset + last->len) || len > m->data + m->data_len - r.at)
		return invalid();
	return len ? bch_array_push(&map->ranges, r) : 0;
}

/* ------------------------------------------------------------------ type S */

static int add_old(struct bch_archive_map *map, const struct bch_archive_member *m, const u8 *p,
		   size_t nr)
{
	int err = 0;

	for (size_t i = 0; i < nr && !err; i++, p += 2 * OLD_NUMBER_BYTES) {
		s64 offset, len;

		if (!*p)
			return 0; /* the rest is unused */
		if (!bch_archive_number((const char *)p, OLD_NUMBER_BYTES, &offset) ||
		    !bch_archive_number((const char *)p + OLD_NUMBER_BYTES, OLD_NUMBER_BYTES,
					&len) ||
		    offset < 0 || len < 0)
			return invalid();
		err = add(map, m, m->data, (u64)offset, (u64)len);
	}
	return err;
}

int bch_archive_sparse_end(struct bch_archive *a, u64 header, u64 *end)
{
	const u8 *block;
	int err = bch_archive_block(a, header, &block);
	bool more = !err && block && block[OLD_EXTENDED];

	*end = header + BCH_USTAR_BLOCK;
	while (!err && more) {
		err = bch_archive_block(a, *end, &block);
		if (!err && !block)
			return bch_error_whole(a->ctx, invalid(),
					       "%s: byte %" PRIu64 ": the archive ends here",
					       a->path, *end);
		more = !err && block[BLOCK_EXTENDED];
		*end += BCH_USTAR_BLOCK;
	}
	return err;
}

static int map_old(struct bch_archive *a, const struct bch_archive_member *m,
		   struct bch_archive_map *map)
{
	const u8 *block;
	int err = bch_archive_block(a, m->header, &block);

	if (!err && block)
		err = add_old(map, m, block + OLD_AT, OLD_NR);
	for (u64 at = m->header + BCH_USTAR_BLOCK; !err && at < m->data; at += BCH_USTAR_BLOCK) {
		err = bch_archive_block(a, at, &block);
		if (!err && block)
			err = add_old(map, m, block, BLOCK_NR);
	}
	return err;
}

/* ------------------------------------------------------------------ versions 0.0 and 0.1 */

/* Takes the number up to a comma, or to the end, off the front of @list. */
static bool next_number(struct bch_bytes *list, u64 *number)
{
	const u8 *comma = memchr(list->p, ',', list->len);
	size_t len = comma ? (size_t)(comma - list->p) : list->len;
	bool good = bch_pax_number((struct bch_bytes){ list->p, len }, number);

	*list = bch_bytes_from(*list, len + (comma != NULL));
	return good;
}

static int add_list(struct bch_archive_map *map, const struct bch_archive_member *m,
		    struct bch_bytes list)
{
	u64 offset, len;
	int err = 0;

	while (!err && list.len) {
		if (!next_number(&list, &offset) || !list.len || !next_number(&list, &len))
			return invalid();
		err = add(map, m, m->data, offset, len);
	}
	return err;
}

static int map_pax(const struct bch_archive_member *m, struct bch_archive_map *map)
{
	struct bch_bytes rest = bch_archive_pax(m);
	struct bch_pax_record r;
	u64 offset = 0, len;
	int err = 0;

	while (!err && bch_pax_next(&rest, &r) > 0) {
		if (bch_pax_is(&r, "GNU.sparse.map"))
			err = add_list(map, m, r.value);
		else if (bch_pax_is(&r, "GNU.sparse.offset"))
			err = bch_pax_number(r.value, &offset) ? 0 : invalid();
		else if (bch_pax_is(&r, "GNU.sparse.numbytes"))
			err = bch_pax_number(r.value, &len) ? add(map, m, m->data, offset, len)
							    : invalid();
	}
	return err;
}

/* ------------------------------------------------------------------ version 1.0 */

/* Decimal numbers, one a line, from @at on, which moves behind it. */
static int read_line(struct bch_archive *a, const struct bch_archive_member *m, u64 *at,
		     u64 *number)
{
	u8 digits[20];
	size_t nr = 0;

	for (; *at < m->data + m->data_len && nr < sizeof(digits); nr++) {
		const u8 *block;
		u64 in_block = (*at - m->data) % BCH_USTAR_BLOCK;
		int err = bch_archive_block(a, *at - in_block, &block);

		if (err)
			return err;
		if (!block)
			return invalid();
		digits[nr] = block[in_block];
		++*at;
		if (digits[nr] == '\n')
			return bch_pax_number((struct bch_bytes){ digits, nr }, number) ? 0
											: invalid();
	}
	return invalid();
}

/* How many ranges, offset and length of each; then the data, from a block's start. */
static int map_1_0(struct bch_archive *a, const struct bch_archive_member *m,
		   struct bch_archive_map *map)
{
	u64 at = m->data, nr, offset, len, data;
	int err = read_line(a, m, &at, &nr);

	for (u64 i = 0; i < nr && !err; i++) {
		err = read_line(a, m, &at, &offset);
		if (!err)
			err = read_line(a, m, &at, &len);
		if (!err)
			err = add(map, m, m->data, offset, len);
	}
	if (err)
		return err;
	data = m->data + (at - m->data + BCH_USTAR_BLOCK - 1) / BCH_USTAR_BLOCK * BCH_USTAR_BLOCK;
	for (size_t i = 0; i < map->ranges.nr; i++) {
		struct bch_archive_range *r = &map->ranges.v[i];

		r->at += data - m->data;
		if (r->at > m->data + m->data_len || r->len > m->data + m->data_len - r->at)
			return invalid();
	}
	return 0;
}

/* ------------------------------------------------------------------ all */

int bch_archive_map(struct bch_archive *a, const struct bch_archive_member *m,
		    struct bch_archive_map *map)
{
	map->ranges.nr = 0;
	switch (m->sparse) {
	case BCH_ARCHIVE_SPARSE_GNU:
		return map_old(a, m, map);
	case BCH_ARCHIVE_SPARSE_PAX:
		return map_pax(m, map);
	case BCH_ARCHIVE_SPARSE_1_0:
		return map_1_0(a, m, map);
	case BCH_ARCHIVE_WHOLE:
		break;
	}
	return add(map, m, m->data, 0, m->file.size);
}
