# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Programs in machines that change what a program needs while it is started: its users, its
# root, its shell, its control group; and what of the host a program, or who looks at it, gets.

load helper

setup() {
    useradd --no-create-home mallory
    trap_make
    ln -s busybox "$TRAP/bin/sh"
    ln -s busybox "$TRAP/bin/cat"
    echo root:x:0:0:root:/:/bin/sh >"$TRAP/etc/passwd"
    mknod -m 666 "$TRAP/dev/null" c 1 3
    chmod 600 "$secret"
    chmod 711 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" "$MACHINES"
}

teardown() {
    systemctl stop story-mallory.service 2>/dev/null || true
    systemctl reset-failed story-mallory.service 2>/dev/null || true
    chmod 700 "$MACHINES"
    trap_remove
    userdel mallory
}

execs() {
    python3 ../system/exec.py "$@"
}

# No process of berth's is left beside those that were there, nor one that it has started.
nothing_left() {
    eventually no_worker_left
}

no_worker_left() {
    local unit

    for unit in berthd berth-exec; do
        refused pgrep --parent "$(systemctl show $unit.service --property=MainPID --value)" || return 1
    done
}

@test "users that are no file, have no end, or lie elsewhere are an error in time" {
    trap_start
    passwd=$TRAP/etc/passwd

    ln -sf "/../../../../../../../..$secret" "$passwd"
    # There is nothing: so only root is known.
    fails_with NoSuchUser execs trap --user=nobody-here -- /bin/sh -c true
    rm "$passwd"
    mkfifo "$passwd"
    fails_with "users cannot be read" execs trap -- /bin/sh -c true
    rm "$passwd"
    mknod "$passwd" c 1 5
    fails_with "users cannot be read" execs trap -- /bin/sh -c true
    rm "$passwd"
    truncate --size=1G "$passwd"
    fails_with "users cannot be read" execs trap -- /bin/sh -c true
    rm "$passwd"
    ln -s passwd "$passwd"
    fails_with "users cannot be read" execs trap -- /bin/sh -c true
    rm "$passwd"
    nothing_left
}

@test "a /dev/null that is something else is not given to a program" {
    trap_start
    rm "$TRAP/dev/null"
    ln -s "$secret" "$TRAP/dev/null"
    fails_with "/dev/null cannot be opened" execs trap --start -- /bin/sh -c true
    rm "$TRAP/dev/null"
    mkfifo "$TRAP/dev/null"
    fails_with "/dev/null cannot be opened" execs trap --start -- /bin/sh -c true
    rm "$TRAP/dev/null"
    cp -a "$secret" "$TRAP/dev/null"
    fails_with "/dev/null cannot be opened" execs trap --start -- /bin/sh -c true
    nothing_left
}

@test "a root, users and a shell that change all the time lead nowhere but to themselves" {
    trap_start
    mkdir "$TRAP/other"
    cp -a "$TRAP/etc" "$TRAP/other/etc"
    ln -sfn "/../../../../$secret" "$TRAP/other/etc/passwd"
    attack swap.py "$TRAP" etc other/etc
    for _ in {1..10}; do
        answers execs trap -- /bin/sh -c 'cat /etc/passwd 2>&1; echo said'
    done
    kill -KILL "$attacker"
    attacker=

    ln -s "$(dirname "$secret")" "$TRAP/other/bin"
    attack swap.py "$TRAP" bin other/bin
    for _ in {1..10}; do
        answers execs trap -- /bin/sh -c 'echo said; cat /bin/secret 2>&1'
    done
    nothing_left
}

# mallory_start MOUNTS: a machine of hers, in namespaces of her own.
mallory_start() {
    systemd-run --quiet --unit=story-mallory --uid=mallory --property=Type=notify \
        --property=NotifyAccess=all --property=KillSignal=KILL \
        unshare --user --map-root-user --mount --pid --fork --mount-proc \
        sh -c "$1; systemd-notify --ready --pid=parent; exec sleep infinity"
    main=$(systemctl show --property=MainPID --value story-mallory.service)
    # That file has no end of line.
    read -r mallory_leader _ <"/proc/$main/task/$main/children" || [ -n "$mallory_leader" ]
    ../system/polkit-says allowed
    setpriv --reuid=mallory --regid=mallory --clear-groups busctl --system call \
        org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.machine1.Manager \
        RegisterMachine sayssus trap 0 story container "$mallory_leader" ""
    ../system/polkit-says asks
}

@test "in a user's machine, a program of root's is the user's, and has no more rights" {
    mallory_start true
    run execs trap -- sh -c 'grep -E "^(CapBnd|NoNewPrivs|Groups):" /proc/self/status; id -u; cat '"$secret"
    [[ $output != *treasure* ]]
    [[ $output == *"Permission denied"* ]]
    echo "$output"; grep ^CapBnd: "/proc/$mallory_leader/status"
    [[ $output == *"$(grep ^CapBnd: "/proc/$mallory_leader/status")"* ]]

    run execs trap --start -- sleep 100
    read -r _ pid <<<"$output"
    [ "$(stat --format=%u "/proc/$pid")" = "$(id -u mallory)" ] ||
        [ "$(awk '/^Uid:/ { print $2 $3 $4 $5 }' "/proc/$pid/status")" = \
            "$(id -u mallory)$(id -u mallory)$(id -u mallory)$(id -u mallory)" ]
    [ "$(readlink "/proc/$pid/ns/user")" = "$(readlink "/proc/$mallory_leader/ns/user")" ]
    [ "$(cat "/proc/$pid/cgroup")" = "$(cat "/proc/$mallory_leader/cgroup")" ]
    kill -KILL "$pid"
    nothing_left
}

@test "the host's secret over a user's /etc/passwd stays secret" {
    mallory_start "mount --bind $secret /etc/passwd"
    fails_with "users cannot be read" execs trap -- sh -c true
    nothing_left
}

@test "a user's machine with the host's users runs no programs" {
    nobodys_machine_start trap
    fails_with AccessDenied execs trap -- sh -c true
}

@test "who looks at programs that are started sees no descriptor of ours" {
    leader_start --pid --fork --mount-proc
    machine_create trap "$leader"
    nsenter --target "$leader" --mount --pid setsid sh -c '
        while :; do for p in /proc/[0-9]*; do
            [ "$p" = /proc/1 ] || [ "$p" = /proc/$$ ] || { readlink $p/fd/* $p/cwd $p/root; }
        done; done' >"$BATS_TEST_TMPDIR/seen" 2>/dev/null 3>&- </dev/null &
    watcher=$!
    disown "$watcher"
    run execs trap --times=100 -- sh -c 'echo $(cd /proc/self/fd; echo *); read -r x'
    [ "$output" = "100 0 1 2 3" ]
    kill -KILL "$watcher"
    [ -s "$BATS_TEST_TMPDIR/seen" ]
    sort -u "$BATS_TEST_TMPDIR/seen" >"$BATS_TEST_TMPDIR/all"
    echo "# $(wc -l <"$BATS_TEST_TMPDIR/seen") descriptors seen" >&3
    refused grep -E 'socket:|memfd|pidfd|berth|^/(dev|run|sys)/' "$BATS_TEST_TMPDIR/all"
    nothing_left
}

# payload: the control group of an idle guest's leader.
payload() {
    echo "/sys/fs/cgroup$(sed -n s/^0:://p "/proc/$(property idle Leader)/cgroup")"
}

@test "a control group that is frozen, moved and killed meanwhile costs an error, and nobody else" {
    idle_guest_start idle
    group=$(payload)

    (set +e; while :; do
        echo 1 >"$group/cgroup.freeze"
        echo 0 >"$group/cgroup.freeze"
    done) 3>&- 2>/dev/null &
    attacker=$!
    disown "$attacker"
    for _ in {1..10}; do
        answers execs idle -- sh -c 'echo said'
    done
    kill -KILL "$attacker"
    eventually refused kill -0 "$attacker"
    echo 0 >"$group/cgroup.freeze"
    run execs idle -- sh -c 'echo said'
    [ "$output" = $'said\nexited 0' ]

    mkdir "$group/away"
    (set +e; while :; do
        for p in $(cat "$group/cgroup.procs"); do
            [ "$p" = "$(property idle Leader)" ] || echo "$p" >"$group/away/cgroup.procs"
        done
    done) 3>&- 2>/dev/null &
    attacker=$!
    disown "$attacker"
    for _ in {1..10}; do
        answers execs idle -- sh -c 'echo said'
    done
    kill -KILL "$attacker"

    (set +e; while :; do
        for p in $(cat "$group/cgroup.procs" "$group/away/cgroup.procs"); do
            [ "$p" = "$(property idle Leader)" ] || kill -KILL "$p"
        done
    done) 3>&- 2>/dev/null &
    attacker=$!
    disown "$attacker"
    for _ in {1..10}; do
        answers execs idle -- sh -c 'echo said'
    done
    kill -KILL "$attacker"
    attacker=
    nothing_left
    rmdir "$group/away" || true
    idle_guest_stop idle
}
