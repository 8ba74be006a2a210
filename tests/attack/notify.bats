# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a payload says over its NOTIFY_SOCKET: some of it is passed on to the host's PID 1, in which
# nothing may come of it but what the guest's own unit is to be told.

load image

UNIT=/org/freedesktop/systemd1/unit/story_2dtrap_2eservice
PROPERTIES=org.freedesktop.DBus.Properties

setup() {
    image_setup
}

teardown() {
    image_teardown
}

unit() {
    systemctl show story-trap.service --property="$1" --value
}

has_status() {
    [ "$(unit StatusText)" = "$1" ]
}

# notify_guest <TEXT: starts one whose PID 1 runs TEXT, with say(), and sleeps.
notify_guest() {
    {
        cat <<'END'
import array, os, socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
def say(data, fds=()):
    s.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [], 0,
              os.environ["NOTIFY_SOCKET"])
def done():
    open("/said", "w").close()
END
        cat
        echo 'done()'
        echo 'while True: time.sleep(1000)'
    } | image_python say
    image_service Type=notify NotifyAccess=all FileDescriptorStoreMax=16 WatchdogSec=1h "$@" -- \
        --notify-ready=yes $usr /say
}

@test "forged words change nothing of the unit" {
    notify_guest <<'END'
say(b"READY=1")
for word in (b"MAINPID=1", b"MAINPID=%d" % os.getpid(), b"WATCHDOG=trigger", b"WATCHDOG_USEC=1", b"ERRNO=2",
             b"BUSERROR=org.x", b"EXTEND_TIMEOUT_USEC=1", b"RELOADING=1\nMONOTONIC_USEC=1",
             b"NOTIFYACCESS=none", b"FDSTORE=1", b"FDSTOREREMOVE=1", b"BARRIER=1", b"MAINPIDFDID=1",
             b"EXIT_STATUS=7", b"STATUS=x\0MAINPID=1", b"X_NSPAWN_LEADER_PID=1",
             b"STATUS=fine\nMAINPID=1\nSTATUS=still"):
    say(word)
    say(word + b"\nFDNAME=x", [1])
END
    eventually test -e "$TRAP/said"
    eventually has_status "Container running: still"
    [ "$(cat "/proc/$(unit MainPID)/comm")" = berth-run ]
    [ "$(unit ActiveState)" = active ]
    [ "$(unit NFileDescriptorStore)" = 0 ]
    [ "$(unit WatchdogUSec)" = 1h ]
    [ "$(unit StatusErrno)" = 0 ]
    [ "$(unit NotifyAccess)" = all ]
    [ "$(property trap Leader)" != 1 ]
}

@test "others than PID 1 are not heard" {
    run ! notify_guest TimeoutStartSec=2 <<'END'
for _ in range(50):
    if os.fork() == 0:
        say(b"READY=1\nSTATUS=forged\nSTOPPING=1")
        os._exit(0)
END
    [ "$(unit ActiveState)" != active ]
    [[ $(unit StatusText) != *forged* ]]
}

supervisor_descriptors() {
    find "/proc/$(unit MainPID)/fd" -mindepth 1 | wc -l
}

holds_no_more_than() {
    [ "$(supervisor_descriptors)" -le "$1" ]
}

@test "a flood of statuses reaches the host's PID 1 a few times a second at most" {
    local before changes
    notify_guest <<'END'
os.mkfifo("/go")
say(b"READY=1")
open("/go").read()  # until the host writes to it
fd = os.open("/", os.O_RDONLY)
n = 0
while True:
    n += 1
    say(b"STATUS=%d\nREADY=1\nSTOPPING=0\nX_SYSTEMD_SIGNALS_LEVEL=%d" % (n, n % 2))
    say(b"FDSTORE=1", [fd] * 200)
    say(b"x" * 60000)
END
    before=$(supervisor_descriptors)
    timeout 60 sh -c 'echo >"$1"' - "$TRAP/go"
    timeout 3 busctl --system --json=short monitor \
        --match "type='signal',path='$UNIT',interface='$PROPERTIES'" \
        >"$BATS_TEST_TMPDIR/signals" 2>/dev/null || true
    changes=$(grep -c StatusText "$BATS_TEST_TMPDIR/signals" || true)
    echo "$changes changes of the status in 3 seconds"
    [ "$changes" -gt 0 ] && [ "$changes" -le 45 ]
    # A message's are open for a moment.
    eventually holds_no_more_than $((before + 2))
    answers manager GetMachine s trap
    [ "$(unit ActiveState)" = active ]
    timeout 60 systemctl stop story-trap.service
}

@test "a flood from all processes of a guest keeps nobody from ending it" {
    notify_guest <<'END'
say(b"READY=1")
done()
for _ in range(8):
    if os.fork() == 0:
        s.setblocking(True)
        while True:
            say(b"")
            say(b"STATUS=forged\n" * 100)
END
    eventually test -e "$TRAP/said"
    answers manager GetMachine s trap
    [[ $(unit StatusText) != *forged* ]]
    timeout 60 systemctl stop story-trap.service
    eventually refused machine_listed trap
}

@test "what a status contains is text" {
    notify_guest <<'END'
say(b"READY=1\nSTATUS=\033[2J\007\x9b\xff\xfe" + b"A" * 3000)
END
    eventually test -e "$TRAP/said"
    eventually test -n "$(unit StatusText)"
    [ "$(unit StatusText | wc -c)" -le 300 ]
    run ! grep -q $'[\e\a]' <<<"$(unit StatusText)"
}
