# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Images whose directories are something else: what berth-run mounts and makes for a guest must
# be made in it, or not at all.

load image

setup() {
    image_setup
}

teardown() {
    image_teardown
}

# Ways from the image's root to the directory outside.
ways_out() {
    echo "$outside"
    echo "../../../../../../../..$outside"
    echo "tmp/../../../../../../../../..$outside"
    echo "/proc/self/root$outside"
    echo "/proc/1/root$outside"
    echo "/"
    echo "."
}

# replaced NAME: by what comes from stdin.
replace() {
    rm -rf --one-file-system "${TRAP:?}/$1"
    mkdir -p "$(dirname "$TRAP/$1")"
}

@test "API directories that are links out are refused" {
    local name way
    for name in dev proc sys run; do
        while read -r way; do
            replace $name
            ln -s "$way" "$TRAP/$name"
            image_refused $name /bin/true
        done < <(ways_out)
        replace $name
        mkdir "$TRAP/$name"
    done
    image_runs /bin/true
}

@test "API directories that are files, pipes, sockets or devices are refused" {
    local name
    for name in dev proc sys run; do
        replace $name
        touch "$TRAP/$name"
        image_refused $name /bin/true
        replace $name
        mkfifo "$TRAP/$name"
        image_refused $name /bin/true
        replace $name
        mknod "$TRAP/$name" c 1 5
        image_refused $name /bin/true
        replace $name
        mkdir "$TRAP/$name"
    done
}

@test "API directories that lead to each other are refused" {
    replace dev
    ln -s proc "$TRAP/dev"
    image_refused dev /bin/true
    replace dev
    mkdir "$TRAP/dev"
    replace sys
    ln -s dev "$TRAP/sys"
    image_refused sys /bin/true
}

@test "other directories that are links out lead nowhere" {
    local name way
    for name in etc tmp usr var var/log root home sbin; do
        while read -r way; do
            replace $name
            ln -s "$way" "$TRAP/$name"
            image_run --link-journal=try-guest /bin/true
            image_run --bind="$BATS_TEST_DIRNAME:/$name/berth-bound" --tmpfs=/$name/berth-tmp /bin/true
        done < <(ways_out)
        replace $name
        mkdir -p "$TRAP/$name"
    done
    [ ! -e "$outside/berth-bound" ] && [ ! -e "$outside/berth-tmp" ] && [ ! -e /berth-bound ]
}

@test "links below API directories are covered" {
    local name
    for name in dev/null dev/console dev/ptmx dev/pts dev/shm dev/mqueue dev/net proc/self proc/sys \
        proc/kcore proc/kmsg run/host run/host/inaccessible sys/fs sys/fs/cgroup; do
        replace "${name%%/*}"
        mkdir -p "$TRAP/${name%/*}"
        ln -s "$outside" "$TRAP/$name"
        image_runs --private-network sh -c 'test -c /dev/null && test -d /proc/self &&
            test -d /run/host/inaccessible && test -d /sys/fs/cgroup && test -c /dev/console &&
            test -d /proc/sys/kernel'
    done
}

# CVE-2025-31133: what is masked with must not be the image's.
@test "masked paths are masked with what is ours" {
    mkdir -p "$TRAP/run/host/inaccessible"
    ln -s "$secret" "$TRAP/run/host/inaccessible/reg"
    ln -s "$secret" "$TRAP/dev/null"
    image_runs sh -c 'cd /proc; for f in kallsyms kcore keys sysrq-trigger timer_list; do
        [ ! -e $f ] || [ -z "$(cat $f)" ] || echo "$f says something"; done; ! echo x >sysrq-trigger'
    [[ $output != *"says something"* ]]
}

@test "binds are mounted where they shall be, whatever lies there" {
    local way
    while read -r way; do
        rm -f "$TRAP/link"
        ln -s "$way" "$TRAP/link"
        image_run --bind-ro="$secret:/link/file" --bind-ro="$secret:/link/new" /bin/true
        image_run --bind-ro="$secret:/link" /bin/true
    done < <(ways_out)
    [ "$(ls "$outside")" = file ] && [ ! -s "$outside/file" ]
}

@test "a journal directory that leads out is not made" {
    local way
    while read -r way; do
        replace var/log/journal
        ln -s "$way" "$TRAP/var/log/journal"
        image_run --link-journal=guest /bin/true
    done < <(ways_out)
    [ "$(ls "$outside")" = file ]
}
