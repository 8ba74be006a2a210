# SPDX-License-Identifier: LGPL-2.1-or-later
#
# berthctl, beside the distribution's machinectl where both can do it: on a guest that it
# starts, looks at, enters and stops.

load helper

shares_guest visited

@test "start returns when the machine is ready" {
    run -0 berthctl -q shell visited /bin/systemctl is-system-running
    [[ "$output" == running* || "$output" == degraded* ]]
    [ "$(property visited State)" = running ]
}

@test "starting what runs, or is not there, fails" {
    run -1 berthctl start visited
    [[ "$output" == *visited* ]]
    run -1 berthctl start nothing-of-that-name
    [[ "$output" == *nothing-of-that-name* ]]
    run -1 berthctl start ../visited
    [[ "$output" == "Invalid machine name: '../visited'" ]]
}

same_table() {
    theirs=$(machinectl list --no-legend | tr -s ' ' | sed 's/ $//')
    [ "$(berthctl list --no-legend | tr -s ' ')" = "$theirs" ]
}

same_json() {
    [ "$(berthctl -o json --max-addresses=all)" = "$(machinectl list -o json --max-addresses=all)" ]
}

@test "list says what machinectl says, to people and to programs" {
    # The machine may get one more address between the two.
    eventually same_table
    eventually same_json
    run -0 berthctl --all --no-legend
    [[ "$output" == *.host* ]]
}

@test "show says what machinectl says" {
    for property in Name Id Timestamp TimestampMonotonic Service Unit Leader Class RootDirectory State; do
        [ "$(berthctl show visited -p $property)" = "$(machinectl show visited -p $property)" ]
        [ "$(berthctl show visited -P $property)" = "$(machinectl show visited -p $property --value)" ]
    done
    [ "$(berthctl show -p PoolPath)" = "$(machinectl show -p PoolPath)" ]
    run -0 berthctl show visited -o json -p Leader
    [ "$output" = "[{\"Leader\":$(berthctl show visited -P Leader)}]" ]
}

@test "status shows the leader, the system and the control groups" {
    run -0 berthctl status visited
    [[ "$output" == *"Leader: $(property visited Leader) (systemd)"* ]]
    [[ "$output" == *"Unit: berth@visited.service"* ]]
    [[ "$output" == *"OS: Debian GNU/Linux"* ]]
    [[ "$output" == *dbus.service* ]]
    run -0 berthctl status visited -o json
    [[ "$output" == *'"tree":{"name":"berth@visited.service",'* ]]
}

@test "what is printed for programs is as its schema has it" {
    local verb

    for verb in status show stats logs; do
        berthctl --output=json $verb visited | ./schema.py $verb
    done
    berthctl --output=json list --all | ./schema.py list
    berthctl --output=json show .host | ./schema.py show
    berthctl --output=json show | ./schema.py show
}

@test "shell passes on the command's output and exit status" {
    run -7 berthctl -q shell visited /bin/sh -c 'uname -n; exit 7' </dev/null
    [[ "$output" == visited* ]]
    run -127 berthctl -q shell visited /nonexistent </dev/null
    run -143 berthctl -q shell visited /bin/sh -c 'kill -TERM $$' </dev/null
}

@test "the host can be entered, too" {
    run -0 berthctl -q shell .host /bin/cat /proc/self/cgroup </dev/null
    [[ "$output" == *berth-exec.service* ]]
    run -3 berthctl -q shell < <(echo 'exit 3')
}

@test "shell is of the user asked for, with what was asked for in the environment" {
    run -0 berthctl -q shell nobody@visited /usr/bin/id -un </dev/null
    [[ "$output" == nobody* ]]
    run -0 berthctl -q shell -E STORY=told visited /usr/bin/env </dev/null
    [[ "$output" == *STORY=told* ]]
    run -1 berthctl -q shell no-such-user@visited </dev/null
}

@test "shell has a terminal of the machine, of the size of ours" {
    run -0 on_terminal berthctl -q shell visited /bin/sh -c '"tty; stty size"' </dev/null
    [[ "$output" == *"/dev/pts/"* ]]
    [[ "$output" == *"33 111"* ]]
}

@test "the machine gets none of our descriptors" {
    run -0 berthctl -q shell visited /bin/sh -c 'ls /proc/self/fd | wc -l' </dev/null 7</ 9</etc
    [ "${output//[^0-9]/}" = 4 ] # 0, 1, 2, and that of the listing
}

@test "login prompts" {
    coproc person { on_terminal berthctl login visited; }
    while [[ "$screen" != *"visited login:"* ]] && read -r -t 60 -N 1 -u "${person[0]}" key; do
        screen+=$key
    done
    [[ "$screen" == *"visited login:"* ]]
    printf '\035\035\035' >&"${person[1]}"
    wait "$person_PID"
}

@test "terminals that users without privileges could not have are refused" {
    run -1 as_nobody berthctl --no-ask-password shell visited
    run -1 as_nobody berthctl --no-ask-password terminate visited
    machine_listed visited
    run -0 as_nobody berthctl list --no-legend
    [[ "$output" == visited* ]]
}

# How often somebody was there to ask for passwords: polkit's own word.
agents() {
    journalctl --unit=polkit.service --grep='Registered Authentication Agent.*pkttyagent' --quiet | wc -l
}

agents_are() {
    [ "$(agents)" = "$1" ]
}

@test "who may not do it could be asked for a password, on a terminal" {
    [ "$BERTH_HOST_SUITE" != forky ] || skip "polkit 128 does not say who registers with it"
    before=$(agents)
    run -1 on_terminal "${NOBODY[@]}" berthctl --no-ask-password terminate visited </dev/null
    [ "$(agents)" = "$before" ]
    run -1 on_terminal "${NOBODY[@]}" berthctl terminate visited </dev/null
    eventually agents_are $((before + 1))
    machine_listed visited
}

@test "an agent that could be asked does not share the terminal with the session" {
    ./polkit-says allowed
    person_begin "${NOBODY[@]}" berthctl -q shell visited /bin/sh
    screen_shows '#'
    refused pgrep --exact pkttyagent
    echo exit >&"$hands"
    person_end
    ./polkit-says asks
}

@test "kill signals whom it is told to" {
    berthctl -q shell visited /bin/sh -c 'systemd-run --quiet --unit=victim sleep 1000' </dev/null
    run -1 berthctl kill nothing-of-that-name
    berthctl kill visited --kill-whom=leader --signal=RTMIN+24 # to debug level and
    berthctl kill visited --kill-whom=leader --signal=RTMIN+23 # back
    machine_listed visited
}

@test "reboot keeps the machine, poweroff ends it" {
    berthctl poweroff visited
    eventually refused machine_listed visited
    eventually refused unit_active berth@visited.service
    berthctl start visited
    machine_listed visited
}
