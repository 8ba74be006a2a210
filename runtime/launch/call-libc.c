/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <unistd.h>

#include "runtime/launch/call.h"

long launch_call(long number, long a, long b, long c, long d, long e) {
        long r = syscall(number, a, b, c, d, e);

        return r < 0 ? -errno : r;
}

/* The kernel has put the number of arguments in front of them. */
int main(int argc, char *argv[]) {
        (void) argc;
        launch((long *) argv - 1);
}
