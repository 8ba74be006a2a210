/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "lib/base/text.h"
#include "lib/kernel/mount.h"
#include "lib/kernel/sealed.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* linux/memfd.h; older kernels do not know it, and make all of them executable. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

static int make_memfd(void) {
        int fd;

        fd = memfd_create("berth", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
        if (fd < 0 && errno == EINVAL)
                fd = memfd_create("berth", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        return fd < 0 ? -errno : fd;
}

static int copy_all(int from, int to) {
        struct stat st;
        ssize_t n;

        if (fstat(from, &st) < 0)
                return -errno;

        for (off_t left = st.st_size; left > 0; left -= n) {
                n = sendfile(to, from, NULL, (size_t) left);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO;
        }

        return 0;
}

int sealed_copy(int fd) {
        _cleanup_close_ int copy = -EBADF;
        int r;

        assert(fd >= 0);

        copy = make_memfd();
        if (copy < 0)
                return copy;

        r = copy_all(fd, copy);
        if (r < 0)
                return r;
        if (fchmod(copy, 0555) < 0 || fcntl(copy, F_ADD_SEALS, SEALS) < 0)
                return -errno;

        return TAKE_FD(copy);
}

int sealed_exec_self(char *const *argv) {
        _cleanup_close_ int self = -EBADF, copy = -EBADF;
        int r;

        assert(argv);

        self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        if (self < 0)
                return -errno;

        /* Fails for what is no memfd. */
        r = fcntl(self, F_GET_SEALS);
        if (r >= 0 && (r & SEALS) == SEALS)
                return 0;

        copy = sealed_copy(self);
        if (copy < 0)
                return copy;

        (void) fexecve(copy, argv, environ);
        return -errno;
}

int sealed_program(void) {
        const char *name = (const char *) getauxval(AT_EXECFN), *number;
        char digits[sizeof("2147483647")];
        unsigned fd;
        size_t n;

        /* As execveat() calls what is in a directory that it was given. */
        number = name ? startswith(name, "/dev/fd/") : NULL;
        n = number ? strcspn(number, "/") : 0;
        if (n == 0 || n >= sizeof(digits) || number[n] != '/')
                return -EBADF;

        memcpy(digits, number, n);
        digits[n] = '\0';
        if (parse_unsigned(digits, INT_MAX, &fd) < 0 || fcntl((int) fd, F_SETFD, FD_CLOEXEC) < 0)
                return -EBADF;

        return (int) fd;
}

int sealed_exec_read_only(char *const *argv) {
        _cleanup_close_ int self = -EBADF;
        struct statvfs fs;
        int r;

        assert(argv);

        self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        if (self < 0 || fstatvfs(self, &fs) < 0)
                return -errno;
        if (fs.f_flag & ST_RDONLY)
                return 0;
        closep(&self);

        /* Refused for what lies in no mount of ours, such as a sealed copy. */
        self = mount_clone(AT_FDCWD, "/proc/self/exe", false);
        if (self == -EINVAL)
                return sealed_exec_self(argv);
        if (self < 0)
                return self;

        r = mount_set_attributes(self, MOUNT_ATTR_RDONLY, false);
        if (r < 0)
                return r;

        (void) execveat(self, "", argv, environ, AT_EMPTY_PATH);
        return -errno;
}
