#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Machines of berth-run with users of their own: Debian boots in one, all that berthd does with
# others it does with these, and on the disk their files look as they did.

load helper

NAME=shifted
SMALL=shifted-small
UNIT=berth@$NAME.service

# own_users NAME OPTION…: has the machine's unit start it with further options.
own_users() {
    local start directory=/run/systemd/system/berth@$1.service.d

    start=$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/berth@.service)
    mkdir -p "$directory"
    printf '[Service]\nExecStart=\nExecStart=%s %s\n' "$start" "${*:2}" >"$directory/users.conf"
    systemctl daemon-reload
}

setup_file() {
    story_begin
    guest_make $NAME
    busybox_make $SMALL
    own_users $NAME -U
    own_users $SMALL -U --time-offset=boottime:1000000000
    systemctl start $UNIT berth@$SMALL.service
}

teardown_file() {
    systemctl stop $UNIT berth@$SMALL.service
    eventually refused machine_listed $NAME
    eventually refused machine_listed $SMALL
    guest_remove $NAME
    guest_remove $SMALL
    rm -r /run/systemd/system/berth@{$NAME,$SMALL}.service.d
    systemctl daemon-reload
    story_end
}

shift_of() {
    awk '{ print $2 }' "/proc/$(property "$1" Leader)/uid_map"
}

@test "Debian boots, whole" {
    [ "$(systemctl --machine=$NAME is-system-running --wait)" = running ]
    [ -z "$(systemctl --machine=$NAME --failed --plain --no-legend)" ]
    [ "$(shift_of $NAME)" -ge $((0x80000)) ]
    [ "$(in_guest $NAME systemd-detect-virt --private-users && echo yes)" = yes ]
}

@test "two machines have different users, and both are known by name" {
    [ "$(shift_of $NAME)" != "$(shift_of $SMALL)" ]
    [ "$(manager GetMachineUIDShift s $NAME)" = "u $(shift_of $NAME)" ]
    [ "$(ps -o user:32= -p "$(property $NAME Leader)")" = vu-$NAME-0 ]
    [ "$(stat -c %U "/proc/$(property $SMALL Leader)")" = vu-$SMALL-0 ]
}

@test "programs run in both, as their users" {
    [ "$(berthctl exec $NAME -- id -u)" = 0 ]
    [ "$(berthctl exec --user=daemon $NAME -- id -un)" = daemon ]
    [ "$(berthctl exec $SMALL -- cat /proc/self/uid_map | awk '{ print $2 }')" = "$(shift_of $SMALL)" ]
    [ "$(in_guest $NAME id -un)" = root ]
    with_terminal berthctl shell $NAME /bin/id | grep -q '^uid=0(root)'
}

@test "who enters has its clocks" {
    [ "$(berthctl exec $SMALL -- cut -d. -f1 /proc/uptime)" -gt 1000000000 ]
    [ "$(berthctl exec $NAME -- cut -d. -f1 /proc/uptime)" -lt 1000000000 ]
}

@test "what it is, is read" {
    manager GetMachineOSRelease s $NAME | grep -q Debian
    berthctl status $NAME | grep -q 'Debian GNU/Linux'
    eventually sh -c "busctl call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.freedesktop.machine1.Manager GetMachineAddresses s $NAME | grep -q '^a(iay) [1-9]'"
}

@test "files go in and come out" {
    cd "$BATS_TEST_TMPDIR"
    echo "for the guest" >file
    berthctl copy-to $NAME file /srv/file
    [ "$(berthctl exec $NAME -- stat -c %u /srv/file)" = 0 ]
    [ "$(stat -c %u $MACHINES/$NAME/srv/file)" = 0 ]
    berthctl copy-from $NAME /srv/file back
    cmp file back
    [ "$(stat -c %u back)" = 0 ]
}

@test "its journal is part of the host's" {
    in_guest $NAME sh -c 'echo said inside | systemd-cat'
    in_guest $NAME journalctl --sync
    eventually sh -c "journalctl --merge --output=cat _HOSTNAME=$NAME | grep -qx 'said inside'"
    journalctl --machine=$NAME --output=cat | grep -qx 'said inside'
    berthctl logs $NAME | grep -q 'said inside'
}

@test "its link is wired, and its own" {
    ip -oneline -4 addr show dev ve-$NAME scope global | grep -q inet
    berthctl exec $NAME -- ip link show dev host0 | grep -q 'state UP'
    berthctl exec $NAME -- ip link set dev host0 mtu 1400
    berthctl exec $NAME -- ip -oneline -4 addr show dev host0 scope global | grep -q inet
}

@test "services inside may be sandboxed" {
    systemd-run --quiet --machine=$NAME --wait --pipe --property=PrivateDevices=yes \
        --property=PrivateTmp=yes --property=ProtectSystem=strict --property=PrivateNetwork=yes \
        test -c /dev/null
}

@test "root inside has no rights over the host's files" {
    echo secret >"$BATS_FILE_TMPDIR/secret"
    chmod 600 "$BATS_FILE_TMPDIR/secret"
    chmod 755 "$BATS_FILE_TMPDIR"
    run ! systemd-run --quiet --pipe --wait --collect --setenv=SYSTEMD_NSPAWN_LOCK=0 \
        berth-run -q -D $MACHINES/$SMALL -M other \
        --register=no -U --bind="$BATS_FILE_TMPDIR:/mnt" cat /mnt/secret
    [[ "$output" == *"ermission denied"* ]]
    refused berthctl exec $NAME -- mknod /dev/disk b 8 0
    refused berthctl exec $NAME -- umount /run
    refused berthctl exec $NAME -- mount -o remount,bind,rw /run/host
}

# The same pool, the same rule, the same locks: were it not so, both would have $NAME's first choice.
# What else is one machine's of that name, it must not see.
@test "nspawn picks others" {
    guest_make other
    systemd-run --quiet --unit=story-other --property=TemporaryFileSystem=/run/systemd/nspawn \
        systemd-nspawn --quiet --directory=$MACHINES/other \
        --machine=$NAME --register=no --keep-unit -U sleep infinity
    eventually nspawn_runs
    [ "$(nspawn_shift)" != "$(shift_of $NAME)" ]
    systemctl stop story-other.service || true
    systemctl reset-failed story-other.service 2>/dev/null || true
    eventually refused unit_active story-other.service
    guest_remove other
}

nspawn_shift() {
    awk '$1 == 0 && $3 == 65536 { print $2 }' "/proc/$(pgrep --full --newest '^sleep infinity')/uid_map"
}

nspawn_runs() {
    [ -n "$(nspawn_shift 2>/dev/null)" ]
}

@test "a reboot inside keeps its users" {
    before=$(shift_of $NAME)
    was=$(property $NAME Leader)
    systemctl --machine=$NAME reboot || true
    eventually leader_changed "$was"
    eventually guest_up $NAME
    [ "$(shift_of $NAME)" = "$before" ]
}

leader_changed() {
    local now

    now=$(property $NAME Leader 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$1" ]
}

@test "it powers off in peace, and its files are as before" {
    systemctl --machine=$NAME poweroff || true
    eventually refused unit_active $UNIT
    [ "$(systemctl show $UNIT --property=Result --value)" = success ]
    [ -z "$(find $MACHINES/$NAME -xdev -uid +65535 -print -quit)" ]
}
