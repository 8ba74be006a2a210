/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "daemon/worker/server.h"
#include "lib/kernel/clone.h"

/* systemd starts us again when somebody connects; that takes some time, though. */
#define IDLE_MSEC (60 * 1000)

#define EVENTS_MAX 32

typedef struct Child {
        struct Child *next;
        pid_t pid;
        int connection;         /* -EBADF once berthd has closed its end */
} Child;

typedef struct Server {
        int listener;
        int epoll;
        int signals;
        Child *children;
        const JobRow *rows;
        size_t n_rows;
} Server;

static void server_done(Server *s) {
        closep(&s->epoll);
        closep(&s->signals);
}

static int watch(Server *s, int fd, uint32_t events, void *what) {
        struct epoll_event e = { .events = events, .data.ptr = what };

        return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* Its connection to all others is none of a worker's business. */
static _Noreturn void be_worker(const Server *s, int connection, pid_t parent) {
        int r;

        r = process_reset_signals();
        if (r >= 0 && connection != JOB_SOCKET_FD)
                r = dup2(connection, JOB_SOCKET_FD) < 0 ? -errno : 0;
        if (r >= 0)
                r = close_range(JOB_SOCKET_FD + 1, ~0U, 0) < 0 ? -errno : 0;
        if (r >= 0)
                r = worker_serve_child(JOB_SOCKET_FD, parent, s->rows, s->n_rows);

        _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* The socket is root's; this is for the day when it is not. */
static bool is_from_root(int connection) {
        struct ucred peer;
        socklen_t size = sizeof(peer);

        return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) >= 0 && peer.uid == 0;
}

/* Other children may have it until they have begun: so closing it does not end the watch. */
static void close_connection(Server *s, Child *c) {
        if (c->connection < 0)
                return;

        (void) epoll_ctl(s->epoll, EPOLL_CTL_DEL, c->connection, NULL);
        (void) close(c->connection);
        c->connection = -EBADF;
}

static int start_child(Server *s, int connection) {
        pid_t parent = getpid();
        Child *c;
        int r;

        c = malloc(sizeof(*c));
        if (!c) {
                (void) close(connection);
                return -ENOMEM;
        }

        *c = (Child) { .next = s->children, .connection = connection };
        r = watch(s, connection, 0, c); /* a hangup is told of in any case */
        if (r >= 0) {
                c->pid = fork();
                if (c->pid == 0)
                        be_worker(s, connection, parent);
                r = c->pid < 0 ? -errno : 0;
        }
        if (r < 0) {
                close_connection(s, c);
                free(c);
                return r;
        }

        s->children = c;
        return 0;
}

/* Who is not served finds its connection closed, and knows what to make of that. */
static int on_connection(Server *s) {
        int fd;

        fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
                return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? 0 : -errno;

        if (is_from_root(fd))
                (void) start_child(s, fd);
        else
                (void) close(fd);
        return 0;
}

/* Of its child we have not heard yet: its number is still its own. */
static void on_hangup(Server *s, Child *c) {
        (void) kill(c->pid, SIGKILL);
        close_connection(s, c);
}

static void forget(Server *s, pid_t pid) {
        for (Child **i = &s->children; *i; i = &(*i)->next) {
                Child *c = *i;

                if (c->pid != pid)
                        continue;

                *i = c->next;
                close_connection(s, c);
                free(c);
                return;
        }
}

static void reap(Server *s) {
        struct signalfd_siginfo info;
        pid_t pid;

        while (read(s->signals, &info, sizeof(info)) > 0)
                ;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
                forget(s, pid);
}

static int watch_signals(Server *s) {
        sigset_t set;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;

        s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return s->signals < 0 ? -errno : watch(s, s->signals, EPOLLIN, &s->signals);
}

/* Ends that are told of together: those of connections first, as they need their Child. */
static int dispatch(Server *s, const struct epoll_event *events, int n) {
        bool has_ended = false;
        int r;

        for (int i = 0; i < n; i++)
                if (events[i].data.ptr == &s->signals)
                        has_ended = true;
                else if (events[i].data.ptr == &s->listener) {
                        r = on_connection(s);
                        if (r < 0)
                                return r;
                } else
                        on_hangup(s, events[i].data.ptr);

        if (has_ended)
                reap(s);
        return 0;
}

static int serve(Server *s) {
        struct epoll_event events[EVENTS_MAX];
        int n, r;

        for (;;) {
                n = epoll_wait(s->epoll, events, EVENTS_MAX, s->children ? -1 : IDLE_MSEC);
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n == 0)
                        return 0;

                r = dispatch(s, events, n);
                if (r < 0)
                        return r;
        }
}

int workers_serve(int socket, const JobRow *rows, size_t n_rows) {
        _cleanup_(server_done) Server s = {
                .listener = socket,
                .epoll = -EBADF,
                .signals = -EBADF,
                .rows = rows,
                .n_rows = n_rows,
        };
        int r;

        s.epoll = epoll_create1(EPOLL_CLOEXEC);
        if (s.epoll < 0)
                return -errno;

        if (fcntl(socket, F_SETFL, O_NONBLOCK) < 0)
                return -errno;

        r = watch_signals(&s);
        if (r >= 0)
                r = watch(&s, socket, EPOLLIN, &s.listener);

        return r < 0 ? r : serve(&s);
}
