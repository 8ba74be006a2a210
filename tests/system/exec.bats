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
        execs $'Seccomp:\t0\nexited 0' $machine -- grep '^Seccomp:' /proc/self/status
        run python3 exec.py $machine --start -- sleep 60
        read -r path pid <<<"$output"
        [ "$(cat "/proc/$pid/cgroup")" = "$(cat "/proc/$leader/cgroup")" ]
        busctl --system call org.freedesktop.machine1 "$path" org.berth.Process1 Kill i 9
        eventually refused kill -0 "$pid"
    done
}
