# SPDX-License-Identifier: LGPL-2.1-or-later
#
# machine1's own: foreign processes registered as machines, looked up, listed, ended.

load ../helper

teardown() {
    [ ! -v leader ] || leader_kill
    eventually refused machine_listed thing
}

@test "a process becomes a machine with a scope of its own" {
    leader_start
    machine_create thing "$leader"

    unit_active machine-thing.scope
    [ "$(property thing Unit)" = machine-thing.scope ]
    [ "$(property thing Leader)" = "$leader" ]
    [ "$(property thing Class)" = container ]
    [ "$(property thing Service)" = story ]
    [ "$(property thing State)" = running ]
    grep -qx '0::/machine.slice/machine-thing.scope' "/proc/$leader/cgroup"
}

@test "stock machinectl lists and shows it" {
    leader_start
    machine_create thing "$leader"

    run -0 machinectl --no-legend list
    [[ "$output" == *thing*container*story* ]]
    run -0 machinectl show thing --property=Leader --value
    [ "$output" = "$leader" ]
    run -0 machinectl --no-pager status thing
    [[ "$output" == *"Unit: machine-thing.scope"* ]]
    run -1 machinectl show nothing
}

@test "it is found by the pid of any of its processes" {
    leader_start
    machine_create thing "$leader"

    path=$(manager GetMachine s thing)
    [ "$(manager GetMachineByPID u "$leader")" = "$path" ]
    [ "$(error_of GetMachineByPID 2)" = org.freedesktop.machine1.NoMachineForPID ]
    [ "$(error_of GetMachine "'nothing'")" = org.freedesktop.machine1.NoSuchMachine ]
}

@test "its end is the end of the machine and of its scope" {
    leader_start
    machine_create thing "$leader"
    leader_kill

    eventually refused machine_listed thing
    eventually refused unit_active machine-thing.scope
    [ ! -e /run/systemd/machines/thing ]
}

@test "machinectl terminate ends it" {
    leader_start
    machine_create thing "$leader"
    machinectl terminate thing

    eventually refused machine_listed thing
    eventually refused kill -0 "$leader"
}

@test "machinectl kill sends a signal to the leader alone" {
    leader_start
    machine_create thing "$leader"
    machinectl kill --kill-whom=leader --signal=SIGKILL thing 2>/dev/null ||
        machinectl kill --kill-who=leader --signal=SIGKILL thing

    eventually refused machine_listed thing
}

@test "a leader that is another user's is signalled as well" {
    nobodys_leader_start sleep infinity
    machine_create thing "$leader"
    manager KillMachine ssi thing leader 9

    eventually refused machine_listed thing
}

@test "an unregistered machine goes on, and is forgotten" {
    leader_start
    machine_create thing "$leader"
    manager UnregisterMachine s thing

    refused machine_listed thing
    kill -0 "$leader"
    unit_active machine-thing.scope
}
