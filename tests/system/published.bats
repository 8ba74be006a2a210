# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The published interface, member by member and call by call, asked of machined and of berthd on
# the same host: they differ where that was decided, see contract/decided-differences.

load helper

shares_nspawn asked PrivateUsers=no

teardown() {
    systemctl --quiet enable --now berthd.service
}

# probe PROVIDER: what it says, in a file of its name.
probe() {
    eventually guest_up asked
    python3 contract/probe.py asked >"$BATS_TEST_TMPDIR/$1"
}

@test "what machined answers, berthd answers, but for what was decided" {
    systemctl --quiet disable --now berthd.service
    probe machined
    systemctl --quiet enable --now berthd.service
    probe berthd

    python3 contract/compare.py "$BERTH_HOST_SUITE" contract/decided-differences \
        "$BATS_TEST_TMPDIR/machined" "$BATS_TEST_TMPDIR/berthd" >"$BATS_TEST_TMPDIR/table" || failed=yes
    sed 's/^/# /' "$BATS_TEST_TMPDIR/table" >&3
    [ ! -v failed ]
}
