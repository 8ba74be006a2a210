# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Debian's own systemd-nspawn and its clients, with a real Debian in the machine.

load ../helper

shares_nspawn web

@test "it is registered in its unit, with the interface that nspawn made" {
    [ "$(property web Unit)" = systemd-nspawn@web.service ]
    [ "$(property web Service)" = systemd-nspawn ]
    [ "$(property web RootDirectory)" = /var/lib/machines/web ]
    [ "$(property web NetworkInterfaces)" = "1 $(cat /sys/class/net/ve-web/ifindex)" ]
}

@test "machinectl list tells its system" {
    run -0 machinectl --no-legend list
    [[ "$output" == *web*container*systemd-nspawn*debian* ]]
}

@test "machinectl status shows its processes" {
    run -0 machinectl --no-pager status web
    [[ "$output" == *systemd-journald* ]]
    [[ "$output" == *"Iface: ve-web"* ]]
}

@test "systemctl -M and journalctl -M reach into it" {
    run -0 systemctl -M web is-active dbus.service
    [ "$output" = active ]
    run -0 journalctl -M web --no-pager --lines=5 --unit=init.scope
    [ -n "$output" ]
}

# nspawn 258 to 262 leaves a link to a temporary directory that only it ever saw.
@test "journalctl --merge finds what it logged" {
    [ "$PROVIDER" = berthd ] || [ -d "/var/log/journal/$(cat "$BATS_FILE_TMPDIR/web.id")" ] ||
        skip "this nspawn's journal link leads nowhere"
    systemd-run --quiet --wait -M web echo said by the guest
    eventually merged_journal_has 'said by the guest'
}

merged_journal_has() {
    journalctl --merge --no-pager --boot=all --grep="$1" 2>/dev/null | grep -q "$1"
}

@test "machinectl poweroff ends it, and it can be started again" {
    machinectl poweroff web
    eventually refused machine_listed web
    eventually refused unit_active systemd-nspawn@web.service
    [ ! -e /sys/class/net/ve-web ]

    systemctl start systemd-nspawn@web.service
    eventually guest_up web
}

@test "machinectl reboot keeps the machine" {
    before=$(property web Leader)
    machinectl reboot web
    eventually has_other_leader "$before"
    eventually guest_up web
}

has_other_leader() {
    machine_listed web && [ "$(property web Leader)" != "$1" ]
}

@test "machinectl terminate ends it at once" {
    machinectl terminate web
    eventually refused machine_listed web
}
