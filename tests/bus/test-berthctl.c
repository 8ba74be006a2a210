/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berthctl against a daemon that the test plays: what it asks for, what it makes
 * of the answers, and how it ends. */

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"
#include "lib/kernel/pty.h"
#include "tests/test.h"

#define OUTPUT_MAX (1024 * 1024)
#define PATIENCE_USEC (20 * USEC_PER_SEC)

/* What no text of a machine may bring to a terminal. */
#define HOSTILE "\x1b]0;gotcha\a\xc2\x9b" "31m"

typedef struct Daemon {
        sd_event *event;
        sd_bus *bus;
        int listen_fd;
        char directory[32];
        char **calls;                   /* what was asked, in order */
        sd_bus_message *held[16];       /* calls that are answered when there are n_wanted of them */
        size_t n_held, n_wanted;
        size_t n_machines;
        bool knows_details;             /* is berthd, which has seen the inside of "web" */
        int master, peer;               /* a terminal to hand out */
        int input, keyboard;            /* berthctl's standard input, if it is a terminal; its other side */
        char *output, *errors;
        int status;                     /* berthctl's */
} Daemon;

static void daemon_init(Daemon *d) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        *d = (Daemon) { .listen_fd = -EBADF, .master = -EBADF, .peer = -EBADF, .n_machines = 3,
                         .input = -EBADF, .keyboard = -EBADF };
        (void) strcpy(d->directory, "/tmp/test-berthctl-XXXXXX");
        CHECK(mkdtemp(d->directory));
        CHECK_OK(sd_event_new(&d->event));

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/bus", d->directory);
        d->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        CHECK_OK(bind(d->listen_fd, (struct sockaddr *) &address, sizeof(address)));
        CHECK_OK(listen(d->listen_fd, 1));
}

static void daemon_done(Daemon *d) {
        char path[64];

        for (size_t i = 0; i < d->n_held; i++)
                (void) sd_bus_message_unref(d->held[i]);
        (void) sd_bus_close_unref(d->bus);
        (void) sd_event_unref(d->event);
        (void) snprintf(path, sizeof(path), "%s/bus", d->directory);
        (void) unlink(path);
        (void) rmdir(d->directory);
        closep(&d->listen_fd);
        closep(&d->master);
        closep(&d->peer);
        closep(&d->input);
        closep(&d->keyboard);
        d->calls = strv_free(d->calls);
        free(d->output);
        free(d->errors);
}

static const char *const machine_names[] = { "web", "db", "cache" };

static int reply_list(Daemon *d, sd_bus_message *m) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        CHECK_OK(sd_bus_message_new_method_return(m, &reply));
        CHECK_OK(sd_bus_message_open_container(reply, 'a', "(ssso)"));
        if (d->n_machines > 0)
                CHECK_OK(sd_bus_message_append(reply, "(ssso)", ".host", "host", "", "/h"));
        for (size_t i = 0; i < d->n_machines; i++)
                CHECK_OK(sd_bus_message_append(reply, "(ssso)", machine_names[i], "container",
                                               i == 1 ? HOSTILE : "test", "/m"));
        CHECK_OK(sd_bus_message_close_container(reply));
        return sd_bus_send(NULL, reply, NULL);
}

static int reply_details(Daemon *d, sd_bus_message *m) {
        static const uint8_t v4[] = { 10, 0, 0, 2 };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        if (!d->knows_details)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_METHOD, "Never heard of it");

        CHECK_OK(sd_bus_message_new_method_return(m, &reply));
        CHECK_OK(sd_bus_message_open_container(reply, 'a', "(sssbssba(iay))"));
        CHECK_OK(sd_bus_message_append(reply, "(sssbssba(iay))", ".host", "host", "", 0, "", "", 0, 0));
        CHECK_OK(sd_bus_message_open_container(reply, 'r', "sssbssba(iay)"));
        CHECK_OK(sd_bus_message_append(reply, "sssbssb", "web", "container", "test" HOSTILE, 1,
                                       "arch" HOSTILE, "", 1));
        CHECK_OK(sd_bus_message_open_container(reply, 'a', "(iay)"));
        CHECK_OK(sd_bus_message_open_container(reply, 'r', "iay"));
        CHECK_OK(sd_bus_message_append(reply, "i", AF_INET));
        CHECK_OK(sd_bus_message_append_array(reply, 'y', v4, sizeof(v4)));
        CHECK_OK(sd_bus_message_close_container(reply));
        CHECK_OK(sd_bus_message_close_container(reply));
        CHECK_OK(sd_bus_message_close_container(reply));
        CHECK_OK(sd_bus_message_append(reply, "(sssbssba(iay))", "db", "vm", "", 0, "", "", 1, 0));
        CHECK_OK(sd_bus_message_close_container(reply));
        return sd_bus_send(NULL, reply, NULL);
}

static int reply_addresses(sd_bus_message *m) {
        static const uint8_t v4[] = { 10, 0, 0, 2 }, v6[16] = { 0xfe, 0x80, [15] = 1 };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        CHECK_OK(sd_bus_message_new_method_return(m, &reply));
        CHECK_OK(sd_bus_message_open_container(reply, 'a', "(iay)"));
        CHECK_OK(sd_bus_message_open_container(reply, 'r', "iay"));
        CHECK_OK(sd_bus_message_append(reply, "i", AF_INET));
        CHECK_OK(sd_bus_message_append_array(reply, 'y', v4, sizeof(v4)));
        CHECK_OK(sd_bus_message_close_container(reply));
        CHECK_OK(sd_bus_message_open_container(reply, 'r', "iay"));
        CHECK_OK(sd_bus_message_append(reply, "i", AF_INET6));
        CHECK_OK(sd_bus_message_append_array(reply, 'y', v6, sizeof(v6)));
        CHECK_OK(sd_bus_message_close_container(reply));
        CHECK_OK(sd_bus_message_close_container(reply));
        return sd_bus_send(NULL, reply, NULL);
}

static int reply_properties(sd_bus_message *m, const char *interface) {
        static const uint8_t id[16] = { 0xab, [15] = 0xcd };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        CHECK_OK(sd_bus_message_new_method_return(m, &reply));
        if (streq(interface, MACHINE1_MANAGER)) {
                CHECK_OK(sd_bus_message_append(reply, "a{sv}", 2, "PoolPath", "s", "/var/lib/machines",
                                               "PoolUsage", "t", UINT64_MAX));
                return sd_bus_send(NULL, reply, NULL);
        }

        CHECK_OK(sd_bus_message_open_container(reply, 'a', "{sv}"));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "Name", "s", "web"));
        CHECK_OK(sd_bus_message_open_container(reply, 'e', "sv"));
        CHECK_OK(sd_bus_message_append(reply, "s", "Id"));
        CHECK_OK(sd_bus_message_open_container(reply, 'v', "ay"));
        CHECK_OK(sd_bus_message_append_array(reply, 'y', id, sizeof(id)));
        CHECK_OK(sd_bus_message_close_container(reply));
        CHECK_OK(sd_bus_message_close_container(reply));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "Timestamp", "t", UINT64_C(1795309220224272)));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "Service", "s", "test" HOSTILE));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "Unit", "s", ""));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "Leader", "u", (uint32_t) getpid()));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "Class", "s", "container"));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "RootDirectory", "s", "/srv/web"));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "NetworkInterfaces", "ai", 1, 1));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "State", "s", "running"));
        CHECK_OK(sd_bus_message_close_container(reply));
        return sd_bus_send(NULL, reply, NULL);
}

static int answer(Daemon *d, sd_bus_message *m) {
        const char *member = sd_bus_message_get_member(m), *s = NULL;

        if (streq(member, "ListMachines"))
                return reply_list(d, m);
        if (streq(member, "ListMachineDetails"))
                return reply_details(d, m);

        CHECK_OK(sd_bus_message_rewind(m, true));
        CHECK_OK(sd_bus_message_read(m, "s", &s));
        if (streq(s, "gone"))
                return sd_bus_reply_method_errorf(m, "org.freedesktop.machine1.NoSuchMachine",
                                                  "No machine '%s' known" HOSTILE, s);

        if (streq(member, "GetMachine"))
                return sd_bus_reply_method_return(m, "o", "/org/freedesktop/machine1/machine/web");
        if (streq(member, "GetAll"))
                return reply_properties(m, s);
        if (streq(member, "GetMachineAddresses"))
                return streq(s, "cache") ? sd_bus_reply_method_errorf(m, SD_BUS_ERROR_FAILED, "No network")
                                         : reply_addresses(m);
        if (streq(member, "GetMachineOSRelease"))
                return sd_bus_reply_method_return(m, "a{ss}", 3, "ID", "debian" HOSTILE, "VERSION_ID", "12",
                                                  "PRETTY_NAME", "Debian" HOSTILE);
        if (streq(member, "StartMachine"))
                return sd_bus_reply_method_return(m, "o", "/m");
        if (startswith(member, "OpenMachine")) {
                if (d->master < 0)
                        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "Not you");
                return sd_bus_reply_method_return(m, "hs", d->master, "/dev/pts/0");
        }

        return sd_bus_reply_method_return(m, NULL);
}

/* Writes down the call as a line: its member and its plain arguments. */
static void note_call(Daemon *d, sd_bus_message *m) {
        _cleanup_free_ char *line = strdup(sd_bus_message_get_member(m));
        const char *contents, *s;
        char type;
        int32_t i;

        while (sd_bus_message_peek_type(m, &type, &contents) > 0) {
                _cleanup_free_ char *longer = NULL;

                if (type == 's') {
                        CHECK_OK(sd_bus_message_read(m, "s", &s));
                        CHECK_OK(text_printf(&longer, "%s %s", line, s));
                } else if (type == 'i') {
                        CHECK_OK(sd_bus_message_read(m, "i", &i));
                        CHECK_OK(text_printf(&longer, "%s %i", line, i));
                } else if (type == 'a' && streq(contents, "s")) {
                        _cleanup_(strv_freep) char **l = NULL;
                        _cleanup_free_ char *joined = NULL;

                        CHECK_OK(sd_bus_message_read_strv(m, &l));
                        CHECK_OK(strv_join(l, ",", &joined));
                        CHECK_OK(text_printf(&longer, "%s [%s]", line, joined));
                } else {
                        CHECK_OK(sd_bus_message_skip(m, NULL));
                        continue;
                }

                free(line);
                line = TAKE_PTR(longer);
        }

        CHECK_OK(strv_push(&d->calls, line));
}

static int on_call(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Daemon *d = userdata;
        uint8_t type;

        CHECK_OK(sd_bus_message_get_type(m, &type));
        if (type != SD_BUS_MESSAGE_METHOD_CALL)
                return 0;

        note_call(d, m);
        if (d->n_wanted == 0 || startswith(sd_bus_message_get_member(m), "ListMachine")) {
                CHECK_OK(answer(d, m));
                return 1;
        }

        CHECK(d->n_held < ELEMENTSOF(d->held));
        d->held[d->n_held++] = sd_bus_message_ref(m);
        if (d->n_held < d->n_wanted)
                return 1;

        /* The last one first: answers come in any order. */
        while (d->n_held > 0) {
                CHECK_OK(answer(d, d->held[--d->n_held]));
                (void) sd_bus_message_unref(d->held[d->n_held]);
        }
        return 1;
}

static int on_connection(
                _unused_ sd_event_source *source,
                int fd,
                _unused_ uint32_t events,
                void *userdata) {

        static const sd_id128_t id = { .bytes = { 1 } };
        Daemon *d = userdata;
        int connection;

        connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        CHECK_OK(connection);
        CHECK(!d->bus);
        CHECK_OK(sd_bus_new(&d->bus));
        CHECK_OK(sd_bus_set_fd(d->bus, connection, connection));
        CHECK_OK(sd_bus_set_server(d->bus, true, id));
        CHECK_OK(sd_bus_negotiate_fds(d->bus, true));
        CHECK_OK(sd_bus_start(d->bus));
        CHECK_OK(sd_bus_attach_event(d->bus, d->event, SD_EVENT_PRIORITY_NORMAL));
        return sd_bus_add_filter(d->bus, NULL, on_call, d);
}

static int on_exit_of_client(_unused_ sd_event_source *source, const siginfo_t *info, void *userdata) {
        Daemon *d = userdata;

        d->status = info->si_code == CLD_EXITED ? info->si_status : -info->si_status;
        return sd_event_exit(d->event, 0);
}

static _Noreturn void exec_client(const Daemon *d, const char *const *argv, int output, int errors) {
        static const char *const forget[] = {
                "NO_COLOR", "SYSTEMD_COLORS", "SYSTEMD_PAGER", "PAGER", "LANGUAGE", "TERM", "COLORTERM",
        };
        char address[64];
        sigset_t none;
        int null;

        for (size_t i = 0; i < ELEMENTSOF(forget); i++)
                (void) unsetenv(forget[i]);
        (void) snprintf(address, sizeof(address), "unix:path=%s/bus", d->directory);
        (void) setenv("BERTH_BUS", address, true);
        (void) setenv("LC_ALL", "C.UTF-8", true);
        (void) setenv("TZ", "UTC", true);

        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        null = open("/dev/null", O_RDONLY);
        if (dup2(d->input >= 0 ? d->input : null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
            dup2(errors, STDERR_FILENO) < 0)
                _exit(99);

        (void) execv(getenv("BERTHCTL"), (char **) argv);
        _exit(99);
}

/* Runs berthctl with the words of @line as its arguments. */
static void run(Daemon *d, const char *line) {
        _cleanup_close_ int output = memfd_create("output", MFD_CLOEXEC);
        _cleanup_close_ int errors = memfd_create("errors", MFD_CLOEXEC);
        _cleanup_(strv_freep) char **argv = NULL;
        sigset_t set;
        pid_t pid;

        SKIP_UNLESS(getenv("BERTHCTL"), "BERTHCTL in the environment, the program to test");
        CHECK_OK(strv_split(line, " ", &argv));
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGCHLD);
        CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));

        pid = fork();
        CHECK_OK(pid);
        if (pid == 0)
                exec_client(d, (const char *const *) argv, output, errors);

        CHECK_OK(sd_event_add_io(d->event, NULL, d->listen_fd, EPOLLIN, on_connection, d));
        CHECK_OK(sd_event_add_child(d->event, NULL, pid, WEXITED, on_exit_of_client, d));
        CHECK_OK(sd_event_add_time_relative(d->event, NULL, CLOCK_MONOTONIC, PATIENCE_USEC, 0, NULL,
                                            (void *) (intptr_t) -ETIMEDOUT));
        CHECK_OK(sd_event_loop(d->event));

        CHECK(lseek(output, 0, SEEK_SET) == 0);
        CHECK_OK(fd_read_all(output, OUTPUT_MAX, &d->output, NULL));
        CHECK(lseek(errors, 0, SEEK_SET) == 0);
        CHECK_OK(fd_read_all(errors, OUTPUT_MAX, &d->errors, NULL));
}

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
        run(&d, "berthctl");
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
        run(&d, "berthctl list --no-legend");
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
        run(&d, "berthctl list");
        CHECK(d.status == 0);
        CHECK(strv_length(d.calls) == 2);
        CHECK_STREQ(d.calls[0], "ListMachineDetails");
        CHECK_STREQ(d.calls[1], "GetMachineOSRelease db");
        CHECK_STREQ(d.output,
                    "MACHINE CLASS     SERVICE              OS                     VERSION ADDRESSES\n"
                    "db      vm        -                    debian?]0;gotcha???31m 12      -\n"
                    "web     container test?]0;gotcha???31m arch?]0;gotcha???31m   -       10.0.0.2\n"
                    "\n2 machines listed.\n");
}

TEST(list_asks_for_no_addresses_that_it_does_not_show) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        run(&d, "berthctl list --max-addresses=0 -a");
        CHECK(d.status == 0);
        CHECK(strv_length(d.calls) == 6);
        CHECK(strstr(d.output, "\n.host"));
        CHECK(strstr(d.output, "4 machines listed."));
}

TEST(an_empty_list_says_so) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.n_machines = 0;
        run(&d, "berthctl list");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "No machines.\n");
}

TEST(list_for_programs_has_stable_keys) {
        _cleanup_(json_freep) json_t *json = NULL;
        _cleanup_(daemon_done) Daemon d;
        const char *name, *class, *service, *os, *version, *addresses;

        daemon_init(&d);
        run(&d, "berthctl list -o json");
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

        daemon_init(&d);
        run(&d, "berthctl status web -n 0");
        CHECK(d.status == 0);
        CHECK(is_clean(d.output));
        CHECK(startswith(d.output, "web(ab0000000000000000000000000000cd)\n"));
        CHECK(strstr(d.output, "          State: running\n"));
        CHECK(strstr(d.output, "          Since: Sun 2026-11-22 01:00:20 UTC; "));
        CHECK(strstr(d.output, " (test-bus-"));
        CHECK(strstr(d.output, "        Service: test?]0;gotcha???31m; class container\n"));
        CHECK(strstr(d.output, "           Root: /srv/web\n"));
        CHECK(strstr(d.output, "          Iface: lo\n"));
        CHECK(strstr(d.output, "        Address: 10.0.0.2\n                 fe80::1%lo\n"));
        CHECK(strstr(d.output, "             OS: Debian?]0;gotcha???31m\n"));
}

TEST(status_for_programs_has_stable_keys) {
        static const char *const keys[] = {
                "name", "id", "class", "service", "state", "since", "leader", "supervisor",
                "root", "unit", "subgroup", "cgroup", "uid_shift", "interfaces", "addresses", "os", "tree",
        };
        _cleanup_(json_freep) json_t *json = NULL;
        _cleanup_(daemon_done) Daemon d;
        json_t *one;

        daemon_init(&d);
        run(&d, "berthctl status web gone web -o json");
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
        run(&d, "berthctl show web");
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
        run(&d, "berthctl show web db -p Unit,Class");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "Unit=\nClass=container\n\nUnit=\nClass=container\n");
}

TEST(show_can_print_values_only) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        run(&d, "berthctl show web -P RootDirectory");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "/srv/web\n");
}

TEST(show_without_a_name_is_about_the_daemon) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        run(&d, "berthctl show");
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "PoolPath=/var/lib/machines\nPoolUsage=[not set]\n");
        CHECK_STREQ(d.calls[0], "GetAll " MACHINE1_MANAGER);
}

TEST(show_of_a_machine_that_is_not_there_fails) {
        _cleanup_(json_freep) json_t *json = NULL;
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        run(&d, "berthctl show gone web -o json-pretty");
        CHECK(d.status == 1);
        json = parse_output(&d);
        CHECK(json_array_size(json) == 1);
        CHECK_STREQ(json_string_value(json_object_get(json_array_get(json, 0), "Name")), "web");
}

static void check_call(const char *line, const char *wanted) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        run(&d, line);
        CHECK(d.status == 0);
        CHECK_STREQ(d.output, "");
        CHECK_STREQ(d.errors, "");
        CHECK(strv_length(d.calls) == 1);
        CHECK_STREQ(d.calls[0], wanted);
}

TEST(verbs_make_the_calls_that_machinectls_make) {
        _cleanup_free_ char *poweroff = NULL;

        CHECK_OK(text_printf(&poweroff, "KillMachine web leader %i", SIGRTMIN + 4));
        check_call("berthctl poweroff web", poweroff);
        check_call("berthctl stop web", poweroff);
        check_call("berthctl reboot web", "KillMachine web leader 2");
        check_call("berthctl restart web", "KillMachine web leader 2");
        check_call("berthctl terminate web", "TerminateMachine web");
        check_call("berthctl kill web", "KillMachine web all 15");
        check_call("berthctl kill -s KILL --kill-whom=leader web", "KillMachine web leader 9");
        check_call("berthctl start web", "StartMachine web");
}

TEST(one_that_fails_does_not_keep_the_others) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        d.n_wanted = 3; /* in parallel, too */
        run(&d, "berthctl terminate web gone db");
        CHECK(d.status == 1);
        CHECK(strv_length(d.calls) == 3);
        CHECK(strv_contains(d.calls, "TerminateMachine db"));
        CHECK_STREQ(d.errors, "Could not terminate machine 'gone': "
                              "No machine 'gone' known?]0;gotcha???31m\n");
}

static void check_refusal(const char *line, const char *wanted) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        run(&d, line);
        CHECK(d.status == 1);
        CHECK_STREQ(d.output, "");
        CHECK_STREQ(d.errors, wanted);
        CHECK(!d.calls);
}

TEST(bad_command_lines_ask_for_nothing) {
        check_refusal("berthctl frobnicate", "Unknown command verb frobnicate.\n");
        check_refusal("berthctl status", "Too few arguments.\n");
        check_refusal("berthctl kill", "Too few arguments.\n");
        check_refusal("berthctl list web", "Too many arguments.\n");
        check_refusal("berthctl start ../etc", "Invalid machine name: '../etc'\n");
        check_refusal("berthctl shell @web", "Invalid user name in '@web'.\n");
        check_refusal("berthctl shell web bin/sh", "Path 'bin/sh' is not absolute.\n");
}

static void daemon_open_terminal(Daemon *d) {
        _cleanup_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_free_ char *name = NULL;

        SKIP_UNLESS(pty_open_beneath(root_fd, &d->master, &d->peer, &name) >= 0, "a devpts at /dev/pts");
        free(TAKE_PTR(name));
        CHECK_OK(pty_open_beneath(root_fd, &d->keyboard, &d->input, &name));
}

TEST(a_shell_of_the_daemon_is_connected) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_open_terminal(&d);
        CHECK(write(d.peer, "hello from inside\n", 18) == 18);
        closep(&d.peer);
        d.peer = -EBADF;

        run(&d, "berthctl shell -E A=b -E TERM=vt52 me@web");
        CHECK(d.status == 0);
        CHECK_STREQ(d.calls[0], "OpenMachineShell web me  [] [A=b,TERM=vt52]");
        CHECK_STREQ(d.output, "hello from inside\r\n");
        CHECK(strstr(d.errors, "Connected to machine web."));
        CHECK(strstr(d.errors, "Connection to machine web terminated."));
}

TEST(a_login_of_the_daemon_is_connected_quietly) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_open_terminal(&d);
        closep(&d.peer); /* as a getty does, which then opens it again */
        d.peer = -EBADF;
        CHECK(write(d.keyboard, "\035\035\035", 3) == 3);

        run(&d, "berthctl -q login web");
        CHECK(d.status == 0);
        CHECK_STREQ(d.calls[0], "OpenMachineLogin web");
        CHECK_STREQ(d.errors, "");
}

TEST(a_shell_that_the_daemon_refuses_is_not_opened_another_way) {
        _cleanup_(daemon_done) Daemon d;

        daemon_init(&d);
        daemon_open_terminal(&d);
        closep(&d.master); /* to be refused */
        d.master = -EBADF;
        run(&d, "berthctl shell web");
        CHECK(d.status == 1);
        CHECK(strv_length(d.calls) == 1);
        CHECK_STREQ(d.errors, "Failed to get shell PTY: Not you\n");
}

TEST(without_a_daemon_it_says_so) {
        _cleanup_(daemon_done) Daemon d;
        int nobody[2];

        daemon_init(&d);
        closep(&d.listen_fd);
        CHECK_OK(pipe2(nobody, O_CLOEXEC));
        d.listen_fd = nobody[0];

        run(&d, "berthctl list");
        (void) close(nobody[1]);
        CHECK(d.status == 1);
        CHECK_STREQ(d.errors, "Cannot reach berthd: Connection refused\n");
}

TEST_MAIN()
