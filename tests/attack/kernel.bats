# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A guest's root asks the kernel for what is the host's: its devices, keys, memory and programs,
# by itself and by way of a program that somebody starts in the machine.

load helper

NAME=asker

setup_file() {
    story_begin
    guest_make $NAME
    berthctl start $NAME
}

teardown_file() {
    ! machine_listed $NAME || berthctl terminate $NAME
    eventually refused unit_active berth@$NAME.service
    guest_remove $NAME
    story_end
}

ENOSYS=38
EPERM=1

# by_init COMMAND…: as a service of the guest's own.
by_init() {
    systemd-run --quiet --machine=$NAME --wait --pipe --collect "$@"
}

# by_exec COMMAND…: as a program that joins the machine.
by_exec() {
    berthctl exec $NAME -- "$@"
}

# asks WAY NUMBER [ARGUMENT…]: the errno of a system call of x86-64, 0 if there is none.
asks() {
    local way=$1
    shift

    # shellcheck disable=SC2016 # perl's variables
    "$way" perl -e 'my @a = map { $_ + 0 } @ARGV; print syscall(shift @a, @a) < 0 ? $! + 0 : 0, "\n"' "$@"
}

needs_x86() {
    needs "x86-64, whose numbers these are" test "$(uname -m)" = x86_64
}

@test "what concerns the whole host is not there, whoever asks" {
    needs_x86
    for way in by_init by_exec; do
        # open_by_handle_at(), kexec_load(), kexec_file_load(), bpf(), perf_event_open(), iopl(),
        # swapon(), init_module(), finit_module(), delete_module(), fanotify_init(), quotactl(),
        # modify_ldt(), lookup_dcookie()
        for number in 304 246 320 321 298 172 167 175 313 176 300 179 154 212; do
            [ "$(asks $way $number)" = $ENOSYS ]
        done
        # add_key(), request_key(), keyctl()
        for number in 248 249 250; do
            [ "$(asks $way $number)" = $ENOSYS ]
        done
        # what is younger than all filters, and what is x32's getpid()
        [ "$(asks $way 1000)" = $ENOSYS ]
        [ "$(asks $way $((0x40000000 + 39)))" = $ENOSYS ]
    done
}

@test "clocks are the host's" {
    needs_x86
    for way in by_init by_exec; do
        # settimeofday(), clock_settime(), adjtimex(), clock_adjtime()
        for number in 164 227 159 305; do
            [ "$(asks $way $number)" = $ENOSYS ]
        done
    done
}

@test "nobody inside types into a terminal" {
    for way in by_init by_exec; do
        for request in 0x5412 0x541C; do
            # shellcheck disable=SC2016 # perl's variables
            errno=$($way perl -e 'my $c = "x"; print ioctl(STDIN, hex(shift), $c) ? 0 : $! + 0' $request)
            [ "$errno" = $EPERM ]
        done
    done
}

@test "typed into our own terminal, by a guest that has it as its stream, nothing arrives" {
    cat >"$BATS_TEST_TMPDIR/type" <<'END'
berth-run --quiet --pipe --register=no --directory="$1" --machine=typist --read-only perl -e '
    for (split //, "touch /typed\n") { my $c = $_; ioctl(STDIN, 0x5412, $c) or print $! + 0, "\n" }'
read -r -t 0.2 line
echo "line $line"
END
    script --quiet --command "bash $BATS_TEST_TMPDIR/type $GUEST" /dev/null \
        >"$BATS_TEST_TMPDIR/said" </dev/null
    cat "$BATS_TEST_TMPDIR/said"
    grep -q "^$EPERM" "$BATS_TEST_TMPDIR/said"
    grep -q '^line .\?$' "$BATS_TEST_TMPDIR/said"
}

@test "the host's disks can neither be made nor opened" {
    for way in by_init by_exec; do
        for device in 'b 7 0' 'b 8 0' 'b 254 0' 'c 1 1' 'c 1 2' 'c 10 237'; do
            # shellcheck disable=SC2086 # three words
            run ! $way mknod /dev/disk $device
        done
        # Nor as root of a user namespace, or in a control group further down.
        run ! $way unshare --user --map-root-user mknod /dev/disk b 7 0
        $way mkdir -p /sys/fs/cgroup/deep
        # shellcheck disable=SC2016 # its own number
        run ! $way sh -c 'echo $$ >/sys/fs/cgroup/deep/cgroup.procs && mknod /dev/disk b 7 0'
        $way mknod /dev/harmless c 1 3
        $way sh -c 'echo >/dev/harmless && rm /dev/harmless'
    done
}

@test "disks that the image brings along stay closed" {
    mknod -m 666 $MACHINES/$NAME/disk b 7 0
    for way in by_init by_exec; do
        run ! $way dd if=/disk of=/dev/null count=1
        # The latter where all machines lie on a file system without devices.
        [[ $output =~ "Operation not permitted"|"Permission denied" ]]
    done
    rm $MACHINES/$NAME/disk
}

@test "a user namespace inside gives nothing of the host's" {
    for way in by_init by_exec; do
        run ! $way unshare --user --map-root-user --mount mount -t proc proc /proc
        run ! $way unshare --user --map-root-user --mount --pid --fork mount -t sysfs sysfs /mnt
        run ! $way unshare --user --map-root-user sh -c 'echo 1 >/proc/sys/kernel/sysrq'
        [ "$($way unshare --user --map-root-user sh -c 'wc -c </proc/kallsyms')" = 0 ]
    done
}

@test "audit is not there" {
    for way in by_init by_exec; do
        [ "$($way perl -e 'socket(my $s, 16, 3, 9) or print $! + 0')" = 97 ] # EAFNOSUPPORT
        [ "$($way perl -e 'socket(my $s, 16, 3, 0) and print 0')" = 0 ]
    done
}

@test "who joins is filtered as the leader is" {
    of_leader=$(grep -E '^Seccomp' "/proc/$(property $NAME Leader)/status")
    [ "$(by_exec grep -E '^Seccomp' /proc/self/status)" = "$of_leader" ]
    [ "$(by_init grep -E '^Seccomp' /proc/self/status)" != "" ]
    [ "$(ls /run/berth/filters)" != "" ]
    [ "$(stat -c '%a %U' /run/berth/filters)" = '700 root' ]
}
