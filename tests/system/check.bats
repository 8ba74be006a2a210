#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# berthctl check: guests of berth and of others, held to the Container Interface.

load helper

setup_file() {
    story_begin
    guest_make ours
    guest_make users
    busybox_make small
}

teardown_file() {
    for name in ours users small; do
        guest_remove $name
    done
    story_end
}

teardown() {
    for name in ours users small; do
        ! machine_listed $name || berthctl terminate $name
        eventually refused unit_active "berth@$name.service"
        eventually refused machine_listed $name
    done
}

# items_with VERDICT CHECK-ARGUMENT…: their numbers, on a line.
items_with() {
    local verdict=$1
    shift

    { berthctl check --no-legend --no-pager "$@" || true; } |
        awk -v verdict="$verdict" '$2 == verdict { printf "%s ", $1 }' | sed 's/ $//'
}

leader_of() {
    property "$1" Leader
}

@test "a Debian guest of berth-run passes all that is asked of it" {
    berthctl start ours
    eventually systemctl --machine=ours is-active --quiet multi-user.target
    run -0 berthctl check ours
    [[ ${lines[0]} == ITEM*VERDICT*NAME*EVIDENCE* ]]
    [ "$(items_with fail ours)" = "" ]
    [ "$(items_with unknown ours)" = "" ]
    [ "$(items_with pass ours | wc -w)" -ge 39 ]
    [[ " $(items_with pass ours) " == *" 35 "* ]]
    [ "$(($(items_with pass ours | wc -w) + $(items_with not-applicable ours | wc -w)))" = 51 ]
}

@test "it is found by its first process, too, and then has no name" {
    berthctl start ours
    run -0 berthctl check --leader="$(leader_of ours)"
    [ "$(berthctl check --leader="$(leader_of ours)" -o json | python3 -c '
import json, sys
said = json.load(sys.stdin)
print(said["machine"], said["failed"], len(said["items"]))')" = "None 0 51" ]
}

@test "a guest without systemd passes all that is asked of it" {
    berthctl start small
    run -0 berthctl check small
    [ "$(items_with unknown small)" = "" ]
}

@test "it looks, and changes nothing" {
    berthctl start ours
    find /sys/fs/cgroup -type d | sort >"$BATS_TEST_TMPDIR/groups"
    find /dev $MACHINES/ours -xdev -newer "$BATS_TEST_TMPDIR/groups" >"$BATS_TEST_TMPDIR/newer"
    cat "/proc/$(leader_of ours)/mountinfo" >"$BATS_TEST_TMPDIR/mounts"
    berthctl check ours >"$BATS_TEST_TMPDIR/said"
    cat "/proc/$(leader_of ours)/mountinfo" | diff "$BATS_TEST_TMPDIR/mounts" -
    find /sys/fs/cgroup -type d | sort | diff "$BATS_TEST_TMPDIR/groups" -
}

@test "what a guest does not get is said, with what was seen" {
    berth-run --quiet --directory=$MACHINES/small --machine=small --drop-capability=CAP_MKNOD --boot \
        >"$BATS_TEST_TMPDIR/console" 2>&1 3>&- </dev/null &
    eventually machine_listed small
    run -1 berthctl check small
    [ "$(items_with fail small)" = 40 ]
    grep -q 'CapBnd .* has not got cap_mknod' <<<"$output"
}

@test "a guest with users of its own has capabilities and limits of its own, too" {
    berth-run --quiet --directory=$MACHINES/users --machine=users --private-users=pick --network-veth \
        --link-journal=try-guest --boot \
        >"$BATS_TEST_TMPDIR/console" 2>&1 3>&- </dev/null &
    eventually guest_up users
    run berthctl check users
    echo "$output"
    [ "$status" = 0 ]
    [[ " $(items_with pass users) " == *" 48 50 "* ]]
    [ "$(items_with unknown users)" = "" ]
}

@test "the host, and who is no machine, are refused" {
    run -1 --separate-stderr berthctl check .host
    [ "$stderr" = "The host is not a container." ]
    run -1 --separate-stderr berthctl check --leader=1
    [[ $stderr == "Cannot look into the container of process 1: "* ]]
    run -1 berthctl check nobody
    run -1 berthctl check
    run -1 berthctl check ours --leader=2
    run -1 berthctl check --leader=0
}

# What Debian's own does otherwise: the guest's absolute link is left alone, and the capabilities of
# auditing are kept, though nobody can use them.
@test "Debian's nspawn fails at what is known" {
    nspawn_start theirs
    eventually systemctl --machine=theirs is-active --quiet multi-user.target
    fails=$(items_with fail theirs)
    unknown=$(items_with unknown theirs)
    nspawn_stop theirs
    echo "fails $fails, unknown $unknown"
    [ "$fails" = "18 47" ]
    [ "$unknown" = "" ]
}
