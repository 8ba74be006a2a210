# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a guest may put where its journal is: who reads it there sees nothing but what the guest
# has written, and nobody waits.

load helper

ID=fedcba9876543210fedcba9876543210

setup() {
    trap_make
    JOURNAL=$TRAP/var/log/journal/$ID
    mkdir -p "$JOURNAL" "$TRAP/run"
    logger "said by the host: treasure"
    journalctl --sync
    HOST=$(dirname "$(find /var/log/journal /run/log/journal -name system.journal 2>/dev/null | head -n 1)")
    [ -e "$HOST/system.journal" ]
}

teardown() {
    systemctl stop story-mallory.service 2>/dev/null || true
    systemctl reset-failed story-mallory.service 2>/dev/null || true
    trap_remove
    if getent passwd mallory >/dev/null; then
        userdel mallory
        ../system/polkit-says asks
    fi
}

# Does not say that it is there to those who look for it.
tries() {
    run -0 "$@" timeout 60 python3 "$BATS_TEST_DIRNAME/journal.py" trap
}

# Whatever berthctl says of it.
reads_in_time() {
    run timeout 60 berthctl logs trap "$@"
    [ "$status" != 124 ]
    [[ "$output" != *treasure* ]]
}

@test "no way leads out of the directory, and nothing is changed" {
    cp "$HOST/system.journal" "$JOURNAL/own.journal"
    trap_start
    tries
    [[ "$output" == *"list: own.journal"* ]]
    [[ "$output" == *"up: True"* ]]
    [[ "$output" == *"far up: ENOENT"* ]]
    [[ "$output" == *"make: EROFS"* ]]
    [[ "$output" == *"remove: EROFS"* ]]
    [[ "$output" == *"read own.journal: b'LPKSHHRH'"* ]]
    [ -e "$JOURNAL/own.journal" ]
}

@test "links to the host's journals, and to its files" {
    ln -s "$HOST/system.journal" "$JOURNAL/absolute.journal"
    ln -s "../../../../../../../../..$HOST/system.journal" "$JOURNAL/upwards.journal"
    ln -s "/proc/1/root$HOST/system.journal" "$JOURNAL/magic.journal"
    ln -s "$HOST" "$JOURNAL/directory.journal"
    ln -s "$secret" "$JOURNAL/secret.journal"
    trap_start
    tries
    for name in absolute upwards magic directory secret; do
        [[ "$output" == *"read $name.journal: ELOOP"* ]]
    done
    reads_in_time
}

@test "the same, of a machine that does not run" {
    echo $ID >"$TRAP/etc/machine-id"
    ln -s "$HOST/system.journal" "$JOURNAL/absolute.journal"
    ln -s "../../../../../../../../..$HOST/system.journal" "$JOURNAL/upwards.journal"
    reads_in_time
    rm -r "$TRAP/var/log/journal"
    ln -s "../../../../../../../var/log/journal" "$TRAP/var/log/journal"
    basename "$HOST" >"$TRAP/etc/machine-id"
    reads_in_time
}

@test "pipes, devices, directories, holes and garbage with a journal's name" {
    mkfifo "$JOURNAL/fifo.journal"
    mknod "$JOURNAL/zero.journal" c 1 5
    mknod "$JOURNAL/terminal.journal" c 5 0
    mkdir "$JOURNAL/directory.journal"
    truncate --size=1T "$JOURNAL/hole.journal"
    head -c 100000 /dev/urandom >"$JOURNAL/garbage.journal"
    { printf LPKSHHRH; head -c 100000 /dev/zero; } >"$JOURNAL/header.journal"
    chmod 666 "$JOURNAL"/*.journal
    trap_start
    tries
    [[ "$output" == *"read zero.journal: EACCES"* ]]
    [[ "$output" == *"read terminal.journal: EACCES"* ]]
    reads_in_time --since=-1h
}

@test "something else in the place of the directory" {
    trap_start
    rmdir "$JOURNAL"
    mkfifo "$JOURNAL"
    fails_with "Not a directory" berthctl logs trap --since=-1h
    rm "$JOURNAL"
    ln -s "$ID" "$JOURNAL"
    fails_with "Too many levels of symbolic links" berthctl logs trap --since=-1h
    rm "$JOURNAL"
    ln -s "../../../../../../../..$HOST" "$JOURNAL"
    fails_with "It keeps no journal" berthctl logs trap --since=-1h
    rm "$JOURNAL"
    echo file >"$JOURNAL"
    fails_with "Not a directory" berthctl logs trap --since=-1h
}

@test "a directory that becomes a link to the host's while it is opened" {
    cp "$HOST/system.journal" "$JOURNAL/own.journal"
    ln -s "../../../../../../../..$HOST" "$JOURNAL.other"
    trap_start
    attack swap.py "$TRAP/var/log/journal" "$ID" "$ID.other"
    for _ in {1..30}; do
        run timeout 60 python3 "$BATS_TEST_DIRNAME/journal.py" trap
        [[ "$output" != *system.journal* ]]
        [[ "$output" != *"list: own.journal"* ]] || seen=yes
    done
    [ "$seen" ]
    kill -0 "$attacker"
}

@test "the host's journal, which a user has mounted over that of their machine, stays unread by them" {
    useradd --no-create-home mallory
    chmod 711 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
    ../system/polkit-says allowed
    systemd-run --quiet --unit=story-mallory --uid=mallory --property=Type=notify \
        --property=NotifyAccess=all unshare --user --map-root-user --mount \
        sh -c "mount -t tmpfs tmpfs /mnt; mkdir -p /mnt/$ID
               mount --bind $HOST /mnt/$ID; mount --rbind /mnt /run/log/journal
               systemd-notify --ready --pid=parent; exec sleep infinity"
    mallory_leader=$(systemctl show --property=MainPID --value story-mallory.service)
    as_mallory=(setpriv --reuid=mallory --regid=mallory --clear-groups)
    "${as_mallory[@]}" busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.freedesktop.machine1.Manager RegisterMachine sayssus trap \
        16 254 220 186 152 118 84 50 16 254 220 186 152 118 84 50 16 story container "$mallory_leader" ""
    run "${as_mallory[@]}" timeout 60 python3 "$BATS_TEST_DIRNAME/journal.py" trap
    [[ "$output" != *"read system.journal: b"* ]]
    [[ "$output" == *"read system.journal: EACCES"* || "$output" == *refused* ]]
    run "${as_mallory[@]}" timeout 60 berthctl logs trap --since=-1h
    [[ "$output" != *treasure* ]]
}
