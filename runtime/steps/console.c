/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /dev/console: a pseudo terminal of the guest's own devpts. Its master goes to
 * the supervisor, and stays open as long as the guest lives. */

#include <fcntl.h>
#include <termios.h>

#include "lib/base/text.h"
#include "lib/kernel/pty.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

/* What is written to a file or to the journal ends its lines as they do. */
static void end_lines_as_files_do(int peer_fd) {
        struct termios t;

        if (tcgetattr(peer_fd, &t) < 0)
                return;

        t.c_oflag &= ~(tcflag_t) ONLCR;
        (void) tcsetattr(peer_fd, TCSANOW, &t);
}

static int apply(void *subject) {
        Run *run = subject;
        _cleanup_free_ char *name = NULL;
        int r;

        r = pty_open_at(run->dev_fd, &run->guest_fds[GUEST_CONSOLE_MASTER],
                        &run->guest_fds[GUEST_CONSOLE_PEER], &name);
        if (r < 0)
                return r;

        if (!isatty(STDOUT_FILENO))
                end_lines_as_files_do(run->guest_fds[GUEST_CONSOLE_PEER]);

        return symlinkat(name, run->dev_fd, "console") < 0 ? -errno : 0;
}

static void explain(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/dev/console", f);
}

const Step step_console = {
        .name = "console",
        .stage = STAGE_OUTER,
        .apply = apply,
        .explain = explain,
};

/* In the guest's devpts, too, and never open in here: its init runs logins on them. */
static int apply_ttys(void *subject) {
        Run *run = subject;

        for (unsigned i = 0; i < run->spec->n_ttys; i++) {
                _cleanup_free_ char *name = NULL;
                int r;

                r = pty_open_at(run->dev_fd, &run->guest_fds[GUEST_TTYS + i], NULL, &name);
                if (r >= 0)
                        r = strv_push(&run->ttys, name);
                if (r < 0)
                        return r;
        }

        return 0;
}

static bool wants_ttys(const void *subject) {
        const Run *run = subject;

        return run->spec->n_ttys > 0;
}

static void explain_ttys(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fprintf(f, "%u beside the console", run->spec->n_ttys);
}

const Step step_ttys = {
        .name = "ttys",
        .stage = STAGE_OUTER,
        .wanted = wants_ttys,
        .apply = apply_ttys,
        .explain = explain_ttys,
};

/* A session of its own in any case: whoever shares ours could type into our
 * terminal. */
static int apply_terminal(void *subject) {
        Run *run = subject;
        int peer_fd = run->guest_fds[GUEST_CONSOLE_PEER];
        int r;

        if (run->pipe)
                return setsid() < 0 ? -errno : 0;

        r = terminal_become_controlling(peer_fd);
        if (r < 0)
                return r;

        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (dup2(peer_fd, fd) < 0)
                        return -errno;

        return 0;
}

static void explain_terminal(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fputs(run->pipe ? "our own streams" : "/dev/console", f);
}

const Step step_terminal = {
        .name = "terminal",
        .stage = STAGE_INNER,
        .apply = apply_terminal,
        .explain = explain_terminal,
};
