// SPDX-License-Identifier: GPL-2.0-or-later
/* One pointer: where it leads, is what is there right, and what it is decrypted and decompressed. Format reference: 05. */

#include "file/blob.h"

#include "alloc/alloc.h"

/* ------------------------------------------------------------------ where */

struct bch_blkdev *bch_ptr_blkdev(const struct bch_fs *fs, const struct bch_ptr *p)
{
	return p->dev_idx < fs->nr_members ? fs->members[p->dev_idx].blkdev : NULL;
}

/* Format reference: 05 §2.9. */
int bch_ptr_is_stale(struct bch_fs *fs, const struct bch_ptr *p, bool *stale)
{
	struct bch_member m;
	u8 gen;
	int err;

	*stale = true;
	if (!bch_super_member(&fs->super, p->dev_idx, &m) || !m.bucket_size)
		return 0;
	err = bch_bucket_gen(fs, p->dev_idx, p->offset_sectors / m.bucket_size, &gen);
	*stale = !err && gen != p->gen;
	return err;
}

/* ------------------------------------------------------------------ what */

bool bch_crc_is_encoded(const struct bch_crc *crc)
{
	return crc->csum_type || bch_crc_is_compressed(crc);
}

/* Format reference: 05 §2.8. */
bool bch_crc_is_possible(const struct bch_key *k, const struct bch_crc *crc)
{
	return crc->csum_type < BCH_CSUM_NR && crc->compression_type < BCH_COMPRESSION_NR &&
	       crc->offset_sectors <= crc->uncompressed_sectors &&
	       k->size <= crc->uncompressed_sectors - crc->offset_sectors &&
	       (bch_crc_is_compressed(crc) || crc->compressed_sectors == crc->uncompressed_sectors);
}

struct bch_nonce bch_blob_nonce(const struct bch_key *k, const struct bch_crc *crc)
{
	bool compressed = bch_crc_is_compressed(crc);
	u32 sectors = compressed ? crc->uncompressed_sectors : 0;
	u32 type = compressed ? crc->compression_type : 0;

	return (struct bch_nonce){ {
		(sectors << 22) + 8 * crc->nonce,
		(u32)k->version_lo,
		(u32)(k->version_lo >> 32),
		(k->version_hi | type << 24) ^ BCH_NONCE_EXTENT,
	} };
}

int bch_blob_verify(const struct bch_fs *fs, const struct bch_key *k, const struct bch_crc *crc,
		    const void *blob)
{
	struct bch_csum have, want = { crc->csum_lo, crc->csum_hi };
	int err = bch_csum(crc->csum_type, fs->key, bch_blob_nonce(k, crc), blob,
			   BCH_BYTES(crc->compressed_sectors), &have);

	if (err)
		return err;
	return bch_csum_equal(have, want) ? 0 : -BCH_ERR_data_checksum;
}

int bch_blob_decode(const struct bch_fs *fs, const struct bch_key *k, const struct bch_crc *crc,
		    void *blob, void *out)
{
	size_t len = BCH_BYTES(crc->compressed_sectors);
	int err = bch_crypt(crc->csum_type, fs->key, bch_blob_nonce(k, crc), blob, len);

	if (err || !bch_crc_is_compressed(crc))
		return err;
	return bch_decompress(crc->compression_type, blob, len, out,
			      BCH_BYTES(crc->uncompressed_sectors));
}

int bch_blob_read(struct bch_fs *fs, const struct bch_key *k, const struct bch_extent_ptr *p,
		  void *blob)
{
	struct bch_blkdev *dev = bch_ptr_blkdev(fs, &p->ptr);
	int err;

	if (!dev)
		return -BCH_ERR_device_missing;
	err = bch_blkdev_read(dev, blob, BCH_BYTES(p->crc.compressed_sectors),
			      BCH_BYTES(p->ptr.offset_sectors));
	return err ? err : bch_blob_verify(fs, k, &p->crc, blob);
}
