#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exchanges two names in a directory over and over, until it is killed.

usage: flip.py ONE OTHER

What a guest does that wants a path to mean one thing when it is looked at, and
another one when it is used.
"""

import ctypes
import os
import sys

AT_FDCWD = -100
RENAME_EXCHANGE = 2

libc = ctypes.CDLL(None, use_errno=True)
one, other = (os.fsencode(name) for name in sys.argv[1:])
print("flipping", flush=True)
while libc.renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0:
    pass
sys.exit(os.strerror(ctypes.get_errno()))
