/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "client/check/examine.h"
#include "client/machine.h"
#include "client/table.h"
#include "client/target.h"
#include "client/value.h"
#include "client/verbs/inspect.h"
#include "lib/base/errors.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/process.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_UNIT_PATH "/org/freedesktop/systemd1/unit/"

static int ask_leader(Client *client, const char *name, pid_t *ret) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *path = NULL;
        uint32_t leader;
        int r;

        r = machine_object_path(name, &path);
        if (r >= 0)
                r = sd_bus_get_property_trivial(client->bus, MACHINE1_NAME, path, MACHINE1_MACHINE, "Leader",
                                                &e, 'u', &leader);
        if (r < 0)
                return complain(r, &e, _("Could not get machine '%s'"), name);

        *ret = (pid_t) leader;
        return 0;
}

/* Its number may have become another's until we hold it; then it is no machine's any more. */
static int open_machine(Client *client, const char *name, Subject *s) {
        pid_t leader, again;
        int r;

        if (name[0] == '.') {
                (void) log_error(0, _("The host is not a container."));
                return -EINVAL;
        }

        r = client_connect(client);
        if (r < 0)
                return r;

        r = ask_leader(client, name, &leader);
        if (r < 0)
                return r;

        r = subject_open(s, leader, name);
        if (r < 0)
                return log_error(r, _("Cannot look into machine '%s'"), name);

        r = ask_leader(client, name, &again);
        if (r < 0)
                return r;

        return again == leader ? 0 : log_error(-ESRCH, _("Cannot look into machine '%s'"), name);
}

static int open_leader(pid_t pid, Subject *s) {
        int r;

        r = subject_open(s, pid, NULL);
        return r < 0 ? log_error(r, _("Cannot look into the container of process %i"), pid) : 0;
}

/* What the kernel does not know: whether systemd leaves the group to its unit. */
static int ask_delegate(const char *cgroup) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_free_ char *unit = NULL, *label = NULL, *path = NULL;
        int r, yes;

        r = cgroup_unit(cgroup, &unit, NULL);
        if (r >= 0)
                r = bus_label_escape(unit, &label);
        if (r >= 0)
                r = text_printf(&path, SYSTEMD_UNIT_PATH "%s", label);
        if (r >= 0)
                r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_get_property_trivial(bus, SYSTEMD_NAME, path,
                                                endswith(unit, ".scope") ? SYSTEMD_NAME ".Scope" :
                                                                           SYSTEMD_NAME ".Service",
                                                "Delegate", NULL, 'b', &yes);
        return r < 0 ? r : yes;
}

static json_t *to_json(const Subject *s, const Examination *e) {
        json_t *items = json_array();

        for (size_t i = 0; i < e->n; i++)
                (void) json_array_append_new(items, json_pack(
                        "{s:i, s:s, s:s, s:s, s:o}",
                        "item", (int) e->items[i]->number, "name", e->items[i]->name,
                        "tested", e->items[i]->how,
                        "verdict", verdict_to_string(e->answers[i].verdict),
                        "evidence", value_string(e->answers[i].evidence)));

        return json_pack("{s:s?, s:I, s:I, s:I, s:I, s:I, s:o}",
                         "machine", s->name, "leader", (json_int_t) s->pid,
                         "passed", (json_int_t) examination_count(e, VERDICT_PASS),
                         "failed", (json_int_t) examination_count(e, VERDICT_FAIL),
                         "not_applicable", (json_int_t) examination_count(e, VERDICT_NOT_APPLICABLE),
                         "unknown", (json_int_t) examination_count(e, VERDICT_UNKNOWN),
                         "items", items);
}

static int print_text(Client *client, const Examination *e) {
        static const char *const headings[] = { "ITEM", "VERDICT", "NAME", "EVIDENCE", NULL };
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        r = table_new(headings, &table);
        for (size_t i = 0; r >= 0 && i < e->n; i++) {
                char number[16];

                (void) snprintf(number, sizeof(number), "%u", e->items[i]->number);
                r = table_add_row(table, (const char *const []) {
                        number, verdict_to_string(e->answers[i].verdict), e->items[i]->name,
                        e->answers[i].evidence, NULL,
                });
        }
        if (r >= 0)
                r = table_print(table, client, NULL, "");
        if (r < 0 || client->options.no_legend)
                return r;

        (void) printf(_("\n%zu passed, %zu failed, %zu not applicable, %zu unknown.\n"),
                      examination_count(e, VERDICT_PASS), examination_count(e, VERDICT_FAIL),
                      examination_count(e, VERDICT_NOT_APPLICABLE), examination_count(e, VERDICT_UNKNOWN));
        return 0;
}

int verb_check(Client *client, char *const *args) {
        _cleanup_(subject_done) Subject s;
        Examination e;
        int r;

        subject_init(&s);
        if (!args[0] == !client->options.leader) {
                (void) log_error(0, _("What is to be checked is either the name of a machine or --leader."));
                return -EINVAL;
        }

        r = args[0] ? open_machine(client, args[0], &s) : open_leader(client->options.leader, &s);
        if (r < 0)
                return r;

        if (s.cgroup)
                s.delegate = ask_delegate(s.cgroup);

        examine(&s, item_chapters, EXAMINATION_LIMIT_USEC, &e);
        if (!process_is_alive(s.leader))
                return log_error(-ESRCH, _("The container has ended"));

        if (client->options.format == OUTPUT_TEXT) {
                if (!client->options.no_pager)
                        screen_start_pager(&client->screen);
                r = print_text(client, &e);
        } else
                r = client_print_json(client, to_json(&s, &e));
        if (r < 0)
                return log_error(r, _("Cannot print the list"));

        return examination_count(&e, VERDICT_FAIL) > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
