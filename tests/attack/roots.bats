# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Root directories that a guest has prepared. What leads out of them is not followed, and
# what berthd cannot trust it does without.

load ../system/helper

ID=fedcba9876543210fedcba9876543210

setup() {
    mkdir -p "$MACHINES/trap/etc" "$MACHINES/trap/var/log"
    host_etc >"$BATS_TEST_TMPDIR/etc"
    leader_start
}

teardown() {
    leader_kill
    eventually refused machine_listed trap
    host_etc | diff "$BATS_TEST_TMPDIR/etc" -
    [ ! -L /var/log/journal/$ID ]
    rm -rf "${MACHINES:?}/trap" "${MACHINES:?}/elsewhere"
}

# Names, types, sizes, times and targets of all there is.
host_etc() {
    find /etc -printf '%p %y %s %T@ %l\n'
}

create() {
    machine_create trap "$leader" container "${1:-$MACHINES/trap}" $ID
}

# refused_as ERROR [ROOT]: it is no machine, and nothing was made for it.
refused_as() {
    run create "${2:-}"
    [ "$status" != 0 ]
    [[ "$output" == *"$1"* ]]
    refused machine_listed trap
    refused unit_active machine-trap.scope
    [ ! -L /var/log/journal/$ID ]
    [ ! -e /run/berth/machines/trap ]
    kill -0 "$leader"
}

@test "a root directory that is a link" {
    ln -s / "$MACHINES/elsewhere"
    refused_as "leads out of the machine's root directory" "$MACHINES/elsewhere"
}

@test "a root directory that is a file" {
    touch "$MACHINES/elsewhere"
    refused_as "leads out of the machine's root directory" "$MACHINES/elsewhere"
}

@test "a journal directory that is a link to the host's /etc" {
    ln -s /etc "$MACHINES/trap/var/log/journal"
    refused_as "leads out of the machine's root directory"
}

@test "a journal of the machine that is a link to the host's /etc" {
    mkdir "$MACHINES/trap/var/log/journal"
    ln -s /etc "$MACHINES/trap/var/log/journal/$ID"
    refused_as "leads out of the machine's root directory"
}

@test "a journal directory below a link out" {
    mkdir -p "$BATS_TEST_TMPDIR/log/journal/$ID"
    rmdir "$MACHINES/trap/var/log"
    ln -s "../../../../..$BATS_TEST_TMPDIR/log" "$MACHINES/trap/var/log"
    refused_as "leads out of the machine's root directory"
}

@test "a journal directory behind a link that stays inside is only not shown" {
    mkdir -p "$MACHINES/trap/data/journal/$ID"
    ln -s ../../data/journal "$MACHINES/trap/var/log/journal"
    create
    [ ! -L /var/log/journal/$ID ]
}

@test "a directory of the host's journal in the way" {
    mkdir -p "$MACHINES/trap/var/log/journal/$ID" /var/log/journal/$ID
    create
    [ -d /var/log/journal/$ID ]
    [ ! -L /var/log/journal/$ID ]
    rmdir /var/log/journal/$ID
}

@test "an os-release that is a link to a secret of the host" {
    echo PRETTY_NAME=secret >"$BATS_TEST_TMPDIR/secret"
    ln -s "$BATS_TEST_TMPDIR/secret" "$MACHINES/trap/etc/os-release"
    create
    run manager GetMachineOSRelease s trap
    [[ "$output" != *secret* ]]
}

@test "an os-release without end" {
    mkfifo "$MACHINES/trap/etc/os-release"
    create
    run timeout 60 busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.freedesktop.machine1.Manager GetMachineOSRelease s trap
    [ "$status" != 124 ]
    machine_listed trap
}

@test "a machine-id of garbage" {
    head -c 5000 /dev/urandom >"$MACHINES/trap/etc/machine-id"
    run manager CreateMachine 'sayssusa(sv)' trap 0 story container "$leader" "$MACHINES/trap" 0
    [ "$status" != 0 ]
    [[ "$output" == *"The machine id is garbage"* ]]
    refused machine_listed trap
    refused unit_active machine-trap.scope

    # Whoever says which id it is need not be told by the file.
    create
    [ "$(property trap Id)" != "16 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0" ]
}
