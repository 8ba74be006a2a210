/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/bpf.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "lib/kernel/device-policy.h"

/* Instructions per rule, and around all rules. */
#define RULE_SIZE 8
#define FRAME_SIZE 8

/* The first argument, and where its parts are taken to. */
enum { ARGUMENT = BPF_REG_1, TYPE = BPF_REG_2, ACCESS = BPF_REG_3, MAJOR = BPF_REG_4, MINOR = BPF_REG_5,
       SCRATCH = BPF_REG_6 };

#define OP(operation, target, number) \
        ((struct bpf_insn) { .code = BPF_ALU | (operation) | BPF_K, .dst_reg = (target), .imm = (number) })
#define COPY(target, source) \
        ((struct bpf_insn) { .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = (target), .src_reg = (source) })
#define LOAD(target, member) \
        ((struct bpf_insn) { .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = (target), .src_reg = ARGUMENT, \
                             .off = offsetof(struct bpf_cgroup_dev_ctx, member) })
#define SKIP_UNLESS(what, number, n) \
        ((struct bpf_insn) { .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = (what), .imm = (number), \
                             .off = (n) })
#define EXIT ((struct bpf_insn) { .code = BPF_JMP | BPF_EXIT })

static long bpf(int command, union bpf_attr *attributes) {
        return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

int device_policy_find(int cgroup_fd) {
        union bpf_attr attributes = {
                .query = { .target_fd = (uint32_t) cgroup_fd, .attach_type = BPF_CGROUP_DEVICE },
        };

        assert(cgroup_fd >= 0);

        if (bpf(BPF_PROG_QUERY, &attributes) < 0)
                return -errno;

        return attributes.query.prog_cnt > 0;
}

static size_t add_rule(struct bpf_insn *at, const DeviceRule *rule) {
        bool any = rule->minor == DEVICE_MINOR_ANY;
        short rest = any ? RULE_SIZE - 1 : RULE_SIZE; /* to the next rule */
        size_t n = 0;

        at[n++] = SKIP_UNLESS(TYPE, rule->block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, --rest);
        at[n++] = SKIP_UNLESS(MAJOR, (int) rule->major, --rest);
        if (!any)
                at[n++] = SKIP_UNLESS(MINOR, rule->minor, --rest);
        at[n++] = COPY(SCRATCH, ACCESS);
        rest--;
        at[n++] = OP(BPF_AND, SCRATCH, ~(int) rule->access);
        rest--;
        at[n++] = SKIP_UNLESS(SCRATCH, 0, 2);
        at[n++] = OP(BPF_MOV, BPF_REG_0, 1);
        at[n++] = EXIT;
        return n;
}

static int load(const DeviceRule *rules, size_t n_rules) {
        static const char license[] = "LGPL-2.1-or-later";
        _cleanup_free_ struct bpf_insn *code = NULL;
        size_t n = 0;
        long fd;

        code = calloc(n_rules * RULE_SIZE + FRAME_SIZE, sizeof(*code));
        if (!code)
                return -ENOMEM;

        code[n++] = LOAD(TYPE, access_type);
        code[n++] = COPY(ACCESS, TYPE);
        code[n++] = OP(BPF_AND, TYPE, 0xffff);
        code[n++] = OP(BPF_RSH, ACCESS, 16);
        code[n++] = LOAD(MAJOR, major);
        code[n++] = LOAD(MINOR, minor);
        for (size_t i = 0; i < n_rules; i++)
                n += add_rule(code + n, &rules[i]);
        code[n++] = OP(BPF_MOV, BPF_REG_0, 0);
        code[n++] = EXIT;

        fd = bpf(BPF_PROG_LOAD, &(union bpf_attr) {
                .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                .insn_cnt = (uint32_t) n,
                .insns = (uintptr_t) code,
                .license = (uintptr_t) license,
        });
        return fd < 0 ? -errno : (int) fd;
}

int device_policy_attach(int cgroup_fd, const DeviceRule *rules, size_t n_rules) {
        _cleanup_close_ int fd = -EBADF;

        assert(cgroup_fd >= 0);
        assert(rules || n_rules == 0);

        if (n_rules > DEVICE_RULES_MAX)
                return -E2BIG;

        fd = load(rules, n_rules);
        if (fd < 0)
                return fd;

        if (bpf(BPF_PROG_ATTACH, &(union bpf_attr) {
                    .target_fd = (uint32_t) cgroup_fd,
                    .attach_bpf_fd = (uint32_t) fd,
                    .attach_type = BPF_CGROUP_DEVICE,
                    .attach_flags = BPF_F_ALLOW_MULTI,
            }) < 0)
                return -errno;

        return 0;
}
