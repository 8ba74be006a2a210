# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A machine that a user has registered, in a user namespace of theirs: there they may mount
# what they could not read over what we look for.

load helper

setup() {
    useradd --no-create-home mallory
    trap_make
    chmod 600 "$secret"
    chmod 711 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" "$MACHINES"
    ../system/polkit-says allowed
}

teardown() {
    systemctl stop story-mallory.service 2>/dev/null || true
    systemctl reset-failed story-mallory.service 2>/dev/null || true
    chmod 700 "$MACHINES"
    ../system/polkit-says asks
    trap_remove
    userdel mallory
}

# mallory_start MOUNTS: a machine of hers, whose first process is in a namespace of users and
# one of mounts, where it has run MOUNTS.
mallory_start() {
    touch "$TRAP/etc/os-release"
    systemd-run --quiet --unit=story-mallory --uid=mallory --property=Type=notify \
        --property=NotifyAccess=all unshare --user --map-root-user --mount \
        sh -c "$1; systemd-notify --ready --pid=parent; exec sleep infinity"
    mallory_leader=$(systemctl show --property=MainPID --value story-mallory.service)
    as_mallory RegisterMachine sayssus trap 0 story container "$mallory_leader" ""
}

as_mallory() {
    setpriv --reuid=mallory --regid=mallory --clear-groups busctl --system call org.freedesktop.machine1 \
        /org/freedesktop/machine1 org.freedesktop.machine1.Manager "$@"
}

@test "the host's secret mounted over her os-release stays secret" {
    mallory_start "mount --bind $secret /usr/lib/os-release"
    grep --quiet treasure "/proc/$mallory_leader/root/etc/os-release" # or there is nothing to attack
    answers manager GetMachineOSRelease s trap
    answers as_mallory GetMachineOSRelease s trap
}

@test "the process of another user is not hers to register" {
    leader_start
    run as_mallory RegisterMachine sayssus trap 0 story container "$leader" ""
    [ "$status" != 0 ]
    [[ $output == *"ccess denied"* || $output == *"Permission denied"* ]]
    refused machine_listed trap
}
