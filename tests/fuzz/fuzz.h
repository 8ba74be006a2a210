/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Fuzzing
 *
 * One file per parser of hostile input, each with its corpus. As a test, main.c runs
 * it over the corpus, and over what is left of that when it is cut anywhere. To
 * fuzz, a libFuzzer takes the place of main.c:
 *
 *      CC=clang meson setup build/fuzz -Db_sanitize=address,undefined -Db_lundef=false
 *      ninja -C build/fuzz && cd build/fuzz
 *      clang -fsanitize=fuzzer,address,undefined -I../.. -include config.h -D_GNU_SOURCE \
 *              ../../tests/fuzz/fuzz-varlink.c libdaemon_varlink.a liblib_kernel.a liblib_base.a \
 *              -lsystemd -ljansson -o fuzz-varlink && ./fuzz-varlink ../../tests/fuzz/corpus/varlink
 */

#include "lib/base/base.h"

/* What libFuzzer calls. Returns 0, always: what must not happen ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
