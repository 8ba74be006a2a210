/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/bus/sender.h"
#include "lib/kernel/process.h"

const char *sender_name(sd_bus_message *msg) {
        const char *name = sd_bus_message_get_sender(msg);

        /* A peer may give itself any name. */
        return name && name[0] == ':' && sd_bus_is_bus_client(sd_bus_message_get_bus(msg)) > 0 ? name : NULL;
}

void senders_done(Senders *s) {
        for (size_t i = 0; i < SENDERS_MAX; i++)
                free(s->list[i].name);
        *s = (Senders) {};
}

static int ask(sd_bus_message *msg, uid_t *ret_uid, pid_t *ret_pid) {
        const uint64_t mask = SD_BUS_CREDS_EUID | SD_BUS_CREDS_PID;
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        sd_bus *bus = sd_bus_message_get_bus(msg);
        int r;

        r = sd_bus_is_bus_client(bus) > 0 ? sd_bus_query_sender_creds(msg, mask, &creds)
                                          : sd_bus_get_owner_creds(bus, mask, &creds);
        if (r < 0)
                return r;

        r = sd_bus_creds_get_euid(creds, ret_uid);
        if (r < 0)
                return r;

        if (sd_bus_creds_get_pid(creds, ret_pid) < 0)
                *ret_pid = 0;
        return 0;
}

static void remember(Senders *s, const char *name, uid_t uid, pid_t pid) {
        char *copy = strdup(name);

        if (!copy)
                return;

        free(s->list[s->next].name);
        s->list[s->next].name = copy;
        s->list[s->next].uid = uid;
        s->list[s->next].pid = pid;
        s->next = (s->next + 1) % SENDERS_MAX;
}

static int find(Senders *s, sd_bus_message *msg, uid_t *ret_uid, pid_t *ret_pid) {
        const char *name = sender_name(msg);
        int r;

        for (size_t i = 0; name && i < SENDERS_MAX; i++)
                if (streq_ptr(s->list[i].name, name)) {
                        *ret_uid = s->list[i].uid;
                        *ret_pid = s->list[i].pid;
                        return 0;
                }

        r = ask(msg, ret_uid, ret_pid);
        if (r >= 0 && name)
                remember(s, name, *ret_uid, *ret_pid);
        return r;
}

int sender_pid(Senders *s, sd_bus_message *msg, pid_t *ret) {
        uid_t uid;
        pid_t pid;
        int r;

        r = find(s, msg, &uid, &pid);
        if (r < 0)
                return r;
        if (pid <= 0)
                return -ESRCH;

        *ret = pid;
        return 0;
}

int sender_uid(Senders *s, sd_bus_message *msg, uid_t *ret) {
        pid_t pid;

        return find(s, msg, ret, &pid);
}

int sender_process(Senders *s, sd_bus_message *msg, uid_t *ret_uid, int *ret_pidfd) {
        pid_t pid;
        int r;

        r = find(s, msg, ret_uid, &pid);
        if (r < 0)
                return r;

        r = pid > 0 ? process_open(pid) : -ESRCH;
        *ret_pidfd = r < 0 ? -EBADF : r;
        return 0;
}
