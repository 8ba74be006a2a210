/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How guest and host work together: items 18 to 23. */

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "client/check/item.h"
#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/process.h"

#define ZONEINFO "/usr/share/zoneinfo/"

/* The zone that a link names, however it gets there; or NULL. */
static const char *zone_of(const char *target) {
        const char *at = strstr(target, ZONEINFO);

        return at ? at + strlen(ZONEINFO) : NULL;
}

static void look_localtime(const Subject *s, Answer *a) {
        _cleanup_free_ char *target = NULL, *file = NULL;
        char host[PATH_MAX];
        const char *ours, *theirs;
        struct stat st;
        ssize_t n;
        int r;

        n = readlink("/etc/localtime", host, sizeof(host) - 1);
        host[MAX(n, 0)] = '\0';
        ours = zone_of(host);
        if (!ours)
                return answer_not_applicable(a, "the host's /etc/localtime names no zone");

        r = text_printf(&file, ZONEINFO "%s", ours);
        if (r < 0)
                return answer_error(a, "zone", r);
        if (subject_stat(s, file, true, &st) < 0)
                return answer_not_applicable(a, "the guest does not know the host's zone %s", ours);

        r = subject_read_link(s, "/etc/localtime", &target);
        if (r == -EINVAL)
                return answer_fail(a, "/etc/localtime is no link");
        if (r < 0)
                return answer_error(a, "/etc/localtime", r);

        theirs = zone_of(target);
        answer_if(a, target[0] == '.' && theirs && streq(theirs, ours), "links to %s, the host has %s",
                  target, ours);
}

/* What the host's link leads to is to be the very directory that the guest logs to. */
static void look_journal(const Subject *s, Answer *a) {
        _cleanup_free_ char *path = NULL;
        char text[ID128_STRING_MAX];
        struct stat ours, theirs;
        Id128 id, host;
        int r;

        if (stat("/var/log/journal", &ours) < 0)
                return answer_not_applicable(a, "the host keeps no journal in /var/log/journal");
        if (id128_read_machine(s->root_fd, &id) < 0)
                return answer_not_applicable(a, "the guest has no machine id");
        if (id128_host_machine(&host) >= 0 && id128_equal(id, host))
                return answer_fail(a, "the guest has the host's machine id");

        r = text_printf(&path, "/var/log/journal/%s", id128_format(id, text));
        if (r < 0)
                return answer_error(a, "journal", r);

        r = subject_stat(s, path, true, &theirs);
        if (r < 0)
                return answer_not_applicable(a, "the guest keeps no journal in %s", path);
        if (stat(path, &ours) < 0)
                return answer_fail(a, "the host's %s: %s", path, strerror(errno));

        answer_if(a, ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino,
                  "the host's %s is %s", path, ours.st_ino == theirs.st_ino ? "the guest's" : "another one");
}

static bool runs_systemd(const Subject *s) {
        struct stat st;

        return subject_stat(s, "/run/systemd/system", true, &st) >= 0 && S_ISDIR(st.st_mode);
}

static void look_shutdown(const Subject *s, Answer *a) {
        ProcessSignals signals;
        int r;

        r = process_signals(s->leader, &signals);
        if (r < 0)
                return answer_error(a, "status", r);

        if (process_shutdown_signal(&signals) == SIGRTMIN + 3)
                answer_pass(a, "PID 1 listens to SIGRTMIN+3");
        else if (runs_systemd(s))
                answer_fail(a, "PID 1 does not listen to SIGRTMIN+3");
        else
                answer_not_applicable(a, "PID 1 does not listen to SIGRTMIN+3, and is no systemd");
}

static void look_activation(const Subject *s, Answer *a) {
        _cleanup_free_ char *n = NULL, *pid = NULL;
        unsigned count;
        int r;

        r = subject_variable(s, "LISTEN_FDS", &n);
        if (r >= 0)
                r = subject_variable(s, "LISTEN_PID", &pid);
        if (r < 0)
                return answer_error(a, "environment", r);
        if (!n)
                return answer_not_applicable(a, "it was given no sockets");

        answer_if(a, parse_unsigned(n, INT_MAX, &count) >= 0 && streq_ptr(pid, "1"),
                  "LISTEN_FDS=%s LISTEN_PID=%s", n, pid ? pid : "");
}

typedef struct Places {
        const char *unit;
        unsigned n;
        pid_t stray;            /* 0: none */
        char where[128];
} Places;

static int place_process(pid_t pid, void *userdata) {
        _cleanup_free_ char *path = NULL;
        Places *p = userdata;
        const char *rest;

        if (cgroup_of_process(pid, &path) < 0)
                return 0; /* it has ended */

        p->n++;
        rest = startswith(path, p->unit);
        if (rest && (*rest == '\0' || *rest == '/'))
                return 0;

        p->stray = pid;
        (void) snprintf(p->where, sizeof(p->where), "%s", path);
        return 0;
}

static void look_unit(const Subject *s, Answer *a) {
        _cleanup_free_ char *unit = NULL;
        Places p = {};
        int r;

        if (!s->cgroup)
                return answer_unknown(a, "not in the unified hierarchy");

        r = cgroup_unit_path(s->cgroup, &unit);
        if (r < 0)
                return answer_fail(a, "%s is in no unit", s->cgroup);

        p.unit = unit;
        r = subject_each_process(s, place_process, &p);
        if (r < 0)
                return answer_error(a, "processes", r);
        if (p.stray > 0)
                return answer_fail(a, "process %i is in %s", p.stray, p.where);

        answer_pass(a, "all %u processes are in %s", p.n, unit);
}

/* Nothing is sent. Nobody who holds it would be an error. */
static int try_socket(const Subject *s, const char *name, int type) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int path_fd = -EBADF, fd = -EBADF;
        char path[FD_PATH_MAX];
        struct stat st;

        path_fd = beneath_open(s->root_fd, name, O_PATH, 0);
        if (path_fd < 0)
                return path_fd;
        if (fstat(path_fd, &st) < 0)
                return -errno;
        if (!S_ISSOCK(st.st_mode))
                return -ENOTSOCK;

        fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", fd_path(path_fd, path));
        return connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ? -errno : 0;
}

static void look_notify(const Subject *s, Answer *a) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = subject_variable(s, "NOTIFY_SOCKET", &path);
        if (r < 0)
                return answer_error(a, "environment", r);
        if (!path)
                return answer_fail(a, "not set");
        if (path[0] != '/')
                return answer_unknown(a, "NOTIFY_SOCKET=%s", path);

        r = try_socket(s, path, SOCK_DGRAM);
        answer_if(a, r >= 0, "%s: %s", path, r < 0 ? strerror(-r) : "somebody reads it");
}

const Item integration_items[] = {
        { 18, "/etc/localtime is the host's zone", "readlink()", look_localtime },
        { 19, "journal linked into the host's", "stat() of both", look_journal },
        { 20, "SIGRTMIN+3 shuts it down", "signal masks of PID 1", look_shutdown },
        { 21, "sockets are passed on", "environ", look_activation },
        { 22, "all its processes are in its unit", "control groups of its processes", look_unit },
        { 23, "NOTIFY_SOCKET= is read by the manager", "environ, connect()", look_notify },
        {}
};
