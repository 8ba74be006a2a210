/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A network namespace that is there already: it is opened with the host's names, and
 * joined before anything is mounted that shows it. */

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "runtime/run.h"
#include "runtime/steps/steps.h"

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->network_namespace;
}

static int apply_open(void *subject) {
        Run *run = subject;

        run->netns_fd = open(run->spec->network_namespace, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (run->netns_fd < 0)
                return -errno;

        /* A path may lead to anything. */
        return ioctl(run->netns_fd, NS_GET_NSTYPE) == CLONE_NEWNET ? 0 : -EINVAL;
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fputs(run->spec->network_namespace, f);
}

const Step step_network = {
        .name = "network",
        .stage = STAGE_HOST,
        .wanted = wanted,
        .apply = apply_open,
        .explain = explain,
};

static int apply(void *subject) {
        const Run *run = subject;

        return setns(run->netns_fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

const Step step_join_network = {
        .name = "join-network",
        .stage = STAGE_OUTER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
