# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process that nobody prepared for it becomes a machine, and has all that lies outside
# one: scope, link, addresses, journal. When it ends, it has none of them.

load helper

ID=0123456789abcdef0123456789abcdef

setup() {
    mkdir -p "$MACHINES/thing/etc" "$MACHINES/thing/var/log/journal/$ID"
    echo $ID >"$MACHINES/thing/etc/machine-id"
    leader_start --net
}

teardown() {
    leader_kill
    eventually nothing_outside
    rm -rf "${MACHINES:?}/thing"
}

create() {
    machine_create "${1:-thing}" "$leader" container "$MACHINES/thing" $ID
}

inside() {
    nsenter --target "$leader" --net "$@"
}

address_of() {
    "${@:2}" ip -oneline -4 addr show dev "$1" scope global | awk '{ sub("/.*", "", $4); print $4; exit }'
}

nothing_outside() {
    ! unit_active machine-thing.scope && [ ! -e /sys/class/net/ve-thing ] && [ ! -L /var/log/journal/$ID ] &&
        [ -z "$(nft list tables)" ] && [ ! -e /sys/fs/cgroup/machine.slice/machine-thing.scope ] &&
        ! machine_listed thing
}

@test "the scope is delegated" {
    create
    [ "$(systemctl show machine-thing.scope --property=Delegate --value)" = yes ]
    [ "$(systemctl show machine-thing.scope --property=Slice --value)" = machine.slice ]
    grep -qx '0::/machine.slice/machine-thing.scope' "/proc/$leader/cgroup"
}

@test "the link has the addresses that nspawn would have given it" {
    create
    [ -e /sys/class/net/ve-thing ]
    inside ip link show dev host0
    [ "$(property thing NetworkInterfaces)" = "1 $(cat /sys/class/net/ve-thing/ifindex)" ]
}

@test "both ends have addresses, and answer each other" {
    create
    guest=$(address_of host0 inside)
    host=$(address_of ve-thing)
    ping -c 1 -W 5 "$guest"
    inside ping -c 1 -W 5 "$host"

    run -0 machinectl --no-legend list
    [[ "$output" == *"$guest"* ]]
}

@test "the way to the world leads over the host" {
    create
    run -0 inside ip route show default
    [[ "$output" == "default via $(address_of ve-thing) dev host0"* ]]
    nft list table inet berth || nft list table ip berth
}

@test "its journal is found on the host" {
    create
    [ "$(readlink /var/log/journal/$ID)" = "$MACHINES/thing/var/log/journal/$ID" ]
}

@test "all of it goes when the leader is killed" {
    create
    leader_kill
    eventually nothing_outside
}

@test "all of it goes when the machine is terminated" {
    create
    manager TerminateMachine s thing
    eventually nothing_outside
    eventually refused kill -0 "$leader"
}

@test "a name too long for a link is cut, and is there in full beside it" {
    long=a-machine-with-a-long-name
    create $long
    name=$(ip -oneline link show dev "ve-$long" | sed 's/^[0-9]*: \([^@:]*\).*/\1/')
    [ -n "$name" ] && [ ${#name} -le 15 ]
    manager TerminateMachine s $long
    eventually refused machine_listed $long
    eventually refused ip link show dev "ve-$long"
}

@test "who wired the machine before is not wired again" {
    manager CreateMachineWithNetwork 'sayssusaia(sv)' thing 0 story container "$leader" '' 0 0
    [ ! -e /sys/class/net/ve-thing ]
    [ "$(property thing NetworkInterfaces)" = 0 ]
}

@test "who shares the host's network has no link" {
    other=$leader
    leader_start
    machine_create sharing "$leader"
    [ ! -e /sys/class/net/ve-sharing ]
    leader_kill
    eventually refused machine_listed sharing
    leader=$other
}
