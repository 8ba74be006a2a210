/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Copies between the host and a guest.
 *
 * A guest whose root user is the host's is copied from and to by this very process.
 * One that has users of its own is another matter: whoever made it may have mounted
 * anything of the host's into it. There, a second process becomes root of the
 * guest, and nothing but that, and does what is to be done on the guest's side;
 * see copy-source.h.
 */

#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/copy/copy-source.h"
#include "lib/copy/copy.h"
#include "daemon/worker/jobs.h"
#include "daemon/worker/place.h"
#include "lib/base/errors.h"
#include "lib/kernel/privileges.h"

/* What it takes to read anything, to make anything of anybody's, and for the other process to be
 * killed when this one is. */
#define CAPABILITIES                                                                                    \
        (UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_DAC_OVERRIDE | UINT64_C(1) << CAP_FOWNER |       \
         UINT64_C(1) << CAP_FSETID | UINT64_C(1) << CAP_KILL | UINT64_C(1) << CAP_MKNOD |               \
         UINT64_C(1) << CAP_SETFCAP)

/* News of progress are worth a packet so often. */
#define NEWS_SECONDS 1

/* Of the job: its descriptors and arguments. */
enum {
        FD_ROOT,                /* the guest's root directory */
        FD_USERS,               /* its user namespace, if it has users of its own */
};

enum {
        ARG_SOURCE,
        ARG_DESTINATION,
        ARG_REPLACE,            /* "replace", or "" */
};

typedef struct Copies {
        Job *job;
        bool to_guest;
        Place host;
        time_t last_news;
} Copies;

static void on_progress(void *userdata, uint64_t bytes) {
        struct timespec now = {};
        Copies *c = userdata;

        (void) clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
        if (now.tv_sec - c->last_news < NEWS_SECONDS)
                return;

        c->last_news = now.tv_sec;
        job_progress(c->job, &bytes, sizeof(bytes));
}

static int copy(Copies *c, const Place *guest, bool disowns, int opener) {
        const Place *source = c->to_guest ? &c->host : guest, *target = c->to_guest ? guest : &c->host;
        const CopyRequest q = {
                .source_fd = source->fd,
                .source = source->name,
                .target_fd = target->fd,
                .target = target->name,
                .replaces = streq(job_arg(c->job, ARG_REPLACE), "replace"),
                .disowns = disowns,
                .opener = opener,
                .on_progress = on_progress,
                .userdata = c,
        };

        return copy_tree(&q);
}

static int open_host(Copies *c) {
        const char *path = job_arg(c->job, c->to_guest ? ARG_SOURCE : ARG_DESTINATION);
        _cleanup_close_ int root_fd = -EBADF;

        root_fd = place_open_host();
        return root_fd < 0 ? root_fd : place_open(root_fd, path, &c->host);
}

static int open_guest(const Copies *c, Place *ret) {
        const char *path = job_arg(c->job, c->to_guest ? ARG_DESTINATION : ARG_SOURCE);

        return place_open(c->job->fds[FD_ROOT], path, ret);
}

static int copy_alone(Copies *c) {
        _cleanup_(place_done) Place guest = { .fd = -EBADF };
        int r;

        r = privileges_limit(CAPABILITIES);
        if (r < 0)
                return r;

        r = open_guest(c, &guest);
        return r < 0 ? r : copy(c, &guest, /* disowns= */ false, -EBADF);
}

/* The other process, from here on. */

static int become_guest(int users_fd) {
        int r;

        r = worker_become_root(users_fd);
        return r < 0 ? r : privileges_limit(CAPABILITIES);
}

/* For copies from the guest: tells which directory the source lies in, and then
 * opens what it is asked for. */
static int open_for_other(const Copies *c, int socket) {
        _cleanup_(place_done) Place guest = { .fd = -EBADF };
        const struct iovec part = { .iov_base = (char *) "", .iov_len = 1 };
        int r;

        r = open_guest(c, &guest);
        if (r < 0)
                return r;

        r = packet_send(socket, &part, 1, &guest.fd, 1, 0);
        return r < 0 ? r : copy_source_serve(socket);
}

/* For copies to the guest: makes them, of what the other process opens. */
static int copy_from_other(Copies *c, int socket) {
        _cleanup_(place_done) Place guest = { .fd = -EBADF };
        int r;

        r = open_guest(c, &guest);
        return r < 0 ? r : copy(c, &guest, /* disowns= */ true, socket);
}

static _Noreturn void run_guest(Copies *c, int socket) {
        int r;

        r = become_guest(c->job->fds[FD_USERS]);
        if (r >= 0)
                r = c->to_guest ? copy_from_other(c, socket) : open_for_other(c, socket);

        /* Which is an errno: our own errors are not raised there. */
        _exit(r < 0 ? -r : EXIT_SUCCESS);
}

/* This process. */

static int receive_directory(int socket, int *ret) {
        int fds[PACKET_FDS_MAX];
        size_t n_fds = 0;
        ssize_t n;
        char byte;

        n = packet_receive(socket, &byte, sizeof(byte), 0, fds, &n_fds);
        if (n > 0 && n_fds > 0)
                *ret = TAKE_FD(fds[0]);
        fds_close(fds, n_fds);

        return n > 0 && *ret < 0 ? -EPROTO : (int) n;
}

static int copy_of_other(Copies *c, int socket) {
        _cleanup_(place_done) Place named = { .fd = -EBADF };
        _cleanup_close_ int directory_fd = -EBADF;
        Place guest;
        int r;

        r = receive_directory(socket, &directory_fd);
        if (r <= 0)
                return r; /* its exit status tells why it has ended */

        r = place_name(job_arg(c->job, ARG_SOURCE), &named);
        if (r < 0)
                return r;

        guest = (Place) { .fd = directory_fd, .name = named.name };
        return copy(c, &guest, /* disowns= */ true, socket);
}

/* What the other process has ended with. */
static int wait_for(pid_t pid) {
        int status;

        if (waitpid(pid, &status, 0) < 0)
                return -errno;

        return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

static int copy_in_company(Copies *c) {
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF;
        int pair[2], r, k;
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        ours = pair[0];
        theirs = pair[1];

        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                closep(&ours);
                run_guest(c, theirs);
        }

        closep(&theirs);
        theirs = -EBADF;

        r = privileges_limit(CAPABILITIES);
        if (r >= 0)
                r = c->to_guest ? copy_source_serve(ours) : copy_of_other(c, ours);

        /* It ends when there is nobody to speak to. */
        closep(&ours);
        ours = -EBADF;
        k = wait_for(pid);
        return k < 0 ? k : r;
}

static int run(Job *job, bool to_guest) {
        Copies c = { .job = job, .to_guest = to_guest, .host.fd = -EBADF };
        const char *source = job_arg(job, ARG_SOURCE), *destination = job_arg(job, ARG_DESTINATION);
        int r;

        r = open_host(&c);
        if (r >= 0)
                r = job->n_fds > FD_USERS ? copy_in_company(&c) : copy_alone(&c);
        place_done(&c.host);

        return r < 0 ? job_fail(job, r, "%s to %s: %s", source, destination, error_text(r)) : 0;
}

int job_copy_from(Job *job) {
        return run(job, /* to_guest= */ false);
}

int job_copy_to(Job *job) {
        return run(job, /* to_guest= */ true);
}
