/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Options
 *
 * What the command line of berthctl asks for besides its verb. The options are
 * rows of one table, from which reading them and the help follow (client/command-line.h).
 * A new option is a row, and its setter if it is more than a flag.
 */

#include <limits.h>

#include "lib/base/base.h"
#include "lib/kernel/relay.h"

typedef enum OutputFormat {
        OUTPUT_TEXT,
        OUTPUT_JSON,
        OUTPUT_JSON_PRETTY,
} OutputFormat;

#define ADDRESSES_ALL UINT_MAX
#define ADDRESSES_DEFAULT (UINT_MAX - 1)        /* one for people, all for programs */

typedef enum Tty {
        TTY_NO,
        TTY_YES,
        TTY_AUTO,                       /* if input and output are one */
} Tty;

/* That berthctl failed to run the command of exec, and not the command. */
#define STATUS_EXEC_FAILED 125

#define LINES_ALL UINT_MAX

/* More than there are. */
#define OPTIONS_MAX 96

/* In seconds, as the daemon has it, and systemd. */
#define TIMEOUT_DEFAULT 90

#define LINES_DEFAULT 10

typedef struct Options {
        bool help, version;
        bool all, full, quiet, value;
        bool no_legend, no_pager, no_ask_password, runtime;
        bool force, read_only, mkdir;   /* for copies, mounts, and stop */
        bool now;                       /* enable and start, disable and stop */
        unsigned order, delay;          /* of a machine that is enabled; delay in seconds */
        char **after, **requires;       /* names of machines */
        unsigned parallel;              /* starts at a time; 0: as many as the host is good for */
        char **properties;              /* those that show prints; NULL for all */
        char **environment;             /* NAME=value, for shell and exec */
        const char *uid;                /* user for them, or NULL */
        bool has_user;                  /* was given as --user */
        const char *directory;          /* for exec, or NULL */
        Tty tty;
        bool detach;
        const char *detach_names;       /* keys that end a session, as given, or NULL */
        const char *detach_keys;        /* what they send, or NULL: see lib/kernel/relay.h */
        char detach_buffer[RELAY_KEYS_MAX + 1];
        int failure;                    /* exit status of berthctl when anything fails */
        const char *kill_whom;
        int signal;
        uint64_t timeout_usec;          /* until stop kills */
        pid_t leader;                   /* of the container to check; 0: the one named */
        uint64_t watch_usec;            /* how often stats looks; 0: once */
        unsigned lines;                 /* of the log */
        bool has_lines;                 /* it was asked for so many */
        bool follow, console;           /* for logs, as those below */
        const char *since, *until;
        const char *priority;
        char **units;
        const char *journal_mode;       /* as journalctl -o has it */
        OutputFormat format;
        unsigned max_addresses;
} Options;

typedef struct OptionRow {
        char letter;                    /* 0: none */
        const char *name;               /* NULL: only the letter */
        const char *argument;           /* NULL: takes none; with a [ it may be left out */
        int (*set)(Options *o, const char *argument);   /* NULL: it is a flag */
        const char *what;
        const char *verb;               /* if its letter means something else with others, else NULL */
        size_t flag;                    /* where in Options it is, a bool */
} OptionRow;

/* Up to a row that says nothing. */
extern const OptionRow option_table[OPTIONS_MAX];

/**
 * option_set() - take note of an option
 * @row:                the option
 * @o:                  what has been asked for
 * @argument:           its argument, which has to stay, or NULL
 *
 * Return: 0 on success, 1 if there is nothing left to do, negative error code on failure.
 * Errors: -EINVAL      it is none for this option; the user has been told
 */
int option_set(const OptionRow *row, Options *o, const char *argument);

void options_done(Options *o);
