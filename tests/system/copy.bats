# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Copies and mounts where berthd does more than machined, or otherwise: holes, ACLs, what
# is taken from those who change their owner; how many there may be, and what is left.

load helper

shares_idle_guests

setup() {
    here=$BATS_TEST_TMPDIR/here
    mkdir "$here"
}

trees() {
    "$BATS_TEST_DIRNAME/trees.py" "$@"
}

# xattr FILE NAME [HEX]: sets an extended attribute, or prints it.
xattr() {
    python3 -c 'import os, sys
if len(sys.argv) > 3:
    os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]))
else:
    print(os.getxattr(sys.argv[1], sys.argv[2]).hex())' "$@"
}

ACCESS=system.posix_acl_access
# user::rw- user:1234:rwx group::r-- mask::rwx other::---
ACL=0200000001000600ffffffff02000700d204000004000400ffffffff10000700ffffffff20000000ffffffff
CAPABILITY=security.capability
# cap_net_raw+ep
CAPS=0100000200200000000000000000000000000000

INVALID=org.freedesktop.DBus.Error.InvalidArgs
NOT_FOUND=org.freedesktop.DBus.Error.FileNotFound

@test "holes stay holes" {
    truncate --size=20G "$here/sparse"
    printf x | dd of="$here/sparse" bs=1 seek=1G conv=notrunc status=none
    machinectl copy-to files "$here/sparse" /srv/sparse
    [ "$(stat --format=%s "$(inside files /srv/sparse)")" = $((20 << 30)) ]
    [ "$(trees holes "$(inside files /srv/sparse)")" -lt 100 ]
    cmp --bytes=1 --ignore-initial=1G "$here/sparse" "$(inside files /srv/sparse)"
    rm "$(inside files /srv/sparse)"
}

@test "ACLs and capabilities are copied, but not to other users" {
    touch "$here/acl" "$here/caps"
    xattr "$here/acl" $ACCESS $ACL
    xattr "$here/caps" $CAPABILITY $CAPS
    machinectl copy-to files "$here" /srv/kept
    [ "$(xattr "$(inside files /srv/kept/acl)" $ACCESS)" = $ACL ]
    [ "$(xattr "$(inside files /srv/kept/caps)" $CAPABILITY)" = $CAPS ]

    machinectl copy-to shifted "$here" /srv/kept
    [ "$(stat --format=%a "$(inside shifted /srv/kept/acl)")" = 640 ]
    refused xattr "$(inside shifted /srv/kept/acl)" $ACCESS
    refused xattr "$(inside shifted /srv/kept/caps)" $CAPABILITY
    rm -r "$(inside files /srv/kept)" "$(inside shifted /srv/kept)"
}

@test "a guest's users grant nothing on the host" {
    echo evil >"$(inside shifted /srv/program)"
    chown 525288:525288 "$(inside shifted /srv/program)"
    chmod 6755 "$(inside shifted /srv/program)"
    machinectl copy-from shifted /srv/program "$here/program"
    [ "$(stat --format='%a %u %g' "$here/program")" = "755 0 0" ]

    mknod "$(inside shifted /srv/disk)" b 240 7
    denied=org.freedesktop.DBus.Error.AccessDenied
    [ "$(error_of CopyFromMachine shifted /srv/disk "$here/disk")" = $denied ]
    [ ! -e "$here/disk" ]
    mknod "$here/disk" b 240 7
    [ "$(error_of CopyToMachine shifted "$here/disk" /srv/copy)" = $denied ]
    [ ! -e "$(inside shifted /srv/copy)" ]
    rm "$(inside shifted /srv/program)" "$(inside shifted /srv/disk)"
}

@test "whole machines can be copied from, and files below /proc" {
    machinectl copy-from files /usr/lib/os-release "$here/os-release"
    machinectl copy-from files /proc/1/status "$here/status"
    grep -q "^Name:.*sleep" "$here/status"
    cd "$here"
    berthctl copy-from files /etc etc
    diff -r --no-dereference "$MACHINES/files/etc" "$here/etc"
}

@test "berthctl has paths of the host as they are meant here" {
    cd "$here"
    echo text >file
    berthctl copy-to files file /srv/file
    run -1 berthctl copy-to files file /srv/file
    [[ "$output" == *"Cannot copy to machine 'files'"*"/srv/file: File exists"* ]]
    echo new >file
    berthctl copy-to --force files file /srv/file
    berthctl copy-from files /srv/file back
    [ "$(cat back)" = new ]

    mkdir -p elsewhere/below
    ln -s elsewhere/below link
    echo far >elsewhere/far
    berthctl copy-to files ./link/../far /srv/far
    berthctl copy-from files /srv/far link/.././/again
    [ "$(cat elsewhere/again)" = far ]
    run -1 berthctl copy-to files nothing/../far /srv/further
    [[ "$output" == *"Cannot find 'nothing/../far'"* ]]
    rm "$(inside files /srv/far)"

    berthctl bind --mkdir --read-only files "$here" /srv/bound
    [ "$(cat "$(inside files /srv/bound/file)")" = new ]
    refused touch "$(inside files /srv/bound/more)"
    run -1 berthctl bind files file
    [[ "$output" == *"must be absolute"* ]]
    run -1 berthctl copy-to files
    [[ "$output" == *"Too few arguments"* ]]
    rm "$(inside files /srv/file)"
}

@test "paths with dots are refused, as machined does from 261 on" {
    for path in /srv/../etc/hostname /etc/./hostname /etc//hostname /etc/hostname/. /etc/..; do
        [ "$(error_of CopyFromMachine files "$path" "$here/x")" = $INVALID ]
        [ "$(error_of CopyFromMachine files /etc/hostname "$path")" = $INVALID ]
    done
    [ ! -e "$here/x" ]
}

@test "what a guest mounts over something that it was shown stays with it" {
    mkdir "$here/below"
    berthctl bind --mkdir files "$here" /srv/shown
    nsenter --mount --pid --target "$(property files Leader)" mount -t tmpfs tmpfs /srv/shown/below
    touch "$(inside files /srv/shown/below/guest)"
    [ ! -e "$here/below/guest" ]
    nsenter --mount --pid --target "$(property files Leader)" umount /srv/shown/below
}

berthd_pid() {
    systemctl show berthd.service --property=MainPID --value
}

no_worker_left() {
    [ "$(pgrep --parent "$(berthd_pid)" --count)" = 0 ]
}

# When berthd has no worker left: its descriptors, and its memory in pages.
berthd_size() {
    eventually no_worker_left >&2
    find "/proc/$(berthd_pid)/fd" -mindepth 1 | wc -l
    awk '{ print $2 }' "/proc/$(berthd_pid)/statm"
}

@test "a thousand copies, after which nothing is left of them" {
    [ "$BERTH_HOST_BACKEND" = container ] || skip "a thousand are too many for an emulated host"
    echo text >"$here/file"
    # More than may wait are refused, and the others are done all the same.
    run -0 "$BATS_TEST_DIRNAME/many-copies.py" 1000 files "$here/file" /srv/crowd
    [[ "$output" == done\ *org.freedesktop.DBus.Error.LimitsExceeded\ * ]]
    [ "$(find "$(inside files /srv)" -name 'crowd*' | wc -l)" -ge 500 ]
    mapfile -t before < <(berthd_size)

    begin=$SECONDS
    for round in 1 2; do
        run -0 "$BATS_TEST_DIRNAME/many-copies.py" 500 files "$here/file" "/srv/round$round-"
        [ "$output" = "done 500" ] || { echo "$output"; return 1; }
    done
    echo "# 1000 copies in $((SECONDS - begin)) s" >&3
    [ "$(find "$(inside files /srv)" -name 'round*' -size 5c | wc -l)" = 1000 ]
    find "$(inside files /srv)" \( -name 'crowd*' -o -name 'round*' \) -delete

    mapfile -t after < <(berthd_size)
    echo "# ${before[*]} descriptors and pages before, ${after[*]} after" >&3
    [ "${after[0]}" = "${before[0]}" ]
    # Half a megabyte for what the allocator and the event loop keep for the next time.
    [ "${after[1]}" -le $((before[1] + 128)) ]
}

@test "a daemon that is killed takes its copies along, and leaves no half file" {
    head -c 4M /dev/urandom >"$here/large"
    mkdir "$here/many"
    for ((i = 0; i < 40; i++)); do
        cp --reflink=never "$here/large" "$here/many/$i"
    done
    for round in 1 2 3; do
        berthctl copy-to files "$here/many" /srv/many 2>/dev/null 3>&- &
        eventually test -e "$(inside files /srv/many)"
        systemctl kill --signal=KILL berthd.service
        wait
        systemctl reset-failed berthd.service # which also forgets how often it was started
        eventually machine_listed files
        for file in "$(inside files /srv/many)"/*; do
            [ ! -e "$file" ] || cmp "$here/large" "$file"
        done
        [ -z "$(find "$(inside files /srv/many)" -name '.#berth-copy-*')" ]
        rm -r "$(inside files /srv/many)"
    done
}

@test "who asked for a copy is told how far it is, and may give it up" {
    head --bytes=1G /dev/zero >"$here/large"
    run -0 "$BATS_TEST_DIRNAME/slow-copy.py" files "$here/large" /srv/slow
    echo "$output"
    [ "${lines[0]}" = "progress of it: True" ]
    [ "${lines[1]}" = "others: $NOT_FOUND $NOT_FOUND" ]
    [ "${lines[2]}" = "who asked: given up" ]
    [ "${lines[3]}" = "copy: System.Error.ECANCELED" ]
    [ ! -e "$(inside files /srv/slow)" ]
    rm "$here/large"
}

@test "copies that end well leave no trace of what was shown meanwhile" {
    echo small >"$here/small"
    run -0 berthctl copy-to files "$here/small" /srv/small
    [ -z "$output" ]
    [ "$(cat "$(inside files /srv/small)")" = small ]
    rm "$(inside files /srv/small)"
}
