# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# The container backend: Debian's own systemd-nspawn, so that no host depends on
# the code under test.

# The unified hierarchy's mount point: below /sys/fs/cgroup on hybrid machines.
container_cgroup2() {
    findmnt --noheadings --first-only --output TARGET --types cgroup2
}

container_cgroup() {
    echo "$(container_cgroup2)/berth-host-${work##*.}"
}

container_layers() {
    echo "$tree"
}

container_boot() {
    local cgroup device devices=() other trees=()

    for device in /dev/fuse /dev/net/tun; do
        [ ! -e $device ] || devices+=("--bind=$device")
    done

    for other in sysvinit openrc podman; do
        [ -z "${!other}" ] || trees+=("--bind-ro=${!other}:/var/lib/berth-host/$other")
    done

    cgroup=$(container_cgroup)
    mkdir "$cgroup"
    echo 0 >"$cgroup/cgroup.procs"

    UNIFIED_CGROUP_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes \
        exec timeout --kill-after=10 "$timeout" \
        systemd-nspawn --quiet --boot --directory="$root" --machine=berth-test-host \
        --tmpfs=/var/lib/machines:mode=700 --register=no --keep-unit --private-network \
        --capability=all --rlimit=NOFILE=1024:524288 --link-journal=no \
        --system-call-filter='bpf @keyring @mount @module @raw-io @clock' --console=pipe \
        --bind="$work/channel:/run/berth-host" --bind-ro="$guest:/var/lib/berth-host/guest" \
        "${trees[@]}" "${devices[@]}"
}

# The processes are gone; of a cgroup, the directories stay.
container_cleanup() {
    local cgroup

    cgroup=$(container_cgroup)
    [ ! -d "$cgroup" ] || find "$cgroup" -depth -type d -exec rmdir {} +
}
