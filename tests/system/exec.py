#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a program in a machine by org.berth.Machine1.Exec().

usage: exec.py MACHINE [OPTION…] -- ARGUMENT…

Prints what it writes to stdout, "error: " and what it writes to stderr, and how it ended.

  --user=USER --directory=PATH --env=ASSIGNMENT --input=TEXT   as they say
  --terminal=ROWSxCOLUMNS    on a terminal, without echo and output processing
  --kill=SIGNAL              when it has written something
  --resize=ROWSxCOLUMNS      the same
  --start                    do not wait for anything, print the object's path and the pid
  --times=N                  at once; how many said the same is printed
  --option=NAME              one more, a text, or for stderr our own
"""

import argparse
import os
import resource
import select
import signal
import sys
import termios
import tty

import dbus
import dbus.lowlevel
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

LIMIT = 60
NAME, MACHINE, PROCESS = "org.freedesktop.machine1", "org.berth.Machine1", "org.berth.Process1"


def raw_modes():
    """Those of a new terminal, made raw."""
    master, peer = os.openpty()
    tty.setraw(peer)
    iflag, oflag, cflag, lflag, _, _, cc = termios.tcgetattr(peer)
    os.close(master)
    os.close(peer)
    return dbus.Struct((dbus.UInt32(iflag), dbus.UInt32(oflag), dbus.UInt32(cflag), dbus.UInt32(lflag),
                        dbus.ByteArray(b"".join(c if isinstance(c, bytes) else bytes([c]) for c in cc))),
                       signature="uuuuay")


def size(text):
    return [dbus.UInt16(n) for n in text.split("x")]


def read_until_end(fd, on_data=None):
    text = b""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    while poller.poll(LIMIT * 1000):
        try:
            data = os.read(fd, 65536)
        except BlockingIOError:
            continue
        except OSError:
            break
        if not data:
            break
        text += data
        if on_data:
            on_data()
            on_data = None
    return text.decode()


class Run:
    def __init__(self, arguments, bus):
        self.arguments, self.bus = arguments, bus
        self.fds, self.pipes = {}, []
        options = {}
        for name in "user", "directory":
            if getattr(arguments, name):
                options[name] = getattr(arguments, name)
        if arguments.env:
            options["environment"] = dbus.Array(arguments.env, signature="s")
        if arguments.option:
            options[arguments.option] = dbus.types.UnixFd(2) if arguments.option == "stderr" else "?"
        if arguments.terminal:
            options["terminal"] = True
            options["rows"], options["columns"] = size(arguments.terminal)
            options["modes"] = raw_modes()
        elif not arguments.start:
            options.update(self.open_pipes())
        self.options = dbus.Dictionary(options, signature="sv")

    def open_pipes(self):
        ends = {}
        for name, writes in ("stdin", True), ("stdout", False), ("stderr", False):
            read, write = os.pipe()
            self.fds[name], theirs = (write, read) if writes else (read, write)
            self.pipes.append(theirs)
            ends[name] = dbus.types.UnixFd(theirs)
        return ends

    def call(self, **keywords):
        machine = self.bus.get_object(NAME, "/org/freedesktop/machine1/machine/" + self.arguments.machine,
                                      introspect=False)
        return machine.Exec(dbus.Array(self.arguments.argv, signature="s"), self.options,
                            signature="asa{sv}", dbus_interface=MACHINE, timeout=LIMIT, **keywords)

    def close_pipes(self):
        self.options = None     # has copies
        for fd in self.pipes:
            os.close(fd)
        self.pipes = []

    def started(self, path, results):
        self.close_pipes()
        self.path, self.pid, self.pidfd = path, int(results["pid"]), results["pidfd"].take()
        if "terminal" in results:
            self.fds["stdout"] = results["terminal"].take()
            self.terminal = str(results["terminal-path"])

    def object(self):
        return dbus.Interface(self.bus.get_object(NAME, self.path, introspect=False), PROCESS)

    def act(self):
        if self.arguments.kill:
            self.object().Kill(dbus.Int32(getattr(signal, "SIG" + self.arguments.kill)))
        if self.arguments.resize:
            self.object().Resize(*size(self.arguments.resize))
            os.write(self.fds["stdout"], b"\n")

    def output(self):
        if "stdin" in self.fds:
            os.write(self.fds["stdin"], self.arguments.input.encode())
            os.close(self.fds["stdin"])
        elif self.arguments.input:
            os.write(self.fds["stdout"], self.arguments.input.encode())
        text = read_until_end(self.fds["stdout"], self.act)
        os.close(self.fds["stdout"])
        return text

    def error(self):
        if "stderr" not in self.fds:
            return ""
        text = read_until_end(self.fds["stderr"])
        os.close(self.fds["stderr"])
        return text


def watch_ends(bus, loop, ends):
    def on_exited(how, status, path):
        ends[path] = f"{how} {status}"
        loop.quit()

    bus.add_signal_receiver(on_exited, "Exited", PROCESS, path_keyword="path")


def run_one(arguments, bus, loop, ends):
    run = Run(arguments, bus)
    try:
        run.started(*run.call())
    except dbus.DBusException as e:
        sys.exit(f"{e.get_dbus_name()}: {e.get_dbus_message()}")
    if arguments.start:
        print(run.path, run.pid)
        return
    print(run.output(), end="")
    error = run.error()
    if error:
        print("error: " + error, end="")
    GLib.timeout_add_seconds(LIMIT, loop.quit)
    while run.path not in ends:
        loop.run()
    print(ends[run.path])


def run_many(arguments, bus, loop, ends):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    # The bus lets nobody wait for more than 128 replies.
    buses = [dbus.SystemBus(private=True) for _ in range(arguments.times // 100 + 1)]
    runs = [Run(arguments, buses[i % len(buses)]) for i in range(arguments.times)]
    running, failures = [], []

    def count():
        if len(running) + len(failures) == len(runs):
            loop.quit()

    def started(run, path, results):
        run.started(path, results)
        running.append(run)
        count()

    def failed(run, error):
        run.close_pipes()
        failures.append(str(error))
        count()

    for run in runs:
        run.call(reply_handler=lambda path, results, run=run: started(run, path, results),
                 error_handler=lambda error, run=run: failed(run, error))
    while len(running) + len(failures) < len(runs):
        loop.run()
    if failures:
        print(f"{len(failures)} failed, the first: {failures[0]}")
    said = {}
    if arguments.start:
        return
    for run in running:
        text = run.output()
        os.close(run.pidfd)
        os.close(run.fds["stderr"])
        said[text] = said.get(text, 0) + 1
    while any(run.path not in ends for run in running):
        loop.run()
    for text, number in sorted(said.items()):
        print(number, text, end="")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("machine")
    for name in "user", "directory", "terminal", "kill", "resize", "option":
        parser.add_argument("--" + name)
    parser.add_argument("--input", default="")
    parser.add_argument("--env", action="append")
    parser.add_argument("--start", action="store_true")
    parser.add_argument("--times", type=int)
    split = sys.argv.index("--")
    arguments = parser.parse_args(sys.argv[1:split])
    arguments.argv = sys.argv[split + 1:]

    DBusGMainLoop(set_as_default=True)
    bus, loop, ends = dbus.SystemBus(), GLib.MainLoop(), {}
    watch_ends(bus, loop, ends)
    (run_many if arguments.times else run_one)(arguments, bus, loop, ends)


main()
