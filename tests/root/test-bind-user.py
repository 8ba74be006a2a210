#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""berth-run --bind-user= as root: which users of the host are known inside, whose
their homes are there, and whom it refuses. The host's users are the test's own.

usage: test-bind-user.py BERTH-RUN PROBE
"""

import json
import os
import shutil
import subprocess
import tempfile

import berthrun as run

FIRST = 60514
HASH = "$y$j9T$abc$def"

# Name, uid, gid, GECOS, home (below a directory of the test), shell, password.
USERS = (
    ("alice", 4001, 4001, "Alice A.,Room 1,,", "alice", "/bin/zsh", HASH),
    ("bob", 4002, 4001, "", "bob", "/bin/sh", "!" + HASH),
    ("carol", 4003, 4003, "", "not-hers", "/bin/sh", "*"),
    ("dave", 4004, 4004, "", "file", "/bin/sh", "*"),
    ("erin", 4005, 4005, "", "nowhere", "/bin/sh", "*"),
    ("frank", 4006, 4006, "", "link", "/bin/sh", "*"),
    ("toor", 0, 0, "", "alice", "/bin/sh", "*"),
)


class BindUser(run.Guest):
    @classmethod
    def setUpClass(cls):
        cls.outside = tempfile.mkdtemp(prefix="berth-test-")
        os.chmod(cls.outside, 0o755)
        homes = f"{cls.outside}/homes"
        cls.table("passwd", [f"{u[0]}:x:{u[1]}:{u[2]}:{u[3]}:{homes}/{u[4]}:{u[5]}" for u in USERS])
        cls.table("group", ["friends:x:4001:", "carol:x:4003:", "dave:x:4004:", "erin:x:4005:"])
        cls.table("shadow", [f"{u[0]}:{u[6]}:19000::::::" for u in USERS])

    @classmethod
    def tearDownClass(cls):
        for name in ("passwd", "group", "shadow"):
            subprocess.run(["umount", f"/etc/{name}"], check=True)
        shutil.rmtree(cls.outside)

    @classmethod
    def table(cls, name, lines):
        """The host's own, and more, for this test alone: it has its own mounts."""
        path = os.path.join(cls.outside, name)
        shutil.copy(f"/etc/{name}", path)
        with open(path, "a", encoding="utf-8") as f:
            f.writelines(f"{line}\n" for line in lines)
        subprocess.run(["mount", "--bind", path, f"/etc/{name}"], check=True)

    def setUp(self):
        super().setUp()
        homes = os.path.join(self.outside, "homes")
        os.mkdir(homes)
        self.addCleanup(shutil.rmtree, homes)
        for name, owner in (("alice", 4001), ("bob", 4002), ("not-hers", 0), ("frank", 4006)):
            os.mkdir(os.path.join(homes, name))
            os.chown(os.path.join(homes, name), owner, 4001)
        for name, owner in (("alice/own", 4001), ("alice/other", 4003), ("file", 4004)):
            with open(os.path.join(homes, name), "w", encoding="utf-8") as f:
                f.write(f"{name}\n")
            os.chown(os.path.join(homes, name), owner, owner)
        os.symlink("/etc", os.path.join(homes, "link"))
        os.makedirs(self.path("etc"))

    def home(self, name):
        return os.path.join(self.outside, "homes", name)

    def record(self, name, *options):
        return json.loads(self.probe("cat", f"/run/host/userdb/{name}", options=["-U", *options]))

    def owners(self, *paths, options):
        words = sum((["owner", path, ","] for path in paths), [])[:-1]
        return [line.split()[1] for line in self.probe(*words, options=options).splitlines()]

    def test_a_user_is_known_by_name_and_number(self):
        expected = {"userName": "alice", "uid": FIRST, "gid": FIRST, "realName": "Alice A.",
                    "homeDirectory": "/run/host/home/alice", "disposition": "container",
                    "service": "org.berth"}
        for name in ("alice.user", f"{FIRST}.user"):
            self.assertEqual(self.record(name, "--bind-user=alice"), expected)
        for name in ("friends.group", f"{FIRST}.group"):
            self.assertEqual(self.record(name, "--bind-user=alice"),
                             {"groupName": "friends", "gid": FIRST, "disposition": "container",
                              "service": "org.berth"})

    def test_a_password_is_root_s_to_read_and_there_only_if_it_opens(self):
        for name in ("alice.user-privileged", f"{FIRST}.user-privileged"):
            self.assertEqual(self.record(name, "--bind-user=alice"),
                             {"privileged": {"hashedPassword": [HASH]}})
        self.assertIn("EACCES", self.probe("cat", "/run/host/userdb/alice.user-privileged", status=1,
                                           options=["-U", "--bind-user=alice", "--uid=1000"]))
        self.assertNotIn("privileged", self.probe("list", "/run/host/userdb",
                                                  options=["-U", "--bind-user=bob"]))

    def test_the_shell_is_the_machine_s_the_host_s_or_another_one(self):
        for option, shell in (("no", None), ("yes", "/bin/zsh"), ("/bin/fish", "/bin/fish")):
            record = self.record("alice.user", "--bind-user=alice", f"--bind-user-shell={option}")
            self.assertEqual(record.get("shell"), shell)

    def test_groups_of_the_machine_are_joined(self):
        groups = ("sudo", "disk")
        options = ["--bind-user=alice", "--bind-user=bob", *(f"--bind-user-group={g}" for g in groups)]
        self.assertEqual(self.record("bob.user", *options)["memberOf"], list(groups))
        found = self.probe("list", "/run/host/userdb", options=["-U", *options]).split()
        self.assertEqual({n for n in found if n.endswith(".membership")},
                         {f"{u}:{g}.membership" for u in ("alice", "bob") for g in groups})

    def test_two_users_of_one_group_share_it(self):
        options = ["--bind-user=alice", "--bind-user=bob"]
        record = self.record("bob.user", *options)
        self.assertEqual((record["uid"], record["gid"]), (FIRST + 1, FIRST))
        self.assertEqual(self.owners("/run/host/home/bob", options=["-U", *options]),
                         [f"{FIRST + 1}:{FIRST}"])

    def test_a_home_is_the_user_s_and_all_else_in_it_is_nobody_s(self):
        for users in ("-U", f"--private-users={1000 * 65536}", "--private-users=identity"):
            self.assertEqual(self.owners("/run/host/home/alice", "/run/host/home/alice/own",
                                         "/run/host/home/alice/other", options=[users, "--bind-user=alice"]),
                             [f"{FIRST}:{FIRST}", f"{FIRST}:{FIRST}", "65534:65534"])

    def test_what_the_user_makes_is_the_user_s_on_the_host(self):
        options = ["-U", "--bind-user=alice", f"--uid={FIRST}"]
        self.probe("create", "/run/host/home/alice/new", options=options)
        self.assertEqual(os.stat(self.home("alice/new")).st_uid, 4001)

    def test_nobody_else_inside_makes_anything_there(self):
        for user in (0, 1000, FIRST + 1):
            self.assertIn("EOVERFLOW", self.probe("create", "/run/host/home/alice/new", status=1,
                                                  options=["-U", "--bind-user=alice", f"--uid={user}"]))

    def test_numbers_of_the_machine_are_left_to_it(self):
        self.write("etc/passwd", f"root:x:0:0::/:/bin/sh\nx:x:{FIRST}:0::/:/bin/sh\nbroken:x:{FIRST + 1}\n")
        self.write("etc/group", f"root:x:0:\ny:x:{FIRST + 2}:\n")
        self.assertEqual(self.record("alice.user", "--bind-user=alice")["uid"], FIRST + 3)

    def test_names_of_the_machine_are_left_to_it(self):
        self.write("etc/passwd", "alice:x:1000:1000::/:/bin/sh\n")
        self.assertIn("step bind-users (alice, who is a user of the machine already)",
                      self.refused(["-U", "--bind-user=alice"], "/probe"))
        self.write("etc/passwd", "root:x:0:0::/:/bin/sh\n")
        self.write("etc/group", "friends:x:1000:\n")
        self.assertIn("(alice, whose group friends is one of the machine already)",
                      self.refused(["-U", "--bind-user=alice"], "/probe"))

    def test_all_numbers_taken_is_an_error(self):
        self.write("etc/passwd", "".join(f"u{i}:x:{i}:0::/:/bin/sh\n" for i in range(FIRST, 60578)))
        self.assertIn("step bind-users", self.refused(["-U", "--bind-user=alice"], "/probe"))

    def test_who_has_no_home_of_their_own_is_refused(self):
        for name, why in (("carol", "does not belong to carol"), ("dave", "Not a directory"),
                          ("erin", "No such file"), ("frank", "does not belong to frank"),
                          ("toor", "not permitted"), ("nobody-here", "No such")):
            refused = self.refused(["-U", f"--bind-user={name}"], "/probe")
            self.assertIn("step bind-users", refused)
            self.assertIn(why, refused)

    def test_an_image_cannot_say_where_homes_and_records_are(self):
        target = os.path.join(self.outside, "target")
        os.mkdir(target)
        self.addCleanup(shutil.rmtree, target)
        os.makedirs(self.path("run/host"))
        for name in ("home", "userdb"):
            os.symlink(target, self.path(f"run/host/{name}"))
        self.assertEqual(self.record("alice.user", "--bind-user=alice")["uid"], FIRST)
        self.assertEqual(os.listdir(target), [])
        shutil.rmtree(self.path("run"))
        os.symlink(target, self.path("run"))
        self.refused(["-U", "--bind-user=alice"], "/probe")
        self.assertEqual(os.listdir(target), [])

    def test_no_program_of_a_home_gives_a_user_s_rights(self):
        mounts = self.probe("mounts", options=["-U", "--bind-user=alice"])
        line = next(l for l in mounts.splitlines() if " /run/host/home/alice " in l)
        for word in ("nosuid", "nodev"):
            self.assertIn(word, line.split()[5].split(","))
        for command in (("umount", "/run/host/home/alice"), ("create", "/run/host/userdb/x.user"),
                        ("create", "/run/host/home/x")):
            self.assertRegex(self.probe(*command, status=1, options=["-U", "--bind-user=alice"]),
                             "EROFS|EINVAL|EPERM")

    def test_a_settings_file_of_root_s_names_them_and_one_beside_the_tree_does_not(self):
        beside = os.path.join(os.path.dirname(self.root), f"{run.NAME}.nspawn")
        self.addCleanup(os.unlink, beside)
        with open(beside, "w", encoding="utf-8") as f:
            f.write("[Files]\nBindUser=alice bob\nBindUserShell=yes\n")
        options = ["-U"]
        self.assertNotIn("userdb", self.probe("list", "/run/host", options=options))
        options.append("--settings=trusted")
        found = self.probe("list", "/run/host/home", options=options)
        self.assertEqual(sorted(found.split()), ["alice", "bob"])


if __name__ == "__main__":
    run.main()
