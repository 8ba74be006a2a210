# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Where machines are: units, parts of units, and processes that were moved elsewhere.

load helper

shares_nspawn web

# by_pid PID: the object of the machine that it belongs to.
by_pid() {
    manager GetMachineByPID u "$1" | cut -d'"' -f2
}

@test "a unit tells whose processes it has" {
    path=$(manager GetMachine s web | cut -d'"' -f2)
    guest=$(systemctl -M web show systemd-journald.service --property=MainPID --value)
    [ -n "$guest" ]
    [ "$(by_pid "$(property web Leader)")" = "$path" ]
    for pid in $(cat "/sys/fs/cgroup$(unit_group)"/{,*/,*/*/,*/*/*/}cgroup.procs 2>/dev/null); do
        [ "$(by_pid "$pid")" = "$path" ]
    done
    [ "$(readlink /run/systemd/machines/unit:systemd-nspawn@web.service)" = web ]
    [ "$(ps -o machine= -p "$(property web Leader)" | tr -d ' ')" = web ]
}

unit_group() {
    systemctl show systemd-nspawn@web.service --property=ControlGroup --value
}

@test "its part of the unit is noted for good" {
    part=$(property web Subgroup)
    [ "$part" = '' ] || [ "$part" = payload ]
    [ "$BERTH_HOST_SUITE" != forky ] || [ "$part" = payload ]
    systemctl restart berthd.service
    eventually machine_listed web
    [ "$(property web Subgroup)" = "$part" ]
    [ "$(property web UID)" = 0 ]
}

@test "a process that is moved elsewhere belongs where it comes from" {
    setsid unshare --mount bash -c 'sleep infinity & wait' 3>&- </dev/null >/dev/null 2>&1 &
    leader=$!
    eventually has_child "$leader"
    path=$(machine_create thing "$leader" | cut -d'"' -f2)

    mkdir /sys/fs/cgroup/story-elsewhere
    echo "$child" >/sys/fs/cgroup/story-elsewhere/cgroup.procs
    [ "$(by_pid "$child")" = "$path" ]
    [ "$(error_of GetMachineByPID $$)" = org.freedesktop.machine1.NoMachineForPID ]

    leader_kill "$child"
    leader_kill
    rmdir /sys/fs/cgroup/story-elsewhere
    eventually refused machine_listed thing
}

has_child() {
    child=$(pgrep --parent "$1" --exact sleep)
}

@test "terminated, a part of a unit is its supervisor's to end" {
    cat >"$BATS_TEST_TMPDIR/supervise" <<'END'
import os, signal, subprocess, sys
import dbus
unit = "/sys/fs/cgroup" + open("/proc/self/cgroup").read().split("0::")[1].strip()
children = []
for name in ("one", "two"):
    os.mkdir(f"{unit}/{name}")
    children.append(subprocess.Popen(["sleep", "infinity"]))
    open(f"{unit}/{name}/cgroup.procs", "w").write(str(children[-1].pid))
m = dbus.Interface(dbus.SystemBus().get_object("org.freedesktop.machine1", "/org/freedesktop/machine1"),
                   "org.freedesktop.machine1.Manager")
told = {signal.SIGTERM, signal.SIGCHLD}
signal.pthread_sigmask(signal.SIG_BLOCK, told)
for name, child in zip(("one", "two"), children):
    m.RegisterMachine(name, dbus.Array([], signature="y"), "story", "container", dbus.UInt32(child.pid), "")
open(sys.argv[1], "w").close()
while True:
    what = signal.sigwait(told)
    children = [child for child in children if child.poll() is None]
    if what == signal.SIGTERM and not children:
        break
    for child in children if what == signal.SIGTERM else []:
        child.kill()
END
    systemd-run --quiet --unit=story-many --property=Delegate=yes --property=KillMode=control-group \
        python3 "$BATS_TEST_TMPDIR/supervise" "$BATS_TEST_TMPDIR/ready"
    eventually [ -e "$BATS_TEST_TMPDIR/ready" ]
    [ "$(property one Subgroup)" = one ]
    [ "$(property two Unit)" = story-many.service ]
    one=$(property one Leader)
    two=$(property two Leader)
    [ "$(by_pid "$two")" = "$(manager GetMachine s two | cut -d'"' -f2)" ]

    # Of one only, though both are in the unit.
    manager KillMachine ssi one all 18
    manager KillMachine ssi one all 9
    eventually refused machine_listed one
    eventually refused kill -0 "$one"
    kill -0 "$two"

    manager TerminateMachine s two
    eventually refused machine_listed two
    unit_active story-many.service
    systemctl stop story-many.service
}

# A user who may register machines is made by a rule of polkit's.
@test "a user may register what is the user's own, and thereby ends nothing else" {
    useradd --system --create-home story
    mkdir -p /etc/polkit-1/rules.d
    echo 'polkit.addRule(function(action, subject) {
        if (action.id == "org.freedesktop.machine1.register-machine" && subject.user == "story")
            return polkit.Result.YES;
    });' >/etc/polkit-1/rules.d/story.rules
    setpriv --reuid=story --regid=story --clear-groups sleep infinity 3>&- </dev/null >/dev/null 2>&1 &
    own=$!
    sleep infinity 3>&- </dev/null >/dev/null 2>&1 &
    others=$!

    eventually may_register "$others"
    run -1 as_story RegisterMachine sayssus thing 0 story container "$others" ''
    [[ "$output" == *"ccess denied"* || "$output" == *"ermission denied"* ]]
    refused machine_listed thing

    eventually owned_by_story "$own"
    as_story RegisterMachine sayssus thing 0 story container "$own" ''
    [ "$(property thing UID)" = "$(id -u story)" ]
    unit=$(property thing Unit)
    [ ! -e "/run/systemd/machines/unit:$unit" ]
    [ "$(error_of GetMachineByPID "$others")" = org.freedesktop.machine1.NoMachineForPID ]

    # All are the user's own: this test is in the same unit.
    run -1 as_story TerminateMachine s thing
    unit_active "$unit"
    as_story KillMachine ssi thing all 9 || [ $? -eq 137 ] # busctl, too, is one of them
    eventually refused machine_listed thing
    kill -0 "$others"
    kill "$others"

    rm /etc/polkit-1/rules.d/story.rules
    userdel --remove story
}

as_story() {
    setpriv --reuid=story --regid=story --clear-groups busctl --system call org.freedesktop.machine1 \
        /org/freedesktop/machine1 org.freedesktop.machine1.Manager "$@" 2>&1
}

owned_by_story() {
    [ "$(stat -c %U "/proc/$1")" = story ]
}

# Polkit has read the rule when it is no more what keeps the user from another's process.
may_register() {
    [[ "$(as_story RegisterMachine sayssus thing 0 story container "$1" '')" != *nteractive* ]]
}

@test "what one daemon notes of a machine, the other reads" {
    [ "$BERTH_HOST_SUITE" = forky ] || skip "this machined is older"
    leader_start
    python3 - "$leader" <<'END'
import os, sys
import dbus
machine1 = dbus.SystemBus().get_object("org.freedesktop.machine1", "/org/freedesktop/machine1")
keys = [("Class", "vm"), ("LeaderPIDFD", dbus.types.UnixFd(os.pidfd_open(int(sys.argv[1])))),
        ("Service", "story teller"), ("SSHAddress", "vsock/9"), ("SSHPrivateKeyPath", "/run/a key"),
        ("VSockCID", dbus.UInt32(9)), ("NetworkInterfaces", dbus.Array([1], signature="i"))]
dbus.Interface(machine1, "org.freedesktop.machine1.Manager").CreateMachineEx(
    "thing", dbus.Array(keys, signature="(sv)"), dbus.Array([], signature="(sv)"))
END
    told=$(tell thing)
    [[ "$told" == *'"/run/a key"'*'"story teller"'* ]]

    systemctl --quiet disable --now berthd.service
    theirs=$(tell thing)
    systemctl --quiet enable --now berthd.service
    again=$(tell thing)
    leader_kill
    eventually refused machine_listed thing

    echo "$told"
    diff <(echo "$told") <(echo "$theirs")
    diff <(echo "$told") <(echo "$again")
}

# All of its properties, but for its supervisor, which has ended: machined forgets it then.
tell() {
    local path

    path=$(manager GetMachine s "$1" | cut -d'"' -f2)
    for name in Class Id Leader LeaderPIDFDId NetworkInterfaces RootDirectory SSHAddress SSHPrivateKeyPath \
        Service Subgroup Timestamp TimestampMonotonic UID Unit VSockCID; do
        echo "$name $(busctl --system get-property org.freedesktop.machine1 "$path" \
            org.freedesktop.machine1.Machine $name)"
    done
}

@test "a leader that was moved out of its scope is ended with the machine" {
    leader_start
    machine_create moved "$leader"
    echo "$leader" >"/sys/fs/cgroup/system.slice/berth-host-command.service/cgroup.procs" ||
        echo "$leader" >/sys/fs/cgroup/system.slice/cgroup.procs
    machinectl terminate moved
    eventually refused leader_runs "$leader"
    eventually refused machine_listed moved
}
