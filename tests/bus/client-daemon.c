/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/base/console-log.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"
#include "tests/bus/client-daemon.h"
#include "tests/bus/client-exec.h"
#include "tests/test.h"

#define OUTPUT_MAX (1024 * 1024)
#define PATIENCE_USEC (20 * USEC_PER_SEC)

#define WEB "/org/freedesktop/machine1/machine/web"

void daemon_init(Daemon *d) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        *d = (Daemon) { .listen_fd = -EBADF, .master = -EBADF, .peer = -EBADF, .n_machines = 3,
                         .class = "container", .leader = getpid(), .leads = WEB,
                         .input = -EBADF, .keyboard = -EBADF, .watched = -EBADF, .closes = -EBADF,
                         .ignored = -EBADF };
        (void) strcpy(d->directory, "/tmp/test-berthctl-XXXXXX");
        CHECK(mkdtemp(d->directory));
        CHECK_OK(sd_event_new(&d->event));

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/bus", d->directory);
        d->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        CHECK_OK(bind(d->listen_fd, (struct sockaddr *) &address, sizeof(address)));
        CHECK_OK(listen(d->listen_fd, 1));
}

void daemon_done(Daemon *d) {
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
        closep(&d->watched);
        closep(&d->ignored);
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
        CHECK_OK(sd_bus_message_append(reply, "sssbssb", "web", "container", "test", 1,
                                       "arch" HOSTILE, "", 1));
        CHECK_OK(sd_bus_message_open_container(reply, 'a', "(iay)"));
        CHECK_OK(sd_bus_message_open_container(reply, 'r', "iay"));
        CHECK_OK(sd_bus_message_append(reply, "i", AF_INET));
        CHECK_OK(sd_bus_message_append_array(reply, 'y', v4, sizeof(v4)));
        CHECK_OK(sd_bus_message_close_container(reply));
        CHECK_OK(sd_bus_message_close_container(reply));
        CHECK_OK(sd_bus_message_close_container(reply));
        CHECK_OK(sd_bus_message_append(reply, "(sssbssba(iay))", "db" HOSTILE, "vm", "", 0, "", "", 0, 0));
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
        /* Too short. */
        CHECK_OK(sd_bus_message_open_container(reply, 'r', "iay"));
        CHECK_OK(sd_bus_message_append(reply, "i", AF_INET6));
        CHECK_OK(sd_bus_message_append_array(reply, 'y', v4, sizeof(v4)));
        CHECK_OK(sd_bus_message_close_container(reply));
        CHECK_OK(sd_bus_message_close_container(reply));
        return sd_bus_send(NULL, reply, NULL);
}

static int reply_properties(const Daemon *d, sd_bus_message *m, const char *interface) {
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
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "Leader", "u", (uint32_t) d->leader));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "Supervisor", "u", (uint32_t) getpid()));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "SupervisorPIDFDId", "t", d->supervisor_id));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "Class", "s", d->class));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "RootDirectory", "s", "/srv/web"));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "NetworkInterfaces", "ai", 1, 1));
        CHECK_OK(sd_bus_message_append(reply, "{sv}", "State", "s", "running"));
        CHECK_OK(sd_bus_message_close_container(reply));
        return sd_bus_send(NULL, reply, NULL);
}

/* Of "web" all, of "gone" nothing, of others only that they run. */
static int reply_stats(sd_bus_message *m) {
        const char *path = sd_bus_message_get_path(m);

        if (endswith(path, "/gone"))
                return sd_bus_reply_method_errorf(m, "org.freedesktop.machine1.NoSuchMachine",
                                                  "No machine 'gone' known" HOSTILE);
        if (!streq(path, WEB))
                return sd_bus_reply_method_return(m, "a{sv}", 1, "CPUUsageNSec", "t", UINT64_C(1500000000));

        return sd_bus_reply_method_return(
                        m, "a{sv}", 7, "CPUUsageNSec", "t", UINT64_C(2500000),
                        "MemoryCurrent", "t", UINT64_C(1572864), "MemoryMax", "t", UINT64_MAX,
                        "TasksCurrent", "t", UINT64_C(7), "IOReadBytes", "t", UINT64_C(1023),
                        "Network", "a{s(tttttttt)}", 2,
                        "ve-web", UINT64_C(1024), UINT64_C(2), UINT64_C(3), UINT64_C(4), UINT64_C(5),
                        UINT64_C(6), UINT64_C(7), UINT64_C(8),
                        "ve-two", UINT64_C(1024), UINT64_C(0), UINT64_C(0), UINT64_C(0), UINT64_C(0),
                        UINT64_C(0), UINT64_C(0), UINT64_C(0),
                        "Pressure", "a{s(dddt)}", 1, "io-full", 0.5, 0.25, 0.125, UINT64_C(9));
}

/* Its second argument says which part; its calls are those of berthctl's alone. */
static int reply_console(const Daemon *d, sd_bus_message *m) {
        _cleanup_close_ int fd = -EBADF;
        const char *name, *key;
        int previous;

        CHECK_OK(sd_bus_message_rewind(m, true));
        CHECK_OK(sd_bus_message_read(m, "sa{sv}", &name, 1, &key, "b", &previous));
        CHECK_STREQ(key, "previous");
        fd = d->consoles ? console_log_open(d->consoles, name, previous ? CONSOLE_LOG_PREVIOUS :
                                            CONSOLE_LOG_CURRENT) : -ENOENT;
        if (fd < 0)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_FILE_NOT_FOUND, "There is none");

        return sd_bus_reply_method_return(m, "h", fd);
}

static int reply_enabled(sd_bus_message *m) {
        return sd_bus_reply_method_return(m, "a(sitasas)", 2,
                                          "db", 0, UINT64_C(0), 0, 0,
                                          "web", 2, UINT64_C(100000), 1, "db", 2, "db", "cache" HOSTILE);
}

static int answer(Daemon *d, sd_bus_message *m) {
        const char *member = sd_bus_message_get_member(m), *s = NULL;

        if (streq(member, "ListMachines"))
                return reply_list(d, m);
        if (streq(member, "ListMachineDetails"))
                return reply_details(d, m);

        if (streq(member, "GetStats"))
                return reply_stats(m);
        if (endswith(sd_bus_message_get_path(m), "/gone"))
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_OBJECT, "Unknown object");

        if (streq(member, "Exec"))
                return exec_answer(d, m);
        if (streq(member, "Kill"))
                return exec_kill(d, m);

        if (streq(member, "OpenConsoleLog"))
                return reply_console(d, m);
        if (streq(member, "OpenJournal"))
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_FILE_NOT_FOUND, "It keeps no journal");

        if (streq(member, "Get"))
                return sd_bus_reply_method_return(m, "v", "b", false);
        if (streq(member, "GetMachineByPID"))
                return sd_bus_reply_method_return(m, "o", d->leads);

        if (streq(member, "ListEnabledMachines"))
                return reply_enabled(m);
        if (streq(sd_bus_message_get_interface(m), BERTH_MACHINE))
                return sd_bus_reply_method_return(m, NULL);

        CHECK_OK(sd_bus_message_rewind(m, true));
        CHECK_OK(sd_bus_message_read(m, "s", &s));
        if (streq(s, "gone"))
                return sd_bus_reply_method_errorf(m, "org.freedesktop.machine1.NoSuchMachine",
                                                  "No machine '%s' known" HOSTILE, s);

        if (streq(member, "GetMachine"))
                return sd_bus_reply_method_return(m, "o", WEB);
        if (streq(member, "GetAll"))
                return reply_properties(d, m, s);
        if (streq(member, "GetMachineAddresses"))
                return streq(s, "cache") ? sd_bus_reply_method_errorf(m, SD_BUS_ERROR_FAILED, "No network")
                                         : reply_addresses(m);
        if (streq(member, "GetMachineOSRelease"))
                return sd_bus_reply_method_return(m, "a{ss}", 3, "ID", "debian" HOSTILE, "VERSION_ID", "12",
                                                  "PRETTY_NAME", "Debian" HOSTILE);
        if (streq(member, "StartMachine"))
                return sd_bus_reply_method_return(m, "o", "/m");
        if (streq(member, "StopMachine"))
                return sd_bus_reply_method_return(m, "s", streq(s, "db") ? "killed" : "exited");
        if (startswith(member, "OpenMachine")) {
                if (d->shell_error)
                        return sd_bus_reply_method_errorf(m, d->shell_error, "There is no bus");
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
        d->n_interactive += sd_bus_message_get_allow_interactive_authorization(m) > 0;
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

/* What is told to the first is read before it sees that the connection has ended, and comes again. */
static void tell_events(Daemon *d) {
        d->has_told = true;
        CHECK_OK(sd_bus_emit_signal(d->bus, MACHINE1_PATH, MACHINE1_MANAGER, "MachineNew", "so", "web",
                                    WEB));
        CHECK_OK(sd_bus_emit_signal(d->bus, MACHINE1_PATH, BERTH_MANAGER, "MachineEvent", "ssa{sv}", "web",
                                    "exited", 3, "cause", "s", "exit", "status", "i", 7, "killed", "u", 1));
        CHECK_OK(sd_bus_emit_signal(d->bus, MACHINE1_PATH, MACHINE1_MANAGER, "MachineRemoved", "so", "web",
                                    WEB));
        d->bus = sd_bus_flush_close_unref(d->bus);
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
        if (d->falls_silent && d->has_told) {
                d->ignored = connection;
                CHECK_OK(kill(d->client, SIGTERM));
                return 0;
        }
        d->bus = sd_bus_close_unref(d->bus);
        CHECK_OK(sd_bus_new(&d->bus));
        CHECK_OK(sd_bus_set_fd(d->bus, connection, connection));
        CHECK_OK(sd_bus_set_server(d->bus, true, id));
        CHECK_OK(sd_bus_negotiate_fds(d->bus, true));
        CHECK_OK(sd_bus_start(d->bus));
        if (d->tells_events && !d->has_told) {
                tell_events(d);
                return 0;
        }
        if (d->tells_events)
                CHECK_OK(kill(d->client, SIGTERM));

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
                "NO_COLOR", "SYSTEMD_COLORS", "SYSTEMD_PAGER", "PAGER", "LANGUAGE", "TERM",
        };
        char address[64];
        sigset_t none;
        int null;

        for (size_t i = 0; i < ELEMENTSOF(forget); i++)
                (void) unsetenv(forget[i]);
        (void) setenv("COLORTERM", HOSTILE, true);
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
        closep(&d->closes);

        (void) execv(getenv("BERTHCTL"), (char **) argv);
        _exit(99);
}

static int on_nobody_reads(
                sd_event_source *source,
                _unused_ int fd,
                _unused_ uint32_t events,
                void *userdata) {

        Daemon *d = userdata;

        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        CHECK(d->program > 0);
        return kill(d->program, SIGTERM) < 0 ? -errno : 0;
}

/* Of those that read, berthctl and its program are left. */
static void watch(Daemon *d) {
        if (d->watched < 0)
                return;

        closep(&d->input);
        d->input = -EBADF;
        CHECK_OK(sd_event_add_io(d->event, NULL, d->watched, 0, on_nobody_reads, d));
}

void daemon_run(Daemon *d, const char *line) {
        _cleanup_close_ int output = memfd_create("output", MFD_CLOEXEC);
        _cleanup_close_ int errors = memfd_create("errors", MFD_CLOEXEC);
        _cleanup_(strv_freep) char **argv = NULL;
        sigset_t set;
        pid_t pid;

        SKIP_UNLESS(getenv("BERTHCTL"), "BERTHCTL in the environment, the program to test");
        CHECK_OK(strv_split(line, " ", &argv));
        for (char **word = argv; *word; word++)
                if (streq(*word, "SCRIPT")) {
                        free(*word);
                        *word = strdup(d->script);
                }
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGCHLD);
        CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));

        pid = fork();
        CHECK_OK(pid);
        d->client = pid;
        if (pid == 0)
                exec_client(d, (const char *const *) argv, output, errors);

        watch(d);
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
