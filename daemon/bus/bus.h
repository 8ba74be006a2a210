/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Bus
 *
 * The daemon's D-Bus door: the same objects on every connection, be it the one
 * to the system bus, or those of clients on the private socket. A handler reads,
 * authorizes, acts in the core, and replies; the core knows nothing of messages.
 */

#include <systemd/sd-bus.h>

#include "daemon/bus/sender.h"
#include "daemon/core/manager.h"
#include "daemon/core/operation.h"
#include "daemon/core/survey.h"

#define MACHINE_PATH_PREFIX "/org/freedesktop/machine1/machine"

/* For bus_serve(): the connection is to a broker. */
#define BUS_NO_PEER ((uid_t) -1)

/* Connections of root on the private socket; others are a Crowd. */
#define PEERS_OF_ROOT_MAX 4096

typedef struct BusConnection BusConnection;
typedef struct BusCall BusCall;

/* Shared by all connections; machines come and go through the listener. */
typedef struct Bus {
        Manager *manager;
        Operations *operations;
        Survey *survey;                 /* told of lists; or NULL, borrowed */
        ManagerListener listener;
        BusConnection *connections;
        BusCall *calls;                 /* that wait for their answer */
        Senders senders;

        /* Machines that were there before us are told of when there is time for it. */
        bool is_loaded;
        char **unannounced;
        size_t n_unannounced;
        sd_event_source *announce;
} Bus;

/**
 * bus_init() - get ready to serve
 * @b:                  the door
 * @manager:            what is behind it; borrowed
 * @operations:         for what is done with machines; borrowed
 *
 * Has itself told of machines.
 */
void bus_init(Bus *b, Manager *manager, Operations *operations);

void bus_done(Bus *b);

/**
 * bus_serve() - offer our objects on a connection
 * @b:                  the door
 * @connection:         the connection; a reference is taken until it ends
 * @peer:               user at the other end, for whom we play the broker's
 *                      part, or BUS_NO_PEER
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EBUSY       too many connections
 *         others       what sd-bus runs into
 */
int bus_serve(Bus *b, sd_bus *connection, uid_t peer);

/**
 * bus_loaded() - tell that machines come from now on, and were not there before
 * @b:                  the door
 * @event:              loop, when idle MachineNew is sent of those that were
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 *         others       what sd-event runs into
 */
int bus_loaded(Bus *b, sd_event *event);

/**
 * bus_of() - the door that a message came in through
 * @msg:                message that is being handled
 *
 * Return: the door.
 */
Bus *bus_of(sd_bus_message *msg);

/**
 * machine_path() - path of a machine's object
 * @name:               the machine's name
 * @ret:                return location for the path
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int machine_path(const char *name, char **ret);

/* The objects, each in its own file. */
extern const sd_bus_vtable bus_manager_vtable[];
extern const sd_bus_vtable bus_machine_vtable[];
extern const sd_bus_vtable bus_berth_vtable[];
extern const sd_bus_vtable bus_berth_machine_vtable[];
extern const sd_bus_vtable bus_process_vtable[];
extern const sd_bus_vtable bus_log_vtable[];
extern const sd_bus_vtable bus_driver_vtable[];

int bus_find_machine(
                sd_bus *connection,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *reterr);
int bus_list_machines(
                sd_bus *connection,
                const char *prefix,
                void *userdata,
                char ***ret_nodes,
                sd_bus_error *reterr);
int bus_find_process(
                sd_bus *connection,
                const char *path,
                const char *interface,
                void *userdata,
                void **ret_found,
                sd_bus_error *reterr);
int bus_list_processes(
                sd_bus *connection,
                const char *prefix,
                void *userdata,
                char ***ret_nodes,
                sd_bus_error *reterr);
