/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms that commands have for what the kernel has mounted. Each has the name of its unmounted form, whose .mounted it is. */

#ifndef BCHFS_CMD_MOUNTED_H
#define BCHFS_CMD_MOUNTED_H

struct cli_command;

#define MOUNTED_SUMMARY "the same of a mounted filesystem, where the kernel does it"

extern const struct cli_command mounted_device_remove;
extern const struct cli_command mounted_device_evacuate;
extern const struct cli_command mounted_device_set_state;
extern const struct cli_command mounted_device_resize;
extern const struct cli_command mounted_device_resize_journal;
extern const struct cli_command mounted_data_rereplicate;
extern const struct cli_command mounted_data_job;
extern const struct cli_command mounted_subvolume_create;
extern const struct cli_command mounted_subvolume_delete;
extern const struct cli_command mounted_subvolume_snapshot;
extern const struct cli_command mounted_set_file_option;

#endif
