#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mounts a file system that never answers, on each of the given directories.

usage: stall.py DIRECTORY...

It is FUSE without anybody behind it: whoever looks into it waits until this
program is killed.
"""

import ctypes
import os
import signal
import sys

libc = ctypes.CDLL(None, use_errno=True)

kept = []
for directory in sys.argv[1:]:
    fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={fuse},rootmode=40755,user_id=0,group_id=0,allow_other"
    if libc.mount(b"stall", os.fsencode(directory), b"fuse.stall", 0, options.encode()) < 0:
        sys.exit(f"{directory}: {os.strerror(ctypes.get_errno())}")
    kept.append(fuse)

print("stalled", flush=True)
signal.pause()
