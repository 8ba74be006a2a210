# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What machines log: the journal of one with systemd, the console of one without, also when
# they have ended, crashed or rebooted.

load helper

NAME=logging
BUSY=busy
CONSOLE=/var/log/berth/$BUSY.console

setup_file() {
    story_begin
    guest_make $NAME
    busy_make
    berthctl start $NAME
    eventually guest_up $NAME
}

teardown_file() {
    local id

    berthctl terminate $NAME || true
    eventually refused unit_active berth@$NAME.service
    systemctl reset-failed "berth@$NAME.service" "berth@$BUSY.service" 2>/dev/null || true
    id=$(cat $MACHINES/$NAME/etc/machine-id)
    rm -f "/var/log/journal/${id:-none}"
    guest_remove $NAME
    guest_remove $BUSY
    rm -f /var/log/berth/{$NAME,$BUSY}.console*
    story_end
}

teardown() {
    [ -z "${follower:-}" ] || kill "$follower" 2>/dev/null || true
    if machine_listed $BUSY; then
        berthctl terminate $BUSY
        eventually refused machine_listed $BUSY
    fi
    eventually refused unit_active berth@$BUSY.service
    systemctl reset-failed berth@$BUSY.service 2>/dev/null || true
}

# A guest without systemd, whose init does what $MACHINES/busy/todo says.
busy_make() {
    mkdir -p $MACHINES/$BUSY/{bin,sbin,dev,etc,proc,run,sys,tmp,usr/lib}
    cp "$(command -v busybox)" $MACHINES/$BUSY/bin/busybox
    echo 'ID=busy' >$MACHINES/$BUSY/usr/lib/os-release
    ln -s ../usr/lib/os-release $MACHINES/$BUSY/etc/os-release
    printf '#!/bin/busybox sh\n. /todo\n' >$MACHINES/$BUSY/sbin/init
    chmod +x $MACHINES/$BUSY/sbin/init
    mkfifo $MACHINES/$BUSY/go
}

# busy_start COMMAND: a shell's, which its init runs.
busy_start() {
    cat >$MACHINES/$BUSY/todo <<END
b=/bin/busybox
# Until it is asked to shut down.
stay() { trap 'exit 0' 37; \$b sleep 1000 & wait; }
$1
END
    berthctl start $BUSY
}

say() {
    in_guest $NAME logger --tag "$1" "$2"
}

logged() {
    berthctl logs "$@" | grep -q said
}

@test "the journal of a machine, and parts of it" {
    say story "said by a story"
    eventually logged $NAME
    berthctl logs $NAME -o cat | grep -qx 'said by a story'
    berthctl logs $NAME --unit=init.scope | grep -q systemd
    run ! sh -c "berthctl logs $NAME --unit=nothing.service | grep ."
    [ "$(berthctl logs $NAME -n 3 | wc -l)" = 3 ]
    [ "$(berthctl logs $NAME --lines=0 | wc -l)" = 0 ]
    [ "$(berthctl logs $NAME --until=1999-01-01 | wc -l)" = 0 ]
    berthctl logs $NAME --since=-1h -p notice | grep -q 'said by a story'
    run ! sh -c "berthctl logs $NAME -p err -o cat | grep 'said by a story'"
    berthctl logs $NAME -n 1 -o json | python3 -c 'import json, sys; json.loads(sys.stdin.read())["MESSAGE"]'
}

@test "docs/api's examples of OpenJournal() and OpenConsoleLog()" {
    busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1/machine/$NAME \
        org.berth.Machine1 OpenJournal
    busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1/machine/$NAME \
        org.berth.Machine1 OpenConsoleLog
    busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.berth.Manager1 OpenConsoleLog 'sa{sv}' $NAME 0
    run -0 python3 - $NAME <<'END'
import os
import subprocess
import sys
import dbus

name = sys.argv[1]
bus = dbus.SystemBus()
web = bus.get_object("org.freedesktop.machine1", "/org/freedesktop/machine1/machine/" + name)
fd = web.OpenJournal(dbus_interface="org.berth.Machine1").take()
subprocess.run(["journalctl", f"--directory=/proc/self/fd/{fd}", "--lines=1"], pass_fds=[fd], check=True)

manager = bus.get_object("org.freedesktop.machine1", "/org/freedesktop/machine1")
fd = manager.OpenConsoleLog(name, {}, dbus_interface="org.berth.Manager1").take()
with os.fdopen(fd, errors="replace") as log:
    print(log.readlines()[0], end="")
END
    [ "${#lines[@]}" -ge 2 ]
    [[ "${lines[-1]}" == *": started ---" ]]
}

@test "it is that of the machine, and of nobody else" {
    logger "said by the host"
    journalctl --sync
    run ! sh -c "berthctl logs $NAME -o cat | grep -x 'said by the host'"
}

@test "journalctl reads it as nobody, with one capability" {
    berthctl logs -f $NAME >"$BATS_TEST_TMPDIR/out" 3>&- &
    follower=$!
    eventually test -s "$BATS_TEST_TMPDIR/out"
    status=/proc/$(cat /proc/$follower/task/$follower/children | tr -d ' ')/status
    grep -P '^Uid:\t65534\t65534\t65534\t65534$' "$status"
    grep -P '^CapEff:\t0000000000000004$' "$status"
    grep -P '^CapBnd:\t0000000000000004$' "$status"
    grep -P '^NoNewPrivs:\t1$' "$status"
    grep -P '^Groups:\t *$' "$status"
}

# reboot_and_say TEXT: the follower is told in the next life of the machine.
reboot_and_say() {
    local leader

    leader=$(property $NAME Leader)
    systemctl --machine=$NAME reboot || true
    eventually refused test -e "/proc/$leader"
    eventually guest_up $NAME
    say story "$1"
    eventually grep -qx "$1" "$BATS_TEST_TMPDIR/out" || { cat "$BATS_TEST_TMPDIR/out"; return 1; }
}

@test "who follows goes on when the machine reboots, be its journal kept or not" {
    local tree=$MACHINES/$NAME

    berthctl logs -f $NAME -o cat >"$BATS_TEST_TMPDIR/out" 3>&- &
    follower=$!
    eventually test -s "$BATS_TEST_TMPDIR/out"
    say story "said before"
    reboot_and_say "said after"
    mkdir -p "$tree/etc/systemd/journald.conf.d"
    printf '[Journal]\nStorage=volatile\n' >"$tree/etc/systemd/journald.conf.d/story.conf"
    mv "$tree/var/log/journal" "$tree/var/log/kept"
    reboot_and_say "said in memory"
    rm "$tree/etc/systemd/journald.conf.d/story.conf"
    mv "$tree/var/log/kept" "$tree/var/log/journal"
    reboot_and_say "said on the disk"
    for text in "said before" "said after" "said in memory" "said on the disk"; do
        [ "$(grep -cx "$text" "$BATS_TEST_TMPDIR/out")" = 1 ]
    done
    kill $follower
}

@test "what comes is shown as it comes, until the machine ends" {
    berthctl logs -f $NAME -o cat >"$BATS_TEST_TMPDIR/out" 3>&- &
    follower=$!
    eventually test -s "$BATS_TEST_TMPDIR/out"
    say story "said to the follower"
    eventually grep -qx 'said to the follower' "$BATS_TEST_TMPDIR/out"

    systemctl --machine=$NAME poweroff || true
    eventually refused kill -0 $follower
    wait $follower
    grep -qi 'journal stopped\|shutdown\|power-off' "$BATS_TEST_TMPDIR/out"
}

@test "the journal of a machine that does not run" {
    eventually refused machine_listed $NAME
    berthctl logs $NAME -o cat | grep -qx 'said to the follower'
    run -0 timeout 10 berthctl logs -f $NAME -n 1
    [ "${#lines[@]}" = 1 ]
    eventually refused unit_active berth@$NAME.service
    berthctl start $NAME
    eventually guest_up $NAME
    berthctl logs $NAME -o cat | grep -qx 'said to the follower'
}

@test "status shows the journal, or the console, or neither" {
    berthctl status $NAME -n 5 | tail -n 5 | grep -q .
    busy_start 'echo said on the console; stay'
    eventually sh -c "berthctl status $BUSY -n 1 | tail -n 1 | grep -x 'said on the console'"
    run ! sh -c "berthctl status $BUSY -n 0 | grep 'said on the console'"
}

@test "without a journal, it is the console" {
    busy_start 'printf "\033[31msaid in red\033[0m\n"; stay'
    eventually logged $BUSY
    run -0 berthctl logs $BUSY -n 1
    [ "$output" = $'\033[31msaid in red\033[0m' ]
    run -0 with_terminal "berthctl logs $BUSY -n 1 --no-pager"
    [ "$output" = 'said in red' ]
    run -0 berthctl logs --console $BUSY -n 1 -o json
    [ "$output" = '{"machine":"busy","source":"console","message":"said in red"}' ]
    run -1 berthctl logs $BUSY --since=-1h
    [[ "$output" == *"It keeps no journal"* ]]
    run -1 berthctl logs $BUSY --console -p err
    [[ "$output" == *"no time, unit or priority"* ]]
}

@test "the console of one that has systemd" {
    berthctl logs --console $NAME | grep -q ': started ---'
    berthctl logs --console $NAME | grep -q systemd
}

@test "a guest that floods its console is bounded, and goes on" {
    busy_start '$b yes "$($b seq -s " " 40)" | $b head -n 360000; echo said at last; stay'
    eventually logged $BUSY -n 1
    [ "$(stat -c %s $CONSOLE)" -le $((1024 * 1024 + 4096)) ]
    [ "$(stat -c %s $CONSOLE.1)" -le $((1024 * 1024 + 4096)) ]
    run ! sh -c "berthctl logs $BUSY -n 5000 | grep -vx -e '$(seq -s ' ' 40)' -e 'said at last' -e '--- .*'"
    [ "$(berthctl logs $BUSY | wc -l)" -gt 9000 ]
}

@test "who follows a flood misses nothing of it, whatever file it is in" {
    busy_start 'read line </go; $b seq -w 400000; echo said at last; stay'
    berthctl logs --console -f $BUSY -n 0 >"$BATS_TEST_TMPDIR/out" 3>&- &
    follower=$!
    eventually sh -c "ls -l /proc/$follower/fd | grep -q inotify"
    echo go >$MACHINES/$BUSY/go
    eventually grep -qx 'said at last' "$BATS_TEST_TMPDIR/out"
    seq -w 400000 >"$BATS_TEST_TMPDIR/all"
    grep -x '[0-9]*' "$BATS_TEST_TMPDIR/out" | sort -uc
    kill -KILL "$(property $BUSY Leader)"
    eventually refused kill -0 $follower
    wait $follower
    tail -n 1 "$BATS_TEST_TMPDIR/out" | grep -q ': ended by signal SIGKILL ---$'
}

@test "the console of one that has crashed is there, and says how it ended" {
    busy_start 'echo said before the crash; $b sleep 1; exit 3'
    eventually refused machine_listed $BUSY
    run -0 berthctl logs $BUSY -n 2
    [ "${lines[0]}" = "said before the crash" ]
    [[ "${lines[1]}" == *": ended, exit status 3 ---" ]]
}

@test "a killed supervisor leaves the log, and the next start goes on with it" {
    busy_start 'printf half; stay'
    eventually grep -q 'half$' $CONSOLE
    systemctl kill --kill-whom=main --signal=KILL berth@$BUSY.service
    eventually refused machine_listed $BUSY
    eventually refused unit_active berth@$BUSY.service
    systemctl reset-failed berth@$BUSY.service
    berthctl logs $BUSY | tail -n 1 | grep -qx half
    busy_start 'echo said again; stay'
    eventually logged $BUSY -n 1
    run -0 berthctl logs $BUSY -n 3
    [ "${lines[0]}" = half ]
    [[ "${lines[1]}" == *": started ---" ]]
}

said_twice() {
    berthctl logs $BUSY -n 4 | tr '\n' ' ' | grep -q 'restarts --- .* said once more'
}

heard_twice() {
    [ "$(grep -c 'said once more' "$BATS_TEST_TMPDIR/out")" = 2 ]
}

@test "a reboot is told of in one log, and to who follows it" {
    busy_start 'echo said once more; [ -e /rebooted ] && stay
        read line </go; echo >/rebooted; exec $b reboot -f'
    timeout 60 berthctl logs --console -f $BUSY >"$BATS_TEST_TMPDIR/out" 3>&- &
    follower=$!
    eventually grep -q 'said once more' "$BATS_TEST_TMPDIR/out"
    echo >$MACHINES/$BUSY/go
    eventually said_twice
    eventually heard_twice
    run -0 berthctl logs $BUSY -n 4
    [ "${lines[0]}" = "said once more" ]
    [[ "${lines[1]}" == *": restarts ---" ]]
    [[ "${lines[2]}" == *": started ---" ]]
    [ "${lines[3]}" = "said once more" ]
    berthctl terminate $BUSY
    wait $follower
    rm $MACHINES/$BUSY/rebooted
}

@test "a full disk does not stop a guest, and what is lost is told" {
    mv /var/log/berth /var/log/berth.aside
    mkdir /var/log/berth
    mount -t tmpfs -o size=16k tmpfs /var/log/berth
    busy_start '$b yes flood | $b head -c 200000; echo >/done; read line </go; echo said at last; stay'
    eventually test -e $MACHINES/$BUSY/done
    mount -o remount,size=1M /var/log/berth
    echo go >$MACHINES/$BUSY/go
    eventually logged $BUSY -n 1
    run -0 berthctl logs $BUSY -n 2
    [[ "${lines[0]}" == *" bytes could not be written ---" ]]
    berthctl terminate $BUSY
    eventually refused machine_listed $BUSY
    eventually umount /var/log/berth
    rmdir /var/log/berth
    mv /var/log/berth.aside /var/log/berth
    rm $MACHINES/$BUSY/done
}

@test "who is let in by polkit reads and follows, too, and who is not does neither" {
    # Who opens it again at once may find the same writer, and the end of what that had to say.
    busy_start 'echo said at first; read l </go; echo said at last; until read l </go; do :; done; exit 0'
    eventually logged $BUSY -n 1
    run -1 as_nobody berthctl --no-ask-password logs $BUSY
    [[ "$output" == *"nteractive authentication required" ]]
    run -1 as_nobody berthctl --no-ask-password logs --console $BUSY
    [[ "$output" == *"nteractive authentication required" ]]

    ./polkit-says allowed
    as_nobody berthctl logs -f $BUSY -n 1 >"$BATS_TEST_TMPDIR/out" 3>&- &
    follower=$!
    eventually grep -qx 'said at first' "$BATS_TEST_TMPDIR/out"
    ./polkit-says asks
    echo go >$MACHINES/$BUSY/go
    eventually grep -qx 'said at last' "$BATS_TEST_TMPDIR/out"
    echo go >$MACHINES/$BUSY/go
    eventually refused kill -0 $follower
    tail -n 1 "$BATS_TEST_TMPDIR/out" | grep ': ended, exit status 0 ---$'
}

@test "what is run by hand is kept unless a person is at its console, or there is none" {
    local run="berth-run -q -D $MACHINES/$BUSY --register=no --keep-unit"

    systemd-run --quiet --wait --pipe --slice=machine.slice -p Delegate=yes --collect \
        $run -M by-hand /bin/busybox echo said by hand
    grep -qx 'said by hand' /var/log/berth/by-hand.console
    berthctl logs by-hand | grep -qx 'said by hand'
    systemd-run --quiet --wait --pipe --slice=machine.slice -p Delegate=yes --collect \
        $run -M by-pipe --pipe /bin/busybox echo said by a pipe
    [ ! -e /var/log/berth/by-pipe.console ]
    run -0 with_terminal "berth-run -q -D $MACHINES/$BUSY --register=no -M by-person /bin/busybox echo said"
    [ "$output" = said ]
    [ ! -e /var/log/berth/by-person.console ]
    rm /var/log/berth/by-hand.console
}

@test "what has no log" {
    run -1 berthctl logs nothing
    [[ "$output" == *"No machine 'nothing' known" ]]
    run -1 berthctl logs ../logging
    [[ "$output" == *"Invalid machine name" ]]
    run -1 berthctl logs --console .host
    [[ "$output" == *"berth-run"* ]]
    run -1 berthctl logs
    run -1 berthctl logs $NAME --since=nonsense
}

@test "a machine of nspawn has its journal, and no console of ours" {
    idle_guest_start foreign
    run -1 berthctl logs --console foreign
    [[ "$output" == *"Only of root's machines that berth-run runs"* ]]
    run -1 berthctl logs foreign --since=-1h
    [[ "$output" == *"It keeps no journal"* ]]
    idle_guest_stop foreign
}
