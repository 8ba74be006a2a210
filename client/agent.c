/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "client/agent.h"
#include "lib/base/host.h"
#include "lib/base/log.h"
#include "lib/kernel/process.h"
#include "lib/kernel/spawn.h"

#define AGENT "/usr/bin/pkttyagent"

/* Until it is registered: it asks polkit, which may have to be started. */
#define READY_MSEC 10000

static bool is_wanted(const Client *client) {
        return client->agent < 0 && geteuid() != 0 && host_has_systemd() && !getenv("BERTH_BUS") &&
               isatty(STDIN_FILENO) && access(AGENT, X_OK) >= 0;
}

/* It closes the descriptor when it is ready, or when it ends. */
static void wait_until_ready(int fd) {
        struct pollfd p = { .fd = fd };

        while (poll(&p, 1, READY_MSEC) < 0 && errno == EINTR)
                ;
}

void agent_start(Client *client) {
        char *argv[] = { (char *) "pkttyagent", (char *) "--notify-fd=3", (char *) "--fallback", NULL };
        _cleanup_close_ int read_fd = -EBADF, write_fd = -EBADF;
        int fds[2];

        assert(client);

        if (client->options.no_ask_password)
                return;

        (void) sd_bus_set_allow_interactive_authorization(client->bus, true);
        if (!is_wanted(client) || pipe2(fds, O_CLOEXEC) < 0)
                return;
        read_fd = fds[0];
        write_fd = fds[1];

        client->agent = spawn(&(SpawnRequest) {
                .path = AGENT,
                .argv = argv,
                .stdin_fd = STDIN_FILENO,
                .stdout_fd = -EBADF,
                .cgroup_fd = -EBADF,
                .extra_fd = write_fd,
        }, NULL);
        if (client->agent < 0) {
                (void) log_full(LOG_DEBUG, client->agent, "Cannot start " AGENT);
                return;
        }

        closep(&write_fd);
        write_fd = -EBADF;
        wait_until_ready(read_fd);
}

void agent_stop(Client *client) {
        siginfo_t info;

        assert(client);

        if (client->agent < 0)
                return;

        /* It may have been stopped for using the terminal from the background. */
        (void) process_signal(client->agent, SIGTERM);
        (void) process_signal(client->agent, SIGCONT);
        while (waitid(P_PIDFD, (id_t) client->agent, &info, WEXITED) < 0 && errno == EINTR)
                ;

        closep(&client->agent);
        client->agent = -EBADF;
}
