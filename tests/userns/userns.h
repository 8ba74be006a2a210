/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A world of one's own
 *
 * For tests of what needs privileges: in a new user namespace everybody is
 * root, over the network and the mounts that were made in it. Whatever a test
 * leaves there goes away with it.
 */

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tests/test.h"

static inline int userns_write_map(const char *path, unsigned id) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = text_printf(&text, "0 %u 1\n", id);
        if (r < 0)
                return r;

        return file_write(path, text);
}

/**
 * userns_enter() - become root of new user, network and mount namespaces
 *
 * A test calls it first; it does nothing when called again.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPERM, -ENOSPC, …   this machine does not let us
 */
static inline int userns_enter(void) {
        unsigned uid = geteuid(), gid = getegid();
        static bool entered = false;
        int r;

        if (entered)
                return 0;

        if (unshare(CLONE_NEWUSER|CLONE_NEWNET|CLONE_NEWNS) < 0)
                return -errno;

        r = userns_write_map("/proc/self/uid_map", uid);
        if (r < 0)
                return r;

        (void) file_write("/proc/self/setgroups", "deny");
        r = userns_write_map("/proc/self/gid_map", gid);
        if (r < 0)
                return r;

        if (mount("none", "/", "none", MS_SLAVE|MS_REC, NULL) < 0)
                return -errno;

        entered = true;
        return 0;
}

/**
 * userns_new_network() - make one more network namespace, and stay outside
 *
 * Return: a descriptor of it, negative error code on failure.
 * Errors: what unshare() or setns() run into
 */
static inline int userns_new_network(void) {
        _cleanup_close_ int own = -EBADF, fd = -EBADF;

        own = open("/proc/self/ns/net", O_RDONLY|O_CLOEXEC);
        if (own < 0)
                return -errno;
        if (unshare(CLONE_NEWNET) < 0)
                return -errno;

        fd = open("/proc/self/ns/net", O_RDONLY|O_CLOEXEC);
        if (setns(own, CLONE_NEWNET) < 0)
                abort();

        return fd < 0 ? -errno : TAKE_FD(fd);
}

/**
 * userns_enter_network() - go on in one more network namespace
 *
 * Each test begins with it, so that none finds what another one left.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what unshare() runs into
 */
static inline int userns_enter_network(void) {
        return unshare(CLONE_NEWNET) < 0 ? -errno : 0;
}

#define USERNS_TEST_BEGIN()                                                             \
        do {                                                                            \
                SKIP_UNLESS(userns_enter() >= 0, "user namespaces with a network");     \
                CHECK_OK(userns_enter_network());                                       \
        } while (0)
