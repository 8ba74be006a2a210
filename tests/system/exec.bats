# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Programs in machines, whoever they are: org.berth.Machine1.Exec() and org.berth.Process1.

load helper

N=200

setup_file() {
    story_begin
    guest_make web
    berthctl start web
    idle_guest_start files
    idle_guest_start shifted --private-users=524288:65536 --private-users-ownership=chown
}

teardown_file() {
    idle_guest_stop files
    idle_guest_stop shifted
    ! machine_listed web || berthctl terminate web
    eventually refused unit_active berth@web.service
    guest_remove web
    story_end
}

# execs RESULT MACHINE [OPTION…] -- ARGUMENT…: what is said, and how it ends.
execs() {
    local wanted=$1
    shift

    run python3 exec.py "$@"
    [ "$output" = "$wanted" ] || { printf 'wanted: %s\nis: %s\n' "$wanted" "$output"; return 1; }
}

machine1() {
    busctl --system call org.freedesktop.machine1 "/org/freedesktop/machine1/machine/$1" \
        org.berth.Machine1 "${@:2}"
}

@test "a program's output, errors and status come back, from any machine" {
    for machine in web files shifted; do
        execs $'root\nerror: to stderr\nexited 7' $machine -- sh -c 'id -un; echo to stderr >&2; exit 7'
        execs $'typed\nexited 0' $machine --input=$'typed\n' -- cat
        execs $'killed 9' $machine -- sh -c 'kill -9 $$'
    done
}

@test "it is in the machine: all namespaces, its control group, its privileges" {
    for machine in web files shifted; do
        leader=$(property $machine Leader)
        for namespace in cgroup ipc mnt net pid user uts; do
            execs "$(readlink "/proc/$leader/ns/$namespace")"$'\nexited 0' $machine -- \
                readlink /proc/self/ns/$namespace
        done
        execs "$(grep -E '^(CapBnd|NoNewPrivs):' "/proc/$leader/status")"$'\nexited 0' $machine -- \
            grep -E '^(CapBnd|NoNewPrivs):' /proc/self/status
        # berthd has filters of its own, which no program inherits; that of what berth-run
        # runs it does, that of nspawn's guests nobody can get.
        filtered=1
        [ $machine != web ] || filtered=$leader
        execs "$(grep '^Seccomp_filters:' /proc/$filtered/status)"$'\nexited 0' $machine -- \
            grep '^Seccomp_filters:' /proc/self/status
        run python3 exec.py $machine --start -- sleep 60
        read -r path pid <<<"$output"
        [ "$(cat "/proc/$pid/cgroup")" = "$(cat "/proc/$leader/cgroup")" ]
        busctl --system call org.freedesktop.machine1 "$path" org.berth.Process1 Kill i 9
        eventually refused kill -0 "$pid"
    done
}

@test "the user, the directory and the environment are what was asked for" {
    execs $'1 daemon\nexited 0' web --user=1 -- sh -c 'echo $(id -u) $USER'
    execs $'daemon /usr/sbin\nexited 0' web --user=daemon -- sh -c 'echo $(id -un) $PWD'
    execs $'/tmp\nexited 0' web --directory=/tmp -- pwd
    execs $'b /bin:/usr/bin\nexited 0' web --env=A=b --env=PATH=/bin:/usr/bin -- sh -c 'echo $A $PATH'
    execs $'PATH=/bin\nHOME=/root\nUSER=root\nLOGNAME=root\nSHELL=/bin/bash\nexited 0' web \
        --env=PATH=/bin -- env
    execs $'1000 1000\nexited 0' shifted -- setpriv --reuid=1000 --regid=1000 --clear-groups \
        sh -c 'echo $(id -u) $(id -g)'
}

# fails ERROR MACHINE [OPTION…] -- ARGUMENT…: it is not run, for that reason.
fails() {
    local wanted=$1
    shift

    run python3 exec.py "$@"
    [ "$status" != 0 ]
    [[ $output == *"$wanted: "* ]] || { printf 'wanted: %s\nis: %s\n' "$wanted" "$output"; return 1; }
}

@test "what cannot be run is told" {
    for machine in web shifted; do
        fails org.berth.NoSuchUser $machine --user=nobody-here -- true
        fails org.berth.NoSuchUser $machine --user=4711 -- true
        fails org.berth.NotFound $machine -- nothing-here
        fails org.berth.NotFound $machine -- /usr/bin/nothing-here
        fails org.berth.NotExecutable $machine -- /etc/passwd
        fails org.berth.NotExecutable $machine --env=PATH=/etc -- passwd
        fails org.berth.NotExecutable $machine -- /tmp
        fails org.freedesktop.DBus.Error.FileNotFound $machine --directory=/nothing-here -- true
    done
    fails org.freedesktop.DBus.Error.InvalidArgs web --option=what -- true
    fails org.freedesktop.DBus.Error.InvalidArgs web --directory=tmp -- true
    fails org.freedesktop.DBus.Error.InvalidArgs web --env=no-assignment -- true
    fails org.freedesktop.DBus.Error.InvalidArgs web --option=terminal -- true
    fails org.freedesktop.DBus.Error.InvalidArgs web --terminal=24x80 --option=stderr -- true
}

@test "a terminal has the size, the modes and the owner that were asked for" {
    for machine in web files shifted; do
        execs $'33 111\ndaemon /dev/pts\nbare\n/dev/tty is it\nexited 3' $machine --terminal=33x111 \
            --user=daemon -- sh -c 'stty size; stat -c "%U $(dirname $(tty))" $(tty);
                                    stty -a | grep -q -e "-icanon.*-echo " && echo bare;
                                    : >/dev/tty && echo /dev/tty is it; exit 3'
        execs $'33 111\n44 55\nexited 0' $machine --terminal=33x111 --resize=44x55 -- \
            sh -c 'stty size; read -r x; stty size'
    done
}

@test "a shell without arguments is the user's, at a login" {
    execs $'-bash\nexited 0' web --input=$'echo $0\n' --
}

@test "a program is signalled by its object" {
    execs $'ready\nkilled 15' web --kill=TERM -- sh -c 'echo ready; exec sleep 60'
    execs $'ready\ntold\nexited 0' web --kill=USR1 -- \
        sh -c 'trap "kill \$!; echo told; exit 0" USR1
               tail -f /dev/null >/dev/null 2>&1 & echo ready; wait'
}

@test "a machine whose processes are all stopped is no obstacle; one that is frozen is told" {
    leader=$(property files Leader)
    kill -STOP "$leader"
    execs $'still works\nexited 0' files -- echo still works
    kill -CONT "$leader"

    machine1 web Freeze
    begin=$SECONDS
    fails org.berth.MachineFrozen web -- true
    [ $((SECONDS - begin)) -le 5 ]
    machine1 web Thaw
    execs $'warm again\nexited 0' web -- echo warm again
}

@test "a machine of busybox alone runs programs" {
    mkdir -p "$MACHINES/bare"/{bin,dev/pts,etc,proc}
    cp "$(command -v busybox)" "$MACHINES/bare/bin/busybox"
    ln -s busybox "$MACHINES/bare/bin/sleep"
    leader_start --root="$MACHINES/bare"
    machine_create bare "$leader"
    mknod -m 666 "$MACHINES/bare/dev/null" c 1 3

    execs $'of root\nexited 5' bare -- busybox sh -c 'echo of $USER; exit 5'
    execs $'typed\nexited 0' bare --input=$'typed\n' -- busybox cat
    fails org.berth.NotFound bare -- cat
    fails System.Error.ENOTTY bare --terminal=24x80 -- busybox true ||
        fails org.freedesktop.DBus.Error.FileNotFound bare --terminal=24x80 -- busybox true

    leader_kill
    eventually refused machine_listed bare
    rm -rf --one-file-system "$MACHINES/bare"
}

@test "the host runs programs, too" {
    execs $'root\nexited 0' _2ehost -- id -un
    execs "$(readlink /proc/1/ns/mnt)"$'\nexited 0' _2ehost -- readlink /proc/self/ns/mnt
}

@test "two hundred programs at once" {
    python3 exec.py web --times=10 -- echo said # what is only ever made once
    mapfile -t before < <(exec_sizes)

    begin=$(date +%s%3N)
    run python3 exec.py web --times=$N -- echo said
    end=$(date +%s%3N)
    echo "$output"
    [ "$output" = "$N said" ]

    mapfile -t after < <(exec_sizes)
    echo "# $N programs in $((end - begin)) ms; berthd's and berth-exec's descriptors and pages:" \
        "${before[*]} before, ${after[*]} after" >&3
    exec_sizes_are_back
}

@test "a machine has its share of programs, and no more" {
    run python3 exec.py files --times=257 --start -- sleep 100
    [[ $output == "1 failed, the first: "*"LimitsExceeded"* ]]
    execs $'others have theirs\nexited 0' shifted -- echo others have theirs
    pkill --uid 0 --full '^sleep 100$' --ns "$(property files Leader)" --nslist pid
    eventually no_program_left
    execs $'again\nexited 0' files -- echo again
}

@test "a program outlives berthd, whose clients it has told" {
    run python3 exec.py web --start -- sleep 100
    read -r path pid <<<"$output"
    systemctl restart berthd.service
    kill -0 "$pid"
    run busctl --system get-property org.freedesktop.machine1 "$path" org.berth.Process1 PID
    [ "$status" != 0 ]
    execs $'goes on\nexited 0' web -- echo goes on
    kill "$pid"
    eventually refused kill -0 "$pid"
}

@test "root needs no broker to run programs, and others are not let in without one" {
    local nowhere=DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere

    [ "$(stat --format='%a %U' /run/berth/bus)" = "600 root" ]
    [ "$(env $nowhere berthctl exec web echo short)" = short ]
    refused as_nobody busctl --address=unix:path=/run/berth/bus call org.freedesktop.machine1 \
        /org/freedesktop/machine1 org.freedesktop.machine1.Manager ListMachines

    # Nobody listens there now; on the bus, a call starts berthd.
    systemctl stop berthd.service
    refused env $nowhere berthctl exec web echo short
    [ "$(berthctl exec web echo long)" = long ]
    [ "$(env $nowhere berthctl exec web echo short)" = short ]
}

# example LANGUAGE: what the documentation of Exec() has in it; none is a command line.
example() {
    python3 - "$1" "$BATS_TEST_DIRNAME/../../docs/api/org.berth.md" <<'END'
import re, sys
language, page = sys.argv[1:]
section = re.search(r"^### `Exec\(.*?^###? ", open(page).read(), re.S | re.M)[0]
print(re.search(rf"^```{language}\n(.*?)^```", section, re.S | re.M)[1])
END
}

@test "the examples of the documentation do what they say" {
    run python3 -c "$(example python)"
    [ "$output" = web ]

    file=$(inside web /run/was-here)
    [ ! -e "$file" ]
    run -0 bash -c "$(example '')"
    [[ "$output" == 'oa{sv} "/org/berth/process/'* ]]
    eventually test -e "$file"
    [ "$(stat --format=%U "$file")" = root ]
}
