#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest whose file system never answers.

usage: hang.py PID DIRECTORY

Mounts one in the mount namespace of PID, whose every access waits until this
process has ended. Says "mounted" when it is there.
"""

import ctypes
import os
import signal
import sys

CLONE_NEWNS = 0x20000

libc = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


fuse = os.open("/dev/fuse", os.O_RDWR)
mounts = os.open(f"/proc/{sys.argv[1]}/ns/mnt", os.O_RDONLY)
root = os.open(f"/proc/{sys.argv[1]}/root", os.O_RDONLY)
check(libc.setns(mounts, CLONE_NEWNS))
os.fchdir(root)
os.chroot(".")
options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0,allow_other"
check(libc.mount(b"hang", sys.argv[2].encode(), b"fuse", 0, options.encode()))
print("mounted", flush=True)
signal.pause()
