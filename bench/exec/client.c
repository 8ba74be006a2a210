/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The client of bench/exec/run
 *
 * usage: bench-exec MACHINE LEADER ROUNDS
 *
 * Has a program run in a machine in all the ways that there are, by turns, and prints
 * a line of each round: what it took until the first byte of what the program says
 * was there, in microseconds, by org.berth.Machine1.Exec() over a connection that is
 * there, nsenter, berthctl exec, and systemd-run.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "lib/base/base.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"

#define OBJECT_PREFIX "/org/freedesktop/machine1/machine/"

/* Without a shell, which would take time of its own. */
#define PROGRAM "/bin/echo"

static sd_bus *bus;
static const char *machine, *leader;
static char object[256];
static unsigned n_answers;              /* and ends, of programs of ours */

static double now_usec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec * USEC_PER_SEC + (double) t.tv_nsec / NSEC_PER_USEC;
}

static void check(int r, const char *what) {
        if (r >= 0)
                return;

        fprintf(stderr, "%s: %s\n", what, strerror(-r));
        exit(EXIT_FAILURE);
}

static void open_pipe(int fds[static 2]) {
        check(pipe2(fds, O_CLOEXEC) < 0 ? -errno : 0, "pipe");
}

/* What it has taken, if something has come. */
static double read_first(int fd, double begin) {
        char byte;

        if (read(fd, &byte, 1) != 1)
                check(-EPIPE, "The program says nothing");

        return now_usec() - begin;
}

static void read_rest(int fd) {
        char text[64];

        while (read(fd, text, sizeof(text)) > 0)
                ;
        (void) close(fd);
}

static double run_command(const char *const *argv) {
        double begin, took;
        int fds[2];
        pid_t pid;

        open_pipe(fds);
        begin = now_usec();
        pid = vfork();
        if (pid == 0) {
                (void) dup2(fds[1], STDOUT_FILENO);
                (void) execvp(argv[0], (char **) argv);
                _exit(127);
        }
        check(pid < 0 ? -errno : 0, "fork");
        (void) close(fds[1]);

        took = read_first(fds[0], begin);
        read_rest(fds[0]);
        (void) waitpid(pid, NULL, 0);
        return took;
}

static int on_answer(sd_bus_message *m, _unused_ void *userdata, _unused_ sd_bus_error *reterr) {
        if (sd_bus_message_is_method_error(m, NULL))
                check(-EIO, sd_bus_message_get_error(m)->message);

        n_answers++;
        return 0;
}

static double run_over_bus(void) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        double begin, took;
        int fds[2];

        open_pipe(fds);
        begin = now_usec();
        check(sd_bus_message_new_method_call(bus, &m, MACHINE1_NAME, object, BERTH_MACHINE, "Exec"), "call");
        check(sd_bus_message_append(m, "asa{sv}", 2, PROGRAM, "x", 1, "stdout", "h", fds[1]), "append");
        (void) close(fds[1]);
        check(sd_bus_call_async(bus, NULL, m, on_answer, NULL, 0), "send");
        m = sd_bus_message_unref(m);
        check(sd_bus_flush(bus), "flush");
        took = read_first(fds[0], begin);

        /* The answer, and the program's end. */
        for (n_answers = 0; n_answers < 2;) {
                int r = sd_bus_process(bus, NULL);

                check(r, "process");
                if (r == 0)
                        check(sd_bus_wait(bus, UINT64_MAX), "wait");
        }
        read_rest(fds[0]);
        return took;
}

int main(int argc, char *argv[]) {
        unsigned n;

        if (argc != 4)
                return EXIT_FAILURE;

        machine = argv[1];
        leader = argv[2];
        check(parse_unsigned(argv[3], UINT16_MAX, &n), "rounds");
        (void) snprintf(object, sizeof(object), OBJECT_PREFIX "%s", machine);
        check(bus_connect(&bus), "connect");
        check(sd_bus_match_signal(bus, NULL, NULL, NULL, BERTH_PROCESS, "Exited", on_answer, NULL), "match");

        for (unsigned i = 0; i < n; i++) {
                double by_bus = run_over_bus();
                double by_nsenter = run_command((const char *const[]) {
                                "nsenter", "-t", leader, "-a", PROGRAM, "x", NULL });
                double by_berthctl = run_command((const char *const[]) {
                                "berthctl", "exec", machine, "--", PROGRAM, "x", NULL });
                double by_systemd = run_command((const char *const[]) {
                                "systemd-run", "--quiet", "--wait", "--pipe", "-M", machine, PROGRAM, "x",
                                NULL });

                printf("%.1f %.1f %.1f %.1f\n", by_bus, by_nsenter, by_berthctl, by_systemd);
        }

        sd_bus_flush_close_unref(bus);
        return EXIT_SUCCESS;
}
