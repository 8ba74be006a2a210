/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/registry.h"

/* The keys are the machine's own strings, which stay where they are. */
int registry_add(Registry *r, Machine *machine, void *owner, Entry **ret) {
        MachineInfo *info = machine_info_edit(machine);
        Entry *e;

        e = malloc(sizeof(*e));
        if (!e)
                return -ENOMEM;

        *e = (Entry) { .machine = machine, .owner = owner };
        HASH_ADD_KEYPTR(by_name, r->by_name, info->name, strlen(info->name), e);
        HASH_ADD_KEYPTR(by_leader, r->by_leader, &info->leader, sizeof(pid_t), e);

        *ret = e;
        return 0;
}

void registry_add_unit(Registry *r, Entry *e) {
        const char *unit = machine_info(e->machine)->unit;

        if (registry_find_unit(r, unit))
                return;

        HASH_ADD_KEYPTR(by_unit, r->by_unit, unit, strlen(unit), e);
        e->stands_for_unit = true;
}

void registry_drop(Registry *r, Entry *e) {
        HASH_DELETE(by_name, r->by_name, e);
        HASH_DELETE(by_leader, r->by_leader, e);
        if (e->stands_for_unit)
                HASH_DELETE(by_unit, r->by_unit, e);

        sd_event_source_disable_unref(e->leader_exited);
        (void) machine_free(e->machine);
        free(e);
}

Entry *registry_find(const Registry *r, const char *name) {
        Entry *e;

        HASH_FIND(by_name, r->by_name, name, strlen(name), e);
        return e;
}

Entry *registry_find_unit(const Registry *r, const char *unit) {
        Entry *e;

        HASH_FIND(by_unit, r->by_unit, unit, strlen(unit), e);
        return e;
}

Entry *registry_find_leader(const Registry *r, pid_t leader) {
        Entry *e;

        HASH_FIND(by_leader, r->by_leader, &leader, sizeof(leader), e);
        return e;
}

Entry *registry_next(const Registry *r, const Entry *e) {
        return e ? e->by_name.next : r->by_name;
}

Machine *entry_if_open(const Entry *e) {
        return e && machine_state(e->machine) != MACHINE_OPENING ? e->machine : NULL;
}
