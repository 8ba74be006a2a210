/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Notes
 *
 * Short messages to the daemon from who runs a machine, by the way of sd_notify(3):
 * lines of text in a datagram, to which the kernel adds who has sent it. Nobody
 * waits for an answer. They are lost to a daemon that is not there, or does not keep up.
 */

#include "lib/base/base.h"

/* Where berthd listens for what it cannot see for itself, whoever has started the machine. */
#define NOTES_SOCKET "/run/berth/notes"

/* "stopping=guest" or "stopping=service": the machine shuts down, as its init says, or because who runs it
 * was told to end. */
#define NOTE_STOPPING "stopping="

/* "exited=STATUS": the machine's leader has ended, with what waitpid() says of it, as a number. Only its
 * parent can be sure of that: /proc/PID/stat knows nothing of reboot(2). */
#define NOTE_EXITED "exited="

/* The longest one that systemd takes from its services, and a NUL. */
#define NOTE_SIZE_MAX (4096 + 1)

/**
 * note_listen() - make a socket for notes
 * @path:               where; what is there is replaced. Only root may send any.
 *
 * Return: the socket, which does not block, or negative error code on failure.
 * Errors: -ENAMETOOLONG        @path is no address of a socket
 *         others               what creating the socket runs into
 */
int note_listen(const char *path);

/**
 * note_receive() - take the next note
 * @fd:                 of note_listen()
 * @ret_text:           where to put it, as a string
 * @ret_sender:         return location for the process that has sent it, or 0
 *
 * Descriptors that come along are closed.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EAGAIN      there is none
 *         -EMSGSIZE    it was too long, and is gone
 *         others       what recvmsg() runs into
 */
int note_receive(int fd, char ret_text[static NOTE_SIZE_MAX], pid_t *ret_sender);

/**
 * note_send() - send a note
 * @path:               where it is listened for
 * @text:               the note
 *
 * Does not wait.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENAMETOOLONG        @path is no address of a socket
 *         -ENOENT              there is nobody who would read it
 *         -ECONNREFUSED        the same
 *         -EAGAIN              who reads it does not keep up
 *         others               what connect() or send() run into
 */
int note_send(const char *path, const char *text);
