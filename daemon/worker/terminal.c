/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Opens terminals in guests, and has their systemd run something there. */

#include <stdio.h>

#include "daemon/worker/guest-bus.h"
#include "daemon/worker/jobs.h"
#include "lib/base/text.h"
#include "lib/kernel/pty.h"

#define UNIT_EXISTS "org.freedesktop.systemd1.UnitExists"

/* What looks the user's shell up in the guest, and becomes that. The user is an
 * argument, and not part of it. */
static const char shell_script[] =
        "shell=$(getent passwd \"$1\" 2>/dev/null | { IFS=: read -r _ _ _ _ _ _ x; echo \"$x\"; })\n"
        "[ -x \"$shell\" ] || shell=/bin/sh\n"
        "exec \"$shell\" -l";

typedef struct Terminal {
        int master;
        int peer;               /* or -EBADF */
        char *name;             /* "pts/3" */
        const char *number;     /* the rest of that: "3" */
} Terminal;

static void terminal_done(Terminal *t) {
        closep(&t->master);
        closep(&t->peer);
        free(t->name);
}

static int terminal_open(Job *job, bool wants_peer, Terminal *ret) {
        Terminal t = { .master = -EBADF, .peer = -EBADF };
        int r;

        r = pty_open_beneath(job->fds[0], &t.master, wants_peer ? &t.peer : NULL, &t.name);
        if (r < 0)
                return r;

        t.number = strchr(t.name, '/') + 1;
        *ret = t;
        return 0;
}

static int answer_terminal(Job *job, Terminal *t) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = text_printf(&path, "/dev/%s", t->name);
        if (r < 0)
                return r;

        r = job_answer(job, path, strlen(path));
        return r < 0 ? r : job_answer_fd(job, TAKE_FD(t->master));
}

int job_pty(Job *job) {
        _cleanup_(terminal_done) Terminal t = { -EBADF, -EBADF };
        int r;

        r = terminal_open(job, /* wants_peer= */ false, &t);
        return r < 0 ? r : answer_terminal(job, &t);
}

static int call_for_unit(Job *job, sd_bus *bus, const char *method, const char *unit, const char *mode) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *msg = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = guest_bus_new_call(bus, method, &msg);
        if (r >= 0)
                r = sd_bus_message_append(msg, "s", unit);
        if (r >= 0 && mode)
                r = sd_bus_message_append(msg, "s", mode);

        return r < 0 ? r : guest_bus_call_systemd(job, msg, &e);
}

int job_login(Job *job) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(terminal_done) Terminal t = { -EBADF, -EBADF };
        _cleanup_free_ char *unit = NULL;
        int r;

        r = terminal_open(job, /* wants_peer= */ false, &t);
        if (r < 0)
                return r;

        r = guest_bus_open(job, &bus);
        if (r < 0)
                return r;

        r = text_printf(&unit, "container-getty@%s.service", t.number);
        if (r < 0)
                return r;

        /* The last one on a terminal of that number was started over and over when that had gone,
         * until systemd had enough of it. */
        (void) call_for_unit(job, bus, "ResetFailedUnit", unit, NULL);

        r = call_for_unit(job, bus, "StartUnit", unit, "replace");
        return r < 0 ? r : answer_terminal(job, &t);
}

/* What is to run, read from the arguments of the job. */
typedef struct Shell {
        const char *user;
        const char *program;
        char **argv;            /* of @program, as systemd wants it */
        char *const *environment;
} Shell;

static void shell_done(Shell *s) {
        (void) strv_free(s->argv);
}

/* systemd replaces variables in command lines; nobody who calls us means those. */
static int push_literally(char ***argv, const char *s) {
        _cleanup_free_ char *doubled = NULL;
        char *p;

        p = doubled = malloc(2 * strlen(s) + 1);
        if (!doubled)
                return -ENOMEM;

        for (; *s; s++) {
                if (*s == '$')
                        *p++ = '$';
                *p++ = *s;
        }
        *p = 0;

        return strv_push(argv, doubled);
}

static int push_all(char ***argv, char *const *strings, size_t n) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++)
                r = push_literally(argv, strings[i]);

        return r;
}

/* USER PROGRAM N ARGUMENT… ASSIGNMENT…, with N arguments, the program's name being the first. */
static int read_shell(Job *job, Shell *ret) {
        _cleanup_(shell_done) Shell s = { job_arg(job, 0), job_arg(job, 1) };
        unsigned n;
        int r;

        r = parse_unsigned(job_arg(job, 2), JOB_ARGS_MAX, &n);
        if (r < 0 || n > job->n_args - 3)
                return -EINVAL;

        if (isempty(s.program)) {
                const char *const argv[] = { "sh", "-c", shell_script, "sh", s.user };

                s.program = "/bin/sh";
                r = push_all(&s.argv, (char *const *) argv, ELEMENTSOF(argv));
        } else if (n == 0)
                r = push_literally(&s.argv, s.program);
        else
                r = push_all(&s.argv, job->args + 4, n);
        if (r < 0)
                return r;

        s.environment = job->args + 4 + n;
        *ret = s;
        s.argv = NULL;
        return 0;
}

static int append_command(sd_bus_message *msg, const Shell *s) {
        int r;

        r = sd_bus_message_open_container(msg, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(msg, "s", "ExecStart");
        if (r >= 0)
                r = sd_bus_message_open_container(msg, 'v', "a(sasb)");
        if (r >= 0)
                r = sd_bus_message_open_container(msg, 'a', "(sasb)");
        if (r >= 0)
                r = sd_bus_message_open_container(msg, 'r', "sasb");
        if (r >= 0)
                r = sd_bus_message_append(msg, "s", s->program);
        if (r >= 0)
                r = sd_bus_message_append_strv(msg, s->argv);
        if (r >= 0) /* a shell that ends with an error is no failed unit */
                r = sd_bus_message_append(msg, "b", true);
        for (unsigned i = 0; r >= 0 && i < 4; i++)
                r = sd_bus_message_close_container(msg);

        return r;
}

static int append_environment(sd_bus_message *msg, const Shell *s) {
        int r;

        if (!s->environment[0])
                return 0;

        r = sd_bus_message_open_container(msg, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(msg, "s", "Environment");
        if (r >= 0)
                r = sd_bus_message_open_container(msg, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(msg, (char **) s->environment);
        for (unsigned i = 0; r >= 0 && i < 2; i++)
                r = sd_bus_message_close_container(msg);

        return r;
}

/* It is a login: of a person, with a session, whose end is the end of all in it. */
static int append_properties(sd_bus_message *msg, const Shell *s, const Terminal *t) {
        _cleanup_free_ char *description = NULL, *path = NULL;
        int r;

        r = text_printf(&description, "Shell for User %s", s->user);
        if (r >= 0)
                r = text_printf(&path, "/dev/%s", t->name);
        if (r < 0)
                return r;

        return sd_bus_message_append(msg, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)",
                                     "Description", "s", description,
                                     "StandardInputFileDescriptor", "h", t->peer,
                                     "StandardOutputFileDescriptor", "h", t->peer,
                                     "StandardErrorFileDescriptor", "h", t->peer,
                                     "SendSIGHUP", "b", true,
                                     "IgnoreSIGPIPE", "b", false,
                                     "KillMode", "s", "mixed",
                                     "TTYPath", "s", path,
                                     "TTYReset", "b", true,
                                     "UtmpIdentifier", "s", t->name,
                                     "UtmpMode", "s", "user",
                                     "PAMName", "s", "login",
                                     "WorkingDirectory", "s", "-~",
                                     "User", "s", s->user);
}

static int make_shell_call(
                sd_bus *bus,
                const char *unit,
                const Shell *s,
                const Terminal *t,
                sd_bus_message **ret) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *msg = NULL;
        int r;

        r = guest_bus_new_call(bus, "StartTransientUnit", &msg);
        if (r >= 0)
                r = sd_bus_message_append(msg, "ss", unit, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(msg, 'a', "(sv)");
        if (r >= 0)
                r = append_properties(msg, s, t);
        if (r >= 0)
                r = append_environment(msg, s);
        if (r >= 0)
                r = append_command(msg, s);
        if (r >= 0)
                r = sd_bus_message_close_container(msg);
        if (r >= 0) /* no units beside it */
                r = sd_bus_message_append(msg, "a(sa(sv))", 0);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(msg);
        return 0;
}

static int start_shell(Job *job, sd_bus *bus, const char *unit, const Shell *s, const Terminal *t) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *msg = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = make_shell_call(bus, unit, s, t, &msg);
        if (r < 0)
                return r;

        r = guest_bus_call_systemd(job, msg, &e);
        return r < 0 && sd_bus_error_has_name(&e, UNIT_EXISTS) ? -EEXIST : r;
}

int job_shell(Job *job) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(terminal_done) Terminal t = { -EBADF, -EBADF };
        _cleanup_(shell_done) Shell s = {};
        _cleanup_free_ char *unit = NULL, *other = NULL;
        int r;

        r = read_shell(job, &s);
        if (r < 0)
                return r;

        r = terminal_open(job, /* wants_peer= */ true, &t);
        if (r < 0)
                return r;

        r = guest_bus_open(job, &bus);
        if (r < 0)
                return r;

        r = text_printf(&unit, "container-shell@%s.service", t.number);
        if (r >= 0)
                r = start_shell(job, bus, unit, &s, &t);
        if (r == -EEXIST) {
                /* The last shell on this terminal has left something behind, which its unit waits for. */
                r = text_printf(&other, "container-shell@%s-%i.service", t.number, getpid());
                if (r >= 0)
                        r = start_shell(job, bus, other, &s, &t);
        }

        return r < 0 ? r : answer_terminal(job, &t);
}
