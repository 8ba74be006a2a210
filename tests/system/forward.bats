#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A guest's journald that sends what it writes down to the host, as journald does from systemd 256
# on, and the host's systemd-journal-remote, which writes it into a journal there.

load helper

NAME=forward
UNIT=berth@$NAME.service

setup_file() {
    story_begin
    guest_make $NAME
}

teardown_file() {
    guest_remove $NAME
    story_end
}

setup() {
    place=$BATS_TEST_TMPDIR/journals
    file=$place/remote-$NAME.journal
}

teardown() {
    systemctl stop $UNIT 2>/dev/null || true
    systemctl reset-failed $UNIT 2>/dev/null || true
    unit_plain $NAME
    eventually refused writer
}

# unit_has LINE: beside what it starts.
unit_has() {
    echo "$1" >>/run/systemd/system/$UNIT.d/options.conf
    systemctl daemon-reload
}

# Guest and host are of one suite: 252's journald forwards nothing, and its systemd-journal-remote
# keeps no limits.
forwards() {
    [ "$BERTH_HOST_SUITE" != bookworm ]
}

# writer: the process that writes the journal.
writer() {
    pgrep --full 'systemd-journal-remote --output='
}

say() {
    in_guest $NAME logger --tag story "$1"
}

# written TEXT [FIELD=VALUE…]: it is in the journal on the host.
written() {
    local text=$1
    shift

    journalctl --quiet --file="$file" --output=cat "$@" | grep -Fqx -- "$text"
}

@test "what a guest logs is in a journal of the host, from one start to the next" {
    forwards || skip "this journald does not forward"
    unit_adds $NAME --forward-journal="$place"
    berthctl start $NAME
    for i in 1 2; do
        say "said to the host, $i"
        eventually written "said to the host, $i" _MACHINE_ID="$(cat $MACHINES/$NAME/etc/machine-id)" \
            SYSLOG_IDENTIFIER=story
        [[ $(cat "/proc/$(writer)/cgroup") == *"/$UNIT/supervisor" ]]
        before=$(writer)
        [ $i = 2 ] || berthctl reboot $NAME
        [ $i = 1 ] || berthctl stop $NAME
        eventually refused kill -0 "$before"
        [ $i = 2 ] || eventually guest_up $NAME
    done
    eventually refused unit_active $UNIT
    refused writer
    written "said to the host, 1"
    [ "$(ls "$place")" = "${file##*/}" ]
    [ "$(journalctl --quiet --file="$file" --field=_BOOT_ID | wc -l)" = 2 ]
}

@test "the limits are those of what writes it, for a guest with users of its own, too" {
    forwards || skip "this journald does not forward"
    unit_adds $NAME --private-users=pick --forward-journal="$file" --forward-journal-max-file-size=1M \
        --forward-journal-max-use=3M --forward-journal-keep-free=1M --forward-journal-max-files=3
    mkdir "$place"
    berthctl start $NAME
    in_guest $NAME sh -c 'head -c 6000000 /dev/urandom | base64 --wrap=1000 | logger --tag many'
    say "the last one"
    eventually written "the last one"
    [ "$(ls "$place" | wc -l)" = 3 ]
    [ "$(du --apparent-size --block-size=1 "$place"/* | awk '{ n += $1 } END { print n }')" -le 3145728 ]
}

@test "a supervisor that is killed takes the writer along, and the next goes on" {
    forwards || skip "this journald does not forward"
    unit_adds $NAME --forward-journal="$file"
    unit_has KillMode=process # then systemd ends nobody else
    mkdir "$place"
    berthctl start $NAME
    say "before it was killed"
    eventually written "before it was killed"
    systemctl kill --kill-whom=main --signal=SIGKILL $UNIT
    eventually refused writer
    eventually refused machine_listed $NAME
    eventually refused unit_active $UNIT
    refused test -e /run/systemd/nspawn/$NAME
    written "before it was killed"

    systemctl reset-failed $UNIT
    berthctl start $NAME
    say "after it was killed"
    eventually written "after it was killed"
    journalctl --quiet --directory="$place" --output=cat | grep -Fqx "before it was killed"
}

@test "a journald that does not forward leaves the journal empty, and nothing else is amiss" {
    ! forwards || skip "this journald forwards"
    unit_adds $NAME --forward-journal="$place"
    berthctl start $NAME
    say "said to itself"
    eventually sh -c "berthctl logs $NAME --output=cat | grep -Fqx 'said to itself'"
    writer
    run -0 journalctl --quiet --file="$file" --output=cat
    [ "$output" = "" ]
    berthctl stop $NAME
    eventually refused unit_active $UNIT
    [ "$(systemctl show -P Result $UNIT)" = success ]
}

@test "a systemd-journal-remote that keeps no limits is not given any" {
    ! forwards || skip "this one keeps them"
    unit_adds $NAME --forward-journal="$file" --forward-journal-max-use=3M
    refused berthctl start $NAME
    journalctl --unit=$UNIT --output=cat | grep -F '(systemd-journal-remote 252 keeps no limits)'
}

@test "on a host without systemd-journal-remote the start says what is missing" {
    unit_adds $NAME --forward-journal="$place"
    unit_has InaccessiblePaths=/usr/lib/systemd/systemd-journal-remote
    refused berthctl start $NAME
    journalctl --unit=$UNIT --output=cat | grep -F '(systemd-journal-remote, which the host has not got)'
    [ ! -e "$place" ]
    refused machine_listed $NAME
}
