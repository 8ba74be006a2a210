/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include "lib/base/text.h"
#include "lib/bus/connect.h"
#include "lib/kernel/process.h"
#include "lib/kernel/pty.h"
#include "tests/bus/client-exec.h"
#include "tests/test.h"

#define PROCESS "/org/berth/process/1"

/* What is asked for. Descriptors are the message's. */
typedef struct Options {
        int stdio[3];
        bool terminal;
        struct winsize size;
        char **environment;
        char *noted;                    /* in words */
} Options;

static void options_done(Options *o) {
        (void) strv_free(o->environment);
        free(o->noted);
}

static void note(Options *o, const char *format, const char *key, const char *value) {
        _cleanup_free_ char *word = NULL, *longer = NULL;

        CHECK_OK(text_printf(&word, format, key, value));
        CHECK_OK(text_printf(&longer, "%s %s", o->noted, word));
        free(o->noted);
        o->noted = TAKE_PTR(longer);
}

static void note_descriptor(Options *o, const char *key, int fd) {
        struct stat st;

        CHECK_OK(fstat(fd, &st));
        note(o, "%s=%s", key, S_ISFIFO(st.st_mode) ? "pipe" : S_ISSOCK(st.st_mode) ? "socket" : "other");
}

static void read_modes(Options *o, sd_bus_message *m) {
        uint32_t in, out, control, local;
        const void *keys;
        size_t n;

        CHECK_OK(sd_bus_message_enter_container(m, 'v', "(uuuuay)"));
        CHECK_OK(sd_bus_message_enter_container(m, 'r', "uuuuay"));
        CHECK_OK(sd_bus_message_read(m, "uuuu", &in, &out, &control, &local));
        CHECK_OK(sd_bus_message_read_array(m, 'y', &keys, &n));
        CHECK_OK(sd_bus_message_exit_container(m));
        CHECK_OK(sd_bus_message_exit_container(m));
        CHECK(n > VERASE);
        note(o, "%s=%s", "modes", local & ICANON ? "canonical" : "raw");
        note(o, "%s=%s", "erase", ((const uint8_t *) keys)[VERASE] == 'x' ? "x" : "other");
}

static void read_option(Options *o, sd_bus_message *m, const char *key) {
        static const char *const streams[] = { "stdin", "stdout", "stderr" };
        _cleanup_free_ char *text = NULL;
        const char *s;
        uint16_t size;

        for (size_t i = 0; i < ELEMENTSOF(streams); i++)
                if (streq(key, streams[i])) {
                        CHECK_OK(sd_bus_message_read(m, "v", "h", &o->stdio[i]));
                        note_descriptor(o, key, o->stdio[i]);
                        return;
                }

        if (streq(key, "terminal")) {
                int b;

                CHECK_OK(sd_bus_message_read(m, "v", "b", &b));
                o->terminal = b;
                note(o, "%s%s", key, "");
        } else if (streq(key, "rows") || streq(key, "columns")) {
                CHECK_OK(sd_bus_message_read(m, "v", "q", &size));
                *(streq(key, "rows") ? &o->size.ws_row : &o->size.ws_col) = size;
                CHECK_OK(text_printf(&text, "%u", size));
                note(o, "%s=%s", key, text);
        } else if (streq(key, "modes"))
                read_modes(o, m);
        else if (streq(key, "environment")) {
                CHECK_OK(sd_bus_message_enter_container(m, 'v', "as"));
                CHECK_OK(sd_bus_message_read_strv(m, &o->environment));
                CHECK_OK(sd_bus_message_exit_container(m));
                CHECK_OK(strv_join(o->environment, ",", &text));
                note(o, "%s=%s", key, text);
        } else {
                CHECK_OK(sd_bus_message_read(m, "v", "s", &s));
                note(o, "%s=%s", key, s);
        }
}

static void read_options(Options *o, sd_bus_message *m) {
        const char *key;

        CHECK_OK(sd_bus_message_enter_container(m, 'a', "{sv}"));
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                CHECK_OK(sd_bus_message_read(m, "s", &key));
                read_option(o, m, key);
                CHECK_OK(sd_bus_message_exit_container(m));
        }
        CHECK_OK(sd_bus_message_exit_container(m));
}

static _Noreturn void run_child(char **argv, const Options *o, int peer) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        sigset_t none;

        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) signal(SIGPIPE, SIG_DFL);
        if (o->terminal)
                (void) terminal_become_controlling(peer);
        for (int i = 0; i < 3; i++)
                if (dup2(o->terminal ? peer : o->stdio[i] >= 0 ? o->stdio[i] : null, i) < 0)
                        _exit(98);

        if (!argv || !argv[0])
                (void) execl("/bin/sh", "-sh", NULL);
        (void) execvp(argv[0], argv);
        _exit(99);
}

static int on_exit_of_program(_unused_ sd_event_source *source, const siginfo_t *info, void *userdata) {
        Daemon *d = userdata;
        int r;

        d->program = 0;
        if (!d->bus)
                return 0;

        r = sd_bus_emit_signal(d->bus, PROCESS, BERTH_PROCESS, "Exited", "si",
                               info->si_code == CLD_EXITED ? "exited" : "killed", info->si_status);
        CHECK(r >= 0 || r == -ENOTCONN || r == -ECONNRESET || r == -EPIPE); /* berthctl may have left */
        return 0;
}

static int reply(sd_bus_message *m, pid_t pid, int master) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        _cleanup_close_ int pidfd = process_open(pid);

        CHECK_OK(pidfd);
        CHECK_OK(sd_bus_message_new_method_return(m, &answer));
        CHECK_OK(sd_bus_message_append(answer, "o", PROCESS));
        CHECK_OK(sd_bus_message_open_container(answer, 'a', "{sv}"));
        CHECK_OK(sd_bus_message_append(answer, "{sv}{sv}{sv}", "pid", "u", (uint32_t) pid,
                                       "pidfd", "h", pidfd, "unheard-of", "s", "?"));
        if (master >= 0)
                CHECK_OK(sd_bus_message_append(answer, "{sv}{sv}", "terminal", "h", master,
                                               "terminal-path", "s", "/dev/pts/0"));
        CHECK_OK(sd_bus_message_close_container(answer));
        return sd_bus_send(NULL, answer, NULL);
}

static void open_terminal(int *ret_master, int *ret_peer) {
        _cleanup_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_free_ char *name = NULL;

        CHECK_OK(pty_open_beneath(root_fd, ret_master, ret_peer, &name));
}

int exec_answer(Daemon *d, sd_bus_message *m) {
        _cleanup_(options_done) Options o = { .stdio = { -EBADF, -EBADF, -EBADF } };
        _cleanup_close_ int master = -EBADF, peer = -EBADF;
        _cleanup_(strv_freep) char **argv = NULL;

        if (d->exec_error)
                return sd_bus_reply_method_errorf(m, d->exec_error, "Not today" HOSTILE);

        o.noted = strdup("options");
        CHECK_OK(sd_bus_message_rewind(m, true));
        CHECK_OK(sd_bus_message_read_strv(m, &argv));
        read_options(&o, m);
        CHECK_OK(strv_push(&d->calls, o.noted));
        if (o.terminal) {
                open_terminal(&master, &peer);
                CHECK_OK(ioctl(peer, TIOCSWINSZ, &o.size));
        }

        if (d->tells_client) {
                _cleanup_free_ char *pid = NULL;

                CHECK_OK(text_printf(&pid, "%i\n", d->client));
                CHECK(pwrite(d->input, pid, strlen(pid), 0) == (ssize_t) strlen(pid));
        }

        if (d->signal_early > 0)
                CHECK_OK(kill(d->client, d->signal_early));

        d->program = fork();
        CHECK_OK(d->program);
        if (d->program == 0)
                run_child(argv, &o, peer);

        CHECK_OK(sd_event_add_child(d->event, NULL, d->program, WEXITED, on_exit_of_program, d));
        CHECK_OK(reply(m, d->program, master));
        if (d->forgets_programs) {
                CHECK_OK(sd_bus_flush(d->bus));
                sd_bus_close(d->bus);
                d->bus = sd_bus_unref(d->bus);
        }

        return 1;
}

int exec_kill(Daemon *d, sd_bus_message *m) {
        int32_t signo;

        CHECK_OK(sd_bus_message_rewind(m, true));
        CHECK_OK(sd_bus_message_read(m, "i", &signo));
        CHECK_STREQ(sd_bus_message_get_path(m), PROCESS);
        CHECK_STREQ(sd_bus_message_get_interface(m), BERTH_PROCESS);
        if (d->program > 0 && !d->spares_programs)
                CHECK_OK(kill(d->program, signo));

        CHECK_OK(sd_bus_reply_method_return(m, NULL));
        if (d->urges > 0) { /* only now: the last one ends who is answered */
                d->urges--;
                CHECK_OK(kill(d->client, SIGINT));
        }

        return 1;
}
