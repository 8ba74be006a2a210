/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "lib/kernel/idmap.h"
#include "lib/kernel/process.h"
#include "tests/test.h"

#define USER 1234
#define OTHER 1235
#define SHIFT 3000000000u

/* Each side waits for a byte of the other. */
typedef struct Child {
        pid_t pid;
        int pidfd;
        int to[2], from[2];
} Child;

static void child_start(Child *c, void (*run)(Child *c)) {
        CHECK_OK(pipe2(c->to, O_CLOEXEC));
        CHECK_OK(pipe2(c->from, O_CLOEXEC));
        c->pid = fork();
        CHECK_OK(c->pid);
        if (c->pid == 0) {
                run(c);
                (void) pause();
                _exit(EXIT_FAILURE);
        }
        c->pidfd = process_open(c->pid);
        CHECK_OK(c->pidfd);
}

static void say(int fd) {
        if (write(fd, "x", 1) != 1)
                _exit(EXIT_FAILURE);
}

static void wait_for(int fd) {
        char byte;

        if (read(fd, &byte, 1) != 1)
                _exit(EXIT_FAILURE);
}

static void child_done(Child *c) {
        (void) kill(c->pid, SIGKILL);
        (void) waitpid(c->pid, NULL, 0);
        (void) close(c->pidfd);
        for (unsigned i = 0; i < 2; i++) {
                (void) close(c->to[i]);
                (void) close(c->from[i]);
        }
}

static void run_user(Child *c) {
        if (setresuid(USER, USER, USER) < 0)
                _exit(EXIT_FAILURE);
        say(c->from[1]);
}

/* As a program that the user has executed, and that is set-uid. */
static void run_elevated(Child *c) {
        if (setresuid(USER, 0, 0) < 0)
                _exit(EXIT_FAILURE);
        say(c->from[1]);
}

/* As a daemon of root's that acts for the user just now. */
static void run_standing_in(Child *c) {
        if (setresuid(0, USER, 0) < 0)
                _exit(EXIT_FAILURE);
        say(c->from[1]);
}

/* A guest's root, in a user namespace of the user's. */
static void run_guest(Child *c) {
        if (setresuid(USER, USER, USER) < 0 || unshare(CLONE_NEWUSER) < 0)
                _exit(EXIT_FAILURE);
        say(c->from[1]);
        wait_for(c->to[0]);
        if (setresuid(0, 0, 0) < 0)
                _exit(EXIT_FAILURE);
        say(c->from[1]);
}

static void check_owner(void (*run)(Child *c), bool is_user_s) {
        Child c;

        child_start(&c, run);
        wait_for(c.from[0]);
        CHECK(process_is_owned_by(c.pidfd, USER) == is_user_s);
        CHECK(process_is_owned_by(c.pidfd, OTHER) == 0);
        child_done(&c);
}

TEST(a_process_is_a_user_s_if_all_its_ids_are) {
        SKIP_UNLESS(geteuid() == 0, "root");

        check_owner(run_user, true);
        check_owner(run_elevated, false);
        check_owner(run_standing_in, false);
}

static void write_map(const Child *c, const char *name) {
        char path[64], text[64];
        int fd, n;

        (void) snprintf(path, sizeof(path), "/proc/%i/%s", c->pid, name);
        n = snprintf(text, sizeof(text), "0 %u 65536\n", SHIFT);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        CHECK_OK(fd);
        CHECK(write(fd, text, (size_t) n) == n);
        (void) close(fd);
}

TEST(a_process_in_a_user_s_namespace_is_the_user_s_whoever_it_is) {
        _cleanup_free_ char *map = NULL;
        uint32_t id;
        uid_t uid;
        Child c;

        SKIP_UNLESS(geteuid() == 0, "root");

        child_start(&c, run_guest);
        wait_for(c.from[0]);
        CHECK_OK(process_read(c.pidfd, "uid_map", &map));
        CHECK_STREQ(map, "");
        write_map(&c, "uid_map");
        say(c.to[1]);
        wait_for(c.from[0]);

        CHECK_OK(process_owner(c.pidfd, &uid));
        CHECK(uid == SHIFT);
        CHECK(process_is_owned_by(c.pidfd, USER) == 1);
        CHECK(process_is_owned_by(c.pidfd, OTHER) == 0);

        free(map);
        map = NULL;
        CHECK_OK(process_read(c.pidfd, "uid_map", &map));
        CHECK_OK(idmap_to_host(map, 65535, &id));
        CHECK(id == SHIFT + 65535);
        child_done(&c);
}

TEST_MAIN()
