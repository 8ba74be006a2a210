# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The ways in which Debian's own systemd-nspawn asks for a machine: with a scope that it
# wants made, in a unit that is there, with its own users, its own network or none, with a
# system or a mere command.

load ../helper

setup_file() {
    story_begin
    guest_make ship
    : >"$MACHINES/ship/here"
}

teardown_file() {
    guest_remove ship
    story_end
}

teardown() {
    systemctl stop 'story-*.service' 2>/dev/null || true
    [ ! -e /sys/class/net/story-br ] || ip link del story-br
    eventually refused machine_listed ship
}

# nspawn OPTION…: a machine called ship, from a service that is not made for it.
nspawn() {
    systemd-run --quiet --collect --unit=story-ship "${properties[@]}" \
        systemd-nspawn --quiet --machine=ship --link-journal=no "$@"
    eventually machine_listed ship
}

# ended_by COMMAND…: it is the end of the machine, of its unit, and of nspawn.
ended_by() {
    unit=$(property ship Unit)
    "$@"
    eventually refused machine_listed ship
    eventually refused unit_active "$unit"
    eventually refused unit_active story-ship.service
    [ ! -e /run/systemd/machines/ship ]
}

leader_signal() {
    manager KillMachine ssi ship leader "$1"
}

poweroff() {
    leader_signal $((34 + 4)) # SIGRTMIN+4
}

interfaces() {
    property ship NetworkInterfaces
}

@test "booted, it gets a scope, with the properties that nspawn asks for" {
    nspawn --boot --network-veth --property=MemoryHigh=1G
    eventually guest_up ship

    [ "$(property ship Service)" = systemd-nspawn ]
    [ "$(property ship Class)" = container ]
    [ "$(property ship RootDirectory)" = "$MACHINES/ship" ]
    [ "$(interfaces)" = "1 $(cat /sys/class/net/ve-ship/ifindex)" ]
    unit=$(property ship Unit)
    [[ "$unit" == *ship.scope ]]
    [ "$(systemctl show "$unit" --property=Delegate --value)" = yes ]
    [ "$(systemctl show "$unit" --property=Slice --value)" = machine.slice ]
    [ "$(systemctl show "$unit" --property=DevicePolicy --value)" = closed ]
    [ "$(systemctl show "$unit" --property=MemoryHigh --value)" = 1073741824 ]
    ended_by poweroff
}

@test "--keep-unit registers the service that it runs in" {
    properties=(--property=Delegate=yes --slice=machine.slice)
    nspawn --boot --keep-unit
    eventually guest_up ship

    [ "$(property ship Unit)" = story-ship.service ]
    [ "$(interfaces)" = 0 ]
    grep -q 'machine.slice/story-ship.service/' "/proc/$(property ship Leader)/cgroup"
    ended_by poweroff
}

@test "--private-users has a user namespace" {
    nspawn --boot -U
    eventually guest_up ship

    read -r inner outer range <"/proc/$(property ship Leader)/uid_map"
    [ "$inner $range" = "0 65536" ]
    [ "$outer" -ge 524288 ]
    [ "$(in_guest ship id -u)" = 0 ]
    [[ "$(manager GetMachineOSRelease s ship)" == *'"ID" "debian"'* ]]
    ended_by poweroff
    chown -R --no-dereference 0:0 "$MACHINES/ship" # where nothing could be mapped, nspawn did it itself
}

@test "--private-network has no interface, and no address" {
    nspawn --boot --private-network
    eventually guest_up ship

    [ "$(interfaces)" = 0 ]
    [ "$(manager GetMachineAddresses s ship)" = "a(iay) 0" ]
    ended_by poweroff
}

@test "in the host's network, it has none of its own" {
    nspawn --boot
    eventually guest_up ship

    [ "$(interfaces)" = 0 ]
    [ "$(error_of GetMachineAddresses "'ship'")" = org.freedesktop.machine1.NoPrivateNetworking ]
    ended_by poweroff
}

@test "--network-bridge names the bridge" {
    ip link add story-br type bridge
    nspawn --boot --network-bridge=story-br
    eventually guest_up ship

    [ -e /sys/class/net/vb-ship/brport ]
    [ "$(interfaces)" = "1 $(cat /sys/class/net/story-br/ifindex)" ]
    ended_by poweroff
}

@test "a command instead of a system, ended by a signal to its leader" {
    nspawn --as-pid2 sleep infinity

    leader=$(property ship Leader)
    [ "$(machinectl show ship --property=State --value)" = running ]
    [ "$(manager GetMachineByPID u "$leader")" = "$(manager GetMachine s ship)" ]
    refused systemctl -M ship is-system-running
    ended_by leader_signal 9
}

@test "a command that ends by itself" {
    mkfifo "$MACHINES/ship/go-on"
    nspawn --pipe sh -c 'read line </go-on'
    ended_by go_on
    rm "$MACHINES/ship/go-on"
}

go_on() {
    echo >"$MACHINES/ship/go-on"
}

@test "--ephemeral is a machine of its own copy" {
    nspawn --boot --ephemeral
    eventually guest_up ship

    root=$(property ship RootDirectory)
    [ "$root" != "$MACHINES/ship" ]
    in_guest ship rm /here
    ended_by poweroff
    [ -e "$MACHINES/ship/here" ]
    [ ! -e "$root" ]
}

@test "--register=no is no machine" {
    systemd-run --quiet --collect --unit=story-ship \
        systemd-nspawn --quiet --machine=ship --link-journal=no --register=no sleep infinity
    eventually nspawn_has_payload

    refused machine_listed ship
    [ "$(error_of GetMachine "'ship'")" = org.freedesktop.machine1.NoSuchMachine ]
}

nspawn_has_payload() {
    pgrep --full '^sleep infinity' >/dev/null
}

@test "a second one of the same name is refused, and the first one stays" {
    nspawn --as-pid2 sleep infinity
    leader=$(property ship Leader)

    guest_make other
    run ! systemd-nspawn --quiet --machine=ship --directory="$MACHINES/other" --link-journal=no true
    guest_remove other
    [ "$(property ship Leader)" = "$leader" ]
    ended_by leader_signal 9
}

@test "unregistered, it goes on, and ends without being missed" {
    nspawn --as-pid2 sleep infinity
    leader=$(property ship Leader)
    manager UnregisterMachine s ship

    refused machine_listed ship
    kill -0 "$leader"
    kill -KILL "$leader"
    eventually refused unit_active story-ship.service
}
