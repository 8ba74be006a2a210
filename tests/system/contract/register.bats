# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What newer machineds note of a machine, and how it is told them.

load ../helper

INVALID=org.freedesktop.DBus.Error.InvalidArgs

setup() {
    [ "$PROVIDER" = berthd ] || [ "$BERTH_HOST_SUITE" = forky ] || skip "this machined is older"
}

teardown() {
    [ ! -v leader ] || leader_kill
    # Decided: to machined, a machine in a unit that goes on is one that goes on.
    [ "$PROVIDER" = berthd ] || manager UnregisterMachine s thing || true
    eventually refused machine_listed thing
}

# register_ex METHOD LEADER KEY…: as somebody whose process is not the leader. A key is
# Python, with the leader's pid as `pid` and a pidfd of it as `fd`.
register_ex() {
    local method=$1 pid=$2
    shift 2

    python3 -c '
import os, sys
import dbus
method, pid, keys = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
fd = os.pidfd_open(pid)
machine1 = dbus.SystemBus().get_object("org.freedesktop.machine1", "/org/freedesktop/machine1")
manager = dbus.Interface(machine1, "org.freedesktop.machine1.Manager")
pairs = dbus.Array([eval(key) for key in keys], signature="(sv)")
more = [dbus.Array([], signature="(sv)")] if method.startswith("Create") else []
try:
    print(manager.get_dbus_method(method)("thing", pairs, *more))
except dbus.DBusException as e:
    sys.exit(e.get_dbus_name())
' "$method" "$pid" "$@"
}

CLASS='("Class", "container")'
PIDFD='("LeaderPIDFD", dbus.types.UnixFd(fd))'

@test "a leader is named by a pidfd" {
    leader_start
    register_ex CreateMachineEx "$leader" "$CLASS" "$PIDFD" '("Service", "story")'

    [ "$(property thing Leader)" = "$leader" ]
    [ "$(property thing Service)" = story ]
    [ "$(property thing Unit)" = machine-thing.scope ]
    [ "$(property thing UID)" = 0 ]
}

@test "what is told of the leader has to agree" {
    leader_start
    for keys in "$PIDFD;(\"LeaderPID\", dbus.UInt32(pid + 1))" '("LeaderPID", dbus.UInt32(pid))' \
        '("LeaderPIDFDID", dbus.UInt64(os.fstat(fd).st_ino))'; do
        IFS=';' read -ra keys <<<"$keys"
        echo "${keys[@]}"
        run -1 register_ex CreateMachineEx "$leader" "$CLASS" "${keys[@]}"
        [ "$output" = $INVALID ]
    done
    refused machine_listed thing
}

@test "a number and an inode that belong together are a process" {
    leader_start
    needs "pidfs" python3 -c 'import os, sys; sys.exit(os.fstat(os.pidfd_open(os.getpid())).st_ino < 2)'
    register_ex CreateMachineEx "$leader" "$CLASS" '("LeaderPID", dbus.UInt32(pid))' \
        '("LeaderPIDFDID", dbus.UInt64(os.fstat(fd).st_ino))'
    [ "$(property thing Leader)" = "$leader" ]
}

@test "a key that is none is refused" {
    leader_start
    run -1 register_ex CreateMachineEx "$leader" "$CLASS" "$PIDFD" '("Ship", "x")'
    [ "$output" = $INVALID ]
    refused machine_listed thing
}

@test "where ssh finds it is told again" {
    leader_start
    register_ex RegisterMachineEx "$leader" "$CLASS" "$PIDFD" '("SSHAddress", "vsock/4711")' \
        '("SSHPrivateKeyPath", "/run/key")' '("VSockCID", dbus.UInt32(4711))'

    [ "$(manager GetMachineSSHInfo s thing)" = 'ss "vsock/4711" "/run/key"' ]
    [ "$(property thing VSockCID)" = 4711 ]
    [ "$(property thing SSHAddress)" = vsock/4711 ]
    grep -qx 'VSOCK_CID=4711' /run/systemd/machines/thing
}

@test "a machine that told of no ssh has none" {
    leader_start
    machine_create thing "$leader"
    [ "$(error_of GetMachineSSHInfo "'thing'")" = org.freedesktop.DBus.Error.FileNotFound ]
    [ "$(property thing VSockCID)" = 4294967295 ]
    [ "$(property thing SSHAddress)" = '' ]
}

@test "a machine that told of no id has none" {
    leader_start
    machine_create thing "$leader"
    [ "$(property thing Id)" = 0 ]
}

@test "who registers it is its supervisor, whose end is not the machine's" {
    leader_start
    machine_create thing "$leader"
    supervisor=$(property thing Supervisor)
    [ "$supervisor" -gt 1 ]
    [ "$supervisor" != "$leader" ]
    refused kill -0 "$supervisor"
    machine_listed thing
}

@test "a signal goes to the supervisor alone" {
    leader_start
    mkfifo "$BATS_TEST_TMPDIR/go"
    # shellcheck disable=SC2016 # for the other shell
    setsid bash -c 'read -r pid <"$1"; python3 - "$pid" <<"END"
import signal, sys, dbus
machine1 = dbus.SystemBus().get_object("org.freedesktop.machine1", "/org/freedesktop/machine1")
manager = dbus.Interface(machine1, "org.freedesktop.machine1.Manager")
none = dbus.Array([], signature="y")
manager.RegisterMachine("thing", none, "story", "container", dbus.UInt32(int(sys.argv[1])), "")
signal.pause()
END' - "$BATS_TEST_TMPDIR/go" 3>&- </dev/null >/dev/null 2>&1 &
    echo "$leader" >"$BATS_TEST_TMPDIR/go"
    eventually machine_listed thing

    supervisor=$(property thing Supervisor)
    kill -0 "$supervisor"
    manager KillMachine ssi thing supervisor 9
    eventually refused kill -0 "$supervisor"
    kill -0 "$leader"
    machine_listed thing
}
