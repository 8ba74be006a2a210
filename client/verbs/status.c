/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

#include "client/logs.h"
#include "client/machine.h"
#include "client/moment.h"
#include "client/tree.h"
#include "client/value.h"
#include "client/verbs/inspect.h"
#include "lib/base/errors.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/process.h"

/* Labels end here, and what they are about begins two columns on. */
#define LABEL_COLUMN 16

/* What is found out here rather than told by the daemon. */
typedef struct Local {
        char *leader_name, *supervisor_name;
        char *cgroup;           /* of its unit */
        json_t *tree;
} Local;

static void local_done(Local *local) {
        free(local->leader_name);
        free(local->supervisor_name);
        free(local->cgroup);
        json_decref(local->tree);
}

static int64_t get_number(const Machine *m, const char *key) {
        return json_integer_value(json_object_get(m->properties, key));
}

static int open_process(int64_t pid) {
        return pid <= 0 || pid > INT_MAX ? -ESRCH : process_open((pid_t) pid);
}

/* It may have ended, and its number be another's. */
static void read_supervisor(Local *local, const Machine *m) {
        uint64_t id = (uint64_t) get_number(m, "SupervisorPIDFDId");
        _cleanup_close_ int pidfd = -EBADF;
        ProcessIdentity identity;

        pidfd = open_process(get_number(m, "Supervisor"));
        if (pidfd < 0 || process_identify(pidfd, &identity) < 0 || (id != 0 && identity.pidfd_id != id))
                return;

        (void) process_name(pidfd, &local->supervisor_name);
}

/* All of it only decorates: what cannot be found out is left out. */
static void local_read(Local *local, const Machine *m) {
        _cleanup_free_ char *cgroup = NULL;
        _cleanup_close_ int pidfd = -EBADF;
        int64_t pid = get_number(m, "Leader");

        read_supervisor(local, m);
        pidfd = open_process(pid);
        if (pidfd < 0)
                return;

        (void) process_name(pidfd, &local->leader_name);
        if (cgroup_of_process((pid_t) pid, &cgroup) < 0 || !process_is_alive(pidfd))
                return;

        if (cgroup_unit_path(cgroup, &local->cgroup) >= 0)
                (void) tree_read(local->cgroup, &local->tree);
}

static _printf_(2, 3) void print_line(const char *label, const char *format, ...) {
        va_list ap;

        (void) printf("%*s%s ", LABEL_COLUMN - (int) strlen(label), "", label);
        va_start(ap, format);
        (void) vprintf(format, ap);
        va_end(ap);
        (void) putchar('\n');
}

static void print_head(const Machine *m, const Screen *screen) {
        const char *id = value_get_string(m->properties, "Id"), *state;
        uint64_t since = (uint64_t) get_number(m, "Timestamp");
        char date[MOMENT_SIZE], ago[MOMENT_SIZE];

        state = value_get_string(m->properties, "State");
        (void) printf("%s%s%s", screen_color(screen, COLOR_STRONG), m->name,
                      screen_color(screen, COLOR_NONE));
        if (id && id[strspn(id, "0")])
                (void) printf("(%s)", id);
        (void) putchar('\n');

        if (state)
                print_line(_("State:"), "%s%s%s%s",
                           screen_color(screen, streq(state, "running") && !json_is_true(m->frozen)
                                                ? COLOR_GOOD : COLOR_STRONG), state,
                           json_is_true(m->frozen) ? _(", frozen") : "", screen_color(screen, COLOR_NONE));
        if (*moment_format(since, date))
                print_line(_("Since:"), "%s; %s", date, moment_format_ago(since, moment_now(), ago));
}

static void print_process(const char *label, int64_t pid, const char *name) {
        if (pid > 0 && name)
                print_line(label, "%" PRIi64 " (%s)", pid, name);
        else if (pid > 0)
                print_line(label, "%" PRIi64, pid);
}

static void print_origin(const Machine *m, const Local *local) {
        const char *service = value_get_string(m->properties, "Service");
        const char *class = value_get_string(m->properties, "Class");
        const char *root = value_get_string(m->properties, "RootDirectory");

        print_process(_("Leader:"), get_number(m, "Leader"), local->leader_name);
        print_process(_("Supervisor:"), get_number(m, "Supervisor"), local->supervisor_name);

        if (service && class)
                print_line(_("Service:"), _("%s; class %s"), service, class);
        else if (service)
                print_line(_("Service:"), "%s", service);
        else if (class)
                print_line(_("Class:"), "%s", class);
        if (root)
                print_line(_("Root:"), "%s", root);
}

static const char *interface_name(const json_t *index, char buffer[static IF_NAMESIZE]) {
        return if_indextoname((unsigned) json_integer_value(index), buffer);
}

static void print_network(const Machine *m) {
        const json_t *interfaces = json_object_get(m->properties, "NetworkInterfaces"), *one;
        char name[IF_NAMESIZE];
        size_t i;

        json_array_foreach(interfaces, i, one)
                if (interface_name(one, name))
                        print_line(i == 0 ? _("Iface:") : "", "%s", name);

        for (i = 0; i < m->n_addresses; i++) {
                const Address *a = &m->addresses[i];
                /* A link-local address means one only together with its link. */
                bool scoped = a->is_link_local && json_array_size(interfaces) == 1 &&
                              interface_name(json_array_get(interfaces, 0), name);

                print_line(i == 0 ? _("Address:") : "", "%s%s%s",
                           a->text, scoped ? "%" : "", scoped ? name : "");
        }
}

static void print_unit(const Machine *m, const Local *local, const Screen *screen) {
        const char *os = value_get_string(m->os, "PRETTY_NAME") ?: value_get_string(m->os, "NAME");
        const char *unit = value_get_string(m->properties, "Unit");
        const char *subgroup = value_get_string(m->properties, "Subgroup");
        int64_t shift = json_integer_value(m->uid_shift);

        if (os)
                print_line(_("OS:"), "%s", os);
        if (shift > 0)
                print_line(_("ID shift:"), "%" PRIi64, shift);
        if (unit)
                print_line(_("Unit:"), "%s", unit);
        if (subgroup)
                print_line(_("Subgroup:"), "%s", subgroup);
        if (local->cgroup)
                print_line(_("CGroup:"), "%s", local->cgroup);
        if (local->tree)
                tree_print(local->tree, screen, LABEL_COLUMN + 1);
}

static void print_status(Client *client, const Machine *m) {
        _cleanup_(local_done) Local local = {};

        local_read(&local, m);
        print_head(m, &client->screen);
        print_origin(m, &local);
        print_network(m);
        print_unit(m, &local, &client->screen);

        (void) fflush(stdout);
        (void) logs_print(client, m->name, value_get_string(m->properties, "Id"),
                          value_get_string(m->properties, "Unit"));
}

static json_t *addresses_to_json(const Machine *m) {
        json_t *all = json_array();

        for (size_t i = 0; i < m->n_addresses; i++) {
                const Address *a = &m->addresses[i];

                (void) json_array_append_new(all, json_pack("{s:s, s:s}",
                                                            "family", a->family == AF_INET ? "ipv4" : "ipv6",
                                                            "address", a->text));
        }

        return all;
}

static json_t *interfaces_to_json(const Machine *m) {
        json_t *all = json_array(), *one;
        char name[IF_NAMESIZE];
        size_t i;

        json_array_foreach(json_object_get(m->properties, "NetworkInterfaces"), i, one)
                (void) json_array_append_new(all, json_pack("{s:O, s:s?}", "index", one,
                                                            "name", interface_name(one, name)));

        return all;
}

/* The keys are stable: what is not known is null, never left out. */
static json_t *status_to_json(const Machine *m) {
        _cleanup_(local_done) Local local = {};
        const json_t *p = m->properties;

        local_read(&local, m);
        return json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:O?, s:{s:O?, s:s?}, s:{s:O?, s:s?},"
                         " s:s?, s:s?, s:s?, s:s?, s:O?, s:o, s:o, s:O?, s:O?, s:O?}",
                         "name", m->name,
                         "id", value_get_string(p, "Id"),
                         "class", value_get_string(p, "Class"),
                         "service", value_get_string(p, "Service"),
                         "state", value_get_string(p, "State"),
                         "since", json_object_get(p, "Timestamp"),
                         "leader", "pid", json_object_get(p, "Leader"), "name", local.leader_name,
                         "supervisor", "pid", json_object_get(p, "Supervisor"),
                         "name", local.supervisor_name,
                         "root", value_get_string(p, "RootDirectory"),
                         "unit", value_get_string(p, "Unit"),
                         "subgroup", value_get_string(p, "Subgroup"),
                         "cgroup", local.cgroup,
                         "uid_shift", m->uid_shift,
                         "interfaces", interfaces_to_json(m),
                         "addresses", addresses_to_json(m),
                         "os", m->os,
                         "tree", local.tree,
                         "frozen", m->frozen);
}

static int request_one(Calls *calls, Machine *m) {
        int r;

        r = machine_request_all(calls, m);
        if (r >= 0)
                r = machine_request_os(calls, m);
        if (r >= 0)
                r = machine_request_uid_shift(calls, m);
        if (r >= 0)
                r = machine_request_frozen(calls, m);

        return r < 0 ? r : machine_request_addresses(calls, m);
}

static int print_all(Client *client, const Machines *list) {
        _cleanup_(json_freep) json_t *all = json_array();
        bool json = client->options.format != OUTPUT_TEXT, first = true;
        int status = EXIT_SUCCESS, r;

        for (size_t i = 0; i < list->n; i++) {
                const Machine *m = &list->machines[i];

                if (!m->properties) {
                        (void) log_error(0, _("Could not get machine '%s': %s"), m->name,
                                         m->error_text ?: error_text(m->error));
                        status = EXIT_FAILURE;
                        continue;
                }

                if (json) {
                        if (json_array_append_new(all, status_to_json(m)) < 0)
                                return log_error(-ENOMEM, _("Cannot print the status"));
                        continue;
                }

                if (!first)
                        (void) putchar('\n');
                first = false;
                print_status(client, m);
        }

        if (json) {
                r = client_print_json(client, TAKE_PTR(all));
                if (r < 0)
                        return log_error(r, _("Cannot print the status"));
        }

        return status;
}

int verb_status(Client *client, char *const *args) {
        _cleanup_(machines_done) Machines list = {};
        int r;

        r = client_connect(client);
        if (r < 0)
                return r;

        r = machines_request(client->bus, args, request_one, &list);
        if (r < 0)
                return log_error(r, _("Could not get machines"));

        if (!client->options.no_pager)
                screen_start_pager(&client->screen);
        return print_all(client, &list);
}
