// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rebuilding a block. Every block is a sum of the data blocks with fixed coefficients, its row: a data block of itself
 * alone, P of all, Q of g^i times each. Of as many blocks as there is data in, the rows are a matrix; its inverse says
 * how data is summed from these blocks, and so is any other. Format reference: 05 §7.2.
 */

#include "codec/codec.h"
#include "codec/raid.h"

#include <string.h>

#include <bcachefs/error.h>

#define MAX BCH_RAID_BLOCKS_MAX

struct matrix {
	u8 at[MAX][MAX];
	u32 nr;
};

/* ------------------------------------------------------------------ GF(2^8) */

u8 bch_gf_mul(u8 a, u8 b)
{
	u8 product = 0;

	for (; b; b >>= 1) {
		if (b & 1)
			product ^= a;
		a = (u8)(a << 1 ^ (a >> 7 ? 0x1d : 0));
	}
	return product;
}

/* a^254, as a^255 is 1. */
u8 bch_gf_inverse(u8 a)
{
	u8 result = 1;

	for (unsigned exponent = 254; exponent; exponent >>= 1) {
		if (exponent & 1)
			result = bch_gf_mul(result, a);
		a = bch_gf_mul(a, a);
	}
	return result;
}

/* ------------------------------------------------------------------ matrices */

static void get_row(u32 nr_data, u32 block, u8 row[MAX])
{
	u8 power = 1;

	for (u32 i = 0; i < nr_data; i++) {
		if (block < nr_data)
			row[i] = i == block;
		else
			row[i] = block == nr_data ? 1 : power;
		power = bch_gf_mul(power, 2);
	}
}

/* @row += @coef * @other. */
static void add_row(u32 nr, u8 *row, const u8 *other, u8 coef)
{
	for (u32 i = 0; i < nr; i++)
		row[i] ^= bch_gf_mul(coef, other[i]);
}

static void scale_row(u32 nr, u8 *row, u8 coef)
{
	for (u32 i = 0; i < nr; i++)
		row[i] = bch_gf_mul(coef, row[i]);
}

static void swap_rows(u8 *a, u8 *b)
{
	u8 held[MAX];

	memcpy(held, a, MAX);
	memcpy(a, b, MAX);
	memcpy(b, held, MAX);
}

/* Brings a row that has something in column @column up to that place. */
static bool find_pivot(struct matrix *m, struct matrix *inverse, u32 column)
{
	u32 row = column;

	while (row < m->nr && !m->at[row][column])
		row++;
	if (row == m->nr)
		return false;
	if (row != column) {
		swap_rows(m->at[row], m->at[column]);
		swap_rows(inverse->at[row], inverse->at[column]);
	}
	return true;
}

/* Gauss and Jordan; @m becomes the unit matrix. */
static bool invert(struct matrix *m, struct matrix *inverse)
{
	*inverse = (struct matrix){ .nr = m->nr };
	for (u32 i = 0; i < m->nr; i++)
		inverse->at[i][i] = 1;

	for (u32 column = 0; column < m->nr; column++) {
		u8 scale;

		if (!find_pivot(m, inverse, column))
			return false;
		scale = bch_gf_inverse(m->at[column][column]);
		scale_row(m->nr, m->at[column], scale);
		scale_row(m->nr, inverse->at[column], scale);
		for (u32 row = 0; row < m->nr; row++) {
			u8 coef = m->at[row][column];

			if (row == column || !coef)
				continue;
			add_row(m->nr, m->at[row], m->at[column], coef);
			add_row(m->nr, inverse->at[row], inverse->at[column], coef);
		}
	}
	return true;
}

/* ------------------------------------------------------------------ rebuild */

/* The blocks to sum, data first, for that leaves most coefficients 0. */
static u32 choose(u32 nr_blocks, u32 nr_data, u32 lost, u32 chosen[MAX])
{
	u32 nr = 0;

	for (u32 i = 0; i < nr_blocks && nr < nr_data; i++)
		if (!(lost >> i & 1))
			chosen[nr++] = i;
	return nr;
}

/* Of each chosen block, what of it makes @want. */
static bool get_coefs(u32 nr_data, const u32 chosen[MAX], u32 want, u8 coefs[MAX])
{
	struct matrix m = { .nr = nr_data }, inverse;
	u8 row[MAX] = { 0 };

	for (u32 i = 0; i < nr_data; i++)
		get_row(nr_data, chosen[i], m.at[i]);
	if (!invert(&m, &inverse))
		return false;
	get_row(nr_data, want, row);
	memset(coefs, 0, MAX);
	for (u32 i = 0; i < nr_data; i++)
		add_row(nr_data, coefs, inverse.at[i], row[i]);
	return true;
}

int bch_raid_rebuild(u32 nr_blocks, u32 nr_redundant, u32 lost, u32 want, u8 *const *blocks,
		     size_t len)
{
	u32 nr_data, nr = 0, chosen[MAX];
	u8 coefs[MAX], *in[MAX];

	if (nr_blocks > MAX || nr_redundant > BCH_RAID_REDUNDANT_MAX || nr_redundant >= nr_blocks ||
	    want >= nr_blocks)
		return -BCH_ERR_invalid_argument;
	nr_data = nr_blocks - nr_redundant;
	if (choose(nr_blocks, nr_data, lost | 1U << want, chosen) < nr_data ||
	    !get_coefs(nr_data, chosen, want, coefs))
		return -BCH_ERR_data_lost;

	for (u32 i = 0; i < nr_data; i++) {
		if (!coefs[i])
			continue;
		in[nr] = blocks[chosen[i]];
		coefs[nr++] = coefs[i];
	}
	bch_gf_sum(nr, coefs, in, blocks[want], len);
	return 0;
}
