# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What systemd's newer clients do over Varlink, and what they find there.

load helper

MACHINE=/run/systemd/machine/io.systemd.Machine
USERDB=/run/systemd/userdb/io.systemd.Machine
HOOK=/run/systemd/resolve.hook/io.systemd.Machine

setup() {
    leader_start --user --net
    echo "0 1000000 65536" >"/proc/$leader/uid_map"
    echo "0 1000000 65536" >"/proc/$leader/gid_map"
    machine_create web "$leader"
}

teardown() {
    leader_kill
    eventually refused machine_listed web
}

# machine METHOD [PARAMETERS]: a method of io.systemd.Machine.
machine() {
    ./varlink "$MACHINE" "io.systemd.Machine.$1" "${2:-"{\"name\":\"web\"}"}"
}

# field FILTER: of the JSON on standard input, by Python's rules.
field() {
    python3 -c "import json, sys; r = json.loads(sys.stdin.readline()); print($1)"
}

@test "the service tells which interfaces it has, and what they look like" {
    ./varlink "$MACHINE" org.varlink.service.GetInfo '{}' | grep -q '"io.systemd.Machine"'
    [ "$BERTH_HOST_SUITE" != bookworm ] || return 0 # which has no varlinkctl

    for interface in org.varlink.service io.systemd.service io.systemd.Machine; do
        varlinkctl introspect "$MACHINE" "$interface" | grep -q "^interface $interface"
    done
    varlinkctl introspect "$USERDB" io.systemd.UserDatabase | grep -q GetUserRecord
    varlinkctl introspect "$HOOK" io.systemd.Resolve.Hook | grep -q QueryFilter
    varlinkctl call --more "$MACHINE" io.systemd.Machine.List '{}' | grep -q '"web"'
}

@test "everybody may list, over and over" {
    as_nobody ./varlink --more "$MACHINE" io.systemd.Machine.List '{}' >"$BATS_TEST_TMPDIR/list"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/list")" = 2 ]
    machine List "{\"pid\":$leader}" >"$BATS_TEST_TMPDIR/web"
    [ "$(field 'r["leader"]["pid"]' <"$BATS_TEST_TMPDIR/web")" = "$leader" ]
    [ "$(field 'r["unit"]' <"$BATS_TEST_TMPDIR/web")" = machine-web.scope ]
    machine List '{"name":"web","acquireMetadata":"yes"}' >"$BATS_TEST_TMPDIR/web"
    [ "$(field 'r["UIDShift"]' <"$BATS_TEST_TMPDIR/web")" = 1000000 ]
    field 'r["OSRelease"]' <"$BATS_TEST_TMPDIR/web" | grep -q ID=debian
    field 'r["addresses"]' <"$BATS_TEST_TMPDIR/web" | grep -q family
}

@test "others than root may change nothing, and are told why" {
    for call in Unregister Terminate OpenRootDirectory; do
        run ! as_nobody ./varlink "$MACHINE" "io.systemd.Machine.$call" '{"name":"web"}'
        [[ $output == io.systemd.InteractiveAuthenticationRequired* ]]
    done
    run ! as_nobody ./varlink "$MACHINE" io.systemd.Machine.Kill '{"name":"web","signal":9}'
    [[ $output == io.systemd.InteractiveAuthenticationRequired* ]]
    run ! as_nobody ./varlink "$MACHINE" io.systemd.service.GetEnvironment '{}'
    [[ $output == org.varlink.service.PermissionDenied* ]]
    leader_runs "$leader"
    machine_listed web
}

@test "a machine is registered, signalled and forgotten" {
    own=$leader
    leader_start
    machine Register "$(printf '{"name":"second","class":"container","leader":%s,%s}' "$leader" \
        '"allocateUnit":true,"service":"story"')"
    [ "$(property second Unit)" = machine-second.scope ]
    [ "$(property second Service)" = story ]
    run ! ./varlink "$MACHINE" io.systemd.Machine.Register '{"name":"second","class":"container"}'
    [[ $output == io.systemd.Machine.MachineExists* ]]

    machine Kill '{"name":"second","whom":"leader","signal":9}'
    eventually refused machine_listed second
    leader=$own
}

@test "a machine's root directory and its users are shown" {
    [ "$(./varlink --fd "$MACHINE" io.systemd.Machine.OpenRootDirectory '{"name":"web"}' | tail -n 1)" = / ]
    [ "$(machine MapFrom '{"name":"web","uid":5,"gid":6}')" = '{"uid": 1000005, "gid": 1000006}' ]
    [ "$(machine MapTo '{"uid":1000005}' | field 'r["machineName"], r["uid"]')" = "web 5" ]
    run ! machine MapTo '{"uid":5}'
    [[ $output == io.systemd.Machine.UserInHostRange* ]]
}

@test "a terminal in a machine is opened" {
    ./varlink --fd "$MACHINE" io.systemd.Machine.Open '{"name":"web","mode":"tty"}' \
        >"$BATS_TEST_TMPDIR/opened"
    [[ $(field 'r["ptyPath"]' <"$BATS_TEST_TMPDIR/opened") == /dev/pts/[0-9]* ]]
    [[ $(tail -n 1 "$BATS_TEST_TMPDIR/opened") == /dev/*ptmx ]]
}

@test "files are copied, over what is there only if that is said" {
    copy='{"name":"web","source":"/etc/hostname","destination":"/run/story-hostname"'
    machine CopyFrom "$copy}"
    cmp /etc/hostname /run/story-hostname
    run ! machine CopyFrom "$copy}"
    [[ $output == io.systemd.Machine.FileExists* ]]
    machine CopyFrom "$copy,\"replace\":true}"
    rm /run/story-hostname
    run ! machine CopyFrom '{"name":"web","source":"/not-there","destination":"/run/story-hostname"}'
    [[ $output == io.systemd.System*ENOENT* ]]
    [ ! -e /run/story-hostname ]
}

@test "users and groups of a machine have names on the host" {
    [ "$(getent passwd vu-web-0 | cut -d: -f1-4)" = vu-web-0:x:1000000:65534 ]
    [ "$(getent passwd 1000007 | cut -d: -f1)" = vu-web-7 ]
    [ "$(getent group vg-web-8 | cut -d: -f1,3)" = vg-web-8:1000008 ]
    [ "$(getent group 1000009 | cut -d: -f1)" = vg-web-9 ]
    for name in vu-web-65536 vu-web-00 vu-other-0 vu-.host-0; do
        refused getent passwd "$name"
    done
    [ "$(getent passwd 0 | cut -d: -f1)" = root ]
}

@test "the resolver is told of machines that come and go" {
    ./varlink --more --count=2 "$HOOK" io.systemd.Resolve.Hook.QueryFilter '{}' >"$BATS_TEST_TMPDIR/names" &
    asker=$!
    eventually grep -q web "$BATS_TEST_TMPDIR/names"
    leader_kill
    wait $asker
    [ "$(tail -n 1 "$BATS_TEST_TMPDIR/names")" = '{"filterDomains": []}' ]
}

@test "the resolver finds machines by name" {
    address=$(machine List '{"name":"web","acquireMetadata":"graceful"}' |
        field '".".join(map(str, [a for a in r["addresses"] if a["family"] == 2][0]["address"]))')
    question='{"question":[{"key":{"class":1,"type":1,"name":"web"}}]}'
    ./varlink "$HOOK" io.systemd.Resolve.Hook.ResolveRecord "$question" >"$BATS_TEST_TMPDIR/answer"
    [ "$(field 'r["rcode"], len(r["answer"])' <"$BATS_TEST_TMPDIR/answer")" = "0 1" ]

    [ "$BERTH_HOST_SUITE" = forky ] || skip "this resolver does not ask"
    systemctl start systemd-resolved.service
    eventually resolves "$address"
    run ! resolvectl query www.web
}

resolves() {
    resolvectl --legend=no query web | grep -q "web: $1"
}

@test "a crowd of one user does not shut out root" {
    "${NOBODY[@]}" python3 ./crowd.py "$MACHINE" 300 \
        >"$BATS_TEST_TMPDIR/crowd" 3>&- &
    crowd=$!
    eventually grep -q crowded "$BATS_TEST_TMPDIR/crowd"
    run ! as_nobody ./varlink "$MACHINE" io.systemd.Machine.List '{"name":"web"}'
    machine List | grep -q web
    kill $crowd
    wait $crowd || true
    eventually as_nobody ./varlink "$MACHINE" io.systemd.Machine.List '{"name":"web"}'
}
