/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth-run, as it is found in $PATH: has the runtime, which is another program, run out of a
 * read-only mount, so that nobody can write to its file through /proc/PID/exe (CVE-2019-5736).
 * That takes two executions, of which this is the cheap one: no C library is in it, which would
 * need longer to begin than all the rest of this takes. Whatever fails here, the runtime does
 * itself: it looks at where it runs from, and trusts nobody. */

#include <fcntl.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "runtime/launch/call.h"

#define RUNTIME "/berth-runtime"

/* What a shell says of programs that are not there. */
#define STATUS_NOT_FOUND 127

static bool same(const char *a, const char *b) {
        while (*a && *a == *b)
                a++, b++;

        return *a == *b;
}

static char *append(char *end, const char *text) {
        while (*text)
                *end++ = *text++;

        *end = '\0';
        return end;
}

/* Where we are installed, the runtime has a place of its own; else it lies beside us. */
static bool find_runtime(char path[static PATH_MAX]) {
        const long room = PATH_MAX - (long) sizeof(BERTH_LIBEXECDIR RUNTIME);
        char *end;
        long n;

        n = launch_call(SYS_readlinkat, AT_FDCWD, (long) "/proc/self/exe", (long) path, room, 0);
        if (n <= 0 || n >= room)
                return false;

        for (end = path + n; end > path && *end != '/';)
                end--;
        *end = '\0';

        if (same(path, BERTH_BINDIR))
                end = append(path, BERTH_LIBEXECDIR);
        (void) append(end, RUNTIME);
        return true;
}

static void execute(const char *path, char **argv, char **environment) {
        const struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
        long fd;

        fd = launch_call(SYS_open_tree, AT_FDCWD, (long) path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0, 0);
        if (fd >= 0 && launch_call(SYS_mount_setattr, fd, (long) "", AT_EMPTY_PATH, (long) &attributes,
                                   sizeof(attributes)) >= 0)
                (void) launch_call(SYS_execveat, fd, (long) "", (long) argv, (long) environment,
                                   AT_EMPTY_PATH);

        (void) launch_call(SYS_execve, (long) path, (long) argv, (long) environment, 0, 0);
}

void launch(long *stack) {
        static const char complaint[] = "berth-run: cannot execute berth-runtime\n";
        char **argv = (char **) (stack + 1), path[PATH_MAX];

        if (find_runtime(path))
                execute(path, argv, argv + stack[0] + 1);

        (void) launch_call(SYS_write, 2, (long) complaint, sizeof(complaint) - 1, 0, 0);
        for (;;)
                (void) launch_call(SYS_exit_group, STATUS_NOT_FOUND, 0, 0, 0, 0);
}
