# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A guest whose files never answer, and one that is frozen: who asks is told after a
# while, nobody else notices, and nothing waits on for ever.

load helper

setup() {
    trap_make
}

teardown() {
    trap_remove
    eventually no_worker_waits
}

no_worker_waits() {
    local pid state

    for pid in $(pgrep --exact berth-worker); do
        read -r _ _ state _ <"/proc/$pid/stat" || continue
        [ "$state" != D ] || return 1
    done
}

@test "an /etc that never answers" {
    trap_start
    attack hang.py "$leader" /etc
    fails_with "timed out" manager GetMachineOSRelease s trap
}

# More than may be looked into at a time for one machine.
@test "twenty who look into it at the same time hold nobody up" {
    local pids=()

    trap_start
    attack hang.py "$leader" /etc
    for _ in {1..20}; do
        manager GetMachineOSRelease s trap >/dev/null 2>&1 3>&- &
        pids+=($!)
    done
    timeout 5 busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.freedesktop.machine1.Manager ListMachines >/dev/null
    timeout 5 busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.freedesktop.machine1.Manager KillMachine ssi trap leader 18
    wait "${pids[@]}" || true
}

@test "a frozen guest is looked into all the same" {
    echo NAME=frozen >"$TRAP/etc/os-release"
    trap_start
    cgroup=$(systemctl show --property=ControlGroup --value machine-trap.scope)
    echo 1 >"/sys/fs/cgroup$cgroup/cgroup.freeze"
    manager GetMachineOSRelease s trap | grep frozen
    manager OpenMachineRootDirectory s trap
    manager TerminateMachine s trap
    eventually refused machine_listed trap
}
