/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The client of bench/daemon/run
 *
 * Reads commands from stdin, one a line, and answers each with a line of
 * numbers: what it took, in microseconds, of as many kinds as the command has,
 * separated by semicolons. Called with "ping" as its argument it connects, pings
 * once and exits: no client can be faster.
 *
 *      compare N       a bare scope, CreateMachine(), CreateMachineWithNetwork(), by turns; N times
 *      scope           a bare scope
 *      scopes N        N bare scopes, WINDOW of them under way: the whole time
 *      fill N          CreateMachine(), WINDOW of them under way, until N machines are there: the whole
 *                      time, and how many came
 *      ask N           Ping(), ListMachines(), GetMachine(), GetMachineByPID(), Properties.GetAll() of one,
 *                      by turns; N times
 *      restart UNIT    its start, when it is stopped, until all machines are listed
 *      terminate       TerminateMachine() for all, until all are gone
 *      drop            all leaders are killed
 */

#include <signal.h>
#include <stdio.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "bench/daemon/leaders.h"
#include "lib/base/base.h"
#include "lib/bus/connect.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_NAME ".Manager"

#define MACHINES_MAX 20000
#define WINDOW 32

/* What takes longer than this hangs. */
#define CALL_USEC (10 * USEC_PER_SEC)

static sd_bus *bus;
static pid_t leaders[MACHINES_MAX];     /* of machines, 0 for those that have failed */
static size_t n_leaders;
static unsigned n_scopes;               /* of all times, for names */
static char job_path[256];              /* the job that is waited for; empty once it is done */
static size_t n_removed;                /* signals since they were last counted */

static uint64_t now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC * 1000 + (uint64_t) ts.tv_nsec;
}

static double usec_since(uint64_t start) {
        return (double) (now() - start) / 1000;
}

static int check(int r, const char *what) {
        if (r < 0) {
                fprintf(stderr, "%s: %s\n", what, strerror(-r));
                exit(EXIT_FAILURE);
        }

        return r;
}

static void turn(void) {
        if (check(sd_bus_process(bus, NULL), "process") == 0)
                check(sd_bus_wait(bus, CALL_USEC), "wait");
}

static void call(const char *where, const char *member, sd_bus_message *m, sd_bus_message **ret) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        if (sd_bus_call(bus, m, 0, &e, &reply) < 0) {
                fprintf(stderr, "%s %s: %s\n", where, member, e.message);
                exit(EXIT_FAILURE);
        }

        if (ret)
                *ret = TAKE_PTR(reply);
}

static sd_bus_message *new_call(
                const char *name,
                const char *path,
                const char *interface,
                const char *member) {

        sd_bus_message *m;

        check(sd_bus_message_new_method_call(bus, &m, name, path, interface, member), member);
        return m;
}

/* Jobs of PID 1 */

static int on_job_removed(sd_bus_message *m, _unused_ void *userdata, _unused_ sd_bus_error *reterr) {
        const char *path;

        if (sd_bus_message_read(m, "uoss", NULL, &path, NULL, NULL) >= 0 && streq(path, job_path))
                job_path[0] = 0;
        return 0;
}

/* Only while a job is waited for: whoever calls machine1 need not hear of jobs. */
static void watch_jobs(sd_bus_slot **ret) {
        check(sd_bus_match_signal(bus, ret, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved",
                                  on_job_removed, NULL),
              "match");
}

static void wait_for_job(sd_bus_message *m) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path;

        call("systemd", sd_bus_message_get_member(m), m, &reply);
        check(sd_bus_message_read(reply, "o", &path), "job");
        (void) snprintf(job_path, sizeof(job_path), "%s", path);

        while (job_path[0])
                turn();
}

static void unit_call(const char *method, const char *unit) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m =
                new_call(SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method);
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;

        watch_jobs(&slot);
        check(sd_bus_message_append(m, "ss", unit, "replace"), method);
        wait_for_job(m);
}

static sd_bus_message *new_scope(pid_t pid) {
        sd_bus_message *m = new_call(SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");
        char unit[64];

        (void) snprintf(unit, sizeof(unit), "bench-floor-%u.scope", n_scopes++);
        check(sd_bus_message_append(m, "ssa(sv)a(sa(sv))", unit, "fail", 6,
                                    "Slice", "s", "machine.slice",
                                    "Description", "s", unit,
                                    "PIDs", "au", 1, (uint32_t) pid,
                                    "Delegate", "b", 1,
                                    "CollectMode", "s", "inactive-or-failed",
                                    "TasksMax", "t", (uint64_t) 16384,
                                    0),
              "StartTransientUnit");
        return m;
}

/* The floor: what every registration of a machine needs of PID 1. */
static double start_scope(pid_t pid) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = new_scope(pid);
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        uint64_t start;

        watch_jobs(&slot);
        start = now();
        wait_for_job(m);
        return usec_since(start);
}

static int on_removed(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        const char *prefix = userdata, *name;

        if (sd_bus_message_read(m, "s", &name) >= 0 && startswith(name, prefix))
                n_removed++;
        return 0;
}

/* Ends the floor's scopes, and waits until PID 1 has forgotten them. */
static void end_scopes(const pid_t *pids, size_t n) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        static char prefix[] = "bench-floor-";

        check(sd_bus_match_signal(bus, &slot, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "UnitRemoved",
                                  on_removed, prefix),
              "match");
        n_removed = 0;
        for (size_t i = 0; i < n; i++)
                leader_kill(pids[i]);
        while (n_removed < n)
                turn();
}

/* Machines */

static void name_of(size_t i, char ret[static 32]) {
        (void) snprintf(ret, 32, "bench%zu", i);
}

static sd_bus_message *manager_call(const char *member) {
        return new_call(MACHINE1_NAME, MACHINE1_PATH, MACHINE1_MANAGER, member);
}

/* One more leader, and the call that makes a machine of it. */
static sd_bus_message *new_create(const char *member) {
        sd_bus_message *m = manager_call(member);
        char name[32];
        int r;

        if (n_leaders >= MACHINES_MAX)
                check(-E2BIG, "machines");

        name_of(n_leaders, name);
        leaders[n_leaders] = leader_start();
        check(sd_bus_message_append(m, "sayssus", name, 0, "bench", "container",
                                    (uint32_t) leaders[n_leaders], ""),
              member);
        n_leaders++;

        r = streq(member, "CreateMachine") ? 0 : sd_bus_message_append(m, "ai", 0);
        check(r < 0 ? r : sd_bus_message_append(m, "a(sv)", 0), member);
        return m;
}

static double create(const char *member) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = new_create(member);
        uint64_t start = now();

        call("machine1", member, m, NULL);
        return usec_since(start);
}

static void shuffle(int *order, size_t n) {
        for (size_t i = n; i > 1; i--) {
                size_t k = (size_t) random() % i;
                int swapped = order[i - 1];

                order[i - 1] = order[k];
                order[k] = swapped;
        }
}

static void print_numbers(const double *numbers, size_t n) {
        for (size_t i = 0; i < n; i++)
                printf("%.1f ", numbers[i]);
        printf(";");
}

static void command_compare(size_t n) {
        _cleanup_free_ double *took = calloc(3 * n, sizeof(double));
        _cleanup_free_ pid_t *pids = calloc(n, sizeof(pid_t));
        int order[] = { 0, 1, 2 };

        if (!took || !pids)
                check(-ENOMEM, "compare");

        for (size_t i = 0; i < n; i++) {
                shuffle(order, ELEMENTSOF(order));
                for (size_t k = 0; k < ELEMENTSOF(order); k++) {
                        double *result = &took[(size_t) order[k] * n + i];

                        if (order[k] == 0) {
                                pids[i] = leader_start();
                                *result = start_scope(pids[i]);
                        } else
                                *result = create(order[k] == 1 ? "CreateMachine"
                                                               : "CreateMachineWithNetwork");
                }
        }

        end_scopes(pids, n);
        for (size_t k = 0; k < ELEMENTSOF(order); k++)
                print_numbers(took + k * n, n);
}

static void command_scope(void) {
        pid_t pid = leader_start();

        printf("%.1f;", start_scope(pid));
        end_scopes(&pid, 1);
}

static size_t n_open, n_done, n_failed;

static int on_reply(sd_bus_message *reply, _unused_ void *userdata, _unused_ sd_bus_error *reterr) {
        n_open--;
        if (sd_bus_message_is_method_error(reply, NULL)) {
                if (n_failed++ == 0)
                        fprintf(stderr, "%s\n", sd_bus_message_get_error(reply)->message);
        } else
                n_done++;
        return 0;
}

static void send(sd_bus_message *m) {
        check(sd_bus_call_async(bus, NULL, m, on_reply, NULL, 0), "send");
        n_open++;
}

static int on_any_job(_unused_ sd_bus_message *m, _unused_ void *userdata, _unused_ sd_bus_error *reterr) {
        n_removed++;
        return 0;
}

static void command_scopes(size_t n) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        _cleanup_free_ pid_t *pids = calloc(n, sizeof(pid_t));
        uint64_t start;

        if (!pids)
                check(-ENOMEM, "scopes");
        for (size_t i = 0; i < n; i++)
                pids[i] = leader_start();

        check(sd_bus_match_signal(bus, &slot, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved",
                                  on_any_job, NULL),
              "match");
        n_open = n_done = n_failed = n_removed = 0;
        start = now();
        for (size_t i = 0; n_removed < n && n_failed == 0;) {
                while (i < n && i < n_removed + WINDOW) {
                        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = new_scope(pids[i++]);

                        send(m);
                }
                turn();
        }
        printf("%.1f;", usec_since(start));
        end_scopes(pids, n);
}

static void command_fill(size_t n) {
        size_t missing = n > n_leaders ? n - n_leaders : 0;
        sd_bus_message **calls = calloc(missing + 1, sizeof(sd_bus_message *));
        uint64_t start;
        double took;

        if (!calls)
                check(-ENOMEM, "fill");

        /* Leaders are not what is measured. */
        for (size_t i = 0; i < missing; i++)
                calls[i] = new_create("CreateMachine");

        n_open = n_done = n_failed = 0;
        start = now();
        for (size_t i = 0; n_failed == 0 && (i < missing || n_open > 0);) {
                while (i < missing && n_open < WINDOW)
                        send(calls[i++]);
                turn();
        }
        took = usec_since(start);

        while (n_open > 0)
                turn();
        for (size_t i = 0; i < missing; i++)
                sd_bus_message_unref(calls[i]);
        free(calls);

        printf("%.1f;%zu;", took, n_done);
}

typedef enum Question {
        ASK_PING,
        ASK_LIST,
        ASK_GET,
        ASK_PID,
        ASK_ALL,
        _ASK_MAX,
} Question;

static sd_bus_message *new_get_all(const char *name) {
        sd_bus_message *m;
        char path[128];

        (void) snprintf(path, sizeof(path), "%s/machine/%s", MACHINE1_PATH, name);
        m = new_call(MACHINE1_NAME, path, "org.freedesktop.DBus.Properties", "GetAll");
        check(sd_bus_message_append(m, "s", MACHINE1_MACHINE), "GetAll");
        return m;
}

/* Machines are looked up in an order that no cache can guess. */
static sd_bus_message *new_question(Question question) {
        size_t i = (size_t) random() % n_leaders;
        sd_bus_message *m;
        char name[32];

        name_of(i, name);
        switch (question) {
        case ASK_PING:
                return new_call(MACHINE1_NAME, MACHINE1_PATH, "org.freedesktop.DBus.Peer", "Ping");
        case ASK_LIST:
                return manager_call("ListMachines");
        case ASK_GET:
                m = manager_call("GetMachine");
                check(sd_bus_message_append(m, "s", name), "GetMachine");
                return m;
        case ASK_PID:
                m = manager_call("GetMachineByPID");
                check(sd_bus_message_append(m, "u", (uint32_t) leaders[i]), "GetMachineByPID");
                return m;
        default:
                return new_get_all(name);
        }
}

static void command_ask(size_t n) {
        _cleanup_free_ double *took = calloc(_ASK_MAX * n, sizeof(double));
        int order[] = { ASK_PING, ASK_LIST, ASK_GET, ASK_PID, ASK_ALL };

        if (!took || n_leaders == 0)
                check(-ENOMEM, "ask");

        for (size_t i = 0; i < n; i++) {
                shuffle(order, ELEMENTSOF(order));
                for (size_t k = 0; k < ELEMENTSOF(order); k++) {
                        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = new_question(order[k]);
                        uint64_t start = now();

                        call("machine1", sd_bus_message_get_member(m), m, NULL);
                        took[(size_t) order[k] * n + i] = usec_since(start);
                }
        }

        for (size_t k = 0; k < ELEMENTSOF(order); k++)
                print_numbers(took + k * n, n);
}

static size_t count_machines(void) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = manager_call("ListMachines"), *reply = NULL;
        size_t n = 0;

        call("machine1", "ListMachines", m, &reply);
        check(sd_bus_message_enter_container(reply, 'a', "(ssso)"), "list");
        for (; sd_bus_message_at_end(reply, false) == 0; n++)
                check(sd_bus_message_skip(reply, "(ssso)"), "list");

        return n;
}

static void command_restart(const char *unit) {
        uint64_t start;
        size_t n;

        unit_call("StopUnit", unit);
        start = now();
        unit_call("StartUnit", unit);
        n = count_machines();
        printf("%.1f;%zu;", usec_since(start), n);
}

static void command_terminate(void) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        static char prefix[] = "bench";
        uint64_t start;

        check(sd_bus_match_signal(bus, &slot, MACHINE1_NAME, MACHINE1_PATH, MACHINE1_MANAGER,
                                  "MachineRemoved", on_removed, prefix),
              "match");

        n_open = n_done = n_failed = n_removed = 0;
        start = now();
        for (size_t i = 0; i < n_leaders || n_open > 0 || n_removed < n_leaders;) {
                while (i < n_leaders && n_open < WINDOW) {
                        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m =
                                manager_call("TerminateMachine");
                        char name[32];

                        name_of(i++, name);
                        check(sd_bus_message_append(m, "s", name), "TerminateMachine");
                        send(m);
                }
                turn();
        }
        printf("%.1f;%zu;", usec_since(start), n_done);
        n_leaders = 0;
}

static void command_drop(void) {
        for (size_t i = 0; i < n_leaders; i++)
                leader_kill(leaders[i]);
        n_leaders = 0;
}

static void obey(char *line) {
        char *argument = strchr(line, ' ') ?: line + strlen(line);
        size_t n;

        if (*argument)
                *argument++ = 0;
        n = strtoul(argument, NULL, 10);

        if (streq(line, "compare"))
                command_compare(n);
        else if (streq(line, "scope"))
                command_scope();
        else if (streq(line, "scopes"))
                command_scopes(n);
        else if (streq(line, "fill"))
                command_fill(n);
        else if (streq(line, "restart"))
                command_restart(argument);
        else if (streq(line, "terminate"))
                command_terminate();
        else if (streq(line, "drop"))
                command_drop();
        else if (streq(line, "ask"))
                command_ask(n);
        else
                check(-EINVAL, line);
}

static void setup(void) {
        (void) signal(SIGCHLD, SIG_IGN);
        srandom((unsigned) now());

        check(sd_bus_open_system(&bus), "system bus");
        check(sd_bus_set_method_call_timeout(bus, CALL_USEC), "timeout");

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m =
                new_call(SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe");

        call("systemd", "Subscribe", m, NULL);
}

int main(int argc, char *argv[]) {
        char line[256];

        if (argc > 1 && streq(argv[1], "ping")) {
                check(sd_bus_open_system(&bus), "system bus");
                check(sd_bus_call_method(bus, MACHINE1_NAME, MACHINE1_PATH, "org.freedesktop.DBus.Peer",
                                         "Ping", NULL, NULL, NULL),
                      "ping");
                sd_bus_flush_close_unref(bus);
                return EXIT_SUCCESS;
        }

        setup();
        while (fgets(line, sizeof(line), stdin)) {
                line[strcspn(line, "\n")] = 0;
                obey(line);
                printf("\n");
                (void) fflush(stdout);
        }

        sd_bus_flush_close_unref(bus);
        return EXIT_SUCCESS;
}
