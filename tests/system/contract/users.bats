# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Whose users are whose: a guest in a user namespace, as nspawn's template has it (-U),
# and one without.

load ../helper

NOBODY_THERE=org.freedesktop.machine1.NoSuchUserMapping

shares_nspawn web

teardown() {
    [ -z "${leader:-}" ] || leader_kill
    eventually refused machine_listed thing
}

# Prints the host's first user that the guest has.
shift_of_web() {
    awk '{ print $2 }' "/proc/$(property web Leader)/uid_map"
}

@test "its root user is somebody else on the host" {
    base=$(shift_of_web)
    [ "$base" -ge 65536 ]
    [ "$(manager GetMachineUIDShift s web)" = "u $base" ]
    [ "$(manager MapFromMachineUser su web 0)" = "u $base" ]
    [ "$(manager MapFromMachineUser su web 1000)" = "u $((base + 1000))" ]
    [ "$(manager MapFromMachineGroup su web 65534)" = "u $((base + 65534))" ]
}

@test "a user of the host is found in its machine" {
    base=$(shift_of_web)
    path=$(manager GetMachine s web | cut -d' ' -f2)
    [ "$(manager MapToMachineUser u "$base")" = "sou \"web\" $path 0" ]
    [ "$(manager MapToMachineUser u $((base + 1000)))" = "sou \"web\" $path 1000" ]
    [ "$(manager MapToMachineGroup u $((base + 65534)))" = "sou \"web\" $path 65534" ]
}

@test "who is nobody's user is not found" {
    base=$(shift_of_web)
    [ "$(error_of MapToMachineUser 0)" = $NOBODY_THERE ]
    [ "$(error_of MapToMachineUser 1000)" = $NOBODY_THERE ]
    [ "$(error_of MapToMachineUser $((base + 65536)))" = $NOBODY_THERE ]
    [ "$(error_of MapToMachineGroup $((base + 65536)))" = org.freedesktop.machine1.NoSuchGroupMapping ]
    [ "$(error_of MapFromMachineUser "'web'" 65536)" = $NOBODY_THERE ]
    [ "$(error_of MapFromMachineUser "'nothing'" 0)" = org.freedesktop.machine1.NoSuchMachine ]
}

# Decided: machined speaks of a user here, and its own nss module looked for a group.
@test "a group that nobody has is spoken of as a group" {
    wanted=org.freedesktop.machine1.NoSuchGroupMapping
    [ "$PROVIDER" = berthd ] || wanted=$NOBODY_THERE
    [ "$(error_of MapFromMachineGroup "'web'" 65536)" = $wanted ]
}

@test "a machine without users of its own has the host's" {
    leader_start
    machine_create thing "$leader"

    [ "$(manager GetMachineUIDShift s thing)" = 'u 0' ]
    [ "$(manager MapFromMachineUser su thing 1000)" = 'u 1000' ]
    [ "$(error_of MapToMachineUser 4000000000)" = $NOBODY_THERE ]
}

@test "a map of several ranges is no shift, and is found nevertheless" {
    leader_start --user
    # In one piece, which bash's own printf would not do.
    cat >"/proc/$leader/uid_map" <<<$'0 1000 1\n1 3000000000 1000'
    cat >"/proc/$leader/gid_map" <<<$'0 1000 1\n1 3000000000 1000'
    machine_create thing "$leader"
    path=$(manager GetMachine s thing | cut -d' ' -f2)

    [ "$(error_of GetMachineUIDShift "'thing'")" = org.freedesktop.DBus.Error.NotSupported ]
    [ "$(manager MapFromMachineUser su thing 0)" = 'u 1000' ]
    [ "$(manager MapToMachineUser u 3000000009)" = "sou \"thing\" $path 10" ]
    [ "$(error_of MapToMachineUser 1000)" = $NOBODY_THERE ]
}

@test "a virtual machine's users are its own business" {
    leader_start
    machine_create thing "$leader" vm

    [ "$(error_of GetMachineUIDShift "'thing'")" = org.freedesktop.DBus.Error.NotSupported ]
    [ -n "$(error_of MapFromMachineUser "'thing'" 0)" ]
}
