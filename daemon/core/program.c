/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/program.h"
#include "lib/base/text.h"

struct Program {
        Programs *list;
        Program *next, *previous;
        ProgramInfo info;
        void *userdata;
};

struct Programs {
        Program *first;
        uint64_t last_id;
        ProgramListener listener;
        void *userdata;
};

int programs_new(Programs **ret) {
        Programs *list;

        assert(ret);

        list = calloc(1, sizeof(*list));
        if (!list)
                return -ENOMEM;

        *ret = list;
        return 0;
}

Programs *programs_free(Programs *list) {
        if (!list)
                return NULL;

        while (list->first)
                (void) program_free(list->first);
        free(list);
        return NULL;
}

void programs_listen(Programs *list, ProgramListener listener, void *userdata) {
        assert(list);

        list->listener = listener;
        list->userdata = userdata;
}

Program *programs_find(Programs *list, uint64_t id) {
        assert(list);

        for (Program *p = list->first; id > 0 && p; p = p->next)
                if (p->info.id == id)
                        return p;

        return NULL;
}

Program *programs_next(Programs *list, Program *p) {
        assert(list);

        return p ? p->next : list->first;
}

int program_new(Programs *list, void *userdata, Program **ret) {
        Program *p;

        assert(list);
        assert(ret);

        p = malloc(sizeof(*p));
        if (!p)
                return -ENOMEM;

        *p = (Program) { .list = list, .next = list->first, .info.pidfd = -EBADF, .userdata = userdata };
        if (p->next)
                p->next->previous = p;
        list->first = p;

        *ret = p;
        return 0;
}

Program *program_free(Program *p) {
        if (!p)
                return NULL;

        if (p->previous)
                p->previous->next = p->next;
        else
                p->list->first = p->next;
        if (p->next)
                p->next->previous = p->previous;

        closep(&p->info.pidfd);
        free(p->info.machine);
        (void) strv_free(p->info.command);
        free(p->info.user);
        free(p->info.terminal);
        free(p);
        return NULL;
}

void program_started(Program *p) {
        assert(p);
        assert(p->info.id == 0);

        p->info.id = ++p->list->last_id;
}

void program_ended(Program *p, ProgramEnd how, int status) {
        assert(p);

        if (p->info.id > 0 && p->list->listener)
                p->list->listener(p->list->userdata, p, how, status);

        (void) program_free(p);
}

const ProgramInfo *program_info(const Program *p) {
        assert(p);

        return &p->info;
}

ProgramInfo *program_info_edit(Program *p) {
        assert(p);

        return &p->info;
}

void *program_userdata(const Program *p) {
        assert(p);

        return p->userdata;
}

const char *program_end_to_string(ProgramEnd how) {
        static const char *const table[_PROGRAM_END_MAX] = {
                [PROGRAM_EXITED] = "exited",
                [PROGRAM_KILLED] = "killed",
                [PROGRAM_DUMPED] = "dumped",
                [PROGRAM_LOST] = "lost",
        };

        return how < _PROGRAM_END_MAX ? table[how] : NULL;
}
