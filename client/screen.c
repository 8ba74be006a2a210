/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "client/screen.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

static bool want_colors(bool is_terminal) {
        const char *e;
        int r;

        e = getenv("SYSTEMD_COLORS");
        if (e) {
                r = parse_boolean(e);
                if (r >= 0)
                        return r;
                if (streq(e, "16") || streq(e, "256") || startswith(e, "auto-"))
                        return true;
        }

        /* https://no-color.org: its presence says it, whatever its value. */
        if (getenv("NO_COLOR"))
                return false;

        return is_terminal && !streq_ptr(getenv("TERM"), "dumb");
}

void screen_init(Screen *s) {
        assert(s);

        *s = (Screen) {
                .is_terminal = isatty(STDOUT_FILENO),
                .utf8 = streq(nl_langinfo(CODESET), "UTF-8"),
        };
        s->colors = want_colors(s->is_terminal);
}

/* Whether who sits at the terminal is not who we run as. The login uid stays
 * the same through su and sudo. */
static bool has_others_privileges(void) {
        _cleanup_free_ char *text = NULL;
        unsigned uid;

        if (getauxval(AT_SECURE) || getuid() != geteuid())
                return true;
        if (getenv("SUDO_UID") || getenv("PKEXEC_UID"))
                return true;

        if (file_read("/proc/self/loginuid", 64, &text) < 0)
                return false;

        text[strcspn(text, "\n")] = 0;
        return parse_unsigned(text, UINT32_MAX - 1, &uid) >= 0 && uid != geteuid();
}

static void set_or_default(const char *name, const char *from, const char *otherwise) {
        (void) setenv(name, getenv(from) ?: otherwise, true);
}

static _Noreturn void exec_pager(char *const *words, bool secure) {
        set_or_default("LESS", "SYSTEMD_LESS", "FRSXMK");
        set_or_default("LESSCHARSET", "SYSTEMD_LESSCHARSET", "utf-8");
        if (secure)
                (void) setenv("LESSSECURE", "1", true);

        /* Not to outlive us: it would fight for the terminal with the shell. */
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM);

        if (words && words[0] && !secure)
                (void) execvp(words[0], words);
        (void) execlp("less", "less", NULL);
        if (!secure) {
                (void) execlp("more", "more", NULL);
                (void) execlp("cat", "cat", NULL);
        }
        _exit(EXIT_FAILURE);
}

static int fork_pager(char *const *words, bool secure, pid_t *ret) {
        _cleanup_close_ int read_fd = -EBADF, write_fd = -EBADF;
        pid_t pid;
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        read_fd = fds[0];
        write_fd = fds[1];

        (void) fflush(stdout);
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                if (dup2(read_fd, STDIN_FILENO) < 0)
                        _exit(EXIT_FAILURE);
                exec_pager(words, secure);
        }

        if (dup2(write_fd, STDOUT_FILENO) < 0)
                return -errno;

        *ret = pid;
        return 0;
}

void screen_start_pager(Screen *s) {
        _cleanup_(strv_freep) char **words = NULL;
        const char *e, *secure;
        bool be_secure = false;
        int r;

        assert(s);

        if (s->pager > 0 || !s->is_terminal || streq_ptr(getenv("TERM"), "dumb"))
                return;

        secure = getenv("SYSTEMD_PAGERSECURE");
        r = secure ? parse_boolean(secure) : -EINVAL;
        if (r < 0 && has_others_privileges())
                return;
        be_secure = r > 0;

        e = getenv("SYSTEMD_PAGER") ?: getenv("PAGER");
        if (e && (streq(e, "") || streq(e, "cat")))
                return;
        if (e && strv_split(e, " \t", &words) < 0)
                return;

        /* Whoever quits it early ends us quietly, not with an error. */
        (void) fork_pager(words, be_secure, &s->pager);
}

void screen_done(Screen *s) {
        assert(s);

        (void) fflush(stdout);
        if (s->pager <= 0)
                return;

        /* It waits for the end of its input, and we for its. */
        (void) close(STDOUT_FILENO);
        while (waitpid(s->pager, NULL, 0) < 0 && errno == EINTR)
                ;
        s->pager = 0;
}

const char *screen_color(const Screen *s, Color color) {
        static const char *const table[_COLOR_MAX] = {
                [COLOR_NONE] = "\x1b[0m",
                [COLOR_HEADER] = "\x1b[0;4m",
                [COLOR_STRONG] = "\x1b[0;1m",
                [COLOR_GOOD] = "\x1b[0;1;32m",
                [COLOR_BAD] = "\x1b[0;1;31m",
                [COLOR_FAINT] = "\x1b[0;38;5;245m",
        };

        assert(s);
        assert(color < _COLOR_MAX);

        return s->colors ? table[color] : "";
}

const char *screen_ellipsis(const Screen *s) {
        assert(s);

        return s->utf8 ? "…" : "...";
}
