/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The journal of a machine, seen from the host
 *
 * A symbolic link from the host's /var/log/journal/ID to the directory of that
 * name in the machine's root directory, which makes journalctl -m show it.
 *
 * Whoever reads the host's journals then follows a path whose end is in the
 * guest's hands. It is made sure first that no component of it below the
 * machine's root directory is a symbolic link, so what is linked is a directory
 * of the guest, on the path that the host's readers will take. Later the guest
 * can replace one of those directories by a symbolic link, and the kernel
 * follows that on the host's side. We accept this, for these reasons:
 *
 *  - the guest learns nothing: what is read goes to whoever called journalctl,
 *    who could read it anyway;
 *  - nothing is written: journald and journalctl open what is there read-only,
 *    without blocking, and only regular files with a journal's name;
 *  - what such a file says has to be taken for hostile without that, too: the
 *    guest writes its own.
 *
 * A mount in place of the link could not be redirected, but it would be gone,
 * and the journal with it, whenever the machine does not run, and it would not
 * be seen on the host when the daemon has mounts of its own, as its unit asks.
 * Our own programs do not go this way: they read through the root directory's
 * descriptor. A link whose end has become a symbolic link is not renewed.
 */

#include "lib/base/base.h"
#include "lib/base/id128.h"

#define JOURNAL_DIRECTORY "/var/log/journal"

typedef struct JournalRequest {
        const char *directory;  /* JOURNAL_DIRECTORY, but for tests */
        const char *root;       /* the machine's root directory: an absolute path of the host */
        Id128 id;               /* the machine's id */
        Id128 host;             /* the host's */
} JournalRequest;

/**
 * journal_link() - show a machine's journal on the host
 * @request:            which
 *
 * A link that points elsewhere is replaced if there is nothing where it points.
 *
 * Return: 1 if it is linked now, 0 if it was so before, negative error code on
 *         failure, which is no reason to refuse the machine.
 * Errors: -ENOENT              host or guest keep no journal on disk
 *         -EEXIST              the host has something else under that name
 *         -EINVAL              no id, the host's own id, or not a root directory
 *         -E_UNSAFE_PATH       the guest's directory is not one, or not its own
 *         others               what looking or linking runs into
 */
int journal_link(const JournalRequest *request);

/**
 * journal_unlink() - take back what journal_link() did
 * @request:            the same request
 *
 * Return: 1 if it is gone now, 0 if there was no such link, negative error code
 *         on failure.
 * Errors: what looking or unlinking runs into
 */
int journal_unlink(const JournalRequest *request);
