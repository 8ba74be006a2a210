#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""berth-run as root: a machine's place on the host, and the sockets that it offers
there; who holds the place, what a hostile machine can put into it, and what is left.

usage: test-place.py BERTH-RUN PROBE
"""

import contextlib
import errno
import fcntl
import os
import select
import shutil
import signal
import socket
import subprocess

import berthrun as run

PLACE = f"/run/systemd/nspawn/{run.NAME}"
EXPORT = f"{PLACE}/unix-export"
INODES = 64


def descendants(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


class Place(run.Guest):
    @contextlib.contextmanager
    def waiting(self, *options):
        """A guest that waits; yields berth-run, and the guest's end of its place."""
        with self.start("wait", options=["--kill-signal=SIGTERM", *options]) as guest:
            self.assertEqual(guest.stdout.readline(), "waiting\n")
            try:
                yield guest, f"/proc/{descendants(guest.pid)[0]}/root/run/host/unix-export"
            finally:
                guest.terminate()
                guest.wait(run.TIMEOUT)

    def tearDown(self):
        super().tearDown()
        self.assertFalse(os.path.exists(PLACE))

    def mount(self):
        with open("/proc/self/mountinfo", encoding="utf-8") as f:
            lines = [line.split() for line in f if f" {EXPORT} " in line]
        self.assertEqual(len(lines), 1)
        return lines[0]

    def cleanup(self, removed):
        ran = subprocess.run([run.RUN, "--cleanup", f"--machine={run.NAME}"], capture_output=True, text=True,
                             timeout=run.TIMEOUT, check=True)
        self.assertIn(f"left of '{run.NAME}': {removed}\n", ran.stderr)

    def test_a_socket_of_the_machine_is_reached_from_the_host(self):
        for users in ("no", "pick"):
            with self.waiting(f"--private-users={users}") as (_, inside), \
                    socket.socket(socket.AF_UNIX) as s, socket.socket(socket.AF_UNIX) as client:
                s.bind(f"{inside}/ssh")
                s.listen()
                client.connect(f"{EXPORT}/ssh")
                peer = s.accept()[0]
                peer.sendall(b"hello")
                peer.close()
                self.assertEqual(client.recv(16), b"hello")
            self.assertFalse(os.path.exists(PLACE))

    def test_the_host_cannot_write_there_nor_be_led_away(self):
        with self.waiting("-U") as (_, inside):
            fields = self.mount()
            for word in ("ro", "nosuid", "nodev", "noexec", "nosymfollow"):
                self.assertIn(word, fields[5].split(","))
            self.assertFalse([f for f in fields[6:fields.index("-")] if f.startswith("master:")])
            os.symlink("/etc", f"{inside}/directory")
            os.symlink("/etc/passwd", f"{inside}/file")
            os.symlink("/run/dbus/system_bus_socket", f"{inside}/ssh")
            os.mkfifo(f"{inside}/fifo")
            for name in ("directory/passwd", "file"):
                with self.assertRaises(OSError) as caught:
                    os.stat(f"{EXPORT}/{name}")
                self.assertEqual(caught.exception.errno, errno.ELOOP)
            with socket.socket(socket.AF_UNIX) as s, self.assertRaises(OSError) as caught:
                s.connect(f"{EXPORT}/ssh")
            self.assertEqual(caught.exception.errno, errno.ELOOP)
            with self.assertRaises(OSError) as caught:
                os.unlink(f"{EXPORT}/file")
            self.assertEqual(caught.exception.errno, errno.EROFS)

    def test_a_flood_of_files_ends_early(self):
        with self.waiting("-U") as (_, inside):
            with self.assertRaises(OSError) as caught:
                for i in range(2 * INODES):
                    os.mkfifo(f"{inside}/{i}")
            self.assertEqual(caught.exception.errno, errno.ENOSPC)
            self.assertLess(len(os.listdir(EXPORT)), INODES)
            os.unlink(f"{inside}/0")
            with open(f"{inside}/big", "wb", buffering=0) as f, self.assertRaises(OSError) as caught:
                for _ in range(8):
                    f.write(bytes(1 << 20))
            self.assertEqual(caught.exception.errno, errno.ENOSPC)

    def test_it_is_the_machine_s_root_s_to_write_to(self):
        for options in ([], ["-U"], ["--private-users=identity"], ["--read-only"], ["--volatile=overlay"]):
            seen = self.probe("owner", "/run/host/unix-export", ",", "create", "/run/host/unix-export/x",
                              options=options)
            self.assertIn("/run/host/unix-export 0:0\n", seen)
        self.assertIn("EACCES", self.probe("create", "/run/host/unix-export/x", status=1,
                                           options=["-U", "--uid=1000"]))

    def test_a_machine_with_users_of_its_own_cannot_have_it_otherwise(self):
        for command in (("umount", "/run/host/unix-export"), ("umount", "/run/host")):
            self.assertIn("EINVAL", self.probe(*command, options=["-U"], status=1))

    def test_an_image_s_own_is_not_it(self):
        os.makedirs(self.path("run/host"))
        os.makedirs(self.path("elsewhere"))
        os.symlink("/elsewhere", self.path("run/host/unix-export"))
        self.probe("create", "/run/host/unix-export/x")
        self.assertEqual(os.listdir(self.path("elsewhere")), [])

    def test_one_machine_has_it_at_a_time(self):
        with self.waiting() as (_, inside):
            os.mkfifo(f"{inside}/mine")
            self.cleanup(0)
            self.assertEqual(os.listdir(EXPORT), ["mine"])

    def test_who_holds_the_place_alone_may_start(self):
        os.makedirs(PLACE)
        held = os.open(PLACE, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        self.assertIn(f"step place ({PLACE}): Machine exists already", self.refused([], "/probe", "who"))
        os.close(held)
        self.probe("who")

    def test_a_killed_berth_run_leaves_nothing_that_the_next_one_does_not_remove(self):
        for next_one in (lambda: self.probe("who"), lambda: self.cleanup(1)):
            with self.waiting() as (guest, inside):
                os.mkfifo(f"{inside}/left")
                leader = os.pidfd_open(descendants(guest.pid)[0])
                guest.kill()
                self.assertEqual(guest.wait(run.TIMEOUT), -signal.SIGKILL)
                self.assertTrue(select.select([leader], [], [], run.TIMEOUT)[0])
                os.close(leader)
            self.assertEqual(os.listdir(EXPORT), ["left"])
            next_one()
            self.assertFalse(os.path.exists(PLACE))
        self.probe("who")  # the control group is left to whoever starts next

    def test_several_that_were_killed_are_removed_at_once(self):
        os.makedirs(EXPORT)
        with open(f"{PLACE}/.berth", "w", encoding="utf-8"):
            pass
        for _ in range(3):
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", EXPORT], check=True)
        self.assertIn("pid 1\n", self.probe("who"))

    def test_a_machine_of_nspawn_s_keeps_its_own(self):
        os.makedirs(EXPORT)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", EXPORT], check=True)
        try:
            self.assertIn(f"step place ({PLACE}): Machine exists already", self.refused([], "/probe", "who"))
            self.cleanup(0)
            self.mount()
            self.assertEqual(os.listdir(PLACE), ["unix-export"])
        finally:
            subprocess.run(["umount", EXPORT], check=True)
            shutil.rmtree(PLACE)

    def test_what_is_others_stays(self):
        os.makedirs(f"{PLACE}/other")
        self.probe("who")
        self.assertEqual(os.listdir(PLACE), ["other"])
        shutil.rmtree(PLACE)

    def test_cleaning_up_where_nothing_is_left_does_nothing(self):
        self.cleanup(0)


if __name__ == "__main__":
    run.main()
