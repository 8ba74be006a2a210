/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/stat.h>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/host.h"
#include "lib/bus/connect.h"
#include "lib/bus/property.h"
#include "runtime/late/register.h"

#define SERVICE_NAME "berth-run"

#define BUS_PEER "org.freedesktop.DBus.Peer"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_NAME ".Manager"

/* How long the predecessor of a machine that reboots may take to go. */
#define REMOVAL_USEC (10 * USEC_PER_SEC)

/* Over which berthd has answered: it is told over the same. */
static sd_bus *found_bus = NULL;

int register_find(void) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = bus_connect_shortly(&bus);
        if (r < 0)
                return r;

        r = sd_bus_call_method(bus, MACHINE1_NAME, MACHINE1_PATH, BUS_PEER, "Ping", NULL, NULL, NULL);
        if (r < 0)
                return r;

        sd_bus_flush_close_unref(found_bus);
        found_bus = TAKE_PTR(bus);
        return 0;
}

static int append_property(sd_bus_message *m, const char *assignment) {
        SpecProperty p;
        int r;

        r = spec_property_parse(assignment, &p);
        return r < 0 ? r : bus_append_property(m, &p);
}

static bool is_device(const SpecMount *m) {
        struct stat st;

        return m->kind == MOUNT_BIND && stat(m->source, &st) >= 0 &&
               (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode));
}

/* Devices are systemd's to police; where there is none, the step devices does. */
static int append_device_policy(sd_bus_message *m, const Spec *spec) {
        int r;

        r = sd_bus_message_append(m, "(sv)", "DevicePolicy", "s", "closed");
        if (r < 0)
                return r;

        r = sd_bus_message_append(m, "(sv)", "DeviceAllow", "a(ss)", 2,
                                  "/dev/net/tun", "rwm", "char-pts", "rw");

        for (size_t i = 0; i < spec->n_mounts && r >= 0; i++)
                if (is_device(&spec->mounts[i]))
                        r = sd_bus_message_append(m, "(sv)", "DeviceAllow", "a(ss)", 1,
                                                  spec->mounts[i].source,
                                                  spec->mounts[i].read_only ? "r" : "rwm");

        return r;
}

static int append_properties(sd_bus_message *m, const Spec *spec) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0 && spec->slice)
                r = sd_bus_message_append(m, "(sv)", "Slice", "s", spec->slice);
        if (r >= 0 && host_has_systemd())
                r = append_device_policy(m, spec);

        for (char **p = spec->properties; r >= 0 && p && *p; p++)
                r = append_property(m, *p);

        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int make_call(const Run *run, sd_bus *bus, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *method = run_register_method(run);
        int r;

        r = sd_bus_message_new_method_call(bus, &m, MACHINE1_NAME, MACHINE1_PATH, MACHINE1_MANAGER, method);
        if (r >= 0)
                r = sd_bus_message_append(m, "s", run->spec->machine);
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', run->uuid.bytes, sizeof(run->uuid.bytes));
        if (r >= 0)
                r = sd_bus_message_append(m, "ssus", SERVICE_NAME, "container", (uint32_t) run->leader,
                                          run->root_path);
        if (r >= 0 && endswith(method, "WithNetwork"))
                r = sd_bus_message_append(m, "ai", 0);
        if (r >= 0 && !run->spec->keep_unit)
                r = append_properties(m, run->spec);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(m);
        return 0;
}

static int call(Run *run, sd_bus *bus) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r, ours;

        r = make_call(run, bus, &m);
        if (r < 0)
                return r;

        r = sd_bus_call(bus, m, 0, &error, NULL);
        if (r >= 0)
                return 0;
        if (!sd_bus_error_is_set(&error))
                return r;

        ours = error_from_bus_name(error.name);
        run_set_object(run, "%s", error.message ?: error.name);
        return ours < 0 ? ours : -sd_bus_error_get_errno(&error);
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        bool *removed = userdata;

        (void) m;
        (void) reterr;

        *removed = true;
        return 0;
}

/* Has berthd and systemd tell us what they forget, for as long as @bus is open. */
static int watch_removals(sd_bus *bus, bool *removed) {
        int r;

        r = sd_bus_match_signal(bus, NULL, NULL, MACHINE1_PATH, MACHINE1_MANAGER, "MachineRemoved",
                                on_removed, removed);
        if (r < 0 || !host_has_systemd())
                return r;

        r = sd_bus_match_signal(bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "UnitRemoved",
                                on_removed, removed);
        if (r < 0)
                return r;

        return sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe",
                                  NULL, NULL, NULL);
}

/* Returns 1 when something was removed, 0 at the deadline. */
static int wait_removal(sd_bus *bus, bool *removed, uint64_t deadline) {
        int r;

        for (*removed = false; !*removed;) {
                uint64_t now = clock_now_usec();

                if (now >= deadline)
                        return 0;

                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, deadline - now);
                if (r < 0)
                        return r;
        }

        return 1;
}

/* A machine that reboots is known still until berthd has seen its end, and its
 * scope is there until systemd has. */
static bool is_predecessor(const Run *run, int error) {
        return error == -EEXIST || (error == -E_MACHINE_EXISTS && run->is_reboot);
}

/* Calls again whenever something was removed. */
static int call_until_free(Run *run) {
        bool removed; /* outlives the bus, whose signals set it */
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        uint64_t deadline;
        int r, error;

        r = bus_connect(&bus); /* where systemd is, too */
        if (r < 0)
                return r;

        r = watch_removals(bus, &removed);
        if (r < 0)
                return r;

        /* Once more at first: it may have gone before we watched. */
        deadline = clock_now_usec() + REMOVAL_USEC;
        do {
                error = call(run, bus);
                if (!is_predecessor(run, error))
                        return error;

                r = wait_removal(bus, &removed, deadline);
        } while (r > 0);

        return r < 0 ? r : error;
}

int register_machine(Run *run) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = TAKE_PTR(found_bus);
        int r;

        assert(run);

        r = bus ? 0 : bus_connect_shortly(&bus);
        if (r < 0)
                return r;

        r = call(run, bus);
        return is_predecessor(run, r) ? call_until_free(run) : r;
}
