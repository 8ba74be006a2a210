/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/inotify.h>

#include "daemon/core/watch.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup-stats.h"

/* Of looks, one in that time. */
#define LOOK_USEC (100 * USEC_PER_MSEC)

/* How close the end of a machine is to what has probably caused it. */
#define RECENT_USEC USEC_PER_SEC

#define FILE_MAX 4096

/* A watched file, by the kernel's number of it; of several machines, if they share a group. */
typedef struct Watched {
        int wd;
        Machine *machine;
} Watched;

struct Watches {
        sd_event *event;
        char *root;
        int fd;
        sd_event_source *source;
        sd_event_source *idle;
        Machine *queue;         /* that are to be watched, once there is time */
        WatchListener listener;

        /* In the order of their numbers, which the kernel counts up: what comes goes to the end. */
        Watched *list;
        size_t n, n_allocated;
};

static const char *const file_table[_WATCH_FILE_MAX] = {
        [WATCH_MEMORY] = "memory.events",
        [WATCH_STATE] = "cgroup.events",
};

/* The first in the list that is not before @wd. */
static size_t find(const Watches *w, int wd) {
        size_t begin = 0, end = w->n;

        while (begin < end) {
                size_t middle = (begin + end) / 2;

                if (w->list[middle].wd < wd)
                        begin = middle + 1;
                else
                        end = middle;
        }

        return begin;
}

static int insert(Watches *w, int wd, Machine *m) {
        size_t at = find(w, wd);

        if (w->n == w->n_allocated) {
                size_t n = MAX(w->n + w->n / 2, (size_t) 16);
                Watched *list = reallocarray(w->list, n, sizeof(*list));

                if (!list)
                        return -ENOMEM;
                w->list = list;
                w->n_allocated = n;
        }

        memmove(&w->list[at + 1], &w->list[at], (w->n - at) * sizeof(*w->list));
        w->list[at] = (Watched) { .wd = wd, .machine = m };
        w->n++;
        return 0;
}

static void unwatch(Watches *w, int wd, const Machine *m) {
        size_t at = find(w, wd), n = 0;

        for (size_t i = at; i < w->n && w->list[i].wd == wd; i++)
                n++;
        for (size_t i = at; i < at + n; i++)
                if (w->list[i].machine == m) {
                        memmove(&w->list[i], &w->list[i + 1], (w->n - i - 1) * sizeof(*w->list));
                        w->n--;
                        break;
                }

        /* Gone already, if the group is. */
        if (n <= 1)
                (void) inotify_rm_watch(w->fd, wd);
}

/* For want of memory all of its unit may be killed, and only a part of it stand still. Who else is
 * in a unit that is not the machine's alone is none of our business. */
static int file_to_watch(const Watches *w, Machine *m, WatchFile file, char **ret) {
        const MachineInfo *info = machine_info(m);
        _cleanup_free_ char *part = NULL;
        bool is_unit;
        int r;

        if (!w->root || !info->cgroup || info->class == MACHINE_HOST)
                return -ENXIO;

        is_unit = machine_info_holds_unit(info);
        if (is_unit && (file == WATCH_MEMORY || !machine_watch(m)->may_be_divided))
                return text_printf(ret, "%s%s/%s", w->root, info->cgroup, file_table[file]);

        r = machine_info_part(info, &part);
        if (r <= 0 && !is_unit)
                return r < 0 ? r : -ENXIO;

        return text_printf(ret, "%s%s/%s", w->root, part, file_table[file]);
}

static int read_number(const Watches *w, Machine *m, WatchFile file, const char *key, uint64_t *ret) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        int r;

        r = file_to_watch(w, m, file, &path);
        if (r >= 0)
                r = file_read(path, FILE_MAX, &text);

        return r < 0 ? r : cgroup_stat_parse(text, key, ret);
}

static void look_at_memory(Watches *w, Machine *m, bool tells) {
        MachineWatch *watch = machine_watch(m);
        uint64_t total, killed;

        if (read_number(w, m, WATCH_MEMORY, "oom_kill", &total) < 0 || total <= watch->oom_kills)
                return;

        killed = total - watch->oom_kills;
        watch->oom_kills = total;
        if (!tells)
                return;

        watch->oom_at = clock_now_usec();
        w->listener.out_of_memory(w->listener.userdata, m, killed, total);
}

static void look_at_state(Watches *w, Machine *m, bool tells) {
        MachineWatch *watch = machine_watch(m);
        uint64_t is_frozen;

        if (read_number(w, m, WATCH_STATE, "frozen", &is_frozen) < 0 || (is_frozen != 0) == watch->is_frozen)
                return;

        watch->is_frozen = is_frozen;
        if (tells)
                w->listener.frozen(w->listener.userdata, m, is_frozen);
}

static void look(Watches *w, Machine *m, bool tells) {
        look_at_memory(w, m, tells);
        look_at_state(w, m, tells);
        machine_watch(m)->was_looked_at = true;
}

static int watch_file(Watches *w, Machine *m, WatchFile file) {
        _cleanup_free_ char *path = NULL;
        int r, wd;

        r = file_to_watch(w, m, file, &path);
        if (r < 0)
                return r;

        wd = inotify_add_watch(w->fd, path, IN_MODIFY);
        if (wd < 0)
                return -errno;

        r = insert(w, wd, m);
        if (r < 0)
                return r;

        machine_watch(m)->wds[file] = wd;
        return 0;
}

static void watch_now(Watches *w, Machine *m) {
        for (WatchFile file = 0; file < _WATCH_FILE_MAX; file++)
                (void) watch_file(w, m, file);
        machine_watch(m)->has_own_pids = machine_leader_fd(m) >= 0 &&
                                         process_shares_namespace(machine_leader_fd(m), "pid") == 0;

        look(w, m, /* tells= */ machine_watch(m)->was_looked_at);
}

/* One at a time, so that who asks for something meanwhile need not wait for the others. */
static int on_idle(sd_event_source *source, void *userdata) {
        Watches *w = userdata;
        Machine *m = w->queue;

        if (m) {
                w->queue = machine_watch(m)->next_queued;
                machine_watch(m)->next_queued = NULL;
                machine_watch(m)->is_queued = false;
                watch_now(w, m);
        }

        return sd_event_source_set_enabled(source, w->queue ? SD_EVENT_ON : SD_EVENT_OFF);
}

void watches_add(Watches *w, Machine *m, bool is_new) {
        MachineWatch *watch = machine_watch(m);

        assert(w);

        if (machine_info(m)->class == MACHINE_HOST)
                return;

        watch->may_be_divided = !machine_info(m)->owns_scope || machine_info(m)->subgroup;
        watch->was_looked_at = is_new;
        watch->is_queued = true;
        watch->next_queued = w->queue;
        w->queue = m;
        (void) sd_event_source_set_enabled(w->idle, SD_EVENT_ON);
}

static void unqueue(Watches *w, Machine *m) {
        MachineWatch *watch = machine_watch(m);
        Machine **i = &w->queue;

        if (!watch->is_queued)
                return;

        while (*i != m)
                i = &machine_watch(*i)->next_queued;
        *i = watch->next_queued;
        watch->next_queued = NULL;
        watch->is_queued = false;
}

static void unwatch_files(Watches *w, Machine *m) {
        MachineWatch *watch = machine_watch(m);

        unqueue(w, m);
        for (WatchFile file = 0; file < _WATCH_FILE_MAX; file++) {
                if (watch->wds[file] > 0)
                        unwatch(w, watch->wds[file], m);
                watch->wds[file] = 0;
        }
}

void watches_renew(Watches *w, Machine *m) {
        unwatch_files(w, m);
        machine_watch(m)->may_be_divided = true;
        watch_now(w, m);
}

void watches_drop(Watches *w, Machine *m) {
        unwatch_files(w, m);
        *machine_watch(m) = (MachineWatch) {};
}

void watches_look(Watches *w, Machine *m) {
        look_at_memory(w, m, /* tells= */ true);
}

bool watch_was_out_of_memory(const MachineWatch *watch) {
        return watch->oom_at > 0 && clock_now_usec() - watch->oom_at < RECENT_USEC;
}

static void mark(Machine *m, Machine **list) {
        MachineWatch *watch = machine_watch(m);

        if (watch->is_marked)
                return;

        watch->is_marked = true;
        watch->next_marked = *list;
        *list = m;
}

static void mark_all_of(Watches *w, const struct inotify_event *e, Machine **list) {
        /* Too many at a time: then it could have been any of them. */
        if (e->mask & IN_Q_OVERFLOW)
                for (size_t i = 0; i < w->n; i++)
                        mark(w->list[i].machine, list);

        for (size_t i = find(w, e->wd); i < w->n && w->list[i].wd == e->wd; i++)
                mark(w->list[i].machine, list);
}

/* All that there is, so that each machine is looked at once. */
static Machine *read_marks(Watches *w) {
        char buffer[16 << 10] __attribute__((aligned(_Alignof(struct inotify_event))));
        Machine *list = NULL;
        ssize_t n;

        while ((n = read(w->fd, buffer, sizeof(buffer))) > 0)
                for (const char *p = buffer; p < buffer + n;) {
                        const struct inotify_event *e = (const struct inotify_event *) p;

                        mark_all_of(w, e, &list);
                        p += sizeof(*e) + e->len;
                }

        return list;
}

static int on_changes(
                _unused_ sd_event_source *source,
                _unused_ int fd,
                _unused_ uint32_t revents,
                void *userdata) {

        Watches *w = userdata;
        Machine *next;

        for (Machine *m = read_marks(w); m; m = next) {
                MachineWatch *watch = machine_watch(m);

                next = watch->next_marked;
                watch->next_marked = NULL;
                watch->is_marked = false;
                look(w, m, /* tells= */ true);
        }

        return 0;
}

int watches_new(sd_event *event, const char *root, const WatchListener *listener, Watches **ret) {
        _cleanup_(watches_freep) Watches *w = NULL;
        int r;

        assert(event);
        assert(listener);
        assert(ret);

        w = malloc(sizeof(*w));
        if (!w)
                return -ENOMEM;

        *w = (Watches) { .event = sd_event_ref(event), .fd = -EBADF, .listener = *listener };
        w->root = root ? strdup(root) : NULL;
        if (root && !w->root)
                return -ENOMEM;

        w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (w->fd < 0)
                return -errno;

        r = sd_event_add_io(w->event, &w->source, w->fd, EPOLLIN, on_changes, w);
        if (r >= 0)
                r = sd_event_source_set_ratelimit(w->source, LOOK_USEC, 1);
        if (r >= 0)
                r = sd_event_add_defer(w->event, &w->idle, on_idle, w);
        if (r >= 0)
                r = sd_event_source_set_priority(w->idle, SD_EVENT_PRIORITY_IDLE);
        if (r >= 0)
                r = sd_event_source_set_enabled(w->idle, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(w);
        return 0;
}

Watches *watches_free(Watches *w) {
        if (!w)
                return NULL;

        sd_event_source_disable_unref(w->source);
        sd_event_source_disable_unref(w->idle);
        closep(&w->fd);
        free(w->list);
        free(w->root);
        sd_event_unref(w->event);
        free(w);
        return NULL;
}
