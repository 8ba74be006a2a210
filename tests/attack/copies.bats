# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Copies from and to guests that do not want to be copied, but to get out.

load helper

DENIED=org.freedesktop.DBus.Error.AccessDenied

setup_file() {
    story_begin
    idle_guest_start trap
}

teardown_file() {
    idle_guest_stop trap
    story_end
}

setup() {
    here=$BATS_TEST_TMPDIR/here
    mkdir "$here"
    attacker=
    rounds=100
    [ "$BERTH_HOST_BACKEND" = container ] || rounds=10
}

teardown() {
    attack_end
    find "$(inside trap /srv)" -mindepth 1 -xdev -delete
}

attack_end() {
    [ -n "$attacker" ] || return 0
    kill -KILL "$attacker"
    wait "$attacker" || true
    attacker=
}

in_trap() {
    nsenter --mount --pid --target "$(property trap Leader)" "$@"
}

@test "a directory that is now and then a link out is not read through" {
    mkdir -p "$(inside trap /srv/tree/d)" /srv/secret
    echo harmless >"$(inside trap /srv/tree/d/f)"
    echo secret >/srv/secret/f
    ln -s /srv/secret "$(inside trap /srv/tree/l)"
    ln -s ../../../../../../../../srv/secret "$(inside trap /srv/tree/dots)"
    attack swap.py "$(inside trap /srv/tree)" d l

    for ((i = 0; i < rounds; i++)); do
        machinectl copy-from trap /srv/tree "$here/$i" 2>/dev/null || true
        machinectl copy-from trap /srv/tree/d/f "$here/file$i" 2>/dev/null || true
    done
    kill -0 "$attacker"
    attack_end
    [ "$(find "$here" -name f -type f | wc -l)" -gt 0 ]
    refused grep -r secret "$here"
    rm -r /srv/secret
}

@test "a directory that is now and then a link out is not written through" {
    mkdir -p "$(inside trap /srv/tree/d)" /srv/outside "$here/tree/d"
    echo overwritten >"$here/tree/d/f"
    echo original >/srv/outside/f
    ln -s /srv/outside "$(inside trap /srv/tree/l)"
    attack swap.py "$(inside trap /srv/tree)" d l

    for ((i = 0; i < rounds; i++)); do
        machinectl --force copy-to trap "$here/tree" /srv/tree 2>/dev/null || true
        machinectl --force copy-to trap "$here/tree/d/f" /srv/tree/d/f$i 2>/dev/null || true
    done
    kill -0 "$attacker"
    attack_end
    grep -rq overwritten "$(inside trap /srv/tree)"
    [ "$(ls /srv/outside)" = f ]
    [ "$(cat /srv/outside/f)" = original ]
    rm -r /srv/outside
}

@test "a mount point that is now and then a link out is not mounted upon" {
    mkdir -p "$(inside trap /srv/tree/d)" /srv/outside
    ln -s /srv/outside "$(inside trap /srv/tree/l)"
    attack swap.py "$(inside trap /srv/tree)" d l

    mounted=0
    for ((i = 0; i < rounds; i++)); do
        ! machinectl bind --mkdir trap "$here" "/srv/tree/d/new$i" 2>/dev/null || mounted=$((mounted + 1))
    done
    [ $mounted -gt 0 ]
    kill -0 "$attacker"
    attack_end
    [ -z "$(ls /srv/outside)" ]
    refused findmnt /srv/outside
    rm -r /srv/outside
    in_trap sh -c 'grep -o " /srv/[^ ]*" /proc/self/mounts | xargs umount --lazy'
}

@test "a file that grows without end comes to one" {
    attack grow.py "$(inside trap /srv/log)"
    eventually test -s "$(inside trap /srv/log)"
    timeout 30 machinectl copy-from trap /srv/log "$here/log"
    [ -s "$here/log" ]
    cmp --bytes="$(stat --format=%s "$here/log")" "$here/log" "$(inside trap /srv/log)"
}

run_hanging() {
    gdbus call --system --timeout 60 --dest org.freedesktop.machine1 \
        --object-path /org/freedesktop/machine1 \
        --method org.freedesktop.machine1.Manager.CopyFromMachine trap /srv/hang/file "$here/file" \
        >"$BATS_TEST_TMPDIR/error" 2>&1 3>&- || true
}

@test "a file system that never answers costs its caller some seconds, and nobody else anything" {
    needs "FUSE" test -c /dev/fuse
    mkdir "$(inside trap /srv/hang)"
    attack hang.py "$(property trap Leader)" /srv/hang

    run_hanging &
    caller=$!
    begin=$SECONDS
    # Meanwhile the same machine and others are as quick as ever.
    timeout 5 machinectl copy-from trap /etc/passwd "$here/passwd"
    timeout 5 berthctl list
    wait $caller
    [ $((SECONDS - begin)) -le 25 ]
    grep -q org.freedesktop.DBus.Error.Timeout "$BATS_TEST_TMPDIR/error"
    [ ! -e "$here/file" ]

    attack_end
    in_trap umount --lazy /srv/hang
}

# user_machine COMMAND: a machine whose leader is nobody's, root of a user namespace of
# its own, after it has run COMMAND there.
user_machine() {
    nobodys_leader_start unshare --user --map-root-user --mount sh -c "$1 && exec sleep infinity"
    machine_create theirs $leader
}

@test "who copies from it sees how far that is, and need not wait" {
    needs "FUSE" test -c /dev/fuse
    mkdir -p "$(inside trap /srv/tree/hang)"
    attack hang.py "$(property trap Leader)" /srv/tree/hang
    person_begin "trap : INT; berthctl copy-from trap /srv/tree $here/tree; echo ended with \$?"
    screen_shows "MiB copied"
    printf '\x03' >&"$hands"
    screen_shows "canceled"
    screen_shows "ended with 1"
    person_end
    attack_end
    in_trap umount --lazy /srv/tree/hang
}

@test "what a user has mounted into a machine is not read or written with root's rights" {
    mkdir -m 0700 /srv/roots
    echo secret >/srv/roots/f
    chmod 600 /srv/roots/f
    chmod 755 /srv/roots
    echo intruder >"$here/f"
    user_machine 'mount --bind /srv/roots /mnt && mount --bind /srv/roots/f /etc/hostname'

    [ "$(error_of CopyFromMachine theirs /mnt/f "$here/copy")" = $DENIED ]
    [ "$(error_of CopyFromMachine theirs /etc/hostname "$here/copy")" = $DENIED ]
    [ "$(error_of CopyFromMachine theirs /mnt "$here/copies")" = $DENIED ]
    [ ! -e "$here/copy" ]
    [ -z "$(find "$here/copies" -type f)" ]
    [ "$(error_of CopyToMachine theirs "$here/f" /mnt/new)" = $DENIED ]
    [ "$(error_of CopyToMachineWithFlags theirs "$here/f" /mnt/f 1)" = $DENIED ]
    [ "$(error_of CopyToMachineWithFlags theirs "$here/f" /etc/hostname 1)" = $DENIED ]
    error=$(error_of BindMountMachine theirs "$here" /mnt false false)
    [ "$error" = org.freedesktop.DBus.Error.NotSupported ]
    [ "$(cat /srv/roots/f)" = secret ]
    [ "$(ls /srv/roots)" = f ]

    leader_kill
    eventually refused machine_listed theirs
    rm -r /srv/roots
}

@test "a machine that a user has registered, with the host's users, is not root's business" {
    nobodys_machine_start theirs
    echo intruder >"$here/f"
    [ "$(error_of CopyToMachine theirs "$here/f" /etc/intruder)" = $DENIED ]
    [ "$(error_of CopyFromMachine theirs /etc/shadow "$here/shadow")" = $DENIED ]
    [ "$(error_of BindMountMachine theirs "$here" /mnt false false)" = $DENIED ]
    [ ! -e /etc/intruder ]
    [ ! -e "$here/shadow" ]
    leader_kill
    eventually refused machine_listed theirs
}
