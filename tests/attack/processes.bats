# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Processes, control groups and mounts of a payload: however many and wherever, they end with it, and
# none is outside.

load image

setup() {
    image_setup
}

teardown() {
    image_teardown
}

# Those whose root directory is the image's.
guest_processes() {
    local process
    for process in /proc/[0-9]*; do
        [ ! "$process/root" -ef "$TRAP" ] || echo "$process"
    done
}

none_left() {
    [ -z "$(guest_processes)" ] && refused unit_active machine-trap.scope
}

# Each process is gone as soon as it is seen: a list of them is old when it has been read.
@test "a fork bomb ends when its machine is told to" {
    image_python bomb <<'END'
import os, signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(40):
    if os.fork() == 0:
        os.setsid()
        for _ in range(100000):
            if os.fork() != 0:
                os._exit(0)
open("/bombed", "w").close()
while True:
    signal.pause()
END
    image_service -- $usr /bomb
    eventually test -e "$TRAP/bombed"
    answers manager GetMachine s trap
    timeout 10 berthctl terminate trap
    eventually refused machine_listed trap
    eventually none_left
}

@test "a fork bomb does not outlive its supervisor" {
    image_python bomb <<'END'
import os, signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(40):
    if os.fork() == 0:
        for _ in range(100000):
            if os.fork() != 0:
                os._exit(0)
open("/bombed", "w").close()
while True:
    signal.pause()
END
    image_service -- $usr /bomb
    eventually test -e "$TRAP/bombed"
    kill -KILL "$(systemctl show story-trap.service --property=MainPID --value)"
    eventually none_left
    eventually refused machine_listed trap
}

@test "a guest that ignores what it is told, and catches what it can, is ended" {
    image_python deaf <<'END'
import signal
for s in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(s, signal.SIG_IGN)
open("/deaf-now", "w").close()
while True:
    signal.pause()
END
    image_service TimeoutStopSec=1 -- $usr /deaf
    eventually test -e "$TRAP/deaf-now"
    timeout 60 systemctl stop story-trap.service
    eventually none_left
}

# outside_scope: processes of the guest in a control group that is not its own.
outside_scope() {
    local process
    for process in $(guest_processes); do
        grep -H '^0::' "$process/cgroup" 2>/dev/null | grep -v '0::/machine.slice/machine-trap.scope' || true
    done
}

@test "no control group beyond its own is entered" {
    image_python climb <<'END'
import os, subprocess
def try_all(root):
    for path in (root + "/cgroup.procs", root + "/../cgroup.procs", root + "/../../cgroup.procs",
                 root + "/../system.slice/cgroup.procs", root + "/init.scope/cgroup.procs"):
        for pid in ("0", "1", str(os.getpid())):
            try:
                with open(path, "w") as f:
                    f.write(pid)
            except OSError:
                pass
    for name in ("..", "../..", "."):
        try:
            os.mkdir(os.path.join(root, name, "berth-escaped"))
        except OSError:
            pass
try_all("/sys/fs/cgroup")
os.makedirs("/tmp/cg", exist_ok=True)
subprocess.run(["/bin/busybox", "mount", "-t", "cgroup2", "cgroup2", "/tmp/cg"], check=False)
try_all("/tmp/cg")
subprocess.run(["/bin/busybox", "mount", "-o", "remount,rw", "/sys/fs/cgroup"], check=False)
try_all("/sys/fs/cgroup")
try_all("/proc/1/root/sys/fs/cgroup")
open("/climbed", "w").close()
os.execv("/bin/busybox", ["sleep", "infinity"])
END
    image_service -- $usr /climb
    eventually test -e "$TRAP/climbed"
    [ -n "$(guest_processes)" ]
    [ -z "$(outside_scope)" ]
    [ -z "$(find /sys/fs/cgroup -name berth-escaped -not -path '*/machine-trap.scope/*')" ]
    systemctl stop story-trap.service
    eventually none_left
    [ -z "$(find /sys/fs/cgroup -name berth-escaped)" ]
}

@test "control groups of a guest, deep and many, go with it" {
    image_service -- sh -c 'cd /sys/fs/cgroup; i=0
        while [ $i -lt 60 ]; do mkdir "many-$i" deep; cd deep; i=$((i + 1)); done
        sh -c "echo 0 >cgroup.procs; exec sleep infinity" & echo done >/made; exec sleep infinity'
    eventually test -e "$TRAP/made"
    timeout 60 systemctl stop story-trap.service
    eventually none_left
    eventually refused test -e /sys/fs/cgroup/machine.slice/machine-trap.scope
}

@test "mounts of a guest are seen by no host" {
    mkdir "$outside/bound"
    host_state >"$BATS_TEST_TMPDIR/host"
    image_service -- --bind="$outside:/bound" sh -c 'mount --make-rshared /
        mount -t tmpfs tmpfs /bound/bound; mkdir /bound/bound/x; mount -t tmpfs tmpfs /bound
        mount -t tmpfs tmpfs /etc; mount --make-shared /bound; mount -t tmpfs tmpfs /
        echo done >/mounted; exec sleep infinity'
    eventually machine_listed trap
    eventually grep -q ' /bound ' "/proc/$(property trap Leader)/mountinfo"
    host_state | grep -v '^/run/systemd/nspawn/trap/unix-export ' | diff "$BATS_TEST_TMPDIR/host" -
    [ -z "$(ls "$outside/bound")" ]
    run ! grep -qE 'machine-trap|/var/lib/machines/trap' /proc/self/mountinfo
}
