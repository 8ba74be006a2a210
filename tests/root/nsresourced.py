# SPDX-License-Identifier: LGPL-2.1-or-later
"""A systemd-nsresourced that lends users as the real one does, without what that
wants of a kernel; or one that misbehaves.
"""

import glob
import json
import os
import socket
import threading

SOCKET = "/run/systemd/io.systemd.NamespaceResource"
INTERFACE = "io.systemd.NamespaceResource"
BLOCK = 65536
FIRST = 0x7000000 // BLOCK * BLOCK


def processes_of(users_fd):
    """Those in a user namespace: who made it keeps one there."""
    inode = os.fstat(users_fd).st_ino
    for directory in glob.glob("/proc/[0-9]*"):
        try:
            if os.stat(f"{directory}/ns/user").st_ino == inode:
                yield directory
        except OSError:
            pass


def write_maps(users_fd, uids, gids=None):
    directory = next(processes_of(users_fd))
    for name, lines in (("gid_map", gids or uids), ("uid_map", uids)):
        with open(f"{directory}/{name}", "w", encoding="ascii") as f:
            f.write("".join(f"{inside} {outside} {count}\n" for inside, outside, count in lines))


def ranges(n_delegated, first=FIRST):
    """As it lends them: the machine's, and those that have the same numbers inside."""
    delegated = [first + (i + 1) * BLOCK for i in range(n_delegated)]
    return [(0, first, BLOCK)] + [(base, base, BLOCK) for base in delegated]


def lend(parameters, users_fd):
    write_maps(users_fd, ranges(parameters.get("delegateContainerRanges", 0)))
    return {"parameters": {"name": parameters["name"]}}


class Nsresourced:
    """Answers one call after the other with what @answer makes of it: an object, bytes,
    or None to hang up."""

    def __init__(self, answer=lend):
        self.answer = answer
        self.calls = []
        os.makedirs(os.path.dirname(SOCKET), exist_ok=True)
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listening.bind(SOCKET)
        self.listening.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            with client:
                self.talk(client)

    def talk(self, client):
        data, fds, _, _ = socket.recv_fds(client, BLOCK, 16)
        try:
            call = json.loads(data.rstrip(b"\0"))
            self.calls.append(call)
            reply = self.answer(call["parameters"], fds[call["parameters"]["userNamespaceFileDescriptor"]])
            if isinstance(reply, dict):
                reply = json.dumps(reply).encode() + b"\0"
            client.sendall(reply or b"")
        except OSError:
            pass  # who asked has gone
        finally:
            for fd in fds:
                os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join()
        os.unlink(SOCKET)
