/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Varlink server
 *
 * Sockets where clients connect, and the interfaces that they find there. Everybody
 * may connect, and ask: who may do what is up to the methods.
 */

#include <systemd/sd-event.h>

#include "daemon/varlink/varlink-connection.h"

/* Errors that every method may answer with. */
#define VARLINK_INTERFACE_NOT_FOUND "org.varlink.service.InterfaceNotFound"
#define VARLINK_METHOD_NOT_FOUND "org.varlink.service.MethodNotFound"
#define VARLINK_METHOD_NOT_IMPLEMENTED "org.varlink.service.MethodNotImplemented"
#define VARLINK_INVALID_PARAMETER "org.varlink.service.InvalidParameter"
#define VARLINK_PERMISSION_DENIED "org.varlink.service.PermissionDenied"
#define VARLINK_EXPECTED_MORE "org.varlink.service.ExpectedMore"

typedef struct VarlinkServer VarlinkServer;

/* A row of an interface. Tables of them end with an empty row. */
typedef struct VarlinkMethod {
        const char *name;
        const VarlinkField *fields;     /* its parameters, or NULL: there are none */

        /* Its parameters are as the table says. It must end the call, now or later. */
        void (*call)(VarlinkServer *s, VarlinkCall *call);
        bool needs_more;                /* makes no sense with a single reply */
} VarlinkMethod;

typedef struct VarlinkInterface {
        const char *name;
        const char *description;        /* in Varlink's own language */
        const VarlinkMethod *methods;
} VarlinkInterface;

/**
 * varlink_server_new() - create a server
 * @event:              event loop; a reference is taken
 * @interfaces:         what it offers, NULL behind the last; borrowed
 * @userdata:           for the methods
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int varlink_server_new(
                sd_event *event,
                const VarlinkInterface *const *interfaces,
                void *userdata,
                VarlinkServer **ret);

/**
 * varlink_server_free() - drop all clients, and remove the sockets we made
 * @s:                  the server, or NULL
 *
 * Return: NULL, always.
 */
VarlinkServer *varlink_server_free(VarlinkServer *s);
DEFINE_CLEANUP(VarlinkServer, varlink_server_free);

/**
 * varlink_server_bind() - make a socket for clients to connect to
 * @s:                  the server
 * @path:               where; what is there is replaced
 *
 * A server has one socket.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENAMETOOLONG        @path is no address of a socket
 *         others               what creating the socket runs into
 */
int varlink_server_bind(VarlinkServer *s, const char *path);

/**
 * varlink_server_listen() - serve those who connect to a socket
 * @s:                  the server
 * @fd:                 listening socket, which somebody else made; taken over on
 *                      success only
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-event runs into
 */
int varlink_server_listen(VarlinkServer *s, int fd);

/**
 * varlink_server_serve() - serve one client
 * @s:                  the server
 * @fd:                 connected socket, which does not block; taken over, whatever comes of it
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EBUSY       too many are there, of this user or at all
 *         others       what varlink_connection_new() runs into
 */
int varlink_server_serve(VarlinkServer *s, int fd);

void *varlink_server_userdata(const VarlinkServer *s);

/* NULL behind the last. */
const VarlinkInterface *const *varlink_server_interfaces(const VarlinkServer *s);

/* How many clients there are. */
size_t varlink_server_n_connections(const VarlinkServer *s);

/**
 * varlink_call_fail_parameter() - say which parameter of a call is wrong
 * @call:               the call; gone afterwards
 * @parameter:          its name
 */
void varlink_call_fail_parameter(VarlinkCall *call, const char *parameter);
