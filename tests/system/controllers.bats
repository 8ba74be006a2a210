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

# holds VALUE FILE: what systemd has been told it does at the next turn of its loop.
holds() {
    [ "$(value "$2")" = "$1" ]
}

@test "set limits a guest while it runs, and lets it have its way again" {
    berthctl set --runtime web MemoryMax=300M MemoryHigh=200M TasksMax=777 CPUQuota=20% CPUWeight=50 \
        IOWeight=200 AllowedCPUs=0
    eventually holds $((300 << 20)) berth@web.service/memory.max
    eventually holds $((200 << 20)) berth@web.service/memory.high
    eventually holds 777 berth@web.service/pids.max
    eventually holds '20000 100000' berth@web.service/cpu.max
    eventually holds 50 berth@web.service/cpu.weight
    eventually holds 0 berth@web.service/cpuset.cpus
    berthctl set --runtime web MemoryMax=infinity MemoryHigh= CPUQuota= AllowedCPUs=
    eventually holds max berth@web.service/memory.max
    eventually holds max berth@web.service/memory.high
    eventually holds 'max 100000' berth@web.service/cpu.max
    [ "$(systemctl show berth@web.service --property=TasksMax --value)" = 777 ]
}

@test "a limit holds for good, or until the machine ends, as it was asked for" {
    run -0 berthctl set --output=json web TasksMax=1234
    [ "$output" = '[{"machine":"web","result":"ok"}]' ]
    grep -rq TasksMax=1234 /etc/systemd/system.control/berth@web.service.d
    berthctl stop web
    berthctl start web
    eventually holds 1234 berth@web.service/pids.max
    systemctl revert berth@web.service
    eventually holds 16384 berth@web.service/pids.max
}

@test "a machine in a scope is limited, too; disks have limits of their own" {
    leader_start
    machine_create limited "$leader"
    disk=$(lsblk --noheadings --nodeps --paths --output NAME --include 254,8 | head -n 1)
    berthctl set limited TasksMax=12 "IOReadBandwidthMax=$disk 2M"
    eventually holds 12 machine-limited.scope/pids.max
    eventually grep -q 'rbps=2000000' /sys/fs/cgroup/machine.slice/machine-limited.scope/io.max
}

@test "a guest at its limit of memory is held, not the host" {
    berthctl set --runtime web MemoryMax=200M MemorySwapMax=0
    eventually holds 0 berth@web.service/memory.swap.max
    refused in_guest web dd if=/dev/zero of=/dev/null bs=400M count=1
    grep -q 'oom_kill [1-9]' /sys/fs/cgroup/machine.slice/berth@web.service/memory.events
    machine_listed web
    berthctl set --runtime web MemoryMax=infinity MemorySwapMax=infinity
    systemctl -M web reset-failed
}
