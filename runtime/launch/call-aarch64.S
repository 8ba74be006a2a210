/* SPDX-License-Identifier: LGPL-2.1-or-later */

        .globl  _start
        .type   _start, %function
_start:
        mov     x29, xzr
        mov     x30, xzr
        mov     x0, sp
        bl      launch
        brk     #0

        .globl  launch_call
        .type   launch_call, %function
launch_call:
        mov     x8, x0
        mov     x0, x1
        mov     x1, x2
        mov     x2, x3
        mov     x3, x4
        mov     x4, x5
        svc     #0
        ret

        .section .note.GNU-stack, "", %progbits
