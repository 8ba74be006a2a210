/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/outside/steps.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

static bool nat_step_wanted(const void *subject) {
        const Creation *c = subject;

        return c->info->address4 || c->info->address6;
}

static InetRange network_of(const char *address) {
        InetRange range = {};

        if (!address || inet_address_parse(address, &range) < 0)
                return (InetRange) {};

        return inet_range_network(&range);
}

bool nat_entry_of(const MachineInfo *info, NatEntry *ret) {
        if (!info->masquerades || !info->host_interface)
                return false;

        *ret = (NatEntry) {
                .ifname = info->host_interface,
                .net4 = network_of(info->address4),
                .net6 = network_of(info->address6),
        };
        return true;
}

static int add(const MachineInfo *info) {
        _cleanup_free_ char *text = NULL;
        NatEntry entry;
        int r;

        if (!nat_entry_of(info, &entry))
                return 0;

        r = nat_enable_forwarding(info->address4 != NULL, info->address6 != NULL);
        if (r >= 0)
                r = nat_add(&entry, &text);
        if (r < 0 && r != -EOPNOTSUPP)
                (void) log_warning(r, "Machine '%s' reaches this host only%s%s", info->name,
                                   text ? ": " : "",
                                   text ?: "");
        return r;
}

/* A machine that reaches the host only is better than none. */
static int nat_step_apply(void *subject) {
        Creation *c = subject;
        OutsideContext *o = c->outside;

        c->info->masquerades = o->config.masquerade;
        if (!c->info->masquerades)
                return 0;

        if (add(c->info) < 0)
                c->info->masquerades = false;
        else
                o->n_entries++;

        return 0;
}

static int collect_entry(OutsideContext *o, const NatEntry *entry) {
        NatEntry *grown;
        int r;

        grown = reallocarray(o->gone_entries, o->n_gone_entries + 1, sizeof(NatEntry));
        if (!grown)
                return -ENOMEM;
        o->gone_entries = grown;

        r = strv_push(&o->gone_links, entry->ifname);
        if (r < 0)
                return r;

        o->gone_entries[o->n_gone_entries] = *entry;
        o->gone_entries[o->n_gone_entries].ifname = o->gone_links[o->n_gone_entries];
        o->n_gone_entries++;
        return 0;
}

static void nat_step_undo(void *subject) {
        Creation *c = subject;
        NatEntry entry;

        if (nat_entry_of(c->info, &entry) && collect_entry(c->outside, &entry) >= 0)
                outside_flush_later(c->outside);
}

const Step step_nat = {
        .name = "nat",
        .wanted = nat_step_wanted,
        .apply = nat_step_apply,
        .undo = nat_step_undo,
};
