#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Who may have a tree: berth-run, Debian's systemd-nspawn and Debian's machined keep off each other's.

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
    for unit in ours theirs; do
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
    systemctl start systemd-machined # in berthd's place
    for option in --private-network --ephemeral; do
        runs ours berth-run $option
        refused machinectl remove $NAME
        refused machinectl rename $NAME other
        [ -d $TREE/bin ]
        systemctl stop ours
    done
    machinectl rename $NAME other
    machinectl rename other $NAME
    systemctl start berthd
}

@test "nothing is left of locks" {
    runs ours berth-run
    [ -e $MACHINES/.#$NAME.lck ]
    [ -e "/run/systemd/nspawn/locks/$(stat -c inode-%d:%i $TREE)" ]
    systemctl stop ours
    [ ! -e $MACHINES/.#$NAME.lck ]
    [ ! -e "/run/systemd/nspawn/locks/$(stat -c inode-%d:%i $TREE)" ]
}
