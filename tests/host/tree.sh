# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# The trees that hosts boot from, and that their guests boot from: built once per
# suite and package list, and never written to after that.

tree_packages=(
    bats bsdutils busybox-static dbus iproute2 iputils-ping kmod libglib2.0-bin libnss-mymachines
    libnss-systemd nftables polkitd procps python3 systemd systemd-container
    systemd-journal-remote systemd-sysv udev util-linux
    # the clients of machine1 that are no part of systemd: libvirt's LXC driver, and Python's two D-Buses
    gir1.2-glib-2.0 libvirt-clients libvirt-daemon libvirt-daemon-driver-lxc python3-dbus python3-gi
    # what berth is linked with
    libcap2 libinih1 libjansson4 libmount1 libnftables1 libnl-3-200 libnl-route-3-200 libsmartcols1
)
# Older valgrinds know neither openat2() nor what can be done with pidfds.
# Only this resolved asks machined for names, and only these guests' sshd is reached by unix-export.
tree_packages_forky=(libc6-dbg libcmocka0 openssh-client systemd-resolved valgrind)
guest_packages=(dbus iproute2 iputils-ping systemd systemd-sysv)
guest_packages_forky=(openssh-server)
# Guests with other inits, and one that runs containers itself, for container hosts of bookworm.
sysvinit_packages=(inetutils-syslogd sysv-rc sysvinit-core)
podman_packages=(crun dbus iproute2 podman systemd systemd-sysv)
openrc_packages=(inetutils-syslogd openrc sysvinit-core)

# Prints the mirror that apt is set up to use, for others to use it as well.
# shellcheck disable=SC2016 # apt's variables, not the shell's
tree_mirror() {
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

tree_key() {
    printf '%s\n' "$suite" "$@" | sha256sum | cut -c1-16
}

# tree_build NAME VARIANT PACKAGE…: NAME below the cache, complete or not there.
tree_build() {
    local name=$1 variant=$2 mirror
    shift 2

    mirror=$(tree_mirror)
    rm -rf --one-file-system "$cache/$name.new"
    echo "tests/host: building $name" >&2
    timeout 600 mmdebstrap --quiet --mode=root --variant="$variant" --include="$(IFS=,; echo "$*")" \
        --aptopt='Acquire::Check-Valid-Until "false"' \
        --aptopt='Acquire::Languages "none"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$suite" "$cache/$name.new" ${mirror:+"$mirror"} >"$cache/$name.log" 2>&1 || {
        tail -n 20 "$cache/$name.log" >&2
        fail "cannot build a $suite tree"
    }
    rm -f "$cache/$name.log" "$cache/$name.new/etc/machine-id" "$cache/$name.new/var/lib/dbus/machine-id"
    : >"$cache/$name.new/etc/machine-id"
}

# Nothing that waits for a network, asks the kernel for what a container has not,
# or runs by the clock; and no service that few stories need: these start it themselves.
tree_finish_host() {
    local root=$1

    echo berth-test-host >"$root/etc/hostname"
    ln -sf berth-host.target "$root/etc/systemd/system/default.target"
    mkdir -p "$root/var/log/journal" "$root/var/lib/machines"
    for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
        fstrim.timer logrotate.timer systemd-networkd-wait-online.service getty.target; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    rm -f "$root"/etc/systemd/system/*.wants/{libvirt*,virtlog*,systemd-resolved*}
}

# An sshd that listens on the network is none of theirs; the one of unix-export is started by who connects.
tree_finish_guest() {
    local root=$1

    rm -f "$root/etc/hostname"
    for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer ssh.service; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
}

# Console and login are all that such a guest needs to be seen working.
tree_finish_inittab() {
    local root=$1

    rm -f "$root/etc/hostname"
    sed -i -e '/^[1-6]:.*getty/d' -e '$a 1:2345:respawn:/sbin/getty --noclear 38400 console' \
        "$root/etc/inittab"
    sed -i 's/^root:[^:]*/root:/' "$root/etc/passwd"
}

# tree_add NAME VARIANT FINISH PACKAGE…: builds it where the cache lacks it.
tree_add() {
    local name=$1 variant=$2 finish=$3
    shift 3

    [ ! -d "$cache/$name" ] || return 0
    tree_build "$name" "$variant" "$@"
    "$finish" "$cache/$name.new"
    mv "$cache/$name.new" "$cache/$name"
}

# Sets tree, guest and, for those hosts that have them, sysvinit, openrc and podman; builds them first
# where the cache lacks them.
tree_prepare() {
    if [ "$suite" = forky ]; then
        tree_packages+=("${tree_packages_forky[@]}")
        guest_packages+=("${guest_packages_forky[@]}")
    fi
    tree=$cache/$suite-host-$(tree_key "${tree_packages[@]}")
    guest=$cache/$suite-guest-$(tree_key "${guest_packages[@]}")

    sysvinit='' openrc='' podman=''
    if [ "$suite" = bookworm ] && [ "$backend" = container -o -n "$prepare" ]; then
        sysvinit=$cache/$suite-sysvinit-$(tree_key "${sysvinit_packages[@]}")
        openrc=$cache/$suite-openrc-$(tree_key "${openrc_packages[@]}")
        podman=$cache/$suite-podman-$(tree_key "${podman_packages[@]}")
    fi

    (
        flock 9
        tree_add "${guest##*/}" minbase tree_finish_guest "${guest_packages[@]}"
        tree_add "${tree##*/}" minbase tree_finish_host "${tree_packages[@]}"
        [ -n "$sysvinit" ] || exit 0
        tree_add "${sysvinit##*/}" essential tree_finish_inittab "${sysvinit_packages[@]}"
        tree_add "${openrc##*/}" essential tree_finish_inittab "${openrc_packages[@]}"
        tree_add "${podman##*/}" minbase tree_finish_guest "${podman_packages[@]}"
    ) 9>"$cache/.lock-$suite"
}
