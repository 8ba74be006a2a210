#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""berth-run as root: what a machine costs, in numbers that do not depend on how busy the host is.

usage: test-costs.py BERTH-RUN PROBE
"""

import collections
import os
import shutil
import subprocess
import time
import unittest

from berthrun import TIMEOUT, Guest, main

# All of a start and an end, of launcher, runtime, leader and payload together: 1032 when this was
# written, and a little more, for other kernels and libraries. Who needs more has a reason, and says it here.
CALLS_MAX = 1100

# What docs/performance.md promises of a supervisor.
RESIDENT_KIB_MAX = 3 * 1024


@unittest.skipUnless(shutil.which("strace"), "lacks strace")
class Calls(Guest):
    def count(self, *options):
        trace = os.path.join(self.root, "trace")
        command = ["strace", "--follow-forks", "--summary-only", f"--output={trace}", "--",
                   *self.arguments(*options), "/probe", "exit", "0"]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=TIMEOUT,
                       check=True)
        calls = collections.Counter()
        with open(trace, encoding="utf-8") as f:
            for line in f:
                fields = line.split()
                if len(fields) >= 5 and fields[0][0].isdigit() and fields[-1] != "total":
                    calls[fields[-1]] = int(fields[3])
        return calls

    def test_a_start_and_an_end_have_no_more_system_calls_than_they_need(self):
        calls = self.count("--private-network")
        self.assertLess(calls.total(), CALLS_MAX, calls)

    def test_programs_are_loaded_once(self):
        # The launcher, which has no libraries, the runtime, and the payload.
        calls = self.count("--private-network")
        self.assertEqual(calls["execve"] + calls["execveat"], 3, calls)

    def test_libraries_that_no_leader_needs_are_loaded_when_there_is_one(self):
        trace = os.path.join(self.root, "trace")
        command = ["strace", "--follow-forks", "--trace=clone3,openat", f"--output={trace}", "--",
                   *self.arguments("--private-network"), "/probe", "exit", "0"]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=TIMEOUT,
                       check=True)
        with open(trace, encoding="utf-8") as f:
            before, born, after = f.read().partition("clone3(")
        self.assertTrue(born)
        self.assertIn("/libsystemd.so", after)
        for library in ("libsystemd", "libjansson", "libnl-3"):
            self.assertNotIn(f"/{library}.so", before)

    def test_no_mount_is_made_in_vain(self):
        # To drop one waits for all processors. What is moved somewhere has been made or cloned; one is not
        # moved, out of which the runtime is executed.
        calls = self.count("--private-network")
        made = calls["open_tree"] + calls["fsmount"]
        self.assertLessEqual(made - calls["move_mount"], 1, calls)


class Memory(Guest):
    def resident(self, pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))

    def test_a_supervisor_that_waits_gives_back_what_it_began_with(self):
        guest = self.start("who", ",", "wait")
        self.addCleanup(guest.wait)
        self.addCleanup(guest.kill)
        self.assertIn("pid 1", guest.stdout.readline())
        deadline = time.monotonic() + TIMEOUT
        while self.resident(guest.pid) >= RESIDENT_KIB_MAX and time.monotonic() < deadline:
            time.sleep(0.1)  # style: nobody tells of memory that is given back
        self.assertLess(self.resident(guest.pid), RESIDENT_KIB_MAX)
        guest.terminate()
        guest.wait(TIMEOUT)


if __name__ == "__main__":
    main()
