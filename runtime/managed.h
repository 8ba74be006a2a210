/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Managed users
 *
 * systemd-nsresourced lends ranges of users to who has a user namespace that has none
 * yet, writes its maps, and takes them back when the namespace is gone. Until then it
 * sees to it that no file with such an owner is left on a disk. It is asked by
 * runtime/late, which has the libraries for that.
 */

#include "lib/kernel/uid-range.h"
#include "runtime/run.h"

/* Where the services listen that who makes machines inside asks: of the host, and of the guest. */
#define MANAGED_SERVICES "/run/systemd"
#define MANAGED_USERS "io.systemd.NamespaceResource"
#define MANAGED_MOUNTS "io.systemd.MountFileSystem"

/**
 * managed_take_range() - have users lent to a machine
 * @run:                the run, with what its spec says of them; its object is named
 * @ret:                return location for the range, with the user namespace that has
 *                      it, see uid_range_release()
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT, -ECONNREFUSED       systemd-nsresourced does not listen
 *         -ETIMEDOUT                   it does not answer
 *         -EOPNOTSUPP                  it cannot on this kernel
 *         -EUSERS                      there are none left
 *         -EREMOTEIO                   it refuses, with another error
 *         -EPROTO                      its answer makes no sense
 *         others                       what making the namespace runs into
 */
int managed_take_range(Run *run, UidRange *ret);
