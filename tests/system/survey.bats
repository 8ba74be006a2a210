# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What berthd has seen of machines before anybody asks, for lists of all of them.

load helper

setup_file() {
    story_begin
    guest_make web
    berthctl start web
    idle_guest_start files
}

teardown_file() {
    idle_guest_stop files
    berthctl stop --force web
    eventually refused unit_active berth@web.service
    guest_remove web
    story_end
}

# details NAME: "OS-KNOWN ID ADDRESSES-KNOWN ADDRESS…" of ListMachineDetails().
details() {
    busctl --system --json=short call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.berth.Manager1 ListMachineDetails | python3 -c '
import ipaddress, json, sys
for name, _, _, os, id, _, known, addresses in json.load(sys.stdin)["data"][0]:
    if name == sys.argv[1]:
        print(os, id, known, *(ipaddress.ip_address(bytes(a)) for _, a in addresses))
' "$1"
}

details_are() {
    [[ $(details "$1") == $2 ]]
}

# web_ip ARGUMENT…: with the network of web.
web_ip() {
    nsenter --net --target "$(property web Leader)" ip "$@"
}

@test "machines are looked at before anybody asks" {
    eventually details_are web "True debian True *"
    eventually details_are files "True * True"
}

@test "so are those that are there when berthd begins" {
    systemctl restart berthd.service
    eventually details_are web "True debian True *"
    eventually details_are files "True * True"
}

@test "no list has addresses that have changed" {
    local i

    eventually details_are web "True debian True *"
    for i in 1 2 3; do
        web_ip address add 192.0.2.$i/32 dev host0
        [[ $(details web) == *"True debian False" || $(details web) == *" 192.0.2.$i"* ]]
        eventually details_are web "True debian True * 192.0.2.$i*"
        web_ip address delete 192.0.2.$i/32 dev host0
        refused details_are web "* 192.0.2.$i*"
    done
}

@test "a guest that changes its addresses without end is no burden" {
    local pid used

    eventually details_are files "True * True"
    awk 'BEGIN {
        for (i = 0; i < 10000; i++) {
            print "address add 198.51.100." i % 200 "/32 dev host0"
            print "address delete 198.51.100." i % 200 "/32 dev host0"
        }
    }' >"$BATS_TEST_TMPDIR/batch"
    pid=$(systemctl show --property=MainPID --value berthd.service)
    used=$(cut -d' ' -f1 "/proc/$pid/schedstat")
    web_ip -batch "$BATS_TEST_TMPDIR/batch"
    used=$(($(cut -d' ' -f1 "/proc/$pid/schedstat") - used))
    echo "# 20000 changes took $((used / 1000)) µs of berthd" >&3
    [ $used -lt 1000000000 ] # without a limit it would be as busy as the guest

    details_are files "True * *"
    eventually details_are web "True debian True *"
    eventually details_are files "True * True"
}
