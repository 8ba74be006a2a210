# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What needs the controllers of cgroup v2, or a kernel that asks a device policy: the
# emulated host has both.

load helper

setup_file() {
    story_begin
    [ "$BERTH_HOST_BACKEND" = qemu ] || return 0
    guest_make web
    berthctl start web
}

teardown_file() {
    if [ "$BERTH_HOST_BACKEND" = qemu ]; then
        berthctl terminate web
        eventually refused unit_active berth@web.service
        guest_remove web
    fi
    story_end
}

setup() {
    needs_qemu "cgroup controllers"
}

teardown() {
    [ -z "${leader:-}" ] || leader_kill
    eventually refused machine_listed limited
}

value() {
    cat "/sys/fs/cgroup/machine.slice/$1"
}

@test "limits that come with CreateMachine hold" {
    leader_start
    manager CreateMachine 'sayssusa(sv)' limited 0 story container "$leader" '' 2 \
        MemoryMax t 52428800 TasksMax t 99
    [ "$(value machine-limited.scope/memory.max)" = 52428800 ]
    [ "$(value machine-limited.scope/pids.max)" = 99 ]
}

@test "without any, a machine has nspawn's number of tasks" {
    leader_start
    machine_create limited "$leader"
    [ "$(value machine-limited.scope/pids.max)" = 16384 ]
}

@test "the guest deals out the controllers among its own" {
    [[ " $(value berth@web.service/cgroup.controllers) " == *" memory "* ]]
    [[ " $(value berth@web.service/payload/cgroup.subtree_control) " == *" pids "* ]]
    [ -e /sys/fs/cgroup/machine.slice/berth@web.service/payload/system.slice/pids.max ]
}

@test "the guest makes harmless devices, and no others" {
    systemd-run --quiet --wait -M web mknod /run/null c 1 3
    refused systemd-run --quiet --wait -M web mknod /run/disk b 254 0
    systemctl -M web reset-failed
}
