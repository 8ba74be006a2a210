# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A Debian started by berthctl, seen by berth's own client and by systemd's.

load helper

shares_guest web

address_of() {
    "${@:2}" ip -oneline -4 addr show dev "$1" scope global | awk '{ sub("/.*", "", $4); print $4; exit }'
}

@test "start returns when the guest is up" {
    [ "$(systemctl -M web is-active dbus.service)" = active ]
    [ "$(property web State)" = running ]
}

@test "it runs in its unit, delegated" {
    unit_active berth@web.service
    [ "$(property web Unit)" = berth@web.service ]
    [ "$(systemctl show berth@web.service --property=Delegate --value)" = yes ]
}

unit_succeeded() {
    [ "$(systemctl show -P Result "$1")" = success ]
}

@test "a guest that is deaf is terminated at once, and that is no failure" {
    busybox_make deaf
    printf '#!/bin/sh\nexec tail -f /dev/null\n' >"$MACHINES/deaf/sbin/init"
    berthctl start deaf
    berthctl terminate deaf
    eventually refused machine_listed deaf
    eventually refused unit_active berth@deaf.service # which would wait for two minutes
    eventually unit_succeeded berth@deaf.service
    guest_remove deaf
}

@test "berthctl list and machinectl list say the same" {
    run -0 berthctl --no-legend list
    [[ "$output" == *web*container*debian* ]]
    run -0 machinectl --no-legend list
    [[ "$output" == *web*container*debian* ]]
}

@test "berthctl list has JSON for programs" {
    berthctl -o json list | python3 -c '
import json, sys
machines = json.load(sys.stdin)
assert [m["machine"] for m in machines] == ["web"], machines'
}

@test "status shows unit, processes and log" {
    run -0 berthctl --no-pager status web
    [[ "$output" == *"berth@web.service"* ]]
    [[ "$output" == *systemd-journald* ]]
    run -0 machinectl --no-pager status web
    [[ "$output" == *"berth@web.service"* ]]
}

@test "host and guest reach each other" {
    leader=$(property web Leader)
    guest=$(address_of host0 nsenter --target "$leader" --net)
    host=$(address_of ve-web)
    ping -c 1 -W 5 "$guest"
    nsenter --target "$leader" --net ping -c 1 -W 5 "$host"
}

@test "its log is in the host's journal" {
    id=$(machinectl show web --property=Id --value)
    [ -L "/var/log/journal/$id" ]
    systemd-run --quiet --wait -M web echo said by a guest of berth
    eventually journal_has "$id" 'said by a guest of berth'
    run -0 journalctl -M web --no-pager --lines=3
}

journal_has() {
    journalctl --merge --no-pager "_MACHINE_ID=$1" --grep="$2" 2>/dev/null | grep -q "$2"
}

@test "a command in it tells its exit status" {
    needs_script
    in_terminal berthctl shell web /bin/sh -c 'test $(cat /proc/1/comm) = systemd'
    run in_terminal berthctl shell web /bin/sh -c 'exit 7'
    [ "$status" = 7 ]
}

needs_script() {
    needs script command -v script
}

# In a terminal of its own.
in_terminal() {
    script --quiet --return --command "$(printf '%q ' "$@")" /dev/null </dev/null
}

@test "rebooted, it is the same machine with another leader" {
    before=$(property web Leader)
    berthctl reboot web
    eventually has_other_leader "$before"
    eventually guest_is_up
}

has_other_leader() {
    machine_listed web && [ "$(property web Leader)" != "$1" ]
}

guest_is_up() {
    systemctl -M web is-system-running 2>/dev/null | grep -qE 'running|degraded'
}

@test "poweroff ends it, its unit, its link and its log's link" {
    berthctl poweroff web
    eventually refused machine_listed web
    eventually refused unit_active berth@web.service
    [ ! -e /sys/class/net/ve-web ]
    refused systemctl is-failed berth@web.service
}

@test "killed supervisors take their guests along" {
    berthctl start web
    leader=$(property web Leader)
    systemctl kill --kill-whom=main --signal=SIGKILL berth@web.service
    eventually refused kill -0 "$leader"
    eventually refused machine_listed web
    systemctl reset-failed berth@web.service
}
