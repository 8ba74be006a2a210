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

stop_machine() {
    busctl --system --timeout=60 call org.freedesktop.machine1 /org/freedesktop/machine1 org.berth.Manager1 \
        StopMachine 'sa{sv}' "$@"
}

# deaf_start NAME: a guest of busybox that hears no signal, started by berthctl as any other.
deaf_start() {
    local tree=$MACHINES/$1

    mkdir -p "$tree"/{bin,sbin,etc,proc,sys,dev,run,tmp,var,root,usr}
    cp "$(command -v busybox)" "$tree/bin/busybox"
    for word in sh mkfifo cat; do
        ln -s busybox "$tree/bin/$word"
    done
    echo 'ID=deaf' >"$tree/etc/os-release"
    cat >"$tree/sbin/init" <<'END'
#!/bin/sh
trap "" 1 2 3 10 12 15 37 38
mkfifo /tmp/nothing
while :; do cat /tmp/nothing; done
END
    chmod +x "$tree/sbin/init"
    berthctl start "$1"
}

@test "a guest that is deaf is killed in time, whoever is the daemon by then" {
    deaf_start deaf
    berthctl stop --timeout=2 deaf >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
    pid=$!
    eventually grep -q '^STOP_AT=' /run/berth/machines/deaf
    systemctl restart berthd.service
    eventually machine_listed web
    refused wait "$pid" # who has asked is not told
    eventually refused machine_listed deaf
    eventually refused unit_active berth@deaf.service
    refused systemctl is-failed berth@deaf.service
    guest_remove deaf
}

@test "stop waits until a guest has gone, with its unit, and says that it has shut down" {
    run -0 berthctl stop web
    [ "$output" = "Machine 'web' has shut down." ]
    refused machine_listed web
    refused unit_active berth@web.service
    refused systemctl is-failed berth@web.service
    berthctl start web
}

@test "a frozen guest is thawed, and shuts down in order" {
    berthctl freeze web
    run -0 berthctl stop web
    [ "$output" = "Machine 'web' has shut down." ]
    berthctl start web
}

@test "a guest that is forced is not asked, and can be started anew at once" {
    SECONDS=0
    run -0 berthctl stop --force web
    [ "$output" = "Machine 'web' was killed." ]
    [ $SECONDS -lt 10 ]
    refused unit_active berth@web.service
    refused systemctl is-failed berth@web.service
    berthctl start web
    berthctl freeze web
    run -0 stop_machine web 1 force b true
    [ "$output" = 's "killed"' ]
    berthctl start web
}

@test "a guest that reboots instead is not started anew" {
    systemd-run --quiet --wait -M web sh -c 'mkdir -p /run/systemd/system/poweroff.target.d
        ln -sf /lib/systemd/system/reboot.target /run/systemd/system/poweroff.target
        systemctl daemon-reload'
    run -0 berthctl stop web
    [ "$output" = "Machine 'web' has shut down." ]
    refused unit_active berth@web.service
    refused machine_listed web
    berthctl start web
}

@test "a guest of busybox that hears nothing is killed when its time is up" {
    needs busybox command -v busybox
    deaf_start deaf
    SECONDS=0
    run -0 berthctl stop --timeout=2 deaf
    [ "$output" = "Machine 'deaf' was killed." ]
    [ $SECONDS -ge 2 ] && [ $SECONDS -lt 12 ]
    refused machine_listed deaf
    refused unit_active berth@deaf.service

    # Both at a time: the other does not wait for it.
    berthctl start deaf
    run -0 berthctl stop --timeout=5 deaf web
    [ "$output" = "Machine 'web' has shut down.
Machine 'deaf' was killed." ]
    berthctl start web
    guest_remove deaf
}

@test "who gives up waiting does not give up the stop" {
    needs busybox command -v busybox
    deaf_start deaf
    run -130 timeout --signal=INT --preserve-status 1 berthctl stop --timeout=3 deaf
    machine_listed deaf
    eventually refused unit_active berth@deaf.service
    refused machine_listed deaf
    guest_remove deaf
}

@test "a guest of nspawn's ends with its unit, asked or forced" {
    nspawn_start spawned PrivateUsers=no
    run -0 berthctl stop spawned
    [ "$output" = "Machine 'spawned' has shut down." ]
    refused unit_active systemd-nspawn@spawned.service
    systemctl start systemd-nspawn@spawned.service
    eventually guest_up spawned
    berthctl freeze spawned
    run -0 berthctl stop --force spawned
    [ "$output" = "Machine 'spawned' was killed." ]
    refused unit_active systemd-nspawn@spawned.service
    refused systemctl is-failed systemd-nspawn@spawned.service
    nspawn_stop spawned
}

@test "a machine of nobody's in particular ends by the signal that asks for it" {
    leader_start
    machine_create one "$leader"
    run -0 berthctl stop one
    [ "$output" = "Machine 'one' has shut down." ]
    leader_start
    machine_create one "$leader"
    berthctl freeze one
    run -0 berthctl stop one
    [ "$output" = "Machine 'one' has shut down." ]
    eventually refused systemctl status machine-one.scope
}

@test "the host is not stopped, nor who is not there" {
    run -1 berthctl stop .host
    [ "$output" = "Cannot stop machine '.host': Operation not supported" ]
    run -1 berthctl stop nobody
    [ "$output" = "Could not stop machine 'nobody': No machine 'nobody' known" ]
    run -1 berthctl stop --timeout=soon web
    machine_listed web
}

has_controller() {
    [[ " $(cat /sys/fs/cgroup/cgroup.controllers) " == *" $1 "* ]]
}

@test "limits that the host cannot keep are refused, as are those that are none" {
    if ! has_controller memory; then
        run -1 berthctl set --runtime web MemoryMax=1G
        [ "$output" = "Cannot set properties of machine 'web': Limits need the controllers of cgroup v2" ]
    fi
    run -1 berthctl set web ExecStopPost=/bin/true
    [ "$output" = "Unknown property: 'ExecStopPost=/bin/true'" ]
    run -1 berthctl set web MemoryMax=much
    [ "$output" = "Cannot understand 'MemoryMax=much': Invalid argument" ]
    run -1 berth_machine web SetProperties 'ba(sv)' true 1 ExecStopPost s /bin/true
    [[ "$output" == *"Unknown property 'ExecStopPost'"* ]]
    run -1 berthctl set nobody TasksMax=9
    [ "$output" = "No machine 'nobody' known" ]
    run -1 berthctl set .host TasksMax=9
    [ "$output" = "Cannot set properties of machine '.host': Operation not supported" ]
    refused ls /etc/systemd/system.control
}

# example NAME: one of docs/api, with Python.
example() {
    python3 - "$1" <<'END'
import sys
import dbus

bus = dbus.SystemBus()
web = bus.get_object("org.freedesktop.machine1", "/org/freedesktop/machine1/machine/web")
if sys.argv[1] == "freeze":
    machine = dbus.Interface(web, "org.berth.Machine1")
    machine.Freeze()
    print(web.Get("org.berth.Machine1", "Frozen", dbus_interface=dbus.PROPERTIES_IFACE))
    machine.Thaw()
elif sys.argv[1] == "limit":
    limits = [("MemoryMax", dbus.UInt64(1 << 30)), ("TasksMax", dbus.UInt64(1000))]
    web.SetProperties(True, dbus.Array(limits, signature="(sv)"), dbus_interface="org.berth.Machine1")
else:
    manager = bus.get_object("org.freedesktop.machine1", "/org/freedesktop/machine1")
    print(manager.StopMachine("web", {"force": True}, dbus_interface="org.berth.Manager1", timeout=120))
END
}

@test "docs/api's examples of Freeze(), SetProperties() and StopMachine()" {
    run -0 example freeze
    [ "$output" = 1 ]
    run example limit
    if has_controller memory; then
        [ "$status" = 0 ]
    else
        [[ "$output" == *org.berth.NoController* ]]
    fi
    run -0 example stop
    [ "$output" = killed ]
    berthctl start web
    run -0 stop_machine web 1 timeout-usec t 30000000
    [ "$output" = 's "exited"' ]
    berthctl start web
}

@test "status tells of a frozen machine" {
    berthctl freeze web
    run -0 berthctl status --no-pager --lines=0 web
    [[ "$output" == *"State: running, frozen"* ]]
    berthctl status -o json web | grep -q '"frozen":true'
    berthctl thaw web
    berthctl status -o json web | grep -q '"frozen":false'
}

@test "a frozen guest shuts down in order when systemd ends its unit" {
    berthctl freeze web
    SECONDS=0
    systemctl stop berth@web.service
    [ $SECONDS -lt 30 ]
    [ "$(systemctl show berth@web.service --property=Result --value)" = success ]
    berthctl start web
}

@test "a guest that freezes itself, or what it should end, ends all the same" {
    run timeout 2 systemd-run --quiet --wait -M web sh -c 'echo 1 >/sys/fs/cgroup/cgroup.freeze'
    eventually frozen web
    run -0 berthctl stop --timeout=20 web
    refused machine_listed web
    berthctl start web

    systemd-run --quiet --unit=still -M web --property=Delegate=yes --property=TimeoutStopSec=infinity \
        sh -c 'echo 1 >"/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/cgroup.freeze"'
    run -0 berthctl stop --timeout=2 web
    refused machine_listed web
    refused unit_active berth@web.service
    berthctl start web
}
