# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Terminals, logins and shells in a machine, by machine1 and by machinectl.

load ../helper

setup_file() {
    story_begin
    nspawn_start web
}

teardown_file() {
    nspawn_stop web
    story_end
}

setup() {
    needs script command -v script
}

# Which no longer are there, and hence are no unit of the next.
no_shell_left() {
    [ -z "$(systemctl -M web list-units --all --plain --no-legend 'container-shell@*')" ]
}

teardown() {
    eventually no_shell_left
}

@test "a shell runs a command as root, on a terminal of the machine" {
    run -0 with_terminal machinectl --quiet shell web /bin/sh -c "'uname -n; id -un; tty'"
    [[ "$output" == *web*root*/dev/pts/* ]]
}

@test "a shell is somebody else's, with a session and variables" {
    run -0 with_terminal machinectl --quiet --setenv=COLOR=green shell nobody@web /bin/sh -c \
        "'id -un; echo in \$COLOR'"
    [[ "$output" == *nobody*"in green"* ]]
}

@test "a user's own shell is started for who names no program" {
    person_begin machinectl --quiet shell web
    screen_shows 'root@web'
    echo 'echo $0 of $(id -un); exit' >&"$hands"
    screen_shows 'sh of root'
    person_end
}

@test "a user's name is no part of a script" {
    user='x"; touch /run/owned; "'
    refused manager OpenMachineShell sssasas web "$user" '' 0 0 ||
        eventually no_shell_left
    refused in_guest web test -e /run/owned
}

@test "OpenMachineShell tells the terminal's path" {
    run -0 manager OpenMachineShell sssasas web root /bin/true 0 0
    [[ "$output" =~ ^hs\ [0-9]+\ \"/dev/pts/[0-9]+\"$ ]]
}

@test "OpenMachinePTY and OpenMachineLogin do so, too" {
    run -0 manager OpenMachinePTY s web
    [[ "$output" =~ ^hs\ [0-9]+\ \"/dev/pts/[0-9]+\"$ ]]
    run -0 manager OpenMachineLogin s web
    [[ "$output" =~ ^hs\ [0-9]+\ \"/dev/pts/([0-9]+)\"$ ]]
    eventually getty_gone web "container-getty@${BASH_REMATCH[1]}.service"
}

# Hung up on before it had begun, it may be started once more, and call that a failure. The
# next one on a terminal of that number is to find nothing of it.
getty_gone() {
    case $(systemctl -M "$1" show "$2" --property=ActiveState --value) in
        inactive) ;;
        failed) systemctl -M "$1" reset-failed "$2" ;;
        *) return 1 ;;
    esac
}

@test "a login prompt comes up" {
    person_begin machinectl login web
    screen_shows 'web login:'
    printf '\035\035\035' >&"$hands" # ends the connection
    person_end
}

@test "what is wrong with a shell is refused by name" {
    [ "$(error_of OpenMachineShell web root bin/sh '@as []' '@as []')" = \
        org.freedesktop.DBus.Error.InvalidArgs ]
    [ "$(error_of OpenMachineShell web root /bin/sh '@as []' "['bad']")" = \
        org.freedesktop.DBus.Error.InvalidArgs ]
    [ "$(error_of OpenMachineShell nothing root /bin/sh '@as []' '@as []')" = \
        org.freedesktop.machine1.NoSuchMachine ]
}

@test "a machine without a bus has terminals, but neither logins nor shells" {
    leader_start
    machine_create bare "$leader"
    # Nothing of the host's.
    nsenter --target "$leader" --mount mount -t tmpfs tmpfs /run

    run -0 manager OpenMachinePTY s bare
    [ "$(error_of OpenMachineLogin bare)" = org.freedesktop.DBus.Error.FileNotFound ]
    [ "$(error_of OpenMachineShell bare root /bin/sh '@as []' '@as []')" = \
        org.freedesktop.DBus.Error.FileNotFound ]
    leader_kill
    eventually refused machine_listed bare
}

@test "of the host there are all three" {
    run -0 manager OpenMachinePTY s .host
    run -0 manager OpenMachineShell sssasas .host root /bin/true 0 0
    [[ "$output" =~ ^hs\ [0-9]+\ \"/dev/pts/[0-9]+\"$ ]]
    run -0 manager OpenMachineLogin s .host
    [[ "$output" =~ ^hs\ [0-9]+\ \"/dev/pts/([0-9]+)\"$ ]]
    eventually getty_gone .host "container-getty@${BASH_REMATCH[1]}.service"
}
