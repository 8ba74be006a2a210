/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Crowd
 *
 * How many clients a door of ours has at a time: of each user but root, of all of
 * these, and of all. So that nobody can shut root out.
 */

#include "lib/base/base.h"

#define CROWD_PER_USER 64
#define CROWD_UNPRIVILEGED 192
#define CROWD_MAX 256

typedef struct Crowd {
        uid_t uid;              /* of who wants to come in */
        size_t n, n_unprivileged, n_of_user;
} Crowd;

/* Counts one who is in. */
static inline void crowd_count(Crowd *c, uid_t uid) {
        c->n++;
        c->n_unprivileged += uid != 0;
        c->n_of_user += uid == c->uid;
}

/* Whether there is no room for one more of @c's user. */
static inline bool crowd_is_full(const Crowd *c) {
        if (c->uid == 0)
                return c->n >= CROWD_MAX;

        return c->n_of_user >= CROWD_PER_USER || c->n_unprivileged >= CROWD_UNPRIVILEGED;
}
