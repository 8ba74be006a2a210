/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/base/beneath.h"
#include "lib/base/console-log.h"
#include "lib/base/file.h"
#include "lib/base/name.h"
#include "lib/base/text.h"

#define MARK_MAX 256

struct ConsoleLog {
        char *directory;
        char *names[_CONSOLE_LOG_PART_MAX];
        int fd;                 /* of the current one, or -EBADF */
        bool within_line;
        uint64_t n_lost;        /* bytes that could not be written */
};

static int make_name(const char *machine, ConsoleLogPart part, char **ret) {
        return text_printf(ret, "%s.console%s", machine, part == CONSOLE_LOG_PREVIOUS ? ".1" : "");
}

static int open_directory(const char *directory) {
        int fd;

        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int console_log_new(const char *directory, const char *machine, ConsoleLog **ret) {
        _cleanup_(console_log_freep) ConsoleLog *log = NULL;
        int r;

        assert(directory);
        assert(machine_name_is_valid(machine));
        assert(ret);

        log = malloc(sizeof(*log));
        if (!log)
                return -ENOMEM;

        *log = (ConsoleLog) { .directory = strdup(directory), .fd = -EBADF };
        if (!log->directory)
                return -ENOMEM;

        for (ConsoleLogPart part = 0; part < _CONSOLE_LOG_PART_MAX; part++) {
                r = make_name(machine, part, &log->names[part]);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(log);
        return 0;
}

ConsoleLog *console_log_free(ConsoleLog *log) {
        if (!log)
                return NULL;

        closep(&log->fd);
        for (ConsoleLogPart part = 0; part < _CONSOLE_LOG_PART_MAX; part++)
                free(log->names[part]);
        free(log->directory);
        free(log);
        return NULL;
}

static void close_file(ConsoleLog *log) {
        closep(&log->fd);
        log->fd = -EBADF;
}

/* Only told by it, and never kept out: somebody who may read the file could have locked it. */
static void lock(int fd) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        (void) fcntl(fd, F_OFD_SETLK, &lock);
}

static bool ends_within_line(int fd, off_t size) {
        char last;

        return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* Nothing but root writes to the directory; but what lies there may be left over
 * from anything, and a FIFO or a link is no place for a log. */
static int open_file(ConsoleLog *log) {
        _cleanup_close_ int directory_fd = -EBADF, fd = -EBADF;
        struct stat st;
        int r;

        r = directory_make(log->directory, 0750);
        if (r < 0)
                return r;

        directory_fd = open_directory(log->directory);
        if (directory_fd < 0)
                return directory_fd;

        fd = openat(directory_fd, log->names[CONSOLE_LOG_CURRENT],
                    O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;

        lock(fd);
        log->within_line = ends_within_line(fd, st.st_size);
        log->fd = TAKE_FD(fd);
        return 0;
}

/* An empty one takes the place of the current one, at once: who wants to read it finds one at any
 * time. Where the file system cannot do that, it is made when something is written. */
static int move_current(const ConsoleLog *log, int directory_fd) {
        const char *current = log->names[CONSOLE_LOG_CURRENT], *previous = log->names[CONSOLE_LOG_PREVIOUS];
        _cleanup_close_ int fd = -EBADF;

        (void) unlinkat(directory_fd, previous, 0);
        fd = openat(directory_fd, previous, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
        if (fd >= 0 && renameat2(directory_fd, previous, directory_fd, current, RENAME_EXCHANGE) >= 0)
                return 0;

        return renameat(directory_fd, current, directory_fd, previous) < 0 ? -errno : 0;
}

static int rotate(ConsoleLog *log) {
        _cleanup_close_ int directory_fd = -EBADF;
        int r;

        directory_fd = open_directory(log->directory);
        if (directory_fd < 0)
                return directory_fd;

        r = move_current(log, directory_fd);
        if (r < 0)
                return r;

        close_file(log);
        return 0;
}

/* Makes sure that there is a file, which may be written to. Returns its size. */
static int prepare(ConsoleLog *log, size_t *ret_size) {
        struct stat st;
        int r;

        for (;;) {
                if (log->fd < 0) {
                        r = open_file(log);
                        if (r < 0)
                                return r;
                }

                if (fstat(log->fd, &st) < 0)
                        return -errno;

                if (st.st_nlink == 0) {
                        close_file(log);
                        continue;
                }

                *ret_size = (size_t) st.st_size;
                if (*ret_size < CONSOLE_LOG_MAX ||
                    (log->within_line && *ret_size < CONSOLE_LOG_MAX + CONSOLE_LOG_LINE_MAX))
                        return 0;

                r = rotate(log);
                if (r < 0)
                        return r;
        }
}

/* What goes into this file: up to the limit, and then to the end of the line. */
static size_t find_end(size_t size, const char *data, size_t n) {
        const char *end;

        if (size < CONSOLE_LOG_MAX)
                return MIN(n, CONSOLE_LOG_MAX - size);

        end = memchr(data, '\n', n);
        if (end)
                n = (size_t) (end - data) + 1;
        return MIN(n, CONSOLE_LOG_MAX + CONSOLE_LOG_LINE_MAX - size);
}

/* Returns how many bytes were written, at least one, or a negative error code. */
static ssize_t write_some(ConsoleLog *log, const char *data, size_t n) {
        size_t size;
        ssize_t k;
        int r;

        r = prepare(log, &size);
        if (r < 0)
                return r;

        do
                k = write(log->fd, data, find_end(size, data, n));
        while (k < 0 && errno == EINTR);
        if (k <= 0)
                return k < 0 ? -errno : -ENOSPC;

        log->within_line = data[k - 1] != '\n';
        return k;
}

static size_t write_all(ConsoleLog *log, const char *data, size_t n) {
        size_t done = 0;

        while (done < n) {
                ssize_t k = write_some(log, data + done, n - done);

                if (k < 0)
                        break;
                done += (size_t) k;
        }

        return done;
}

static bool write_mark(ConsoleLog *log, const char *text) {
        char date[32], line[MARK_MAX];
        time_t now = time(NULL);
        struct tm tm;
        size_t size;
        int n;

        /* Within which line we are is known when there is a file. */
        if (prepare(log, &size) < 0)
                return false;

        (void) strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
        n = snprintf(line, sizeof(line), "%s--- %s: %s ---\n", log->within_line ? "\n" : "", date, text);
        return write_all(log, line, MIN((size_t) n, sizeof(line) - 1)) > 0;
}

static void tell_lost(ConsoleLog *log) {
        char text[64];

        if (log->n_lost == 0)
                return;

        (void) snprintf(text, sizeof(text), "%" PRIu64 " bytes could not be written", log->n_lost);
        if (write_mark(log, text))
                log->n_lost = 0;
}

void console_log_write(ConsoleLog *log, const void *data, size_t size) {
        assert(log);

        tell_lost(log);
        if (log->n_lost == 0)
                log->n_lost = size - write_all(log, data, size);
        else
                log->n_lost += size;
}

void console_log_mark(ConsoleLog *log, const char *format, ...) {
        char text[MARK_MAX / 2];
        va_list ap;

        assert(log);

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);

        tell_lost(log);
        (void) write_mark(log, text);
}

int console_log_open(const char *directory, const char *machine, ConsoleLogPart part) {
        _cleanup_close_ int directory_fd = -EBADF, fd = -EBADF;
        _cleanup_free_ char *name = NULL;
        struct stat st;
        int r;

        assert(directory);
        assert(machine);

        if (!machine_name_is_valid(machine))
                return -EINVAL;

        r = make_name(machine, part, &name);
        if (r < 0)
                return r;

        directory_fd = open_directory(directory);
        if (directory_fd < 0)
                return directory_fd;

        fd = beneath_open_unlinked(directory_fd, name, O_RDONLY);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;

        return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EBADF;
}

bool console_log_is_written(int fd) {
        struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

        return fcntl(fd, F_OFD_GETLK, &lock) >= 0 && lock.l_type != F_UNLCK;
}
