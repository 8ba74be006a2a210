/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Notifications
 *
 * What the payload says over its NOTIFY_SOCKET. Only its PID 1 is heard, by the
 * credentials that the kernel adds; what it says is hostile text of bounded
 * length, and descriptors that come along are closed.
 */

#include "lib/base/base.h"

#define NOTIFY_STATUS_MAX 256

typedef struct Notification {
        bool ready;
        bool stopping;
        unsigned signals_level;         /* 2 and above: it reacts to the signals of systemd(1) */
        char status[NOTIFY_STATUS_MAX]; /* fit to be shown, "" if none */
} Notification;

/**
 * notification_parse() - read a message
 * @text:               the message, which may contain anything
 * @size:               its size
 * @ret:                return location for what was understood of it
 */
void notification_parse(const char *text, size_t size, Notification *ret);

/**
 * notification_receive() - take the next message from the socket
 * @fd:                 socket, with SO_PASSCRED set
 * @sender:             process id that is heard
 * @ret:                return location for the message
 *
 * Return: 1 with a message, 0 if one was there that is not to be heard,
 *         negative error code on failure.
 * Errors: -EAGAIN      nothing there
 *         others       what recvmsg() runs into
 */
int notification_receive(int fd, pid_t sender, Notification *ret);
