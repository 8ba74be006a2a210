# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every verb of berthctl at both doors that berthd has for it: the system bus, and the socket of its
# own where systemd does not run the host. The table of what is asked is in doors.py.

load helper

setup_file() {
    story_begin
    busybox_make doors
    sed -i "2i trap : INT 38" "$MACHINES/doors/sbin/init" # asked to reboot or power off, it does neither
}

teardown_file() {
    guest_remove doors
    rm -f /tmp/doors-copy
    story_end
}

# says WORD FILE...: as a word of its own.
says() {
    grep -qE -- "(^|[^[:alnum:]-])$1([^[:alnum:]-]|$)" "${@:2}"
}

@test "what machinectl's help names, berthctl's names too, or its manual says why not" {
    local help=$BATS_TEST_TMPDIR/help absent=$BATS_TEST_TMPDIR/absent word n=0

    berthctl --help --no-pager >"$help"
    sed -n '/^# MACHINECTL/,/^# ENVIRONMENT/p' ../../docs/man/berthctl.1.scd | tr -d _ >"$absent"
    while read -r word; do
        n=$((n + 1))
        says "$word" "$help" "$absent" || { echo "nothing is said of $word"; return 1; }
    done < <(machinectl --help --no-pager |
        grep -oE '^ {2,5}(\[?[a-z][a-z-]*|-[a-zA-Z]( --[a-z-]+)?|--[a-z-]+)' | tr -s ' [' '\n' | grep .)
    echo "only $n words"
    [ $n -gt 60 ]
}

# At a berthd without systemd and bus, in namespaces without this host's /run.
# shellcheck disable=SC2016 # what is expanded inside
privately() {
    unshare --mount --net --pid --fork --kill-child --mount-proc bash -euc '
        mount -t tmpfs tmpfs /run
        mount -t tmpfs tmpfs /var/log
        mkdir /var/log/journal
        ip link set lo up
        /usr/lib/berth/berthd --embedded >/run/berthd.log 2>&1 &
        daemon=$!
        until berthctl list --no-pager >/dev/null 2>&1; do
            [ $SECONDS -lt 20 ]
            sleep 0.1 # style: of a socket that is to come, there is no event here
        done
        "$@" || { cat /run/berthd.log; false; }
        until [ ! -e /sys/fs/cgroup/machine.slice/berth@doors.service ]; do
            [ $SECONDS -lt 60 ]
            sleep 0.1 # style: nobody tells of directories that go
        done
        kill $daemon
        wait $daemon
    ' bash "$@"
}

@test "every verb ends as it is to on the system bus" {
    ./doors.py doors >"$BATS_FILE_TMPDIR/bus" || { cat "$BATS_FILE_TMPDIR/bus"; false; }
}

@test "every verb ends the same way on the private socket" {
    eventually refused machine_listed doors
    rm "$MACHINES/doors/root/copy"
    privately ./doors.py doors >"$BATS_FILE_TMPDIR/private" || { cat "$BATS_FILE_TMPDIR/private"; false; }
    diff "$BATS_FILE_TMPDIR/bus" "$BATS_FILE_TMPDIR/private"
}
