/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <malloc.h>

#include "daemon/core/memory.h"

/* Some hundred KiB at most. To give back what fewer have left is not worth the walk through the heap. */
#define FREED_MAX 64

struct Memory {
        sd_event_source *idle;
        unsigned n_freed;               /* machines, since memory was last given back */
};

static int on_idle(_unused_ sd_event_source *source, void *userdata) {
        Memory *m = userdata;

        m->n_freed = 0;
        (void) malloc_trim(0);
        return 0;
}

int memory_new(sd_event *event, Memory **ret) {
        _cleanup_(memory_freep) Memory *m = NULL;
        int r;

        assert(event);
        assert(ret);

        m = calloc(1, sizeof(*m));
        if (!m)
                return -ENOMEM;

        r = sd_event_add_defer(event, &m->idle, on_idle, m);
        if (r < 0)
                return r;

        r = sd_event_source_set_priority(m->idle, SD_EVENT_PRIORITY_IDLE);
        if (r < 0)
                return r;

        /* Once at the beginning: starting takes more than running does. */
        *ret = TAKE_PTR(m);
        return 0;
}

Memory *memory_free(Memory *m) {
        if (!m)
                return NULL;

        sd_event_source_disable_unref(m->idle);
        free(m);
        return NULL;
}

void memory_note_freed(Memory *m) {
        assert(m);

        if (++m->n_freed >= FREED_MAX)
                (void) sd_event_source_set_enabled(m->idle, SD_EVENT_ONESHOT);
}
