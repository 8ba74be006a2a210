#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Options and settings files of berth-run, on a Debian guest and a host that systemd runs.

load helper

NAME=options
UNIT=berth@$NAME.service
SETTINGS=/etc/systemd/nspawn

setup_file() {
    story_begin
    guest_make $NAME
    mkdir -p $SETTINGS
}

teardown_file() {
    guest_remove $NAME
    story_end
}

teardown() {
    systemctl stop $UNIT boot-$NAME limit-$NAME echo.socket echo.service 2>/dev/null || true
    systemctl reset-failed $UNIT boot-$NAME limit-$NAME echo.service 2>/dev/null || true
    rm -f $SETTINGS/$NAME.nspawn $MACHINES/$NAME.nspawn /run/systemd/system/echo.{socket,service} /run/echo
    systemctl daemon-reload
    eventually refused machine_listed $NAME
}

inside() {
    systemd-run --quiet --machine=$NAME --wait --pipe --collect "$@"
}

tree() {
    find $MACHINES/$NAME -xdev -printf '%p %y %s %T@ %l\n' | sort
}

# boot_and_look OPTION…: boots it, looks at how it runs, and powers it off.
boot_and_look() {
    systemd-run --quiet --unit=boot-$NAME --property=Type=notify --property=Delegate=yes \
        --property=KillMode=mixed \
        berth-run --quiet --keep-unit --boot --console=passive --private-network --notify-ready=yes \
        --directory=$MACHINES/$NAME --machine=$NAME "$@"
    inside sh -c 'systemctl is-system-running --wait; touch /var/new /etc/new; findmnt -no FSTYPE /'
    systemctl stop boot-$NAME
    eventually refused machine_listed $NAME
}

@test "an ephemeral guest boots, writes, and has written nothing" {
    tree >"$BATS_TEST_TMPDIR/before"
    run boot_and_look --ephemeral
    [ "$status" = 0 ]
    [[ "$output" == *running* ]]
    tree | diff "$BATS_TEST_TMPDIR/before" -
    refused compgen -G "$MACHINES/.#machine.*"
}

@test "a guest in memory boots, writes, and has written nothing" {
    tree >"$BATS_TEST_TMPDIR/before"
    run boot_and_look --volatile=overlay
    [ "$status" = 0 ]
    [[ "$output" == *running* ]]
    [[ "$output" == *overlay* ]]
    tree | diff "$BATS_TEST_TMPDIR/before" -
}

@test "settings of the administrator's are those of the unit" {
    printf '[Files]\nBindReadOnly=/etc/hostname:/srv/host\n' \
        >$SETTINGS/$NAME.nspawn
    systemctl start $UNIT
    [ "$(inside cat /srv/host)" = "$(cat /etc/hostname)" ]
    ip link show ve-$NAME
}

@test "settings beside the tree give it nothing of the host" {
    printf \
        '[Exec]\nDropCapability=CAP_LEASE\nCapability=all\n[Files]\nBind=/:/host\n[Network]\n%s\n' \
        VirtualEthernet=no >$MACHINES/$NAME.nspawn
    systemctl start $UNIT
    inside sh -c '[ $((0x$(grep CapBnd /proc/1/status | cut -f2) >> 28 & 1)) = 0 ]'
    refused inside test -e /host/etc
    ip link show ve-$NAME
    [ "$(journalctl --unit=$UNIT --output=cat | grep -c 'is ignored: only files in /etc')" -ge 3 ]
}

@test "a limit of a machine that is not registered is that of its scope" {
    systemd-run --quiet --unit=limit-$NAME berth-run --quiet --directory=$MACHINES/$NAME --machine=$NAME \
        --register=no --slice=system.slice --property=TasksMax=123 --console=passive sleep 60
    eventually unit_active machine-$NAME.scope
    [ "$(systemctl show --property=TasksMax --value machine-$NAME.scope)" = 123 ]
    [ "$(systemctl show --property=Slice --value machine-$NAME.scope)" = system.slice ]
}

@test "a socket unit starts a guest, which answers on it" {
    cat >/run/systemd/system/echo.socket <<END
[Socket]
ListenStream=/run/echo
END
    cat >/run/systemd/system/echo.service <<END
[Service]
ExecStart=berth-run --quiet --register=no --keep-unit --private-network --console=passive \\
    --directory=$MACHINES/$NAME --machine=$NAME \\
    perl -MIO::Socket::UNIX -e 'open(my \$s, "+<&=3"); bless \$s, "IO::Socket::UNIX"; \\
    print {\$s->accept} "\$ENV{LISTEN_PID} \$ENV{LISTEN_FDS} \$ENV{container}\\n"'
Delegate=yes
END
    systemctl daemon-reload
    systemctl start echo.socket
    run perl -MIO::Socket::UNIX -e 'print IO::Socket::UNIX->new("/run/echo")->getline'
    [ "$output" = "1 1 berth" ]
}

@test "credentials reach the services of a guest" {
    systemd-run --quiet --unit=boot-$NAME --property=Type=notify --property=Delegate=yes \
        --property=KillMode=mixed \
        berth-run --quiet --keep-unit --boot --console=passive --private-network --notify-ready=yes \
        --directory=$MACHINES/$NAME --machine=$NAME --set-credential=test.berth:secret
    run inside --property=LoadCredential=test.berth sh -c 'cat $CREDENTIALS_DIRECTORY/test.berth'
    [ "$output" = secret ]
    systemctl stop boot-$NAME
}
