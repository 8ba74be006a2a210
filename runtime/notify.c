/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "lib/base/text.h"
#include "lib/kernel/note.h"
#include "runtime/notify.h"

static void parse_line(const char *line, Notification *n) {
        const char *value;

        if (streq(line, "READY=1"))
                n->ready = true;
        else if (streq(line, "STOPPING=1"))
                n->stopping = true;
        else if ((value = startswith(line, "STATUS=")))
                (void) snprintf(n->status, sizeof(n->status), "%s", value);
        else if ((value = startswith(line, "X_SYSTEMD_SIGNALS_LEVEL=")))
                (void) parse_unsigned(value, UINT16_MAX, &n->signals_level);
}

void notification_parse(const char *text, size_t size, Notification *ret) {
        char copy[NOTE_SIZE_MAX];
        char *rest;

        assert(text || size == 0);
        assert(ret);

        *ret = (Notification) {};

        /* A NUL ends it: what is behind one no C program has meant. */
        size = MIN(size, sizeof(copy) - 1);
        memcpy(copy, text, size);
        copy[size] = '\0';

        for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                parse_line(line, ret);

        (void) text_strip_control(ret->status);
}

int notification_receive(int fd, pid_t sender, Notification *ret) {
        char text[NOTE_SIZE_MAX];
        pid_t pid;
        int r;

        assert(ret);

        r = note_receive(fd, text, &pid);
        if (r < 0)
                return r == -EMSGSIZE ? 0 : r;
        if (pid != sender)
                return 0;

        notification_parse(text, strlen(text), ret);
        return 1;
}
