# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Many shells at once, machines whose bus is no good, and the way around that.

load helper

N=200

shares_guest web

berthd_pid() {
    systemctl show berthd.service --property=MainPID --value
}

workers_running() {
    pgrep --parent "$(berthd_pid)" --count
}

# When berthd has no worker left: its descriptors, and its memory in pages.
berthd_size() {
    eventually no_worker_left >&2
    find "/proc/$(berthd_pid)/fd" -mindepth 1 | wc -l
    awk '{ print $2 }' "/proc/$(berthd_pid)/statm"
}

no_worker_left() {
    [ "$(workers_running)" = 0 ]
}

shells_in_web() {
    systemctl -M web list-units --all --plain --no-legend 'container-shell@*' | wc -l
}

no_shell_left() {
    [ "$(shells_in_web)" = 0 ]
}

@test "two hundred shells at once" {
    python3 shells.py web 10 # what is only ever made once
    eventually no_shell_left
    mapfile -t before < <(berthd_size)

    run python3 shells.py web $N
    echo "$output"
    [ "$output" = "$N shells said what they were told to" ]
    eventually no_shell_left

    mapfile -t after < <(berthd_size)
    echo "# $N shells: ${before[*]} descriptors and pages before, ${after[*]} after" >&3
    [ "${after[0]}" = "${before[0]}" ]
    # Half a megabyte for what the allocator and the event loop keep for the next time.
    [ "${after[1]}" -le $((before[1] + 128)) ]
}

@test "berthctl has shells opened by the machine, and commands by the daemon" {
    needs script command -v script
    before=$(shells_in_web)
    run -7 with_terminal_status berthctl -q shell web /bin/sh -c "'exit 7'"
    [ "$(shells_in_web)" = "$before" ]

    person_begin berthctl -q shell web
    screen_shows root@web
    [ "$(shells_in_web)" = 1 ]
    echo 'echo said $((1 + 1)); exit' >&"$hands"
    screen_shows 'said 2'
    person_end
    eventually no_shell_left
}

with_terminal_status() {
    script --quiet --return --echo never --command "$*" /dev/null </dev/null
}

# A machine of one process, with a /run of its own. Its root is not the host's.
bare_start() {
    leader_start
    nsenter --target "$leader" --mount mount -t tmpfs tmpfs /run
    machine_create bare "$leader"
}

bare_stop() {
    leader_kill
    eventually refused machine_listed bare
}

@test "berthctl needs no bus in a machine for a shell" {
    needs script command -v script
    bare_start
    person_begin berthctl -q shell bare
    screen_shows '#'
    echo 'echo of $(stat --file-system --format=%T /run); exit' >&"$hands"
    screen_shows 'of tmpfs'
    person_end
    bare_stop
}

@test "a bus that accepts but never answers costs an error" {
    bare_start
    mkdir -p "/proc/$leader/root/run/dbus"
    nsenter --target "$leader" --mount setsid python3 -c '
import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("/run/dbus/system_bus_socket")
s.listen(64)
time.sleep(1000)' 3>&- </dev/null >/dev/null 2>&1 &
    listener=$!
    disown "$listener"
    eventually test -S "/proc/$leader/root/run/dbus/system_bus_socket"

    begin=$SECONDS
    run manager --timeout=60 OpenMachineLogin s bare
    [ "$status" != 0 ]
    [ $((SECONDS - begin)) -le 40 ]
    # Nobody else notices.
    manager GetMachineOSRelease s web
    kill "$listener"
    bare_stop
    eventually no_worker_left
}

@test "a machine that others registered, with the host's users, has no logins of root" {
    nobodys_machine_start theirs
    [ "$(error_of OpenMachineShell theirs root /bin/sh '@as []' '@as []')" = \
        org.freedesktop.DBus.Error.AccessDenied ]
    [ "$(error_of OpenMachineLogin theirs)" = org.freedesktop.DBus.Error.AccessDenied ]
    leader_kill
    eventually refused machine_listed theirs
}
