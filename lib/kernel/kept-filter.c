/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/kept-filter.h"
#include "lib/kernel/process.h"

#define DIRECTORY "/run/berth/filters"
#define SWEEP_MAX 64
#define FILE_SIZE_MAX (sizeof(uint64_t) + BPF_MAXINSNS * sizeof(struct sock_filter))

static int make_name(int leader, char **ret) {
        pid_t pid;
        int r;

        r = process_pid(leader, &pid);
        return r < 0 ? r : text_printf(ret, DIRECTORY "/%i", (int) pid);
}

static void closedirp(DIR **directory) {
        if (*directory)
                (void) closedir(*directory);
}

/* A supervisor that was killed has left its file behind. Each takes time to look at,
 * so that we do not look at all. */
static void sweep(void) {
        _cleanup_(closedirp) DIR *directory = opendir(DIRECTORY);
        const struct dirent *entry;
        pid_t pid;

        for (size_t i = 0; directory && i < SWEEP_MAX && (entry = readdir(directory)); i++)
                if (parse_pid(entry->d_name, &pid) >= 0 && kill(pid, 0) < 0 && errno == ESRCH)
                        (void) unlinkat(dirfd(directory), entry->d_name, 0);
}

/* The number of a leader that has gone may be somebody else's by now: the old
 * file is not written to, it is replaced. */
static int write_file(const char *path, uint64_t start_time, const SyscallProgram *program) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (unlink(path) < 0 && errno != ENOENT)
                return -errno;

        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;

        r = fd_write_all(fd, &start_time, sizeof(start_time));
        if (r < 0)
                return r;

        return fd_write_all(fd, program->instructions, program->n_instructions * sizeof(struct sock_filter));
}

int kept_filter_add(int leader, const SyscallProgram *program, char **ret) {
        _cleanup_free_ char *path = NULL;
        uint64_t start_time;
        int r;

        assert(leader >= 0);
        assert(program);
        assert(ret);

        r = directory_make(DIRECTORY, 0700);
        if (r < 0)
                return r;

        sweep();
        r = make_name(leader, &path);
        if (r >= 0)
                r = process_start_time(leader, &start_time);
        if (r >= 0)
                r = write_file(path, start_time, program);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(path);
        return 0;
}

static int parse(const char *data, size_t size, uint64_t start_time, SyscallProgram *ret) {
        struct sock_filter *instructions;
        uint64_t written;
        size_t n;

        if (size < sizeof(written) || (size - sizeof(written)) % sizeof(*instructions) != 0)
                return -EBADMSG;

        memcpy(&written, data, sizeof(written));
        n = (size - sizeof(written)) / sizeof(*instructions);
        if (written != start_time || n == 0)
                return n == 0 ? -EBADMSG : 0; /* another process had this number */

        instructions = malloc(n * sizeof(*instructions));
        if (!instructions)
                return -ENOMEM;

        memcpy(instructions, data + sizeof(written), n * sizeof(*instructions));
        *ret = (SyscallProgram) { instructions, (unsigned short) n };
        return 0;
}

int kept_filter_find(int leader, SyscallProgram *ret) {
        _cleanup_free_ char *path = NULL, *data = NULL;
        _cleanup_close_ int fd = -EBADF;
        SyscallProgram program = {};
        uint64_t start_time;
        size_t size;
        int r;

        assert(leader >= 0);
        assert(ret);

        r = make_name(leader, &path);
        if (r < 0)
                return r;

        fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno != ENOENT)
                return -errno;

        if (fd >= 0) {
                r = process_start_time(leader, &start_time);
                if (r >= 0)
                        r = fd_read_all(fd, FILE_SIZE_MAX, &data, &size);
                if (r >= 0)
                        r = parse(data, size, start_time, &program);
                if (r < 0)
                        return r;
        }

        *ret = program;
        return 0;
}

void kept_filter_remove(const char *name) {
        (void) unlink(name);
}
