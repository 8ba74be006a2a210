# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Who is asked: berthd, or, with BERTH_PROVIDER=machined, the distribution's own.

setup_suite() {
    systemctl is-system-running --wait >/dev/null || true

    case ${BERTH_PROVIDER:-berthd} in
        berthd) systemctl --quiet enable --now berthd.service ;;
        machined) systemctl start systemd-machined.service ;;
    esac
}

teardown_suite() {
    [ "${BERTH_PROVIDER:-berthd}" != berthd ] || systemctl --quiet disable --now berthd.service
}
