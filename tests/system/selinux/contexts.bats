# SPDX-License-Identifier: LGPL-2.1-or-later
#
# SELinux, in the emulated host, with a policy of our own (tests/host/selinux.cil): a machine of type
# guest_t may use what is its own, and nothing of the host's. It is in force but where a test says
# otherwise; no program of the host knows of it, as there is no /etc/selinux.

load ../helper

NAME=labelled
KERNEL=/sys/fs/selinux
SECRET=/var/lib/story-secret
GUEST_T=system_u:system_r:guest_t:s0
FORBIDDEN_T=system_u:system_r:forbidden_t:s0
MEMORY=system_u:object_r:guest_memory_t:s0

setup_file() {
    [ -e $KERNEL/enforce ] || { echo "needs tests/host/run --append=security=selinux"; return 1; }
    cat /usr/lib/berth-host/selinux.policy >$KERNEL/load
    story_begin
    busybox_make $NAME
    give_context guest_file_t:s0 $MACHINES/$NAME
    echo secret >$SECRET
}

teardown_file() {
    guest_remove $NAME
    rm -f $SECRET
    story_end
}

setup() {
    echo 1 >$KERNEL/enforce
}

teardown() {
    echo 0 >$KERNEL/enforce
    systemctl stop story-$NAME.service 2>/dev/null || true
    systemctl reset-failed story-$NAME.service 2>/dev/null || true
    eventually refused machine_listed $NAME
}

# give_context TYPE PATH: to a file, or to a directory with all files in it.
give_context() {
    python3 -c '
import os, sys
context, top = b"system_u:object_r:" + sys.argv[1].encode(), sys.argv[2]
for path in [top] + [os.path.join(d, name) for d, ds, fs in os.walk(top) for name in ds + fs]:
    if not os.path.islink(path):
        os.setxattr(path, "security.selinux", context)
' "$1" "$2"
}

# run_with OPTION… COMMAND: one that is not registered.
run_with() {
    berth-run --quiet --register=no --directory=$MACHINES/$NAME --machine=$NAME "$@"
}

# start_with OPTION…
start_with() {
    systemd-run --quiet --unit=story-$NAME berth-run --quiet --directory=$MACHINES/$NAME --machine=$NAME \
        "$@" sleep infinity
    eventually machine_listed $NAME
    eventually leader_runs "$(property $NAME Leader)"
}

# context PID, or self: without the byte at its end.
context() {
    tr -d '\0' <"/proc/$1/attr/current"
}

executed() {
    berthctl exec $NAME -- "$@" | tr -d '\0'
}

# memory_without CONTEXT < mounts: the guest's file systems in memory that have not got it, which
# stands in quotes there if there is a comma in it.
memory_without() {
    tr -d '"' | awk '$3 ~ /^(tmpfs|ramfs|devpts)$/ { print "," $4 ",", $2 }' |
        { grep -vF ",context=$1," || true; }
}

@test "a machine has the context that it was given, and what is executed in it no more rights" {
    start_with --selinux-context=$GUEST_T:c1 --bind-ro=$SECRET:/secret
    [ "$(context "$(property $NAME Leader)")" = $GUEST_T:c1 ]
    [ "$(executed cat /proc/self/attr/current)" = $GUEST_T:c1 ]
    [[ "$(with_terminal berthctl shell $NAME /bin/cat /proc/self/attr/current)" == *"$GUEST_T:c1"* ]]
    run -1 berthctl exec $NAME -- cat /secret
    [[ "$output" == *"/secret': Permission denied"* ]]
}

@test "so it is with users and a network of its own, and without new privileges" {
    start_with -Z $GUEST_T:c1,c2 -L $MEMORY:c1,c2 --private-users=pick --private-network \
        --no-new-privileges=yes
    [ "$(context "$(property $NAME Leader)")" = $GUEST_T:c1,c2 ]
    [ "$(executed cat /proc/self/attr/current)" = $GUEST_T:c1,c2 ]
    [ "$(executed cat /proc/mounts | memory_without $MEMORY:c1,c2)" = "" ]
    run ! grep -E '^(2|3) +fail' <<<"$(berthctl check $NAME --no-legend --no-pager)"
}

@test "a machine that was given none has that of who starts it" {
    start_with --bind-ro=$SECRET:/secret
    [ "$(context "$(property $NAME Leader)")" = "$(context self)" ]
    [ "$(executed cat /proc/self/attr/current)" = "$(context self)" ]
    [ "$(executed cat /secret)" = secret ]
}

@test "machines of one type are kept apart by categories" {
    echo ours >$MACHINES/$NAME/root/ours
    give_context guest_file_t:s0:c2 $MACHINES/$NAME/root/ours
    run -0 run_with -Z $GUEST_T:c2 cat /root/ours
    run -1 run_with -Z $GUEST_T:c1 cat /root/ours
    [[ "$output" == *"/root/ours': Permission denied"* ]]
}

@test "file systems in memory have the context that they were given" {
    run -0 run_with -Z $GUEST_T -L $MEMORY --set-credential=a:b --tmpfs=/mnt --nesting cat /proc/mounts
    for place in /run/host/credentials /run/host/unix-export /run/host/nesting /dev/pts /mnt; do
        [[ "$output" == *" $place "* ]]
    done
    [ "$(memory_without $MEMORY <<<"$output")" = "" ]
    run -0 run_with -Z $GUEST_T cat /proc/mounts
    [[ "$output" != *context=* ]]
}

@test "a context that is not to be had is an error which names it" {
    run -1 run_with -Z nonsense true
    [[ "$output" == "Cannot start '$NAME': step label (nonsense): Invalid argument" ]]
    run -1 run_with -Z $FORBIDDEN_T true
    [[ "$output" == "Cannot start '$NAME': step exec (/bin/true as $FORBIDDEN_T): Permission denied" ]]
    run -1 run_with -L nonsense true
    [[ "$output" == "Cannot start '$NAME': step label-modules (nonsense): Invalid argument" ]]
    run -1 run_with -L $FORBIDDEN_T true
    [[ "$output" == "Cannot start '$NAME': step label-modules ($FORBIDDEN_T): Permission denied" ]]
}

@test "what the policy forbids is had while it is not in force, but not by who comes later" {
    echo 0 >$KERNEL/enforce
    start_with -Z $FORBIDDEN_T -L $FORBIDDEN_T
    [ "$(executed cat /proc/self/attr/current)" = $FORBIDDEN_T ]
    echo 1 >$KERNEL/enforce
    run -126 berthctl exec $NAME -- true
    [[ "$output" == *"Permission denied"* ]]
}

@test "inside, nobody can tell the kernel of SELinux" {
    local say="echo 0 >$KERNEL/enforce" remount="mount -o remount,rw,bind $KERNEL"

    run -1 run_with -Z $GUEST_T sh -c "$say"
    [[ "$output" == *"Read-only file system"* ]]
    # Who may mount is left with what the policy says; who has users of its own may not.
    run -1 run_with -Z $GUEST_T --private-network sh -c "$remount && $say"
    [[ "$output" == *"write error: Permission denied"* ]]
    run -1 run_with --private-users=identity sh -c "$remount; $say"
    [[ "$output" == *"Read-only file system"* ]]
    run -1 run_with --private-users=identity --private-network sh -c "$remount; $say"
    [[ "$output" == *"Read-only file system"* ]]
    [ "$(cat $KERNEL/enforce)" = 1 ]
}

@test "what should be there and is not ends the start" {
    needs "a build with fault points" sh -c 'berth-run --version | grep -q "fault points"'
    BERTH_FAULT=start:label=skip run -1 run_with -Z $GUEST_T true
    [[ "$output" == *"step verify-privileges (the SELinux context is not $GUEST_T)"* ]]
    BERTH_FAULT=read-only:$KERNEL=skip run -1 run_with true
    [[ "$output" == *"step verify-tree ($KERNEL is not read-only)"* ]]
    BERTH_FAULT=read-only:$KERNEL=skip run -1 run_with --private-users=pick --private-network true
    [[ "$output" == *"step verify-tree ($KERNEL is not read-only)"* ]]
}
