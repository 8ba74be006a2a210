/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The floor: the least that a program can do and still start a container. No
 * checks of what it is given, no console, no privileges dropped, nobody told.
 *
 * usage: floor [--devices] CGROUP ROOT PROGRAM [ARGUMENT…]
 *
 * With --devices, /dev has what a system wants there that is booted, and control groups are there. */

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what) {
        perror(what);
        _exit(125);
}

static void make_devices(void) {
        static const struct {
                const char *path;
                unsigned minor;
        } nodes[] = { { "dev/null", 3 }, { "dev/zero", 5 }, { "dev/full", 7 }, { "dev/random", 8 },
                      { "dev/urandom", 9 } };

        for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
                if (mknod(nodes[i].path, S_IFCHR | 0666, makedev(1, nodes[i].minor)) < 0)
                        die(nodes[i].path);
        if (mkdir("dev/pts", 0755) < 0 || mount("devpts", "dev/pts", "devpts", 0, "ptmxmode=666") < 0 ||
            mkdir("dev/shm", 0755) < 0 || mount("tmpfs", "dev/shm", "tmpfs", 0, "mode=1777") < 0)
                die("dev/pts");

        /* Else the guest chooses for itself which hierarchies it mounts. */
        if (mount("cgroup2", "sys/fs/cgroup", "cgroup2", 0, NULL) < 0)
                die("sys/fs/cgroup");

        /* It would set up the host. */
        if (mount("proc/sys", "proc/sys", NULL, MS_BIND, NULL) < 0 ||
            mount(NULL, "proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
                die("proc/sys");
}

static void payload(char **argv, int devices) {
        if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
            mount(argv[2], argv[2], NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(argv[2]) < 0)
                die(argv[2]);

        if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
                die("proc");
        if (mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL) < 0)
                die("sys");
        if (mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755") < 0)
                die("dev");
        if (devices)
                make_devices();

        if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
                die("pivot_root");

        (void) execv(argv[3], argv + 3);
        die(argv[3]);
}

int main(int argc, char *argv[]) {
        struct clone_args args = {
                .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
                         CLONE_NEWCGROUP | CLONE_INTO_CGROUP,
                .exit_signal = SIGCHLD,
        };
        int status, fd, devices = argc > 1 && strcmp(argv[1], "--devices") == 0;
        pid_t pid;

        argc -= devices;
        argv += devices;

        if (argc < 4)
                return 125;

        if (mkdir(argv[1], 0755) < 0)
                die(argv[1]);

        fd = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                die(argv[1]);

        args.cgroup = (uint64_t) fd;
        pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0)
                die("clone3");
        if (pid == 0)
                payload(argv, devices);

        if (waitpid(pid, &status, 0) < 0 || rmdir(argv[1]) < 0)
                die("wait");

        return WIFEXITED(status) ? WEXITSTATUS(status) : 124;
}
