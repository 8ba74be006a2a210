/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/outside/link.h"
#include "daemon/outside/outside.h"
#include "daemon/outside/steps.h"
#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

struct Outside {
        OutsideContext context;
};

/* The order is the design. A step may rely on those above it, and on nothing else. */
const Step *const outside_steps[] = {
        &step_scope,            /* first: what fails later takes the leader along with it */
        &step_link,
        &step_address,          /* of both ends of the link */
        &step_nat,              /* for these addresses */
        &step_journal,
};

const size_t n_outside_steps = ELEMENTSOF(outside_steps);

int outside_new(sd_event *event, const Config *config, Outside **ret) {
        _cleanup_(outside_freep) Outside *o = NULL;

        assert(event);
        assert(config);
        assert(ret);

        o = calloc(1, sizeof(*o));
        if (!o)
                return -ENOMEM;

        o->context.event = sd_event_ref(event);
        o->context.config = *config;

        /* On a host without one, what is derived from it is what others of the kind derive. */
        (void) id128_host_machine(&o->context.host);

        *ret = TAKE_PTR(o);
        return 0;
}

void *outside_context(Outside *o) {
        return &o->context;
}

/* With the last machine the table goes, too. */
static int remove_entries(OutsideContext *o, char **reterr_text) {
        o->n_entries -= MIN(o->n_entries, o->n_gone_entries);

        return o->n_entries > 0 ? nat_remove(o->gone_entries, o->n_gone_entries, reterr_text)
                                : nat_replace(NULL, 0, reterr_text);
}

static void flush(OutsideContext *o) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = link_flush();
        if (r < 0)
                (void) log_warning(r, "Cannot remove the links of machines that ended");

        if (o->n_gone_entries > 0) {
                r = remove_entries(o, &text);
                if (r < 0 && r != -EOPNOTSUPP)
                        (void) log_warning(r, "Cannot take machines that ended out of the firewall: %s",
                                           text ?: "");
        }

        free(o->gone_entries);
        o->gone_entries = NULL;
        o->n_gone_entries = 0;
        o->gone_links = strv_free(o->gone_links);
}

static int on_idle(_unused_ sd_event_source *source, void *userdata) {
        flush(userdata);
        return 0;
}

void outside_flush_later(OutsideContext *o) {
        int r = 0;

        if (!o->flush) {
                r = sd_event_add_defer(o->event, &o->flush, on_idle, o);
                if (r >= 0)
                        r = sd_event_source_set_priority(o->flush, SD_EVENT_PRIORITY_IDLE);
        }
        if (r >= 0)
                r = sd_event_source_set_enabled(o->flush, SD_EVENT_ONESHOT);
        if (r < 0)
                flush(o);
}

Outside *outside_free(Outside *o) {
        if (!o)
                return NULL;

        if (o->context.flush && sd_event_source_get_enabled(o->context.flush, NULL) > 0)
                flush(&o->context);

        sd_event_source_disable_unref(o->context.flush);
        sd_event_unref(o->context.event);
        free(o->context.gone_entries);
        (void) strv_free(o->context.gone_links);
        free(o);
        return NULL;
}

static int settle_nat(OutsideContext *o, const MachineInfo *const *infos, size_t n_infos) {
        _cleanup_free_ NatEntry *entries = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n = 0;
        int r;

        entries = calloc(n_infos + 1, sizeof(NatEntry));
        if (!entries)
                return -ENOMEM;

        for (size_t i = 0; i < n_infos; i++)
                if (nat_entry_of(infos[i], &entries[n]))
                        n++;

        o->n_entries = n;
        r = nat_replace(entries, n, &text);
        if (r < 0 && r != -EOPNOTSUPP)
                (void) log_warning(r, "Cannot bring the firewall up to date: %s", text ?: "");

        return 0;
}

int outside_settle(Outside *o, const MachineInfo *const *infos, size_t n_infos) {
        _cleanup_free_ unsigned *kept = NULL;
        size_t n = 0;
        int r;

        assert(o);

        kept = calloc(n_infos + 1, sizeof(unsigned));
        if (!kept)
                return -ENOMEM;

        for (size_t i = 0; i < n_infos; i++)
                if (infos[i]->host_ifindex > 0)
                        kept[n++] = infos[i]->host_ifindex;

        r = link_sweep(kept, n);
        if (r < 0)
                return r;
        if (r > 0)
                log_info("Removed %i links of machines that are no more", r);

        return settle_nat(&o->context, infos, n_infos);
}

int outside_plan(Creation *c) {
        int r;

        assert(c);

        /* Others than root may not have the host changed for them. */
        if (c->info->uid != 0)
                return 0;

        r = link_step_plan(c);
        if (r < 0)
                return r;

        return journal_step_plan(c);
}
