/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "client/agent.h"
#include "client/exec.h"
#include "client/session.h"
#include "client/target.h"
#include "client/terminal.h"
#include "client/verb.h"
#include "client/verbs/families.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/kernel/pty.h"

/* What a login comes down to without the machine's systemd. Options of both kinds of getty. */
#define LOGIN_SCRIPT \
        "for getty in /sbin/agetty /usr/sbin/agetty; do " \
        "[ ! -x $getty ] || exec $getty --noclear --keep-baud - \"${TERM:-vt220}\"; " \
        "done; " \
        "[ ! -x /usr/bin/login ] || exec /usr/bin/login; " \
        "exec /bin/login"

/* What is to be opened: a login prompt, or a program as some user. */
typedef struct Wish {
        char *machine;
        char *user;             /* name or number; NULL: a login prompt */
        char **argv;            /* NULL: the user's shell */
        char **environment;
} Wish;

static void wish_done(Wish *wish) {
        free(wish->machine);
        free(wish->user);
        (void) strv_free(wish->argv);
        (void) strv_free(wish->environment);
}

/* The daemon has the machine's systemd do it all, and hands over a terminal. What
 * it lacks for that: the method, or the machine a bus. */
static bool is_lacking(const sd_bus_error *e) {
        return sd_bus_error_has_names(e, SD_BUS_ERROR_UNKNOWN_METHOD, SD_BUS_ERROR_UNKNOWN_INTERFACE,
                                      SD_BUS_ERROR_FILE_NOT_FOUND);
}

/* Of a command or a script, the exit status is wanted, which only who has started it is told. */
static bool wants_status(const Wish *wish) {
        return geteuid() == 0 && wish->user && (wish->argv || !isatty(STDIN_FILENO));
}

static int append_shell_arguments(sd_bus_message *m, const Wish *wish) {
        int r;

        r = sd_bus_message_append(m, "ss", wish->user, wish->argv ? wish->argv[0] : "");
        if (r < 0)
                return r;
        r = sd_bus_message_append_strv(m, wish->argv);
        if (r < 0)
                return r;

        return sd_bus_message_append_strv(m, wish->environment);
}

/* Returns 1 with a session, 0 if there is none to be had from the daemon. */
static int open_by_daemon(Client *client, const Wish *wish, int *ret_master) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r, fd;

        r = sd_bus_message_new_method_call(client->bus, &m, MACHINE1_NAME, MACHINE1_PATH, MACHINE1_MANAGER,
                                           wish->user ? "OpenMachineShell" : "OpenMachineLogin");
        if (r < 0)
                return log_error(r, _("Cannot call the daemon"));
        r = sd_bus_message_append(m, "s", wish->machine);
        if (r >= 0 && wish->user)
                r = append_shell_arguments(m, wish);
        if (r < 0)
                return log_error(r, _("Cannot call the daemon"));

        r = sd_bus_call(client->bus, m, UINT64_MAX, &e, &reply);
        if (r < 0 && is_lacking(&e))
                return 0;
        if (r < 0)
                return complain(r, &e, "%s", wish->user ? _("Failed to get shell PTY")
                                                        : _("Failed to get login PTY"));

        r = sd_bus_message_read(reply, "hs", &fd, NULL);
        if (r < 0)
                return log_error(r, _("Cannot read the daemon's answer"));

        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return log_error(-errno, _("Cannot take the terminal over"));

        *ret_master = fd;
        return 1;
}

/* Has the daemon start a program in the machine by itself: for one that has no bus, and where
 * the exit status is wanted. */
static int run_program(Client *client, const Wish *wish) {
        static const char *const shell[] = { NULL };
        static const char *const login[] = { "/bin/sh", "-c", LOGIN_SCRIPT, NULL };
        const ExecRequest request = {
                .machine = wish->machine,
                .user = wish->user,
                .directory = wish->user ? NULL : "/",
                .argv = wish->argv ?: (char *const *) (wish->user ? shell : login),
                .environment = wish->environment,
                .terminal = true,
                .says_so = true,
        };

        return exec_run(client, &request);
}

static int connect_session(Client *client, const Wish *wish, int master) {
        _cleanup_close_ int peer = -EBADF;
        int r;

        /* What asks for the name hangs the terminal up first, and comes again after a session:
         * the end of a program there is not the end. */
        if (!wish->user)
                peer = pty_open_peer(master);

        r = session_run(client, wish->machine, master);
        return r < 0 && r != -EINTR ? log_error(r, _("Cannot connect the terminal")) : r;
}

static int run_session(Client *client, const Wish *wish) {
        _cleanup_close_ int master = -EBADF;
        int r;

        r = client_connect(client);
        if (r < 0)
                return r;

        if (wants_status(wish)) {
                r = run_program(client, wish);
                if (r != -EOPNOTSUPP)
                        return r;
        }

        agent_start(client);
        r = open_by_daemon(client, wish, &master);
        agent_stop(client); /* or it would share the terminal with the session */
        if (r < 0)
                return r;
        if (r > 0)
                return connect_session(client, wish, master);

        r = run_program(client, wish);
        if (r == -EOPNOTSUPP)
                (void) log_error(0, _("Machine '%s' has no bus to open a terminal by."), wish->machine);
        return r;
}

static int verb_login(Client *client, char *const *args) {
        _cleanup_(wish_done) Wish wish = {};
        int r;

        wish.machine = strdup(args[0] ?: LOCAL_HOST);
        if (!wish.machine)
                return -ENOMEM;

        r = terminal_add_variables(&wish.environment);
        if (r < 0)
                return r;

        return run_session(client, &wish);
}

static int verb_shell(Client *client, char *const *args) {
        _cleanup_(wish_done) Wish wish = {};
        int r;

        r = target_parse(args[0] ?: LOCAL_HOST, client->options.uid ?: "root", &wish.user, &wish.machine);
        if (r < 0)
                return r;

        if (args[0] && args[1]) {
                if (args[1][0] != '/') {
                        (void) log_error(0, _("Path '%s' is not absolute."), args[1]);
                        return -EINVAL;
                }

                r = strv_copy(args + 1, &wish.argv);
                if (r < 0)
                        return r;
        }

        r = strv_copy(client->options.environment, &wish.environment);
        if (r >= 0)
                r = terminal_add_variables(&wish.environment);
        if (r < 0)
                return r;

        return run_session(client, &wish);
}

static const Verb verbs[] = {
        { "login", NULL, "[NAME]", 0, 1, verb_login,
          N_("Get a login prompt in a machine, or on this host") },
        { "shell", NULL, "[[USER@]NAME [COMMAND...]]", 0, VERB_ANY, verb_shell,
          N_("Run a shell, or another command, in a machine or on this host") },
        {}
};

VERB_FAMILY(session, N_("Entering"), verbs);
