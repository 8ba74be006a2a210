# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What happens to machines, as it is told to those who listen, and what they use.

load helper

setup_file() {
    story_begin
    guest_make web
}

teardown_file() {
    guest_remove web
    story_end
}

setup() {
    log=$BATS_TEST_TMPDIR/log
}

teardown() {
    [ -z "${listener:-}" ] || kill -KILL "$listener" 2>/dev/null || true
    [ -z "${leader:-}" ] || leader_kill
    ! machine_listed web || berthctl stop --force web
    eventually refused unit_active berth@web.service
    eventually refused machine_listed one
}

# listen [OPTION…]: berthctl events in the background. When it hears of a machine that is only
# there for that, it hears of all.
listen() {
    berthctl events --output=json "$@" >"$log" 2>"$log.errors" 3>&- &
    listener=$!
    eventually hears "$log"
}

hears() {
    local leader

    leader_start
    machine_create hearing "$leader"
    leader_kill "$leader"
    eventually refused machine_listed hearing
    grep -qw hearing "$1"
}

# told NAME: its events so far, with what matters of their details.
told() {
    python3 - "$1" "$log" <<'END'
import json, sys
for line in open(sys.argv[2]):
    event = json.loads(line)
    if event["name"] == sys.argv[1]:
        assert event["timestamp"] > 10**15
        details = sorted(f"{key}={value}" for key, value in event["details"].items())
        print(":".join([event["event"], *details]), end=" ")
END
}

is_told() {
    # shellcheck disable=SC2053 # a pattern
    [[ "$(told "$1")" == $2 ]]
}

# is_told_in_time NAME PATTERN
is_told_in_time() {
    eventually is_told "$1" "$2" || {
        told "$1"
        return 1
    }
}

@test "the life of a guest is told in order" {
    listen
    berthctl start web
    is_told web "starting:cause=request new ready "
    berthctl freeze web
    is_told_in_time web "* ready frozen "
    berthctl thaw web
    is_told_in_time web "* frozen thawed "
    berthctl stop web
    is_told_in_time web "starting:cause=request new ready frozen thawed stopping:cause=stop *"
    is_told_in_time web "* stopping:cause=stop exited:cause=stopped* removed "
    kill -INT "$listener"
    wait "$listener"
    [ ! -s "$log.errors" ]
    listener=
}

@test "a guest that others start and end is told of, too" {
    listen
    systemctl start berth@web.service
    is_told web "new starting:cause=registration ready "
    in_guest web true
    systemctl -M web poweroff
    is_told_in_time web "* ready exited* removed "
    is_told web "* exited:cause=poweroff:core-dumped=False:signal=2 removed "
}

@test "a guest that reboots is told of as one, and as ended with what it exits with" {
    listen
    berthctl start web
    in_guest web true
    systemctl -M web reboot
    is_told_in_time web "* ready exited:cause=reboot:core-dumped=False:signal=1 removed * ready "
    in_guest web systemctl exit 42
    is_told_in_time web "* ready exited:cause=exit:status=42 removed "
}

@test "a guest whose service is stopped is told of before it has ended" {
    listen
    systemctl start berth@web.service
    in_guest web true
    systemctl stop berth@web.service
    is_told_in_time web "* ready stopping:cause=service exited:*cause=* removed "
}

@test "a guest of nspawn's own unit is ready when that is up" {
    listen
    systemctl start systemd-nspawn@web.service
    is_told web "new starting:cause=registration ready "
    eventually guest_up web
    machinectl terminate web
    is_told_in_time web "* ready stopping:cause=terminate exited:* removed "
    eventually refused unit_active systemd-nspawn@web.service
    systemctl reset-failed systemd-nspawn@web.service 2>/dev/null || true
    rm -f "/var/log/journal/$(cat "$MACHINES/web/etc/machine-id" 2>/dev/null || echo none)"
}

@test "a machine in a scope is ready at once, and how its leader has ended is told" {
    listen one hearing
    leader_start
    machine_create one "$leader"
    is_told_in_time one "new ready "
    kill -SEGV "$leader"
    is_told_in_time one "new ready exited* removed "
    # Of others' children the kernel tells that since 6.15.
    ! printf '6.15\n%s\n' "$(uname -r)" | sort --check=quiet --version-sort ||
        is_told one "new ready exited:cause=signal:core-dumped=*:signal=11 removed "
    [ "$(told web)" = "" ]
}

@test "a start that fails has ended" {
    listen
    mkdir "$MACHINES/empty"
    run -1 berthctl start empty
    is_told_in_time empty "starting:cause=request exited:cause=start-failed "
    rmdir "$MACHINES/empty"
    systemctl reset-failed berth@empty.service 2>/dev/null || true
}

@test "a daemon that is restarted is waited for" {
    listen
    systemctl restart berthd.service
    eventually grep -q 'berthd is back' "$log.errors"
    grep -q 'berthd has gone' "$log.errors"
    leader_start
    machine_create one "$leader"
    is_told_in_time one "new ready "
}

@test "a service written in Python hears of machines" {
    leader_start
    timeout 60 python3 - >"$log" 3>&- <<'END' &
import dbus
import dbus.mainloop.glib
from gi.repository import GLib

dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
loop = GLib.MainLoop()


def on_event(name, event, details):
    print(name, event, dict(details).get("cause", ""), flush=True)
    if name == "one" and event == "exited":
        loop.quit()


bus.add_signal_receiver(on_event, "MachineEvent", "org.berth.Manager1", "org.freedesktop.machine1")
loop.run()
END
    listener=$!
    eventually hears "$log"
    machine_create one "$leader"
    leader_kill
    wait "$listener"
    grep -q '^one ready' "$log"
    # By a signal; but before Linux 6.15 nobody but its parent is told.
    grep -q '^one exited' "$log"
}

# stats NAME KEY…: one number of what it uses.
stats() {
    berthctl stats --output=json "$1" | python3 -c '
import json, sys
value = json.load(sys.stdin)[0]
for key in sys.argv[1:]:
    value = value[key]
print(value)' "${@:2}"
}

@test "what a guest uses grows, and is told without asking the guest" {
    local before received

    berthctl start web
    before=$(stats web CPUUsageNSec)
    in_guest web sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done'
    [ "$(stats web CPUUsageNSec)" -gt "$before" ]

    # The host's end has sent what the guest has received.
    received=$(stats web Network ve-web ReceivedPackets)
    [ "$received" -le "$(cat /sys/class/net/ve-web/statistics/tx_packets)" ]
    [ "$(stats web Network ve-web SentPackets)" -le "$(cat /sys/class/net/ve-web/statistics/rx_packets)" ]
    [ "$(cat /sys/class/net/ve-web/statistics/rx_packets)" -gt 0 ]
    eventually [ "$(stats web Network ve-web SentPackets)" -gt 0 ]

    berthctl freeze web
    [ "$(stats web Frozen)" = True ]
    berthctl thaw web

    as_nobody berthctl stats --no-legend web | grep -q '^web '
    busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1/machine/web \
        org.berth.Machine1 GetStats | grep -q '"CPUUsageNSec" t '
    python3 - <<'END'
import dbus

machine = dbus.SystemBus().get_object("org.freedesktop.machine1", "/org/freedesktop/machine1/machine/web")
stats = machine.GetStats(dbus_interface="org.berth.Machine1")
assert int(stats["CPUUsageNSec"]) > 0
END
    run -1 berthctl stats nobody
    [ "$output" = "No machine 'nobody' known" ]
}

@test "stats are shown again and again until somebody has seen enough" {
    leader_start
    machine_create one "$leader"
    berthctl stats --watch=1 --output=json one >"$log" 3>&- &
    listener=$!
    eventually grep -q CPUPercent "$log"
    kill -INT "$listener"
    wait "$listener"
    listener=
}

# Controllers: the emulated host has them.

@test "a machine that has used up its memory is told of, and what it used" {
    needs_qemu "cgroup controllers"
    listen
    leader_start
    manager CreateMachine 'sayssusa(sv)' one 0 story container "$leader" '' 3 \
        MemoryMax t 33554432 MemorySwapMax t 0 TasksMax t 99
    [ "$(stats one MemoryMax)" = 33554432 ]
    [ "$(stats one TasksMax)" = 99 ]
    [ "$(stats one TasksCurrent)" = 1 ]
    [ "$(stats one OOMKills)" = 0 ]

    # A child of the machine's takes more than there is; the leader lives on.
    ( echo "$BASHPID" >/sys/fs/cgroup/machine.slice/machine-one.scope/cgroup.procs
      exec tail /dev/zero >/dev/null 2>&1 3>&- ) || true
    is_told_in_time one "new ready out-of-memory:killed=1:total=1 "
    [ "$(stats one OOMKills)" = 1 ]
    [ "$(stats one MemoryPeak)" -gt 20000000 ]
}

@test "bytes that go to disks are counted" {
    local before

    needs_qemu "cgroup controllers"
    berthctl start web
    before=$(stats web IOWriteBytes)
    in_guest web dd if=/dev/zero of=/var/tmp/file bs=1M count=8 conv=fsync status=none
    [ $(($(stats web IOWriteBytes) - before)) -ge 8388608 ]
    in_guest web rm /var/tmp/file
    berthctl stats web
}
