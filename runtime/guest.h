/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The guest's tree
 *
 * How the steps of STAGE_OUTER get at the places where they mount. The image
 * is hostile: its /dev may be a symbolic link.
 */

#include "runtime/run.h"

/* Where the kernel tells of SELinux, and is told. */
#define GUEST_SELINUX "/sys/fs/selinux"

/* In /proc, what leaks the host's secrets or commands its kernel; and what
 * configures its hardware. Kernels differ in what they have. */
extern const char *const guest_proc_masked[];
extern const char *const guest_proc_read_only[];

/**
 * guest_open_top() - open one of the guest's top directories, to mount there
 * @run:                the run
 * @name:               "dev", "proc", …
 *
 * Made if it is missing. A symbolic link is not followed.
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: -ENOTDIR     it is a symbolic link, or something else
 *         others       what mkdirat() or openat() run into
 */
int guest_open_top(const Run *run, const char *name);

/**
 * guest_make_directory() - make a directory in a file system that is all ours
 * @directory_fd:       where
 * @name:               its name, one component
 * @mode:               its permissions
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what mkdirat() runs into
 */
int guest_make_directory(int directory_fd, const char *name, mode_t mode);

/**
 * guest_write_file() - make a file in a file system that is all ours
 * @directory_fd:       where
 * @name:               its name, one component
 * @mode:               its permissions
 * @text:               what it contains
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what opening or writing runs into
 */
int guest_write_file(int directory_fd, const char *name, mode_t mode, const char *text);

/**
 * guest_attach_at() - attach a mount in a file system that is all ours
 * @mount_fd:           the mount
 * @directory_fd:       where
 * @name:               path there; its last component is no symbolic link
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      no such place
 *         others       what move_mount() runs into
 */
int guest_attach_at(int mount_fd, int directory_fd, const char *name);

/**
 * guest_bind_file() - show one of the host's files in place of one in the image
 * @run:                the run
 * @source:             its path on the host
 * @target:             path of one in the image, that is there
 *
 * It is read-only, and no program.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      one of them is missing
 *         others       what mounting runs into
 */
int guest_bind_file(const Run *run, const char *source, const char *target);

/**
 * guest_remove_file() - remove a file of the image, or a link
 * @run:                the run
 * @path:               its path
 *
 * Return: 0 on success, also if there is none, negative error code on failure.
 * Errors: what unlinkat() runs into
 */
int guest_remove_file(const Run *run, const char *path);

/**
 * guest_mount_new() - make a file system for the guest
 * @run:                the run, whose spec may say what SELinux takes those in memory for
 * @type:               as for mount_new()
 * @options:            as for mount_new()
 * @attributes:         as for mount_new()
 *
 * Return: a descriptor of its root, detached, or a negative error code on failure.
 * Errors: -E2BIG       too many options
 *         others       what mount_new() runs into
 */
int guest_mount_new(const Run *run, const char *type, const char *const *options, unsigned attributes);

/**
 * guest_mount_at() - make a file system and attach it at once
 * @run:                as for guest_mount_new()
 * @type:               as for mount_new()
 * @options:            as for mount_new()
 * @attributes:         as for mount_new()
 * @directory_fd:       as for guest_attach_at()
 * @name:               as for guest_attach_at()
 *
 * Return: a descriptor of its root, or a negative error code on failure.
 * Errors: what mount_new() and guest_attach_at() run into
 */
int guest_mount_at(
                const Run *run,
                const char *type,
                const char *const *options,
                unsigned attributes,
                int directory_fd,
                const char *name);
