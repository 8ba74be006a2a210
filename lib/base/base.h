/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Base
 *
 * What makes C bearable: cleanup attributes, ownership transfer and the few
 * macros that every file of berth may count on. No functions with logic.
 */

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define _cleanup_(func) __attribute__((cleanup(func)))
#define _printf_(text, args) __attribute__((format(printf, text, args)))
#define _unused_ __attribute__((unused))

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b) ({ typeof(a) _a = (a); typeof(b) _b = (b); _a < _b ? _a : _b; })
#define MAX(a, b) ({ typeof(a) _a = (a); typeof(b) _b = (b); _a > _b ? _a : _b; })

#define USEC_PER_SEC ((uint64_t) 1000000)
#define USEC_PER_MSEC ((uint64_t) 1000)
#define NSEC_PER_USEC ((uint64_t) 1000)
#define USEC_INFINITY UINT64_MAX

/* Hands over a pointer or descriptor that a cleanup attribute guards. */
#define TAKE_PTR(ptr)                           \
        ({                                      \
                typeof(ptr) *_take = &(ptr);    \
                typeof(ptr) _taken = *_take;    \
                *_take = NULL;                  \
                _taken;                         \
        })

#define TAKE_FD(fd)                             \
        ({                                      \
                int *_take = &(fd);             \
                int _taken = *_take;            \
                *_take = -EBADF;                \
                _taken;                         \
        })

/* Defines x_freep(), for _cleanup_(), from x_free(). */
#define DEFINE_CLEANUP(type, func)                      \
        static inline void func##p(type **ptr) {        \
                if (*ptr)                               \
                        (void) func(*ptr);              \
        }                                               \
        struct _cleanup_##func##_takes_a_semicolon_

static inline void freep(void *ptr) {
        free(*(void **) ptr);
}

static inline void closep(const int *fd) {
        int saved = errno;

        if (*fd >= 0)
                (void) close(*fd);
        errno = saved;
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

static inline bool streq_ptr(const char *a, const char *b) {
        return a == b || (a && b && streq(a, b));
}

static inline bool isempty(const char *s) {
        return !s || !*s;
}

/* The rest of @s behind @prefix, or NULL if it does not begin so. */
static inline const char *startswith(const char *s, const char *prefix) {
        size_t n = strlen(prefix);

        return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

static inline bool endswith(const char *s, const char *suffix) {
        size_t n = strlen(s), k = strlen(suffix);

        return n >= k && streq(s + n - k, suffix);
}
