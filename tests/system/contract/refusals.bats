# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Bad input is refused with the documented error, and nothing has happened.

load ../helper

INVALID=org.freedesktop.DBus.Error.InvalidArgs

setup() {
    leader_start
    cgroup=$(cat "/proc/$leader/cgroup")
}

# Nothing was made; the leader is where it was.
teardown() {
    [ "$(cat "/proc/$leader/cgroup")" = "$cgroup" ]
    leader_kill
    [ "$(manager ListMachines | cut -d' ' -f2)" = 1 ]
}

# create NAME ID CLASS LEADER ROOT, each as GVariant prints it.
create() {
    error_of CreateMachine "$1" "$2" "''" "$3" "$4" "$5" '@a(sv) []'
}

@test "names that no machine may have" {
    for name in '' not/valid -x a..b 'x y' x%n "$(printf 'x%.0s' {1..65})"; do
        echo "$name"
        [ "$(create "'$name'" '@ay []' "'container'" "$leader" "''")" = $INVALID ]
    done
}

@test "an id that is neither empty nor of 16 bytes" {
    [ "$(create "'thing'" '[byte 1, 2, 3]' "'container'" "$leader" "''")" = $INVALID ]
}

@test "a class that is none" {
    [ "$(create "'thing'" '@ay []' "'ship'" "$leader" "''")" = $INVALID ]
}

@test "the init of the host as leader" {
    [ "$(create "'thing'" '@ay []' "'container'" 1 "''")" = $INVALID ]
}

@test "a leader that is gone" {
    dead=$(sh -c 'echo $$')
    [ -n "$(create "'thing'" '@ay []' "'container'" "$dead" "''")" ]
}

@test "a root directory that is no absolute path" {
    [ "$(create "'thing'" '@ay []' "'container'" "$leader" "'relative/path'")" = $INVALID ]
}

@test "network interfaces that cannot be" {
    [ "$(error_of CreateMachineWithNetwork "'thing'" '@ay []' "''" "'container'" "$leader" "''" '[-1]' \
        '@a(sv) []')" = $INVALID ]
}
