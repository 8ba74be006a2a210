/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "client/exec-call.h"
#include "lib/bus/connect.h"

static int append_environment(sd_bus_message *m, char *const *environment) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", "environment");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'v', "as");
        if (r < 0)
                return r;
        r = sd_bus_message_append_strv(m, (char **) environment);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;

        return sd_bus_message_close_container(m);
}

/* As the person's is: what ends a line, what erases, whether it is in UTF-8. */
static int append_modes(sd_bus_message *m) {
        struct termios mode;
        int r;

        if (tcgetattr(STDIN_FILENO, &mode) < 0 && tcgetattr(STDOUT_FILENO, &mode) < 0)
                return 0;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", "modes");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'v', "(uuuuay)");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'r', "uuuuay");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "uuuu", mode.c_iflag, mode.c_oflag, mode.c_cflag, mode.c_lflag);
        if (r < 0)
                return r;
        r = sd_bus_message_append_array(m, 'y', mode.c_cc, sizeof(mode.c_cc));
        for (int i = 0; r >= 0 && i < 3; i++)
                r = sd_bus_message_close_container(m);

        return r;
}

static int append_terminal(sd_bus_message *m) {
        struct winsize size;
        int r;

        r = sd_bus_message_append(m, "{sv}", "terminal", "b", 1);
        if (r < 0)
                return r;

        /* Programs ask for it at once. */
        if ((ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) >= 0 || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) >= 0) &&
            size.ws_row > 0 && size.ws_col > 0) {
                r = sd_bus_message_append(m, "{sv}{sv}", "rows", "q", size.ws_row,
                                          "columns", "q", size.ws_col);
                if (r < 0)
                        return r;
        }

        return append_modes(m);
}

static int append_stdio(sd_bus_message *m, const Stdio *stdio) {
        static const char *const names[STDIO_N] = { "stdin", "stdout", "stderr" };
        int r;

        for (int fd = 0; fd < STDIO_N; fd++) {
                if (stdio->given[fd] < 0)
                        continue;

                r = sd_bus_message_append(m, "{sv}", names[fd], "h", stdio->given[fd]);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int append_options(sd_bus_message *m, const ExecRequest *request, const Stdio *stdio) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;

        if (request->user) {
                r = sd_bus_message_append(m, "{sv}", "user", "s", request->user);
                if (r < 0)
                        return r;
        }
        if (request->directory) {
                r = sd_bus_message_append(m, "{sv}", "directory", "s", request->directory);
                if (r < 0)
                        return r;
        }
        if (request->environment && *request->environment) {
                r = append_environment(m, request->environment);
                if (r < 0)
                        return r;
        }

        r = request->terminal ? append_terminal(m) : append_stdio(m, stdio);
        if (r < 0)
                return r;

        return sd_bus_message_close_container(m);
}

int exec_call_new(sd_bus *bus, const ExecRequest *request, const Stdio *stdio, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        assert(bus);
        assert(request);
        assert(stdio);
        assert(ret);

        r = sd_bus_path_encode(MACHINE1_PATH "/machine", request->machine, &path);
        if (r < 0)
                return r;

        r = sd_bus_message_new_method_call(bus, &m, MACHINE1_NAME, path, BERTH_MACHINE, "Exec");
        if (r < 0)
                return r;
        r = sd_bus_message_append_strv(m, (char **) request->argv);
        if (r < 0)
                return r;
        r = append_options(m, request, stdio);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(m);
        return 0;
}

static int take_fd(sd_bus_message *m, int *fd) {
        int r, borrowed;

        r = sd_bus_message_read(m, "v", "h", &borrowed);
        if (r < 0)
                return r;

        closep(fd);
        *fd = fcntl(borrowed, F_DUPFD_CLOEXEC, STDIO_N);
        return *fd < 0 ? -errno : 0;
}

int exec_answer_read(sd_bus_message *m, ExecAnswer *a) {
        const char *path, *key;
        int r;

        assert(m);
        assert(a);

        r = sd_bus_message_read(m, "o", &path);
        if (r < 0)
                return r;
        a->path = strdup(path);
        if (!a->path)
                return -ENOMEM;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r < 0)
                        return r;

                if (streq(key, "pid"))
                        r = sd_bus_message_read(m, "v", "u", &a->pid);
                else if (streq(key, "pidfd"))
                        r = take_fd(m, &a->pidfd);
                else if (streq(key, "terminal"))
                        r = take_fd(m, &a->master);
                else
                        r = sd_bus_message_skip(m, "v");
                if (r < 0)
                        return r;

                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        return a->pidfd < 0 ? -EBADMSG : 0;
}

void exec_answer_done(ExecAnswer *a) {
        free(a->path);
        closep(&a->pidfd);
        closep(&a->master);
}
