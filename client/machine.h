/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Machines, as the client sees them
 *
 * What the daemon told of one, put together from the answers to several calls.
 * All text in it is safe to print. What the daemon refused is just not there.
 */

#include "client/calls.h"
#include "client/client.h"
#include "lib/base/base.h"

typedef struct Address {
        int family;
        char text[48];          /* INET6_ADDRSTRLEN and a bit */
        bool is_link_local;
} Address;

typedef struct Machine {
        char *name;
        char *path;             /* of its object; NULL until known */
        json_t *properties;     /* of that object, or NULL */
        json_t *os;             /* os-release, or NULL */
        json_t *uid_shift;      /* of its users on the host, or NULL */
        json_t *frozen;         /* whether it stands still, or NULL: not berthd, or not known */
        Address *addresses;
        size_t n_addresses;
        bool knows_os;          /* the daemon has told, if only that there is none */
        bool knows_addresses;
        int error;              /* why it could not be looked at, 0 if it could */
        char *error_text;       /* what the daemon said of that, or NULL */
} Machine;

/* A list of machines. */
typedef struct Machines {
        Machine *machines;
        size_t n;
} Machines;

void machines_done(Machines *list);

/**
 * machines_add() - append a machine to a list
 * @list:               list to extend; no call may be open for any in it
 * @name:               name of the machine
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int machines_add(Machines *list, const char *name);

/**
 * machine_object_path() - path of a machine's object
 * @name:               the machine's name
 * @ret:                return location for the path
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int machine_object_path(const char *name, char **ret);

/* These add a call, whose answer is put into the machine. It must stay where
 * it is until calls_run(). */
int machine_request_os(Calls *calls, Machine *m);
int machine_request_uid_shift(Calls *calls, Machine *m);
int machine_request_frozen(Calls *calls, Machine *m);
int machine_request_addresses(Calls *calls, Machine *m);

/**
 * machine_read_details() - read what ListMachineDetails() tells of the inside
 * @reply:              message to read "bssba(iay)" from
 * @m:                  the machine
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EBADMSG     the message is not what it claims to be
 *         -ENOMEM
 */
int machine_read_details(sd_bus_message *reply, Machine *m);

/**
 * machine_request_all() - look a machine up, then ask for its properties
 * @calls:              the calls to add to
 * @m:                  the machine; its error is set if it is not there
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as calls_add()
 */
int machine_request_all(Calls *calls, Machine *m);

/**
 * machines_request() - ask for several machines at once
 * @bus:                connection to the daemon
 * @names:              their names
 * @request:            asks for one: machine_request_all(), or more
 * @list:               list to add them to, in the order of the names
 *
 * Waits for all answers; what one machine's calls ran into is noted in it.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into
 */
int machines_request(
                sd_bus *bus,
                char *const *names,
                int (*request)(Calls *calls, Machine *m),
                Machines *list);
