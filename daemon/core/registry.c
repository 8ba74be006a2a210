/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/registry.h"
#include "lib/base/text.h"

/* A guest makes its control groups as deep as it likes; managers stay above. */
#define GROUP_DEPTH_MAX 16

static Owner *find_owner(const Registry *r, uid_t uid) {
        Owner *o;

        HASH_FIND(by_uid, r->owners, &uid, sizeof(uid), o);
        return o;
}

size_t registry_count(const Registry *r, uid_t uid) {
        const Owner *o = find_owner(r, uid);

        return o ? o->n_machines : 0;
}

static int count_in(Registry *r, uid_t uid) {
        Owner *o = find_owner(r, uid);

        if (uid == 0)
                return 0;

        if (!o) {
                o = calloc(1, sizeof(*o));
                if (!o)
                        return -ENOMEM;

                o->uid = uid;
                HASH_ADD(by_uid, r->owners, uid, sizeof(uid), o);
        }

        o->n_machines++;
        return 0;
}

static void count_out(Registry *r, uid_t uid) {
        Owner *o = find_owner(r, uid);

        if (!o || --o->n_machines > 0)
                return;

        HASH_DELETE(by_uid, r->owners, o);
        free(o);
}

/* The keys are the machine's own strings, which stay where they are. */
int registry_add(Registry *r, Machine *machine, void *owner, Entry **ret) {
        MachineInfo *info = machine_info_edit(machine);
        Entry *e;
        int q;

        e = malloc(sizeof(*e));
        if (!e)
                return -ENOMEM;

        q = count_in(r, info->uid);
        if (q < 0) {
                free(e);
                return q;
        }

        *e = (Entry) { .machine = machine, .owner = owner, .uid = info->uid };
        HASH_ADD_KEYPTR(by_name, r->by_name, info->name, strlen(info->name), e);
        HASH_ADD_KEYPTR(by_leader, r->by_leader, &info->leader, sizeof(pid_t), e);

        *ret = e;
        return 0;
}

static Place *find_place(const Registry *r, const char *path, size_t length) {
        Place *p;

        HASH_FIND(by_path, r->places, path, length, p);
        return p;
}

static int enter_place(Registry *r, const char *path, Entry *holder, Place **ret) {
        Place *p = find_place(r, path, strlen(path));

        if (!p) {
                p = calloc(1, sizeof(*p));
                if (!p)
                        return -ENOMEM;

                p->path = strdup(path);
                if (!p->path) {
                        free(p);
                        return -ENOMEM;
                }
                HASH_ADD_KEYPTR(by_path, r->places, p->path, strlen(p->path), p);
        }

        p->n_machines++;
        if (!p->holder)
                p->holder = holder;
        *ret = p;
        return 0;
}

static void leave_place(Registry *r, Entry *e, Place *p) {
        if (!p)
                return;

        if (p->holder == e)
                p->holder = NULL;
        if (--p->n_machines > 0)
                return;

        HASH_DELETE(by_path, r->places, p);
        free(p->path);
        free(p);
}

int registry_add_unit(Registry *r, Entry *e) {
        const MachineInfo *info = machine_info(e->machine);
        _cleanup_free_ char *path = NULL;
        int q;

        q = enter_place(r, info->unit, machine_info_stands_for_unit(info) ? e : NULL, &e->unit);
        if (q < 0)
                return q;

        /* Others than root may tell us of a process of theirs that is anywhere. */
        if (!info->subgroup || info->uid != 0)
                return 0;

        q = text_printf(&path, "%s/%s", info->unit, info->subgroup);
        return q < 0 ? q : enter_place(r, path, e, &e->subgroup);
}

void registry_drop(Registry *r, Entry *e) {
        HASH_DELETE(by_name, r->by_name, e);
        HASH_DELETE(by_leader, r->by_leader, e);
        leave_place(r, e, e->unit);
        leave_place(r, e, e->subgroup);
        count_out(r, e->uid);

        sd_event_source_disable_unref(e->leader_exited);
        sd_event_source_disable_unref(e->supervisor_exited);
        sd_event_source_disable_unref(e->patience);
        (void) machine_free(e->machine);
        free(e);
}

Entry *registry_find(const Registry *r, const char *name) {
        Entry *e;

        HASH_FIND(by_name, r->by_name, name, strlen(name), e);
        return e;
}

Entry *registry_find_unit(const Registry *r, const char *unit, const char *below) {
        _cleanup_free_ char *path = NULL;
        Entry *found = NULL;
        size_t length = strlen(unit);

        if (text_printf(&path, "%s/%s", unit, below) < 0)
                return NULL;

        /* The smallest part that is a machine's. */
        for (unsigned depth = 0; depth <= GROUP_DEPTH_MAX; depth++) {
                const Place *p = find_place(r, path, length);

                if (p && p->holder)
                        found = p->holder;
                if (!path[length] || !path[length + 1])
                        break;

                length += 1 + strcspn(path + length + 1, "/");
        }

        return found;
}

bool registry_shares_unit(const Entry *e) {
        return e->unit && e->unit->n_machines > 1;
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
