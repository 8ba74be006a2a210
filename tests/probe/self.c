/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a process can tell of itself. */

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tests/probe/probe.h"

extern char **environ;

static int do_caps(char **args) {
        char line[256];
        FILE *f;

        (void) args;

        f = fopen("/proc/self/status", "re");
        if (!f)
                return fail("/proc/self/status");

        while (fgets(line, sizeof(line), f))
                if (strncmp(line, "Cap", 3) == 0 || strncmp(line, "NoNewPrivs", 10) == 0 ||
                    strncmp(line, "Seccomp:", 8) == 0)
                        (void) fputs(line, stdout);

        (void) fclose(f);
        return 0;
}

static int do_mounts(char **args) {
        (void) args;
        return cat("/proc/self/mountinfo");
}

static int do_fds(char **args) {
        char link[64], target[PATH_MAX];
        ssize_t n;

        (void) args;

        for (int fd = 0; fd < 1024; fd++) {
                (void) snprintf(link, sizeof(link), "/proc/self/fd/%i", fd);
                n = readlink(link, target, sizeof(target) - 1);
                if (n >= 0)
                        printf("%i %.*s\n", fd, (int) n, target);
        }

        return 0;
}

static int do_env(char **args) {
        (void) args;

        for (char **e = environ; *e; e++)
                (void) puts(*e);

        return 0;
}

static int do_ns(char **args) {
        static const char *const names[] = { "cgroup", "ipc", "mnt", "net", "pid", "user", "uts" };

        (void) args;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                char path[64], target[PATH_MAX];
                ssize_t n;

                (void) snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
                n = readlink(path, target, sizeof(target) - 1);
                if (n < 0)
                        return fail(path);

                printf("%s %.*s\n", names[i], (int) n, target);
        }

        return 0;
}

static int do_who(char **args) {
        char directory[PATH_MAX];
        struct utsname u;

        (void) args;

        if (uname(&u) < 0 || !getcwd(directory, sizeof(directory)))
                return fail("who");

        printf("pid %i\nsid %i\n", (int) getpid(), (int) getsid(0));
        printf("uid %u\ngid %u\ngroups %i\n", geteuid(), getegid(), getgroups(0, NULL));
        printf("host %s\ncwd %s\n", u.nodename, directory);
        return 0;
}

static int do_tty(char **args) {
        int fd;

        (void) args;

        printf("stdin %s\n", isatty(STDIN_FILENO) ? ttyname(STDIN_FILENO) : "is no terminal");

        fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return fail("/dev/tty");

        (void) close(fd);
        (void) puts("controlling terminal");
        return 0;
}

static int do_size(char **args) {
        struct winsize size;

        (void) args;

        if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
                return fail("size");

        printf("%u rows %u columns\n", size.ws_row, size.ws_col);
        return 0;
}

static int do_limits(char **args) {
        (void) args;
        return cat("/proc/self/limits");
}

static int do_machine(char **args) {
        struct utsname u;

        (void) args;

        if (uname(&u) < 0)
                return fail("uname");

        (void) puts(u.machine);
        return 0;
}

const Command self_commands[] = {
        { "caps", 0, do_caps },
        { "env", 0, do_env },
        { "fds", 0, do_fds },
        { "limits", 0, do_limits },
        { "machine", 0, do_machine },
        { "mounts", 0, do_mounts },
        { "ns", 0, do_ns },
        { "size", 0, do_size },
        { "tty", 0, do_tty },
        { "who", 0, do_who },
        {}
};
