# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every verb that the distribution's machinectl has for machines, on a booted guest with the
# host's users.

load ../helper

shares_nspawn port PrivateUsers=no

@test "list, to people and to programs" {
    run -0 machinectl list
    [[ "$output" == MACHINE\ *CLASS\ *SERVICE*port\ *container\ systemd-nspawn\ debian*listed.* ]]
    run -0 machinectl list --output=json
    [[ "$output" == '[{"machine":"port","class":"container","service":"systemd-nspawn","os":"debian",'* ]]
    run -0 machinectl --all --no-legend list
    [[ "$output" == .host\ *host*port\ * ]]
}

@test "status, of one and of several" {
    run -0 machinectl --no-pager --lines=0 status port
    [[ "$output" == port\(*Leader:\ "$(property port Leader)"\ \(systemd\)* ]]
    [[ "$output" == *"Service: systemd-nspawn; class container"* ]]
    [[ "$output" == *"Root: /var/lib/machines/port"*"Iface: ve-port"*"OS: Debian GNU/Linux"* ]]
    [[ "$output" == *"Unit: systemd-nspawn@port.service"*dbus.service* ]]
    run -0 machinectl --no-pager --lines=0 status port .host
    [[ "$output" == *"Class: host"* ]]
    run -1 machinectl --no-pager status nothing
}

@test "show, of the manager, of one machine, of single properties" {
    run -0 machinectl show
    [[ "$output" == *PoolPath=/var/lib/machines* ]]
    run -0 machinectl show port
    [[ "$output" == *Name=port*Class=container*RootDirectory=/var/lib/machines/port*State=running* ]]
    run -0 machinectl show port --property=Unit
    [ "$output" = Unit=systemd-nspawn@port.service ]
    run -0 machinectl show .host --property=Leader --value
    [ "$output" = 1 ]
}

@test "shell runs a command on a terminal of the machine" {
    run -0 with_terminal "machinectl --quiet shell port /bin/sh -c 'uname -n; tty; stty size'"
    [[ "$output" == port*/dev/pts/*33\ 111* ]]
    run -0 with_terminal "machinectl shell port /bin/true"
    [[ "$output" == *"Connected to machine port."*"Connection to machine port terminated."* ]]
    run -1 with_terminal machinectl shell nothing
    run -1 with_terminal machinectl shell port relative/path
}

@test "shell is of the user asked for, with the environment asked for" {
    run -0 with_terminal machinectl --quiet shell nobody@port /usr/bin/id -un
    [[ "$output" == nobody* ]]
    run -0 with_terminal machinectl --quiet --uid=nobody --setenv=STORY=told shell port /usr/bin/env
    [[ "$output" == *USER=nobody* ]]
    [[ "$output" == *STORY=told* ]]
}

@test "shell without a command is the user's own, which is sent what is typed" {
    person_begin machinectl --quiet shell port
    screen_shows '# '
    echo 'echo said on $(uname -n) by $(id -un); exit' >&"$hands"
    screen_shows 'said on port by root'
    person_end
}

@test "shell on the host itself" {
    run -0 with_terminal machinectl --quiet shell .host /usr/bin/uname -n
    [[ "$output" == "$(uname -n)"* ]]
}

@test "login prompts, and ends with three times its key" {
    person_begin machinectl login port
    screen_shows 'port login:'
    printf '\035\035\035' >&"$hands"
    person_end
}

@test "login where nobody listens fails" {
    leader_start
    nsenter --target="$leader" --mount mount -t tmpfs empty /run
    machine_create thing "$leader"
    run -1 with_terminal machinectl login thing
    run -1 with_terminal machinectl shell thing
    leader_kill
    eventually refused machine_listed thing
}

@test "copy-to and copy-from: a file, a tree, and what is there already" {
    here=$BATS_TEST_TMPDIR/here
    mkdir -p "$here/tree/below"
    echo cargo >"$here/tree/below/file"
    chmod 640 "$here/tree/below/file"
    ln -s below/file "$here/tree/link"

    machinectl copy-to port "$here/tree" /srv/tree
    run -0 in_guest port stat --format='%a %u %g' /srv/tree/below/file
    [ "$output" = "640 0 0" ]
    [ "$(in_guest port readlink /srv/tree/link)" = below/file ]

    run -1 machinectl copy-to port "$here/tree/below/file" /srv/tree/below/file
    echo other >"$here/other"
    machinectl --force copy-to port "$here/other" /srv/tree/below/file
    [ "$(in_guest port cat /srv/tree/below/file)" = other ]

    machinectl copy-from port /srv/tree "$here/back"
    [ "$(cat "$here/back/below/file")" = other ]
    [ "$(readlink "$here/back/link")" = below/file ]

    run -1 machinectl copy-from port /srv/nothing "$here/nothing"
    [ ! -e "$here/nothing" ]
    run -1 machinectl copy-to nothing "$here/other" /srv/other
    in_guest port rm -r /srv/tree
}

@test "bind: where a directory is made, read-only, and not seen from outside" {
    mkdir "$BATS_TEST_TMPDIR/cargo"
    echo aboard >"$BATS_TEST_TMPDIR/cargo/file"

    run -1 machinectl bind port "$BATS_TEST_TMPDIR/cargo" /srv/cargo
    machinectl --mkdir bind port "$BATS_TEST_TMPDIR/cargo" /srv/cargo
    [ "$(in_guest port cat /srv/cargo/file)" = aboard ]
    in_guest port touch /srv/cargo/from-inside
    [ -e "$BATS_TEST_TMPDIR/cargo/from-inside" ]

    machinectl --mkdir --read-only bind port "$BATS_TEST_TMPDIR/cargo" /srv/fixed
    [ "$(in_guest port cat /srv/fixed/file)" = aboard ]
    refused in_guest port touch /srv/fixed/more
    refused findmnt /var/lib/machines/port/srv/cargo

    in_guest port umount /srv/cargo /srv/fixed
    run -1 machinectl bind port relative/path /srv
    run -1 machinectl bind port "$BATS_TEST_TMPDIR/nothing" /srv
    run -1 machinectl bind nothing /etc /srv
}

@test "start, if there is such an image" {
    machinectl start port
    run -1 machinectl start nothing
    [[ "$output" == *"does not exist"* ]]
}

@test "enable and disable" {
    machinectl enable port
    systemctl is-enabled systemd-nspawn@port.service
    machinectl disable port
    refused systemctl is-enabled systemd-nspawn@port.service
    run -1 machinectl enable nothing
}

@test "kill, with a signal, to one or all" {
    leader_start
    machine_create thing "$leader"

    machinectl --signal=CONT kill thing
    kill -0 "$leader"
    run -1 machinectl --signal=NONE kill thing
    run -1 machinectl kill nothing
    machinectl --signal=KILL kill thing
    eventually refused machine_listed thing
    leader_kill
}

@test "reboot and poweroff" {
    leader=$(property port Leader)
    machinectl reboot port
    eventually has_other_leader "$leader"
    eventually guest_up port

    machinectl poweroff port
    eventually refused machine_listed port
    eventually refused unit_active systemd-nspawn@port.service

    machinectl start port
    eventually guest_up port
}

has_other_leader() {
    machine_listed port && [ "$(property port Leader)" != "$1" ]
}

@test "terminate" {
    machinectl terminate port
    eventually refused machine_listed port
    run -1 machinectl terminate nothing
}
