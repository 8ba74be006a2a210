/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Several commands may be given in a row, with "," between them. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/probe/probe.h"

int fail(const char *what) {
        printf("%s: %s\n", what, strerrorname_np(errno));
        return 1;
}

int number(const char *s) {
        return (int) strtol(s, NULL, 10);
}

long number_long(const char *s) {
        return strtol(s, NULL, 10);
}

int cat(const char *path) {
        char buffer[4096];
        ssize_t n;
        int fd;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return fail(path);

        if (isatty(fd))
                (void) fcntl(fd, F_SETFL, 0); /* somebody will type */

        (void) fflush(stdout);
        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
                if (write(STDOUT_FILENO, buffer, (size_t) n) < 0)
                        break;

        (void) close(fd);
        return n < 0 ? fail(path) : 0;
}

static const Command *find_command(const char *name) {
        static const Command *const tables[] = {
                calls_commands, files_commands, life_commands, notify_commands, self_commands,
        };

        for (size_t i = 0; i < ELEMENTSOF(tables); i++)
                for (const Command *c = tables[i]; c->name; c++)
                        if (strcmp(c->name, name) == 0)
                                return c;

        return NULL;
}

/* Returns the number of arguments taken, or -1. */
static int run_command(char **args, int n, int *status) {
        const Command *c = find_command(args[0]);

        if (!c || n - 1 < c->n_args)
                return -1;

        *status |= c->run(args + 1);
        (void) fflush(stdout);
        return 1 + c->n_args;
}

int main(int argc, char *argv[]) {
        int status = 0;

        for (int i = 1; i < argc;) {
                int n;

                if (strcmp(argv[i], ",") == 0) {
                        i++;
                        continue;
                }

                n = run_command(argv + i, argc - i, &status);
                if (n < 0) {
                        (void) fprintf(stderr, "probe: cannot do '%s'\n", argv[i]);
                        return 2;
                }

                i += n;
        }

        return status;
}
