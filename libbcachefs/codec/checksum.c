// SPDX-License-Identifier: GPL-2.0-or-later
/* Checksum types: names, computing, combining. Format reference: 05 §3. */

#include "codec.h"

#include <string.h>

#include <xxhash.h>

#include "chacha.h"
#include "crc.h"
#include "ondisk/le.h"

static const struct {
	const char *name;
	u8 nr_bytes; /* stored */
} types[BCH_CSUM_NR] = {
#define C(nr, name, bytes) [nr] = { #name, bytes },
	BCH_CSUM_TYPES(C)
#undef C
};

const char *bch_crc_name(void)
{
	return BCH_CRC.name;
}

const char *bch_csum_type_name(u8 type)
{
	return type < BCH_CSUM_NR ? types[type].name : NULL;
}

/* The first bytes of the MAC, as many as @type stores. */
static int csum_mac(u8 type, const struct bch_crypt_key *key, struct bch_nonce nonce,
		    struct bch_bytes bytes, struct bch_csum *csum)
{
	u8 mac[BCH_MAC_SIZE];
	le64 stored[2] = { 0 };

	if (!key)
		return -BCH_ERR_no_key;
	bch_poly1305(key, nonce, bytes.p, bytes.len, mac);
	memcpy(stored, mac, types[type].nr_bytes);
	*csum = (struct bch_csum){ le64_get(stored[0]), le64_get(stored[1]) };
	return 0;
}

int bch_csum(u8 type, const struct bch_crypt_key *key, struct bch_nonce nonce, const void *buf,
	     size_t len, struct bch_csum *csum)
{
	*csum = (struct bch_csum){ 0 };

	switch (type) {
	case BCH_CSUM_none:
		return 0;
	case BCH_CSUM_crc32c_nonzero:
		csum->lo = ~BCH_CRC.crc32c(BCH_U32_MAX, buf, len);
		return 0;
	case BCH_CSUM_crc64_nonzero:
		csum->lo = ~BCH_CRC.crc64(BCH_U64_MAX, buf, len);
		return 0;
	case BCH_CSUM_crc32c:
		csum->lo = BCH_CRC.crc32c(0, buf, len);
		return 0;
	case BCH_CSUM_crc64:
		csum->lo = BCH_CRC.crc64(0, buf, len);
		return 0;
	case BCH_CSUM_xxhash:
		csum->lo = XXH64(buf, len, 0);
		return 0;
	case BCH_CSUM_chacha20_poly1305_80:
	case BCH_CSUM_chacha20_poly1305_128:
		return csum_mac(type, key, nonce, (struct bch_bytes){ buf, len }, csum);
	default:
		return -BCH_ERR_invalid_argument;
	}
}

int bch_csum_merge(u8 type, struct bch_csum a, struct bch_csum b, u64 b_len, struct bch_csum *csum)
{
	*csum = (struct bch_csum){ 0 };

	switch (type) {
	case BCH_CSUM_none:
		return 0;
	case BCH_CSUM_crc32c:
		csum->lo = bch_crc32c_zeroes((u32)a.lo, b_len) ^ b.lo;
		return 0;
	case BCH_CSUM_crc64:
		csum->lo = bch_crc64_zeroes(a.lo, b_len) ^ b.lo;
		return 0;
	default:
		return -BCH_ERR_invalid_argument;
	}
}
