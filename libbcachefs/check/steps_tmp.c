#include "check/check.h"
int bch_check_snapshot_trees(struct bch_check *c)
{
	return 0;
}
int bch_check_snapshots(struct bch_check *c)
{
	return 0;
}
int bch_check_subvols(struct bch_check *c)
{
	return 0;
}
int bch_check_inodes(struct bch_check *c)
{
	return 0;
}
int bch_check_names(struct bch_check *c)
{
	return 0;
}
int bch_check_links(struct bch_check *c)
{
	return 0;
}
