# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Machines that are started with the host: what is said of them, and what berth-autostart.service
# makes of it. A boot is told of by reboot/.

load helper

# When a machine was registered, in µs since boot.
began() {
    berthctl show "$1" -P TimestampMonotonic
}

setup_file() {
    story_begin
    for name in db net web shop; do
        busybox_make "$name"
    done
    # What cannot be started.
    mkdir -p "$MACHINES/broken/usr"
}

# The files are gone with the machines; the directory is the host's.
teardown_file() {
    for name in db net web shop broken; do
        berthctl disable "$name"
        ! machine_listed "$name" || berthctl terminate "$name"
        eventually refused unit_active "berth@$name.service"
        guest_remove "$name"
    done
    systemctl stop berth-autostart.service
    systemctl reset-failed
    rm -rf /etc/berth/autostart
    story_end
}

teardown() {
    for name in db net web shop; do
        ! machine_listed "$name" || berthctl terminate "$name"
        eventually refused machine_listed "$name"
        eventually refused unit_active "berth@$name.service"
    done
    rm -rf /etc/berth/autostart
    systemctl reset-failed 'berth@*' 2>/dev/null || true
}

@test "what is said of a machine is listed, and kept in a file" {
    berthctl enable --order=5 --delay=3 --after=db,net --requires=db web
    berthctl enable db
    run -0 berthctl list-enabled --no-legend --no-pager
    [[ ${lines[0]} == db*0* ]]
    [[ ${lines[1]} == web*5*3s*"db net"*db* ]]
    run -0 cat /etc/berth/autostart/web
    [ "$output" = $'ORDER=5\nDELAY_USEC=3000000\nAFTER="db net"\nREQUIRES=db' ]
    berthctl list-enabled -o json | python3 -c '
import json, sys
assert [row["machine"] for row in json.load(sys.stdin)] == ["db", "web"]'

    berthctl enable web
    [ ! -s /etc/berth/autostart/web ]
    berthctl disable web db
    [ -z "$(ls /etc/berth/autostart)" ]
    berthctl disable web
}

@test "what makes no sense is refused, and nothing is kept" {
    run -1 berthctl enable not-there
    [[ $output == *"No such image"* ]]
    run -1 berthctl enable --after=web web
    run -1 berthctl enable --order=first web
    run -1 berthctl enable ../web
    berthctl enable --after=web db
    run -1 berthctl enable --after=db web
    [[ $output == *"ready before itself"* ]]
    [ "$(ls /etc/berth/autostart)" = db ]
}

@test "at boot they are started in their order, each when what it waits for is ready" {
    berthctl enable --order=1 shop
    berthctl enable --requires=db --order=0 web
    berthctl enable --order=9 --delay=1 --after=shop net
    systemctl start berth-autostart.service
    for name in db net web shop; do
        machine_listed "$name"
    done
    (($(began db) < $(began web)))
    (($(began net) >= $(began shop) + 1000000))
    systemctl stop berth-autostart.service
    machine_listed web # they outlive it
}

@test "one after the other, if it is told so" {
    berthctl enable --order=1 web
    berthctl enable --order=2 net
    berthctl enable --order=3 db
    berthctl autostart --parallel=1
    (($(began web) < $(began net)))
    (($(began net) < $(began db)))
    # Those that run are as they should be.
    berthctl autostart
}

@test "what fails is said, and keeps only those back that require it" {
    berthctl enable broken
    berthctl enable --requires=broken web
    berthctl enable --after=broken db
    run -1 berthctl autostart
    [[ $output == *"broken"* ]]
    [[ $output == *"Did not start machine 'web': it waits for 'broken'."* ]]
    machine_listed db
    refused machine_listed web
    run -1 systemctl start berth-autostart.service
}

@test "now means now" {
    berthctl enable --now --requires=db web
    machine_listed db
    machine_listed web
    berthctl disable --now web
    refused machine_listed web
    machine_listed db
}

@test "a file by hand that makes no sense keeps no other back" {
    mkdir -p /etc/berth/autostart
    printf 'ORDER=many\n' >/etc/berth/autostart/web
    printf '# by hand\nORDER=1\n' >/etc/berth/autostart/db
    berthctl autostart
    machine_listed db
    refused machine_listed web
    journalctl --sync
    journalctl -u berthd.service --grep "Passing over '/etc/berth/autostart/web'" --quiet | grep -q .
}

@test "the example of the documentation works" {
    busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 org.berth.Manager1 \
        EnableMachine 'sa{sv}' web 2 order i 5 requires as 1 db
    run -0 busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 org.berth.Manager1 \
        ListEnabledMachines
    [ "$output" = 'a(sitasas) 1 "web" 5 0 0 1 "db"' ]
}
