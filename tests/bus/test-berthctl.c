/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What berthctl makes of the daemon's answers: list, status and show. */

#include <jansson.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/bus/connect.h"
#include "tests/bus/client-daemon.h"
#include "tests/test.h"

static bool is_clean(const char *text) {
        for (const char *p = text; *p; p += strcspn(p, "\n") + 1) {
                _cleanup_free_ char *line = strndup(p, strcspn(p, "\n"));

                if (!text_is_printable(line))
                        return false;
                if (!p[strcspn(p, "\n")])
                        break;
        }

        return true;
}

static json_t *parse_output(const Daemon *d) {
        json_error_t error;
        json_t *json = json_loads(d->output, JSON_REJECT_DUPLICATES, &error);

        if (!json)
                print_error("%s in: %s\n", error.text, d->output);
        CHECK(json);
        return json;
}

static void json_freep(json_t **json) {
        json_decref(*json);
}

TEST(list_is_a_table_sorted_by_name) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl");
        CHECK(d.status == 0);
        CHECK_STREQ(d.errors, "");
        CHECK_STREQ(d.output, "MACHINE CLASS     SERVICE          OS                     VERSION ADDRESSES\n"
                              "cache   container test             debian?]0;gotcha???31m 12      -\n"
                              "db      container ?]0;gotcha???31m debian?]0;gotcha???31m 12      10.0.0.2…\n"
                              "web     container test             debian?]0;gotcha???31m 12      10.0.0.2…\n"
                              "\n3 machines listed.\n");
}

TEST(list_asks_about_all_machines_at_once) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.n_wanted = 6; /* nothing is answered before all six are asked */
        daemon_run(&d, "berthctl list --no-legend");
        CHECK(d.status == 0);
        CHECK(strv_length(d.calls) == 8);
        CHECK_STREQ(d.calls[0], "ListMachineDetails");
        CHECK_STREQ(d.calls[1], "ListMachines");
        CHECK(strv_contains(d.calls, "GetMachineOSRelease web"));
        CHECK(strv_contains(d.calls, "GetMachineAddresses cache"));
        CHECK(startswith(d.output, "cache container test"));
}

TEST(list_asks_for_nothing_that_berthd_has_just_seen) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.knows_details = true;
        daemon_run(&d, "berthctl list");
        CHECK(d.status == 0);
        CHECK(strv_length(d.calls) == 3);
        CHECK_STREQ(d.calls[0], "ListMachineDetails");
        CHECK_STREQ(d.calls[1], "GetMachineOSRelease db" HOSTILE);
        CHECK_STREQ(d.calls[2], "GetMachineAddresses db" HOSTILE);
        CHECK(d.n_interactive == 0);
        CHECK_STREQ(d.output,
                    "MACHINE            CLASS     SERVICE OS                     VERSION ADDRESSES\n"
                    "db?]0;gotcha???31m vm        -       debian?]0;gotcha???31m 12      10.0.0.2…\n"
                    "web                container test    arch?]0;gotcha???31m   -       10.0.0.2\n"
                    "\n2 machines listed.\n");
}

TEST(list_asks_for_no_addresses_that_it_does_not_show) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl list --max-addresses=0 -a");
        CHECK(d.status == 0);
        CHECK(strv_length(d.calls) == 6);
        CHECK(strstr(d.output, "\n.host"));
        CHECK(strstr(d.output, "4 machines listed."));
}

TEST(an_empty_list_says_so) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.n_machines = 0;
        daemon_run(&d, "berthctl list");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "No machines.\n");
}

TEST(list_for_programs_has_stable_keys) {
        _cleanup_(json_freep) json_t *json = NULL;
        _cleanup_(daemon_done) Daemon d;
        const char *name, *class, *service, *os, *version, *addresses;

        daemon_init(&d);
        daemon_run(&d, "berthctl list -o json");
        CHECK(d.status == 0);
        CHECK(is_clean(d.output));
        json = parse_output(&d);
        CHECK(json_array_size(json) == 3);
        CHECK(json_unpack(json_array_get(json, 2), "{s:s, s:s, s:s, s:s, s:s, s:s!}", "machine", &name,
                          "class", &class, "service", &service, "os", &os, "version", &version,
                          "addresses", &addresses) == 0);
        CHECK_STREQ(name, "web");
        CHECK_STREQ(addresses, "10.0.0.2\nfe80::1");
        CHECK(json_is_null(json_object_get(json_array_get(json, 0), "addresses")));
}

TEST(status_tells_all_and_steers_no_terminal) {
        _cleanup_(daemon_done) Daemon d;
        char supervisor[64];

        daemon_init(&d);
        (void) snprintf(supervisor, sizeof(supervisor), "     Supervisor: %i (test-bus-", getpid());
        daemon_run(&d, "berthctl status web -n 0");
        CHECK(d.status == 0);
        CHECK(is_clean(d.output));
        CHECK(startswith(d.output, "web(ab0000000000000000000000000000cd)\n"));
        CHECK(strstr(d.output, "          State: running\n"));
        CHECK(strstr(d.output, "          Since: Sun 2026-11-22 01:00:20 UTC; "));
        CHECK(strstr(d.output, " (test-bus-"));
        CHECK(strstr(d.output, supervisor));
        CHECK(strstr(d.output, "        Service: test?]0;gotcha???31m; class container\n"));
        CHECK(strstr(d.output, "           Root: /srv/web\n"));
        CHECK(strstr(d.output, "          Iface: lo\n"));
        CHECK(strstr(d.output, "        Address: 10.0.0.2\n                 fe80::1%lo\n"));
        CHECK(strstr(d.output, "             OS: Debian?]0;gotcha???31m\n"));
}

TEST(a_supervisor_that_has_ended_is_not_named_after_another) {
        _cleanup_(daemon_done) Daemon d;
        char supervisor[64];

        daemon_init(&d);
        d.supervisor_id = 4711;
        (void) snprintf(supervisor, sizeof(supervisor), "     Supervisor: %i\n", getpid());
        daemon_run(&d, "berthctl status web -n 0");
        CHECK(d.status == 0);
        CHECK(strstr(d.output, supervisor));
}

TEST(status_for_programs_has_stable_keys) {
        static const char *const keys[] = {
                "name", "id", "class", "service", "state", "since", "leader", "supervisor",
                "root", "unit", "subgroup", "cgroup", "uid_shift", "interfaces", "addresses", "os", "tree",
                "frozen",
        };
        _cleanup_(json_freep) json_t *json = NULL;
        _cleanup_(daemon_done) Daemon d;
        json_t *one;

        daemon_init(&d);
        daemon_run(&d, "berthctl status web gone web -o json");
        CHECK(d.status == 1);
        CHECK_STREQ(d.errors, "Could not get machine 'gone': No machine 'gone' known?]0;gotcha???31m\n");
        CHECK(is_clean(d.output));
        json = parse_output(&d);
        CHECK(json_array_size(json) == 2);
        one = json_array_get(json, 0);
        CHECK(json_object_size(one) == ELEMENTSOF(keys));
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                CHECK(json_object_get(one, keys[i]));
        CHECK(json_integer_value(json_object_get(json_object_get(one, "leader"), "pid")) == getpid());
        CHECK(json_is_null(json_object_get(one, "unit")));
}

TEST(show_prints_properties_as_machinectl_does) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl show web");
        CHECK(d.status == 0);
        CHECK(is_clean(d.output));
        CHECK(startswith(d.output, "Name=web\n"
                                   "Id=ab0000000000000000000000000000cd\n"
                                   "Timestamp=Sun 2026-11-22 01:00:20 UTC\n"
                                   "Service=test?]0;gotcha???31m\n"
                                   "Leader="));
        CHECK(strstr(d.output, "\nNetworkInterfaces=1\nState=running\n"));
        CHECK(!strstr(d.output, "Unit="));
}

TEST(show_prints_what_was_asked_for_even_if_empty) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl show web db -p Unit,Class");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "Unit=\nClass=container\n\nUnit=\nClass=container\n");
}

TEST(show_can_print_values_only) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl show web -P RootDirectory");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "/srv/web\n");
}

TEST(show_without_a_name_is_about_the_daemon) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl show");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "PoolPath=/var/lib/machines\nPoolUsage=[not set]\n");
        CHECK_STREQ(d.calls[0], "GetAll " MACHINE1_MANAGER);
}

TEST(show_of_a_machine_that_is_not_there_fails) {
        _cleanup_(json_freep) json_t *json = NULL;
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl show gone web -o json-pretty");
        CHECK(d.status == 1);
        json = parse_output(&d);
        CHECK(json_array_size(json) == 1);
        CHECK_STREQ(json_string_value(json_object_get(json_array_get(json, 0), "Name")), "web");
}

TEST(stats_are_a_table_for_people) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl stats web db");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output,
                    "MACHINE CPU    MEMORY LIMIT TASKS READ  WRITTEN RECEIVED SENT\n"
                    "db      1.500s -      -     -     -     -       -        -\n"
                    "web     0.003s 1.5M   -     7     1023B -       2.0K     5B\n"
                    "\n2 machines listed.\n");
}

TEST(stats_are_an_object_of_each_machine_for_programs) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl --output=json stats web");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output,
                    "[{\"Name\":\"web\",\"CPUUsageNSec\":2500000,\"MemoryCurrent\":1572864,"
                    "\"MemoryMax\":null,\"TasksCurrent\":7,\"IOReadBytes\":1023,"
                    "\"Network\":{\"ve-web\":{\"ReceivedBytes\":1024,\"ReceivedPackets\":2,"
                    "\"ReceivedErrors\":3,\"ReceivedDropped\":4,\"SentBytes\":5,\"SentPackets\":6,"
                    "\"SentErrors\":7,\"SentDropped\":8},"
                    "\"ve-two\":{\"ReceivedBytes\":1024,\"ReceivedPackets\":0,\"ReceivedErrors\":0,"
                    "\"ReceivedDropped\":0,\"SentBytes\":0,\"SentPackets\":0,\"SentErrors\":0,"
                    "\"SentDropped\":0}},"
                    "\"Pressure\":{\"io-full\":{\"Avg10\":0.5,\"Avg60\":0.25,\"Avg300\":0.125,"
                    "\"TotalUSec\":9}}}]\n");
}

TEST(stats_of_all_machines_are_those_of_the_list) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl stats --no-legend");
        CHECK(d.status == 0);
        CHECK(strv_length(d.calls) == 1 + d.n_machines);
        CHECK_STREQ(d.errors, "");
}

TEST(stats_of_a_machine_that_is_not_there_are_an_error) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl stats --no-legend gone db");
        CHECK(d.status == 1);
        CHECK_STREQ(d.output, "db 1.500s - - - - - - -\n");
        CHECK_STREQ(d.errors, "Could not get statistics of machine 'gone': "
                              "No machine 'gone' known?]0;gotcha???31m\n");
}

TEST(who_watches_says_how_often) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_run(&d, "berthctl stats --watch=0");
        CHECK(d.status == 1);
        CHECK_STREQ(d.errors, "Failed to parse --watch: '0' is not a number of seconds.\n");
}

TEST_MAIN()
