/* SPDX-License-Identifier: LGPL-2.1-or-later */

        .globl  _start
        .type   _start, @function
_start:
        xorl    %ebp, %ebp
        movq    %rsp, %rdi
        andq    $-16, %rsp
        call    launch
        hlt

        .globl  launch_call
        .type   launch_call, @function
launch_call:
        movq    %rdi, %rax
        movq    %rsi, %rdi
        movq    %rdx, %rsi
        movq    %rcx, %rdx
        movq    %r8, %r10
        movq    %r9, %r8
        syscall
        ret

        .section .note.GNU-stack, "", @progbits
