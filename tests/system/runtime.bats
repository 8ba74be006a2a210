#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# berth-run on a host that systemd runs: in its unit, registered, and by itself.

load helper

NAME=runtime
UNIT=berth@$NAME.service
CONSOLE=/var/log/berth/$NAME.console

setup_file() {
    story_begin
    guest_make $NAME
}

# Its journal stays linked, as long as it may start again.
teardown_file() {
    local id

    id=$(cat $MACHINES/$NAME/etc/machine-id)
    rm -f "/var/log/journal/${id:-none}"
    guest_remove $NAME
    story_end
}

teardown() {
    systemctl stop $UNIT
    systemctl reset-failed $UNIT 2>/dev/null || true
    eventually refused machine_listed $NAME
}

unit_property() {
    systemctl show --property="$2" --value "$1"
}

inside() {
    systemd-run --quiet --machine=$NAME --wait --pipe --collect "$@"
}

leader() {
    property $NAME Leader
}

leader_is_not() {
    local now

    now=$(leader 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$1" ]
}

run_tree() {
    berth-run --quiet --directory=$MACHINES/$NAME --machine=$NAME "$@"
}

@test "the unit is active when its guest is ready" {
    systemctl start $UNIT
    machine_listed $NAME
    [ "$(systemctl --machine=$NAME is-system-running --wait)" = running ]
    [ "$(unit_property $UNIT StatusText)" = "Container running: Ready." ]
    [ "$(property $NAME Unit)" = $UNIT ]
    [ "$(property $NAME RootDirectory)" = $MACHINES/$NAME ]
    [ "$(property $NAME Service)" = berth-run ]
}

@test "leader and supervisor are in their own halves of the unit" {
    systemctl start $UNIT
    grep -qx "0::/machine.slice/$UNIT/payload/init.scope" "/proc/$(leader)/cgroup"
    grep -qx "0::/machine.slice/$UNIT/supervisor" "/proc/$(unit_property $UNIT MainPID)/cgroup"
    inside grep -q '^0::/system.slice/' /proc/self/cgroup
}

@test "a guest finds what the Container Interface promises" {
    systemctl start $UNIT
    [ -z "$(systemctl --machine=$NAME --failed --plain --no-legend)" ]
    [ "$(inside systemd-detect-virt)" = container-other ]
    [ "$(inside cat /run/host/container-manager)" = berth ]
    [ "$(inside cat /run/systemd/container)" = berth ]
    [ "$(inside cat /run/host/container-uuid | tr -d -)" = "$(inside cat /etc/machine-id)" ]
    [ "$(inside readlink -f /dev/console)" = /dev/pts/0 ]
    run ! inside touch /sys/berth /proc/sys/kernel/hostname /run/host/berth
    run ! systemctl --machine=$NAME is-active systemd-udevd.service
}

@test "services inside may be sandboxed" {
    systemctl start $UNIT
    inside --property=PrivateDevices=yes --property=PrivateTmp=yes --property=ProtectSystem=strict \
        --property=PrivateNetwork=yes test -c /dev/null
}

@test "devices beyond the policy cannot be made" {
    systemctl start $UNIT
    inside sh -c 'mknod /dev/berth c 1 3 && echo >/dev/berth'
    run ! inside mknod /dev/disk b 8 0
    run ! inside mknod /dev/memory c 1 1
}

@test "its console is kept in a file, and not in the host's journal as well" {
    systemctl start $UNIT
    inside sh -c 'echo said on the console >/dev/console'
    eventually grep -q 'said on the console' "$CONSOLE"
    [ "$(stat -c %a:%U "$CONSOLE")" = 640:root ]
    journalctl --sync
    run ! sh -c "journalctl --unit=$UNIT --output=cat | grep -q 'said on the console'"
}

@test "a reboot inside starts the unit anew, under the same name" {
    systemctl start $UNIT
    before=$(leader)
    systemctl --machine=$NAME reboot || true
    eventually leader_is_not "$before"
    eventually unit_active $UNIT
    [ "$(unit_property $UNIT NRestarts)" = 1 ]
    machine_listed $NAME
}

@test "a power-off inside ends the unit in peace" {
    systemctl start $UNIT
    systemctl --machine=$NAME poweroff || true
    eventually refused unit_active $UNIT
    eventually test "$(unit_property $UNIT Result)" = success
    eventually refused machine_listed $NAME
}

@test "stopping the unit shuts its guest down" {
    systemctl start $UNIT
    systemctl stop $UNIT
    [ "$(unit_property $UNIT Result)" = success ]
    sed -n '/: started ---$/h; /: started ---$/!H; ${x;p}' "$CONSOLE" >"$BATS_TEST_TMPDIR/last"
    grep -q 'Reached target.*shutdown.target' "$BATS_TEST_TMPDIR/last"
    tail -n 1 "$BATS_TEST_TMPDIR/last" | grep -E '^--- 20[^ ]*Z: (powered off|ended, exit status 0) ---$'
}

@test "a killed supervisor takes its guest along" {
    systemctl start $UNIT
    before=$(leader)
    kill -KILL "$(unit_property $UNIT MainPID)"
    eventually refused kill -0 "$before"
    eventually refused unit_active $UNIT
}

@test "a guest without an init system is not booted" {
    mkdir $MACHINES/hollow
    run ! systemctl start berth@hollow.service
    journalctl --unit=berth@hollow.service --output=cat | grep -q "step system (/etc/os-release)"
    systemctl reset-failed berth@hollow.service
    rmdir $MACHINES/hollow
}

@test "without a unit a machine gets a scope, with the properties asked for" {
    berth-run --quiet --directory=$MACHINES/$NAME --machine=$NAME --property=TasksMax=77 \
        --property=Description=Hello --slice=system.slice sleep infinity 3>&- &
    supervisor=$!
    eventually machine_listed $NAME
    eventually unit_active machine-$NAME.scope
    [ "$(unit_property machine-$NAME.scope TasksMax)" = 77 ]
    [ "$(unit_property machine-$NAME.scope Description)" = Hello ]
    [ "$(unit_property machine-$NAME.scope Slice)" = system.slice ]
    [ "$(unit_property machine-$NAME.scope Delegate)" = yes ]
    [ "$(unit_property machine-$NAME.scope DevicePolicy)" = closed ]

    run run_tree true
    [ "$status" = 1 ]
    [[ $output == *"Machine exists already"* ]]
    machine_listed $NAME

    kill -KILL $supervisor
    wait $supervisor || true
}

@test "a machine sees its scope as the root of control groups" {
    [ "$(run_tree grep -h ^0:: /proc/self/cgroup)" = 0::/ ]
    run_tree mkdir /sys/fs/cgroup/below
}

@test "the exit status of a command is handed on" {
    run run_tree sh -c 'exit 7'
    [ "$status" = 7 ]
    run_tree --pipe cat <<<'through the pipe' | grep -qx 'through the pipe'
}

@test "unregistered, systemd still makes the scope" {
    run_as_service() {
        systemd-run --quiet --pipe --wait --collect --unit=story-plain "$@"
    }

    alone=(berth-run -q -D $MACHINES/$NAME -M alone --register=no)
    [ "$(run_as_service "${alone[@]}" grep -h ^0:: /proc/self/cgroup)" = 0::/ ]
    systemd-run --quiet --collect --unit=story-plain-too "${alone[@]}" sleep infinity
    eventually unit_active machine-alone.scope
    refused machine_listed alone
    systemctl stop story-plain-too.service
    eventually refused unit_active machine-alone.scope
}

@test "in a unit whose tree is delegated, no scope is asked for" {
    systemd-run --quiet --collect --unit=story-delegated --property=Delegate=yes \
        berth-run -q -D $MACHINES/$NAME -M alone --register=no sleep infinity
    eventually test -d /sys/fs/cgroup/system.slice/story-delegated.service/machine-alone.scope
    refused unit_active machine-alone.scope
    systemctl stop story-delegated.service
}

@test "a reboot without a unit, again and again, finds its name free" {
    for _ in 1 2 3 4 5 6 7 8; do
        run_tree true
    done

    printf '%s\n' '#!/bin/sh' 'n=$(cat /count); echo $((n - 1)) >/count; [ $n -le 0 ] || exec reboot -ff' \
        >$MACHINES/$NAME/again
    chmod +x $MACHINES/$NAME/again
    echo 5 >$MACHINES/$NAME/count
    run_tree /again
    [ "$(cat $MACHINES/$NAME/count)" = -1 ]
}
