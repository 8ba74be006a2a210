# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the stories have in common. A story is a file; it loads this, and begins and
# ends with the same host: nothing that was made in between may be left.

bats_require_minimum_version 1.5.0

GUEST=/var/lib/berth-host/guest
MACHINES=/var/lib/machines
export PROVIDER=${BERTH_PROVIDER:-berthd}

# setup_file and teardown_file of every story. One that has its own calls these; one whose tests
# share a guest says so with shares_nspawn or shares_guest instead.
setup_file() {
    story_begin
}

teardown_file() {
    story_end
}

# shares_nspawn NAME [SETTING]: this file's tests share a guest in Debian's own unit for it.
shares_nspawn() {
    shared=("$@")

    setup_file() {
        story_begin
        nspawn_start "${shared[@]}"
    }

    teardown_file() {
        nspawn_stop "${shared[0]}"
        story_end
    }
}

# shares_guest NAME: the same, of a guest that berthctl starts.
shares_guest() {
    shared=("$@")

    setup_file() {
        story_begin
        guest_make "${shared[0]}"
        berthctl start "${shared[0]}"
    }

    teardown_file() {
        ! machine_listed "${shared[0]}" || berthctl terminate "${shared[0]}"
        eventually refused unit_active "berth@${shared[0]}.service"
        guest_remove "${shared[0]}"
        story_end
    }
}

# shares_idle_guests: two that do nothing, "files" with the host's users and "shifted" with others.
shares_idle_guests() {
    setup_file() {
        story_begin
        idle_guest_start files
        idle_guest_start shifted --private-users=524288:65536 --private-users-ownership=chown
    }

    teardown_file() {
        idle_guest_stop files
        idle_guest_stop shifted
        story_end
    }
}

story_begin() {
    # Stories restart it, one after the other more often than systemd lets a service be started.
    systemctl reset-failed berthd.service berthd.socket 2>/dev/null || true
    left_behind >"$BATS_FILE_TMPDIR/before"
}

story_end() {
    if ! eventually same_as_before; then
        echo "left behind, or gone (< before, > now):"
        diff "$BATS_FILE_TMPDIR/before" "$BATS_FILE_TMPDIR/now"
        return 1
    fi
}

same_as_before() {
    left_behind >"$BATS_FILE_TMPDIR/now"
    cmp --silent "$BATS_FILE_TMPDIR/before" "$BATS_FILE_TMPDIR/now"
}

# Prints all of the host that a machine changes, and that must be as it was once the
# machine is gone. What systemd and bats do by themselves meanwhile is left out.
left_behind() {
    findmnt --noheadings --list --output TARGET,FSTYPE | grep -v '/run/credentials/' | sed 's/^/mount /'
    find /sys/fs/cgroup -type d \( -path '*/machine.slice/*' -o -name 'machine*.scope' -o -name 'berth@*' \
        -o -name 'systemd-nspawn@*' \) | sed 's/^/cgroup /' | sort
    ip -oneline link | sed 's/^[0-9]*: \([^:@]*\).*/netdev \1/' | sort
    nft list tables | sed 's/^/nft /' | sort
    ip rule | sed 's/^/rule /'
    losetup --noheadings --list --output NAME,BACK-FILE | sed 's/^/loop /'
    systemctl list-units --all --plain --no-legend 'machine-*' 'berth@*' 'systemd-nspawn@*' 'run-*.service' \
        'run-*.scope' 'story-*' | awk '{ print "unit", $1 }' | sort
    systemctl list-units --failed --plain --no-legend | awk '{ print "failed", $1 }' | sort
    busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.freedesktop.machine1.Manager ListMachines | sed 's/^/listed /'
    find /run/systemd/machines /run/berth/machines /run/systemd/nspawn/propagate \
        /run/systemd/nspawn/unix-export /var/log/journal "$MACHINES" -mindepth 1 -maxdepth 1 2>/dev/null | sed 's/^/file /' | sort
    orphans | sed 's/^/process /' | sort
}

# Processes of a test, or of what it started, that nobody waits for any more. Forks
# nothing: where processors are emulated, each would cost a tenth of a second.
orphans() {
    local directory parent name unit line

    for directory in /proc/[0-9]*; do
        unit='' parent=''
        while read -r line; do
            [[ "$line" != 0::* ]] || unit=${line#0::}
        done 2>/dev/null <"$directory/cgroup" || continue
        case $unit in
            */berth-host-command.service | */machine.slice/*) ;;
            *) continue ;;
        esac
        read -r name <"$directory/comm" || continue
        while read -r line; do
            [[ "$line" != PPid:* ]] || parent=${line##*[[:blank:]]}
        done <"$directory/status" || continue
        case $unit in
            */berth-host-command.service) [ "$parent" != 1 ] || [ "$name" = command ] || echo "$name" ;;
            *) echo "$name in $unit" ;;
        esac
    done 2>/dev/null
}

# eventually COMMAND…: tries until it succeeds; fails after a minute, as other hosts may be
# busy on the same processors.
eventually() {
    local end=$((SECONDS + 60))

    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1 # style: not everything that a story looks at can be waited for
    done
}

# refused COMMAND…: for `eventually`, and to check that a command fails.
refused() {
    ! "$@" >/dev/null 2>&1
}

# needs_qemu WHAT: only the emulated host has it. That is no failure of the other.
needs_qemu() {
    [ "$BERTH_HOST_BACKEND" = qemu ] || skip "needs $1: in qemu only"
}

# needs WHAT COMMAND…: COMMAND finds out whether the host has it.
needs() {
    local what=$1
    shift

    ! "$@" >/dev/null 2>&1 || return 0
    if [ -n "$TEST_NO_SKIP" ]; then
        echo "lacks $what"
        return 1
    fi
    skip "lacks $what"
}

# guest_make NAME: a Debian guest, to be booted.
guest_make() {
    cp -a --reflink=auto "$GUEST" "$MACHINES/$1"
}

# busybox_make NAME: a guest without systemd and bus, whose init is a script that ends when it is
# asked to shut down.
busybox_make() {
    local tree=$MACHINES/$1

    mkdir -p "$tree"/{bin,dev,etc,proc,root,run,sbin,sys,tmp,usr/lib,var/log}
    cp /bin/busybox "$tree/bin/busybox"
    chroot "$tree" /bin/busybox --install -s /bin
    printf 'ID=busybox\nNAME=Busybox\n' >"$tree/etc/os-release"
    printf '%s\n' root:x:0:0::/root:/bin/sh >"$tree/etc/passwd"
    printf '%s\n' root:x:0: >"$tree/etc/group"
    cat >"$tree/sbin/init" <<'END'
#!/bin/sh
trap 'exit 0' 37 # SIGRTMIN+3
while :; do
    sleep 1000 &
    wait
done
END
    chmod +x "$tree/sbin/init"
}

# unit_adds NAME OPTION…: berth@NAME.service starts it with these options, too, until unit_plain NAME.
unit_adds() {
    local unit=berth@$1.service
    shift

    mkdir -p "/run/systemd/system/$unit.d"
    printf '[Service]\nExecStart=\n%s %s\n' "$(systemctl cat "$unit" | grep '^ExecStart=.*berth-run')" \
        "$*" >"/run/systemd/system/$unit.d/options.conf"
    systemctl daemon-reload
}

unit_plain() {
    rm -rf "/run/systemd/system/berth@$1.service.d"
    systemctl daemon-reload
}

# With the link to its journal, which machines that may come again keep.
guest_remove() {
    find /var/log/journal -maxdepth 1 -type l -lname "$MACHINES/$1/*" -delete
    rm -rf --one-file-system "${MACHINES:?}/$1"
}

# A system that has started all it can, whatever of it failed in a container.
guest_up() {
    systemctl -M "$1" is-system-running 2>/dev/null | grep -qE 'running|degraded'
}

# nspawn_start NAME [SETTING]: a guest in Debian's own unit for it, with the host's users if SETTING
# is PrivateUsers=no. nspawn_stop NAME ends and removes it, with the journal link of those nspawns
# that link to where nothing is.
nspawn_start() {
    guest_make "$1"
    if [ -n "${2:-}" ]; then
        mkdir -p /etc/systemd/nspawn
        printf '[Exec]\n%s\n' "$2" >"/etc/systemd/nspawn/$1.nspawn"
    fi
    systemctl start "systemd-nspawn@$1.service"
    eventually guest_up "$1"
    machinectl show "$1" --property=Id --value | tr -d '\n' >"$BATS_FILE_TMPDIR/$1.id"
}

nspawn_stop() {
    systemctl stop "systemd-nspawn@$1.service"
    guest_remove "$1"
    rm -f "/etc/systemd/nspawn/$1.nspawn" "/var/log/journal/$(cat "$BATS_FILE_TMPDIR/$1.id")"
}

# in_guest NAME COMMAND…: as a unit of the guest's own systemd.
in_guest() {
    local name=$1
    shift

    systemd-run --quiet --wait --pipe -M "$name" "$@"
}

# on_terminal COMMAND: a shell's command line, on a terminal of its own, of 33 rows and 111
# columns; keys come from stdin, at whose end the terminal ends.
on_terminal() {
    script --quiet --return --echo never --command "stty rows 33 cols 111; $*" /dev/null
}

# with_terminal COMMAND: the same, for what needs no keys.
with_terminal() {
    local keys=$BATS_TEST_TMPDIR/keys

    [ -p "$keys" ] || mkfifo "$keys"
    (
        set -o pipefail
        on_terminal "$@" <>"$keys" | tr -d '\r\0'
    )
}

# idle_guest_start NAME [OPTION…]: a guest of nspawn's that does nothing, with a tree of its own.
idle_guest_start() {
    local name=$1
    shift

    guest_make "$name"
    systemd-run --quiet --unit="story-$name" systemd-nspawn --quiet --directory="$MACHINES/$name" \
        --machine="$name" --keep-unit "$@" sleep infinity
    eventually machine_listed "$name"
}

idle_guest_stop() {
    systemctl stop "story-$1.service" || true
    systemctl reset-failed "story-$1.service" 2>/dev/null || true
    eventually refused machine_listed "$1"
    guest_remove "$1"
}

# inside NAME PATH: where a guest's file is, seen from outside.
inside() {
    echo "/proc/$(property "$1" Leader)/root$2"
}

# leader_start [UNSHARE-OPTION…]: a process that could lead a machine, with namespaces of
# its own (no network of its own unless asked for). Its pid is in $leader.
leader_start() {
    local parent

    setsid unshare --mount --uts --ipc "$@" sleep infinity 3>&- </dev/null >/dev/null 2>&1 &
    parent=$!
    disown "$parent"
    if [[ " $* " == *" --fork "* ]]; then
        eventually leader_of "$parent"
    else
        leader=$parent
        eventually leader_runs "$parent"
    fi
}

leader_of() {
    # That file has no end of line.
    read -r leader _ <"/proc/$1/task/$1/children" || [ -n "$leader" ] && leader_runs "$leader"
}

leader_runs() {
    [ "$(cat "/proc/$1/comm" 2>/dev/null)" = sleep ]
}

leader_kill() {
    kill -KILL "${1:-$leader}" 2>/dev/null || true
    eventually refused kill -0 "${1:-$leader}"
}

NOBODY=(setpriv --reuid=65534 --regid=65534 --clear-groups)

as_nobody() {
    "${NOBODY[@]}" "$@"
}

# nobodys_leader_start COMMAND…: a process of nobody's that could lead a machine; the command
# ends in a sleep. Its pid is in $leader.
nobodys_leader_start() {
    setsid "${NOBODY[@]}" "$@" 3>&- </dev/null >/dev/null 2>&1 &
    leader=$!
    disown "$leader"
    eventually leader_runs "$leader"
}

# nobodys_machine_start NAME: one that nobody has registered, with the host's users.
nobodys_machine_start() {
    local says
    says=$(dirname "${BASH_SOURCE[0]}")/polkit-says

    nobodys_leader_start sleep infinity
    "$says" allowed
    as_nobody busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 \
        org.freedesktop.machine1.Manager CreateMachine 'sayssusa(sv)' "$1" 0 story container "$leader" '' 0
    "$says" asks
}

# person_begin COMMAND: somebody at a terminal of their own, who types what is written to $hands;
# person_end waits for the command's end.
person_begin() {
    local PERSON PERSON_PID

    coproc PERSON { on_terminal "$@"; }
    person=$PERSON_PID
    exec {eyes}<&"${PERSON[0]}" {hands}>&"${PERSON[1]}"
}

person_end() {
    wait "$person"
    exec {eyes}<&- {hands}>&-
}

# screen_shows TEXT: the person sees it, sooner or later.
screen_shows() {
    local screen='' key

    while [[ "$screen" != *"$1"* ]] && read -r -t 60 -N 1 -u "$eyes" key; do
        screen+=$key
    done
    [[ "$screen" == *"$1"* ]] || { echo "the screen shows: $screen"; return 1; }
}

# manager METHOD [SIGNATURE ARGUMENT…]: a method of machine1's Manager.
manager() {
    busctl --system call org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.machine1.Manager "$@"
}

# machine_create NAME LEADER [CLASS [ROOT [ID]]]: CreateMachine() of a machine that is not
# ours. ID is 32 digits.
machine_create() {
    local id=0

    [ -z "${5:-}" ] || id="16 $(sed 's/../0x& /g' <<<"$5")"
    # shellcheck disable=SC2086 # one byte, one argument
    manager CreateMachine 'sayssusa(sv)' "$1" $id story "${3:-container}" "$2" "${4:-}" 0
}

machine_listed() {
    manager GetMachine s "$1" >/dev/null 2>&1
}

# property NAME PROPERTY: of machine1's Machine, as busctl prints it, without the type.
property() {
    local path

    path=$(manager GetMachine s "$1" | cut -d'"' -f2)
    busctl --system get-property org.freedesktop.machine1 "$path" org.freedesktop.machine1.Machine "$2" |
        sed 's/^[^ ]* //; s/^"\(.*\)"$/\1/'
}

# Active, or on the way there or back: a guest that is still shutting down needs its tree.
unit_active() {
    case $(systemctl show "$1" --property=ActiveState --value) in
        inactive | failed) return 1 ;;
    esac
}

# error_of METHOD ARGUMENT…: calls a method of the Manager, arguments as GVariant prints
# them, and prints the name of the D-Bus error; nothing if it succeeds.
error_of() {
    local method=$1
    shift

    gdbus call --system --dest org.freedesktop.machine1 --object-path /org/freedesktop/machine1 \
        --method "org.freedesktop.machine1.Manager.$method" "$@" 2>&1 >/dev/null |
        sed -n 's/^Error: GDBus.Error:\([^:]*\):.*/\1/p'
}

main_pid() {
    systemctl show "$1" --property=MainPID --value
}

# What berthd and who starts programs for it have, once no program runs: descriptors and pages of each.
exec_sizes() {
    eventually no_program_left >&2
    for unit in berthd berth-exec; do
        find "/proc/$(main_pid $unit.service)/fd" -mindepth 1 | wc -l
        awk '{ print $2 }' "/proc/$(main_pid $unit.service)/statm"
    done
}

no_program_left() {
    refused pgrep --parent "$(main_pid berthd.service),$(main_pid berth-exec.service)"
}

# The four numbers of $after are those of $before; a little memory may be kept for the next time, and
# of $before the last connections may not have been closed.
exec_sizes_are_back() {
    [ "${after[0]}" -le "${before[0]}" ] && [ "${after[2]}" -le "${before[2]}" ] &&
        [ "${after[1]}" -le $((before[1] + 128)) ] && [ "${after[3]}" -le $((before[3] + 128)) ]
}
