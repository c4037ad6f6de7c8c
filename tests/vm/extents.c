// SPDX-License-Identifier: GPL-2.0-or-later
/* Inside the test machine: a line an extent of each file that is named, as FIEMAP says it. For fiemap.sh. */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/fiemap.h>
#include <linux/fs.h>

#define ROOM 16384 /* extents */

static union {
	struct fiemap map;
	uint8_t room[sizeof(struct fiemap) + ROOM * sizeof(struct fiemap_extent)];
} u;

static int print_extents(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOATIME);

	memset(&u.map, 0, sizeof(u.map));
	u.map.fm_length = ~0ULL;
	u.map.fm_extent_count = ROOM;
	if (fd < 0 || ioctl(fd, FS_IOC_FIEMAP, &u.map) || u.map.fm_mapped_extents == ROOM) {
		perror(path);
		return 1;
	}
	close(fd);
	for (uint32_t i = 0; i < u.map.fm_mapped_extents; i++) {
		const struct fiemap_extent *e = &u.map.fm_extents[i];

		for (const char *c = path; *c; c++)
			printf(*c <= ' ' || *c == 0x7f || *c == '\\' ? "\\x%02x" : "%c",
			       (uint8_t)*c);
		printf("\t%llu\t%llu\t%llu\t%x\n", (unsigned long long)e->fe_logical,
		       (unsigned long long)e->fe_length, (unsigned long long)e->fe_physical,
		       e->fe_flags);
	}
	return 0;
}

/* Paths from the directory that is named first. */
int main(int argc, char **argv)
{
	int failed = argc < 2 || chdir(argv[1]);

	for (int i = 2; i < argc; i++)
		failed |= print_extents(argv[i]);
	return failed;
}
