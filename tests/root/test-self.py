#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""berth-run as root: what protects the host is looked at from inside before there is a
payload.

usage: test-self.py BERTH-RUN PROBE
"""

import ctypes
import os
import struct
import subprocess

from berthrun import RUN, TIMEOUT, Guest, main, needs_filter

LIBC = ctypes.CDLL(None, use_errno=True)


def allow_all():
    """Puts a filter of system calls around this process that has one instruction, and refuses nothing."""
    code = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0x7fff0000))  # RET, SECCOMP_RET_ALLOW
    program = struct.pack("HP", 1, ctypes.addressof(code))
    assert LIBC.prctl(22, 2, program, 0, 0) == 0  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


def leave_name():
    """What has our names may change the host's."""
    assert LIBC.unshare(0x04000000) == 0  # CLONE_NEWUTS


class SelfTest(Guest):
    """What protects the host, each left out in turn: the leader notices before there is a payload."""

    def setUp(self):
        ran = subprocess.run([RUN, "--version"], capture_output=True, text=True, timeout=TIMEOUT, check=True)
        if "fault points" not in ran.stdout:
            self.skipTest("lacks a build with fault points")
        super().setUp()

    def notices(self, fault, missing, *options, **more):
        os.environ["BERTH_FAULT"] = f"{fault}=skip"
        try:
            said = self.refused(options, "/probe", "who", **more)
        finally:
            del os.environ["BERTH_FAULT"]
        self.assertRegex(said, f"step verify-(tree|privileges) \\({missing}\\)")

    def test_nothing_is_missed_where_nothing_is_missing(self):
        os.mkdir(self.path("other"))
        everything = ["--private-network", "--read-only", "--no-new-privileges=yes", "--uid=1000",
                      "--drop-capability=all", f"--bind-ro={self.root}:/other"]
        for users in ("no", "identity", "pick"):
            self.probe("who", options=[f"--private-users={users}"])
            self.probe("who", options=[f"--private-users={users}", "--private-network", "--uid=1000"])
            self.probe("who", options=[f"--private-users={users}", *everything])

    def test_each_cover_of_proc(self):
        for name in ("kallsyms", "kcore", "keys", "sysrq-trigger", "timer_list", "kmsg",
                     "sys/kernel/random/boot_id"):
            if os.path.exists(f"/proc/{name}"):
                self.notices(f"cover:{name}", f"/proc/{name} is not covered")

    @needs_filter
    def test_covers_of_a_machine_with_its_own_users(self):
        for name in ("kallsyms", "kcore", "keys"):
            if os.path.exists(f"/proc/{name}"):
                self.notices(f"cover:{name}", f"/proc/{name} is not covered", "--private-users=pick")
        self.notices("start:load-filter", "there is no filter of system calls", "--private-users=pick")

    def test_each_part_of_proc_that_is_read_only(self):
        for name in ("acpi", "apm", "asound", "bus", "fs", "irq", "scsi", "sys"):
            if os.path.exists(f"/proc/{name}"):
                self.notices(f"cover:{name}", f"/proc/{name} is not read-only")

    def test_read_only_mounts(self):
        os.mkdir(self.path("other"))
        self.notices("start:seal", "/sys is not read-only", "--private-network")
        self.notices("start:seal", "/run/host is not read-only")
        self.notices("read-only:/", "/ is not read-only", "--read-only")
        self.notices("read-only:/run/host/credentials", "/run/host/credentials is not read-only",
                     "--set-credential=a:b")
        self.notices("read-only:/other", "/other is not read-only", f"--bind-ro={self.root}:/other")

    def test_namespaces(self):
        for name in ("pid", "uts", "ipc", "net"):
            self.notices(f"namespace:{name}", f"the {name} namespace is the host's", "--private-network",
                         preexec_fn=leave_name)
        self.notices("start:cgroup-namespace", "the cgroup namespace is the host's")
        self.notices("namespace:time", "the time namespace is the host's", "--time-offset=1")

    def test_users(self):
        options = ["--private-users=pick", "--private-users-ownership=off"]
        self.notices("namespace:user", "the user namespace is the host's", *options)
        self.notices("maps:range", "the uid_map is not the machine's", *options)

    def test_the_root_directory(self):
        self.notices("start:pivot", "the root directory is not the machine's")

    def test_the_device_policy(self):
        self.notices("start:devices", "there is no device policy")

    def test_privileges(self):
        self.notices("start:privileges", "the user is not 1000", "--uid=1000")
        self.notices("start:privileges", "the bounding set has more than asked for")
        self.notices("privileges:bound", "the bounding set has more than asked for")
        self.notices("privileges:limit", "there are more capabilities than asked for")
        self.notices("privileges:ambient", "other capabilities are inherited than asked for",
                     "--ambient-capability=CAP_NET_RAW", "--uid=1000")
        self.notices("privileges:no-new", "programs can gain privileges", "--no-new-privileges=yes")

    @needs_filter
    def test_the_filter(self):
        for fault in ("start:filter", "start:load-filter"):
            self.notices(fault, "there is no filter of system calls")

    @needs_filter
    def test_a_filter_that_was_around_us_already_is_not_ours(self):
        self.probe("who", preexec_fn=allow_all)
        self.notices("start:load-filter", "there is no filter of system calls", preexec_fn=allow_all)


if __name__ == "__main__":
    main()
