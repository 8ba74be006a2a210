# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What who starts a machine has, and a payload must not get: capabilities, groups, variables,
# directories; and what a payload could leave on the host for others to trip over.

load image

setup() {
    image_setup
}

teardown() {
    image_teardown
}

# status_of FIELD: of the payload, in $output.
status_of() {
    sed -n "s/^$1:[[:blank:]]*//p" <<<"$output"
}

NONE=0000000000000000
all=(--inh-caps=+sys_admin,+net_admin,+chown --ambient-caps=+sys_admin,+net_admin,+chown)

# CVE-2022-29162, CVE-2022-27650, CVE-2022-27649
@test "inheritable and ambient capabilities are not inherited" {
    run setpriv "${all[@]}" berth-run --quiet --directory="$TRAP" --machine=trap \
        --register=no cat /proc/1/status
    [ "$(status_of CapInh)" = $NONE ] && [ "$(status_of CapAmb)" = $NONE ]
    [ "$(status_of CapBnd)" = "$(status_of CapEff)" ]
    run setpriv "${all[@]}" berth-run --quiet --directory="$TRAP" --machine=trap \
        --register=no --uid=1000 cat /proc/1/status
    for set in Inh Prm Eff Amb; do
        [ "$(status_of Cap$set)" = $NONE ]
    done
}

@test "secure bits that keep capabilities are not inherited" {
    run setpriv --securebits=+keep_caps,+no_setuid_fixup berth-run --quiet --directory="$TRAP" \
        --machine=trap --register=no --uid=1000 cat /proc/1/status
    [ "$status" = 1 ] || [ "$(status_of CapEff)" = $NONE ]
}

@test "groups, umask and signals are the payload's own" {
    run setpriv --groups=4,6,24 sh -c "umask 0; trap '' TERM HUP INT QUIT USR1; exec berth-run --quiet \
        --directory='$TRAP' --machine=trap --register=no cat /proc/1/status"
    [ -z "$(status_of Groups | tr -d ' 0')" ]
    [ "$(status_of Umask)" = 0022 ]
    [ "$(status_of SigIgn)" = $NONE ] && [ "$(status_of SigBlk)" = $NONE ]
}

@test "variables and directories of who starts it stay outside" {
    cd "$outside"
    run env SECRET=treasure LD_PRELOAD=/nowhere.so LD_LIBRARY_PATH=/nowhere BASH_ENV="$secret" IFS=x \
        SSH_AUTH_SOCK=/x CREDENTIALS_DIRECTORY=/x INVOCATION_ID=x \
        berth-run --quiet --directory="$TRAP" --machine=trap --register=no \
        sh -c 'env; pwd; readlink /proc/1/cwd'
    cd /
    [[ $output != *treasure* ]] && [[ $output != *nowhere* ]] && [[ $output != *SSH_AUTH* ]]
    [[ $output != *CREDENTIALS* ]] && [[ $output != *INVOCATION* ]] && [[ $output != *"$outside"* ]]
    [ "${lines[-1]}" = / ]
}

# CVE-2026-23953
@test "a variable with lines in it is one variable" {
    image_runs --setenv=$'A=1\nLD_PRELOAD=/x\nB=2' sh -c 'echo "A is $A, B is $B, preload is $LD_PRELOAD."'
    [ "${output//$'\n'/|}" = "A is 1|LD_PRELOAD=/x|B=2, B is , preload is ." ]
}

@test "an environment beyond all measure is an error" {
    printf 'root:x:0:0::/%s:/bin/sh\n' "$(head -c 200000 /dev/zero | tr '\0' x)" >"$TRAP/etc/passwd"
    image_refused exec /bin/true
    [[ $output == *"Argument list too long"* ]]
}

@test "names with control characters are refused before anything is done" {
    local name
    for name in $'a\nb' $'a\eb' 'a b' 'a/b' '../x' '' "$(head -c 300 /dev/zero | tr '\0' a)" $'\xff'; do
        image_run --hostname="$name" /bin/true
        echo "$name: $status $output"
        [ "$status" = 1 ] && [[ $output != *$'\e'* ]] || [ -z "$name" ]
        run berth-run --quiet --directory="$TRAP" --machine="$name" /bin/true
        [ "$status" = 1 ] && [[ $output != *$'\e'* ]]
    done
    [ ! -e "$TRAP/run/host" ]
}

@test "a name that the guest gives itself is shown as text" {
    image_service -- sh -c 'hostname "$(printf "\033[2Jevil\n\007")"; echo done >/said; exec sleep infinity'
    eventually test -e "$TRAP/said"
    for verb in list status show; do
        run berthctl --no-pager $verb trap
        [[ $output != *$'\e[2J'* ]] && [[ $output != *$'\a'* ]]
    done
    [ "$(cat /proc/sys/kernel/hostname)" != evil ]
}

@test "a program with set-user-id is no use to users of the host" {
    image_runs sh -c 'cp /bin/busybox /bin/door && chmod 6755 /bin/door'
    [ -u "$TRAP/bin/door" ]
    run -127 as_nobody "$TRAP/bin/door" id -u
}

@test "directories of the host's that are bound read-only get no such program" {
    image_run --bind-ro="$outside:/bound" sh -c 'cp /bin/busybox /bound/door; chmod 6755 /bound/file
        chown 0 /bound/file; mount -o remount,bind,ro /bound; touch /bound/x; mkdir /bound/y
        rm -f /bound/file'
    [ "$(ls "$outside")" = file ] && [ ! -u "$outside/file" ]
}

@test "set-user-id has no meaning in what is mounted for the guest" {
    image_runs sh -c 'cat /proc/self/mountinfo'
    for where in /run /run/host /dev /dev/shm /dev/pts /dev/mqueue /tmp /proc /sys /sys/fs/cgroup; do
        [[ $(awk -v where=$where '$5 == where { print $6 }' <<<"$output") == *nosuid* ]]
    done
}
