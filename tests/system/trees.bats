#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Who may have a tree: berth-run, Debian's systemd-nspawn and Debian's machined keep off each other's. And
# the host's own, which guests may have that keep nothing.

load helper

NAME=shared
TREE=$MACHINES/$NAME

setup_file() {
    story_begin
    busybox_make $NAME
}

teardown_file() {
    rm -rf --one-file-system $TREE
    story_end
}

teardown() {
    # One at a time: since 262, none is stopped if one of them is not there.
    for unit in ours theirs twin twin-{1,2}; do
        systemctl stop $unit 2>/dev/null || true
    done
}

# runs UNIT PROGRAM OPTION…: the tree, by one of the two.
runs() {
    local unit=$1
    shift

    systemd-run --quiet --collect --unit="$unit" --property=Type=notify --property=Delegate=yes \
        --property=KillMode=mixed "$@" --quiet --keep-unit --register=no --console=passive \
        --directory=$TREE --machine="$unit" /bin/sh -c 'exec sleep 1000'
}

# refuses UNIT PROGRAM OPTION…: and says why.
refuses() {
    refused runs "$@"
    eventually sh -c "journalctl --sync && journalctl --unit=$1 --output=cat --since=-1min | grep -E \
        '(Directory tree $TREE is currently busy|step lock .$TREE.: Tree is in use already)'"
}

@test "nspawn keeps off what berth may write to" {
    runs ours berth-run
    refuses theirs systemd-nspawn
    refuses theirs systemd-nspawn --read-only
}

@test "berth keeps off what nspawn may write to" {
    runs theirs systemd-nspawn
    refuses ours berth-run
    refuses ours berth-run --read-only
    refuses ours berth-run --ephemeral
}

@test "who only reads shares a tree, and keeps off who writes" {
    runs ours berth-run --ephemeral
    runs theirs systemd-nspawn --volatile=overlay
    systemctl stop theirs
    refuses theirs systemd-nspawn
    systemctl stop ours
    runs theirs systemd-nspawn --read-only
    runs ours berth-run --read-only
    systemctl stop ours
    refuses ours berth-run
}

@test "machined neither removes nor renames a tree that berth runs" {
    systemctl --quiet disable --now berthd.service # machined is the provider then
    for option in --private-network --ephemeral; do
        runs ours berth-run $option
        refused machinectl remove $NAME
        refused machinectl rename $NAME other
        [ -d $TREE/bin ]
        systemctl stop ours
    done
    machinectl rename $NAME other
    machinectl rename other $NAME
    systemctl --quiet enable --now berthd.service
}

@test "nothing is left of locks" {
    runs ours berth-run
    [ -e $MACHINES/.#$NAME.lck ]
    [ -e "/run/systemd/nspawn/locks/$(stat -c inode-%d:%i $TREE)" ]
    systemctl stop ours
    [ ! -e $MACHINES/.#$NAME.lck ]
    [ ! -e "/run/systemd/nspawn/locks/$(stat -c inode-%d:%i $TREE)" ]
}

# What is the administrator's, and what is mounted.
host() {
    find /etc /usr /root /srv /boot /opt -xdev -printf '%p %y %m %u %s %T@ %l\n' | sort
    ls -a /
    findmnt -rno TARGET,SOURCE,FSTYPE,OPTIONS | sort
}

# twin OPTION…: boots the host's own tree; not into what the test itself runs in.
twin() {
    systemd-run --quiet --collect --unit=twin --property=Type=notify --property=Delegate=yes \
        --property=KillMode=mixed berth-run --quiet --keep-unit --console=passive --private-network \
        --notify-ready=yes --machine=twin "$@" -bD/ systemd.unit=multi-user.target
}

# of_host OPTION… COMMAND…: a command in the host's own tree.
of_host() {
    berth-run --quiet --private-network --console=pipe --machine=twin --directory=/ "$@"
}

in_twin() {
    systemd-run --quiet --wait --pipe --collect --machine=twin "$@"
}

@test "the host's own system boots as a guest, and the host is unharmed" {
    host >"$BATS_TEST_TMPDIR/before"
    twin --ephemeral
    machine_listed twin
    in_twin systemctl is-active systemd-journald.service
    [ "$(in_twin cat /etc/machine-id)" = "$(machinectl show twin --property=Id --value)" ]
    [ "$(in_twin cat /etc/machine-id)" != "$(cat /etc/machine-id)" ]
    in_twin sh -c 'rm /etc/fstab /etc/hostname; echo x >>/etc/passwd; touch /usr/new /root/new /srv/new'
    refused in_twin test -e /run/berth-host
    refused in_twin test -e /run/systemd/machines/twin
    machinectl poweroff twin
    eventually refused machine_listed twin
    eventually refused unit_active twin
    host | diff "$BATS_TEST_TMPDIR/before" -
}

@test "root of such a guest does not reach the host's tree, however it is mounted" {
    host >"$BATS_TEST_TMPDIR/before"
    for option in --ephemeral --volatile={overlay,state,yes} "--ephemeral --read-only"; do
        # shellcheck disable=SC2086 # options
        run of_host $option /bin/sh -c '
            mount -o remount,rw /; mount -o remount,bind,rw /; mount -o remount,bind,rw /usr
            mount --make-rshared /; umount -l /usr
            for d in / /etc /usr /root /proc/1/root/etc; do touch $d/new; rm -f $d/passwd; done
            rm -f /usr/bin/berthctl; setfattr -n user.x -v x /etc/hostname; chmod 0 /etc /root /usr
            ls -a /run /tmp; echo done'
        [[ $output == *done ]]
        [[ $output != *berth-host* ]]
        host | diff "$BATS_TEST_TMPDIR/before" -
    done
}

@test "what is bound from the host's own tree is none of its own" {
    run ! of_host -x --bind=+/etc:/mnt true
    [[ $output == *"step sources (+/etc): Path leads out"* ]]
    mkdir $TREE/host
    mount --bind / $TREE/host
    run ! of_host --directory=$TREE/host true
    [[ $output == *"step root"*busy* ]]
    run -0 of_host --directory=$TREE/host -x sh -c 'touch /etc/new; ls /run'
    umount $TREE/host
    rmdir $TREE/host
    [ ! -e /etc/new ]
    [[ $output != *berth* ]]
}

@test "there may be several guests of the host's tree, each with a name of its own" {
    for n in 1 2; do
        systemd-run --quiet --collect --unit=twin-$n --property=Type=notify --property=Delegate=yes \
            berth-run --quiet --keep-unit --console=passive --private-network -xD/ sleep infinity
    done
    [ "$(machinectl list --no-legend | grep -cE "^$(hostname)-[0-9a-f]{16} ")" = 2 ]
}

@test "the host's tree is shown to a guest with users of its own" {
    needs_qemu "a root file system whose owners can be mapped"
    host >"$BATS_TEST_TMPDIR/before"
    run -0 of_host -x --private-users=pick sh -c \
        'stat -c %u /etc/passwd /etc/machine-id; touch /etc/new; mount -o remount,rw /; id -u'
    [ "${lines[0]}${lines[1]}${lines[-1]}" = 000 ]
    host | diff "$BATS_TEST_TMPDIR/before" -
}
