/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/test.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include "lib/base/text.h"
#include "lib/kernel/syscall-filter.h"
#include "lib/kernel/syscalls.h"

/* What the kernel does, as far as filters need it. */
static uint32_t run_program(const SyscallProgram *program, const struct seccomp_data *data) {
        uint32_t accumulator = 0;

        for (size_t at = 0; at < program->n_instructions; at++) {
                const struct sock_filter *i = &program->instructions[at];

                switch (i->code) {
                case BPF_LD | BPF_W | BPF_ABS:
                        assert_true(i->k + sizeof(accumulator) <= sizeof(*data));
                        memcpy(&accumulator, (const char *) data + i->k, sizeof(accumulator));
                        break;
                case BPF_JMP | BPF_JEQ | BPF_K:
                        at += accumulator == i->k ? i->jt : i->jf;
                        break;
                case BPF_JMP | BPF_JGE | BPF_K:
                        at += accumulator >= i->k ? i->jt : i->jf;
                        break;
                case BPF_JMP | BPF_JA:
                        at += i->k;
                        break;
                case BPF_RET | BPF_K:
                        return i->k;
                default:
                        fail_msg("instruction %zu", at);
                }
        }

        fail_msg("ran off its end");
        return 0;
}

static uint32_t ask(
                const SyscallProgram *program,
                size_t architecture,
                int number,
                const uint64_t *arguments) {

        struct seccomp_data data = { .nr = number, .arch = syscall_architectures[architecture] };

        if (arguments)
                memcpy(data.args, arguments, sizeof(data.args));

        return run_program(program, &data);
}

static const uint32_t expected_values[_SYSCALL_ANSWER_MAX] = {
        [SYSCALL_UNKNOWN] = SECCOMP_RET_ERRNO | ENOSYS,
        [SYSCALL_ALLOWED] = SECCOMP_RET_ALLOW,
        [SYSCALL_REFUSED] = SECCOMP_RET_ERRNO | EPERM,
};

static SyscallFilter *new_filter(void) {
        SyscallFilter *filter = NULL;

        if (!syscall_filter_is_supported())
                skip();
        assert_int_equal(syscall_filter_new(&filter), 0);
        return filter;
}

/* Sets all of them by a pattern, and asks for every number there is, and some more. */
static void check_pattern(unsigned modulus) {
        _cleanup_(syscall_filter_freep) SyscallFilter *filter = new_filter();
        SyscallProgram program;

        for (size_t i = 0; i < n_syscalls; i++)
                (void) syscall_filter_set(filter, syscall_table[i].name,
                                          (SyscallAnswer) (i / modulus % _SYSCALL_ANSWER_MAX));
        assert_int_equal(syscall_filter_compile(filter, NULL, 0, &program), 0);

        for (size_t a = 0; a < SYSCALL_ARCHITECTURES && syscall_architectures[a] != 0; a++) {
                size_t known = 0;

                for (size_t i = 0; i < n_syscalls; i++) {
                        SyscallAnswer answer = syscall_filter_answer(filter, syscall_table[i].name);

                        if (syscall_table[i].numbers[a] < 0)
                                continue;

                        known++;
                        assert_int_equal(ask(&program, a, syscall_table[i].numbers[a], NULL),
                                         expected_values[answer]);
                }

                assert_true(known > 300);
                assert_int_equal(ask(&program, a, 1000, NULL), SECCOMP_RET_ERRNO | ENOSYS);
                assert_int_equal(ask(&program, a, -1, NULL), SECCOMP_RET_ERRNO | ENOSYS);
                /* x32 */
                assert_int_equal(ask(&program, a, 0x40000000, NULL), SECCOMP_RET_ERRNO | ENOSYS);
        }

        syscall_program_done(&program);
}

static void every_number_gets_the_answer_of_its_name(void **state) {
        (void) state;

        check_pattern(1);
        check_pattern(2);
        check_pattern(7);
        check_pattern(1000000); /* nothing allowed */
}

static void other_architectures_know_no_system_call(void **state) {
        _cleanup_(syscall_filter_freep) SyscallFilter *filter = new_filter();
        struct seccomp_data data = { .nr = 1, .arch = AUDIT_ARCH_S390X };
        SyscallProgram program;

        (void) state;

        assert_int_equal(syscall_filter_set(filter, "@known", SYSCALL_ALLOWED), 0);
        assert_int_equal(syscall_filter_compile(filter, NULL, 0, &program), 0);
        assert_int_equal(run_program(&program, &data), SECCOMP_RET_ERRNO | ENOSYS);
        syscall_program_done(&program);
}

static void groups_contain_groups(void **state) {
        _cleanup_(syscall_filter_freep) SyscallFilter *filter = new_filter();

        (void) state;

        assert_int_equal(syscall_filter_set(filter, "@system-service", SYSCALL_ALLOWED), 0);
        assert_int_equal(syscall_filter_set(filter, "@sync", SYSCALL_REFUSED), 0);
        assert_int_equal(syscall_filter_answer(filter, "read"), SYSCALL_ALLOWED);
        /* by way of @default, and of @sandbox in that */
        assert_int_equal(syscall_filter_answer(filter, "seccomp"), SYSCALL_ALLOWED);
        assert_int_equal(syscall_filter_answer(filter, "fsync"), SYSCALL_REFUSED);
        assert_int_equal(syscall_filter_answer(filter, "mount"), SYSCALL_UNKNOWN);
        assert_int_equal(syscall_filter_answer(filter, "fly"), SYSCALL_UNKNOWN);
        assert_int_equal(syscall_filter_set(filter, "@fly", SYSCALL_ALLOWED), -ESRCH);
        assert_int_equal(syscall_filter_set(filter, "fly", SYSCALL_ALLOWED), -ESRCH);
        assert_int_equal(syscall_filter_set(filter, "", SYSCALL_ALLOWED), -ESRCH);
}

static void every_group_has_somebody_in_it(void **state) {
        (void) state;

        for (size_t g = 0; g < n_syscall_groups; g++) {
                size_t n = 0;

                for (size_t i = 0; i < n_syscalls; i++)
                        n += (syscall_table[i].groups >> g) & 1;
                assert_true(n > 0);
        }
}

static int number_of(const char *name, size_t architecture) {
        for (size_t i = 0; i < n_syscalls; i++)
                if (streq(syscall_table[i].name, name))
                        return syscall_table[i].numbers[architecture];

        return -1;
}

static void exceptions_look_at_the_lower_half_of_arguments(void **state) {
        static const SyscallException exceptions[] = {
                { "socket", EAFNOSUPPORT, 2, { { 0, 16 }, { 2, 9 } } },
                { "ioctl", EPERM, 1, { { 1, 0x5412 } } },
                { "ioctl", EIO, 1, { { 1, 0x541C } } },
        };
        static const struct {
                const char *name;
                uint64_t arguments[6];
                uint32_t value;
        } table[] = {
                { "socket", { 16, 3, 9 }, SECCOMP_RET_ERRNO | EAFNOSUPPORT },
                { "socket", { 16 | UINT64_C(1) << 32, 3, 9 | UINT64_C(5) << 40 },
                  SECCOMP_RET_ERRNO | EAFNOSUPPORT },
                { "socket", { 16, 9, 0 }, SECCOMP_RET_ALLOW },
                { "socket", { 9, 3, 16 }, SECCOMP_RET_ALLOW },
                { "ioctl", { 0, 0x5412 }, SECCOMP_RET_ERRNO | EPERM },
                { "ioctl", { 0, UINT64_C(0xffffffff00005412) }, SECCOMP_RET_ERRNO | EPERM },
                { "ioctl", { 0, 0x541C }, SECCOMP_RET_ERRNO | EIO },
                { "ioctl", { 0x5412, 0 }, SECCOMP_RET_ALLOW },
                { "close", { 0, 0x5412 }, SECCOMP_RET_ALLOW },
        };
        _cleanup_(syscall_filter_freep) SyscallFilter *filter = new_filter();
        SyscallProgram program;

        (void) state;

        assert_int_equal(syscall_filter_set(filter, "@known", SYSCALL_ALLOWED), 0);
        assert_int_equal(syscall_filter_compile(filter, exceptions, ELEMENTSOF(exceptions), &program), 0);

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                for (size_t a = 0; a < SYSCALL_ARCHITECTURES; a++) {
                        int number = number_of(table[i].name, a);

                        if (number < 0)
                                continue;

                        assert_int_equal(ask(&program, a, number, table[i].arguments), table[i].value);
                }

        syscall_program_done(&program);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_number_gets_the_answer_of_its_name),
                cmocka_unit_test(other_architectures_know_no_system_call),
                cmocka_unit_test(groups_contain_groups),
                cmocka_unit_test(every_group_has_somebody_in_it),
                cmocka_unit_test(exceptions_look_at_the_lower_half_of_arguments),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
