#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes and describes trees of files, for stories of copies.

usage: trees.py make DIRECTORY       one of each kind, but for devices
       trees.py describe DIRECTORY   all there is to compare, a line each
       trees.py holes FILE           how much of it is there, in KiB

Hard links are told by the first of their names, times by whole seconds.
"""

import hashlib
import os
import socket
import stat
import struct
import sys

ACL = "system.posix_acl_access"


def acl():
    """user::rw- user:1234:rwx group::r-- mask::rwx other::---"""
    entries = [(1, 6, 2**32 - 1), (2, 7, 1234), (4, 4, 2**32 - 1), (16, 7, 2**32 - 1), (32, 0, 2**32 - 1)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def make(top):
    def path(name):
        return os.path.join(top, name)

    def write(name, data, mode=0o644):
        with open(path(name), "wb") as f:
            f.write(data)
        os.chmod(path(name), mode)

    os.makedirs(path("empty"), 0o700)
    os.makedirs(path("deep/er"), 0o755)
    write("plain", b"text\n", 0o640)
    write("program", b"#!/bin/sh\n", 0o4755)
    write("deep/large", os.urandom(3 << 20))
    write("deep/er/owned", b"theirs\n")
    os.chown(path("deep/er/owned"), 1234, 2345)
    os.link(path("plain"), path("deep/linked"))
    os.symlink("/nowhere", path("absolute"))
    os.symlink("plain", path("relative"))
    os.mkfifo(path("fifo"), 0o620)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path("socket"))
    os.chmod(path("empty"), 0o2750)
    for name in ("plain", "deep"):
        try:
            os.setxattr(path(name), "user.story", name.encode())
        except OSError:
            pass    # not on this file system
    for name in ("deep/er/owned", "deep/er", "plain"):
        os.utime(path(name), (1000000000, 1100000000))


def xattrs(path):
    kept = [n for n in os.listxattr(path, follow_symlinks=False)
            if not n.startswith(("security.sel", "trusted."))]
    return " ".join(f"{n}={os.getxattr(path, n, follow_symlinks=False).hex()}" for n in sorted(kept))


def content(path, st):
    if stat.S_ISREG(st.st_mode):
        with open(path, "rb") as f:
            return hashlib.sha256(f.read()).hexdigest()[:16]
    return os.readlink(path) if stat.S_ISLNK(st.st_mode) else ""


def describe(top):
    first = {}
    names = sorted(os.path.relpath(os.path.join(directory, name), top)
                   for directory, below, files in os.walk(top) for name in below + files)
    for name in ["."] + names:
        path = os.path.join(top, name)
        st = os.lstat(path)
        same = first.setdefault((st.st_dev, st.st_ino), name)
        time = 0 if stat.S_ISLNK(st.st_mode) else int(st.st_mtime)
        print(name, stat.filemode(st.st_mode), st.st_uid, st.st_gid, time, content(path, st), xattrs(path),
              f"is {same}" if same != name else "")


if len(sys.argv) != 3 or sys.argv[1] not in ("make", "describe", "holes"):
    sys.exit(__doc__)
if sys.argv[1] == "make":
    make(sys.argv[2])
elif sys.argv[1] == "describe":
    describe(sys.argv[2])
else:
    print(os.stat(sys.argv[2]).st_blocks // 2)
