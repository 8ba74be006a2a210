# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A thousand machines at once, on the limits that the distribution sets.

load helper

N=1000

setup() {
    [ "$BERTH_HOST_BACKEND" = container ] || skip "a thousand are too many for an emulated host"
}

# One process each, its pid in leaders.
start_leaders() {
    local n

    for ((n = 1; n <= N; n++)); do
        setsid sleep infinity 3>&- </dev/null >/dev/null 2>&1 &
        echo "$n $!"
    done >"$BATS_TEST_TMPDIR/leaders"
}

listed() {
    machinectl --no-legend --no-pager --max-addresses=0 list | grep -c '^many-'
}

none_listed() {
    [ "$(busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.freedesktop.machine1.Manager ListMachines | cut -d' ' -f2)" = 1 ]
}

@test "a thousand are registered, listed, and terminated" {
    start_leaders
    before=$(date +%s)
    call='busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1'
    call+=' org.freedesktop.machine1.Manager'

    xargs -P 4 -L 1 sh -c \
        "$call CreateMachine 'sayssusa(sv)' many-\$0 0 story container \$1 '' 0 >/dev/null" \
        <"$BATS_TEST_TMPDIR/leaders"
    created=$(date +%s)
    echo "# $N created in $((created - before)) s" >&3

    [ "$(listed)" = $N ]
    [ "$(find /sys/fs/cgroup/machine.slice -name 'machine-many*.scope' | wc -l)" = $N ]

    before=$(date +%s)
    # shellcheck disable=SC2046 # one name, one argument
    berthctl terminate $(cut -d' ' -f1 "$BATS_TEST_TMPDIR/leaders" | sed 's/^/many-/')
    eventually none_listed
    echo "# $N terminated in $(($(date +%s) - before)) s" >&3
    eventually no_leader_left
}

no_leader_left() {
    ! pgrep -x sleep >/dev/null
}
