# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What berth-run has open while it becomes the payload, and its own program: neither is the
# guest's to reach.

load image

setup() {
    image_setup
}

teardown() {
    image_teardown
}

# CVE-2024-21626: the control group, which is open then, leads up to the host's root.
@test "no directory of the host's is entered through /proc/self/fd" {
    local n
    for n in {3..30}; do
        ln -sfn "/proc/self/fd/$n" "$TRAP/work"
        image_run --chdir=/work /bin/pwd
        [ "$status" = 1 ] && [[ $output == *"step exec (/work)"* ]]
        ln -sfn "/proc/self/fd/$n/../../../../../.." "$TRAP/work"
        image_run --chdir=/work /bin/pwd
        [ "$status" = 1 ]
    done
}

@test "a home in /proc/self/fd is none" {
    local n
    rm "$TRAP/etc/passwd"
    for n in {3..30}; do
        echo "root:x:0:0::/proc/self/fd/$n:/bin/sh" >"$TRAP/etc/passwd"
        run timeout --signal=KILL 60 berth-run --quiet --directory="$TRAP" --machine=trap \
            --register=no --pipe <<<"pwd; ls ../../../../../..$outside && echo out"
        [ "${lines[0]}" = / ]
        [[ $output != *out ]]
    done
}

@test "no descriptor of who starts it is left" {
    exec 7<"$outside" 8<"$secret" 20</
    image_runs sh -c 'cd /proc/1/fd && for f in *; do echo "$f $(readlink $f)"; done'
    exec 7<&- 8<&- 20<&-
    [[ $output != *"$outside"* ]] && [[ $output != *secret* ]]
    [ "$(grep -cvE '^[0-3] ' <<<"$output")" = 0 ]
}

# CVE-2019-5736
@test "the runtime is not executed by what it starts" {
    local link
    for link in /proc/self/exe /proc/1/exe /proc/thread-self/exe /proc/self/task/1/exe; do
        ln -sfn "$link" "$TRAP/program"
        image_refused exec /program
        printf '#!%s\n' "$link" >"$TRAP/script"
        chmod +x "$TRAP/script"
        image_refused exec /script
        image_refused exec $link
        ln -sfn "$link" "$TRAP/sbin/init"
        image_refused system --boot
    done
}

# Whoever runs it keeps it from being written to as well.
overwrite_is_told() {
    run sh -c 'echo overwritten >>/proc/self/fd/9'
    [[ $output != *"Text file busy"* ]]
}

@test "the runtime's program is not to be written through what /proc has handed out" {
    local pid
    image_service -- --register=no sleep infinity
    eventually unit_active machine-trap.scope
    pid=$(systemctl show story-trap.service --property=MainPID --value)
    [ "$(cat "/proc/$pid/comm")" = berth-run ]
    exec 9<"/proc/$pid/exe"
    systemctl stop story-trap.service
    eventually refused unit_active machine-trap.scope

    eventually overwrite_is_told
    exec 9<&-
    [ "$status" != 0 ]
    [[ $output == *"Read-only file system"* || $output == *"not permitted"* ]]
}
