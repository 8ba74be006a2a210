/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * berth-worker
 *
 * Does what berthd must not do itself, as a guest could make it hang: one job
 * after the other, which come through the socket that is descriptor 3, until
 * that ends. It is killed if it takes too long.
 */

#include "daemon/worker/jobs.h"
#include "lib/kernel/privileges.h"

static const JobRow job_table[] = {
        /* name                 function                args    descriptors */
        { "addresses",          job_addresses,          0,      0 },
        { "bind",               job_bind,               4,      2 },
        { "copy-from",          job_copy_from,          3,      1 },
        { "copy-to",            job_copy_to,            3,      1 },
        { "journal",            job_journal,            1,      2 },
        { "login",              job_login,              0,      1 },
        { "os-release",         job_os_release,         0,      1 },
        { "pty",                job_pty,                0,      1 },
        { "resize",             job_resize,             6,      1 },
        { "root-directory",     job_root_directory,     0,      1 },
        { "shell",              job_shell,              3,      1 },
};

int main(void) {
        int r;

        r = privileges_forbid_new();
        if (r >= 0)
                r = worker_serve(JOB_SOCKET_FD, job_table, ELEMENTSOF(job_table));

        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
