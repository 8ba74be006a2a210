/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Console logs
 *
 * What a machine wrote to its console, byte for byte, in a file of its own that
 * outlives it: people look for it after a crash. Its supervisor appends, and adds
 * lines of its own, "--- TIME: started ---" and the like; berthd opens it for those
 * who may read it. Of each machine there are two files at most, the one that is
 * written and the one before it, and neither grows beyond a limit, whatever the
 * machine writes. Files change between lines.
 *
 * Writing never fails: what there is no space for is lost, and told of by a line
 * once there is. A file that somebody removed is made anew.
 *
 * As long as it is written, the file has a write lock (F_OFD_SETLK), for readers
 * to tell; two supervisors of one name share the file.
 */

#include "lib/base/base.h"

#define CONSOLE_LOG_DIRECTORY "/var/log/berth"

/* Of one file; a line that has begun by then is written to its end, if that comes soon. */
#define CONSOLE_LOG_MAX ((size_t) 1024 * 1024)
#define CONSOLE_LOG_LINE_MAX ((size_t) 4096)

typedef enum ConsoleLogPart {
        CONSOLE_LOG_CURRENT,
        CONSOLE_LOG_PREVIOUS,   /* what was written before that */
        _CONSOLE_LOG_PART_MAX,
} ConsoleLogPart;

typedef struct ConsoleLog ConsoleLog;

/**
 * console_log_new() - get ready to write the log of a machine
 * @directory:          CONSOLE_LOG_DIRECTORY, but for tests; made if it is missing
 * @machine:            name of the machine, which has been checked
 * @ret:                return location for the object
 *
 * Return: 0 on success, also if the file cannot be written now; negative error
 *         code on failure.
 * Errors: -ENOMEM
 */
int console_log_new(const char *directory, const char *machine, ConsoleLog **ret);

/**
 * console_log_free() - close a log
 * @log:                the log, or NULL
 *
 * Return: NULL, always.
 */
ConsoleLog *console_log_free(ConsoleLog *log);
DEFINE_CLEANUP(ConsoleLog, console_log_free);

/**
 * console_log_write() - keep what a machine wrote
 * @log:                the log
 * @data:               the bytes
 * @size:               their number
 */
void console_log_write(ConsoleLog *log, const void *data, size_t size);

/**
 * console_log_mark() - add a line of our own
 * @log:                the log
 * @format:             printf() format of what has happened
 */
void console_log_mark(ConsoleLog *log, const char *format, ...) _printf_(2, 3);

/**
 * console_log_open() - open the log of a machine for reading
 * @directory:          as for console_log_new()
 * @machine:            name of the machine, which may be anything
 * @part:               which of its files
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: -EINVAL      not a machine's name
 *         -ENOENT      there is no log of it
 *         -EBADF       what has its name is not a file
 *         others       opening failed
 */
int console_log_open(const char *directory, const char *machine, ConsoleLogPart part);

/**
 * console_log_is_written() - check whether a supervisor goes on with a file
 * @fd:                 what console_log_open() returned
 *
 * Return: whether more may come; after a change of files, no.
 */
bool console_log_is_written(int fd);
