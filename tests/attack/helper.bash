# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# A hostile guest: a tree of its own, which it may change while it is looked at. What
# it must not get at is the host's secret, and whom it must not hold up is all others.

load ../system/helper

TRAP=$MACHINES/trap

# trap_make: an empty tree with a shell, and a secret on the host.
trap_make() {
    mkdir -p "$TRAP"/{bin,dev,etc,proc,run,usr/lib,tmp}
    cp "$(command -v busybox)" "$TRAP/bin/busybox"
    ln -s busybox "$TRAP/bin/sleep"
    secret=$BATS_TEST_TMPDIR/secret
    echo SECRET=treasure >"$secret"
}

# trap_start [UNSHARE-OPTION…]: the guest, registered. Its first process is in its tree.
trap_start() {
    leader_start "$@" --root="$TRAP"
    machine_create trap "$leader" container "$TRAP" fedcba9876543210fedcba9876543210
}

trap_remove() {
    [ -z "${attacker:-}" ] || kill -KILL "$attacker" 2>/dev/null || true
    attacker=
    [ -z "${leader:-}" ] || leader_kill
    eventually refused machine_listed trap
    rm -rf --one-file-system "${TRAP:?}"
}

# attack PROGRAM ARGUMENT…: until the story ends. Returns when it has begun.
attack() {
    coproc ATTACK { exec python3 "$BATS_TEST_DIRNAME/$1" "${@:2}" 3>&-; }
    # shellcheck disable=SC2034 # the first line is waited for, not looked at
    read -r line <&"${ATTACK[0]}"
    # shellcheck disable=SC2154 # coproc sets it
    attacker=$ATTACK_PID
}

# answers COMMAND…: it does, with whatever result, in time; and the daemon answers
# others meanwhile. What it said is in $answer.
answers() {
    local pid

    "$@" >"$BATS_TEST_TMPDIR/answer" 2>&1 3>&- &
    pid=$!
    timeout 5 busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.freedesktop.machine1.Manager ListMachines >/dev/null
    eventually refused kill -0 "$pid"
    answer=$(tr -d '\0' <"$BATS_TEST_TMPDIR/answer")
    [ -n "$answer" ]
    [[ $answer != *treasure* ]]
}

# fails_with TEXT COMMAND…: it answers that.
fails_with() {
    local text=$1
    shift

    answers "$@"
    if [[ $answer != *"$text"* ]]; then
        echo "should be told '$text', was told: $answer"
        return 1
    fi
}
