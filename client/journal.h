/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Journals
 *
 * The journal of a machine, as journalctl prints it. Its files are the machine's to
 * write, so whoever reads them may be taken over by them: journalctl runs as nobody,
 * with a capability to read and nothing else, gets the directory as a descriptor that
 * leads nowhere else, and writes to a pipe. What goes to a terminal is made harmless.
 */

#include "client/client.h"
#include "lib/base/base.h"

/**
 * journal_open() - open the journal of a machine
 * @client:             the client, connected
 * @machine:            name of the machine
 * @reterr:             what the daemon said, on failure
 *
 * Of a machine that does not run, root finds it in /var/lib/machines.
 *
 * Return: a descriptor of the directory, or a negative error code on failure.
 * Errors: -E_NO_SUCH_MACHINE   it does not run, and there is no journal of it
 *         -ENOENT              it keeps none
 *         -EOPNOTSUPP          it is a VM, or what stands for machine1 cannot open it
 *         others               what the daemon ran into
 */
int journal_open(Client *client, const char *machine, sd_bus_error *reterr);

typedef struct JournalRequest {
        int directory_fd;       /* from journal_open(), or -EBADF */
        const char *path;       /* directory of the host, if there is no descriptor, or NULL */
        const char *host_unit;  /* of what the host's journal has, if there is neither */
        const char *machine;    /* at whose end it ends; NULL: at the end of the journal */
        unsigned lines;         /* LINES_ALL: all */
        bool this_boot;         /* only what there is since the machine is up */
        bool begins_apart;      /* an empty line goes before the first one */
} JournalRequest;

/**
 * journal_show() - print a journal
 * @client:             its options say what of it, and how
 * @request:            which
 * @ret_any:            return location for whether there was anything, or NULL
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      there is no journalctl
 *         -EIO         journalctl has failed, and said why
 *         others       starting it failed
 */
int journal_show(Client *client, const JournalRequest *request, bool *ret_any);
