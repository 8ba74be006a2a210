/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/clock.h"

int clock_poll(struct pollfd *fds, nfds_t n, uint64_t deadline_usec) {
        for (;;) {
                uint64_t now = clock_now_usec();
                int r, timeout = -1;

                if (now >= deadline_usec)
                        return 0;
                if (deadline_usec < UINT64_MAX)
                        timeout = (int) MIN((deadline_usec - now) / USEC_PER_MSEC + 1, (uint64_t) INT32_MAX);

                r = poll(fds, n, timeout);
                if (r > 0)
                        return r;
                if (r < 0 && errno != EINTR)
                        return -errno;
        }
}
