/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Streams
 *
 * A terminal, pipe, socket or file that bytes come from or go to, without ever
 * waiting for it, and the buffer between two of them. What relays and pumps are
 * made of; see lib/kernel/relay.h and lib/kernel/pump.h.
 */

#include <termios.h>

#include "lib/base/base.h"
#include "lib/kernel/pty.h"

/* Much more than a person types ahead of a machine that does not read: as long
 * as there is space we read on, and thus see the keys that end a session. */
#define BUFFER_SIZE ((size_t) 64 * 1024)

typedef struct Buffer {
        char data[BUFFER_SIZE];
        size_t begin, size;
} Buffer;

static inline size_t buffer_space(const Buffer *b) {
        return BUFFER_SIZE - b->size;
}

/* Moves what there is to the beginning: behind it is space. */
static inline void buffer_compact(Buffer *b) {
        memmove(b->data, b->data + b->begin, b->size);
        b->begin = 0;
}

typedef struct Stream {
        int fd;                         /* what is read or written; -EBADF: none */
        int own_fd;                     /* the same, if we opened it */
        bool is_socket;
        bool is_terminal;
        bool is_always_ready;           /* files and such: epoll does not take them */
        bool is_raw;                    /* before is valid */
        bool unset_nonblock;            /* O_NONBLOCK was not set before us */
        struct termios before;
        uint32_t interest;              /* events that epoll looks for */
} Stream;

#define STREAM_INIT (Stream) { .fd = -EBADF, .own_fd = -EBADF }

/**
 * stream_open() - make it possible to use a descriptor without waiting
 * @s:                  the stream, as STREAM_INIT; to be given to stream_close()
 * @fd:                 the descriptor; stays the caller's, and open meanwhile
 * @flags:              O_RDONLY or O_WRONLY
 *
 * O_NONBLOCK belongs to the open file, which we share with the shell that
 * started us and with whatever comes behind us in a pipe: so a file of our own
 * is opened, where that is possible.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what fstat() and fcntl() run into
 */
int stream_open(Stream *s, int fd, int flags);

/**
 * stream_set_nonblock() - make it possible to use the caller's descriptor as it is
 * @s:                  the stream, whose descriptor is set
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what fcntl() runs into
 */
int stream_set_nonblock(Stream *s);

/**
 * stream_make_raw() - put a terminal into raw mode, until it is closed
 * @s:                  the stream; nothing is done if it is no terminal
 * @sides:              as for terminal_make_raw()
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what tcsetattr() runs into
 */
int stream_make_raw(Stream *s, TerminalSide sides);

/* Gives the terminal its mode back, and the descriptor its flags. */
void stream_close(Stream *s);

/**
 * stream_read() - read what there is, at most what fits
 * @s:                  where from
 * @b:                  where to; it is compacted
 *
 * Return: number of bytes, 0 at the end, negative error code on failure.
 * Errors: -EAGAIN      there is nothing now
 *         others       what read() and recv() run into
 */
ssize_t stream_read(const Stream *s, Buffer *b);

/**
 * stream_write() - write what is taken now
 * @s:                  where to
 * @b:                  where from
 * @last:               where to note the last byte that was written
 *
 * Return: number of bytes, negative error code on failure.
 * Errors: -EAGAIN      nothing is taken now
 *         others       what write() and send() run into
 */
ssize_t stream_write(const Stream *s, Buffer *b, char *last);

/**
 * stream_watch() - say what epoll is to look for
 * @s:                  the stream; nothing is done if it is none, or always ready
 * @epoll_fd:           the epoll
 * @id:                 what is to come with its events
 * @interest:           events, 0 for none at all
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what epoll_ctl() runs into
 */
int stream_watch(Stream *s, int epoll_fd, uint32_t id, uint32_t interest);
