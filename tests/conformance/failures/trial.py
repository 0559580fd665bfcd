#!/usr/bin/env python3
"""Runs a command to its end, forced or not, and tells what it left behind.

    trial.py [--signal NAME --after SECONDS] [--watch DIRECTORY]… -- COMMAND…

It is the subreaper of all that the command starts, so that nothing can hide by losing its parent, and has a
mount namespace of its own, so that every mount that is new is the command's. Prints what the command printed,
then lines `status N`, `seconds S`, `answered S` (from the signal to the end), and one line `left …` for every
process, mount or file that was not there before. Exits 0 unless something is left.
"""

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWNS = 0x00020000
MS_REC_PRIVATE = 0x00004000 | 0x00040000

# How long a killed tree of processes may take to be gone.
PATIENCE_S = 3.0


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--signal", default="")
    parser.add_argument("--after", type=float, default=0.0)
    parser.add_argument("--watch", action="append", default=[])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    library = ctypes.CDLL(None)
    if library.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise SystemExit("cannot become a subreaper")
    if library.unshare(CLONE_NEWNS) != 0 or library.mount(None, b"/", None, MS_REC_PRIVATE, None) != 0:
        raise SystemExit("cannot have a mount namespace of its own")
    before = _files(options.watch), _mounts()
    status, seconds, answered = _run(options)
    left = [f"process {line}" for line in _processes_left()]
    left += [f"mount {line}" for line in sorted(_mounts() - before[1])]
    left += [f"file {path}" for path in sorted(_files(options.watch) - before[0])]
    print(f"status {status}")
    print(f"seconds {seconds:.2f}")
    if options.signal:
        print("missed" if answered is None else f"answered {answered:.2f}")
    for line in left:
        print(f"left {line}")
    return 1 if left else 0


def _run(options):
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    started = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    sent = None
    if options.signal:
        try:
            child.wait(timeout=options.after)
        except subprocess.TimeoutExpired:
            sent = time.monotonic()
            _send(child, options.signal)
    status = child.wait()
    ended = time.monotonic()
    return status, ended - started, None if sent is None else ended - sent


def _send(child, name):
    number = signal.Signals[name]
    if number == signal.SIGKILL:
        child.kill()
    else:
        # A terminal sends Ctrl-C to the whole foreground group.
        os.killpg(child.pid, number)


def _processes_left():
    """The descendants that are still there after a moment's patience; they are ended then."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        _reap()
        if not _descendants(os.getpid()):
            return []
        time.sleep(0.05)
    left = _descendants(os.getpid())
    lines = [f"{pid} {_command_line(pid)}" for pid in left]
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return lines


def _reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _descendants(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(word) for word in file.read().split()]
    except OSError:
        return []
    return children + [below for child in children for below in _descendants(child)]


def _command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "?"


def _mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        return {line.rstrip("\n") for line in file}


def _files(directories):
    found = set()
    for directory in directories:
        for parent, names, files in os.walk(directory):
            found.update(os.path.join(parent, name) for name in names + files)
    return found


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
