# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Who may call what: each method over both of its doors, by root, by who registered
# the machine, by another user and by nobody in particular, with the real polkit.

load helper

setup_file() {
    useradd --no-create-home owner
    useradd --no-create-home other
    story_begin
}

teardown_file() {
    ./polkit-says asks
    userdel owner
    userdel other
    story_end
}

@test "without a rule, others than root and the owner are asked for a password" {
    timeout 120 python3 ./authorization.py asks ./polkit-says
}

@test "a rule that grants lets everybody" {
    timeout 120 python3 ./authorization.py allowed ./polkit-says
}

@test "a rule that refuses keeps out all but root and the owner" {
    timeout 120 python3 ./authorization.py refused ./polkit-says
}

@test "without polkit, all but root and the owner are kept out" {
    timeout 120 python3 ./authorization.py refused ./polkit-says --by-its-absence
}

# A locale of that name is there, in which nothing but the language is another.
@test "who is asked is asked in a language of theirs" {
    cp -r /usr/lib/locale/C.utf8 /usr/lib/locale/de_DE.utf8
    ./polkit-says asks
    run -0 gdbus call --system --dest org.freedesktop.PolicyKit1 \
        --object-path /org/freedesktop/PolicyKit1/Authority \
        --method org.freedesktop.PolicyKit1.Authority.EnumerateActions de_DE.UTF-8
    rm -r /usr/lib/locale/de_DE.utf8
    [[ $output == *"'org.berth.start-machine', 'Eine Maschine starten', 'Um eine Maschine zu starten, "* ]]
}

@test "what root has seen in a machine is not told to others" {
    local details=(busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1
        org.berth.Manager1 ListMachineDetails)

    leader_start
    machine_create seen "$leader"
    manager GetMachineOSRelease s seen >/dev/null
    run -0 "${details[@]}"
    [[ $output == *'"seen" "container" "story" true "debian"'* ]]
    run -0 setpriv --reuid=other --regid=other --clear-groups "${details[@]}"
    [[ $output == *'"seen" "container" "story" false ""'* ]]
    leader_kill
    eventually refused machine_listed seen
}
