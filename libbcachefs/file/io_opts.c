// SPDX-License-Identifier: GPL-2.0-or-later
/* How the data of a file is to be stored, now and by the mover later. Format reference: 04 §6.9; 05 §3.1, §9. */

#include "alloc/alloc.h"
#include "codec/codec.h"
#include "file/private.h"
#include "ondisk/csum_types.h"
#include "ondisk/data_types.h"

/* Since then the entry names all options, and where no background_target is set data goes to foreground_target. */
#define VERSION_ALL_OPTS BCH_VERSION(1, 20)

/* An inode's value is biased by one: 0 is none. */
static u16 choose(const struct bch_fs *fs, enum bch_opt_id opt, u32 biased)
{
	return (u16)(biased ? biased - 1 : bch_sb_opt(fs->super.sb, opt));
}

struct bch_io_opts bch_io_opts(const struct bch_fs *fs, const struct bch_inode *inode)
{
	static const struct bch_inode none;
	const struct bch_inode *i = inode ? inode : &none;
	struct bch_io_opts o = {
#define O(name) .name = choose(fs, BCH_OPT_##name, i->bi_##name)
		O(data_checksum),  O(compression),	 O(background_compression),
		O(data_replicas),  O(foreground_target), O(background_target),
		O(promote_target), O(erasure_code),	 O(nocow),
#undef O
	};

#define O(nr, name) o.from_inode = (u8)(o.from_inode | !!i->bi_##name << nr);
	BCH_EXTENT_OPTS(O)
#undef O
	if (o.nocow)
		o.data_checksum = o.compression = o.background_compression = 0, o.erasure_code = 0;
	return o;
}

static struct bch_extent_opts wanted(const struct bch_fs *fs, const struct bch_io_opts *o)
{
	struct bch_extent_opts w = { 0 };

	w.value[BCH_EXTENT_OPT_background_compression] =
		o->background_compression ? o->background_compression : o->compression;
	w.value[BCH_EXTENT_OPT_background_target] = o->background_target;
	if (le16_get(fs->super.sb->version) < VERSION_ALL_OPTS)
		return w;
	if (!o->background_target)
		w.value[BCH_EXTENT_OPT_background_target] = o->foreground_target;
	w.value[BCH_EXTENT_OPT_data_replicas] = o->data_replicas;
	w.value[BCH_EXTENT_OPT_data_checksum] = o->data_checksum;
	w.value[BCH_EXTENT_OPT_erasure_code] = o->erasure_code;
	w.value[BCH_EXTENT_OPT_promote_target] = o->promote_target;
	w.from_inode = o->from_inode;
	return w;
}

void bch_io_need_compression(struct bch_fs *fs, u8 option)
{
	static const u8 features[BCH_COMPRESSION_NR] = {
		[BCH_COMPRESSION_lz4] = BCH_FEATURE_lz4,
		[BCH_COMPRESSION_gzip] = BCH_FEATURE_gzip,
		[BCH_COMPRESSION_zstd] = BCH_FEATURE_zstd,
	};
	u8 type = bch_compression_type(option);

	if (type)
		bch_writer_need_feature(fs, features[type]);
}

bool bch_io_opts_rebalance(const struct bch_fs *fs, const struct bch_io_opts *opts,
			   const struct bch_key *key, struct bch_extent_opts *rebalance)
{
	*rebalance = wanted(fs, opts);
	return bch_rebalance_todo(fs, key, rebalance) > 0;
}
