#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that writes on and on into a file, until it is killed or the file has 1 GiB.

usage: grow.py FILE
"""

import os
import sys

fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
print("growing", flush=True)
for _ in range(1024):
    os.write(fd, b"more" * 256 * 1024)
