# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
#
# The Debian packages that berth is built, tried and tested with.

packages_build=(
    gcc gettext libc6-dev libcap-dev libcmocka-dev libinih-dev libjansson-dev libnftables-dev
    libnl-3-dev libnl-route-3-dev libseccomp-dev libsmartcols-dev libsystemd-dev meson ninja-build
    pkg-config scdoc uthash-dev
)

# Beside them, what quickstart makes and shows its machine with.
packages_quickstart=(iproute2 iputils-ping mmdebstrap systemd util-linux)

packages_check=(
    clang cpio e2fsprogs expect iproute2 iputils-ping kmod mmdebstrap nftables procps python3
    python3-jsonschema qemu-system-x86 secilc shellcheck strace systemd systemd-container
    systemd-journal-remote util-linux xz-utils
)

# Prints those of the packages that are not installed.
packages_missing() {
    local package

    for package; do
        dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            echo "$package"
    done
}

# packages_install LOG PACKAGE…: installs what is missing, and nothing else; quietly.
packages_install() {
    local log=$1 missing
    shift

    mapfile -t missing < <(packages_missing "$@")
    [ ${#missing[@]} -gt 0 ] || return 0

    echo "installing ${#missing[@]} packages"
    export DEBIAN_FRONTEND=noninteractive
    {
        timeout 300 apt-get -q update &&
            timeout 900 apt-get -q -y --no-install-recommends install "${missing[@]}"
    } >"$log" 2>&1 </dev/null || {
        tail -n 20 "$log" >&2
        echo "cannot install: ${missing[*]}" >&2
        return 1
    }
}
