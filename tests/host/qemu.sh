# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# The qemu backend: a machine of its own, with Debian's cloud kernel, emulated: it
# needs nothing of the machine outside, and has all that the container lacks.

# Debian's cloud kernel has ext4 built in, but reaches no disk without modules.
qemu_init() {
    cat <<'END'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
for module in /modules/*.ko; do
    /bin/busybox insmod $module
done
until [ -b /dev/vda ]; do
    /bin/busybox sleep 0.1
done
/bin/busybox mount -t ext4 /dev/vda /root
exec /bin/busybox switch_root /root /sbin/init
END
}

# qemu_initrd DIRECTORY VERSION: packs DIRECTORY/initrd for the kernel unpacked there.
qemu_initrd() {
    local kernel=$1 version=$2 work module n=10

    work=$kernel/initrd.d
    mkdir -p "$work"/{bin,dev,modules,root}
    cp "$tree/bin/busybox" "$work/bin/busybox"
    qemu_init >"$work/init"
    chmod +x "$work/init"

    # In the order in which they must be loaded.
    while read -r _ module _; do
        n=$((n + 1))
        case $module in
            *.xz) xz -dc "$module" >"$work/modules/$n.ko" ;;
            *) cp "$module" "$work/modules/$n.ko" ;;
        esac
    done < <(modprobe --dirname "$kernel/tree/usr" --set-version "$version" --show-depends --all \
        virtio_pci virtio_blk | awk '$1 == "insmod" && !seen[$2]++')

    (cd "$work" && find . | cpio --quiet --create --format=newc) | gzip -1 >"$kernel/initrd"
    rm -rf "$work"
}

# qemu_apt COMMAND…: asks apt for what $kernel_suite has, if that is not what it is set up for.
qemu_apt() {
    local state=$cache/apt-$kernel_suite command=$1
    shift

    if [ -z "$kernel_suite" ]; then
        timeout 300 "$command" -qq -o APT::Sandbox::User=root "$@"
        return
    fi

    mkdir -p "$state"/{lists,cache}
    echo "deb $(tree_mirror) $kernel_suite main" >"$state/sources.list"
    timeout 300 "$command" -qq -o APT::Sandbox::User=root \
        -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none \
        -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::lists="$state/lists" -o Dir::Cache="$state/cache" "$@"
}

# qemu_fetch VERSION: downloads the kernel and its modules, and unpacks them. Newer ones come in parts.
qemu_fetch() {
    local version=$1 parts part

    parts=$(qemu_apt apt-cache depends "linux-image-$version" |
        awk '/Depends: linux-(base|binary|modules)-[0-9]/ { print $2 }')
    # shellcheck disable=SC2086 # a list
    qemu_apt apt-get download "linux-image-$version" $parts
    for part in *.deb; do
        dpkg-deb -x "$part" package
    done
    mv package/boot/vmlinuz-"$version" vmlinuz 2>/dev/null ||
        mv package/usr/lib/modules/"$version"/vmlinuz vmlinuz
    mv package/lib/modules tree/usr/lib/modules 2>/dev/null ||
        mv package/usr/lib/modules tree/usr/lib/modules
    rm -rf package ./*.deb
}

# Sets kernel: vmlinuz, initrd, and tree/usr/lib/modules to be laid over the host's tree.
qemu_prepare() {
    local package version

    [ -z "$kernel_suite" ] || compgen -G "$cache/apt-$kernel_suite/lists/*Packages*" >/dev/null ||
        qemu_apt apt-get update
    package=$(qemu_apt apt-cache depends linux-image-cloud-amd64 |
        awk '/Depends: linux-image-/ { print $2; exit }')
    [ -n "$package" ] || fail "apt knows no linux-image-cloud-amd64: apt-get update"
    version=${package#linux-image-}
    kernel=$cache/kernel-$version

    (
        flock 9
        [ ! -d "$kernel" ] || exit 0
        echo "tests/host: fetching kernel $version" >&2
        rm -rf "$kernel.new"
        mkdir -p "$kernel.new/tree/usr/lib"
        cd "$kernel.new" || exit
        qemu_fetch "$version"
        # depmod and modprobe look below lib/modules of what they are given.
        depmod --basedir "$kernel.new/tree/usr" "$version"
        qemu_initrd "$kernel.new" "$version"
        mv "$kernel.new" "$kernel"
    ) 9>"$cache/.lock-kernel"
    export kernel
}

qemu_layers() {
    echo "$kernel/tree:$tree"
}

qemu_boot() {
    # For a story to load, where the kernel is asked for SELinux.
    [[ " $append " != *" security=selinux "* ]] ||
        secilc --policyvers=33 --output="$root/usr/lib/berth-host/selinux.policy" --filecontext=/dev/null \
            "$here/selinux.cil"
    cp -a "$guest/." "$root/var/lib/berth-host/guest"
    # What the layer holds, and as much again for the tests.
    truncate --size=3G "$work/layer/disk"
    mkfs.ext4 -q -F -O ^has_journal -E lazy_itable_init=1 -d "$root" "$work/layer/disk"

    exec timeout --kill-after=10 "$timeout" \
        qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 2048 -nodefaults -display none \
        -kernel "$kernel/vmlinuz" -initrd "$kernel/initrd" \
        -append "console=ttyS0 quiet mitigations=off nokaslr audit=0 $append" \
        -drive "file=$work/layer/disk,if=virtio,format=raw,cache=unsafe" \
        -serial stdio -serial "file:$work/channel/output" -serial "file:$work/channel/errors" \
        -serial "file:$work/channel/status"
}

qemu_cleanup() {
    : # processes, mounts and files only
}
