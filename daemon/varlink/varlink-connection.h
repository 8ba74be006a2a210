/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Varlink connection
 *
 * One client, and its calls. They are taken one after the other: while one waits
 * for its answer, be it that of an administrator who is typing a password, those
 * behind it wait in the socket, and so does a client that sends without reading.
 *
 *      VarlinkListener.called(call)    the owner has the call until it ends it by
 *                                      one of varlink_call_reply(), …_fail()
 *      varlink_call_reply()            the next one's turn
 *
 * A client that goes away cancels nothing: what it has sent is carried out, for
 * nobody to hear of. Who only works for the client's eyes, as a list or a
 * subscription, asks to be told (VarlinkWatch).
 */

#include <systemd/sd-event.h>

#include "daemon/varlink/varlink-message.h"
#include "lib/kernel/peer.h"

/* Bytes for a client that are queued before it has to read some of them. */
#define VARLINK_OUTPUT_LOW ((size_t) 64 * 1024)

/* Calls that a client may have answered before it is others' turn. */
#define VARLINK_CALLS_PER_TURN 16

typedef struct VarlinkConnection VarlinkConnection;
typedef struct VarlinkCall VarlinkCall;

/* What a connection tells its owner of. */
typedef struct VarlinkListener {
        void (*called)(void *userdata, VarlinkCall *call);
        void (*ended)(void *userdata, VarlinkConnection *c);    /* to be freed */
        void *userdata;
} VarlinkListener;

/* What the connection tells who answers a call in parts. Both may end the call. */
typedef struct VarlinkWatch {
        void (*writable)(void *userdata);       /* after varlink_call_notify() said to wait */
        void (*gone)(void *userdata);           /* the client has; the call must be ended now */
        void *userdata;
} VarlinkWatch;

/**
 * varlink_connection_new() - serve a client
 * @event:              event loop; a reference is taken
 * @fd:                 connected socket, which does not block; taken over on success only
 * @listener:           the owner
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what asking for the peer or sd-event runs into
 */
int varlink_connection_new(sd_event *event, int fd, VarlinkListener listener, VarlinkConnection **ret);

/**
 * varlink_connection_free() - drop a client
 * @c:                  the connection, or NULL
 *
 * Return: NULL, always.
 */
VarlinkConnection *varlink_connection_free(VarlinkConnection *c);
DEFINE_CLEANUP(VarlinkConnection, varlink_connection_free);

const Peer *varlink_connection_peer(const VarlinkConnection *c);

/* "io.systemd.Machine.List" */
const char *varlink_call_method(const VarlinkCall *call);

/* An object; borrowed. */
json_t *varlink_call_parameters(VarlinkCall *call);

/* Whether the client takes more than one reply. */
bool varlink_call_wants_more(const VarlinkCall *call);

/* Whether it asks for another protocol. */
bool varlink_call_wants_upgrade(const VarlinkCall *call);

/* Who is calling: to be read before VarlinkListener.called() returns. */
const Peer *varlink_call_peer(const VarlinkCall *call);

/**
 * varlink_call_watch() - be told of the client
 * @call:               the call
 * @watch:              what is to be told of, until it is ended
 */
void varlink_call_watch(VarlinkCall *call, VarlinkWatch watch);

/**
 * varlink_call_notify() - answer a call in part, with more to come
 * @call:               the call; its client wants more than one reply
 * @parameters:         an object; taken over. NULL: out of memory, which
 *                      ends the connection
 *
 * Return: whether to go on; if not, wait for VarlinkWatch.writable().
 */
bool varlink_call_notify(VarlinkCall *call, json_t *parameters);

/**
 * varlink_call_reply() - answer a call
 * @call:               the call; gone afterwards
 * @parameters:         an object; taken over. NULL: out of memory, which
 *                      ends the connection
 */
void varlink_call_reply(VarlinkCall *call, json_t *parameters);

/**
 * varlink_call_reply_fd() - answer a call with a descriptor
 * @call:               the call; gone afterwards
 * @parameters:         as for varlink_call_reply(); it refers to the descriptor as 0
 * @fd:                 the descriptor; taken over
 */
void varlink_call_reply_fd(VarlinkCall *call, json_t *parameters, int fd);

/**
 * varlink_call_fail() - answer a call with an error
 * @call:               the call; gone afterwards
 * @error:              name of the error
 * @parameters:         an object, taken over, or NULL: there are none
 */
void varlink_call_fail(VarlinkCall *call, const char *error, json_t *parameters);

/**
 * varlink_call_drop() - give no answer
 * @call:               the call, whose client has gone; gone afterwards, too
 */
void varlink_call_drop(VarlinkCall *call);
