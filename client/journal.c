/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "client/journal.h"
#include "client/lines.h"
#include "lib/base/errors.h"
#include "lib/base/i18n.h"
#include "lib/base/journal-files.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/kernel/mount.h"
#include "lib/kernel/privileges.h"
#include "lib/kernel/process.h"
#include "lib/kernel/spawn.h"

#define JOURNALCTL "/usr/bin/journalctl"
#define MACHINES "/var/lib/machines"

/* nobody and nogroup, wherever they are not called so. */
#define NOBODY 65534

/* What a machine logged last comes to the one who follows it after the news that it has ended; by
 * when there was nothing for so long, it has. */
#define SILENCE_USEC (300 * USEC_PER_MSEC)

/* A machine that reboots and is not there again by then does not come. */
#define REBOOT_USEC (90 * USEC_PER_SEC)

typedef struct Show {
        Client *client;
        JournalRequest request;
        sd_event *event;
        sd_bus *bus;
        sd_bus_slot *removed, *new, *happened;
        sd_event_source *silence;       /* on once the machine has ended */
        sd_event_source *io;
        bool reboots;                   /* it has ended for that */
        bool has_rebooted;              /* and is on its way up */
        int directory_fd;               /* of its journal since then */
        int pidfd;
        int output;                     /* what journalctl prints */
        Lines *lines;
        int status;                     /* of journalctl */
        bool any, is_over;
} Show;

static void show_done(Show *s) {
        (void) sd_event_source_unref(s->silence);
        (void) sd_event_source_unref(s->io);
        (void) sd_bus_slot_unref(s->removed);
        (void) sd_bus_slot_unref(s->new);
        (void) sd_bus_slot_unref(s->happened);
        if (s->bus)
                (void) sd_bus_detach_event(s->bus);
        (void) sd_event_unref(s->event);
        (void) lines_free(s->lines);
        closep(&s->directory_fd);
        closep(&s->output);
        closep(&s->pidfd);
}

/* Opens the journal in a tree that nobody runs now; it may be anybody's, and hostile. */
static int open_stopped(const char *machine) {
        _cleanup_close_ int root_fd = -EBADF, fd = -EBADF;
        _cleanup_free_ char *path = NULL;
        int r;

        if (geteuid() != 0 || !machine_name_is_valid(machine))
                return -ENOENT;

        r = text_printf(&path, MACHINES "/%s", machine);
        if (r < 0)
                return r;
        root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root_fd < 0)
                return -errno;

        fd = journal_directory_open(root_fd, (Id128) {});
        return fd < 0 ? fd : mount_open_confined(fd);
}

/* The path of its object, as the daemon has it. */
static int find_machine(Client *client, const char *machine, char **ret_path, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path;
        int r;

        r = sd_bus_call_method(client->bus, MACHINE1_NAME, MACHINE1_PATH, MACHINE1_MANAGER, "GetMachine",
                               reterr, &reply, "s", machine);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return r;

        *ret_path = strdup(path);
        return *ret_path ? 0 : -ENOMEM;
}

static int open_running(Client *client, const char *machine, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_free_ char *path = NULL;
        int r, fd;

        r = find_machine(client, machine, &path, reterr);
        if (r < 0)
                return r;

        r = sd_bus_message_new_method_call(client->bus, &m, MACHINE1_NAME, path, BERTH_MACHINE,
                                           "OpenJournal");
        if (r >= 0)
                r = sd_bus_call(client->bus, m, UINT64_MAX, reterr, &reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "h", &fd);
        if (r < 0)
                return r;

        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return fd < 0 ? -errno : fd;
}

/* What the daemon says is not there, and what its like cannot do. */
static int error_of(int r, const sd_bus_error *e) {
        int ours = e->name ? error_from_bus_name(e->name) : 0;

        if (sd_bus_error_has_names(e, SD_BUS_ERROR_UNKNOWN_METHOD, SD_BUS_ERROR_UNKNOWN_INTERFACE,
                                   SD_BUS_ERROR_NOT_SUPPORTED))
                return -EOPNOTSUPP;
        if (sd_bus_error_has_name(e, SD_BUS_ERROR_FILE_NOT_FOUND))
                return -ENOENT;

        return ours < 0 ? ours : r;
}

int journal_open(Client *client, const char *machine, sd_bus_error *reterr) {
        int fd, r;

        assert(client);
        assert(machine);
        assert(reterr);

        r = open_running(client, machine, reterr);
        if (r >= 0)
                return r;

        r = error_of(r, reterr);
        if (r != -E_NO_SUCH_MACHINE)
                return r;

        fd = open_stopped(machine);
        return fd < 0 ? r : fd;
}

/* The last thing before journalctl. It needs to read files of whatever users the machine has; other than
 * root is given what it may read by the kernel as always. */
static int confine(void) {
        int r;

        if (geteuid() == 0) {
                r = privileges_become(NOBODY, NOBODY, UINT64_C(1) << CAP_DAC_READ_SEARCH);
                if (r < 0)
                        return r;
        }

        if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
                return -errno;

        return privileges_forbid_new();
}

static int push_option(char ***argv, const char *name, const char *value) {
        return value ? strv_pushf(argv, "%s=%s", name, value) : 0;
}

static int push_lines(char ***argv, unsigned lines) {
        return lines == LINES_ALL ? strv_push(argv, "--lines=all") : strv_pushf(argv, "--lines=%u", lines);
}

static int push_source(char ***argv, const JournalRequest *request) {
        if (request->directory_fd >= 0)
                return strv_push(argv, "--directory=/proc/self/fd/3");
        if (request->path)
                return push_option(argv, "--directory", request->path);

        return push_option(argv, "--unit", request->host_unit);
}

static int make_argv(const Client *client, const JournalRequest *request, char ***ret) {
        _cleanup_(strv_freep) char **argv = NULL;
        const Options *o = &client->options;
        int r;

        r = strv_push(&argv, "journalctl");
        if (r >= 0)
                r = strv_push(&argv, "--quiet");
        if (r >= 0)
                r = strv_push(&argv, "--no-pager");
        if (r >= 0)
                r = push_option(&argv, "--output", o->journal_mode);
        if (r >= 0)
                r = push_lines(&argv, request->lines);
        if (r >= 0)
                r = push_source(&argv, request);
        if (r >= 0)
                r = push_option(&argv, "--since", o->since);
        if (r >= 0)
                r = push_option(&argv, "--until", o->until);
        if (r >= 0)
                r = push_option(&argv, "--priority", o->priority);
        for (char **u = o->units; r >= 0 && u && *u; u++)
                r = push_option(&argv, "--unit", *u);
        if (r >= 0 && request->machine)
                r = strv_push(&argv, "--follow");
        if (r >= 0 && request->this_boot)
                r = strv_push(&argv, "--boot");
        if (r < 0)
                return r;

        *ret = TAKE_PTR(argv);
        return 0;
}

/* Once the machine has gone, and may have something to say still, or come again. */
static bool is_ending(const Show *s) {
        int enabled;

        return s->silence && sd_event_source_get_enabled(s->silence, &enabled) > 0;
}

static int end_after(Show *s, uint64_t usec) {
        int r;

        r = sd_event_source_set_time_relative(s->silence, usec);
        return r < 0 ? r : sd_event_source_set_enabled(s->silence, SD_EVENT_ONESHOT);
}

static int stop_journalctl(Show *s) {
        s->is_over = true;
        (void) process_signal(s->pidfd, SIGTERM);
        return sd_event_exit(s->event, 0);
}

static int on_output(_unused_ sd_event_source *source, int fd, _unused_ uint32_t events, void *userdata) {
        Show *s = userdata;
        char buffer[16 << 10];
        ssize_t n;
        int r;

        n = read(fd, buffer, sizeof(buffer));
        if (n <= 0)
                return sd_event_exit(s->event, n < 0 ? -errno : 0);

        if (!s->any && s->request.begins_apart)
                (void) putchar('\n');
        s->any = true;

        r = lines_print(s->lines, buffer, (size_t) n);
        if (r < 0)
                return stop_journalctl(s); /* nobody reads it any more */

        /* More of one that has ended; one that reboots has its time all the same. */
        return is_ending(s) && !s->reboots ? end_after(s, SILENCE_USEC) : 0;
}

static int start_journalctl(const Client *client, Show *s) {
        _cleanup_close_ int write_fd = -EBADF;
        _cleanup_(strv_freep) char **argv = NULL;
        int r, fds[2];

        r = make_argv(client, &s->request, &argv);
        if (r < 0)
                return r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        s->output = fds[0];
        write_fd = fds[1];

        s->pidfd = spawn(&(SpawnRequest) {
                .path = JOURNALCTL,
                .argv = argv,
                .stdin_fd = -EBADF,
                .stdout_fd = write_fd,
                .cgroup_fd = -EBADF,
                .extra_fd = s->request.directory_fd,
                .prepare = confine,
        }, NULL);
        if (s->pidfd < 0)
                return s->pidfd;

        return sd_event_add_io(s->event, &s->io, s->output, EPOLLIN, on_output, s);
}

static int on_silence(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        return stop_journalctl(userdata);
}

static bool is_ours(const Show *s, sd_bus_message *m) {
        const char *name;

        return sd_bus_message_read(m, "s", &name) >= 0 && streq(name, s->request.machine);
}

static int on_machine_removed(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Show *s = userdata;

        if (!is_ours(s, m) || is_ending(s))
                return 0;

        return end_after(s, s->reboots ? REBOOT_USEC : SILENCE_USEC);
}

/* What is left of the life before. journalctl itself shows no other boot than it has begun with, or
 * does, as its version has it. */
static int finish_journalctl(Show *s) {
        char buffer[16 << 10];
        ssize_t n;
        int r = 0;

        s->io = sd_event_source_disable_unref(s->io);
        (void) process_signal(s->pidfd, SIGTERM);
        while (r >= 0 && (n = read(s->output, buffer, sizeof(buffer))) > 0)
                r = lines_print(s->lines, buffer, (size_t) n);

        (void) waitid(P_PIDFD, (id_t) s->pidfd, &(siginfo_t) {}, WEXITED);
        closep(&s->pidfd);
        closep(&s->output);
        s->pidfd = s->output = -EBADF;
        return r;
}

static int on_machine_new(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Show *s = userdata;
        int r;

        if (!is_ours(s, m) || !is_ending(s) || !s->reboots)
                return 0;

        s->reboots = false;
        s->has_rebooted = true;
        r = sd_event_source_set_enabled(s->silence, SD_EVENT_OFF);
        if (r < 0)
                return r;

        return s->pidfd >= 0 && finish_journalctl(s) < 0 ? stop_journalctl(s) : 0;
}

static bool is_because_of_reboot(sd_bus_message *m) {
        const char *key, *cause;

        if (sd_bus_message_enter_container(m, 'a', "{sv}") < 0)
                return false;

        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                if (sd_bus_message_read(m, "s", &key) < 0)
                        return false;
                if (streq(key, "cause"))
                        return sd_bus_message_read(m, "v", "s", &cause) > 0 && streq(cause, "reboot");
                if (sd_bus_message_skip(m, "v") < 0 || sd_bus_message_exit_container(m) < 0)
                        return false;
        }

        return false;
}

/* Told by when it is up: what it has written down since is in its journal then, not in memory. */
static int go_on(Show *s) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int fd;

        fd = journal_open(s->client, s->request.machine, &e);
        if (fd < 0) { /* it keeps none any more, but may the next time */
                (void) complain(fd, &e, _("Could not open the journal of machine '%s'"), s->request.machine);
                return 0;
        }

        closep(&s->directory_fd);
        s->request.directory_fd = s->directory_fd = fd;
        s->request.lines = LINES_ALL;
        s->request.this_boot = true;
        return start_journalctl(s->client, s);
}

static int on_event(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Show *s = userdata;
        const char *event;
        int r = 0;

        if (!is_ours(s, m) || sd_bus_message_read(m, "s", &event) < 0)
                return 0;

        if (streq(event, "exited"))
                s->reboots = is_because_of_reboot(m);
        else if (streq(event, "ready") && s->has_rebooted) {
                s->has_rebooted = false;
                r = go_on(s);
        }

        return r < 0 ? sd_event_exit(s->event, r) : 0;
}

/* That of a machine that has ended before we listened has come to nobody: so ask. */
static int watch_machine(Client *client, Show *s) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = sd_event_add_time_relative(s->event, &s->silence, CLOCK_MONOTONIC, 0, 0, on_silence, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->silence, SD_EVENT_OFF);
        if (r < 0)
                return r;

        r = sd_bus_match_signal(client->bus, &s->removed, NULL, MACHINE1_PATH, MACHINE1_MANAGER,
                                "MachineRemoved", on_machine_removed, s);
        if (r >= 0)
                r = sd_bus_match_signal(client->bus, &s->new, NULL, MACHINE1_PATH, MACHINE1_MANAGER,
                                        "MachineNew", on_machine_new, s);
        if (r >= 0)
                r = sd_bus_match_signal(client->bus, &s->happened, NULL, MACHINE1_PATH, BERTH_MANAGER,
                                        "MachineEvent", on_event, s);
        if (r < 0)
                return r;

        r = sd_bus_attach_event(client->bus, s->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        s->bus = client->bus;

        if (find_machine(client, s->request.machine, &path, &e) >= 0 || is_ending(s))
                return 0;

        return end_after(s, SILENCE_USEC);
}

static int run(Client *client, Show *s) {
        siginfo_t info = {};
        int r;

        r = sd_event_default(&s->event);
        if (r < 0)
                return r;

        if (s->request.machine) {
                r = watch_machine(client, s);
                if (r < 0)
                        return r;
        }

        r = start_journalctl(client, s);
        if (r < 0)
                return r;

        r = sd_event_loop(s->event);
        if (r < 0)
                (void) process_signal(s->pidfd, SIGTERM);
        lines_finish(s->lines);
        if (s->pidfd < 0)
                return r;

        (void) waitid(P_PIDFD, (id_t) s->pidfd, &info, WEXITED);
        if (r < 0 || s->is_over)
                return r;

        return info.si_code == CLD_EXITED && info.si_status == 0 ? 0 : -EIO;
}

int journal_show(Client *client, const JournalRequest *request, bool *ret_any) {
        _cleanup_(show_done) Show s = {
                .client = client, .directory_fd = -EBADF, .pidfd = -EBADF, .output = -EBADF,
        };
        int r;

        assert(client);
        assert(request);

        s.request = *request;
        if (access(JOURNALCTL, X_OK) < 0)
                return -ENOENT;

        r = lines_new(client->screen.is_terminal, NULL, NULL, &s.lines);
        if (r < 0)
                return r;

        r = run(client, &s);
        if (ret_any)
                *ret_any = s.any;
        return r;
}
