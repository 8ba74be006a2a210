/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "lib/base/text.h"
#include "lib/kernel/syscall-filter.h"
#include "lib/kernel/syscalls.h"

/* Beyond the last number; those of x32 are far beyond, and get the same answer. */
#define NUMBER_MAX 1024

/* What a conditional jump can skip. */
#define JUMP_MAX 255

struct SyscallFilter {
        uint8_t *answers;       /* by the index in syscall_table */
};

/* From @first on, up to the next range, all numbers have one answer; or there is
 * one number only, whose call has exceptions. */
typedef struct Range {
        uint32_t first;
        SyscallAnswer answer;
        const char *exception;  /* name of the call, or NULL */
} Range;

typedef struct Compiler {
        struct sock_filter *instructions;
        size_t n;
        const SyscallException *exceptions;
        size_t n_exceptions;
} Compiler;

bool syscall_filter_is_supported(void) {
        return n_syscalls > 0;
}

int syscall_filter_new(SyscallFilter **ret) {
        _cleanup_(syscall_filter_freep) SyscallFilter *filter = NULL;

        assert(ret);

        if (n_syscalls == 0)
                return -EOPNOTSUPP;

        filter = calloc(1, sizeof(*filter));
        if (!filter)
                return -ENOMEM;

        filter->answers = calloc(n_syscalls, sizeof(*filter->answers));
        if (!filter->answers)
                return -ENOMEM;

        *ret = TAKE_PTR(filter);
        return 0;
}

SyscallFilter *syscall_filter_free(SyscallFilter *filter) {
        if (!filter)
                return NULL;

        free(filter->answers);
        free(filter);
        return NULL;
}

static int set_group(SyscallFilter *filter, const char *name, SyscallAnswer answer) {
        bool everything = streq(name, "@known");
        size_t group = 0;

        while (group < n_syscall_groups && !streq(syscall_groups[group], name))
                group++;
        if (group >= n_syscall_groups && !everything)
                return -ESRCH;

        for (size_t i = 0; i < n_syscalls; i++)
                if (everything || syscall_table[i].groups & (UINT32_C(1) << group))
                        filter->answers[i] = (uint8_t) answer;

        return 0;
}

static int compare_name(const void *name, const void *call) {
        return strcmp(name, ((const Syscall *) call)->name);
}

static const Syscall *find_syscall(const char *name) {
        return bsearch(name, syscall_table, n_syscalls, sizeof(Syscall), compare_name);
}

int syscall_filter_set(SyscallFilter *filter, const char *name, SyscallAnswer answer) {
        const Syscall *call;

        assert(filter);
        assert(name);

        if (*name == '@')
                return set_group(filter, name, answer);

        call = find_syscall(name);
        if (!call)
                return -ESRCH;

        filter->answers[call - syscall_table] = (uint8_t) answer;
        return 0;
}

SyscallAnswer syscall_filter_answer(const SyscallFilter *filter, const char *name) {
        const Syscall *call;

        assert(filter);
        assert(name);

        call = find_syscall(name);
        return call ? (SyscallAnswer) filter->answers[call - syscall_table] : SYSCALL_UNKNOWN;
}

static int emit(Compiler *c, uint16_t code, uint32_t k, size_t jt, size_t jf) {
        if (c->n >= BPF_MAXINSNS || jt > JUMP_MAX || jf > JUMP_MAX)
                return -E2BIG;

        c->instructions[c->n++] = (struct sock_filter) { code, (uint8_t) jt, (uint8_t) jf, k };
        return 0;
}

static int emit_load(Compiler *c, size_t offset) {
        return emit(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset, 0, 0);
}

static int emit_return(Compiler *c, uint32_t value) {
        return emit(c, BPF_RET | BPF_K, value, 0, 0);
}

/* Arguments have 64 bits, and lie in memory as this machine has them. */
static size_t argument_offset(unsigned index) {
        size_t offset = offsetof(struct seccomp_data, args) + index * sizeof(uint64_t);

        return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? offset + sizeof(uint32_t) : offset;
}

static int emit_exception(Compiler *c, const SyscallException *e) {
        int r = 0;

        for (unsigned i = 0; i < e->n_arguments && r >= 0; i++) {
                r = emit_load(c, argument_offset(e->arguments[i].index));
                if (r >= 0) /* past the pairs that follow, and the answer */
                        r = emit(c, BPF_JMP | BPF_JEQ | BPF_K, e->arguments[i].value, 0,
                                 (e->n_arguments - 1 - i) * 2 + 1);
        }

        return r < 0 ? r : emit_return(c, SECCOMP_RET_ERRNO | (uint32_t) e->error);
}

static int emit_answer(Compiler *c, const Range *range) {
        static const uint32_t values[_SYSCALL_ANSWER_MAX] = {
                [SYSCALL_UNKNOWN] = SECCOMP_RET_ERRNO | ENOSYS,
                [SYSCALL_ALLOWED] = SECCOMP_RET_ALLOW,
                [SYSCALL_REFUSED] = SECCOMP_RET_ERRNO | EPERM,
        };
        int r;

        for (size_t i = 0; range->exception && i < c->n_exceptions; i++) {
                if (!streq(c->exceptions[i].name, range->exception))
                        continue;

                r = emit_exception(c, &c->exceptions[i]);
                if (r < 0)
                        return r;
        }

        return emit_return(c, values[range->answer]);
}

/* Has the comparison at @at skip all that follows it if it holds. What is skipped
 * may be moved: its jumps are relative, and lead nowhere else. */
static int emit_skip(Compiler *c, size_t at) {
        size_t n = c->n - at - 1;
        struct sock_filter *next = &c->instructions[at + 1];
        int r;

        if (n <= JUMP_MAX) {
                c->instructions[at].jt = (uint8_t) n;
                return 0;
        }

        r = emit_return(c, 0); /* room for one more */
        if (r < 0)
                return r;

        memmove(next + 1, next, n * sizeof(*next));
        *next = (struct sock_filter) { BPF_JMP | BPF_JA, 0, 0, (uint32_t) n };
        c->instructions[at].jf = 1;
        return 0;
}

/* A binary search. The left half follows its comparison, the right half that. */
static int emit_search(Compiler *c, const Range *ranges, size_t n) {
        size_t middle = n / 2, at = c->n;
        int r;

        if (n == 1)
                return emit_answer(c, ranges);

        r = emit(c, BPF_JMP | BPF_JGE | BPF_K, ranges[middle].first, 0, 0);
        if (r >= 0)
                r = emit_search(c, ranges, middle);
        if (r >= 0)
                r = emit_skip(c, at);

        return r < 0 ? r : emit_search(c, ranges + middle, n - middle);
}

static const char *find_exception(const Compiler *c, const Syscall *call, SyscallAnswer answer) {
        for (size_t i = 0; answer == SYSCALL_ALLOWED && i < c->n_exceptions; i++)
                if (streq(c->exceptions[i].name, call->name))
                        return call->name;

        return NULL;
}

/* What all numbers of an architecture are answered, one by one, and then as few
 * ranges as possible. Returns their number. */
static size_t find_ranges(
                const Compiler *c,
                const SyscallFilter *filter,
                size_t architecture,
                Range *ranges) {

        size_t n = 0;

        for (uint32_t number = 0; number < NUMBER_MAX; number++)
                ranges[number] = (Range) { .first = number };

        for (size_t i = 0; i < n_syscalls; i++) {
                int number = syscall_table[i].numbers[architecture];

                if (number < 0 || number >= NUMBER_MAX)
                        continue;

                ranges[number].answer = (SyscallAnswer) filter->answers[i];
                ranges[number].exception = find_exception(c, &syscall_table[i], ranges[number].answer);
        }

        for (size_t i = 0; i < NUMBER_MAX; i++) {
                const Range *last = n > 0 ? &ranges[n - 1] : NULL;

                if (!last || last->exception || ranges[i].exception || last->answer != ranges[i].answer)
                        ranges[n++] = ranges[i];
        }

        return n;
}

static int emit_architecture(Compiler *c, const SyscallFilter *filter, size_t architecture) {
        _cleanup_free_ Range *ranges = NULL;
        size_t at = c->n;
        int r;

        ranges = malloc(sizeof(*ranges) * NUMBER_MAX);
        if (!ranges)
                return -ENOMEM;

        r = emit(c, BPF_JMP | BPF_JEQ | BPF_K, syscall_architectures[architecture], 1, 0);
        if (r >= 0)
                r = emit(c, BPF_JMP | BPF_JA, 0, 0, 0);
        if (r >= 0)
                r = emit_load(c, offsetof(struct seccomp_data, nr));
        if (r >= 0)
                r = emit_search(c, ranges, find_ranges(c, filter, architecture, ranges));
        if (r < 0)
                return r;

        c->instructions[at + 1].k = (uint32_t) (c->n - at - 2);
        return 0;
}

int syscall_filter_compile(
                const SyscallFilter *filter,
                const SyscallException *exceptions,
                size_t n_exceptions,
                SyscallProgram *ret) {

        _cleanup_free_ struct sock_filter *instructions = NULL;
        Compiler c = { .exceptions = exceptions, .n_exceptions = n_exceptions };
        int r;

        assert(filter);
        assert(ret);

        instructions = calloc(BPF_MAXINSNS, sizeof(*instructions));
        if (!instructions)
                return -ENOMEM;

        c.instructions = instructions;
        r = emit_load(&c, offsetof(struct seccomp_data, arch));
        for (size_t i = 0; i < SYSCALL_ARCHITECTURES && r >= 0; i++)
                if (syscall_architectures[i] != 0)
                        r = emit_architecture(&c, filter, i);
        if (r >= 0)
                r = emit_return(&c, SECCOMP_RET_ERRNO | ENOSYS);
        if (r < 0)
                return r;

        *ret = (SyscallProgram) { TAKE_PTR(instructions), (unsigned short) c.n };
        return 0;
}

int syscall_program_load(const SyscallProgram *program) {
        struct sock_fprog prog = { program->n_instructions, program->instructions };

        /* Not the kernel's detour around speculation, which costs more than the
         * filter, and which guests have to ask for themselves, as hosts do. */
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &prog) < 0)
                return -errno;

        return 0;
}

void syscall_program_done(SyscallProgram *program) {
        assert(program);

        free(program->instructions);
        *program = (SyscallProgram) {};
}
