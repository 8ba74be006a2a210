/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Screen
 *
 * Where berthctl prints: with colours or not, through a pager or not, as the
 * ecosystem's variables have it: SYSTEMD_COLORS, NO_COLOR, SYSTEMD_PAGER,
 * PAGER, SYSTEMD_LESS, SYSTEMD_LESSCHARSET, SYSTEMD_PAGERSECURE.
 */

#include "lib/base/base.h"

typedef enum Color {
        COLOR_NONE,             /* back to normal */
        COLOR_HEADER,
        COLOR_STRONG,
        COLOR_GOOD,
        COLOR_BAD,
        COLOR_FAINT,
        _COLOR_MAX,
} Color;

typedef struct Screen {
        bool is_terminal;
        bool colors;
        bool utf8;
        pid_t pager;            /* 0: none */
} Screen;

void screen_init(Screen *s);

/**
 * screen_start_pager() - let a pager show what is printed from here on
 * @s:                  the screen
 *
 * Does nothing when output is no terminal, or somebody else's privileges are at
 * work: a pager lets who sits there start programs. So under sudo and its like
 * there is none, unless SYSTEMD_PAGERSECURE is set: to true it runs as secure
 * as less can, to false as always.
 */
void screen_start_pager(Screen *s);

/**
 * screen_done() - print what is left, and wait for the pager
 * @s:                  the screen
 */
void screen_done(Screen *s);

/* The sequence that begins @color, or "" where there are no colours. */
const char *screen_color(const Screen *s, Color color);

const char *screen_ellipsis(const Screen *s);
