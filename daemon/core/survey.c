/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/look.h"
#include "daemon/core/survey.h"
#include "lib/base/clock.h"
#include "lib/base/envfile.h"
#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/kernel/address-watch.h"

/* Machines often come many at a time: whoever makes them goes first, but not for ever. */
#define QUIET_USEC (1 * USEC_PER_SEC)
#define PATIENCE_USEC (5 * USEC_PER_SEC)
#define TIMER_USEC (100 * USEC_PER_MSEC)

/* A guest may change its addresses without end: so much news at a time, so often. The kernel
 * drops the rest and tells us, and then all are looked at again. */
#define NEWS_PER_TURN 64
#define NEWS_USEC (100 * USEC_PER_MSEC)
#define NEWS_TURNS 4

struct Survey {
        sd_event *event;
        Manager *manager;
        Workers *workers;
        ManagerListener listener;
        sd_event_source *timer, *next, *news;
        uint64_t wanted_since;          /* 0: nobody is wanted */
        uint64_t due;                   /* of the timer */
        Netlink *netlink;
        int watch_fd;                   /* -EBADF: nobody tells us of changes */

        /* One round */
        char **names;                   /* of those that are still to be looked at, n_names of them */
        size_t n_names;
        uint64_t ticket;                /* of the look that is under way, or 0 */
        char *name;                     /* at whom */
        pid_t leader;
        unsigned n_changes;
};

static bool is_under_way(const Survey *s) {
        return s->names;
}

/* Who comes while a round is under way is in the next one. Of a thousand that come at a time, not each sets
 * the timer anew. */
static void plan_round(Survey *s) {
        uint64_t t = clock_now_usec(), due;

        if (s->wanted_since == 0) {
                s->wanted_since = t;
                s->due = 0;
        }

        due = MIN(t + QUIET_USEC, s->wanted_since + PATIENCE_USEC);
        if (is_under_way(s) || due - s->due < TIMER_USEC)
                return;

        s->due = due;
        (void) sd_event_source_set_time(s->timer, due);
        (void) sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

static void want_addresses(Survey *s, Machine *m) {
        machine_sight(m)->is_wanted = true;
        plan_round(s);
}

static void want(Survey *s, Machine *m) {
        machine_sight(m)->os_is_wanted = true;
        want_addresses(s, m);
}

static void end_round(Survey *s) {
        (void) strv_free(s->names);
        s->names = NULL;
        s->n_names = 0;
        (void) sd_event_source_set_enabled(s->next, SD_EVENT_OFF);
        s->due = 0;
        if (s->wanted_since > 0)
                plan_round(s);
}

static void end_look(Survey *s) {
        s->ticket = 0;
        free(s->name);
        s->name = NULL;
        (void) sd_event_source_set_enabled(s->next, SD_EVENT_ONESHOT);
}

/* The machine that is being looked at, if it is still there. */
static Machine *looked_at(const Survey *s) {
        Machine *m = manager_find(s->manager, s->name);

        return m && machine_info(m)->leader == s->leader ? m : NULL;
}

/* Before its addresses are listed, so that nothing is missed in between. */
static void watch_network(Survey *s, Machine *m) {
        _cleanup_close_ int netns_fd = -EBADF;
        Sight *sight = machine_sight(m);

        sight->is_watched = false;
        if (s->watch_fd < 0)
                return;

        if (machine_info(m)->class == MACHINE_HOST) {
                sight->network = ADDRESS_WATCH_HERE;
                sight->is_watched = true;
                return;
        }

        netns_fd = machine_open_network(m);
        if (netns_fd >= 0)
                sight->is_watched = netlink_number_namespace(s->netlink, netns_fd, &sight->network) >= 0;
}

static void on_addresses(void *userdata, int result, _unused_ const char *text, WorkerAnswer *answer) {
        _cleanup_free_ NetlinkAddress *addresses = NULL;
        Survey *s = userdata;
        Machine *m = looked_at(s);
        size_t n = 0;
        int r = result;

        if (m && r >= 0)
                r = addresses_from_answer(answer, &addresses, &n);
        if (m && r >= 0 && machine_sight(m)->n_changes == s->n_changes)
                sight_note_addresses(machine_sight(m), addresses, n, machine_sight(m)->is_watched);

        end_look(s);
}

/* Who has the host's network keeps it, as nearly all do. */
static void look_at_addresses(Survey *s, Machine *m) {
        int r;

        watch_network(s, m);
        s->n_changes = machine_sight(m)->n_changes;
        r = machine_list_addresses(m, s->workers, on_addresses, s, &s->ticket);
        if (r >= 0)
                return;

        if (r == -E_NO_PRIVATE_NETWORK)
                sight_note_addresses(machine_sight(m), NULL, 0, /* stay= */ true);
        end_look(s);
}

static void on_os_release(void *userdata, int result, _unused_ const char *text, WorkerAnswer *answer) {
        _cleanup_(strv_freep) char **pairs = NULL;
        Survey *s = userdata;
        Machine *m = looked_at(s);
        int r = result;

        if (!m) {
                end_look(s);
                return;
        }

        if (r >= 0)
                r = envfile_parse(answer->data, &pairs);
        if (r >= 0 || r == -ENOENT)
                sight_note_os(machine_sight(m), pairs);
        machine_sight(m)->is_barred = r == -ETIMEDOUT;

        look_at_addresses(s, m);
}

static void look(Survey *s, Machine *m) {
        Sight *sight = machine_sight(m);
        bool os = sight->os_is_wanted;

        sight->is_wanted = sight->os_is_wanted = false;
        s->leader = machine_info(m)->leader;
        if (!os || machine_read_os_release(m, s->workers, on_os_release, s, &s->ticket) < 0)
                look_at_addresses(s, m);
}

static int on_next(_unused_ sd_event_source *source, void *userdata) {
        Survey *s = userdata;

        while (s->n_names > 0) {
                Machine *m;

                s->name = TAKE_PTR(s->names[--s->n_names]);
                m = manager_find(s->manager, s->name);
                if (m && machine_sight(m)->is_wanted) {
                        look(s, m);
                        return 0;
                }

                free(s->name);
                s->name = NULL;
        }

        end_round(s);
        return 0;
}

static int on_timer(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Survey *s = userdata;
        size_t n = 0;

        s->wanted_since = 0;
        for (Machine *m = NULL; (m = manager_next(s->manager, m));)
                n += machine_sight(m)->is_wanted;

        s->names = calloc(n + 1, sizeof(char *));
        if (!s->names) {
                plan_round(s);
                return 0;
        }

        for (Machine *m = NULL; s->n_names < n && (m = manager_next(s->manager, m));)
                if (machine_sight(m)->is_wanted) {
                        s->names[s->n_names] = strdup(machine_info(m)->name);
                        if (!s->names[s->n_names])
                                break;
                        s->n_names++;
                }

        return sd_event_source_set_enabled(s->next, SD_EVENT_ONESHOT);
}

static void note_change(Survey *s, Machine *m) {
        sight_note_change(machine_sight(m));
        want_addresses(s, m);
}

/* Who has lost some of the news believes nothing. */
static void note_loss(Survey *s) {
        for (Machine *m = NULL; (m = manager_next(s->manager, m));)
                if (machine_sight(m)->is_watched)
                        note_change(s, m);
}

static void note_news(Survey *s, int network) {
        for (Machine *m = NULL; (m = manager_next(s->manager, m));)
                if (machine_sight(m)->is_watched && machine_sight(m)->network == network)
                        note_change(s, m);
}

static int on_news(_unused_ sd_event_source *source, int fd, _unused_ uint32_t revents, void *userdata) {
        int r, network, last = ADDRESS_WATCH_HERE - 1;
        Survey *s = userdata;

        for (unsigned i = 0; i < NEWS_PER_TURN; i++) {
                r = address_watch_read(fd, &network);
                if (r == 0)
                        break;
                if (r < 0) {
                        note_loss(s);
                        break;
                }

                if (network != last)
                        note_news(s, network);
                last = network;
        }

        return 0;
}

static void on_machine_added(void *userdata, Machine *m) {
        want(userdata, m);
}

static void on_machine_removed(_unused_ void *userdata, _unused_ Machine *m) {
}

/* What was there at the beginning may have been no more than what mounts the rest. */
static void on_machine_event(void *userdata, const MachineEvent *e) {
        Survey *s = userdata;
        Machine *m;

        if (e->kind != MACHINE_EVENT_READY)
                return;

        m = manager_find(s->manager, e->name);
        if (m)
                want(s, m);
}

void survey_note_list(Survey *s) {
        assert(s);

        for (Machine *m = NULL; (m = manager_next(s->manager, m));)
                if (!machine_sight(m)->is_barred && sight_is_old(machine_sight(m)))
                        want(s, m);
}

/* Without it what is seen of addresses is good for a moment only. */
static int begin_watch(Survey *s) {
        int r;

        r = netlink_open(&s->netlink);
        if (r >= 0)
                r = s->watch_fd = address_watch_open();
        if (r < 0) {
                (void) log_full(LOG_DEBUG, r, "Nobody tells of addresses that change");
                return 0;
        }

        r = sd_event_add_io(s->event, &s->news, s->watch_fd, EPOLLIN, on_news, s);
        if (r < 0)
                return r;

        return sd_event_source_set_ratelimit(s->news, NEWS_USEC, NEWS_TURNS);
}

static int add_sources(Survey *s) {
        int r;

        r = sd_event_add_time(s->event, &s->timer, CLOCK_MONOTONIC, UINT64_MAX, TIMER_USEC, on_timer, s);
        if (r >= 0)
                r = sd_event_source_set_priority(s->timer, SD_EVENT_PRIORITY_IDLE);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(s->event, &s->next, on_next, s);
        if (r >= 0)
                r = sd_event_source_set_priority(s->next, SD_EVENT_PRIORITY_IDLE);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->next, SD_EVENT_OFF);

        return r < 0 ? r : begin_watch(s);
}

int survey_new(sd_event *event, Manager *manager, Workers *workers, Survey **ret) {
        _cleanup_(survey_freep) Survey *s = NULL;
        int r;

        assert(event);
        assert(manager);
        assert(workers);
        assert(ret);

        s = malloc(sizeof(*s));
        if (!s)
                return -ENOMEM;

        *s = (Survey) {
                .event = sd_event_ref(event),
                .manager = manager,
                .workers = workers,
                .watch_fd = -EBADF,
                .listener = {
                        .machine_added = on_machine_added,
                        .machine_removed = on_machine_removed,
                        .machine_event = on_machine_event,
                        .userdata = s,
                },
        };
        manager_add_listener(manager, &s->listener);

        r = add_sources(s);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

Survey *survey_free(Survey *s) {
        if (!s)
                return NULL;

        manager_remove_listener(s->manager, &s->listener);
        if (s->ticket > 0)
                workers_cancel(s->workers, s->ticket);
        sd_event_source_disable_unref(s->timer);
        sd_event_source_disable_unref(s->next);
        sd_event_source_disable_unref(s->news);
        (void) netlink_close(s->netlink);
        closep(&s->watch_fd);
        (void) strv_free(s->names);
        free(s->name);
        sd_event_unref(s->event);
        free(s);
        return NULL;
}
