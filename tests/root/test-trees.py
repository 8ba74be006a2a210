#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Options of berth-run that a guest's tree is made by, as root, without daemon or bus: what
each makes of it, and that nothing is left.

usage: test-trees.py BERTH-RUN PROBE
"""

import contextlib
import fcntl
import os
import select
import shutil
import signal
import stat
import struct
import subprocess
import tempfile
import unittest

import berthrun as base

F_OFD_SETLK = 37


class Killed(base.Guest):
    def kill(self, guest):
        """Until all of it has gone."""
        self.assertEqual(guest.stdout.readline(), "waiting\n")
        with open(f"/proc/{guest.pid}/task/{guest.pid}/children", encoding="utf-8") as f:
            leader = os.pidfd_open(int(f.read().split()[0]))
        guest.kill()
        guest.wait(base.TIMEOUT)
        select.select([leader], [], [], base.TIMEOUT)
        os.close(leader)


class Left(Killed):
    """What a run that is killed leaves."""

    def test_it_is_removed_when_asked_for(self):
        place = tempfile.mkdtemp(prefix="berth-test-")
        self.addCleanup(shutil.rmtree, place)
        shutil.copytree(self.root, os.path.join(place, "tree"))
        options = [f"--directory={place}/tree", "-x"]
        self.kill(self.start("wait", options=options))
        os.makedirs(os.path.join(place, f".#machine.{base.NAME}.{os.getpid()}", "upper"))
        # Of others, and of machines whose name goes on with a number that is no process.
        others = [".#machine.other.999999999", f".#machine.{base.NAME}.999999999.{os.getpid()}",
                  f".#berth.{base.NAME}.999999999.{os.getpid()}.abcdef", f".#berth.{base.NAME}.999999999"]
        for name in others:
            os.mkdir(os.path.join(place, name))
        self.assertIn(".#tree.lck", os.listdir(place))
        self.assertEqual(len(os.listdir(place)), 4 + len(others))
        ran = subprocess.run([base.RUN, "--cleanup", options[0], f"-M{base.NAME}"], capture_output=True,
                             text=True, timeout=base.TIMEOUT, check=True)
        # The changes, and the place in /run/systemd/nspawn.
        self.assertIn(f"that were left of '{base.NAME}': 2", ran.stderr)
        self.assertEqual(sorted(os.listdir(place)),
                         sorted([*others, f".#machine.{base.NAME}.{os.getpid()}", "tree"]))
        self.probe("who")  # the control group is left to whoever starts next

    def test_what_others_give_such_a_name_stays(self):
        theirs, ours = (os.path.join(base.TEMPORARY, f".#berth.{base.NAME}.999999999.{end}")
                        for end in ("theirs", "ours00"))
        for path in (theirs, ours):
            os.mkdir(path)
            self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        os.chown(theirs, 1000, 1000)
        subprocess.run([base.RUN, "--cleanup", f"-M{base.NAME}"], capture_output=True, timeout=base.TIMEOUT,
                       check=True)
        self.assertEqual([os.path.exists(p) for p in (theirs, ours)], [True, False])


class Locks(Killed):
    """Who may have a tree at the same time."""

    READERS = (["--read-only"], ["-x"], ["--volatile=overlay"], ["--volatile=state"])
    OTHER = f"--machine={base.NAME}-2"

    def setUp(self):
        super().setUp()
        self.write("var/x", "")
        st = os.stat(self.root)
        self.files = (os.path.join(os.path.dirname(self.root), f".#{os.path.basename(self.root)}.lck"),
                      f"/run/systemd/nspawn/locks/inode-{st.st_dev}:{st.st_ino}")

    def tearDown(self):
        self.assertFalse([f for f in self.files if os.path.lexists(f)])
        super().tearDown()

    @contextlib.contextmanager
    def running(self, options=()):
        with self.start("wait", options=["--kill-signal=SIGTERM", *options]) as guest:
            self.assertEqual(guest.stdout.readline(), "waiting\n")
            try:
                yield guest
            finally:
                guest.terminate()
                guest.wait(base.TIMEOUT)

    @contextlib.contextmanager
    def held(self, path, kind):
        """As systemd holds it."""
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "a+", encoding="utf-8") as f:
            fcntl.fcntl(f, F_OFD_SETLK, struct.pack("hhqqi4x", kind, os.SEEK_SET, 0, 0, 0))
            yield f
            os.unlink(path)

    def busy(self, options=(), **more):
        self.assertIn(f"step lock ({self.root}): Tree is in use already",
                      self.refused([self.OTHER, *options], "/probe", "who", **more))

    def works(self, options=(), **more):
        self.assertIn("pid 1", self.probe("who", options=[self.OTHER, *options], **more))

    def test_who_writes_is_alone(self):
        with self.running():
            for file in self.files:
                self.assertTrue(os.path.exists(file))
            self.busy()
            for options in self.READERS:
                self.busy(options)
        self.works()

    def test_who_reads_shares_it(self):
        for options in self.READERS:
            with self.running(options):
                for others in self.READERS:
                    self.works(others)
                self.busy()
                for file in self.files:
                    self.assertTrue(os.path.exists(file))
            self.works()

    def test_who_wants_no_locks_has_none(self):
        env = dict(os.environ, SYSTEMD_NSPAWN_LOCK="0")
        with self.running():
            self.works(env=env)
            self.busy()

    def test_systemd_is_respected(self):
        for file in self.files:
            with self.held(file, fcntl.F_WRLCK):
                self.busy()
                self.busy(["--read-only"])
            with self.held(file, fcntl.F_RDLCK):
                self.busy()
                self.works(["--read-only"])
            self.works()

    def test_a_tree_by_another_name_is_the_same(self):
        link = self.root + "-link"
        os.symlink(self.root, link)
        self.addCleanup(os.unlink, link)
        with self.running():
            self.busy([f"--directory={link}"])

    def test_who_meets_the_end_of_another_waits_for_it(self):
        for file in self.files:
            with self.held(file, fcntl.F_WRLCK):
                with self.start("who", options=[self.OTHER]) as guest:
                    # It looks twice before it waits for what removes the file.
                    with open(f"/proc/{guest.pid}/wchan", encoding="ascii") as f:
                        while "poll" not in f.read() and guest.poll() is None:
                            f.seek(0)
                    os.unlink(file)
                    self.assertIn("pid 1", guest.stdout.readline())
                    guest.wait(base.TIMEOUT)
                with open(file, "w", encoding="utf-8"):
                    pass

    @unittest.skipUnless(shutil.which("strace"), "lacks strace")
    def test_it_is_kept_while_it_reboots(self):
        trace = self.path("trace")
        command = ["strace", "--follow-forks", "--trace=openat,open,unlink", f"--output={trace}", "--",
                   *self.arguments(), "/probe", "once", "/again", ",", "reboot"]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=base.TIMEOUT,
                       check=False)
        self.assertTrue(os.path.exists(self.path("again")))
        with open(trace, encoding="utf-8") as f:
            seen = [line for line in f if ".lck" in line]
        self.assertEqual([line.split("(")[0].split()[-1] for line in seen], ["openat", "unlink"], seen)

    def test_nobody_inside_has_it(self):
        seen = self.probe("fds")
        self.assertNotIn(".lck", seen)
        self.assertNotIn("inode-", seen)

    def test_killed_it_is_free(self):
        self.kill(self.start("wait"))
        for file in self.files:
            self.assertTrue(os.path.exists(file))
        self.works()
        self.probe("who")  # the control group is left to whoever starts next

    def test_what_else_has_the_name_of_a_lock_is_left_alone(self):
        target = self.path("target")
        for make in (lambda: os.symlink(target, self.files[0]), lambda: os.mkfifo(self.files[0]),
                     lambda: os.mkdir(self.files[0])):
            make()
            self.assertIn(f"step lock ({self.root})", self.refused([], "/probe", "who"))
            self.assertFalse(os.path.exists(target))
            self.works(env=dict(os.environ, SYSTEMD_NSPAWN_LOCK="0"))
            (os.rmdir if stat.S_ISDIR(os.lstat(self.files[0]).st_mode) else os.unlink)(self.files[0])


class Trees(base.Guest):
    """Trees that do not stay as the guest leaves them, and parts of them."""

    def setUp(self):
        super().setUp()
        self.left = self.ours()

    def tearDown(self):
        self.assertEqual(self.ours(), self.left)
        super().tearDown()

    @staticmethod
    def ours():
        return [n for n in os.listdir(base.TEMPORARY) if n.startswith((".#berth.", ".#machine."))]

    def tree(self):
        return sorted(os.path.join(d, n) for d, ds, fs in os.walk(self.root) for n in ds + fs)

    def test_an_ephemeral_tree_forgets(self):
        self.write("etc/file", "before\n")
        os.mkdir(self.path("deep"))
        os.chown(self.root, 0, 5)
        os.chmod(self.root, 0o711)
        before = self.tree()
        seen = self.probe("write", "/etc/file", "after\n", ",", "cat", "/etc/file", ",",
                          "create", "/new", ",", "stat", "/", options=["-x"])
        self.assertIn("after\n", seen)
        self.assertIn("/ 040711", seen)
        self.assertEqual(self.tree(), before)
        with open(self.path("etc/file"), encoding="utf-8") as f:
            self.assertEqual(f.read(), "before\n")

    def test_an_ephemeral_machine_that_reboots_remembers(self):
        seen = self.probe("who", ",", "once", "/again", ",", "reboot", options=["-x"])
        self.assertEqual(seen.count("pid 1\n"), 2)

    def test_two_ephemeral_machines_of_one_tree(self):
        one = self.start("wait", options=["-x"])
        self.assertEqual(one.stdout.readline(), "waiting\n")
        self.assertIn("pid 1", self.probe("who", options=["-x", f"--machine={base.NAME}-2"]))
        one.send_signal(signal.SIGTERM)
        one.wait(base.TIMEOUT)

    def copies(self):
        """A place for a tree that is not there yet, and the options that make it of this one."""
        place = tempfile.mkdtemp(prefix="berth-test-")
        self.addCleanup(shutil.rmtree, place)
        path = os.path.join(place, "new")
        return path, [f"--directory={path}", f"--template={self.root}"]

    def test_a_tree_that_is_not_there_is_made_of_a_template(self):
        self.write("etc/file", "text\n", 0o640)
        os.chown(self.path("etc/file"), 7, 8)
        os.symlink("/etc/passwd", self.path("link"))
        os.mkfifo(self.path("fifo"))
        os.chmod(self.root, 0o711)
        path, options = self.copies()
        self.assertEqual(self.probe("cat", "/etc/file", ",", "create", "/new", options=options),
                         "text\n/new: created\n")
        st = os.lstat(os.path.join(path, "etc/file"))
        self.assertEqual((st.st_uid, st.st_gid, st.st_mode), (7, 8, 0o100640))
        self.assertEqual(os.readlink(os.path.join(path, "link")), "/etc/passwd")
        self.assertEqual(os.stat(path).st_mode, 0o040711)
        self.assertTrue(os.path.exists(os.path.join(path, "new")))
        self.assertFalse(os.path.exists(self.path("new")))
        self.assertEqual(os.listdir(os.path.dirname(path)), ["new"])

    def test_a_tree_that_is_there_needs_no_template(self):
        path, options = self.copies()
        os.mkdir(path)
        self.assertIn("pid 1", self.probe("who", options=options))  # it was empty
        os.rename(os.path.join(path, "probe"), os.path.join(path, "mine"))
        self.assertIn("pid 1", self.run_guest(options, "/mine", "who"))
        self.assertFalse(os.path.exists(os.path.join(path, "probe")))
        self.assertIn("pid 1", self.run_guest(options[:1] + ["--template=/nowhere"], "/mine", "who"))

    def test_a_template_that_is_not_to_be_had(self):
        path, options = self.copies()
        self.assertIn("step template (/nowhere, if there is no tree yet): No such file",
                      self.refused(options[:1] + ["--template=/nowhere"], "/probe", "who"))
        os.makedirs(self.path("/".join(["deep"] * 300)))
        self.assertIn("step template", self.refused(options, "/probe", "who"))
        self.assertEqual(os.listdir(os.path.dirname(path)), [])

    def test_a_copy_is_given_up_when_asked(self):
        def already():  # before it looks for signals, the first time when it copies
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            os.kill(os.getpid(), signal.SIGTERM)

        path, options = self.copies()
        with open(self.path("large"), "wb") as f:
            f.write(os.urandom(64 << 20))
        ran = subprocess.run(self.arguments(*options) + ["/probe", "who"], capture_output=True, text=True,
                             timeout=base.TIMEOUT, check=False, preexec_fn=already)
        self.assertRegex(ran.stderr, r"step template \(.*\): Operation canceled")
        self.assertEqual(os.listdir(os.path.dirname(path)), [])

    def test_what_is_thrown_away_needs_no_copy_of_a_template(self):
        path, options = self.copies()
        ran = subprocess.run([base.RUN, "-q", "-x", f"-M{base.NAME}", "--register=no", options[1], "/probe",
                              "create", "/new"], check=False, timeout=base.TIMEOUT)
        self.assertEqual(ran.returncode, 0)
        self.assertFalse(os.path.exists(self.path("new")) or os.path.exists(path))

    def test_binds_of_the_image_and_of_nothing(self):
        self.write("srv/file", "of the image\n")
        os.symlink("/etc", self.path("srv/out"))
        seen = self.probe("cat", "/mnt/file", ",", "create", "/empty/new", ",", "list", "/empty", ",",
                          "stat", "/empty", options=["--bind=+/srv:/mnt", "--bind=:/empty"])
        self.assertEqual(seen.splitlines()[:2], ["of the image", "/empty/new: created"])
        self.assertIn("\nnew\n", seen)
        self.assertIn("/empty 040755", seen)
        self.assertIn("step sources (+/srv/out): No such file",
                      self.refused(["--bind=+/srv/out:/mnt"], "/probe", "who"))

    def test_a_bind_of_nothing_is_not_to_be_found_on_the_host(self):
        for users in ("no", "pick"):
            guest = self.start("create", "/empty/new", ",", "wait",
                               options=["--bind=:/empty", f"--private-users={users}",
                                        "--kill-signal=SIGTERM"])
            self.addCleanup(guest.kill)
            self.assertEqual([guest.stdout.readline() for _ in range(2)],
                             ["/empty/new: created\n", "waiting\n"])
            place, = (n for n in self.ours() if n not in self.left)
            st = os.stat(os.path.join(base.TEMPORARY, place))
            self.assertEqual((st.st_uid, st.st_mode & 0o7777), (0, 0o700))
            guest.send_signal(signal.SIGTERM)
            guest.wait(base.TIMEOUT)

    def test_a_volatile_tree_in_memory(self):
        before = self.tree()
        seen = self.probe("create", "/new", ",", "stat", "/new", ",", "mounts",
                          options=["--volatile=overlay"])
        self.assertIn("/new 100", seen)
        self.assertIn(" / ", seen)
        self.assertIn("- overlay ", seen)
        self.assertEqual(self.tree(), before)

    def test_only_usr_is_shown_of_a_volatile_tree(self):
        os.makedirs(self.path("usr/bin"))
        shutil.copy(base.PROBE, self.path("usr/bin/probe"))
        os.symlink("usr/bin", self.path("bin"))
        self.write("etc/file", "hidden\n")
        seen = self.run_guest(["--volatile=yes"], "/bin/probe", "list", "/", ",", "create", "/etc2")
        self.assertNotIn("etc\n", seen)
        self.assertIn("EROFS", self.run_guest(["--volatile"], "/bin/probe", "create", "/usr/x", status=1))
        self.assertFalse(os.path.exists(self.path("etc2")))

    def test_only_var_may_be_changed_of_one_with_state(self):
        self.write("var/file", "hidden\n")
        for name in ("dev", "proc", "run", "sys", "tmp"):
            os.makedirs(self.path(name))
        options = ["--volatile=state"]
        self.assertIn("EROFS", self.probe("create", "/x", options=options, status=1))
        seen = self.probe("create", "/var/x", ",", "list", "/var", options=options)
        self.assertEqual(seen.split()[-1], "x")
        self.assertEqual(os.listdir(self.path("var")), ["file"])

    def test_a_part_of_the_tree_is_the_root(self):
        os.makedirs(self.path("deploy/one"))
        shutil.copy(base.PROBE, self.path("deploy/one/probe"))
        self.write("deploy/one/here", "")
        seen = self.probe("list", "/", ",", "stat", "/whole/deploy/one/here",
                          options=["--pivot-root=/deploy/one:/whole"])
        self.assertIn("here\n", seen)
        self.assertIn("/whole/deploy/one/here 100", seen)

    def test_a_part_that_leads_out_of_the_tree_does_not(self):
        os.symlink("/", self.path("out"))
        os.symlink("../" * 20 + "etc", self.path("up"))
        self.refused(["--pivot-root=/up"], "/probe", "who")
        self.assertIn("pid 1", self.probe("who", options=["--pivot-root=/out"]))  # the tree itself

    def layers(self):
        for name in ("low", "high"):
            self.write(f"{name}/{name}", f"{name}\n")
        return self.path("low"), self.path("high")

    def test_overlays(self):
        low, high = self.layers()
        seen = self.probe("cat", "/data/low", ",", "cat", "/data/high", ",", "create", "/data/new",
                          options=[f"--overlay={low}:{high}:/data"])
        self.assertEqual(seen.split()[:2], ["low", "high"])
        self.assertEqual(sorted(os.listdir(high)), ["high", "new"])
        self.assertEqual(os.listdir(low), ["low"])

    def test_overlays_of_the_image_that_nobody_keeps(self):
        self.layers()
        self.probe("create", "/low/x", ",", "stat", "/low/low", options=["--overlay=+/low::/low"])
        self.assertEqual(os.listdir(self.path("low")), ["low"])

    def test_overlays_that_are_read_only(self):
        low, high = self.layers()
        options = [f"--overlay-ro={low}:{high}:/data"]
        self.assertEqual(sorted(self.probe("list", "/data", options=options).split()), ["high", "low"])
        self.assertIn("EROFS", self.probe("create", "/data/x", options=options, status=1))

    def test_layers_of_the_image_stay_in_it(self):
        self.layers()
        os.symlink("/etc", self.path("link"))
        self.assertIn("No such file", self.refused(["--overlay-ro=+/link:+/low:/data"], "/probe", "who"))

    def test_what_is_inaccessible(self):
        self.write("etc/secret", "x")
        os.makedirs(self.path("srv"))
        seen = self.probe("stat", "/etc/secret", ",", "stat", "/srv",
                          options=["--inaccessible=/etc/secret", "--inaccessible=/srv"])
        self.assertIn("/etc/secret 100000", seen)
        self.assertIn("/srv 040000", seen)
        self.assertIn("step mounts (/nowhere)", self.refused(["--inaccessible=/nowhere"], "/probe", "who"))


class Files(base.Guest):
    """What of /etc is the host's."""

    def test_resolv_conf(self):
        os.makedirs(self.path("etc"))
        with open("/etc/resolv.conf", encoding="utf-8") as f:
            host = f.read()
        for mode in ("auto", "copy-host", "replace-host"):
            self.assertEqual(self.probe("cat", "/etc/resolv.conf", options=[f"--resolv-conf={mode}"]), host)
            os.unlink(self.path("etc/resolv.conf"))
        self.write("etc/resolv.conf", "own\n")
        for options in (["--resolv-conf=off"], ["--private-network"]):
            self.assertEqual(self.probe("cat", "/etc/resolv.conf", options=options), "own\n")
        self.assertEqual(self.probe("cat", "/etc/resolv.conf", options=["--resolv-conf=bind-host"]), host)
        self.assertEqual(self.probe("cat", "/etc/resolv.conf", options=["--resolv-conf=off"]), "own\n")
        self.probe("who", options=["--resolv-conf=delete"])
        self.assertFalse(os.path.exists(self.path("etc/resolv.conf")))

    def test_a_link_for_resolv_conf_is_followed_by_nobody(self):
        os.makedirs(self.path("etc"))
        with tempfile.TemporaryDirectory() as outside:
            target = os.path.join(outside, "file")
            os.symlink(target, self.path("etc/resolv.conf"))
            for mode in ("auto", "copy-host"):
                self.probe("who", options=[f"--resolv-conf={mode}"])
                self.assertTrue(os.path.islink(self.path("etc/resolv.conf")))
            self.probe("who", options=["--resolv-conf=replace-host"])
            self.assertFalse(os.path.islink(self.path("etc/resolv.conf")))
            self.assertEqual(os.listdir(outside), [])

    def test_timezone(self):
        os.makedirs(self.path("etc"))
        with open("/etc/localtime", "rb") as f:
            host = f.read()
        self.probe("who", options=["--timezone=copy"])
        with open(self.path("etc/localtime"), "rb") as f:
            self.assertEqual(f.read(), host)
        self.probe("who", options=["--timezone=delete"])
        self.assertFalse(os.path.exists(self.path("etc/localtime")))
        self.write("etc/localtime", "own\n")
        self.probe("who", options=["--timezone=bind"])
        self.assertIn("step localtime", self.refused(["--timezone=symlink"], "/probe", "who"))

    def test_a_network_that_is_there(self):
        name = f"berth-{os.getpid()}"
        subprocess.run(["ip", "netns", "add", name], check=True)
        self.before = base.host_state()
        self.addCleanup(subprocess.run, ["ip", "netns", "delete", name], check=True)
        path = f"/run/netns/{name}"
        for options in ([], ["--private-network"], ["--private-users=pick"]):
            seen = self.probe("ns", ",", "list", "/sys/class/net", options=options + [
                f"--network-namespace-path={path}"])
            self.assertIn(f"net net:[{os.stat(path).st_ino}]", seen, options)
            self.assertEqual(seen.splitlines()[-1], "lo", options)
        self.assertIn("step network (/proc/self/ns/mnt): Invalid argument",
                      self.refused(["--network-namespace-path=/proc/self/ns/mnt"], "/probe", "who"))


if __name__ == "__main__":
    base.main()
