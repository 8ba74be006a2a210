#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Connects to a socket many times, and begins a Varlink call without ever ending it.

usage: crowd.py SOCKET NUMBER
"""

import contextlib
import signal
import socket
import sys


def main(path, number):
    crowd = []
    for _ in range(number):
        connection = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.connect(path)
            connection.sendall(b'{"method":"io.systemd.Machine.List",' + b" " * 1000)
        crowd.append(connection)
    print("crowded", flush=True)
    signal.pause()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]))
