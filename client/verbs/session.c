/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>

#include "client/agent.h"
#include "client/machine.h"
#include "lib/base/passwd.h"
#include "client/session.h"
#include "client/value.h"
#include "client/verb.h"
#include "client/verbs/families.h"
#include "lib/base/beneath.h"
#include "lib/base/errors.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/kernel/join.h"
#include "lib/kernel/process.h"
#include "lib/kernel/pty.h"
#include "lib/kernel/sealed.h"

/* As a shell reports a program that is not there, or cannot be run. */
#define STATUS_NOT_FOUND 127
#define STATUS_NOT_EXECUTABLE 126

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define LOCAL_HOST ".host"

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

/* Sets NAME=value, unless @keep and there is one already. */
static int set_variable(char ***environment, const char *assignment, bool keep) {
        size_t n = strcspn(assignment, "=") + 1;
        char *copy;

        for (char **e = *environment; e && *e; e++) {
                if (strncmp(*e, assignment, n) != 0)
                        continue;
                if (keep)
                        return 0;

                copy = strdup(assignment);
                if (!copy)
                        return -ENOMEM;
                free(*e);
                *e = copy;
                return 0;
        }

        return strv_push(environment, assignment);
}

static int set_default(char ***environment, const char *name, const char *value) {
        _cleanup_free_ char *assignment = NULL;
        int r;

        r = text_printf(&assignment, "%s=%s", name, value);
        if (r < 0)
                return r;

        return set_variable(environment, assignment, /* keep= */ true);
}

/* The person's terminal stays what it is. */
static int add_terminal_variables(char ***environment) {
        static const char *const names[] = { "TERM", "COLORTERM", "NO_COLOR" };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const char *value = getenv(names[i]);

                if (!value || !text_is_printable(value))
                        continue;
                r = set_default(environment, names[i], value);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* The daemon has the machine's systemd do it all, and hands over a terminal. What
 * it lacks for that: the method, or the machine a bus. Who may enter the machine
 * goes without. */
static bool is_lacking(const sd_bus_error *e) {
        return sd_bus_error_has_names(e, SD_BUS_ERROR_UNKNOWN_METHOD, SD_BUS_ERROR_UNKNOWN_INTERFACE) ||
               (geteuid() == 0 && sd_bus_error_has_name(e, SD_BUS_ERROR_FILE_NOT_FOUND));
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

/* The pidfd of a machine's leader. Between the daemon's word and our opening it
 * the number could have come to mean another process: so it is asked whether
 * the process, which cannot change any more, is still that machine's. */
static int open_leader(Client *client, char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(machines_done) Machines list = {};
        _cleanup_close_ int pidfd = -EBADF;
        const char *path;
        json_int_t pid;
        Machine *m;
        int r;

        r = machines_request(client->bus, (char *const[]) { name, NULL }, machine_request_all, &list);
        if (r < 0)
                return log_error(r, _("Could not get machine '%s'"), name);

        m = &list.machines[0];
        if (!m->properties) {
                (void) log_error(0, _("Could not get machine '%s': %s"), name,
                                 m->error_text ?: error_text(m->error));
                return m->error;
        }

        if (streq_ptr(value_get_string(m->properties, "Class"), "vm")) {
                (void) log_error(0, _("Machine '%s' is a virtual machine: it cannot be entered."), name);
                return -EOPNOTSUPP;
        }

        pid = json_integer_value(json_object_get(m->properties, "Leader"));
        pidfd = pid > 0 && pid <= INT_MAX ? process_open((pid_t) pid) : -ESRCH;
        if (pidfd < 0)
                return log_error(pidfd, _("Cannot open the leader of machine '%s'"), name);

        /* The host's is in no machine, and its number no other's. */
        if (pid == 1)
                return TAKE_FD(pidfd);

        r = sd_bus_call_method(client->bus, MACHINE1_NAME, MACHINE1_PATH, MACHINE1_MANAGER,
                               "GetMachineByPID", &e, &reply, "u", (uint32_t) pid);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return complain(r, &e, _("Cannot open the leader of machine '%s'"), name);
        if (!streq(path, m->path) || !process_is_alive(pidfd))
                return log_error(-ESRCH, _("Cannot open the leader of machine '%s'"), name);

        return TAKE_FD(pidfd);
}

/* What gives a login prompt, the better first. Options of both kinds of getty. */
static int find_login(int root_fd, char ***ret) {
        static const char *const candidates[][4] = {
                { "/sbin/agetty", "--noclear", "--keep-baud", "-" },
                { "/usr/sbin/agetty", "--noclear", "--keep-baud", "-" },
                { "/bin/login", NULL },
                { "/usr/bin/login", NULL },
        };
        _cleanup_(strv_freep) char **argv = NULL;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(candidates); i++) {
                _cleanup_close_ int fd = beneath_open(root_fd, candidates[i][0], O_PATH, 0);

                if (fd < 0)
                        continue;

                for (size_t j = 0; j < ELEMENTSOF(candidates[i]) && candidates[i][j]; j++) {
                        r = strv_push(&argv, candidates[i][j]);
                        if (r < 0)
                                return r;
                }

                if (endswith(candidates[i][0], "getty")) {
                        r = strv_push(&argv, getenv("TERM") ?: "vt220");
                        if (r < 0)
                                return r;
                }

                *ret = TAKE_PTR(argv);
                return 0;
        }

        return -ENOENT;
}

/* A login shell is told so by a dash in front of its name. */
static int make_shell_argv(const GuestUser *user, char ***ret) {
        const char *base = strrchr(user->shell, '/');

        return strv_pushf(ret, "-%s", base ? base + 1 : user->shell);
}

static int complete_environment(char ***environment, const GuestUser *user) {
        const struct {
                const char *name, *value;
        } table[] = {
                { "PATH", DEFAULT_PATH },
                { "HOME", user->home },
                { "USER", user->name },
                { "LOGNAME", user->name },
                { "SHELL", user->shell },
        };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                r = set_default(environment, table[i].name, table[i].value);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* What is to run for @wish, in @ret_program and @ret_argv, and where it ends. */
static int choose_program(int root_fd, Wish *wish, const GuestUser *user, const char **ret_program) {
        int r;

        if (!wish->user) {
                r = find_login(root_fd, &wish->argv);
                if (r < 0)
                        return log_error(r, _("Cannot find a program for logging in to machine '%s'"),
                                         wish->machine);

                *ret_program = wish->argv[0];
                return 0;
        }

        r = complete_environment(&wish->environment, user);
        if (r < 0)
                return r;

        if (wish->argv) {
                *ret_program = wish->argv[0];
                return 0;
        }

        *ret_program = user->shell;
        return make_shell_argv(user, &wish->argv);
}

static int start_program(int leader, int root_fd, Wish *wish, Session *session) {
        _cleanup_(guest_user_done) GuestUser user = {};
        const char *program = NULL, *name = wish->user ?: "root";
        _cleanup_free_ char *terminal = NULL;
        JoinResult result;
        JoinStage stage;
        int r;

        r = guest_user_read(root_fd, name, &user);
        if (r < 0)
                return log_error(r, _("Cannot find user '%s' in machine '%s'"), name, wish->machine);

        r = choose_program(root_fd, wish, &user, &program);
        if (r < 0)
                return r;

        r = pty_open_beneath(root_fd, &session->master, &session->peer, &terminal);
        if (r < 0)
                return log_error(r, _("Cannot make a terminal in machine '%s'"), wish->machine);

        /* Programs ask for it at once. */
        if (terminal_copy_size(STDOUT_FILENO, session->master) < 0)
                (void) terminal_copy_size(STDIN_FILENO, session->master);

        r = join_start(&(JoinRequest) {
                .leader = leader,
                .stdio = { session->peer, session->peer, session->peer },
                .terminal = true,
                .uid = user.uid,
                .gid = user.gid,
                .groups = user.groups,
                .n_groups = user.n_groups,
                .program = program,
                .argv = wish->argv,
                .environment = wish->environment,
                .directory = wish->user ? user.home : "/",
        }, &result, &stage);
        if (r < 0) {
                (void) log_error(r, _("Cannot enter machine '%s' (%s)"), wish->machine,
                                 join_stage_to_string(stage));
                if (stage == JOIN_EXEC)
                        return r == -ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
                return r;
        }

        if (result.cgroup_error < 0)
                (void) log_full(LOG_DEBUG, result.cgroup_error, "Cannot join the machine's control group");

        session->pidfd = result.pidfd;
        return 0;
}

/* Enters the machine ourselves. Returns 0 with a session, or an exit status. */
static int open_by_joining(Client *client, Wish *wish, Session *session) {
        _cleanup_close_ int leader = -EBADF, root_fd = -EBADF;
        int r;

        /* In the copy we come here a second time, and go on. */
        r = sealed_exec_self(client->argv);
        if (r < 0)
                return log_error(r, _("Cannot make a sealed copy of this program, to enter a machine with"));

        leader = open_leader(client, wish->machine);
        if (leader < 0)
                return leader;

        root_fd = process_open_root(leader);
        if (root_fd < 0)
                return log_error(root_fd, _("Cannot enter machine '%s'"), wish->machine);

        return start_program(leader, root_fd, wish, session);
}

static int run_session(Client *client, Wish *wish) {
        _cleanup_(session_done) Session session = { wish->machine, -EBADF, -EBADF, -EBADF };
        int r;

        r = client_connect(client);
        if (r < 0)
                return r;

        agent_start(client);
        r = wants_status(wish) ? 0 : open_by_daemon(client, wish, &session.master);
        agent_stop(client); /* or it would share the terminal with the session */
        if (r == 0) {
                r = open_by_joining(client, wish, &session);
                if (r != 0)
                        return r;
        }
        if (r < 0)
                return r;

        /* What asks for the name hangs the terminal up first, and comes again after a session:
         * the end of a program there is not the end. */
        if (!wish->user && session.peer < 0)
                session.peer = pty_open_peer(session.master);

        r = session_run(&session, client);
        if (r < 0 && r != -EINTR)
                return log_error(r, _("Cannot connect the terminal"));

        return r;
}

static int verb_login(Client *client, char *const *args) {
        _cleanup_(wish_done) Wish wish = {};
        int r;

        wish.machine = strdup(args[0] ?: LOCAL_HOST);
        if (!wish.machine)
                return -ENOMEM;

        r = add_terminal_variables(&wish.environment);
        if (r < 0)
                return r;

        return run_session(client, &wish);
}

/* [USER@]NAME; the user there goes before that of --uid. */
static int read_target(const char *target, const char *uid, Wish *wish) {
        const char *at = strchr(target, '@');

        if (at == target) {
                (void) log_error(0, _("Invalid user name in '%s'."), target);
                return -EINVAL;
        }

        wish->user = at ? strndup(target, (size_t) (at - target)) : strdup(uid ?: "root");
        wish->machine = strdup(at ? at + 1 : target);
        if (!wish->user || !wish->machine)
                return -ENOMEM;

        if (!*wish->machine) {
                free(wish->machine);
                wish->machine = strdup(LOCAL_HOST);
                if (!wish->machine)
                        return -ENOMEM;
        }

        return 0;
}

static int verb_shell(Client *client, char *const *args) {
        _cleanup_(wish_done) Wish wish = {};
        int r;

        r = read_target(args[0] ?: LOCAL_HOST, client->options.uid, &wish);
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
                r = add_terminal_variables(&wish.environment);
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
