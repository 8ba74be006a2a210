# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A payload's terminals: those of the host it cannot type into, its own may be as hostile as it
# likes.

load image

setup() {
    image_setup
}

teardown() {
    image_teardown
}

# CVE-2017-5226 and its like: with --pipe the guest has the host's terminal.
@test "nothing is typed into the terminal of who starts it" {
    image_python type <<'END'
import ctypes, termios
TIOCLINUX = 0x541c
SYS_ioctl = 16
libc = ctypes.CDLL(None, use_errno=True)
for fd in (0, 1, 2):
    for number in (termios.TIOCSTI, termios.TIOCSTI | 1 << 32, TIOCLINUX, TIOCLINUX | 1 << 32):
        for c in b"touch /root/typed\n":
            r = libc.syscall(ctypes.c_long(SYS_ioctl), ctypes.c_long(fd), ctypes.c_long(number), bytes([c]))
            print("typed" if r >= 0 else "errno %i" % ctypes.get_errno())
END
    run on_terminal "berth-run -q -D $TRAP -M trap --register=no --pipe $usr /type
        read -t 1 -r line; echo read: \$line" </dev/null
    [[ $output == *"errno 1"* ]] # EPERM
    [[ $output != *typed$'\r'* ]] && [[ $output != *"read: touch"* ]]
    [ ! -e /root/typed ]
    image_runs $usr /type
    [[ $output != *typed* ]]
}

@test "a terminal of the host's is nobody's controlling terminal inside" {
    image_python steal <<'END'
import fcntl, os, termios
for fd in (0, 1, 2):
    try:
        fcntl.ioctl(fd, termios.TIOCSCTTY, 1)
        print("stolen")
    except OSError as e:
        print("refused", fd)
try:
    os.open("/dev/tty", os.O_RDWR)
    print("has one")
except OSError:
    print("has none")
END
    # With --pipe: what it steals, if at all, is not /dev/tty of others, and job control goes on.
    run on_terminal "berth-run -q -D $TRAP -M trap --register=no --pipe $usr /steal; stty size" </dev/null
    [[ $output == *"33 111"* ]]
}

# CVE-2025-52565, and what it does to its own console afterwards.
@test "a console that is replaced stays the guest's business" {
    image_service -- sh -c "rm /dev/console; ln -s $outside/file /dev/console; rm -f /dev/pts/0 /dev/ptmx
        ln -s $outside/file /dev/ptmx; umount /dev/pts; mkdir -p /dev/pts; ln -s $outside/file /dev/pts/0
        echo done >/replaced; exec sleep infinity"
    eventually test -e "$TRAP/replaced"
    answers manager OpenMachinePTY s trap
    run timeout 60 berthctl shell trap /bin/true </dev/null
    [ "$status" != 124 ]
    systemctl stop story-trap.service
    [ ! -s "$outside/file" ]
}

log_size() {
    cat /var/log/berth/trap.console* | wc -c
}

log_rolled() {
    [ -e /var/log/berth/trap.console.1 ]
}

@test "a console flood fills neither disk nor memory, and keeps nobody from being served" {
    local pid before
    image_service -- --console=passive sh -c 'yes "$(head -c 3000 /dev/zero | tr "\0" x)"'
    eventually machine_listed trap
    eventually log_rolled
    pid=$(systemctl show story-trap.service --property=MainPID --value)
    before=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
    answers manager GetMachine s trap
    for _ in {1..10}; do
        [ "$(log_size)" -le $((2 * 1024 * 1024 + 8192)) ]
        timeout 5 berthctl logs --console trap -n 3 >/dev/null
    done
    [ "$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")" -le $((before + 1024)) ]
    timeout 60 systemctl stop story-trap.service
}

@test "escape sequences on the console are shown as text" {
    image_service -- --console=passive sh -c \
        'printf "\033[2J\033]0;title\007\033[6n\233\037evil\r\n"; sleep infinity'
    eventually grep -q evil /var/log/berth/trap.console
    on_terminal "berthctl logs --console trap -n 5" </dev/null >"$BATS_TEST_TMPDIR/screen"
    grep -q evil "$BATS_TEST_TMPDIR/screen"
    run ! grep -qE $'\e\\[(2J|6n)|\e\\]0|\a|\x1f' "$BATS_TEST_TMPDIR/screen"
}
