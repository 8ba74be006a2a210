/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Programs in machines
 *
 * What berthd and berth-exec say to each other of a program that is started in a
 * machine, on its own account or on a terminal: see lib/kernel/job.h.
 */

#include "lib/base/base.h"

/* As many as the kernel has, and some for later. */
#define TERMINAL_CHARACTERS_MAX 32

/* How a terminal treats what passes it; the fields are those of termios(3). */
typedef struct TerminalModes {
        uint32_t iflag, oflag, cflag, lflag;
        uint8_t characters[TERMINAL_CHARACTERS_MAX];
        size_t n_characters;
} TerminalModes;

/* Which terminal it was: somebody may put another one in its place. */
typedef struct TerminalIdentity {
        uint64_t device;
        uint64_t inode;
        uint64_t number;        /* of the terminal, as a device */
} TerminalIdentity;

/* The news that a program runs. Its pidfd comes along, and the terminal's master, if
 * there is one; behind this are the user's name and the terminal's path in the machine,
 * each with a NUL. */
typedef struct ProgramStarted {
        int32_t pid;
        uint32_t uid;           /* in the machine */
        TerminalIdentity terminal;
} ProgramStarted;

/* The answer, when it has ended; of siginfo_t. */
typedef struct ProgramEnded {
        int32_t code;
        int32_t status;
} ProgramEnded;

/* How to start one: each is an argument of its own, see job_exec(). */
#define PROGRAM_ARGUMENTS 7

/**
 * terminal_modes_format() - write the modes of a terminal as one word
 * @modes:              the modes
 * @ret:                return location for the word
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int terminal_modes_format(const TerminalModes *modes, char **ret);

/**
 * terminal_modes_parse() - read what terminal_modes_format() has written
 * @word:               the word
 * @ret:                return location for the modes
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      another word
 */
int terminal_modes_parse(const char *word, TerminalModes *ret);

/**
 * terminal_modes_apply() - have a terminal treat what passes it in some way
 * @fd:                 the terminal
 * @modes:              how; its speed is not touched
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOTTY      not a terminal
 */
int terminal_modes_apply(int fd, const TerminalModes *modes);

/**
 * terminal_identify() - tell a terminal from all others
 * @fd:                 the terminal, also opened with O_PATH
 * @ret:                return location for what it is
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOTTY      no device
 */
int terminal_identify(int fd, TerminalIdentity *ret);

/**
 * terminal_resize() - tell a terminal how large it is
 * @fd:                 the terminal, of either side
 * @rows:               lines
 * @columns:            characters in a line
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOTTY      not a terminal
 */
int terminal_resize(int fd, uint16_t rows, uint16_t columns);
