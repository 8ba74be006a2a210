/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Relay
 *
 * Connects the terminal of a person, or pipes in its place, with the master of
 * a pseudo terminal, in both directions. It belongs to no event loop: watch the
 * one descriptor of relay_fd() for POLLIN in any, and call relay_dispatch()
 * when it is ready. Nothing here ever blocks, and no more is read than can be
 * kept until the other side takes it.
 *
 * A terminal is in raw mode as long as the relay exists, and gets its mode back
 * from relay_free(): have that called on every way out, that by a signal too.
 *
 * The pseudo terminal hangs up when the last program has closed it. Who wants a
 * console that outlives the programs on it keeps the peer open meanwhile.
 */

#include "lib/base/base.h"

typedef struct Relay Relay;

typedef enum RelayEnd {
        RELAY_GOES_ON,
        RELAY_HUNG_UP,          /* the pseudo terminal, and all it said is written */
        RELAY_ESCAPED,          /* the person pressed the keys for that within a second */
        RELAY_DEAF,             /* nobody takes the output any more */
        _RELAY_END_MAX,
} RelayEnd;

/* What the pseudo terminal said, before it is written. */
typedef void (*RelaySeen)(void *userdata, const char *data, size_t size);

/* What ends a session, as in telnet and machinectl: ^] three times. */
#define RELAY_KEYS "\x1d\x1d\x1d"
#define RELAY_KEYS_MAX 16

typedef struct RelayOptions {
        int input;              /* borrowed, usually STDIN_FILENO */
        int output;             /* borrowed, usually STDOUT_FILENO */
        int master;             /* borrowed; made non-blocking */
        bool read_only;         /* input is left alone, its terminal's mode as well */
        RelaySeen seen;         /* or NULL */
        void *userdata;         /* for it */
        const char *detach_keys;        /* RELAY_KEYS_MAX at most, "" for none; NULL: RELAY_KEYS */
} RelayOptions;

/**
 * relay_new() - connect a terminal and a pseudo terminal
 * @options:            the descriptors, which must stay open as long
 * @ret:                return location for the relay
 *
 * Puts a terminal into raw mode, and passes its size on. The caller ignores
 * SIGPIPE.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what fcntl(), tcsetattr() and epoll run into
 */
int relay_new(const RelayOptions *options, Relay **ret);

/**
 * relay_free() - give the terminal back
 * @relay:              relay to destroy, or NULL
 *
 * Return: NULL, always.
 */
Relay *relay_free(Relay *relay);
DEFINE_CLEANUP(Relay, relay_free);

/**
 * relay_fd() - what to wait for
 * @relay:              the relay
 *
 * Return: a descriptor that is readable when there is something to do; the
 *         same one always, and the relay's.
 */
int relay_fd(const Relay *relay);

/**
 * relay_dispatch() - do what can be done without waiting
 * @relay:              the relay
 *
 * Return: 0 when it goes on, 1 when it has ended, negative error code on
 *         failure.
 * Errors: what read(), write() and epoll run into
 */
int relay_dispatch(Relay *relay);

/**
 * relay_finish() - end as soon as what is there already has been written
 * @relay:              the relay
 *
 * For when it is known from elsewhere that no more is to come.
 *
 * Return: as relay_dispatch().
 * Errors: as relay_dispatch()
 */
int relay_finish(Relay *relay);

/**
 * relay_resize() - pass on the size of the person's terminal
 * @relay:              the relay
 *
 * To be called upon SIGWINCH. Does nothing where there is no terminal.
 */
void relay_resize(Relay *relay);

/**
 * relay_resume() - take the terminal again after having been stopped
 * @relay:              the relay
 *
 * To be called upon SIGCONT: the shell has changed its mode meanwhile.
 */
void relay_resume(Relay *relay);

RelayEnd relay_end(const Relay *relay);

/* Whether the last thing written was not the end of a line. */
bool relay_is_within_line(const Relay *relay);
