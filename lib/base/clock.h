/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Clock
 *
 * The time that counts from the host's start and is never set: for deadlines, and for
 * how long something took.
 */

#include <poll.h>
#include <time.h>

#include "lib/base/base.h"

static inline uint64_t clock_now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / NSEC_PER_USEC;
}

/**
 * clock_poll() - wait for descriptors until a deadline
 * @fds:                as of poll()
 * @n:                  number of them
 * @deadline_usec:      as of clock_now_usec(); UINT64_MAX: none
 *
 * Return: how many of them have something to tell, 0 at the deadline, which may be
 *         past already, negative error code on failure.
 * Errors: those of poll(), but for -EINTR
 */
int clock_poll(struct pollfd *fds, nfds_t n, uint64_t deadline_usec);
