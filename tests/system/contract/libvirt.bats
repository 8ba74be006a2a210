# SPDX-License-Identifier: LGPL-2.1-or-later
#
# libvirt's LXC driver, which has its domains registered, and finds out by pid what became
# of them. It wants controllers of control groups: only the emulated host has any.

load ../helper

VIRSH=(virsh --quiet --connect lxc:///)

setup_file() {
    story_begin
    [ "$BERTH_HOST_BACKEND" != qemu ] || libvirt_begin
}

libvirt_begin() {
    # The driver for qemu comes along in some suites, and looks for a user that does not.
    drivers=$(echo /usr/lib/*/libvirt/connection-driver)
    mkdir "$BATS_FILE_TMPDIR/drivers"
    cp "$drivers/libvirt_driver_lxc.so" "$BATS_FILE_TMPDIR/drivers"
    systemd-run --quiet --unit=story-libvirtd \
        --property=BindReadOnlyPaths="$BATS_FILE_TMPDIR/drivers:$drivers" libvirtd
    eventually libvirtd_answers
    "${VIRSH[@]}" define /dev/stdin <<END
<domain type='lxc'>
  <name>ship</name>
  <memory unit='MiB'>64</memory>
  <os><type>exe</type><init>/usr/bin/sleep</init><initarg>infinity</initarg></os>
  <devices><console type='pty'/></devices>
</domain>
END
}

teardown_file() {
    [ "$BERTH_HOST_BACKEND" != qemu ] || libvirt_end
    story_end
}

libvirt_end() {
    "${VIRSH[@]}" undefine ship
    systemctl stop story-libvirtd.service
}

libvirtd_answers() {
    "${VIRSH[@]}" list >/dev/null 2>&1
}

setup() {
    needs_qemu "controllers for libvirt"
    "${VIRSH[@]}" start ship
    ship=$(machinectl --no-legend list | sed -n 's/^\(lxc-[0-9]*-ship\) .*/\1/p')
}

domain_is() {
    [[ "$("${VIRSH[@]}" domstate ship)" == "$1"* ]]
}

gone() {
    ! machine_listed "$ship" && domain_is "shut off" && ! unit_active "$unit"
}

@test "a domain is a machine in a scope of its own, from virsh start to virsh destroy" {
    [ "$(property "$ship" Class)" = container ]
    [ "$(property "$ship" Service)" = libvirt-lxc ]
    [ "$(property "$ship" State)" = running ]
    unit=$(property "$ship" Unit)
    [[ "$unit" == machine-lxc*ship.scope ]]
    [ "$(cat "/proc/$(property "$ship" Leader)/comm")" = sleep ]
    [ "$(manager GetMachineByPID u "$(property "$ship" Leader)")" = "$(manager GetMachine s "$ship")" ]
    run -0 "${VIRSH[@]}" list
    [[ "$output" == *ship*running* ]]

    # It looks into the control group until that is empty, when systemd removes it: either may be first.
    run "${VIRSH[@]}" destroy ship
    [ "$status" = 0 ] || [[ "$output" == *"cgroup.controllers': No such file"* ]]
    eventually gone
}

@test "machinectl's kill is the end of the domain, too" {
    unit=$(property "$ship" Unit)
    machinectl --signal=KILL kill "$ship"
    eventually gone
}
