/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The last step: the leader becomes the payload. */

#include <fcntl.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "lib/base/beneath.h"
#include "lib/base/text.h"
#include "lib/kernel/clone.h"
#include "runtime/program.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"
#include "runtime/sync.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What the guest's terminal is if ours is not connected with it. */
#define DEFAULT_TERM "vt220"

/* For START_SHELL, if root's entry in the user database names none. */
static const char *const shell_table[] = { "/bin/bash", "/bin/sh" };

static const char *environment_get(char *const *environment, const char *name) {
        const char *value = NULL;

        for (; environment && *environment; environment++) {
                const char *rest = startswith(*environment, name);

                if (rest && *rest == '=')
                        value = rest + 1;
        }

        return value;
}

/* Later assignments replace earlier ones: getenv() inside finds the first. */
static int environment_set(char ***environment, const char *assignment) {
        size_t n = strcspn(assignment, "=") + 1;

        for (char **e = *environment; e && *e; e++)
                if (strncmp(*e, assignment, n) == 0) {
                        char *copy = strdup(assignment);

                        if (!copy)
                                return -ENOMEM;

                        free(*e);
                        *e = copy;
                        return 0;
                }

        return strv_push(environment, assignment);
}

/* As sd_listen_fds() of the payload wants it: see step_exec for the descriptors. */
static int add_listen_fds(const Run *run, char ***environment) {
        const char *names = getenv("LISTEN_FDNAMES");
        int r;

        r = strv_pushf(environment, "LISTEN_FDS=%u", run->n_listen_fds);
        if (r >= 0)
                r = strv_push(environment, run->spec->as_pid2 ? "LISTEN_PID=2" : "LISTEN_PID=1");
        if (r >= 0 && !isempty(names))
                r = strv_pushf(environment, "LISTEN_FDNAMES=%s", names);

        return r;
}

static int add_ttys(const Run *run, char ***environment) {
        _cleanup_free_ char *names = NULL;
        int r;

        r = strv_join(run->ttys, " ", &names);
        return r < 0 ? r : strv_pushf(environment, "container_ttys=%s", names);
}

static int add_ours(const Run *run, char ***environment) {
        char uuid[ID128_UUID_MAX];
        const char *term = getenv("TERM");
        int r;

        r = strv_push(environment, "PATH=" DEFAULT_PATH);
        if (r >= 0)
                r = strv_pushf(environment, "container=%s", run->spec->manager ?: CONTAINER_MANAGER);
        if (r >= 0)
                r = strv_pushf(environment, "container_uuid=%s", id128_format_uuid(run->uuid, uuid));
        if (r >= 0)
                r = strv_push(environment, "NOTIFY_SOCKET=/run/host/notify");
        if (r >= 0)
                r = strv_pushf(environment, "TERM=%s", isempty(term) ? DEFAULT_TERM : term);
        if (r >= 0)
                r = strv_pushf(environment, "HOME=%s", run->user.home);
        if (r >= 0)
                r = strv_pushf(environment, "USER=%s", run->user.name);
        if (r >= 0)
                r = strv_pushf(environment, "LOGNAME=%s", run->user.name);
        if (r >= 0 && run->spec->mode != START_BOOT)
                r = strv_push(environment, "LANG=C.UTF-8");
        if (r >= 0 && run->spec->n_credentials > 0)
                r = strv_push(environment, "CREDENTIALS_DIRECTORY=" RUN_CREDENTIALS);
        if (r >= 0 && run->ttys)
                r = add_ttys(run, environment);
        if (r >= 0 && run->n_listen_fds > 0)
                r = add_listen_fds(run, environment);

        return r;
}

static int make_environment(const Run *run, char ***ret) {
        static const char *const passed_on[] = { "COLORTERM", "NO_COLOR" };
        _cleanup_(strv_freep) char **environment = NULL;
        int r;

        r = add_ours(run, &environment);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(passed_on); i++) {
                const char *value = getenv(passed_on[i]);

                r = value ? strv_pushf(&environment, "%s=%s", passed_on[i], value) : 0;
                if (r < 0)
                        return r;
        }

        for (char **e = run->host_environment; e && *e; e++) {
                r = strv_push(&environment, *e);
                if (r < 0)
                        return r;
        }

        for (char **e = run->spec->environment; e && *e; e++) {
                r = environment_set(&environment, *e);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(environment);
        return 0;
}

static int search_path(const Run *run, const char *name, const char *path, char **ret) {
        _cleanup_(strv_freep) char **directories = NULL;
        int r, error = -ENOENT;

        r = strv_split(path ?: DEFAULT_PATH, ":", &directories);
        if (r < 0)
                return r;

        for (char **d = directories; d && *d; d++) {
                _cleanup_free_ char *candidate = NULL;

                if (**d != '/')
                        continue;

                r = text_printf(&candidate, "%s/%s", *d, name);
                if (r < 0)
                        return r;

                r = program_check(run->root_fd, candidate);
                if (r >= 0) {
                        *ret = TAKE_PTR(candidate);
                        return 0;
                }
                if (r != -ENOENT && r != -ENOTDIR)
                        error = r;
        }

        return error;
}

static int find_shell(const Run *run, char **ret) {
        const char *shell = run->user.shell;

        for (size_t i = 0; !shell || program_check(run->root_fd, shell) < 0; i++) {
                if (i >= ELEMENTSOF(shell_table))
                        return -ENOENT;

                shell = shell_table[i];
        }

        return text_printf(ret, "%s", shell);
}

/* The program's path, and its arguments. */
static int find_program(Run *run, char *const *environment, char **ret_path, char ***ret_argv) {
        _cleanup_(strv_freep) char **argv = NULL;
        _cleanup_free_ char *path = NULL;
        const char *name;
        int r;

        switch (run->spec->mode) {
        case START_SHELL:
                r = find_shell(run, &path);
                if (r >= 0)
                        r = strv_pushf(&argv, "-%s", strrchr(path, '/') + 1);
                break;

        case START_COMMAND:
                name = run->spec->command[0];
                run_set_object(run, "%s", name);
                if (strchr(name, '/'))
                        r = text_printf(&path, "%s", name);
                else
                        r = search_path(run, name, environment_get(environment, "PATH"), &path);
                break;

        case START_BOOT:
                run_set_object(run, "%s", run->init);
                r = text_printf(&path, "%s", run->init);
                if (r >= 0)
                        r = strv_push(&argv, run->init);
                break;

        default:
                r = -EINVAL;
        }
        if (r < 0)
                return r;

        r = program_check(run->root_fd, path);
        if (r < 0)
                return r;

        for (char **a = run->spec->command; a && *a; a++) {
                r = strv_push(&argv, *a);
                if (r < 0)
                        return r;
        }

        *ret_path = TAKE_PTR(path);
        *ret_argv = TAKE_PTR(argv);
        return 0;
}

/* Not by chdir(), which /proc/self/fd/N in the image would lead to a directory of the host that is
 * still open here (CVE-2024-21626). */
static int enter_directory(const Run *run, const char *path) {
        _cleanup_close_ int fd = -EBADF;

        fd = beneath_open(run->root_fd, path, O_PATH | O_DIRECTORY, 0);
        if (fd < 0)
                return fd;

        return fchdir(fd) < 0 ? -errno : 0;
}

static int change_directory(Run *run) {
        if (run->spec->chdir) {
                run_set_object(run, "%s", run->spec->chdir);
                return enter_directory(run, run->spec->chdir);
        }

        /* A shell wants to be at home; if there is none, / will do. */
        if (run->spec->mode == START_SHELL)
                (void) enter_directory(run, run->user.home);

        return 0;
}

/* Nothing may be left open that is not the payload's. */
static int close_others(const Run *run) {
        for (unsigned i = 0; i < run->n_listen_fds; i++)
                if (fcntl(SD_LISTEN_FDS_START + (int) i, F_SETFD, 0) < 0)
                        return -errno;

        return process_close_from(SD_LISTEN_FDS_START + run->n_listen_fds);
}

static int execute_stub(const Run *run, char *path, char **argv, char **environment) {
        _cleanup_(strv_freep) char **stub_argv = NULL;
        int r;

        r = strv_push(&stub_argv, "berth-init");
        if (r >= 0)
                r = strv_push(&stub_argv, path);
        for (char **a = argv; r >= 0 && *a; a++)
                r = strv_push(&stub_argv, *a);
        if (r < 0)
                return r;

        (void) fexecve(run->stub_fd, stub_argv, environment);
        return -errno;
}

/* Only now the kernel says whether the program may run with its label. */
static int fail(Run *run, const char *path, int error) {
        if (run->spec->selinux_context && (error == -EACCES || error == -EPERM))
                run_set_object(run, "%s as %s", path, run->spec->selinux_context);

        return error;
}

static int apply(void *subject) {
        Run *run = subject;
        _cleanup_(strv_freep) char **environment = NULL, **argv = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = make_environment(run, &environment);
        if (r < 0)
                return r;

        r = find_program(run, environment, &path, &argv);
        if (r < 0)
                return r;

        r = change_directory(run);
        if (r < 0)
                return r;

        run_set_object(run, "%s", path);
        (void) umask(0022);
        r = process_reset_signals();
        if (r >= 0)
                r = close_others(run);
        if (r < 0)
                return r;

        r = sync_send(run->sync_fd, &(SyncMessage) { .point = SYNC_EXECUTING }, NULL, 0);
        if (r < 0)
                return r;
        if (run->spec->as_pid2)
                return fail(run, path, execute_stub(run, path, argv, environment));

        (void) execve(path, argv, environment);
        return fail(run, path, -errno);
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        if (run->spec->mode == START_COMMAND)
                (void) fputs(run->spec->command[0], f);
        else
                (void) fputs(run->spec->mode == START_BOOT ? "init" : "a shell", f);
        if (run->spec->as_pid2)
                (void) fputs(" as PID 2", f);
        if (run->spec->user)
                (void) fprintf(f, " as user %s", run->spec->user);
}

const Step step_exec = {
        .name = "exec",
        .stage = STAGE_INNER,
        .apply = apply,
        .explain = explain,
};
