# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An image that is changed while it is started, by another guest of the same tree: between a look at
# a name and its use it becomes a link out.

load image

setup() {
    image_setup
}

teardown() {
    image_teardown
}

# start_while_swapped OPTION|WORD…: often; each time it runs, or a step refuses it.
start_while_swapped() {
    for _ in {1..25}; do
        image_run "$@"
        [ "$status" != 1 ] || [[ $output == *"step "* ]]
    done
    kill -0 "$attacker"
    kill -KILL "$attacker"
}

@test "API directories become links out" {
    local name
    for name in dev proc sys run; do
        mkdir -p "$TRAP/$name"
        ln -s "../../../../../..$outside" "$TRAP/$name.other"
        attack swap.py "$TRAP" $name $name.other
        start_while_swapped /bin/true
        rm -rf --one-file-system "${TRAP:?}/$name" "${TRAP:?}/$name.other"
        mkdir "$TRAP/$name"
    done
}

@test "/tmp and /etc become links out" {
    local name
    for name in tmp etc; do
        ln -s "$outside" "$TRAP/$name.other"
        attack swap.py "$TRAP" $name $name.other
        start_while_swapped --link-journal=try-guest /bin/true
        rm -rf --one-file-system "${TRAP:?}/$name.other"
    done
    [ "$(ls "$outside")" = file ]
}

# CVE-2021-30465, CVE-2024-45310
@test "a bind's target becomes a link out" {
    mkdir -p "$TRAP/volume/deep"
    ln -s "../../../../../..$outside" "$TRAP/volume/other"
    attack swap.py "$TRAP/volume" deep other
    start_while_swapped --bind="$BATS_TEST_DIRNAME:/volume/deep/one/two" \
        --bind-ro="$secret:/volume/deep/file" --tmpfs=/volume/deep/tmp /bin/true
    [ "$(ls "$outside")" = file ] && [ ! -s "$outside/file" ]
}

# CVE-2025-52565
@test "the devpts becomes the image's" {
    mkdir -p "$TRAP/dev.other/pts"
    mknod "$TRAP/dev.other/ptmx" c 5 2
    mknod "$TRAP/dev.other/pts/ptmx" c 5 2
    ln -s "$outside/file" "$TRAP/dev.other/console"
    ln -s "$outside/file" "$TRAP/dev.other/pts/0"
    attack swap.py "$TRAP" dev dev.other
    start_while_swapped sh -c 'echo said >/dev/console || exit 7'
    [ ! -s "$outside/file" ]
}

# CVE-2019-5736
@test "the program becomes a link to what runs it" {
    printf '%s\n' '#!/bin/sh' 'exit 0' >"$TRAP/program"
    chmod +x "$TRAP/program"
    ln -s /proc/self/exe "$TRAP/program.other"
    attack swap.py "$TRAP" program program.other
    start_while_swapped /program
}

@test "users, the machine's id and the clock become links out" {
    local name
    echo 0123456789abcdef0123456789abcdef >"$TRAP/etc/machine-id"
    touch "$TRAP/etc/localtime"
    for name in passwd machine-id localtime; do
        ln -s "$secret" "$TRAP/etc/$name.other"
        attack swap.py "$TRAP/etc" $name $name.other
        start_while_swapped --uid=0 cat /run/host/container-uuid
        rm -f "$TRAP/etc/$name.other"
    done
    grep -qx SECRET=treasure "$secret"
}
