/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "client/moment.h"

const char *moment_format(uint64_t usec, char buffer[static MOMENT_SIZE]) {
        /* Days are English, as scripts that read this know them. */
        static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;
        size_t n;

        buffer[0] = 0;
        if (usec == 0 || usec == USEC_INFINITY || !localtime_r(&seconds, &tm))
                return buffer;

        n = (size_t) snprintf(buffer, MOMENT_SIZE, "%s ", days[tm.tm_wday]);
        (void) strftime(buffer + n, MOMENT_SIZE - n, "%Y-%m-%d %H:%M:%S %Z", &tm);
        return buffer;
}

const char *moment_format_ago(uint64_t usec, uint64_t now, char buffer[static MOMENT_SIZE]) {
        static const struct {
                const char *name;
                uint64_t seconds;
        } units[] = {
                { "y", UINT64_C(31557600) }, { "month", UINT64_C(2629800) }, { "w", UINT64_C(604800) },
                { "d", UINT64_C(86400) }, { "h", UINT64_C(3600) }, { "min", UINT64_C(60) },
                { "s", UINT64_C(1) },
        };
        uint64_t left = now > usec ? (now - usec) / USEC_PER_SEC : 0;
        size_t n = 0, printed = 0;

        buffer[0] = 0;
        if (usec == 0 || now < usec)
                return buffer;

        /* The two largest units say enough. */
        for (size_t i = 0; i < ELEMENTSOF(units) && printed < 2; i++) {
                if (left < units[i].seconds && (i < ELEMENTSOF(units) - 1 || printed > 0))
                        continue;

                n += (size_t) snprintf(buffer + n, MOMENT_SIZE - n, "%" PRIu64 "%s ",
                                       left / units[i].seconds, units[i].name);
                left %= units[i].seconds;
                printed++;
        }

        (void) snprintf(buffer + n, MOMENT_SIZE - n, "ago");
        return buffer;
}

uint64_t moment_now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_REALTIME, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / NSEC_PER_USEC;
}
