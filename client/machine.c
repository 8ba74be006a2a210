/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>

#include "client/machine.h"
#include "client/value.h"
#include "lib/base/name.h"
#include "lib/base/text.h"

static void machine_done(Machine *m) {
        free(m->name);
        free(m->path);
        json_decref(m->properties);
        json_decref(m->os);
        json_decref(m->uid_shift);
        json_decref(m->frozen);
        free(m->addresses);
        free(m->error_text);
}

int machine_object_path(const char *name, char **ret) {
        _cleanup_free_ char *label = NULL;
        int r;

        assert(name);
        assert(ret);

        r = bus_label_escape(name, &label);
        return r < 0 ? r : text_printf(ret, MACHINE1_PATH "/machine/%s", label);
}

void machines_done(Machines *list) {
        for (size_t i = 0; i < list->n; i++)
                machine_done(&list->machines[i]);

        free(list->machines);
        *list = (Machines) {};
}

int machines_add(Machines *list, const char *name) {
        Machine *grown, m = {};

        assert(list);
        assert(name);

        grown = reallocarray(list->machines, list->n + 1, sizeof(Machine));
        if (!grown)
                return -ENOMEM;
        list->machines = grown;

        m.name = strdup(name);
        if (!m.name)
                return -ENOMEM;

        list->machines[list->n++] = m;
        return 0;
}

/* What was refused is just not there. */
static int on_value(_unused_ Calls *calls, sd_bus_message *reply, const sd_bus_error *e, void *userdata) {
        json_t **value = userdata;
        int r;

        if (e)
                return 0;

        json_decref(*value);
        *value = NULL;
        r = value_read(reply, value);
        return r < 0 ? r : 0;
}

int machine_request_os(Calls *calls, Machine *m) {
        return calls_add(calls, MACHINE1_PATH, MACHINE1_MANAGER, "GetMachineOSRelease", on_value, &m->os,
                         "s", m->name);
}

int machine_request_uid_shift(Calls *calls, Machine *m) {
        return calls_add(calls, MACHINE1_PATH, MACHINE1_MANAGER, "GetMachineUIDShift", on_value,
                         &m->uid_shift, "s", m->name);
}

int machine_request_frozen(Calls *calls, Machine *m) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = machine_object_path(m->name, &path);
        if (r < 0)
                return r;

        return calls_add(calls, path, "org.freedesktop.DBus.Properties", "Get", on_value, &m->frozen, "ss",
                         BERTH_MACHINE, "Frozen");
}

static bool is_link_local(int family, const uint8_t *bytes) {
        return family == AF_INET6 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

static int add_address(Machine *m, int family, const uint8_t *bytes, size_t size) {
        Address *grown, a = { .family = family };

        /* Others may come to be; we cannot print them. */
        if ((family != AF_INET || size != 4) && (family != AF_INET6 || size != 16))
                return 0;

        if (!inet_ntop(family, bytes, a.text, sizeof(a.text)))
                return -errno;
        a.is_link_local = is_link_local(family, bytes);

        grown = reallocarray(m->addresses, m->n_addresses + 1, sizeof(Address));
        if (!grown)
                return -ENOMEM;

        m->addresses = grown;
        m->addresses[m->n_addresses++] = a;
        return 0;
}

static int read_addresses(sd_bus_message *reply, Machine *m) {
        const void *bytes;
        int r, family;
        size_t size;

        r = sd_bus_message_enter_container(reply, 'a', "(iay)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(reply, 'r', "iay")) > 0) {
                r = sd_bus_message_read(reply, "i", &family);
                if (r < 0)
                        return r;
                r = sd_bus_message_read_array(reply, 'y', &bytes, &size);
                if (r < 0)
                        return r;
                r = add_address(m, family, bytes, size);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(reply);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        return sd_bus_message_exit_container(reply);
}

static int on_addresses(
                _unused_ Calls *calls,
                sd_bus_message *reply,
                const sd_bus_error *e,
                void *userdata) {

        return e ? 0 : read_addresses(reply, userdata);
}

int machine_read_details(sd_bus_message *reply, Machine *m) {
        const char *id, *version;
        int r, os, addresses;

        assert(reply);
        assert(m);

        r = sd_bus_message_read(reply, "bssb", &os, &id, &version, &addresses);
        if (r < 0)
                return r;

        m->knows_os = os;
        m->knows_addresses = addresses;
        m->os = json_pack("{s:o, s:o}", "ID", value_string(id), "VERSION_ID", value_string(version));
        if (!m->os)
                return -ENOMEM;

        r = read_addresses(reply, m);
        return r < 0 ? r : 0;
}

int machine_request_addresses(Calls *calls, Machine *m) {
        return calls_add(calls, MACHINE1_PATH, MACHINE1_MANAGER, "GetMachineAddresses", on_addresses, m,
                         "s", m->name);
}

static int note_error(Machine *m, const sd_bus_error *e) {
        m->error = -sd_bus_error_get_errno(e);
        m->error_text = e->message ? strdup(e->message) : NULL;
        if (m->error_text)
                (void) text_strip_control(m->error_text);

        return 0;
}

static int on_properties(Calls *calls, sd_bus_message *reply, const sd_bus_error *e, void *userdata) {
        Machine *m = userdata;

        return e ? note_error(m, e) : on_value(calls, reply, NULL, &m->properties);
}

static int on_path(Calls *calls, sd_bus_message *reply, const sd_bus_error *e, void *userdata) {
        Machine *m = userdata;
        const char *path;
        int r;

        if (e)
                return note_error(m, e);

        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return r;

        m->path = strdup(path);
        if (!m->path)
                return -ENOMEM;

        return calls_add(calls, path, "org.freedesktop.DBus.Properties", "GetAll", on_properties, m,
                         "s", MACHINE1_MACHINE);
}

int machine_request_all(Calls *calls, Machine *m) {
        return calls_add(calls, MACHINE1_PATH, MACHINE1_MANAGER, "GetMachine", on_path, m, "s", m->name);
}

int machines_request(
                sd_bus *bus,
                char *const *names,
                int (*request)(Calls *calls, Machine *m),
                Machines *list) {

        _cleanup_(calls_freep) Calls *calls = NULL;
        int r;

        r = calls_new(bus, &calls);
        if (r < 0)
                return r;

        /* All of them first: a list that grows moves, and calls point into it. */
        for (; *names; names++) {
                r = machines_add(list, *names);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < list->n; i++) {
                r = request(calls, &list->machines[i]);
                if (r < 0)
                        return r;
        }

        return calls_run(calls);
}
