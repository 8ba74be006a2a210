# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A /proc of the guest's own making, and a /dev that is not there any more: what the host
# needs to know of the guest it does not ask there.

load helper

setup() {
    trap_make
    echo NAME=harmless >"$TRAP/etc/os-release"
    trap_start --net
    in_guest mount -t tmpfs tmpfs /proc
    in_guest mkdir -p /proc/1/ns /proc/1/fd /proc/self/fd
    for map in uid_map gid_map; do
        in_guest sh -c "echo 0 70000 65536 >/proc/1/$map"
    done
    in_guest ln -s "$secret" /proc/1/root
    in_guest ln -s "$secret" /proc/self/root
    in_guest ln -s /proc/1/root /proc/self/fd/3
    in_guest ln -s "$secret" /proc/1/ns/net
}

teardown() {
    trap_remove
}

in_guest() {
    nsenter --target="$leader" --mount --root /bin/busybox "$@"
}

@test "users are mapped as the kernel has it" {
    [ "$(manager GetMachineUIDShift s trap)" = "u 0" ]
    [ "$(manager MapFromMachineUser su trap 1000)" = "u 1000" ]
    fails_with "No machine has user 71000" manager MapToMachineUser u 71000
}

@test "addresses are those of its network" {
    answers manager GetMachineAddresses s trap
    [[ $answer == "a(iay)"* ]]
}

@test "its processes are found" {
    [ "$(manager GetMachineByPID u "$leader")" = 'o "/org/freedesktop/machine1/machine/trap"' ]
}

@test "its files are its own" {
    answers manager GetMachineOSRelease s trap
    [[ $answer == *harmless* ]]
    in_guest ln -sf /proc/self/fd/3 /etc/os-release
    answers manager GetMachineOSRelease s trap

    # Links are copied as links, and no way is gone through them.
    mkdir "$BATS_TEST_TMPDIR/copies"
    manager CopyFromMachine sss trap /proc "$BATS_TEST_TMPDIR/copies/proc"
    [ "$(readlink "$BATS_TEST_TMPDIR/copies/proc/1/root")" = "$secret" ]
    manager CopyFromMachine sss trap /proc/self/fd/3/ "$BATS_TEST_TMPDIR/copies/through" || true
    [ -z "$(find "$BATS_TEST_TMPDIR/copies" -type f -exec grep treasure {} +)" ]
}

@test "without a /dev there are no terminals" {
    rm -r "$TRAP/dev"
    fails_with "Cannot open a terminal" manager OpenMachinePTY s trap
    ln -s "../../../../../../dev" "$TRAP/dev"
    fails_with "Cannot open a terminal" manager OpenMachinePTY s trap
    fails_with "Cannot open a login" manager OpenMachineLogin s trap
}
