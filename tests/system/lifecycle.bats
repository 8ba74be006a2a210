# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Machines that are frozen, thawed and stopped, and those that do not want to be.

load helper

shares_guest web

# berth_machine NAME METHOD…: a method of org.berth.Machine1.
berth_machine() {
    busctl --system call org.freedesktop.machine1 "$(manager GetMachine s "$1" | cut -d'"' -f2)" \
        org.berth.Machine1 "${@:2}"
}

frozen() {
    [ "$(busctl --system get-property org.freedesktop.machine1 \
        "$(manager GetMachine s "$1" | cut -d'"' -f2)" org.berth.Machine1 Frozen)" = "b true" ]
}

# How often a process of the machine's has been given the processor.
turns() {
    awk '/^(non)?voluntary_ctxt_switches/ { n += $2 } END { print n }' "/proc/$1/status"
}

@test "a frozen guest stands still, and goes on when it is thawed" {
    systemd-run --quiet -M web --unit=busy sh -c 'while :; do :; done'
    berthctl freeze web
    frozen web
    leader=$(property web Leader)
    before=$(turns "$leader")
    run -124 timeout 1 systemctl -M web is-active busy.service
    [ "$(turns "$leader")" = "$before" ]

    # Who runs it does not stand still: systemd would find it hung.
    grep -q 'frozen 0' /sys/fs/cgroup/machine.slice/berth@web.service/cgroup.events
    berthctl freeze web
    berthctl thaw web
    refused frozen web
    systemctl -M web stop busy.service
    berthctl thaw web
}

@test "pause and resume are words for it" {
    berthctl pause web
    frozen web
    berthctl resume web
    refused frozen web
}

@test "many are frozen at a time, and who is not there is told" {
    leader_start
    machine_create one "$leader"
    run -1 berthctl freeze one nobody web
    [ "$output" = "No machine 'nobody' known" ]
    frozen one
    frozen web
    berthctl thaw one web
    refused frozen one
    berthctl freeze one
    berthctl kill --signal=KILL one
    eventually refused machine_listed one
}

@test "the host is not frozen" {
    run -1 berthctl freeze .host
    [[ "$output" == *"Cannot freeze machine '.host'"* ]]
}

@test "a frozen machine in a scope ends when it is terminated" {
    leader_start
    machine_create one "$leader"
    berthctl freeze one
    berthctl terminate one
    eventually refused machine_listed one
}

@test "a frozen guest shuts down in order when it is terminated" {
    berthctl freeze web
    berthctl terminate web
    eventually refused unit_active berth@web.service
    refused machine_listed web
    berthctl start web
}
