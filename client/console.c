/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "client/console.h"
#include "client/lines.h"
#include "lib/base/clock.h"
#include "lib/base/console-log.h"
#include "lib/base/errors.h"
#include "lib/base/file.h"

/* How often who may read the file, but not watch it, looks again. */
#define LOOK_MSEC 250

/* In which a new file follows on one that is full. */
#define CHANGE_MSEC 50
#define CHANGES_MAX 20

/* A machine that reboots and is not there again by then does not come. */
#define REBOOT_USEC (90 * USEC_PER_SEC)

/* What berth-run writes last of all before that, behind the time. */
#define REBOOT_NOTE ": restarts ---\n"

#define PART_MAX (4 * CONSOLE_LOG_MAX)

typedef struct Show {
        Client *client;
        const char *machine;
        Lines *lines;
        int fd;                 /* of the current file */
        int watch_fd;           /* inotify; -EBADF: cannot be watched */
        uint64_t gives_up_at;   /* as clock_now_usec() has it, when it was to have rebooted; 0: it runs */
} Show;

static void show_done(Show *s) {
        (void) lines_free(s->lines);
        closep(&s->fd);
        closep(&s->watch_fd);
}

static int open_part(Client *client, const char *machine, ConsoleLogPart part, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        int r, fd;

        r = sd_bus_message_new_method_call(client->bus, &m, MACHINE1_NAME, MACHINE1_PATH, BERTH_MANAGER,
                                           "OpenConsoleLog");
        if (r >= 0)
                r = sd_bus_message_append(m, "sa{sv}", machine, 1, "previous", "b",
                                          (int) (part == CONSOLE_LOG_PREVIOUS));
        if (r >= 0)
                r = sd_bus_call(client->bus, m, UINT64_MAX, reterr, &reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "h", &fd);
        if (r < 0)
                return sd_bus_error_has_name(reterr, SD_BUS_ERROR_FILE_NOT_FOUND) ? -ENOENT : r;

        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return fd < 0 ? -errno : fd;
}

static bool is_same_file(int a, int b) {
        struct stat x, y;

        return fstat(a, &x) >= 0 && fstat(b, &y) >= 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* There may be none; and if files have changed just now, it is the one that we have. */
static int read_previous(Show *s, char **ret, size_t *ret_size) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_close_ int fd = -EBADF;

        fd = open_part(s->client, s->machine, CONSOLE_LOG_PREVIOUS, &e);
        if (fd < 0 || is_same_file(fd, s->fd)) {
                *ret = strdup("");
                *ret_size = 0;
                return *ret ? 0 : -ENOMEM;
        }

        return fd_read_all(fd, PART_MAX, ret, ret_size);
}

size_t console_find_tail(const char *text, size_t size, unsigned lines) {
        size_t i = size;

        assert(text);

        if (lines == 0)
                return size;
        if (i > 0 && text[i - 1] == '\n')
                i--;

        for (; i > 0; i--)
                if (text[i - 1] == '\n' && --lines == 0)
                        break;

        return i;
}

static int print_tail(Show *s, unsigned lines, bool begins_apart) {
        _cleanup_free_ char *before = NULL, *now = NULL, *all = NULL;
        size_t n_before, n_now, begin;
        int r;

        r = read_previous(s, &before, &n_before);
        if (r < 0)
                return r;
        r = fd_read_all(s->fd, PART_MAX, &now, &n_now);
        if (r < 0)
                return r;

        all = malloc(n_before + n_now + 1);
        if (!all)
                return -ENOMEM;
        memcpy(all, before, n_before);
        memcpy(all + n_before, now, n_now);
        n_now += n_before;

        begin = lines == LINES_ALL ? 0 : console_find_tail(all, n_now, lines);
        if (begins_apart && begin < n_now)
                (void) putchar('\n');

        return lines_print(s->lines, all + begin, n_now - begin);
}

static int print_rest(Show *s) {
        char buffer[16 << 10];
        ssize_t n;
        int r;

        for (;;) {
                n = read(s->fd, buffer, sizeof(buffer));
                if (n <= 0)
                        return n < 0 ? -errno : 0;

                r = lines_print(s->lines, buffer, (size_t) n);
                if (r < 0)
                        return r;
        }
}

/* Who may read a file only because the daemon has opened it for them may not watch it. */
static void watch(Show *s) {
        uint32_t mask = IN_MODIFY | IN_CLOSE_WRITE | IN_MOVE_SELF;
        char path[FD_PATH_MAX];

        closep(&s->watch_fd);
        s->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (s->watch_fd < 0 || inotify_add_watch(s->watch_fd, fd_path(s->fd, path), mask) >= 0)
                return;

        closep(&s->watch_fd);
        s->watch_fd = -EBADF;
}

/* Waits until there may be more; -1: for ever. Returns false if nobody reads us any more, or in vain. */
static bool wait_for_more(Show *s, int msec) {
        struct pollfd fds[] = {
                { .fd = STDOUT_FILENO },
                { .fd = s->watch_fd, .events = POLLIN },
        };
        char events[4096];
        int n;

        n = poll(fds, ELEMENTSOF(fds), s->watch_fd >= 0 ? msec : LOOK_MSEC);
        if (n < 0)
                return errno == EINTR;
        if (n == 0 && s->watch_fd >= 0)
                return false;
        if (s->watch_fd >= 0)
                while (read(s->watch_fd, events, sizeof(events)) > 0)
                        ;

        return !(fds[0].revents & (POLLERR | POLLNVAL));
}

/* The file that is written now, when nobody writes to ours any more. Returns 0 if that is ours: the
 * machine has ended. */
static int change_file(Show *s) {
        for (unsigned i = 0; i < CHANGES_MAX; i++) {
                _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
                _cleanup_close_ int fd = -EBADF;
                int r;

                fd = open_part(s->client, s->machine, CONSOLE_LOG_CURRENT, &e);
                if (fd == -ENOENT) {
                        (void) poll(NULL, 0, CHANGE_MSEC); /* between one file and the next */
                        continue;
                }
                if (fd < 0 || is_same_file(fd, s->fd))
                        return 0;

                r = print_rest(s);
                if (r < 0)
                        return r;

                closep(&s->fd);
                s->fd = TAKE_FD(fd);
                return 1;
        }

        return 0;
}

static bool has_ended_to_reboot(const Show *s) {
        char text[sizeof(REBOOT_NOTE) - 1];
        off_t end = lseek(s->fd, 0, SEEK_CUR); /* all was read */

        return end >= (off_t) sizeof(text) &&
               pread(s->fd, text, sizeof(text), end - (off_t) sizeof(text)) == (ssize_t) sizeof(text) &&
               memcmp(text, REBOOT_NOTE, sizeof(text)) == 0;
}

/* Returns false if nothing is to be waited for, or not any more. */
static bool wait_for_reboot(Show *s) {
        uint64_t now = clock_now_usec();

        if (!has_ended_to_reboot(s))
                return false;
        if (s->gives_up_at == 0)
                s->gives_up_at = now + REBOOT_USEC;

        return now < s->gives_up_at && wait_for_more(s, (int) ((s->gives_up_at - now) / USEC_PER_MSEC) + 1);
}

static int follow(Show *s) {
        bool is_written;
        int r;

        watch(s);
        for (;;) {
                /* In this order: what was written by when nobody writes is the last. */
                is_written = console_log_is_written(s->fd);
                r = print_rest(s);
                if (r < 0)
                        return r == -EPIPE ? 0 : r;

                if (is_written) {
                        s->gives_up_at = 0;
                        if (!wait_for_more(s, -1))
                                return 0;
                        continue;
                }

                r = change_file(s);
                if (r < 0 || (r == 0 && !wait_for_reboot(s)))
                        return r;
                if (r > 0)
                        watch(s);
        }
}

/* For programs, one object a line. */
static void print_json(const char *line, void *userdata) {
        const Show *s = userdata;

        (void) client_print_json(s->client, json_pack("{s:s, s:s, s:s}", "machine", s->machine,
                                                      "source", "console", "message", line));
}

int console_show(
                Client *client,
                const char *machine,
                unsigned lines,
                bool follows,
                bool begins_apart,
                sd_bus_error *reterr) {

        _cleanup_(show_done) Show s = {
                .client = client, .machine = machine, .fd = -EBADF, .watch_fd = -EBADF,
        };
        bool json;
        int r;

        assert(client);
        assert(machine);
        assert(reterr);

        s.fd = open_part(client, machine, CONSOLE_LOG_CURRENT, reterr);
        if (s.fd < 0)
                return s.fd;

        json = client->options.format != OUTPUT_TEXT;
        r = lines_new(client->screen.is_terminal, json ? print_json : NULL, &s, &s.lines);
        if (r < 0)
                return r;

        r = print_tail(&s, lines, begins_apart);
        if (r >= 0 && follows)
                r = follow(&s);

        lines_finish(s.lines);
        return r == -EPIPE ? 0 : r;
}
