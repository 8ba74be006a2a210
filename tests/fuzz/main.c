/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "lib/base/file.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX ((size_t) 1024 * 1024)

/* Of what is cut, each length is tried for short ones, and some for long ones. */
#define CUTS_MAX 64

static int run_file(int directory_fd, const char *name) {
        _cleanup_close_ int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC);
        _cleanup_free_ char *data = NULL;
        size_t size, step;
        int r;

        r = fd < 0 ? -errno : fd_read_all(fd, INPUT_MAX, &data, &size);
        if (r < 0)
                return r;

        step = MAX(size / CUTS_MAX, (size_t) 1);
        for (size_t cut = 0; cut < size; cut += step)
                (void) LLVMFuzzerTestOneInput((const uint8_t *) data, cut);
        (void) LLVMFuzzerTestOneInput((const uint8_t *) data, size);
        return 0;
}

int main(int argc, char *argv[]) {
        unsigned n = 0;
        DIR *directory;

        directory = argc == 2 ? opendir(argv[1]) : NULL;
        if (!directory) {
                (void) fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
                return EXIT_FAILURE;
        }

        for (struct dirent *e; (e = readdir(directory));) {
                if (e->d_name[0] == '.')
                        continue;
                if (run_file(dirfd(directory), e->d_name) < 0) {
                        (void) fprintf(stderr, "cannot read %s\n", e->d_name);
                        return EXIT_FAILURE;
                }
                n++;
        }

        (void) closedir(directory);
        (void) printf("%u inputs\n", n);
        return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
