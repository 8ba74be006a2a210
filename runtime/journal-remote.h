/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Writing down what a machine logs
 *
 * systemd-journal-remote(8), run for one machine: it takes what the machine's journald
 * sends, which is hostile text, and writes it into a journal of the host. It has no
 * network, few privileges, and ends when we do.
 */

#include "lib/base/base.h"

/* As old as one must be that keeps limits. */
#define JOURNAL_REMOTE_LIMITS 253

typedef struct JournalRemoteRequest {
        const char *output;     /* a journal file, made if it is not there */
        int listen_fd;          /* where the machine connects to; in a directory of root's */
        int settings_fd;        /* to be its /etc/systemd: a detached mount; -EBADF: the host's */
} JournalRemoteRequest;

/* One that runs. What it says is not passed on: a machine could make it say anything, and without end. */
typedef struct JournalRemote {
        int pidfd;
        int said_fd;
} JournalRemote;

#define JOURNAL_REMOTE_NONE (JournalRemote) { .pidfd = -EBADF, .said_fd = -EBADF }

#define JOURNAL_REMOTE_SAID_MAX 128

/**
 * journal_remote_is_there() - find out whether the host has one
 *
 * Return: true if it has.
 */
bool journal_remote_is_there(void);

/**
 * journal_remote_version() - find out which one the host has
 *
 * Return: its version, or a negative error code on failure.
 * Errors: -ENOENT      none
 *         -EIO         it does not say
 *         others       what running it runs into
 */
int journal_remote_version(void);

/**
 * journal_remote_start() - run it
 * @request:            what for
 * @ret:                return location for the one that runs, see journal_remote_stop()
 * @reterr_said:        return location for what it said last, possibly "", with -EIO
 *
 * Returns when it has opened the journal and listens.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      the host has none
 *         -EIO         it has ended at once
 *         -ETIMEDOUT   it does not get ready
 *         others       what running it runs into
 */
int journal_remote_start(
                const JournalRemoteRequest *request,
                JournalRemote *ret,
                char reterr_said[static JOURNAL_REMOTE_SAID_MAX]);

/**
 * journal_remote_stop() - end it
 * @remote:             the one that runs, if there is one
 */
void journal_remote_stop(JournalRemote *remote);
