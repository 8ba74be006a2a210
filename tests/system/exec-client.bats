# SPDX-License-Identifier: LGPL-2.1-or-later
#
# berthctl exec: programs in a guest of systemd and in one of busybox, as if they ran here.

load helper

N=200
MUCH=5G

setup_file() {
    story_begin
    guest_make web
    small_make small
    berthctl start web small
}

teardown_file() {
    berthctl stop --force web small
    eventually refused unit_active berth@web.service
    eventually refused unit_active berth@small.service
    guest_remove web
    guest_remove small
    story_end
}

# small_make NAME: a guest of nothing but busybox, with an init that does nothing.
small_make() {
    local tree=$MACHINES/$1

    needs busybox command -v busybox
    mkdir -p "$tree"/{bin,sbin,etc,proc,sys,dev,run,tmp,var,root,usr}
    cp "$(command -v busybox)" "$tree/bin/busybox"
    for word in sh sleep cat yes id pwd env tty stty ls kill head mkfifo true; do
        ln -s busybox "$tree/bin/$word"
    done
    echo 'ID=small' >"$tree/etc/os-release"
    printf '%s\n' 'root:x:0:0::/root:/bin/sh' 'somebody:x:1234:1234::/tmp:/bin/sh' >"$tree/etc/passwd"
    printf '%s\n' '#!/bin/sh' 'mkfifo /tmp/nothing' 'while :; do cat /tmp/nothing; done' >"$tree/sbin/init"
    chmod +x "$tree/sbin/init"
}

# everywhere COMMAND…: with the name of each guest in place of GUEST.
everywhere() {
    local name

    for name in web small; do
        "${@//GUEST/$name}" || { echo "in $name"; return 1; }
    done
}

ends_with() {
    local wanted=$1 status=0
    shift

    "$@" >/dev/null 2>&1 || status=$?
    [ "$status" = "$wanted" ] || { echo "$* ended with $status, not $wanted"; return 1; }
}

says() {
    local wanted=$1 said
    shift

    said=$("$@" 2>/dev/null | tr -d '\n')
    [ "$said" = "$wanted" ] || { echo "$* said '$said', not '$wanted'"; return 1; }
}

# person_status: person_end, with what it ends with in $status.
person_status() {
    status=0
    wait "$person" || status=$?
    exec {eyes}<&- {hands}>&-
}

@test "statuses are those of the command, or podman's" {
    touch "$(inside web /root/no-program)" "$(inside small /root/no-program)"
    everywhere ends_with 0 berthctl exec GUEST true
    everywhere ends_with 7 berthctl exec GUEST sh -c 'exit 7'
    everywhere ends_with 143 berthctl exec GUEST sh -c 'kill -TERM $$'
    everywhere ends_with 137 berthctl exec GUEST -- sh -c 'kill -KILL $$'
    everywhere ends_with 127 berthctl exec GUEST no-such-program
    everywhere ends_with 127 berthctl exec GUEST /no/such/program
    everywhere ends_with 126 berthctl exec GUEST /root/no-program
    everywhere ends_with 125 berthctl exec no-such-user@GUEST true
    everywhere ends_with 125 berthctl exec --bogus GUEST true
    ends_with 125 berthctl exec no-such-machine true
    [ "$(berthctl exec no-such-machine true 2>&1)" = "No machine 'no-such-machine' known" ]
}

@test "user, directory and environment are what was asked for" {
    says nobody berthctl exec nobody@web id -un
    says 65534 berthctl exec -u 65534 web id -u
    says 1234 berthctl exec -u somebody small id -u
    everywhere says /tmp berthctl exec -w /tmp GUEST pwd
    # shellcheck disable=SC2016 # the guest's
    everywhere says 'b d' berthctl exec -e A=b --setenv=C=d GUEST sh -c 'echo $A $C'
    says web berthctl exec web uname -n
}

@test "input and its end get there, and outputs stay apart" {
    says 'one two' berthctl exec web cat < <(echo one two)
    says 'one two' berthctl exec small cat <<<'one two'
    says '' berthctl exec small cat </dev/null
    says '' bash -c 'berthctl exec small cat <&-'
    [ "$(berthctl exec small sh -c 'echo out; echo err >&2' 2>"$BATS_TEST_TMPDIR/err")" = out ]
    [ "$(cat "$BATS_TEST_TMPDIR/err")" = err ]
    berthctl exec small sh -c 'echo out; echo err >&2' >"$BATS_TEST_TMPDIR/both" 2>&1
    [ "$(cat "$BATS_TEST_TMPDIR/both")" = $'out\nerr' ]
}

@test "no file of the host gets into the guest" {
    echo mine >"$BATS_TEST_TMPDIR/file"
    # shellcheck disable=SC2016 # the guest's
    run -0 berthctl exec web sh -c 'readlink /proc/self/fd/0; echo theirs >/proc/self/fd/0' \
        <"$BATS_TEST_TMPDIR/file"
    [[ "$output" == pipe:* ]]
    [ "$(cat "$BATS_TEST_TMPDIR/file")" = mine ]
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    run -0 berthctl exec web readlink /proc/self/fd/0 <>"$BATS_TEST_TMPDIR/fifo"
    [[ "$output" == pipe:* ]]
    says 3 berthctl exec small sh -c 'ls /proc/$$/fd | head -n 3 | wc -l' 7</ 9</etc
}

numbers() {
    yes "$(seq --separator=' ' 1000)" | head --bytes="$MUCH"
}

@test "$MUCH go through a pipe, both ways at a time, and come back the same" {
    numbers | sha256sum >"$BATS_TEST_TMPDIR/here" 3>&- &
    SECONDS=0
    numbers | berthctl exec web cat | sha256sum >"$BATS_TEST_TMPDIR/there"
    echo "# $MUCH in $SECONDS s, checksums with it" >&3
    wait
    cmp "$BATS_TEST_TMPDIR/here" "$BATS_TEST_TMPDIR/there"
}

@test "who writes is told that nobody reads, and who reads that nobody writes" {
    everywhere pipe_ends 'yes | timeout 60 berthctl exec GUEST head -n 1' 'y' broken 0
    everywhere pipe_ends 'timeout 60 berthctl exec GUEST yes | head -n 1' 'y' 141 0
}

# What the program waits for comes only from who has seen that the pipe is closed.
@test "pipes that the program closes are closed, though it goes on" {
    everywhere says done timeout 60 bash -c "
        { yes; berthctl exec GUEST sh -c 'echo >/tmp/seen'; } |
            berthctl exec GUEST sh -c 'mkfifo /tmp/seen; exec <&-; cat /tmp/seen; rm /tmp/seen; echo done'"
    everywhere says done timeout 60 bash -c "
        berthctl exec GUEST sh -c 'mkfifo /tmp/seen; echo done; exec >&-; cat /tmp/seen >&2; rm /tmp/seen' |
            { cat; berthctl exec GUEST sh -c 'echo >/tmp/seen'; }"
}

# pipe_ends COMMANDS OUTPUT STATUS STATUS: of two commands. With broken for a status, it failed to write.
pipe_ends() {
    local said

    said=$(bash -c "$1"'; echo "${PIPESTATUS[*]}"' 2>/dev/null | sed 's/^1 /broken /')
    [ "$said" = "$2"$'\n'"$3 $4" ] || { echo "$1 said '$said'"; return 1; }
}

@test "signals are passed on" {
    everywhere signalled GUEST USR1 9
    everywhere signalled GUEST TERM 9
    everywhere signalled GUEST HUP 9
}

# signalled NAME SIGNAL STATUS: to a program that catches it.
signalled() {
    local status=0 ready

    exec {ready}< <(exec berthctl exec "$1" sh -c \
        "sleep infinity & trap 'kill \$!; exit 9' $2; echo ready; wait" 3>&-)
    pid=$!
    read -r -u "$ready" line
    [ "$line" = ready ]
    kill -"$2" "$pid"
    wait "$pid" || status=$?
    exec {ready}<&-
    [ "$status" = "$3" ] || { echo "$2 ended it with $status"; return 1; }
}

@test "nobody but the daemon tells of the end of a program" {
    berthctl exec web sh -c 'mkfifo /tmp/go; echo ready; cat /tmp/go; exit 4' \
        >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    pid=$! status=0
    eventually grep -q ready "$BATS_TEST_TMPDIR/out"
    object=$(busctl --system tree --list org.freedesktop.machine1 | grep '^/org/berth/process/')
    as_nobody busctl --system emit "$object" org.berth.Process1 Exited si exited 0
    berthctl exec web sh -c 'echo >/tmp/go; rm /tmp/go'
    wait "$pid" || status=$?
    [ "$status" = 4 ]
}

@test "Ctrl-C ends the program, on no terminal of the machine and on one" {
    for option in --tty=no --tty=yes; do
        person_begin exec berthctl exec "$option" small sh -c '"echo ready; exec sleep infinity"'
        screen_shows ready
        printf '\003' >&"$hands"
        person_status
        [ "$status" = 130 ] || { echo "with $option it ends with $status"; return 1; }
    done
}

@test "a terminal is the machine's, has our size, and is asked for in three ways" {
    needs script command -v script
    run -5 on_terminal berthctl exec -t web sh -c '"tty; stty size; exit 5"' </dev/null
    [[ "$output" == *"/dev/pts/"* && "$output" == *"33 111"* ]]
    run -0 on_terminal berthctl exec --tty=auto small sh -c '"tty; stty size"' </dev/null
    [[ "$output" == *"/dev/pts/"* && "$output" == *"33 111"* ]]
    run -1 berthctl exec --tty=auto small tty </dev/null
    [ "$output" = 'not a tty' ]
    run -0 berthctl exec --tty small sh <<<'tty; exit'
    [[ "$output" == *"/dev/pts/"* ]]
    # Not ours, though it is one.
    run -1 on_terminal berthctl exec web tty </dev/null
    [[ "$output" == *"not a tty"* ]]
}

@test "a terminal that changes its size tells the program" {
    person_begin berthctl exec -t small sh -c \
        \''trap "stty size" WINCH; sleep infinity & echo of $(tty); while :; do wait; done'\'
    screen_shows 'of /dev/pts/'
    stty -F "$(readlink "/proc/$(pgrep --newest --full '^berthctl exec -t small')/fd/0")" rows 44 cols 99
    screen_shows '44 99'
    printf '\035\035\035' >&"$hands"
    person_end
}

@test "a session ends by the keys that were chosen" {
    person_begin berthctl exec -t --detach-keys=ctrl-p,x small sh -c '"echo ready; cat"'
    screen_shows ready
    printf '\035\035\035\020y\020x' >&"$hands"
    person_end
}

@test "a program may be left to itself" {
    for guest in web small; do
        pid=$(berthctl exec -d "$guest" sleep infinity)
        eventually [ "$(cat "/proc/$pid/comm")" = sleep ]
        [ "$(stat --dereference --format=%t:%T "/proc/$pid/fd/0")" = 1:3 ]
        kill "$pid"
        eventually refused kill -0 "$pid"
    done
}

@test "a daemon that is restarted meanwhile ends no program" {
    berthctl exec web sh -c 'mkfifo /tmp/go; echo ready; cat /tmp/go; exit 4' \
        >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    pid=$! status=0
    eventually grep -q ready "$BATS_TEST_TMPDIR/out"
    systemctl restart berthd.service
    eventually machine_listed web
    kill -0 "$pid"
    berthctl exec web sh -c 'echo gone on >/tmp/go; rm /tmp/go'
    wait "$pid" || status=$?
    grep 'gone on' "$BATS_TEST_TMPDIR/out"
    # The kernel tells from 6.15 on; before, nobody can.
    [ "$status" = 4 ] || { [ "$status" = 125 ] && grep 'cannot tell how' "$BATS_TEST_TMPDIR/out"; }
}

@test "a guest that is ended ends its programs" {
    berthctl exec small sh -c 'echo ready; exec sleep infinity' >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    pid=$! status=0
    eventually grep -q ready "$BATS_TEST_TMPDIR/out"
    berthctl stop --force small
    wait "$pid" || status=$?
    [ "$status" = 137 ]
    berthctl start small
}

@test "a guest that stands still costs an error, and one whose processes do costs nothing" {
    berthctl freeze small
    SECONDS=0
    run -125 berthctl exec small true
    [[ "$output" == *frozen* ]]
    [ $SECONDS -lt 15 ]
    berthctl thaw small
    ends_with 0 berthctl exec small true

    # Their numbers are the host's here; the init takes no signal from within.
    xargs kill -STOP </sys/fs/cgroup/machine.slice/berth@small.service/payload/cgroup.procs
    ends_with 3 timeout 60 berthctl exec small sh -c 'exit 3'
    xargs kill -CONT </sys/fs/cgroup/machine.slice/berth@small.service/payload/cgroup.procs
}

@test "shell and login need no bus in the guest" {
    person_begin berthctl -q shell somebody@small
    screen_shows '$'
    # shellcheck disable=SC2016 # the guest's
    echo 'echo said $(id -u) in $(pwd); exit 6' >&"$hands"
    screen_shows 'said 1234 in /tmp'
    person_status
    [ "$status" = 6 ]
}

# programs_at_once N: each reads what its status is to be.
programs_at_once() {
    local i status pids=()

    for ((i = 0; i < $1; i++)); do
        berthctl exec web sh -c "read -r line; exit \$((line % 100))" <<<"$i" 3>&- &
        pids[i]=$!
    done
    for ((i = 0; i < $1; i++)); do
        status=0
        wait "${pids[i]}" || status=$?
        [ "$status" = $((i % 100)) ]
    done
}

@test "$N programs at once, each with its own status, and nothing of them is left in the daemons" {
    programs_at_once $N # what is only ever made once
    mapfile -t before < <(exec_sizes)

    begin=$(date +%s%3N)
    programs_at_once $N
    end=$(date +%s%3N)

    mapfile -t after < <(exec_sizes)
    echo "# $N programs in $((end - begin)) ms; berthd's and berth-exec's descriptors and pages:" \
        "${before[*]} before, ${after[*]} after" >&3
    exec_sizes_are_back
}
