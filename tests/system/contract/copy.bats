# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Files between the host and its guests: what stock machinectl makes of a tree of every kind
# of file, in a guest with the host's users and in one with users of its own.

load ../helper

shares_idle_guests

setup() {
    here=$BATS_TEST_TMPDIR/here
    "$BATS_TEST_DIRNAME/../trees.py" make "$here"
}

describe() {
    "$BATS_TEST_DIRNAME/../trees.py" describe "$1"
}

@test "a tree comes back as it went" {
    machinectl copy-to files "$here" /srv/tree
    diff <(describe "$here") <(describe "$(inside files /srv/tree)")
    machinectl copy-from files /srv/tree "$BATS_TEST_TMPDIR/back"
    diff <(describe "$here") <(describe "$BATS_TEST_TMPDIR/back")
    rm -r "$(inside files /srv/tree)"
}

@test "without a destination it is the same path" {
    mkdir -p "$(inside files "$here")"
    machinectl copy-to files "$here/plain"
    rm "$here/plain"
    machinectl copy-from files "$here/plain"
    [ "$(cat "$here/plain")" = text ]
    rm -r "$(inside files "$here")"
}

@test "a set-group-id bit stays, whichever group it is" {
    chgrp 2345 "$here/program"
    chmod 2755 "$here/program"
    machinectl copy-to files "$here/program" /srv/program
    [ "$(stat --format='%a %g' "$(inside files /srv/program)")" = "2755 2345" ]
    rm "$(inside files /srv/program)"
}

@test "what only its owner may read, root may copy" {
    mkdir "$here/own"
    echo theirs >"$here/own/file"
    chmod 600 "$here/own/file"
    chmod 700 "$here/own"
    chown -R 1234:2345 "$here/own"
    machinectl copy-to files "$here/own" /srv/own
    [ "$(stat --format='%a %u' "$(inside files /srv/own)")" = "700 1234" ]
    [ "$(stat --format='%a %u' "$(inside files /srv/own/file)")" = "600 1234" ]
    machinectl copy-from files /srv/own "$BATS_TEST_TMPDIR/own"
    [ "$(cat "$BATS_TEST_TMPDIR/own/file")" = theirs ]
    rm -r "$(inside files /srv/own)"
}

@test "devices are made anew" {
    mknod "$here/null" c 1 3
    machinectl copy-to files "$here" /srv/devices
    [ "$(stat --format='%F %t:%T' "$(inside files /srv/devices/null)")" = "character special file 1:3" ]
    rm -r "$(inside files /srv/devices)"
}

@test "directories are merged, and what is there stays" {
    machinectl copy-to files "$here" /srv/merged
    echo changed >"$here/plain"
    echo new >"$here/deep/new"
    chmod 700 "$here/deep"
    machinectl copy-to files "$here" /srv/merged
    [ "$(cat "$(inside files /srv/merged/plain)")" = text ]
    [ "$(cat "$(inside files /srv/merged/deep/new)")" = new ]
    [ "$(stat --format=%a "$(inside files /srv/merged/deep)")" = 755 ]
    machinectl --force copy-to files "$here" /srv/merged
    [ "$(cat "$(inside files /srv/merged/plain)")" = changed ]
    rm -r "$(inside files /srv/merged)"
}

@test "errors have their names" {
    e=org.freedesktop.DBus.Error
    touch "$(inside files /srv/there)"
    mkdir "$(inside files /srv/directory)"

    [ "$(error_of CopyToMachine files "$here/plain" /srv/there)" = $e.FileExists ]
    [ "$(error_of CopyToMachine files "$here/plain" /srv/directory)" = $e.FileExists ]
    [ "$(error_of CopyToMachineWithFlags files "$here/plain" /srv/directory 1)" = $e.FileExists ]
    [[ "$(error_of CopyToMachine files "$here" /srv/there)" == *ENOTDIR ]]
    [ "$(error_of CopyToMachine files "$here/nothing" /srv/x)" = $e.FileNotFound ]
    [ "$(error_of CopyToMachine files "$here/plain" /srv/nothing/x)" = $e.FileNotFound ]
    [ "$(error_of CopyFromMachine files /nothing "$here/x")" = $e.FileNotFound ]
    [ "$(error_of CopyToMachine files plain /srv/x)" = $e.InvalidArgs ]
    [ "$(error_of CopyToMachine files "$here/plain" srv/x)" = $e.InvalidArgs ]
    [ "$(error_of CopyToMachineWithFlags files "$here/plain" /srv/x 2)" = $e.InvalidArgs ]
    [ "$(error_of CopyToMachine .host "$here/plain" /srv/x)" = $e.NotSupported ]
    [ "$(error_of CopyToMachine nothing "$here/plain" /srv/x)" = org.freedesktop.machine1.NoSuchMachine ]
    [ "$(error_of BindMountMachine files "$here" /srv/x false false)" = $e.FileNotFound ]
    [ "$(error_of BindMountMachine files "$here/../x" /srv/x false false)" = $e.InvalidArgs ]
    [ "$(error_of BindMountMachine files "$here" srv/x false false)" = $e.InvalidArgs ]
    [ "$(error_of BindMountMachine .host "$here" /srv/x false true)" = $e.NotSupported ]
    [ "$(error_of BindMountMachine shifted "$here" /srv/x false true)" = $e.NotSupported ]
    rm -r "$(inside files /srv/there)" "$(inside files /srv/directory)"
}

@test "in a machine with users of its own, all is root's" {
    rm "$here/deep/er/owned"
    chmod 755 "$here/program"
    machinectl copy-to shifted "$here" /srv/tree
    diff <(describe "$here") <(describe "$(inside shifted /srv/tree)" | sed 's/ 524288 524288 / 0 0 /')
    [ -z "$(find "$(inside shifted /srv/tree)" ! -uid 524288 -o ! -gid 524288)" ]

    chown 525522:525522 "$(inside shifted /srv/tree/plain)"
    machinectl copy-from shifted /srv/tree "$BATS_TEST_TMPDIR/back"
    diff <(describe "$here") <(describe "$BATS_TEST_TMPDIR/back")
    rm -r "$(inside shifted /srv/tree)"
}

@test "a mount of the host is shown, of a file as well, without what is mounted below" {
    mkdir "$here/deep/below"
    mount -t tmpfs tmpfs "$here/deep/below"
    touch "$here/deep/below/hidden"
    machinectl bind --mkdir files "$here/deep" /srv/made/here
    [ -e "$(inside files /srv/made/here/large)" ]
    [ "$(stat --format=%a "$(inside files /srv/made)")" = 755 ]
    [ ! -e "$(inside files /srv/made/here/below/hidden)" ]

    touch "$(inside files /srv/file)"
    machinectl bind files "$here/plain" /srv/file
    [ "$(cat "$(inside files /srv/file)")" = text ]
    umount "$here/deep/below"
}

@test "what the host mounts there later is shown as well" {
    machinectl bind --mkdir files "$here" /srv/later
    mount -t tmpfs tmpfs "$here/empty"
    touch "$here/empty/host"
    [ -e "$(inside files /srv/later/empty/host)" ]
    umount "$here/empty"
}
