# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Stock clients that look into a machine, or tell which one something belongs to: nothing of
# theirs is told that somebody else than machined may be there.

load ../helper

shares_nspawn web

@test "systemctl and systemctl list-machines" {
    run -0 systemctl -M web is-active dbus.service
    [ "$output" = active ]
    run -0 systemctl list-machines --no-legend --no-pager
    [[ "$output" =~ web\ +(running|degraded) ]]
}

@test "loginctl, busctl and hostnamectl" {
    [ "$(loginctl -M web show-seat seat0 --property=Id --value)" = seat0 ]
    [ "$(hostnamectl -M web hostname)" = web ]
    run -0 busctl -M web --no-pager list --no-legend
    [[ "$output" == *org.freedesktop.systemd1* ]]
    refused busctl -M nothing --no-pager list
}

@test "systemd-run hands back what the command said, and its exit status" {
    run -7 in_guest web sh -c 'uname -n; exit 7'
    [ "$output" = web ]
}

@test "systemd-run on a terminal" {
    [ "$BERTH_HOST_SUITE" != bookworm ] || skip "this systemd-run ends at once, and does not say why"
    run -0 with_terminal "systemd-run --quiet --pty -M web sh -c 'tty; stty size'"
    [[ "$output" == */dev/pts/*33\ 111* ]]
}

@test "journalctl reads its journal, from its boot on" {
    in_guest web logger said in web 2>/dev/null || in_guest web sh -c 'echo said in web'
    eventually journal_has -M web --boot --grep 'said in web'
    refused journalctl -M nothing --no-pager
}

# journal_has OPTION…: what is asked for is there.
journal_has() {
    [ -n "$(journalctl --no-pager --quiet --output=cat "$@" 2>/dev/null)" ]
}

@test "systemd-cgls and systemd-cgtop find its control groups" {
    run -0 systemd-cgls -M web --no-pager
    [[ "$output" == *systemd-journald* ]]
    run -0 systemd-cgtop -M web --batch --iterations=1
    [[ "$output" == *systemd-nspawn@web.service/payload/init.scope* ]]
}

@test "ps and libsystemd tell to which machine a process belongs" {
    [ "$PROVIDER" = berthd ] || [ "$BERTH_HOST_SUITE" != forky ] ||
        skip "this machined does not know the payload's"
    run -0 ps -o machine= --pid "$(property web Leader)"
    [[ "$output" =~ ^web\ *$ ]]
    run -0 ps -o machine= --pid $$
    [[ "$output" =~ ^-\ *$ ]]
}

@test "GetMachineByPID knows all that runs in it" {
    path=$(manager GetMachine s web)
    payload=/sys/fs/cgroup/machine.slice/systemd-nspawn@web.service/payload
    [ "$(manager GetMachineByPID u "$(cat $payload/system.slice/dbus.service/cgroup.procs)")" = "$path" ]
    [ "$(manager GetMachineByPID u "$(property web Leader)")" = "$path" ]
}

@test "libsystemd's names, classes, interfaces, and its monitor" {
    python3 contract/libsystemd.py web "$(cat /sys/class/net/ve-web/ifindex)"
}

addresses_add() {
    ip addr add 10.99.0.1/24 dev ve-web
    ip link set ve-web up
    in_guest web sh -c 'ip addr add 10.99.0.2/24 dev host0; ip link set host0 up'
}

@test "its name is a host's name" {
    addresses_add

    # Of several addresses, one family's.
    run -0 getent hosts web
    [[ "$output" =~ ^[0-9a-f.:]+\ +web ]]
    run -0 getent ahosts web
    [[ "$output" =~ 10\.99\.0\.2\ +STREAM ]]
    run -0 ping -c 1 -W 5 web
    run -0 machinectl list --no-legend --max-addresses=all
    [[ "$output" == *10.99.0.2* ]]
    run -2 getent hosts nothing
}
