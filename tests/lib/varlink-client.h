/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A Varlink client on the event loop of its server, which it has run whenever it
 * would have to wait.
 */

#include "daemon/varlink/varlink-server.h"

typedef struct VarlinkClient {
        int fd;
        int received_fd;                /* the last one that came */
        char *received;
        size_t n_received;
        void (*settle)(void *userdata); /* runs the loop until it is idle */
        void *userdata;
} VarlinkClient;

/* Connects it to a server, as ourselves or as another user, for which root is needed. */
void varlink_client_open(VarlinkClient *c, VarlinkServer *s, void (*settle)(void *userdata), void *userdata);
void varlink_client_open_as(
                VarlinkClient *c,
                VarlinkServer *s,
                uid_t uid,
                void (*settle)(void *userdata),
                void *userdata);

/* Makes a connection whose both ends are that user's, as the kernel tells. */
void varlink_client_pair(uid_t uid, int ret[static 2]);
void varlink_client_close(VarlinkClient *c);

/* Sends what fits, and goes on until all has been sent or nobody reads any more. */
void varlink_client_send(VarlinkClient *c, const char *data, size_t size);

/* Takes what has come without looking at it. */
void varlink_client_receive(VarlinkClient *c);

/* The next message that came, or NULL; to be freed. */
char *varlink_client_next(VarlinkClient *c);
