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
    if [ -d /sys/fs/cgroup/embedded ]; then
        embedded_end
        guest_remove small
    fi
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

# embedded COMMAND…: with a daemon of its own, in a control group that has these controllers.
# shellcheck disable=SC2016 # what shells in there expand
embedded() {
    mkdir -p /sys/fs/cgroup/embedded/test
    echo '+io +memory +pids' >/sys/fs/cgroup/cgroup.subtree_control
    (
        echo $BASHPID >/sys/fs/cgroup/embedded/cgroup.procs
        exec unshare --cgroup bash -c 'echo $$ >/sys/fs/cgroup/embedded/test/cgroup.procs &&
            exec unshare --mount --net --pid --fork --kill-child --mount-proc "$@"' bash bash -euc '
            umount /sys/fs/cgroup
            mount -t cgroup2 cgroup2 /sys/fs/cgroup
            mount -t tmpfs tmpfs /run
            mount -t tmpfs tmpfs /var/log
            mkdir /var/log/journal
            ip link set lo up
            eval "$1"
        ' bash "$(declare -f eventually embedded_daemon "$1"); $*"
    )
}

embedded_end() {
    echo 1 >/sys/fs/cgroup/embedded/cgroup.kill
    eventually rmdir_all /sys/fs/cgroup/embedded
}

rmdir_all() {
    find "$1" -depth -type d -exec rmdir {} +
}

embedded_daemon() {
    /usr/lib/berth/berthd --embedded &
    daemon=$!
    eventually berthctl list --no-pager
}

# limited_guest DISK: set by one daemon, which is killed; the reboots are under it and its successor.
# shellcheck disable=SC2016 # at each try
limited_guest() {
    local group=/sys/fs/cgroup/machine.slice/berth@small.service before reboot
    local limits=(pids.max memory.max memory.swap.max io.max)

    embedded_daemon
    berthctl start small
    berthctl set small TasksMax=99 MemoryMax=300M MemorySwapMax=0 "IOReadBandwidthMax=$1 2M" \
        "IOWriteIOPSMax=$1 77"
    (cd $group && head "${limits[@]}") >/run/limits
    grep -x 99 /run/limits
    grep 'rbps=2000000 .*wiops=77' /run/limits
    for reboot in first second; do
        before=$(berthctl show small --property=Leader --value)
        berthctl reboot small
        eventually eval '[ -n "$(berthctl show small --property=Leader --value | grep -vx '"$before"')" ]'
        (cd $group && head "${limits[@]}") | diff /run/limits -
        [ $reboot = second ] || { kill -KILL $daemon; wait $daemon || embedded_daemon; }
    done
    berthctl stop --force small
    berthctl start small
    grep -x max $group/pids.max
    berthctl stop --force small
}

@test "without systemd, limits hold over a reboot, and end with the machine" {
    busybox_make small
    sed -i '2s/^/trap "reboot -f" INT\n/' "$MACHINES/small/sbin/init"
    disk=$(lsblk --noheadings --nodeps --paths --output NAME --include 254,8 | head -n 1)
    embedded limited_guest "$disk"
}
