/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Terminals
 *
 * Pseudo terminals that live in a machine's own devpts, so that programs in it
 * find their terminal under its name; and modes and sizes of any terminal.
 */

#include <sys/ioctl.h>
#include <termios.h>

#include "lib/base/base.h"

/**
 * pty_open_beneath() - make a pseudo terminal in the devpts of a machine
 * @root_fd:            the machine's root directory, or the host's
 * @ret_master:         return location for the side that plays the person;
 *                      it does not block
 * @ret_peer:           return location for the side that programs get, or NULL:
 *                      once opened and closed, the terminal is hung up
 * @ret_name:           return location for its name in the machine's /dev, as
 *                      "pts/3"
 *
 * Nothing in the machine is believed: what is opened is the multiplexer device
 * and nothing else, and the result a terminal of a devpts. Both descriptors are
 * close-on-exec, and neither becomes the controlling terminal.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      the machine has no devpts
 *         -ENOTTY      what stands in its place is something else
 *         others       what opening and the ioctls run into
 */
int pty_open_beneath(int root_fd, int *ret_master, int *ret_peer, char **ret_name);

/**
 * pty_open_at() - make a pseudo terminal in the devpts of a /dev
 * @dev_fd:             the directory that the devpts is mounted in, on pts
 * @ret_master:         as with pty_open_beneath()
 * @ret_peer:           as with pty_open_beneath()
 * @ret_name:           as with pty_open_beneath()
 *
 * For who holds a /dev already, and does not want to find another one behind its
 * name.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as pty_open_beneath()
 */
int pty_open_at(int dev_fd, int *ret_master, int *ret_peer, char **ret_name);

/**
 * pty_open_peer() - open the other side of a pseudo terminal
 * @master:             the side that plays the person
 *
 * While one is open, the terminal is not hung up by programs that leave it.
 *
 * Return: the descriptor, close-on-exec, or a negative error code on failure.
 * Errors: -ENOTTY      not such a side
 *         others       what the ioctl runs into
 */
int pty_open_peer(int master);

typedef enum TerminalSide {
        TERMINAL_KEYS = 1 << 0,         /* pass on every key at once, unechoed, none a signal */
        TERMINAL_SCREEN = 1 << 1,       /* show what is written as it is */
} TerminalSide;

/**
 * terminal_make_raw() - let a terminal only pass on what comes and goes
 * @fd:                 the terminal
 * @sides:              which of its sides
 * @ret_before:         return location for its mode until now
 *
 * A caller in the background is stopped by SIGTTOU, until it is brought to the
 * foreground: the terminal is the shell's meanwhile.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOTTY      not a terminal
 *         others       what tcsetattr() runs into
 */
int terminal_make_raw(int fd, TerminalSide sides, struct termios *ret_before);

/**
 * terminal_restore() - give a terminal its mode back
 * @fd:                 the terminal
 * @before:             what terminal_make_raw() returned
 *
 * Works from the background, too: the caller is not stopped.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what tcsetattr() runs into
 */
int terminal_restore(int fd, const struct termios *before);

/* Whether we may read from the terminal @fd, and write to it. */
bool terminal_is_foreground(int fd);

/**
 * terminal_copy_size() - give a terminal the size of another
 * @from:               terminal that has the size
 * @to:                 terminal to change, usually the master of a pty
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOTTY      one of them is not a terminal
 *         -ENODATA     @from does not know its size
 */
int terminal_copy_size(int from, int to);

/**
 * terminal_become_controlling() - make a terminal that of a new session
 * @fd:                 the terminal
 *
 * Starts the session as well: the caller may not lead a process group yet.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPERM       caller leads a group, or the terminal has a session
 *         others       what setsid() and the ioctl run into
 */
int terminal_become_controlling(int fd);
