# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A machine that puts something else in the place of what is looked at, or opened, in it: it
# gets nothing of the host's, and nobody waits for it.

load ../system/helper

OS_RELEASE=/etc/os-release

# One process in a mount namespace of its own, whose files are the host's but for what the
# test puts over them.
setup() {
    leader_start
    machine_create trap "$leader"
    at_guest mount -t tmpfs tmpfs /run
    cp /etc/passwd "$BATS_TEST_TMPDIR/passwd"
}

teardown() {
    leader_kill
    eventually refused machine_listed trap
    cmp /etc/passwd "$BATS_TEST_TMPDIR/passwd"
}

at_guest() {
    nsenter --target "$leader" --mount "$@"
}

# over PATH: an empty directory of the guest's own there.
over() {
    at_guest mount -t tmpfs -o mode=0755 tmpfs "$1"
}

# answers_in SECONDS METHOD ARGUMENT…: and what, in $error: the name of an error, or nothing.
answers_in() {
    local limit=$1 begin=$SECONDS
    shift

    error=$(error_of "$@")
    [ $((SECONDS - begin)) -le "$limit" ]
}

# Others are served as ever.
still_serves() {
    answers_in 2 GetMachineOSRelease .host
    [ -z "$error" ]
    answers_in 2 GetMachineAddresses .host
    [ -z "$error" ]
}

@test "an os-release that is a FIFO, a device, a directory, or a loop" {
    over /etc
    at_guest ln -s os-release $OS_RELEASE
    answers_in 2 GetMachineOSRelease trap
    [ "$error" = System.Error.ELOOP ]

    at_guest rm $OS_RELEASE
    at_guest mkfifo $OS_RELEASE
    answers_in 2 GetMachineOSRelease trap
    [ "$error" = System.Error.EBADF ]

    at_guest rm $OS_RELEASE
    at_guest mkdir $OS_RELEASE
    answers_in 2 GetMachineOSRelease trap
    [ -n "$error" ]

    at_guest rmdir $OS_RELEASE
    at_guest touch $OS_RELEASE
    at_guest mount --bind /dev/zero $OS_RELEASE
    answers_in 2 GetMachineOSRelease trap
    [ "$error" = System.Error.EBADF ]
    still_serves
}

@test "an os-release of a gigabyte, with and without bytes in it" {
    over /etc
    at_guest truncate --size=1G $OS_RELEASE
    answers_in 2 GetMachineOSRelease trap
    [ "$error" = System.Error.EFBIG ]
    at_guest sh -c "yes ID=x | head -c 1M >$OS_RELEASE"
    answers_in 2 GetMachineOSRelease trap
    [ "$error" = System.Error.EFBIG ]
}

@test "an os-release that is a link finds only the machine's own files" {
    over /etc
    at_guest sh -c 'echo NAME=own >/etc/passwd'
    at_guest ln -s "/proc/1/root/../../../../../../etc/passwd" $OS_RELEASE
    refused manager GetMachineOSRelease s trap # through a magic link
    at_guest rm $OS_RELEASE
    at_guest ln -s ../../../../../../../etc/passwd $OS_RELEASE
    run -0 manager GetMachineOSRelease s trap
    [[ "$output" == *own* ]]
}

@test "who has users of their own shows nothing that their root may not read" {
    # As somebody may who only has a user namespace: /etc/shadow in its place.
    leader_kill
    eventually refused machine_listed trap
    nobodys_leader_start unshare --user --map-root-user --mount sh -c \
        "mount --bind /etc/shadow '$(realpath /etc/os-release)' && exec sleep infinity"
    machine_create trap "$leader"
    answers_in 2 GetMachineOSRelease trap
    [ "$error" = org.freedesktop.DBus.Error.AccessDenied ]
}

@test "a terminal multiplexer that is something else" {
    over /dev
    answers_in 2 OpenMachinePTY trap
    [ "$error" = org.freedesktop.DBus.Error.FileNotFound ]

    at_guest mkdir /dev/pts
    at_guest mkfifo /dev/pts/ptmx
    answers_in 2 OpenMachinePTY trap
    [ "$error" = System.Error.ENOTTY ]

    at_guest rm /dev/pts/ptmx
    at_guest ln -s ../../etc/passwd /dev/pts/ptmx
    answers_in 2 OpenMachinePTY trap
    [ "$error" = System.Error.ENOTTY ]
    still_serves
}

@test "a bus that is a link to the host's is not the host's" {
    at_guest mkdir /run/dbus
    at_guest ln -s /proc/1/root/run/dbus/system_bus_socket /run/dbus/system_bus_socket
    answers_in 5 OpenMachineLogin trap
    [ "$error" = System.Error.ELOOP ]

    at_guest ln -sf ../../../../../run/dbus/system_bus_socket /run/dbus/system_bus_socket
    answers_in 5 OpenMachineLogin trap
    [ "$error" = System.Error.ELOOP ]

    at_guest rm /run/dbus/system_bus_socket
    at_guest mkfifo /run/dbus/system_bus_socket
    answers_in 5 OpenMachineLogin trap
    [ "$error" = org.freedesktop.DBus.Error.FileNotFound ]
}

@test "a bus that talks nonsense, or not to the end" {
    at_guest mkdir /run/dbus
    for word in 'REJECTED nobody' '\0\0\0\0' \
        'OK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\nlBIN'; do
        at_guest rm -f /run/dbus/system_bus_socket
        at_guest python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind("/run/dbus/system_bus_socket")
s.listen()
c, _ = s.accept()
c.sendall(sys.argv[1].encode().decode("unicode_escape").encode() + b"\r\n" * 100)
c.recv(1)
' "$word" 3>&- </dev/null >/dev/null 2>&1 &
        eventually test -S "/proc/$leader/root/run/dbus/system_bus_socket"
        answers_in 25 OpenMachineLogin trap
        [ -n "$error" ]
        wait $!
    done
    still_serves
}
