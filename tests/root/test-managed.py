#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""berth-run as root, with users that systemd-nsresourced lends: what it is asked, what
the machine has of it, and what becomes of answers that make no sense.

usage: test-managed.py BERTH-RUN PROBE
"""

import contextlib
import errno
import glob
import os
import subprocess
import unittest

import berthrun as run
import nsresourced
from nsresourced import BLOCK, FIRST, Nsresourced

MANAGED = ["--private-users=managed", "--private-network"]


class Managed(run.Guest):
    def setUp(self):
        super().setUp()
        os.environ["SYSTEMD_NSPAWN_LOCK"] = "0"  # several machines have one tree here
        self.addCleanup(os.environ.pop, "SYSTEMD_NSPAWN_LOCK")
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run/systemd"], check=True)
        self.before = run.host_state()

    def tearDown(self):
        super().tearDown()
        subprocess.run(["umount", "/run/systemd"], check=True)

    @contextlib.contextmanager
    def waiting(self, *options):
        """A guest that is there, until the end."""
        with self.start("wait", options=options) as guest:
            try:
                self.assertTrue(guest.stdout.readline())
                yield
            finally:
                guest.terminate()

    def maps(self, *options):
        text = self.probe("cat", "/proc/self/uid_map", options=[*MANAGED, *options])
        return [tuple(map(int, line.split())) for line in text.splitlines()]


class Lent(Managed):
    def test_it_asks_for_a_block_and_says_for_whom(self):
        with Nsresourced() as service:
            self.assertEqual(self.maps(), [(0, FIRST, BLOCK)])
        call, = service.calls
        self.assertEqual(call["method"], f"{nsresourced.INTERFACE}.AllocateUserRange")
        name = call["parameters"].pop("name")
        self.assertTrue(name.startswith(run.NAME[:10] + "-"), name)
        self.assertEqual(call["parameters"], {"size": BLOCK, "userNamespaceFileDescriptor": 0})

    def test_names_that_no_user_has(self):
        with Nsresourced() as service:
            self.assertEqual(len(self.maps("--machine=a.b.c-" + "d" * 50)), 1)
        self.assertRegex(service.calls[0]["parameters"]["name"], r"^a-b-c-dddd-\d+-0$")

    def test_blocks_for_machines_inside_have_the_same_numbers(self):
        for n in (1, 4, 16):
            with Nsresourced() as service:
                self.assertEqual(sorted(self.maps(f"--private-users-delegate={n}")), nsresourced.ranges(n))
            self.assertEqual(service.calls[0]["parameters"]["delegateContainerRanges"], n)

    def test_who_makes_machines_inside_may_ask_as_well(self):
        with Nsresourced():
            show = ["list", "/run/host"]
            inside = self.probe(*show, options=[*MANAGED, "--private-users-delegate=1"])
            self.assertIn(nsresourced.INTERFACE, inside)
            self.assertNotIn("MountFileSystem", inside)
            self.assertNotIn(nsresourced.INTERFACE, self.probe(*show, options=MANAGED))

    def test_files_are_shown_as_theirs_and_stay_whose_they_are(self):
        with Nsresourced():
            self.assertEqual(self.probe("owner", "/probe", options=MANAGED), "/probe 0:0\n")
            self.probe("create", "/made", options=MANAGED)
        self.assertEqual(os.stat(self.path("made")).st_uid, 0)

    def test_file_systems_in_memory_belong_to_their_user_namespace(self):
        # In others who is lent users makes no files: the kernel's part of the real service sees to it.
        with Nsresourced(), self.waiting(*MANAGED):
            leader = self.leader()
            self.assertEqual(os.stat(f"/proc/{leader}/root/dev/null").st_dev, os.stat("/dev/null").st_dev)
            # The host's root is none of their users.
            for place in ("/run", "/tmp", "/dev", "/dev/shm", "/run/host/unix-export"):
                with self.subTest(place=place), self.assertRaises(OSError) as caught:
                    os.mkdir(f"/proc/{leader}/root{place}/made")
                self.assertEqual(caught.exception.errno, errno.EOVERFLOW)

    def leader(self):
        """The guest's first process, by its root directory's only program."""
        for directory in glob.glob("/proc/[0-9]*"):
            try:
                if os.readlink(f"{directory}/exe").endswith("/probe") and \
                        os.stat(f"{directory}/ns/user").st_ino != os.stat("/proc/self/ns/user").st_ino:
                    return int(directory[6:])
            except OSError:
                pass
        self.fail("there is no guest")

    def test_changes_that_do_not_stay(self):
        with Nsresourced():
            for option in ("--ephemeral", "--volatile=overlay"):
                self.probe("create", "/made", options=[*MANAGED, option])
                self.assertFalse(os.path.exists(self.path("made")))

    def test_a_reboot_keeps_what_is_lent(self):
        with Nsresourced() as service:
            self.run_guest(MANAGED, "/probe", "once", "reboot")
            self.assertEqual(len(service.calls), 1)

    def test_a_range_that_another_machine_has_is_given_back(self):
        taken = [f"--private-users={FIRST}", "--private-users-ownership=map", f"--machine={run.NAME}-2"]
        firsts = [FIRST, FIRST + BLOCK]

        def lend(parameters, users_fd):
            nsresourced.write_maps(users_fd, nsresourced.ranges(0, firsts.pop(0)))
            return {"parameters": {"name": parameters["name"]}}

        with self.waiting(*taken), Nsresourced(lend) as service:
            self.assertEqual(self.maps(), [(0, FIRST + BLOCK, BLOCK)])
            names = [call["parameters"]["name"] for call in service.calls]
            self.assertEqual(len(set(names)), 2)

    def test_nobody_picks_what_is_lent(self):
        with Nsresourced(), self.waiting(*MANAGED, "--private-users-delegate=1"):
            for base in (FIRST, FIRST + BLOCK):
                other = [f"--private-users={base}", f"--machine={run.NAME}-2"]
                self.assertIn("resource busy", self.refused(other, "/probe"))


class Refused(Managed):
    def refusal(self, answer, *options):
        with Nsresourced(answer):
            return self.refused([*MANAGED, *options], "/probe")

    def test_without_the_service_its_socket_is_named(self):
        for why in ("No such file", "Connection refused"):
            said = self.refused(MANAGED, "/probe")
            self.assertIn("step users", said)
            self.assertIn(nsresourced.SOCKET, said)
            self.assertIn(why, said)
            with open(nsresourced.SOCKET, "wb"):
                pass

    def test_its_errors_are_told(self):
        for name, what in (("UserNamespaceInterfaceNotSupported", "not supported"),
                           ("NoDynamicRange", "Too many users"), ("NameExists", "Remote I/O")):
            error = f"{nsresourced.INTERFACE}.{name}"
            said = self.refusal(lambda *_, e=error: {"error": e, "parameters": {}})
            self.assertIn(f"systemd-nsresourced says {error}", said)
            self.assertIn(what, said)

    def test_what_it_says_commands_no_terminal(self):
        said = self.refusal(lambda *_: {"error": "\x1b[2J\nwords"})
        self.assertNotIn("\x1b", said)
        self.assertEqual(said.count("\n"), 1)

    def test_answers_that_make_no_sense(self):
        for answer in (b"{}", b"\0", b"[]\0", b'{"error":1}\0', b"{}\0{}\0", b"[" * 60000 + b"\0",
                       b"x" * 100000, b'{"a":' * 100 + b"\0", None):
            with self.subTest(answer=answer and answer[:20]):
                self.assertIn("step users", self.refusal(lambda *_, a=answer: a))

    def test_maps_that_nobody_asked_for(self):
        good = (0, FIRST, BLOCK)
        for maps in ([], [(0, 0, BLOCK)], [(0, 1000, 1)], [(0, FIRST, BLOCK - 1)], [(1, FIRST, BLOCK)],
                     [good, (BLOCK, FIRST + BLOCK, BLOCK)], [good, (FIRST + BLOCK, 0, BLOCK)]):
            def lend(_, users_fd, maps=maps):
                if maps:
                    nsresourced.write_maps(users_fd, maps)
                return {"parameters": {}}

            with self.subTest(maps=maps):
                self.assertIn("Protocol error", self.refusal(lend))

    def test_groups_that_are_not_the_users(self):
        def lend(_, users_fd):
            nsresourced.write_maps(users_fd, nsresourced.ranges(0), nsresourced.ranges(0, FIRST + BLOCK))
            return {"parameters": {}}

        self.assertIn("Protocol error", self.refusal(lend))

    def test_less_than_was_asked_for(self):
        def lend(_, users_fd):
            nsresourced.write_maps(users_fd, nsresourced.ranges(1))
            return {"parameters": {}}

        self.assertIn("Protocol error", self.refusal(lend, "--private-users-delegate=2"))


if __name__ == "__main__":
    run.main()
