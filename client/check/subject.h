/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The subject of a check
 *
 * A live guest of whatever manager: its leader, held by a pidfd, what the machine
 * service tells of it, if it knows it, and ways to look at it. Nothing in it is read
 * before it is asked for; whatever the guest may have had a hand in may keep who asks
 * waiting.
 */

#include <sys/stat.h>

#include "client/check/mountinfo.h"
#include "lib/base/base.h"
#include "lib/base/id128.h"

typedef struct Subject {
        char *name;             /* of the machine, or NULL: it is not registered */
        pid_t pid;              /* of the leader, in our pid namespace */
        int leader;             /* pidfd of it */
        int root_fd;            /* the guest's root directory, for lib/base/beneath.h */
        char *cgroup;           /* of the leader, in the unified hierarchy, or NULL */
        int delegate;           /* whether its unit's group is delegated, or an error code */
} Subject;

void subject_init(Subject *s);
void subject_done(Subject *s);

/**
 * subject_open() - take hold of a guest
 * @s:                  the subject, initialized
 * @pid:                its leader
 * @name:               the machine's name, or NULL
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       no such process
 *         -EINVAL      it is in our own mount namespace: not a guest
 *         -EPERM, -EACCES      not for us to look into
 */
int subject_open(Subject *s, pid_t pid, const char *name);

/**
 * subject_stat() - look at a file of the guest
 * @s:                  the subject
 * @path:               path in the guest
 * @follow:             whether to follow a link in its last component
 * @ret:                return location for what it is
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what openat2() runs into
 */
int subject_stat(const Subject *s, const char *path, bool follow, struct stat *ret);

/**
 * subject_is_read_only() - ask the kernel whether a place can be written to
 * @s:                  the subject
 * @path:               path in the guest
 *
 * Return: 1 if it lies on what is read-only, 0 if not, negative error code.
 * Errors: what openat2() and fstatvfs() run into
 */
int subject_is_read_only(const Subject *s, const char *path);

/**
 * subject_read() - read a small file of the guest
 * @s:                  the subject
 * @path:               path in the guest
 * @ret:                return location for its text
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as beneath_read()
 */
int subject_read(const Subject *s, const char *path, char **ret);

/**
 * subject_read_link() - read a symbolic link of the guest
 * @s:                  the subject
 * @path:               path in the guest
 * @ret:                return location for what it points to
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      it is no link
 *         others       what openat2() runs into
 */
int subject_read_link(const Subject *s, const char *path, char **ret);

/**
 * subject_mounts() - list the guest's mounts
 * @s:                  the subject
 * @ret:                return location for them
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as process_read()
 */
int subject_mounts(const Subject *s, Mounts *ret);

/**
 * subject_variable() - find a variable in the environment that the leader was given
 * @s:                  the subject
 * @name:               its name
 * @ret:                return location for its value, or NULL if it has none
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as process_read()
 */
int subject_variable(const Subject *s, const char *name, char **ret);

/**
 * subject_mask() - read a set of bits from the leader's status
 * @s:                  the subject
 * @key:                as "CapBnd"
 * @ret:                return location for the bits
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENODATA     there is no such line
 *         others       as process_read()
 */
int subject_mask(const Subject *s, const char *key, uint64_t *ret);

/**
 * subject_join() - go into namespaces of the guest
 * @s:                  the subject
 * @flags:              CLONE_NEW…; not those of processes and mounts, which would show us to it
 *
 * There is no way back: for processes that are about to end.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what setns() runs into
 */
int subject_join(const Subject *s, int flags);

/* Whether a namespace of the guest ("net", "user", …) is its own. */
bool subject_has_own(const Subject *s, const char *type);

/**
 * subject_each_process() - look at the processes of the guest
 * @s:                  the subject
 * @each:               called for each one in the leader's pid namespace; what is not 0
 *                      ends it
 * @userdata:           for @each
 *
 * Return: 0, or what @each has returned, or a negative error code.
 * Errors: what reading /proc runs into
 */
int subject_each_process(const Subject *s, int (*each)(pid_t pid, void *userdata), void *userdata);

/* Parsers of what the kernel says, for the above. */

/* The value of NAME in a block of NAME=VALUE, each with a NUL behind it; or NULL. */
const char *environment_block_find(const char *block, size_t size, const char *name);

/* As subject_mask(), from the text. */
int status_find_mask(const char *text, const char *key, uint64_t *ret);
