# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a guest may put where its os-release is looked for, before it is looked at and
# meanwhile.

load helper

setup() {
    trap_make
}

teardown() {
    trap_remove
}

os_release() {
    manager GetMachineOSRelease s trap
}

# What swaps harmless files for others goes on, and one of them is seen now and then.
answers_while_swapped() {
    for _ in {1..40}; do
        answers os_release
        [[ $answer != *harmless* ]] || seen=yes
    done
    [ "$seen" ]
    kill -0 "$attacker"
}

@test "zeros without end" {
    mknod "$TRAP/etc/os-release" c 1 5
    trap_start
    answers os_release
}

@test "a pipe that nobody writes into" {
    mkfifo "$TRAP/etc/os-release"
    trap_start
    answers os_release
}

@test "a pipe that somebody writes into, without end" {
    mkfifo "$TRAP/etc/os-release"
    yes NAME=flood >"$TRAP/etc/os-release" 3>&- &
    local writer=$!
    trap_start
    answers os_release
    kill "$writer" 2>/dev/null || true
}

@test "links that go round in circles" {
    ln -s os-release.other "$TRAP/etc/os-release"
    ln -s os-release "$TRAP/etc/os-release.other"
    trap_start
    answers os_release
}

@test "a gigabyte of nothing" {
    truncate --size=1G "$TRAP/etc/os-release"
    trap_start
    answers os_release
}

@test "a directory, a socket, a terminal" {
    trap_start
    mkdir "$TRAP/etc/os-release"
    answers os_release
    rmdir "$TRAP/etc/os-release"
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$TRAP/etc/os-release"
    answers os_release
    rm "$TRAP/etc/os-release"
    mknod "$TRAP/etc/os-release" c 5 0
    answers os_release
}

@test "ways out: absolute, upwards, through /proc" {
    trap_start
    for way in "$secret" "../../../../../../../..$secret" "/proc/1/root$secret" "/proc/self/root$secret" \
        "../proc/self/fd/3"; do
        ln -sfn "$way" "$TRAP/etc/os-release"
        answers os_release
    done
}

@test "an /etc that is a link to the host's" {
    rmdir "$TRAP/etc"
    ln -s ../../../../../etc "$TRAP/etc"
    trap_start
    answers os_release
    [[ $answer != *"$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)"* ]]
}

@test "a file that becomes a link to a secret while it is read" {
    echo NAME=harmless >"$TRAP/etc/os-release"
    ln -s "$secret" "$TRAP/etc/os-release.other"
    trap_start
    attack swap.py "$TRAP/etc" os-release os-release.other
    answers_while_swapped
}

@test "a directory that becomes a way out while it is walked through" {
    mkdir -p "$TRAP/usr/other"
    ln -s ../usr/lib/os-release "$TRAP/etc/os-release"
    echo NAME=harmless >"$TRAP/usr/lib/os-release"
    rmdir "$TRAP/usr/other"
    mkdir "$BATS_TEST_TMPDIR/lib"
    cp "$secret" "$BATS_TEST_TMPDIR/lib/os-release"
    ln -s "../../../../../..$BATS_TEST_TMPDIR/lib" "$TRAP/usr/other"
    trap_start
    attack swap.py "$TRAP/usr" lib other
    answers_while_swapped
}

@test "bytes that are no text" {
    head --bytes=20000 /dev/urandom >"$TRAP/etc/os-release"
    trap_start
    answers os_release
    printf 'NAME=\x1b[31mred\x07\nID="\xff\xfe"\n' >"$TRAP/etc/os-release"
    answers os_release
    [[ $answer != *$'\e'* ]]
}
