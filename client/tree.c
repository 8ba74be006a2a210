/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "client/client.h"
#include "client/tree.h"
#include "client/value.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"

/* Enough for what systemd and containers in containers make. */
#define DEPTH_MAX 16
#define NODES_MAX 2000
#define COMMAND_MAX 4096
#define PREFIX_MAX (8 * DEPTH_MAX)

typedef struct Reader {
        size_t n_nodes;         /* groups and processes so far */
} Reader;

/* The command line, or the name in brackets for a process without one. */
static json_t *read_command(const char *pid) {
        _cleanup_free_ char *path = NULL, *text = NULL, *name = NULL;
        _cleanup_close_ int fd = -EBADF;
        char line[COMMAND_MAX];
        ssize_t n;

        if (text_printf(&path, "/proc/%s/cmdline", pid) < 0)
                return NULL;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
        if (n > 0) {
                for (ssize_t i = 0; i < n; i++)
                        if (!line[i])
                                line[i] = ' ';
                while (n > 0 && line[n - 1] == ' ')
                        n--;
                line[n] = 0;
                return value_string(line);
        }

        free(path);
        path = NULL;
        if (text_printf(&path, "/proc/%s/comm", pid) < 0 || file_read(path, COMMAND_MAX, &text) < 0)
                return json_string("n/a");
        text[strcspn(text, "\n")] = 0;

        return text_printf(&name, "[%s]", text) < 0 ? NULL : value_string(name);
}

static int read_processes(Reader *reader, const char *path, json_t *list) {
        _cleanup_(strv_freep) char **pids = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        /* Threaded groups have no list, and one may have gone by now. */
        r = cgroup_read(path, "cgroup.procs", &text);
        if (r < 0)
                return r == -EOPNOTSUPP || r == -ENOENT || r == -ENODEV ? 0 : r;

        r = strv_split(text, "\n", &pids);
        if (r < 0)
                return r;

        for (char **pid = pids; *pid && reader->n_nodes < NODES_MAX; pid++) {
                json_t *process;
                pid_t number;

                /* 0: somewhere that we cannot see. */
                if (parse_pid(*pid, &number) < 0)
                        continue;

                process = json_object();
                reader->n_nodes++;
                if (json_object_set_new(process, "pid", json_integer(number)) < 0 ||
                    json_object_set_new(process, "command", read_command(*pid)) < 0 ||
                    json_array_append_new(list, process) < 0)
                        return -ENOMEM;
        }

        return 0;
}

static int read_group(Reader *reader, const char *path, unsigned depth, json_t **ret);

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static int list_children(const char *path, char ***ret) {
        _cleanup_(strv_freep) char **names = NULL;
        struct dirent *entry;
        DIR *directory;
        int r = 0, fd;

        fd = cgroup_open(path);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        directory = fdopendir(fd);
        if (!directory) {
                (void) close(fd);
                return -errno;
        }

        while (r >= 0 && (entry = readdir(directory)))
                if (entry->d_type == DT_DIR && !streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
                        r = strv_push(&names, entry->d_name);
        (void) closedir(directory);
        if (r < 0)
                return r;

        if (names)
                qsort(names, strv_length(names), sizeof(char *), compare_names);
        *ret = TAKE_PTR(names);
        return 0;
}

static int read_children(Reader *reader, const char *path, unsigned depth, json_t *list) {
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        if (depth >= DEPTH_MAX)
                return 0;

        r = list_children(path, &names);
        if (r < 0)
                return r;

        for (char **name = names; name && *name && reader->n_nodes < NODES_MAX; name++) {
                _cleanup_free_ char *below = NULL;
                json_t *child;

                r = text_printf(&below, "%s/%s", path, *name);
                if (r < 0)
                        return r;

                r = read_group(reader, below, depth + 1, &child);
                if (r < 0)
                        return r;
                if (json_array_append_new(list, child) < 0)
                        return -ENOMEM;
        }

        return 0;
}

static int read_group(Reader *reader, const char *path, unsigned depth, json_t **ret) {
        _cleanup_(json_freep) json_t *group = json_object();
        json_t *processes = json_array(), *children = json_array();
        int r;

        reader->n_nodes++;
        if (json_object_set_new(group, "name", value_string(strrchr(path, '/') + 1)) < 0 ||
            json_object_set_new(group, "processes", processes) < 0 ||
            json_object_set_new(group, "children", children) < 0)
                return -ENOMEM;

        r = read_processes(reader, path, processes);
        if (r < 0)
                return r;
        r = read_children(reader, path, depth, children);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(group);
        return 0;
}

int tree_read(const char *path, json_t **ret) {
        _cleanup_close_ int fd = -EBADF;
        Reader reader = {};

        assert(path);
        assert(ret);

        fd = cgroup_open(path);
        if (fd < 0)
                return fd;

        return read_group(&reader, path, 0, ret);
}

/* Groups without any process below say nothing. */
static bool is_empty(const json_t *group) {
        const json_t *child;
        size_t i;

        if (json_array_size(json_object_get(group, "processes")) > 0)
                return false;

        json_array_foreach(json_object_get(group, "children"), i, child)
                if (!is_empty(child))
                        return false;

        return true;
}

static void print_group(const json_t *group, const Screen *screen, unsigned indent, const char *prefix) {
        const json_t *children = json_object_get(group, "children");
        const json_t *processes = json_object_get(group, "processes");
        const json_t *one;
        size_t i, left;

        left = json_array_size(processes);
        json_array_foreach(children, i, one)
                left += !is_empty(one);

        json_array_foreach(children, i, one) {
                char below[PREFIX_MAX];

                if (is_empty(one))
                        continue;

                left--;
                (void) printf("%*s%s%s%s\n", (int) indent, "", prefix,
                              screen->utf8 ? (left > 0 ? "├─" : "└─") : (left > 0 ? "|-" : "`-"),
                              json_string_value(json_object_get(one, "name")));
                (void) snprintf(below, sizeof(below), "%s%s", prefix,
                                left == 0 ? "  " : screen->utf8 ? "│ " : "| ");
                print_group(one, screen, indent, below);
        }

        json_array_foreach(processes, i, one) {
                left--;
                (void) printf("%*s%s%s%s%" JSON_INTEGER_FORMAT " %s%s\n", (int) indent, "", prefix,
                              screen->utf8 ? (left > 0 ? "├─" : "└─") : (left > 0 ? "|-" : "`-"),
                              screen_color(screen, COLOR_FAINT),
                              json_integer_value(json_object_get(one, "pid")),
                              json_string_value(json_object_get(one, "command")),
                              screen_color(screen, COLOR_NONE));
        }
}

void tree_print(const json_t *tree, const Screen *screen, unsigned indent) {
        assert(tree);
        assert(screen);

        print_group(tree, screen, indent, "");
}
