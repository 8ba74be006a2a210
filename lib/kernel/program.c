/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include "lib/base/text.h"
#include "lib/kernel/program.h"

int terminal_modes_format(const TerminalModes *modes, char **ret) {
        char characters[2 * TERMINAL_CHARACTERS_MAX + 1] = "";

        assert(modes);
        assert(modes->n_characters <= TERMINAL_CHARACTERS_MAX);
        assert(ret);

        for (size_t i = 0; i < modes->n_characters; i++)
                (void) snprintf(characters + 2 * i, 3, "%02x", modes->characters[i]);

        return text_printf(ret, "%x:%x:%x:%x:%s", modes->iflag, modes->oflag, modes->cflag, modes->lflag,
                           characters);
}

int terminal_modes_parse(const char *word, TerminalModes *ret) {
        TerminalModes modes = {};
        unsigned character;
        int n = -1;

        assert(word);
        assert(ret);

        if (sscanf(word, "%x:%x:%x:%x:%n", &modes.iflag, &modes.oflag, &modes.cflag, &modes.lflag,
                   &n) != 4 || n < 0)
                return -EINVAL;

        for (const char *p = word + n; *p; p += 2) {
                if (modes.n_characters >= TERMINAL_CHARACTERS_MAX || !p[1] ||
                    sscanf(p, "%2x", &character) != 1)
                        return -EINVAL;
                modes.characters[modes.n_characters++] = (uint8_t) character;
        }

        *ret = modes;
        return 0;
}

int terminal_modes_apply(int fd, const TerminalModes *modes) {
        struct termios t;

        assert(modes);

        if (tcgetattr(fd, &t) < 0)
                return -errno;

        t.c_iflag = modes->iflag;
        t.c_oflag = modes->oflag;
        t.c_cflag = (t.c_cflag & CBAUD) | (modes->cflag & ~(tcflag_t) CBAUD);
        t.c_lflag = modes->lflag;
        for (size_t i = 0; i < modes->n_characters && i < NCCS; i++)
                t.c_cc[i] = modes->characters[i];

        return tcsetattr(fd, TCSANOW, &t) < 0 ? -errno : 0;
}

int terminal_identify(int fd, TerminalIdentity *ret) {
        struct stat st;

        assert(ret);

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISCHR(st.st_mode))
                return -ENOTTY;

        *ret = (TerminalIdentity) { .device = st.st_dev, .inode = st.st_ino, .number = st.st_rdev };
        return 0;
}

int terminal_resize(int fd, uint16_t rows, uint16_t columns) {
        const struct winsize size = { .ws_row = rows, .ws_col = columns };

        return ioctl(fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}
