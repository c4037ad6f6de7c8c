// SPDX-License-Identifier: GPL-2.0-or-later
/* What older software must run when it takes the filesystem: downgrade. Format reference: 01 §8.13. */

#include <string.h>

#include "ondisk/error_ids.h"
#include "ondisk/passes.h"
#include "ondisk/sb_private.h"

/* Entries lie on 2-byte boundaries. */
struct downgrade_entry {
	le16 version;
	le64 recovery_passes[2];
	le16 nr_errors;
};
_Static_assert(sizeof(struct downgrade_entry) == 20, "format reference 01 §8.13");

int bch_downgrade_next(struct bch_bytes *rest, struct bch_downgrade *d)
{
	const struct downgrade_entry *e = bch_bytes_view(*rest, 0, sizeof(*e));
	size_t len = e ? le16_get(e->nr_errors) * sizeof(le16) : 0;

	if (!e || !bch_bytes_view(*rest, sizeof(*e), len))
		return 0;
	*d = (struct bch_downgrade){
		.version = le16_get(e->version),
		.passes = { le64_get(e->recovery_passes[0]), le64_get(e->recovery_passes[1]) },
		.nr_errors = le16_get(e->nr_errors),
		.errors = { rest->p + sizeof(*e), len },
	};
	rest->p += sizeof(*e) + len;
	rest->len -= sizeof(*e) + len;
	return 1;
}

u16 bch_downgrade_error(const struct bch_downgrade *d, u32 i)
{
	const le16 *v = bch_bytes_view(d->errors, i * sizeof(*v), sizeof(*v));

	return v ? le16_get(*v) : 0;
}

size_t bch_downgrade_put(u8 to[BCH_DOWNGRADE_ENTRY_MAX], u16 version, u64 passes, const u16 *errors)
{
	struct downgrade_entry e = { .version = le16_of(version),
				     .recovery_passes = { le64_of(passes) } };
	u16 nr = 0;

	for (; nr < BCH_DOWNGRADE_ERRORS_MAX && errors[nr]; nr++) {
		le16 error = le16_of(errors[nr]);

		memcpy(to + sizeof(e) + nr * sizeof(error), &error, sizeof(error));
	}
	e.nr_errors = le16_of(nr);
	memcpy(to, &e, sizeof(e));
	return sizeof(e) + nr * sizeof(le16);
}

int bch_sb_validate_downgrade(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			      struct bch_buf *why)
{
	u16 major = BCH_VERSION_MAJOR(le16_get(super->sb->version));
	struct bch_bytes rest = body;
	struct bch_downgrade d;

	while (bch_downgrade_next(&rest, &d))
		if (BCH_VERSION_MAJOR(d.version) != major)
			return bch_sb_why(why, -BCH_ERR_invalid_sb_downgrade,
					  "entry with major version %u, filesystem has %u",
					  BCH_VERSION_MAJOR(d.version), major);
	if (flags & BCH_SB_VALIDATE_WRITE && rest.len >= sizeof(struct downgrade_entry))
		return bch_sb_why(why, -BCH_ERR_invalid_sb_downgrade,
				  "entry past the end of the section");
	return 0;
}

static void show_entry(struct bch_facts *facts, const struct bch_downgrade *d)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	bch_version_put(&buf, d->version);
	bch_fact(facts, "version", "%s", bch_buf_str(&buf));

	bch_buf_reset(&buf);
	for (u32 bit = 0; bit < 128; bit++)
		if (d->passes[bit / 64] >> bit % 64 & 1) {
			const char *name = bch_pass_name(bit);

			bch_buf_put(&buf, "%s%s", buf.len ? "," : "", name ? name : "unknown");
		}
	bch_fact(facts, "recovery passes", "%s", bch_buf_str(&buf));

	bch_buf_reset(&buf);
	for (u32 i = 0; i < d->nr_errors; i++) {
		const char *name = bch_fsck_error_name(bch_downgrade_error(d, i));

		bch_buf_put(&buf, "%s%s", buf.len ? "," : "", name ? name : "unknown");
	}
	bch_fact(facts, "errors", "%s", bch_buf_str(&buf));
}

void bch_sb_show_downgrade(struct bch_facts *facts, const struct bch_sb_show *show,
			   struct bch_bytes body)
{
	struct bch_downgrade d;

	bch_facts_list(facts, "entries");
	while (bch_downgrade_next(&body, &d)) {
		bch_facts_object(facts, NULL);
		show_entry(facts, &d);
		bch_facts_end(facts);
		bch_facts_blank(facts);
	}
	bch_facts_end(facts);
}
