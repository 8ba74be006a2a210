/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Tests
 *
 * A thin layer on cmocka: TEST(what_is_true) {…} registers itself, TEST_MAIN()
 * ends the file, and a failed check names file, line, expression and error.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/base/base.h"
#include "lib/base/errors.h"

#define TESTS_MAX 256

extern struct CMUnitTest test_table[TESTS_MAX];
extern size_t n_tests;

#define TEST(test)                                                              \
        static void test_##test(void **state);                                  \
        static void __attribute__((constructor)) test_register_##test(void) {   \
                assert(n_tests < TESTS_MAX);                                    \
                test_table[n_tests++] = (struct CMUnitTest) {                   \
                        .name = #test, .test_func = test_##test };              \
        }                                                                       \
        static void test_##test(_unused_ void **state)

#define TEST_MAIN()                                                             \
        struct CMUnitTest test_table[TESTS_MAX];                                \
        size_t n_tests = 0;                                                     \
        int main(void) {                                                        \
                return _cmocka_run_group_tests(__FILE__, test_table, n_tests, NULL, NULL); \
        }

#define CHECK(expression)                                                       \
        do {                                                                    \
                if (!(expression)) {                                            \
                        print_error("%s:%i: not true: %s\n", __FILE__, __LINE__, #expression); \
                        fail();                                                 \
                }                                                               \
        } while (0)

#define CHECK_OK(expression)                                                    \
        do {                                                                    \
                int _r = (int) (expression);                                    \
                if (_r < 0) {                                                   \
                        print_error("%s:%i: %s: %s\n", __FILE__, __LINE__, #expression, error_text(_r)); \
                        fail();                                                 \
                }                                                               \
        } while (0)

/* The error is positive: EINVAL, E_NO_SUCH_MACHINE. */
#define CHECK_ERR(expression, error)                                            \
        do {                                                                    \
                int _r = (int) (expression);                                    \
                if (_r != -(error)) {                                           \
                        print_error("%s:%i: %s: got %i (%s), not %s\n", __FILE__, __LINE__, #expression, \
                                    _r, _r < 0 ? error_text(_r) : "no error", #error); \
                        fail();                                                 \
                }                                                               \
        } while (0)

#define CHECK_STREQ(is, wanted)                                                 \
        do {                                                                    \
                const char *_is = (is), *_wanted = (wanted);                    \
                if (!streq_ptr(_is, _wanted)) {                                 \
                        print_error("%s:%i: %s is '%s', not '%s'\n", __FILE__, __LINE__, #is, \
                                    _is ?: "(null)", _wanted ?: "(null)");      \
                        fail();                                                 \
                }                                                               \
        } while (0)

/* For tests that need what not every machine has: says so, and skips. With
 * TEST_NO_SKIP=1 in the environment that is a failure. */
#define SKIP_UNLESS(condition, what)                                            \
        do {                                                                    \
                if (!(condition)) {                                             \
                        print_message("%s:%i: lacks %s\n", __FILE__, __LINE__, what); \
                        if (getenv("TEST_NO_SKIP"))                             \
                                fail();                                         \
                        skip();                                                 \
                }                                                               \
        } while (0)
