/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <fcntl.h>
#include <limits.h>

#include "lib/base/beneath.h"
#include "runtime/program.h"

/* Interpreters of interpreters: the kernel goes no deeper either. */
#define DEPTH_MAX 5

/* As much as the kernel reads of a script (BINPRM_BUF_SIZE), and more than any
 * program headers of a real binary begin at. */
#define HEAD_SIZE 4096

typedef struct Head {
        uint8_t bytes[HEAD_SIZE];
        size_t size;
} Head;

/* The word behind "#!". */
static int script_interpreter(const Head *head, char ret[static PATH_MAX]) {
        const char *p = (const char *) head->bytes + 2, *end = (const char *) head->bytes + head->size;
        size_t n = 0;

        while (p < end && (*p == ' ' || *p == '\t'))
                p++;
        while (p < end && n < PATH_MAX - 1 && *p && !strchr(" \t\n", *p))
                ret[n++] = *p++;
        ret[n] = '\0';

        return *ret == '/' ? 1 : -ENOEXEC;
}

static int read_path(int fd, uint64_t offset, uint64_t size, char ret[static PATH_MAX]) {
        ssize_t n;

        if (size == 0 || size > PATH_MAX || offset > INT64_MAX)
                return -ENOEXEC;

        n = pread(fd, ret, (size_t) size, (off_t) offset);
        if (n < 0)
                return -errno;
        if ((uint64_t) n != size || ret[size - 1] != '\0' || *ret != '/')
                return -ENOEXEC;

        return 1;
}

static int elf64_interpreter(int fd, const Head *head, char ret[static PATH_MAX]) {
        Elf64_Ehdr e;

        memcpy(&e, head->bytes, sizeof(e));
        if (e.e_phentsize != sizeof(Elf64_Phdr))
                return -ENOEXEC;

        for (size_t i = 0; i < e.e_phnum; i++) {
                Elf64_Phdr p;

                if (pread(fd, &p, sizeof(p), (off_t) (e.e_phoff + i * sizeof(p))) != sizeof(p))
                        return -ENOEXEC;
                if (p.p_type == PT_INTERP)
                        return read_path(fd, p.p_offset, p.p_filesz, ret);
        }

        return 0;
}

static int elf32_interpreter(int fd, const Head *head, char ret[static PATH_MAX]) {
        Elf32_Ehdr e;

        memcpy(&e, head->bytes, sizeof(e));
        if (e.e_phentsize != sizeof(Elf32_Phdr))
                return -ENOEXEC;

        for (size_t i = 0; i < e.e_phnum; i++) {
                Elf32_Phdr p;

                if (pread(fd, &p, sizeof(p), (off_t) (e.e_phoff + i * sizeof(p))) != sizeof(p))
                        return -ENOEXEC;
                if (p.p_type == PT_INTERP)
                        return read_path(fd, p.p_offset, p.p_filesz, ret);
        }

        return 0;
}

/* Returns 1 with the path, 0 if none is needed. What is neither script nor ELF
 * is left to the kernel, which knows formats of the host's admin (binfmt_misc). */
static int find_interpreter(int fd, char ret[static PATH_MAX], bool *ret_script) {
        Head head;
        ssize_t n;

        n = pread(fd, head.bytes, sizeof(head.bytes), 0);
        if (n < 0)
                return -errno;

        head.size = (size_t) n;
        *ret_script = n >= 2 && memcmp(head.bytes, "#!", 2) == 0;
        if (*ret_script)
                return script_interpreter(&head, ret);

        if (n < (ssize_t) sizeof(Elf64_Ehdr) || memcmp(head.bytes, ELFMAG, SELFMAG) != 0)
                return 0;

        return head.bytes[EI_CLASS] == ELFCLASS32 ? elf32_interpreter(fd, &head, ret)
                                                  : elf64_interpreter(fd, &head, ret);
}

int program_check(int root_fd, const char *path) {
        char interpreter[PATH_MAX];
        bool script = true;
        int r;

        assert(root_fd >= 0);
        assert(path);

        /* A script's interpreter may be a script; that of a binary is loaded,
         * whatever it names itself. */
        for (unsigned depth = 0; depth <= DEPTH_MAX && script; depth++) {
                _cleanup_close_ int fd = -EBADF;

                fd = beneath_open(root_fd, depth == 0 ? path : interpreter, O_RDONLY, 0);
                if (fd < 0)
                        return fd;

                r = find_interpreter(fd, interpreter, &script);
                if (r <= 0)
                        return r;
        }

        if (script)
                return -ELOOP;

        r = beneath_open(root_fd, interpreter, O_PATH, 0);
        if (r < 0)
                return r;

        (void) close(r);
        return 0;
}
