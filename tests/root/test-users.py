#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""berth-run as root, with users of the machine's own: who they are inside and
outside, whose the files are, and what root of a machine cannot do to the host.

usage: test-users.py BERTH-RUN PROBE
"""

import contextlib
import fcntl
import os
import shutil
import stat
import struct
import subprocess
import sys
import tempfile

import berthrun as run

BLOCK = 65536
CHOSEN = 1000 * BLOCK


class Users(run.Guest):
    """Of one tree, which several machines have here without agreeing on it."""

    def setUp(self):
        super().setUp()
        os.environ["SYSTEMD_NSPAWN_LOCK"] = "0"
        self.addCleanup(os.environ.pop, "SYSTEMD_NSPAWN_LOCK")

    def first(self, *options):
        """Which user of the host the machine's root is, by its map."""
        inside, outside, count = self.probe("cat", "/proc/self/uid_map", options=options).split()
        self.assertEqual((inside, count), ("0", str(BLOCK)))
        return int(outside)

    def chown_tree(self, owner):
        for directory, _, names in os.walk(self.root):
            for name in [".", *names]:
                os.chown(os.path.join(directory, name), owner, owner)

    @contextlib.contextmanager
    def waiting(self, *options):
        """A guest that waits, and that is there."""
        with self.start("wait", options=options) as guest:
            self.assertTrue(guest.stdout.readline())
            yield guest
            guest.terminate()
            guest.wait(run.TIMEOUT)


class Ranges(Users):
    def test_the_same_name_has_the_same_range(self):
        base = self.first("--private-users=pick")
        self.assertEqual(base % BLOCK, 0)
        self.assertTrue(0x80000 <= base <= 0x6fff0000)
        self.assertEqual(self.first("-U"), base)
        self.assertEqual(self.first("-U", "--machine=foo-bar"), 1197670400)

    def test_a_range_that_is_held_is_not_picked(self):
        base = self.first("-U")
        with self.waiting("-U"):
            self.assertNotEqual(self.first("-U", f"--machine={run.NAME}-2"), base)
            other = [f"--private-users={base}", f"--machine={run.NAME}-2"]
            self.assertIn("step users", self.refused(other, "/probe"))
        os.makedirs("/run/systemd/nspawn-uid", exist_ok=True)
        with open(f"/run/systemd/nspawn-uid/{base}", "w", encoding="utf-8") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            self.assertNotEqual(self.first("-U"), base)
            os.unlink(f.name)
        self.assertEqual(self.first("-U"), base)
        self.assertFalse(os.path.exists(f"/run/systemd/nspawn-uid/{base}"))

    def test_chosen_ranges_are_shared_whole_or_not_at_all(self):
        map_ = "--private-users-ownership=map"
        with self.waiting(f"--private-users={CHOSEN}", map_):
            other = f"--machine={run.NAME}-2"
            self.assertEqual(self.first(f"--private-users={CHOSEN}", map_, other), CHOSEN)
            for base, count in ((CHOSEN + 1, BLOCK), (CHOSEN - 1, 2), (CHOSEN + BLOCK - 1, 1), (CHOSEN, 1)):
                refused = self.refused([f"--private-users={base}:{count}", other], "/probe")
                self.assertIn("resource busy", refused)

    def test_the_tree_s_own_range_is_kept(self):
        self.chown_tree(CHOSEN)
        self.assertEqual(self.first("--private-users"), CHOSEN)
        self.assertEqual(self.first("-U"), CHOSEN)
        self.assertIn("/probe 0:0\n", self.probe("owner", "/probe", options=["-U"]))

    def test_a_tree_that_somebody_runs_already_is_shown_to_another_one_with_other_users(self):
        self.chown_tree(CHOSEN)
        with self.waiting("-U"):
            other = ["-U", f"--machine={run.NAME}-2"]
            self.assertNotEqual(self.first(*other), CHOSEN)
            self.assertIn("/probe 0:0\n", self.probe("owner", "/probe", options=other))

    def test_all_at_once_from_one_tree_have_different_ones(self):
        self.chown_tree(CHOSEN)
        with contextlib.ExitStack() as stack:
            guests = [stack.enter_context(self.start("cat", "/proc/self/uid_map", ",", "wait",
                                                     options=["-U", f"--machine={run.NAME}-{i}"]))
                      for i in range(8)]
            maps = {guest.stdout.readline().split()[1] for guest in guests}
            for guest in guests:
                self.assertTrue(guest.stdout.readline())
                guest.terminate()
                guest.wait(run.TIMEOUT)
        self.assertEqual(len(maps), len(guests))
        self.assertIn(str(CHOSEN), maps)

    def test_a_tree_of_foreign_users_is_shown_as_the_guest_s(self):
        options = ["--private-users=pick", "--private-users-ownership=foreign"]
        self.assertIn("which does not belong to the foreign users", self.refused(options, "/probe", "who"))
        for directory, names, files in os.walk(self.root):
            for name in [".", *names, *files]:
                os.chown(os.path.join(directory, name), 0x7FFE0000, 0x7FFE0000, follow_symlinks=False)
        seen = self.probe("owner", "/probe", ",", "create", "/new", options=options)
        self.assertIn("/probe 0:0\n", seen)
        self.assertEqual(os.stat(self.path("new")).st_uid, 0x7FFE0000)

    def test_binds_of_the_image_are_the_guest_s(self):
        self.write("srv/file", "x\n")
        for owners in ("auto", "chown"):
            seen = self.probe("owner", "/mnt/file", ",", "create", f"/mnt/{owners}",
                              ",", "create", "/empty/x",
                              options=["--private-users=pick", f"--private-users-ownership={owners}",
                                       "--bind=+/srv:/mnt", "--bind=:/empty"])
            self.assertIn("/mnt/file 0:0\n", seen, owners)

    def without(self, *options):
        """On an overlay, whose files cannot be shown as others'."""
        place = tempfile.mkdtemp(prefix="berth-test-")
        self.addCleanup(shutil.rmtree, place)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
        self.addCleanup(subprocess.run, ["umount", "-R", place], check=True)
        for name in ("upper", "work", "tree"):
            os.mkdir(os.path.join(place, name))
        subprocess.run(["mount", "-t", "overlay", "overlay", f"{place}/tree", "-o",
                        f"lowerdir={self.root},upperdir={place}/upper,workdir={place}/work"], check=True)
        self.before = run.host_state()
        return subprocess.run(self.arguments(f"--directory={place}/tree", *options, "/probe", "ns"),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=run.TIMEOUT,
                              check=False), place

    def test_where_files_cannot_be_shown_as_theirs_it_is_said_and_there_are_none(self):
        ran, place = self.without("-U")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("runs with the host's users: the tree's file system cannot", ran.stderr)
        self.assertIn(os.readlink("/proc/self/ns/user"), ran.stdout)
        self.assertNotIn("probe", os.listdir(f"{place}/upper"))  # nobody has chowned it

    def test_who_insists_is_refused(self):
        ran, _ = self.without("--private-users=pick")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("whose owners cannot be mapped", ran.stderr)

    def test_the_host_s_own_tree_has_no_range(self):
        self.assertIn("belongs to the host's users", self.refused(["--private-users"], "/probe"))

    def test_identity_is_who_one_is(self):
        self.assertEqual(self.first("--private-users=identity"), 0)
        self.assertIn("/probe 0:0\n", self.probe("owner", "/probe", options=["--private-users=identity"]))


class Inside(Users):
    def test_it_has_all_that_others_have(self):
        for network in ([], ["--private-network"]):
            mounts = self.probe("mounts", options=["-U", *network])
            for where in ("/", "/proc", "/sys", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/run",
                          "/run/host", "/tmp", "/sys/fs/cgroup"):
                self.assertIn(f" {where} ", mounts)
            for line in mounts.splitlines():
                self.assertIn(" shared:", line)

    def test_what_is_made_for_it_is_its_own(self):
        paths = ["/", "/dev", "/dev/null", "/dev/shm", "/run", "/run/host", "/run/host/notify", "/tmp",
                 "/dev/pts/0", "/sys/fs/cgroup", "/sys/fs/cgroup/cgroup.procs"]
        words = sum((["owner", path, ","] for path in paths), [])[:-1]
        seen = self.probe(*words, options=["-U"]).splitlines()
        self.assertEqual([line.split()[1].split(":")[0] for line in seen], ["0"] * len(paths), seen)

    def test_other_options_work_as_without(self):
        secret = self.path("secret")
        self.write("secret", "of the guest\n", 0o600)
        options = ["-U", "--as-pid2", f"--load-credential=word:{secret}", "--rlimit=NOFILE=100:200",
                   "--oom-score-adjust=500", "--cpu-affinity=0", "--no-new-privileges=yes", "--read-only"]
        seen = self.probe("cat", "/run/host/credentials/word", ",", "limits", ",", "cat",
                          "/proc/self/oom_score_adj", ",", "who", options=options,
                          env=dict(os.environ, BERTH_PROGRAMS=os.path.dirname(run.RUN)))
        self.assertIn("of the guest\n", seen)
        self.assertRegex(seen, r"Max open files +100 +200 ")
        self.assertIn("\n500\n", seen)
        self.assertIn("pid 2\n", seen)

    def test_what_it_makes_is_on_the_disk_as_it_looked(self):
        self.probe("create", "/new", ",", "chown", "/probe", "7", options=["-U"])
        self.assertEqual(os.stat(self.path("new")).st_uid, 0)
        self.assertEqual(os.stat(self.path("probe")).st_uid, 7)

    def test_capabilities_are_those_of_its_own_namespace(self):
        found = []
        for options in ([], ["-U"]):
            caps = dict(line.split(":\t") for line in self.probe("caps", options=options).splitlines())
            # Not every host's root has the first; the second is for machines without a filter of calls.
            found.append(int(caps["CapEff"], 16) | 1 << 24 | 1 << 29)
        # The host's ports are not for root of others to take.
        self.assertEqual(found[0] & ~(1 << 10), found[1])

    def test_a_user_of_the_image(self):
        seen = self.probe("who", options=["-U", "-u", "4711", "--drop-capability=all"])
        self.assertIn("uid 4711\n", seen)
        self.assertIn("groups 0\n", self.probe("who", options=["-U"]))

    def test_a_veth_pair_is_its_own(self):
        self.assertIn("host0", self.probe("list", "/sys/class/net", options=["-U", "--network-veth"]))

    def test_binds_and_tmpfs_are_where_they_shall_be(self):
        with tempfile.TemporaryDirectory() as outside:
            os.chmod(outside, 0o755)
            with open(os.path.join(outside, "file"), "w", encoding="utf-8") as f:
                f.write("from outside\n")
            options = ["-U", "-n", f"--bind={outside}:/data/deep", f"--bind-ro={outside}:/sys/fs/bpf",
                       "--tmpfs=/scratch"]
            self.assertIn("from outside", self.probe("cat", "/data/deep/file", options=options))
            self.assertIn("from outside", self.probe("cat", "/sys/fs/bpf/file", options=options))
            self.assertIn("created", self.probe("create", "/scratch/x", options=options))
            self.assertIn(" 65534:65534\n", self.probe("owner", "/data/deep/file", options=options))

    def test_owners_of_a_tmpfs_are_its_own_users(self):
        options = ["--tmpfs=/scratch:uid=5,gid=7,mode=0700"]
        for users in ([], ["-U"]):
            self.assertIn("/scratch 5:7\n", self.probe("owner", "/scratch", options=[*options, *users]))
        for owner in ("65536", "-1", "", "root"):
            refused = self.refused(["-U", f"--tmpfs=/scratch:uid={owner}"], "/probe")
            self.assertIn("step mounts (/scratch)", refused)

    def test_a_reboot_keeps_the_range(self):
        seen = self.probe("cat", "/proc/self/uid_map", ",", "once", "/marker", ",", "reboot", options=["-U"])
        maps = {line for line in seen.splitlines() if line.strip().startswith("0 ")}
        self.assertEqual(len(maps), 1, seen)


class Binds(Users):
    """Files of the host, and who owns them inside."""

    def setUp(self):
        super().setUp()
        self.outside = tempfile.mkdtemp(prefix="berth-test-")
        self.addCleanup(shutil.rmtree, self.outside)
        for name, owner in (("", (1234, 1235)), ("own", (1234, 1235)), ("other", (5, 6))):
            path = os.path.join(self.outside, name)
            if name:
                with open(path, "w", encoding="utf-8"):
                    pass
            os.chown(path, *owner)

    def seen(self, option, *commands):
        words = ["owner", "/data", ",", "owner", "/data/own", ",", "owner", "/data/other", *commands]
        os.chmod(self.outside, 0o755)
        seen = self.probe(*words, options=["-U", f"--bind={self.outside}:/data{option}"])
        return [line.split()[1] for line in seen.splitlines()[:3]]

    def made(self):
        st = os.stat(os.path.join(self.outside, "made"))
        return st.st_uid, st.st_gid

    def test_they_are_nobody_s(self):
        self.assertEqual(self.seen(""), ["65534:65534"] * 3)
        self.assertEqual(self.seen(":noidmap"), ["65534:65534"] * 3)

    def test_they_are_the_same(self):
        seen = self.seen(":idmap", ",", "create", "/data/made")
        self.assertEqual(seen, ["1234:1235", "1234:1235", "5:6"])
        self.assertEqual(self.made(), (0, 0))

    def test_the_owner_is_root(self):
        seen = self.seen(":rootidmap,norbind", ",", "create", "/data/made")
        self.assertEqual(seen, ["0:0", "0:0", "65534:65534"])
        self.assertEqual(self.made(), (1234, 1235))

    def test_the_owner_is_whose_the_place_is(self):
        os.makedirs(self.path("data"))
        os.chown(self.path("data"), 42, 43)
        self.assertEqual(self.seen(":owneridmap"), ["42:43", "42:43", "65534:65534"])

    def test_a_place_of_the_host_s_users_has_no_owner_to_lend(self):
        with tempfile.TemporaryDirectory() as other:
            os.makedirs(os.path.join(other, "below"))
            refused = self.refused(["-U", f"--bind={other}:/data",
                                    f"--bind={self.outside}:/data/below:owneridmap"], "/probe")
            self.assertIn("step mounts (/data/below)", refused)

    def test_read_only_and_mapped(self):
        options = ["-U", f"--bind-ro={self.outside}:/data:rootidmap"]
        self.assertIn("EROFS", self.probe("create", "/data/made", options=options, status=1))
        self.assertIn("EPERM", self.probe("remount", "/data", options=options, status=1))

    def test_what_cannot_be_mapped_is_refused(self):
        refused = self.refused(["-U", "--bind=/proc:/data:idmap,norbind"], "/probe")
        self.assertIn("step sources (/proc)", refused)


class Overlays(Users):
    """Layers are shown as the machine's tree is, whoever they belong to."""

    def setUp(self):
        super().setUp()
        self.layers = tempfile.mkdtemp(prefix="berth-test-")
        self.addCleanup(shutil.rmtree, self.layers)
        os.chmod(self.layers, 0o755)
        for name in ("low", "middle", "up"):
            os.mkdir(self.layer(name))
            with open(self.layer(f"{name}/{name}"), "w", encoding="utf-8") as f:
                f.write(f"{name}\n")
            os.chmod(self.layer(f"{name}/{name}"), 0o640)
            os.chown(self.layer(f"{name}/{name}"), 0, 3)

    def layer(self, name):
        return os.path.join(self.layers, name)

    def test_each_is_the_guest_s(self):
        option = f"--overlay={self.layer('low')}:{self.layer('middle')}:{self.layer('up')}:/data"
        words = ["owner", "/data/low", ",", "owner", "/data/middle", ",", "owner", "/data/up", ",",
                 "write", "/data/low", "changed", ",", "create", "/data/new", ",", "chown", "/data/new", "7"]
        seen = self.probe(*words, options=["-U", option])
        self.assertEqual(seen.count(" 0:3\n"), 3, seen)
        with open(self.layer("low/low"), encoding="utf-8") as f:
            self.assertEqual(f.read(), "low\n")
        for name, owner in (("up/low", (0, 3)), ("up/new", (7, 7))):
            st = os.stat(self.layer(name))
            self.assertEqual((st.st_uid, st.st_gid), owner, name)

    def test_what_belongs_to_the_guest_already_is_not_mapped_twice(self):
        base = self.first("-U")
        for name in ("low", "low/low"):
            os.chown(self.layer(name), base, base)
        option = f"--overlay-ro={self.layer('low')}:{self.layer('up')}:/data"
        seen = self.probe("owner", "/data/low", ",", "owner", "/data/up", options=["-U", option])
        self.assertEqual(seen, "/data/low 0:0\n/data/up 0:3\n")

    def test_changes_that_are_not_kept(self):
        self.assertIn("created", self.probe("create", "/data/new",
                                            options=["-U", f"--overlay={self.layer('low')}::/data"]))
        self.assertEqual(os.listdir(self.layer("low")), ["low"])
        self.assertIn("created", self.probe("create", "/new", options=["-U", "--ephemeral"]))
        self.assertFalse(os.path.exists(self.path("new")))

    def test_where_files_keep_their_owners_so_do_layers(self):
        options = [f"--private-users={CHOSEN}", "--private-users-chown",
                   f"--overlay-ro={self.layer('low')}:{self.layer('up')}:/data"]
        seen = self.probe("owner", "/data/low", options=options)
        self.assertEqual(seen, "/data/low 65534:65534\n")


class Hostile(Users):
    """What root of a machine with users of its own tries, and the host stays as it is."""

    def setUp(self):
        super().setUp()
        self.outside = tempfile.mkdtemp(prefix="berth-test-")
        self.addCleanup(shutil.rmtree, self.outside)
        os.chmod(self.outside, 0o755)
        self.secret = os.path.join(self.outside, "secret")
        with open(self.secret, "w", encoding="utf-8") as f:
            f.write("of the host\n")
        os.chmod(self.secret, 0o600)

    def test_files_of_the_host_stay_the_host_s(self):
        options = ["-U", f"--bind={self.outside}:/data"]
        for command in (["cat", "/data/secret"], ["write", "/data/secret", "x"], ["create", "/data/new"],
                        ["chown", "/data/secret", "0"]):
            self.assertRegex(self.probe(*command, options=options, status=1), "EACCES|EPERM")
        self.assertEqual(os.stat(self.secret).st_uid, 0)

    def test_what_is_read_only_stays_so(self):
        options = ["-U", "-n", f"--bind-ro={self.outside}:/data"]
        for where in ("/data", "/run/host"):
            self.assertIn("EPERM", self.probe("remount", where, options=options, status=1))
        self.assertIn("EPERM", self.probe("remount", "/", options=["-U", "--read-only"], status=1))

    def test_what_is_covered_stays_so(self):
        for where in ("/run", "/run/host", "/dev", "/dev/pts", "/tmp"):
            self.assertIn("EINVAL", self.probe("umount", where, options=["-U"], status=1))

    def test_devices_cannot_be_made(self):
        for where in ("/disk", "/dev/disk", "/tmp/disk"):
            self.assertIn("EPERM", self.probe("mknod", where, "8", "0", options=["-U"], status=1))

    def test_settings_of_the_kernel_are_not_its_own(self):
        for name in ("kernel/core_pattern", "kernel/panic", "vm/drop_caches"):
            refused = self.probe("write", f"/proc/sys/{name}", "x", options=["-U"], status=1)
            self.assertRegex(refused, "EROFS|EACCES")

    def test_its_map_is_written_once(self):
        for name in ("uid_map", "gid_map", "setgroups"):
            self.assertRegex(self.probe("write", f"/proc/self/{name}", "0 0 1", options=["-U"], status=1),
                             "EPERM|EACCES|EINVAL")
        self.assertEqual(self.probe("cat", "/proc/self/setgroups", options=["-U"]), "allow\n")

    def test_limits_are_those_of_a_first_process(self):
        self.assert_limits_of_a_first_process("-U")


class Clocks(Users):
    def uptime(self, *options):
        return float(self.probe("cat", "/proc/uptime", options=options).split()[0])

    def test_they_run_ahead(self):
        with open("/proc/uptime", encoding="ascii") as f:
            now = float(f.read().split()[0])
        for users in ([], ["-U"]):
            for option, ahead in (("86400", 86400), ("monotonic:86400", 0)):
                passed = self.uptime(f"--time-offset={option}", *users) - now - ahead
                self.assertTrue(0 <= round(passed, 2) < run.TIMEOUT, passed)

    def test_they_are_settled(self):
        seen = self.probe("cat", "/proc/self/timens_offsets", options=["--time-offset=boottime:-1.5"])
        self.assertEqual(seen.split(), ["monotonic", "0", "0", "boottime", "-2", "500000000"])
        for users in ([], ["-U"]):
            refused = self.probe("write", "/proc/self/timens_offsets", "boottime 9 0",
                                 options=["--time-offset=1", *users], status=1)
            self.assertRegex(refused, "EACCES|EPERM")

    def test_no_clock_is_before_its_beginning(self):
        self.assertIn("step clocks", self.refused(["--time-offset=-4000000000"], "/probe"))


class Shifting(Users):
    """The files of a tree are given to the machine's users."""

    OPTIONS = ["--private-users=pick", "--private-users-ownership=chown"]

    def setUp(self):
        super().setUp()
        self.base = self.first("-U")
        self.write("dir/program", "x", 0o6755)
        self.write("dir/list", "x")
        os.chown(self.path("dir/program"), 5, 6)
        os.chmod(self.path("dir/program"), 0o6755)
        os.setxattr(self.path("dir/program"), "security.capability", capability(2))
        os.setxattr(self.path("dir/list"), "system.posix_acl_access", acl(7))
        os.symlink("/etc/shadow", self.path("dir/link"))
        os.link(self.path("dir/list"), self.path("dir/second"))

    def owners(self):
        found = set()
        for directory, names, files in os.walk(self.root):
            for name in [".", *names, *files]:
                st = os.lstat(os.path.join(directory, name))
                found |= {st.st_uid, st.st_gid}
        return found

    def check_shifted(self):
        self.assertEqual(self.owners(), {self.base, self.base + 5, self.base + 6})
        self.assertEqual(stat.S_IMODE(os.stat(self.path("dir/program")).st_mode), 0o6755)
        caps = os.getxattr(self.path("dir/program"), "security.capability")
        self.assertEqual(caps, capability(3, self.base))
        self.assertEqual(os.getxattr(self.path("dir/list"), "system.posix_acl_access"), acl(self.base + 7))
        for name in ("dir/program", "dir/list"):
            self.assertNotIn("trusted.berth.shift", os.listxattr(self.path(name)))

    def test_all_of_a_tree_is_given_away(self):
        self.assertIn("/dir/program 5:6\n", self.probe("owner", "/dir/program", options=self.OPTIONS))
        self.check_shifted()
        self.assertEqual(os.stat("/etc/shadow").st_uid, 0)
        # Once is enough: it has these owners, and keeps them.
        self.assertEqual(self.first("-U"), self.base)
        self.probe("who", options=self.OPTIONS)
        self.check_shifted()

    def test_another_range_takes_it_over(self):
        self.probe("who", options=self.OPTIONS)
        self.base = CHOSEN
        self.probe("who", options=[f"--private-users={CHOSEN}", "--private-users-ownership=chown"])
        self.check_shifted()

    def test_not_under_the_feet_of_somebody_who_runs_it(self):
        self.probe("who", options=self.OPTIONS)
        with self.waiting("-U"):
            refused = self.refused([f"--private-users={CHOSEN}", "--private-users-ownership=chown",
                                    f"--machine={run.NAME}-2"], "/probe", "who")
            self.assertIn("run already", refused)
        self.check_shifted()

    def test_what_is_mounted_below_is_not_the_tree_s(self):
        with tempfile.TemporaryDirectory() as outside, contextlib.ExitStack() as stack:
            os.makedirs(self.path("mnt"))
            subprocess.run(["mount", "--bind", outside, self.path("mnt")], check=True)
            stack.callback(subprocess.run, ["umount", self.path("mnt")], check=True)
            self.probe("who", options=self.OPTIONS)
            self.assertEqual(os.stat(outside).st_uid, 0)


    def test_what_is_too_deep_is_refused_and_not_used(self):
        path = self.path("deep")
        os.makedirs(os.path.join(path, *["d"] * 300))
        os.makedirs(os.path.join(path, *["d"] * 450))
        self.assertRegex(self.refused(self.OPTIONS, "/probe", "who"), "step users .*Too many levels")
        self.assertEqual(os.stat(self.root).st_uid, 0xfffe0000)
        os.rename(os.path.join(path, *["d"] * 300), self.path("other"))
        self.probe("who", options=self.OPTIONS)
        self.check_shifted()

    def test_who_swaps_directories_for_links_gives_nothing_away(self):
        with tempfile.TemporaryDirectory() as outside:
            with open(os.path.join(outside, "file"), "w", encoding="utf-8"):
                pass
            os.symlink(outside, self.path("link"))
            for i in range(200):
                self.write(f"deep/{i}/file", "x")
            swapper = subprocess.Popen([sys.executable, "-c", SWAPPER, self.path("deep"), self.path("link")])
            try:
                for base in range(CHOSEN, CHOSEN + 20 * BLOCK, BLOCK):
                    ran = subprocess.run(self.arguments(f"--private-users={base}", "--private-users-chown",
                                                        "/probe", "who"), stdin=subprocess.DEVNULL,
                                         capture_output=True, timeout=run.TIMEOUT, check=False)
                    self.assertIn(ran.returncode, (0, 1))
            finally:
                swapper.kill()
                swapper.wait()
            for path in (outside, os.path.join(outside, "file")):
                self.assertEqual(os.stat(path).st_uid, 0)


# Exchanges the two paths that it is given, for ever: renameat2() with RENAME_EXCHANGE.
SWAPPER = """
import ctypes, os, sys
one, two = (os.fsencode(p) for p in sys.argv[1:])
while True:
    ctypes.CDLL(None).renameat2(-100, one, -100, two, 2)
"""


def capability(revision, root=0):
    """security.capability with CAP_NET_RAW, permitted and effective, see <linux/capability.h>."""
    value = struct.pack("<IIIII", revision << 24 | 1, 1 << 13, 0, 0, 0)
    return value + struct.pack("<I", root) if revision == 3 else value


def acl(user):
    """An access control list with an entry for one more user."""
    nobody = 0xffffffff
    entries = [(1, 6, nobody), (2, 6, user), (4, 4, nobody), (16, 6, nobody), (32, 4, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


class ShiftingFaults(Shifting):
    def interrupted(self, where):
        ran = subprocess.run(self.arguments(*self.OPTIONS, "/probe", "who"), stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=run.TIMEOUT, check=False,
                             env=dict(os.environ, BERTH_FAULT=where))
        if ran.returncode == 0:
            self.skipTest("built without fault points")
        return ran

    def test_what_was_interrupted_is_not_used_and_then_finished(self):
        for where in ("chown:program", "chowned:program", "chowned:list=28", "chown:link", "chown:dir"):
            with self.subTest(where):
                self.interrupted(where)
                self.assertEqual(os.stat(self.root).st_uid, 0xfffe0000)
                for options in (["-U"], ["--private-users"], ["--private-users=pick"],
                                [f"--private-users={CHOSEN}", "--private-users-ownership=map"]):
                    self.assertIn("step users", self.refused(options, "/probe", "who"))
                self.probe("who", options=self.OPTIONS)
                self.check_shifted()
                self.probe("who", options=[f"--private-users={CHOSEN}", "--private-users-ownership=chown"])
                self.assertEqual(min(self.owners()), CHOSEN)
                os.chown(self.root, 0, 0) # so that the name decides again


if __name__ == "__main__":
    run.main()
