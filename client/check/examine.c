/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "client/check/examine.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/clone.h"
#include "lib/kernel/process.h"

/* A process that waits in the kernel for a dead file system of the guest does not end for
 * SIGKILL either; then it is left to whoever inherits it. */
#define END_LIMIT_USEC (500 * USEC_PER_MSEC)

static _Noreturn void look(const Subject *s, const Item *item, int fd) {
        Answer a = { .verdict = VERDICT_UNKNOWN };

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        item->look(s, &a);
        (void) fd_write_all(fd, &a, sizeof(a));
        _exit(EXIT_SUCCESS);
}

/* Who looks at an item. */
typedef struct Looker {
        int pidfd;
        int fd;                 /* what it says comes from there */
        int error;              /* or why there is none */
} Looker;

static void start_looker(const Subject *s, const Item *item, Looker *ret) {
        _cleanup_close_ int theirs = -EBADF, ours = -EBADF;
        int fds[2], pidfd = -EBADF;
        pid_t pid;

        *ret = (Looker) { .pidfd = -EBADF, .fd = -EBADF };
        if (pipe2(fds, O_CLOEXEC) < 0) {
                ret->error = -errno;
                return;
        }
        ours = fds[0];
        theirs = fds[1];

        pid = process_clone(0, -EBADF, &pidfd);
        if (pid == 0)
                look(s, item, theirs);
        if (pid < 0) {
                ret->error = pid;
                return;
        }

        ret->pidfd = pidfd;
        ret->fd = TAKE_FD(ours);
}

/* An answer is one write() of less than a pipe is sure to hold. */
static int receive(int fd, uint64_t deadline, Answer *ret) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        Answer a;
        int r;

        do {
                uint64_t now = clock_now_usec();

                r = poll(&p, 1, now < deadline ? (int) ((deadline - now) / USEC_PER_MSEC) + 1 : 0);
        } while (r < 0 && errno == EINTR);

        if (r <= 0)
                return r < 0 ? -errno : -ETIMEDOUT;
        if (read(fd, &a, sizeof(a)) != sizeof(a) || a.verdict >= _VERDICT_MAX)
                return -EIO;

        a.evidence[EVIDENCE_MAX - 1] = '\0';
        *ret = a;
        return 0;
}

static void end_looker(Looker *l, uint64_t deadline) {
        struct pollfd p = { .fd = l->pidfd, .events = POLLIN };
        uint64_t now = clock_now_usec();

        if (l->pidfd < 0)
                return;

        (void) process_signal(l->pidfd, SIGKILL);
        if (poll(&p, 1, now < deadline ? (int) ((deadline - now) / USEC_PER_MSEC) + 1 : 0) > 0)
                (void) waitid(P_PIDFD, (id_t) l->pidfd, &(siginfo_t) {}, WEXITED | WNOHANG);

        closep(&l->pidfd);
        closep(&l->fd);
}

static void collect(const Subject *s, const Looker *l, uint64_t deadline, Answer *a) {
        int r = l->error;

        if (r >= 0)
                r = receive(l->fd, deadline, a);
        if (r == -ETIMEDOUT)
                answer_unknown(a, "took too long");
        else if (r < 0)
                answer_unknown(a, "cannot look: %s", error_text(r));
        else if (!process_is_alive(s->leader))
                answer_unknown(a, "the guest has ended");

        (void) text_strip_control(a->evidence);
}

void examine(const Subject *s, const Item *const *chapters, uint64_t limit_usec, Examination *ret) {
        uint64_t deadline = clock_now_usec() + limit_usec;
        Looker lookers[ITEMS_MAX];

        *ret = (Examination) {};
        for (; *chapters; chapters++)
                for (const Item *item = *chapters; item->name; item++) {
                        assert(ret->n < ITEMS_MAX);

                        start_looker(s, item, &lookers[ret->n]);
                        ret->items[ret->n++] = item;
                }

        for (size_t i = 0; i < ret->n; i++)
                collect(s, &lookers[i], deadline, &ret->answers[i]);

        deadline = clock_now_usec() + END_LIMIT_USEC;
        for (size_t i = 0; i < ret->n; i++)
                end_looker(&lookers[i], deadline);
}

size_t examination_count(const Examination *e, Verdict verdict) {
        size_t n = 0;

        for (size_t i = 0; i < e->n; i++)
                n += e->answers[i].verdict == verdict;

        return n;
}
