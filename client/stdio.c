/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "client/stdio.h"

/* Of /dev/null, see Documentation/admin-guide/devices.txt of the kernel. */
#define NULL_MAJOR 1
#define NULL_MINOR 3

static bool is_null(const struct stat *st) {
        return S_ISCHR(st->st_mode) && st->st_rdev == makedev(NULL_MAJOR, NULL_MINOR);
}

static bool is_nameless(int fd, const struct stat *st) {
        struct statfs fs;

        if (S_ISSOCK(st->st_mode))
                return true;

        return S_ISFIFO(st->st_mode) && fstatfs(fd, &fs) >= 0 && fs.f_type == PIPEFS_MAGIC;
}

static bool is_same(int a, int b) {
        struct stat x, y;

        return fstat(a, &x) >= 0 && fstat(b, &y) >= 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A pipe, in place of @fd. */
static int replace(Stdio *s, int fd) {
        int r, fds[2], ours = fd == STDIN_FILENO;

        /* What both write to the same place is to arrive in their order. */
        if (fd == STDERR_FILENO && s->pipes[STDOUT_FILENO].fd >= 0 && is_same(STDOUT_FILENO, fd)) {
                r = fcntl(s->given[STDOUT_FILENO], F_DUPFD_CLOEXEC, STDIO_N);
                if (r < 0)
                        return -errno;
                s->given[fd] = r;
                return 0;
        }

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;

        s->pipes[fd].fd = fds[ours];
        s->given[fd] = fds[!ours];
        return 0;
}

int stdio_open(Stdio *s) {
        struct stat st;
        int r;

        assert(s);

        for (int fd = 0; fd < STDIO_N; fd++) {
                s->pipes[fd].stdio = s;

                /* Closed, or as good as that. */
                if (fstat(fd, &st) < 0 || is_null(&st))
                        continue;

                if (is_nameless(fd, &st)) {
                        s->given[fd] = fd;
                        continue;
                }

                r = replace(s, fd);
                if (r < 0)
                        return r;
        }

        return 0;
}

static void pipe_done(StdioPipe *p) {
        (void) sd_event_source_disable_unref(p->io);
        p->pump = pump_free(p->pump);
        closep(&p->fd);
        *p = (StdioPipe) { .stdio = p->stdio, .fd = -EBADF };
}

static bool is_written(const Stdio *s) {
        return !s->pipes[STDOUT_FILENO].pump && !s->pipes[STDERR_FILENO].pump;
}

static int end_if_written(Stdio *s) {
        int (*on_end)(void *userdata) = s->on_end;

        if (!s->finishing || !on_end || !is_written(s))
                return 0;

        s->on_end = NULL;
        return on_end(s->userdata);
}

static int on_pump(
                _unused_ sd_event_source *source,
                _unused_ int fd,
                _unused_ uint32_t events,
                void *userdata) {

        StdioPipe *p = userdata;
        Stdio *s = p->stdio;

        /* Closing it tells the program of the end, one way as the other. */
        if (pump_dispatch(p->pump) != 0)
                pipe_done(p);

        return end_if_written(s);
}

static int start_pipe(StdioPipe *p, int fd, sd_event *event) {
        bool is_input = fd == STDIN_FILENO;
        int r;

        if (p->fd < 0)
                return 0;

        r = pump_new(is_input ? fd : p->fd, is_input ? p->fd : fd, &p->pump);
        if (r < 0)
                return r;

        return sd_event_add_io(event, &p->io, pump_fd(p->pump), EPOLLIN, on_pump, p);
}

/* Error stays: we may have something to say. */
static int let_go(Stdio *s, int fd) {
        int null;

        if (s->given[fd] >= STDIO_N)
                closep(&s->given[fd]);
        else if (s->given[fd] >= 0 && fd != STDERR_FILENO) {
                null = open("/dev/null", O_RDWR | O_CLOEXEC);
                if (null < 0)
                        return -errno;
                if (dup2(null, fd) < 0) {
                        closep(&null);
                        return -errno;
                }
                closep(&null);
        }

        s->given[fd] = -EBADF;
        return 0;
}

int stdio_start(Stdio *s, sd_event *event) {
        int r;

        assert(s);
        assert(event);

        for (int fd = 0; fd < STDIO_N; fd++) {
                r = let_go(s, fd);
                if (r < 0)
                        return r;
                r = start_pipe(&s->pipes[fd], fd, event);
                if (r < 0)
                        return r;
        }

        return 0;
}

int stdio_finish(Stdio *s, int (*on_end)(void *userdata), void *userdata) {
        assert(s);
        assert(on_end);

        s->finishing = true;
        s->on_end = on_end;
        s->userdata = userdata;

        pipe_done(&s->pipes[STDIN_FILENO]);
        for (int fd = STDOUT_FILENO; fd < STDIO_N; fd++) {
                StdioPipe *p = &s->pipes[fd];

                if (p->pump && pump_finish(p->pump) != 0)
                        pipe_done(p);
        }

        return end_if_written(s);
}

void stdio_done(Stdio *s) {
        assert(s);

        for (int fd = 0; fd < STDIO_N; fd++) {
                pipe_done(&s->pipes[fd]);
                if (s->given[fd] >= STDIO_N)
                        closep(&s->given[fd]);
        }
}
