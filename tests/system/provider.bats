# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Who provides machine1, who may call it, and in which cage it lives.

load helper

MACHINE=/run/systemd/machine/io.systemd.Machine

setup() {
    # They are started more often here than sane ones within ten seconds.
    for unit in {berthd,systemd-machined}.{service,socket}; do
        systemctl reset-failed "$unit" 2>/dev/null || true
    done
    systemctl --quiet enable --now berthd.service
}

teardown() {
    [ -z "${leader:-}" ] || leader_kill
    systemctl --quiet enable --now berthd.service
}

# The unit that the owner of the name is in; whoever it is is started for it.
provider() {
    manager ListMachines >/dev/null
    busctl --system status org.freedesktop.machine1 | sed -n 's/^Unit=//p'
}

# Not all machineds have a socket.
is_known() {
    [ "$(systemctl show --property=LoadState --value "$1")" = loaded ]
}

score() {
    systemd-analyze security --no-pager "$1" | sed -n 's/.*Overall exposure level .*: \([0-9.]*\) .*/\1/p'
}

@test "enabled, it is the provider" {
    [ "$(provider)" = berthd.service ]
    refused unit_active systemd-machined.service
    refused unit_active systemd-machined.socket
}

@test "stopped, it is started again by whoever calls" {
    systemctl stop berthd.service
    [ "$(provider)" = berthd.service ]
}

@test "stopped, it is started again by whoever connects over Varlink" {
    systemctl stop berthd.service
    ./varlink $MACHINE io.systemd.Machine.List '{"name":".host"}'
    unit_active berthd.service
    refused unit_active systemd-machined.service
}

@test "who waits while it restarts is served" {
    systemctl restart --no-block berthd.service
    for _ in 1 2 3 4 5; do
        ./varlink $MACHINE io.systemd.Machine.List '{"name":".host"}'
    done
}

@test "stopped, it leaves no sockets but the one that brings it back" {
    systemctl stop berthd.service
    [ -S $MACHINE ]
    [ ! -e /run/systemd/userdb/io.systemd.Machine ]
    [ ! -e /run/systemd/resolve.hook/io.systemd.Machine ]
    unit_active berthd.socket
}

@test "killed, it leaves sockets that its successor replaces" {
    systemctl kill --signal=KILL berthd.service
    eventually ./varlink $MACHINE io.systemd.Machine.List '{"name":".host"}'
    eventually ./varlink /run/systemd/userdb/io.systemd.Machine io.systemd.service.Ping '{}'
    ./varlink /run/systemd/resolve.hook/io.systemd.Machine io.systemd.service.Ping '{}'
}

@test "of two sockets that are wanted at boot, its own is there" {
    systemctl stop sockets.target berthd.socket berthd.service
    ! is_known systemd-machined.socket || systemctl stop systemd-machined.socket
    systemctl start sockets.target
    unit_active berthd.socket
    refused unit_active systemd-machined.socket
}

@test "disabled, nothing of its sockets is left, and machined's are back" {
    systemctl --quiet disable --now berthd.service
    refused unit_active berthd.service
    refused unit_active berthd.socket
    [ ! -e /run/systemd/userdb/io.systemd.Machine ]
    [ ! -e /run/systemd/resolve.hook/io.systemd.Machine ]
    if is_known systemd-machined.socket; then
        eventually unit_active systemd-machined.socket
        ./varlink $MACHINE io.systemd.Machine.List '{"name":".host"}'
        unit_active systemd-machined.service
        refused unit_active berthd.service
    else
        [ ! -e $MACHINE ]
    fi
}

@test "disabled, machined is the provider again" {
    systemctl --quiet disable --now berthd.service
    [ "$(provider)" = systemd-machined.service ]
    refused unit_active berthd.service
}

@test "a machine goes from one to the other and back" {
    leader_start
    machine_create handed "$leader"

    systemctl --quiet disable --now berthd.service
    [ "$(provider)" = systemd-machined.service ]
    [ "$(property handed Leader)" = "$leader" ]

    systemctl --quiet enable --now berthd.service
    [ "$(provider)" = berthd.service ]
    [ "$(property handed Leader)" = "$leader" ]
    [ "$(property handed Unit)" = machine-handed.scope ]

    leader_kill
    eventually refused machine_listed handed
}

@test "a machine that ends while machined provides is not there afterwards" {
    leader_start
    machine_create handed "$leader"
    systemctl --quiet disable --now berthd.service
    [ "$(provider)" = systemd-machined.service ]
    leader_kill

    systemctl --quiet enable --now berthd.service
    [ "$(provider)" = berthd.service ]
    refused machine_listed handed
    [ ! -e /run/systemd/machines/handed ]
    [ ! -e /run/berth/machines/handed ]
}

@test "all may look, and others than root may register if polkit lets them" {
    leader_start
    as_nobody busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.freedesktop.machine1.Manager ListMachines

    for method in CreateMachine RegisterMachine; do
        signature=sayssus arguments=(mine 0 "" container "$leader" "")
        [ $method = RegisterMachine ] || signature+='a(sv)' arguments+=(0)
        run ! as_nobody busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
            org.freedesktop.machine1.Manager $method "$signature" "${arguments[@]}"
        [[ $output == *"nteractive authentication required"* ]]
    done
    refused machine_listed mine
}

@test "others may not end, signal or start a machine unless polkit lets them" {
    leader_start
    machine_create kept "$leader"

    for call in "TerminateMachine s kept" "KillMachine ssi kept leader 9" "UnregisterMachine s kept"; do
        # shellcheck disable=SC2086 # words
        run ! as_nobody busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
            org.freedesktop.machine1.Manager $call
        [[ $output == *"nteractive authentication required"* ]]
    done
    run ! as_nobody busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.berth.Manager1 StartMachine 'sa{sv}' kept 0
    [[ $output == *"nteractive authentication required"* ]]

    leader_runs "$leader"
    machine_listed kept
    leader_kill
    eventually refused machine_listed kept
}

@test "what is not there cannot be started, and leaves no failed unit" {
    run ! busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.berth.Manager1 StartMachine 'sa{sv}' nowhere 0
    [[ $output == *"No such image"* ]]
    refused systemctl is-failed berth@nowhere.service
}

@test "its unit exposes less than machined's" {
    ours=$(score berthd.service) theirs=$(score systemd-machined.service)
    echo "$ours, machined $theirs"
    [ "$(printf '%s\n' "$ours" "$theirs" | sort -g | head -n 1)" = "$ours" ]
    [ "$ours" != "$theirs" ]
}

@test "who is nobody there sees nobody else's processes" {
    systemctl start berthd.service
    enter=(nsenter --target "$(systemctl show --property=MainPID --value berthd.service)" --mount)
    "${enter[@]}" test -d /proc/1
    "${enter[@]}" "${NOBODY[@]}" test -d /proc/self
    refused "${enter[@]}" "${NOBODY[@]}" test -d /proc/1
}
