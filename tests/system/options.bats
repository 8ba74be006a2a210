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
    local unit

    # One at a time: since 262, none is stopped if one of them is not there.
    for unit in $UNIT boot-$NAME limit-$NAME echo.socket echo.service; do
        systemctl stop "$unit" 2>/dev/null || true
        systemctl reset-failed "$unit" 2>/dev/null || true
    done
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

@test "a user of the host is known inside, by its password and at home" {
    # where the host has a file system whose owners can be mapped
    useradd --create-home --home-dir=$MACHINES/.visitor --shell /bin/bash --comment 'Al I. As' visitor
    usermod --password '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7' visitor
    cp /usr/lib/*/libnss_systemd.so.2 $MACHINES/$NAME/usr/lib/"$(uname -m)"-linux-gnu/
    sed -i -E 's/^(passwd|group|shadow):.*/\1: files systemd/' $MACHINES/$NAME/etc/nsswitch.conf
    systemd-run --quiet --unit=boot-$NAME --property=Type=notify --property=Delegate=yes \
        --property=KillMode=mixed \
        berth-run --quiet --keep-unit --boot --console=passive --private-network --notify-ready=yes \
        --directory=$MACHINES/$NAME --machine=$NAME --private-users=pick \
        --bind-user=visitor --bind-user-shell=yes --bind-user-group=video
    run inside sh -c '
        getent passwd visitor 60514
        getent group visitor
        getent shadow visitor | cut -d: -f1-2
        id --groups --name visitor
        setpriv --reuid=visitor --regid=visitor --init-groups touch /run/host/home/visitor/new'
    echo "$output"
    found=$(berthctl check --no-legend --no-pager $NAME | awk '$2 == "pass" { printf "%s ", $1 }')
    owner=$(stat --format=%U $MACHINES/.visitor/new)
    systemctl stop boot-$NAME
    eventually refused machine_listed $NAME
    userdel --remove visitor
    [ "${lines[0]}" = "visitor:x:60514:60514:Al I. As:/run/host/home/visitor:/bin/bash" ]
    [ "${lines[1]}" = "${lines[0]}" ]
    [ "${lines[2]}" = "visitor:x:60514:" ]
    [[ ${lines[3]} == 'visitor:$y$j9T$F5Jx5f'* ]]
    [ "${lines[4]}" = "visitor video" ]
    [ "$owner" = visitor ]
    [[ " $found" == *" 37 38 "* ]]
}

# boot OPTION…: boots it in a unit of its own, without waiting.
boot() {
    systemd-run --quiet --unit=boot-$NAME --property=Type=notify --property=Delegate=yes \
        --property=KillMode=mixed \
        berth-run --quiet --keep-unit --boot --console=passive --private-network --notify-ready=yes \
        --machine=$NAME "$@"
}

# said_on TTY PATTERN: what comes there, once something has been typed.
said_on() {
    timeout 20 perl -MIO::Socket::UNIX -e '
        my $s = IO::Socket::UNIX->new("/run/berth/ttys/" . shift) or die; print $s "\n";
        while (sysread $s, my $part, 4096) { $all .= $part; exit 0 if $all =~ /$ARGV[0]/ } exit 1' "$1" "$2"
}

@test "logins run on terminals beside the console" {
    boot --directory=$MACHINES/$NAME --ttys=2
    inside sh -c 'tr "\0" "\n" </proc/1/environ' | grep -qx 'container_ttys=pts/1 pts/2'
    eventually inside systemctl --quiet is-active container-getty@1.service container-getty@2.service
    said_on $NAME.1 'login: $'
    inside sh -c 'systemctl stop container-getty@2; head -c 1000000 /dev/zero | tr "\0" x >/dev/pts/2'
    run berthctl check $NAME
    grep -Eq '^ *15 +pass' <<<"$output"
    systemctl stop boot-$NAME
    refused compgen -G "/run/berth/ttys/$NAME.*"
}

@test "a guest that is made of a template boots" {
    boot --directory=$MACHINES/$NAME-made --template=$MACHINES/$NAME --link-journal=no
    inside systemctl is-system-running --wait
    [ "$(stat -c %a:%U $MACHINES/$NAME-made/etc/shadow)" = "$(stat -c %a:%U $MACHINES/$NAME/etc/shadow)" ]
    systemctl stop boot-$NAME
    guest_remove $NAME-made
}

@test "where nobody registers machines, one runs without" {
    export BERTH_BUS=unix:path=/nowhere
    run -0 --separate-stderr berth-run --directory=$MACHINES/$NAME --machine=alone --pipe \
        cat /proc/self/cgroup
    grep -qx 0::/ <<<"$output"
    [[ $stderr == *"Machine 'alone' is not registered"* ]]
}
