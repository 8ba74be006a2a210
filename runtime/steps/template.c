/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A tree that is not there yet is made of another one. It has its name once it is
 * whole, and is there to stay. */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/base/fault.h"
#include "lib/base/text.h"
#include "lib/base/tree.h"
#include "lib/copy/copy.h"
#include "lib/kernel/clone.h"
#include "lib/kernel/process.h"
#include "lib/spec/image.h"
#include "runtime/cleanup.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

/* What is empty counts for nothing; what cannot be looked at is found out about later. */
static bool is_there(const char *path) {
        const struct dirent *e;
        bool empty = true;
        DIR *d;

        d = opendir(path);
        if (!d)
                return errno != ENOENT;

        while (empty && (e = readdir(d)))
                empty = streq(e->d_name, ".") || streq(e->d_name, "..");

        (void) closedir(d);
        return !empty;
}

static int copy(const char *from, int to_fd) {
        _cleanup_close_ int from_fd = -EBADF;

        from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (from_fd < 0)
                return -errno;

        return copy_tree(&(CopyRequest) {
                .source_fd = from_fd,
                .source = ".",
                .target_fd = to_fd,
                .target = "tree",
                .opener = -EBADF,
        });
}

/* In a process of its own, as whoever waits for it may want to give it up. Its status
 * is an errno: errors of our own are not raised there. */
static _Noreturn void copier_main(const char *from, int to_fd) {
        int r = prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? -errno : copy(from, to_fd);

        _exit(r < 0 ? -r : EXIT_SUCCESS);
}

/* Returns 1 if we were asked to end meanwhile, which is what is asked of the copier then. */
static int wait_for(int pidfd) {
        _cleanup_close_ int signal_fd = -EBADF;
        sigset_t set;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGINT);

        signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signal_fd < 0)
                return -errno;

        for (;;) {
                struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
                                        { .fd = signal_fd, .events = POLLIN } };

                if (poll(fds, ELEMENTSOF(fds), -1) >= 0)
                        return fds[1].revents != 0;
                if (errno != EINTR)
                        return -errno;
        }
}

static int run_copier(const char *from, int to_fd) {
        _cleanup_close_ int pidfd = -EBADF;
        siginfo_t si = {};
        pid_t pid;
        int r;

        pid = process_clone(0, -EBADF, &pidfd);
        if (pid < 0)
                return pid;
        if (pid == 0)
                copier_main(from, to_fd);

        r = wait_for(pidfd);
        if (r != 0)
                (void) process_signal(pidfd, SIGKILL);
        while (waitid(P_PIDFD, (id_t) pidfd, &si, WEXITED) < 0 && errno == EINTR)
                ;

        if (r != 0)
                return r < 0 ? r : -ECANCELED;

        return si.si_code == CLD_EXITED ? -si.si_status : -ECANCELED;
}

/* Whoever was faster has made it. */
static int publish(int directory_fd, const char *path) {
        int r;

        r = fault_point("start", "template-publish");
        if (r < 0)
                return r;
        if (renameat(directory_fd, "tree", AT_FDCWD, path) < 0 && errno != EEXIST && errno != ENOTEMPTY)
                return -errno;

        return 0;
}

static int make_tree(Run *run, const char *path) {
        _cleanup_close_ int directory_fd = -EBADF;
        _cleanup_free_ char *temporary = NULL;
        int r;

        r = text_printf(&temporary, "%.*s/" CLEANUP_NAME(CLEANUP_TREE),
                        (int) (strrchr(path, '/') - path), path, run->spec->machine, (int) getpid());
        if (r < 0)
                return r;
        if (mkdir(temporary, 0700) < 0)
                return -errno;

        directory_fd = open(temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = directory_fd < 0 ? -errno : run_copier(run->spec->template, directory_fd);
        if (r >= 0)
                r = publish(directory_fd, path);

        (void) tree_remove(temporary);
        return r;
}

static int apply(void *subject) {
        Run *run = subject;
        const Spec *spec = run->spec;
        _cleanup_free_ char *path = NULL;
        int r;

        r = spec->directory ? text_printf(&path, "%s", spec->directory)
                            : image_find_place(spec->machine, &path);
        if (r < 0 || is_there(path))
                return r;

        return make_tree(run, path);
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->template;
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fprintf(f, "%s, if there is no tree yet", run->spec->template);
}

const Step step_template = {
        .name = "template",
        .stage = STAGE_HOST,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
