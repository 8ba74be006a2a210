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

#define RUNTIME "berth-runtime"

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
static bool find_place(char path[static PATH_MAX]) {
        const long room = PATH_MAX - (long) sizeof(BERTH_LIBEXECDIR "/" RUNTIME);
        char *end;
        long n;

        n = launch_call(SYS_readlinkat, AT_FDCWD, (long) "/proc/self/exe", (long) path, room, 0);
        if (n <= 0 || n >= room)
                return false;

        for (end = path + n; end > path && *end != '/';)
                end--;
        *end = '\0';

        if (same(path, BERTH_BINDIR))
                (void) append(path, BERTH_LIBEXECDIR);
        return true;
}

static char *end_of(char *text) {
        while (*text)
                text++;

        return text;
}

/* The descriptor of its place stays open: the runtime has more to load from there. And to close it
 * drops the mount, for which the kernel waits for all processors; see sealed_program(). */
static void execute(char *place, char **argv, char **environment) {
        const struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
        long fd;

        fd = launch_call(SYS_open_tree, AT_FDCWD, (long) place, OPEN_TREE_CLONE, 0, 0);
        if (fd >= 0 && launch_call(SYS_mount_setattr, fd, (long) "", AT_EMPTY_PATH, (long) &attributes,
                                   sizeof(attributes)) >= 0)
                (void) launch_call(SYS_execveat, fd, (long) RUNTIME, (long) argv, (long) environment, 0);

        (void) append(end_of(place), "/" RUNTIME);
        (void) launch_call(SYS_execve, (long) place, (long) argv, (long) environment, 0, 0);
}

void launch(long *stack) {
        static const char complaint[] = "berth-run: cannot execute berth-runtime\n";
        char **argv = (char **) (stack + 1), place[PATH_MAX];

        if (find_place(place))
                execute(place, argv, argv + stack[0] + 1);

        (void) launch_call(SYS_write, 2, (long) complaint, sizeof(complaint) - 1, 0, 0);
        for (;;)
                (void) launch_call(SYS_exit_group, STATUS_NOT_FOUND, 0, 0, 0, 0);
}
