/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/starts.h"
#include "lib/base/text.h"

static void start_free(Start *start) {
        free(start->name);
        (void) strv_free(start->after);
        (void) strv_free(start->requires);
        free(start);
}

void starts_done(Starts *s) {
        assert(s);

        for (size_t i = 0; i < s->n; i++)
                start_free(s->list[i]);
        free(s->list);
        *s = (Starts) {};
}

static Start *find(const Starts *s, const char *name) {
        for (size_t i = 0; i < s->n; i++)
                if (streq(s->list[i]->name, name))
                        return s->list[i];

        return NULL;
}

int starts_add(Starts *s, const char *name, uint64_t delay_usec, char *const *after, char *const *requires) {
        Start **grown, *start;
        int r;

        assert(s);
        assert(name);

        grown = reallocarray(s->list, s->n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        s->list = grown;

        start = malloc(sizeof(*start));
        if (!start)
                return -ENOMEM;

        *start = (Start) { .name = strdup(name), .delay_usec = delay_usec, .since = UINT64_MAX };
        r = start->name ? strv_copy(after, &start->after) : -ENOMEM;
        if (r >= 0)
                r = strv_copy(requires, &start->requires);
        if (r < 0) {
                start_free(start);
                return r;
        }

        s->list[s->n++] = start;
        return 0;
}

int starts_complete(Starts *s) {
        int r;

        assert(s);

        for (size_t i = 0, n = s->n; i < n; i++)
                for (char *const *name = s->list[i]->requires; name && *name; name++) {
                        if (find(s, *name))
                                continue;

                        r = starts_add(s, *name, 0, NULL, NULL);
                        if (r < 0)
                                return r;
                }

        return 0;
}

static bool is_over(StartState state) {
        return state == START_READY || state == START_FAILED || state == START_LEFT_OUT;
}

static bool waits_for(const Starts *s, char *const *names) {
        for (; names && *names; names++) {
                const Start *other = find(s, *names);

                if (other && !is_over(other->state))
                        return true;
        }

        return false;
}

/* The first that is required and has not come up. */
static const char *find_blocker(const Starts *s, const Start *start) {
        for (char *const *name = start->requires; name && *name; name++) {
                const Start *other = find(s, *name);

                if (!other || (is_over(other->state) && other->state != START_READY))
                        return *name;
        }

        return NULL;
}

/* Whether @start could be started, leaving its delay aside. */
static bool is_free(const Starts *s, Start *start) {
        if (start->state != START_WAITING)
                return false;

        start->blocker = find_blocker(s, start);
        if (start->blocker) {
                start->state = START_LEFT_OUT;
                return false;
        }

        return !waits_for(s, start->after) && !waits_for(s, start->requires);
}

/* What one of a circle waits for first. */
static const char *first_wait(const Start *start) {
        return start->requires && start->requires[0] ? start->requires[0] : start->after[0];
}

static void leave_out_circles(Starts *s) {
        for (size_t i = 0; i < s->n; i++)
                if (s->list[i]->state == START_WAITING) {
                        s->list[i]->blocker = first_wait(s->list[i]);
                        s->list[i]->state = START_LEFT_OUT;
                }
}

/* One round over all: what is left out in it may set others free, or leave them out. */
static Start *look_once(Starts *s, uint64_t now, uint64_t *due) {
        for (size_t i = 0; i < s->n; i++) {
                Start *start = s->list[i];

                if (!is_free(s, start))
                        continue;

                if (start->since == UINT64_MAX)
                        start->since = now;
                if (start->since + start->delay_usec <= now)
                        return start;
                if (start->since + start->delay_usec < *due)
                        *due = start->since + start->delay_usec;
        }

        return NULL;
}

Start *starts_next(Starts *s, uint64_t now, uint64_t *ret_due) {
        size_t n_left_out;
        uint64_t due;
        Start *next;

        assert(s);
        assert(ret_due);

        do {
                n_left_out = starts_count(s, START_LEFT_OUT);
                due = UINT64_MAX;
                next = look_once(s, now, &due);
        } while (!next && starts_count(s, START_LEFT_OUT) != n_left_out);

        if (!next && due == UINT64_MAX && starts_count(s, START_UNDER_WAY) == 0)
                leave_out_circles(s);

        *ret_due = due;
        return next;
}

size_t starts_count(const Starts *s, StartState state) {
        size_t n = 0;

        assert(s);

        for (size_t i = 0; i < s->n; i++)
                n += s->list[i]->state == state;

        return n;
}
