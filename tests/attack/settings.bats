# SPDX-License-Identifier: LGPL-2.1-or-later
#
# NAME.nspawn beside an image: it came with that, and whoever made it would like to say what the
# machine gets of the host. Started by hand, and by the unit, which lets settings go before its own.

load image

SETTINGS=$MACHINES/trap.nspawn

setup() {
    image_setup
}

teardown() {
    rm -rf "$SETTINGS"
    systemctl stop berth@trap.service 2>/dev/null || true
    find /var/log/journal -maxdepth 1 -type l -lname "$TRAP/*" -delete
    systemctl reset-failed berth@trap.service 2>/dev/null || true
    image_teardown
}

# All that a settings file may ask for which is not the image's own business.
greedy() {
    cat >"$SETTINGS" <<END
[Exec]
Capability=all
AmbientCapability=CAP_SYS_MODULE
PrivateUsers=no
SystemCallFilter=kexec_load bpf @raw-io
OOMScoreAdjust=-1000
LimitNOFILE=1048576
LinkJournal=host
[Files]
Bind=/:/host
BindReadOnly=${secret%/*}:/outside
Overlay=/:$outside:/host
PrivateUsersOwnership=chown
[Network]
Private=no
VirtualEthernet=no
NamespacePath=/proc/1/ns/net
Port=22
END
}

# tells: what a machine says of itself, which must be the same whatever it asks for.
tells() {
    image_runs "$@" /bin/sh -c 'grep -E "^(Cap|NoNewPrivs|Seccomp)" /proc/self/status
        cat /proc/self/uid_map /proc/self/oom_score_adj; ulimit -n; readlink /proc/self/ns/net | tr -d 0-9
        cut -d" " -f5 /proc/self/mountinfo; ls / /sys/class/net'
}

@test "an image's settings give it nothing of the host" {
    local plain way

    for way in --settings=yes --settings=override; do
        tells --settings=no --private-network
        plain=$output
        greedy
        tells "$way" --private-network
        [ "$(grep -c ' is ignored: only files in /etc and /run may say so$' <<<"$output")" -ge 14 ]
        diff <(grep -v ' is ignored: ' <<<"$output") - <<<"$plain"
        rm "$SETTINGS"
    done
}

@test "the unit's machine keeps its network and its own mounts, whatever its image says" {
    printf '%s\n' '#!/bin/sh' 'ls -d /host /outside; ls /sys/class/net; grep CapBnd /proc/self/status' \
        >"$TRAP/sbin/init"
    greedy
    systemctl start berth@trap.service
    eventually grep -q CapBnd /var/log/berth/trap.console
    run cat /var/log/berth/trap.console
    [[ $output == *host0* ]]
    [[ $output != */outside* || $output == *"/outside: No such file"* ]]
    [[ $output == *"/host: No such file"* ]]
    [[ $output != *CapBnd:*ffffffffff* ]]
}

@test "settings of every shape end a start at once, or are none" {
    shaped ../trap.nspawn image_run --settings=override /bin/true
    shaped ../trap.nspawn image_run /bin/true
}

@test "what is said of settings does not reach the terminal" {
    printf '[Exec]\n\033[2J\033]0;owned\007=1\n[Files]\nBind=\033c\n' >"$SETTINGS"
    image_runs /bin/true
    [[ $output == *" is ignored: "* ]]
    [[ $output != *$'\033'* && $output != *$'\007'* ]]
}

@test "settings of thousands of lines say no more than a few things" {
    { echo '[Files]'; yes 'Bind=/' | head -n 8000; } >"$SETTINGS"
    image_runs /bin/true
    [ "$(wc -l <<<"$output")" -le 33 ]
}

@test "the environment of who starts a machine is not told by its settings" {
    printf '[Exec]\nEnvironment=HIDDEN\n' >"$SETTINGS"
    HIDDEN=treasure image_run --settings=override env
    [[ $output != *treasure* ]]
}
