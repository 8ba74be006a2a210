/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/bus/bus.h"
#include "daemon/bus/exec.h"
#include "daemon/core/crowd.h"
#include "lib/base/log.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"
#include "lib/scope/property-bus.h"

struct BusConnection {
        Bus *bus;
        BusConnection *next, *previous;
        sd_bus *connection;
        uid_t peer;             /* or BUS_NO_PEER */
        sd_bus_slot *disconnected;
};

static BusConnection *connection_free(BusConnection *c) {
        if (!c)
                return NULL;

        if (c->previous)
                c->previous->next = c->next;
        else if (c->bus->connections == c)
                c->bus->connections = c->next;
        if (c->next)
                c->next->previous = c->previous;

        sd_bus_slot_unref(c->disconnected);
        sd_bus_flush_close_unref(c->connection);
        free(c);
        return NULL;
}
DEFINE_CLEANUP(BusConnection, connection_free);

static int on_disconnected(_unused_ sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        (void) connection_free(userdata);
        return 0;
}

static int add_objects(BusConnection *c) {
        static const struct {
                const char *path, *interface;
                const sd_bus_vtable *vtable;
                bool peer_only;
        } object_table[] = {
                { MACHINE1_PATH, MACHINE1_MANAGER, bus_manager_vtable },
                { MACHINE1_PATH, BERTH_MANAGER, bus_berth_vtable },
                { "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1", bus_log_vtable },
                { "/org/freedesktop/DBus", "org.freedesktop.DBus", bus_driver_vtable, true },
        };
        static const struct {
                const char *prefix, *interface;
                const sd_bus_vtable *vtable;
                sd_bus_object_find_t find;
        } fallback_table[] = {
                { MACHINE_PATH_PREFIX, MACHINE1_MACHINE, bus_machine_vtable, bus_find_machine },
                { MACHINE_PATH_PREFIX, BERTH_MACHINE, bus_berth_machine_vtable, bus_find_machine },
                { PROCESS_PATH_PREFIX, BERTH_PROCESS, bus_process_vtable, bus_find_process },
        };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(object_table); i++) {
                if (object_table[i].peer_only && c->peer == BUS_NO_PEER)
                        continue;

                r = sd_bus_add_object_vtable(c->connection, NULL, object_table[i].path,
                                             object_table[i].interface, object_table[i].vtable, c->bus);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < ELEMENTSOF(fallback_table); i++) {
                r = sd_bus_add_fallback_vtable(c->connection, NULL, fallback_table[i].prefix,
                                               fallback_table[i].interface, fallback_table[i].vtable,
                                               fallback_table[i].find, c->bus);
                if (r < 0)
                        return r;
        }

        r = sd_bus_add_node_enumerator(c->connection, NULL, PROCESS_PATH_PREFIX, bus_list_processes, c->bus);
        if (r < 0)
                return r;

        return sd_bus_add_node_enumerator(c->connection, NULL, MACHINE_PATH_PREFIX, bus_list_machines,
                                          c->bus);
}

/* The broker is no client. Root has as many programs as it likes in machines, each with a client that
 * waits for its end. */
static bool is_one_too_many(const Bus *b, uid_t peer) {
        Crowd crowd = { .uid = peer };

        for (const BusConnection *c = b->connections; c; c = c->next)
                if (c->peer != BUS_NO_PEER)
                        crowd_count(&crowd, c->peer);

        if (peer == 0)
                return crowd.n_of_user >= PEERS_OF_ROOT_MAX;

        return peer != BUS_NO_PEER && crowd_is_full(&crowd);
}

int bus_serve(Bus *b, sd_bus *connection, uid_t peer) {
        _cleanup_(connection_freep) BusConnection *c = NULL;
        int r;

        assert(b);
        assert(connection);

        if (is_one_too_many(b, peer))
                return -EBUSY;

        c = malloc(sizeof(*c));
        if (!c)
                return -ENOMEM;

        *c = (BusConnection) { .bus = b, .next = b->connections, .connection = sd_bus_ref(connection),
                              .peer = peer };
        if (b->connections)
                b->connections->previous = c;
        b->connections = c;

        r = add_objects(c);
        if (r < 0)
                return r;

        if (peer != BUS_NO_PEER) {
                r = sd_bus_match_signal(connection, &c->disconnected, NULL, "/org/freedesktop/DBus/Local",
                                        "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, c);
                if (r < 0)
                        return r;
        }

        TAKE_PTR(c); /* lives on b->connections from here on */
        return 0;
}

Bus *bus_of(sd_bus_message *msg) {
        return sd_bus_slot_get_userdata(sd_bus_get_current_slot(sd_bus_message_get_bus(msg)));
}

int machine_path(const char *name, char **ret) {
        _cleanup_free_ char *label = NULL;
        int r;

        r = bus_label_escape(name, &label);
        if (r < 0)
                return r;

        return text_printf(ret, MACHINE_PATH_PREFIX "/%s", label);
}

static void broadcast(Bus *b, const char *signal, Machine *m) {
        _cleanup_free_ char *path = NULL;
        const char *name = machine_info(m)->name;
        int r;

        r = machine_path(name, &path);
        if (r < 0) {
                (void) log_warning(r, "Cannot tell of %s of '%s'", signal, name);
                return;
        }

        for (BusConnection *c = b->connections; c; c = c->next) {
                r = sd_bus_emit_signal(c->connection, MACHINE1_PATH, MACHINE1_MANAGER, signal, "so",
                                       name, path);
                if (r < 0)
                        log_debug("A client misses %s of '%s': it is about to go", signal, name);
        }
}

static void on_machine_added(void *userdata, Machine *m) {
        Bus *b = userdata;

        if (b->is_loaded)
                broadcast(b, "MachineNew", m);
}

static void on_machine_removed(void *userdata, Machine *m) {
        broadcast(userdata, "MachineRemoved", m);
}

static void on_program_ended(void *userdata, const Program *p, ProgramEnd how, int status) {
        _cleanup_free_ char *path = NULL;
        Bus *b = userdata;
        int r;

        r = process_path(p, &path);
        if (r < 0) {
                (void) log_warning(r, "Cannot tell of the end of a program in '%s'",
                                   program_info(p)->machine);
                return;
        }

        for (BusConnection *c = b->connections; c; c = c->next)
                (void) sd_bus_emit_signal(c->connection, path, BERTH_PROCESS, "Exited", "si",
                                          program_end_to_string(how), (int32_t) status);
}

static int emit_event(BusConnection *c, const MachineEvent *e) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
        int r;

        r = sd_bus_message_new_signal(c->connection, &signal, MACHINE1_PATH, BERTH_MANAGER, "MachineEvent");
        if (r >= 0)
                r = sd_bus_message_append(signal, "ss", e->name, machine_event_to_string(e->kind));
        if (r >= 0)
                r = properties_append_dictionary(signal, e->details);

        return r < 0 ? r : sd_bus_send(NULL, signal, NULL);
}

static void on_machine_event(void *userdata, const MachineEvent *e) {
        Bus *b = userdata;

        for (BusConnection *c = b->connections; c; c = c->next)
                if (emit_event(c, e) < 0)
                        log_debug("A client misses what happens to '%s': it is about to go", e->name);
}

/* A broker that has thousands of signals to pass on lets all others wait. */
#define ANNOUNCED_PER_TURN 32

static int on_announce(sd_event_source *source, void *userdata) {
        Bus *b = userdata;

        for (unsigned i = 0; i < ANNOUNCED_PER_TURN && b->n_unannounced > 0; i++) {
                _cleanup_free_ char *name = TAKE_PTR(b->unannounced[--b->n_unannounced]);
                Machine *m = manager_find(b->manager, name);

                if (m && machine_info(m)->class != MACHINE_HOST)
                        broadcast(b, "MachineNew", m);
        }

        return sd_event_source_set_enabled(source, b->n_unannounced > 0 ? SD_EVENT_ON : SD_EVENT_OFF);
}

/* Filled from the end, so that the first comes last in the list, and is told of first. */
static int note_unannounced(Bus *b) {
        size_t n = 0;

        for (Machine *m = NULL; (m = manager_next(b->manager, m));)
                n++;

        b->unannounced = calloc(n + 1, sizeof(char *));
        if (!b->unannounced)
                return -ENOMEM;

        b->n_unannounced = n;
        for (Machine *m = NULL; n > 0 && (m = manager_next(b->manager, m));) {
                b->unannounced[--n] = strdup(machine_info(m)->name);
                if (!b->unannounced[n])
                        return -ENOMEM;
        }

        return 0;
}

int bus_loaded(Bus *b, sd_event *event) {
        int r;

        assert(b);

        b->is_loaded = true;
        r = note_unannounced(b);
        if (r < 0)
                return r;

        r = sd_event_add_defer(event, &b->announce, on_announce, b);
        return r < 0 ? r : sd_event_source_set_priority(b->announce, SD_EVENT_PRIORITY_IDLE);
}

void bus_init(Bus *b, Manager *manager, Operations *operations) {
        assert(b);
        assert(manager);
        assert(operations);

        *b = (Bus) {
                .manager = manager,
                .operations = operations,
                .listener = {
                        .machine_added = on_machine_added,
                        .machine_removed = on_machine_removed,
                        .machine_event = on_machine_event,
                        .userdata = b,
                },
        };
        manager_add_listener(manager, &b->listener);
        programs_listen(operations_programs(operations), on_program_ended, b);
}

void bus_done(Bus *b) {
        if (b->manager) {
                manager_remove_listener(b->manager, &b->listener);
                programs_listen(operations_programs(b->operations), NULL, NULL);
        }

        while (b->connections)
                (void) connection_free(b->connections);
        senders_done(&b->senders);
        sd_event_source_disable_unref(b->announce);
        (void) strv_free(b->unannounced);
}
