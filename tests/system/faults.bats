# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The daemon is killed, or runs into an error, between any two steps of CreateMachine():
# afterwards the machine is wholly there or wholly gone, and its name is free.

load helper

ID=0123456789abcdef0123456789abcdef
DROP_IN=/run/systemd/system/berthd.service.d/fault.conf

setup() {
    needs "a build with fault points" sh -c '/usr/lib/berth/berthd --version | grep -q "fault points"'
    mkdir -p "$MACHINES/thing/etc" "$MACHINES/thing/var/log/journal/$ID" "${DROP_IN%/*}"
    leader_start --net
}

teardown() {
    rm -rf "${DROP_IN%/*}"
    systemctl daemon-reload
    systemctl reset-failed berthd
    systemctl restart berthd
    leader_kill
    eventually nothing_outside
    rm -rf "${MACHINES:?}/thing"
}

create() {
    machine_create thing "$leader" container "$MACHINES/thing" $ID
}

nothing_outside() {
    ! machine_listed thing && ! unit_active machine-thing.scope && [ ! -e /sys/class/net/ve-thing ] &&
        [ ! -L /var/log/journal/$ID ] && [ -z "$(nft list tables)" ] &&
        [ ! -e /sys/fs/cgroup/machine.slice/machine-thing.scope ] && [ ! -e /run/systemd/machines/thing ] &&
        [ ! -L /run/systemd/machines/unit:machine-thing.scope ] && [ ! -e /run/berth/machines/thing ]
}

leader_is_gone() {
    refused kill -0 "$leader"
}

# fault WHERE: what BERTH_FAULT of the daemon shall be.
fault() {
    printf '[Service]\nEnvironment=BERTH_FAULT=%s\n' "$1" >"$DROP_IN"
    systemctl daemon-reload
    systemctl restart berthd
}

serves_again() {
    manager ListMachines >/dev/null 2>&1
}

# killed STEP: dies before it, and comes back by itself.
killed() {
    fault "create:$1"
    run ! create
    [ "$(systemctl show berthd --property=NRestarts --value)" -gt 0 ] || eventually serves_again
    eventually serves_again
    eventually nothing_outside
    eventually leader_is_gone

    rm "$DROP_IN"
    systemctl daemon-reload
    systemctl restart berthd
    leader_start --net
    create
    machine_listed thing
}

failed() {
    fault "create:$1=28"
    run ! create
    [[ "$output" == *"step $1: No space left on device"* ]]
    eventually nothing_outside
    eventually leader_is_gone
}

@test "killed before the link, it leaves nothing" {
    killed link
}

@test "killed before the addresses, it leaves nothing" {
    killed address
}

@test "killed before the firewall, it leaves nothing" {
    killed nat
}

@test "killed before the journal, it leaves nothing" {
    killed journal
}

@test "killed after the last step, it leaves nothing" {
    killed end
}

@test "killed between the state files, it leaves nothing" {
    killed state
}

@test "killed before the scope, it leaves nothing, and the leader alone" {
    fault create:scope
    run ! create
    eventually serves_again
    eventually nothing_outside
    kill -0 "$leader"
}

@test "killed when the machine is there, it loses nothing" {
    create
    systemctl kill --signal=KILL berthd
    eventually serves_again
    machine_listed thing
    unit_active machine-thing.scope
    [ -e /sys/class/net/ve-thing ]
    [ -L /var/log/journal/$ID ]
    nft list table inet berth
}

@test "each step that fails is told, and leaves nothing" {
    for step in link address nat journal; do
        failed $step
        leader_start --net
    done
}
