#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that exchanges two of its names, as often as it can, until it is killed.

usage: swap.py DIRECTORY NAME NAME

One of them is a directory or file, the other a link out: who looks at the first and
uses the name again may find the second.
"""

import ctypes
import os
import sys

RENAME_EXCHANGE = 2

libc = ctypes.CDLL(None, use_errno=True)
fd = os.open(sys.argv[1], os.O_PATH | os.O_DIRECTORY)
a, b = (name.encode() for name in sys.argv[2:4])
print("swapping", flush=True)
while True:
    libc.renameat2(fd, a, fd, b, RENAME_EXCHANGE)
