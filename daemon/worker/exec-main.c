/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * berth-exec
 *
 * Starts programs in machines, and stays until they end. It is not a worker of
 * berthd's as the others, because what berthd's unit is restricted in, these
 * programs would be, too: it listens in a unit of its own, or, where there is no
 * systemd, serves whoever has started it. What it does only root can ask for.
 */

#include <sys/socket.h>

#include "daemon/worker/jobs.h"
#include "daemon/worker/server.h"
#include "lib/kernel/sealed.h"

static const JobRow job_table[] = {
        { "exec", job_exec, PROGRAM_ARGUMENTS, 2 },
};

static bool is_listener(int fd) {
        socklen_t size = sizeof(int);
        int listens = 0;

        return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) >= 0 && listens;
}

int main(_unused_ int argc, char *argv[]) {
        int r;

        /* Once, for all that enter machines from here. */
        r = sealed_exec_self(argv);
        if (r >= 0)
                r = is_listener(JOB_SOCKET_FD)
                        ? workers_serve(JOB_SOCKET_FD, job_table, ELEMENTSOF(job_table))
                        : worker_serve(JOB_SOCKET_FD, job_table, ELEMENTSOF(job_table));

        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
