/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "daemon/bus/exec.h"
#include "lib/base/text.h"

typedef int (*OptionReader)(sd_bus_message *msg, OperationRequest *q, size_t which);

static int read_environment(sd_bus_message *msg, OperationRequest *q, _unused_ size_t which) {
        q->environment = strv_free(q->environment);
        return sd_bus_message_read_strv(msg, &q->environment);
}

static int read_text(sd_bus_message *msg, char **text) {
        const char *s;
        int r;

        r = sd_bus_message_read(msg, "s", &s);
        if (r < 0)
                return r;

        free(*text);
        *text = strdup(s);
        return *text ? 0 : -ENOMEM;
}

static int read_user(sd_bus_message *msg, OperationRequest *q, _unused_ size_t which) {
        return read_text(msg, &q->user);
}

static int read_directory(sd_bus_message *msg, OperationRequest *q, _unused_ size_t which) {
        return read_text(msg, &q->exec.directory);
}

/* The message keeps its own, until it is answered. */
static int read_descriptor(sd_bus_message *msg, OperationRequest *q, size_t which) {
        int r, fd;

        r = sd_bus_message_read(msg, "h", &fd);
        if (r < 0)
                return r;

        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return -errno;

        closep(&q->exec.stdio[which]);
        q->exec.stdio[which] = fd;
        return 0;
}

static int read_terminal(sd_bus_message *msg, OperationRequest *q, _unused_ size_t which) {
        int r, terminal;

        r = sd_bus_message_read(msg, "b", &terminal);
        q->exec.terminal = r >= 0 && terminal;
        return r;
}

static int read_size(sd_bus_message *msg, OperationRequest *q, size_t which) {
        return sd_bus_message_read(msg, "q", which == 0 ? &q->exec.rows : &q->exec.columns);
}

static int read_modes(sd_bus_message *msg, OperationRequest *q, _unused_ size_t which) {
        TerminalModes *modes = &q->exec.modes;
        const void *characters;
        size_t n;
        int r;

        r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_STRUCT, "uuuuay");
        if (r >= 0)
                r = sd_bus_message_read(msg, "uuuu", &modes->iflag, &modes->oflag, &modes->cflag,
                                        &modes->lflag);
        if (r >= 0)
                r = sd_bus_message_read_array(msg, 'y', &characters, &n);
        if (r >= 0)
                r = sd_bus_message_exit_container(msg);
        if (r < 0)
                return r;
        if (n > TERMINAL_CHARACTERS_MAX)
                return -E2BIG;

        if (n > 0)
                memcpy(modes->characters, characters, n);
        modes->n_characters = n;
        q->exec.has_modes = true;
        return 0;
}

static const struct {
        const char *name, *type;
        OptionReader read;
        size_t which;
} option_table[] = {
        { "columns",            "q",            read_size,              1 },
        { "directory",          "s",            read_directory },
        { "environment",        "as",           read_environment },
        { "modes",              "(uuuuay)",     read_modes },
        { "rows",               "q",            read_size,              0 },
        { "stderr",             "h",            read_descriptor,        2 },
        { "stdin",              "h",            read_descriptor,        0 },
        { "stdout",             "h",            read_descriptor,        1 },
        { "terminal",           "b",            read_terminal },
        { "user",               "s",            read_user },
};

static int read_option(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr) {
        const char *key;
        int r;

        r = sd_bus_message_read(msg, "s", &key);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(option_table); i++) {
                if (!streq(option_table[i].name, key))
                        continue;

                r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_VARIANT, option_table[i].type);
                if (r == -ENXIO)
                        return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                                 "Option '%s' is not of type '%s'", key,
                                                 option_table[i].type);
                if (r >= 0)
                        r = option_table[i].read(msg, q, option_table[i].which);
                return r < 0 ? r : sd_bus_message_exit_container(msg);
        }

        return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "Unknown option '%s'", key);
}

static int read_options(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr) {
        int r;

        r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(msg, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                r = read_option(msg, q, reterr);
                if (r >= 0)
                        r = sd_bus_message_exit_container(msg);
                if (r < 0)
                        return r;
        }

        return r < 0 ? r : sd_bus_message_exit_container(msg);
}

int bus_read_exec(sd_bus_message *msg, OperationRequest *q, sd_bus_error *reterr) {
        int r;

        exec_request_init(&q->exec);
        q->has_exec = true;

        r = sd_bus_message_read_strv(msg, &q->argv);
        if (r >= 0)
                r = read_options(msg, q, reterr);
        if (r < 0)
                return r;

        /* As polkit is told it. */
        if (isempty(q->user)) {
                free(q->user);
                q->user = strdup("root");
        }
        q->program = strdup(q->argv && q->argv[0] ? q->argv[0] : "");
        return q->user && q->program ? 0 : -ENOMEM;
}

int process_path(const Program *p, char **ret) {
        return text_printf(ret, PROCESS_PATH_PREFIX "/%lu", program_info(p)->id);
}

static int write_results(sd_bus_message *reply, const OperationAnswer *answer) {
        const ProgramInfo *info = program_info(answer->program);
        int r;

        r = sd_bus_message_append(reply, "{sv}{sv}", "pid", "u", (uint32_t) info->pid, "pidfd", "h",
                                  info->pidfd);
        if (r < 0 || !info->terminal)
                return r;

        return sd_bus_message_append(reply, "{sv}{sv}", "terminal", "h", answer->fd, "terminal-path", "s",
                                     info->terminal);
}

int bus_write_exec(sd_bus_message *reply, const OperationAnswer *answer) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = process_path(answer->program, &path);
        if (r >= 0)
                r = sd_bus_message_append(reply, "o", path);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = write_results(reply, answer);

        return r < 0 ? r : sd_bus_message_close_container(reply);
}
