#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The sshd of a guest, which its systemd-ssh-generator has listen in /run/host/unix-export, and ssh
# on the host, which systemd-ssh-proxy brings there.

load helper

NAME=keeper
UNIT=berth@$NAME.service
EXPORT=/run/systemd/nspawn/$NAME/unix-export

has_sshd() {
    [ -x $GUEST/usr/sbin/sshd ]
}

setup_file() {
    has_sshd || return 0
    story_begin
    guest_make $NAME
    ssh-keygen -q -t ed25519 -N '' -f "$BATS_FILE_TMPDIR/key"
    ssh-keygen -q -t ed25519 -N '' -f "$BATS_FILE_TMPDIR/other"
    unit_adds $NAME --private-users=pick \
        --load-credential=ssh.authorized_keys.root:"$BATS_FILE_TMPDIR/key.pub"
    berthctl start $NAME
}

teardown_file() {
    has_sshd || return 0
    systemctl stop $UNIT 2>/dev/null || true
    systemctl reset-failed $UNIT 2>/dev/null || true
    unit_plain $NAME
    eventually refused unit_active $UNIT
    guest_remove $NAME
    story_end
}

setup() {
    has_sshd || skip "only forky's guests have an sshd"
}

# ssh_with KEY ARGUMENT…: with no other key, and never asking. Who looks for machines would ask a
# manager of the user's first, which there is not: that would be found below $XDG_RUNTIME_DIR.
ssh_with() {
    local key=$BATS_FILE_TMPDIR/$1
    shift

    XDG_RUNTIME_DIR=/run SYSTEMD_LOG_TARGET=console \
        ssh -o BatchMode=yes -o IdentitiesOnly=yes -i "$key" "$@" </dev/null
}

@test "who has the key is root in the guest" {
    eventually test -S $EXPORT/ssh
    run -7 --separate-stderr ssh_with key unix$EXPORT/ssh 'cat /etc/machine-id; id -u; cat; exit 7'
    [ "${lines[0]}" = "$(cat $MACHINES/$NAME/etc/machine-id)" ]
    [ "${lines[1]}" = 0 ]
    run -0 --separate-stderr ssh_with key unix$EXPORT/ssh readlink /proc/self/ns/user
    [ "$output" = "$(readlink "/proc/$(property $NAME Leader)/ns/user")" ]
    [ "$output" != "$(readlink /proc/self/ns/user)" ]
}

@test "who has another key is nobody there" {
    run -255 ssh_with other unix$EXPORT/ssh true
    [[ $output == *"Permission denied"* ]]
}

@test "the Container Interface has it" {
    found=$(berthctl check --no-legend --no-pager $NAME | awk '$2 == "pass" { printf "%s ", $1 }')
    [[ " $found" == *" 35 36 "* ]]
}

@test "a machine of nspawn's is found by its name, which berthd tells, and berth-run's by the path" {
    nspawn_start theirs
    mkdir -p "$MACHINES/theirs/root/.ssh"
    cp "$BATS_FILE_TMPDIR/key.pub" "$MACHINES/theirs/root/.ssh/authorized_keys"
    chown -R --reference="$MACHINES/theirs/root" "$MACHINES/theirs/root/.ssh"
    eventually test -S /run/systemd/nspawn/theirs/unix-export/ssh
    theirs=$(ssh_with key machine/theirs cat /etc/machine-id) || true
    nspawn_stop theirs
    [ "$theirs" = "$(cat "$BATS_FILE_TMPDIR/theirs.id")" ]
    run -255 ssh_with key machine/$NAME true
    [[ $output == *"Don't know how to SSH into 'berth-run' container $NAME"* ]]
}

@test "a guest that is switched off over it is gone, and its socket" {
    ssh_with key unix$EXPORT/ssh systemctl poweroff || true # which may be quicker than its answer
    eventually refused unit_active $UNIT
    [ "$(systemctl show -P Result $UNIT)" = success ]
    [ ! -e ${EXPORT%/*} ]
    run -255 ssh_with key unix$EXPORT/ssh true
    [[ $output == *"$EXPORT/ssh: No such file or directory"* ]]
}
