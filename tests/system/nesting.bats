#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Machines in machines: berth in berth in berth, Debian's nspawn and podman in a guest of
# berth, and several guests of one tree.

load helper

SETTINGS=/etc/systemd/nspawn

setup_file() {
    story_begin
    mkdir -p $SETTINGS
    guest_make one
    nest_guest one two
    nest_guest one/var/lib/machines/two three
    with_our_usr $SETTINGS/one.nspawn
    with_our_usr $MACHINES/one$SETTINGS/two.nspawn
}

teardown_file() {
    for name in one podman; do
        ! machine_listed $name || berthctl terminate $name
        eventually refused unit_active berth@$name.service
        guest_remove $name
    done
    rm -f $SETTINGS/{one,podman}.nspawn
    story_end
}

# nest_guest OUTER NAME: a Debian guest in the tree of another one.
nest_guest() {
    mkdir -p "$MACHINES/$1/var/lib/machines"
    cp -a "$GUEST" "$MACHINES/$1/var/lib/machines/$2"
}

# What runs here runs there, too: both are Debian's, of the same suite.
with_our_usr() {
    mkdir -p "$(dirname "$1")"
    printf '[Files]\nBindReadOnly=/usr\n' >"$1"
}

in_one() {
    berthctl exec one -- "$@"
}

in_two() {
    in_one berthctl exec two -- "$@"
}

in_three() {
    in_two berthctl exec three -- "$@"
}

@test "a guest in a guest in a guest" {
    berthctl start one
    in_one systemctl start berthd
    in_one berthctl start two
    in_two systemctl start berthd
    in_two berthctl start three
    [ "$(in_two systemctl --machine=three is-system-running --wait)" = running ]
    [ "$(in_three cat /proc/sys/kernel/hostname)" = three ]
    in_two berthctl list --no-legend | grep -q '^three .*berth-run'
}

@test "the innermost has all that a guest is owed" {
    run -0 in_two berthctl check three
    [[ "${lines[-1]}" == *" 0 failed, "*" 0 unknown." ]]
}

@test "it reaches the host, and its log is in that of the one around it" {
    host=$(ip -oneline -4 addr show dev ve-one scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
    in_three ping -c 1 -W 5 "$host"
    in_three sh -c 'echo said by three >/dev/console'
    eventually in_two sh -c 'berthctl logs --console --no-pager three | grep -q "said by three"'
}

@test "the inner ones shut down with the outermost" {
    run -0 berthctl stop one
    [ "$output" = "Machine 'one' has shut down." ]
    for name in one one/var/lib/machines/two; do
        journalctl --directory="$MACHINES/$name/var/log/journal" --output=cat | grep -q 'Stopped berth@'
    done
}

@test "Debian's nspawn in a guest of berth" {
    berthctl start one
    in_one systemctl start berthd
    in_one systemctl start systemd-nspawn@two.service
    in_one berthctl list --no-legend | grep -q '^two .*systemd-nspawn'
    eventually in_one sh -c 'systemctl --machine=two is-system-running | grep -qE "running|degraded"'
    in_one systemctl stop systemd-nspawn@two.service
    berthctl stop one
}

# twin NAME: a guest that is booted from the tree of one, and changes nothing in it.
twin() {
    systemd-run --quiet --unit="story-$1" --property=Type=notify --property=Delegate=yes \
        --property=KillMode=mixed berth-run --quiet --keep-unit --boot --console=passive --notify-ready=yes \
        --private-network --directory=$MACHINES/one --machine="$1" --ephemeral
    systemd-run --quiet --wait --machine="$1" sh -c "echo $1 >/etc/who"
}

@test "two guests from one tree at once" {
    twin left
    twin right
    for name in left right; do
        [ "$(cat "$(inside $name /etc/who)")" = $name ]
    done
    for name in left right; do
        systemctl stop story-$name.service
        eventually refused machine_listed $name
    done
    [ ! -e $MACHINES/one/etc/who ]
}

@test "podman with crun in a guest of berth" {
    tree=/var/lib/berth-host/podman
    [ -d $tree ] || skip "only the container host of bookworm has a tree with podman"
    cp -a $tree $MACHINES/podman
    MACHINES=$MACHINES/podman/srv busybox_make small
    printf '[Exec]\nPrivateUsers=pick\n' >$SETTINGS/podman.nspawn
    berthctl start podman
    # There are no controllers in container hosts.
    run -0 berthctl exec podman -- podman --runtime=crun run --rm --pids-limit=0 --rootfs /srv/small \
        /bin/sh -c 'echo $$; ip -oneline addr show dev eth0'
    [ "${lines[0]}" = 1 ]
    [[ "$output" == *"inet 10.88."* ]]
    berthctl stop podman
}
