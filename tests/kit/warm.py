"""Runs of the command line by fork, in a process that has loaded everything: 20 ms instead of 600 for the interpreter.

What a run gets is what a process of its own would get: its own arguments, directory, environment, three streams that
are pipes, its default signals, its exit. Of a fresh interpreter only the imports and what its own variables say
(``PYTHON...``, the locale) are missing: a test of these starts one.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import numpy as np

_HEADER_BYTES = 8
_PACKAGES = (
    *("pybackup.cli.verbs", "pybackup.jobs", "pybackup.jobfiles", "pybackup.catalogue", "pybackup.snapshots"),
    "pyactivity",
)


class Warm:
    """A process that has loaded the command line, warnings being errors, and forks for each run.

    Parameters
    ----------
    environment
        Of the process; that of a run may differ in what an interpreter does not read at its start.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        ours, its = socket.socketpair()
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", __file__, str(its.fileno())],
                env=dict(environment),
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._socket = ours
        self._of = os.getpid()
        atexit.register(self.close)

    def close(self) -> None:
        """End it; runs under way go on."""
        self._socket.close()
        if os.getpid() == self._of:
            self._process.wait()

    def run(
        self,
        module: str,
        arguments: Sequence[str | bytes],
        *,
        environment: Mapping[str, str],
        cwd: Path | None = None,
        stdin: bytes = b"",
        seconds: float = 300,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run ``python -m module arguments`` to its end.

        Raises
        ------
        subprocess.TimeoutExpired
            It had not ended after so many seconds, and was killed.
        """
        asked = {
            "module": module,
            "arguments": [os.fsdecode(argument) for argument in arguments],
            "environment": dict(environment),
            "cwd": os.fspath(cwd or Path.cwd()),
            "umask": _umask(),
        }
        pipes = [os.pipe() for _ in range(3)]
        (its_in, our_in), (our_out, its_out), (our_err, its_err) = pipes
        data = json.dumps(asked).encode()
        socket.send_fds(self._socket, [len(data).to_bytes(_HEADER_BYTES, "big")], [its_in, its_out, its_err])
        for number in (its_in, its_out, its_err):
            os.close(number)
        self._socket.sendall(data)
        pid = int.from_bytes(_exactly(self._socket, _HEADER_BYTES), "big")
        try:
            out, err = _talk(our_in, our_out, our_err, stdin, seconds)
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            _exactly(self._socket, _HEADER_BYTES)
            raise subprocess.TimeoutExpired([module, *arguments], seconds) from None
        status = int.from_bytes(_exactly(self._socket, _HEADER_BYTES), "big", signed=True)
        return subprocess.CompletedProcess([module, *arguments], status, out, err)


def _umask() -> int:
    mask = os.umask(0o77)
    os.umask(mask)
    return mask


def _exactly(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        data = connection.recv(count - len(found))
        if not data:
            raise EOFError("the process that runs commands has ended")
        found += data
    return found


def _talk(our_in: int, our_out: int, our_err: int, stdin: bytes, seconds: float) -> tuple[bytes, bytes]:
    """Write what it reads, and read what it writes, until it has closed both."""
    until = time.monotonic() + seconds
    with (
        open(our_in, "wb", 0) as writing,
        open(our_out, "rb", 0) as out,
        open(our_err, "rb", 0) as err,
        selectors.DefaultSelector() as ready,
    ):
        found = {out: bytearray(), err: bytearray()}
        for stream in found:
            ready.register(stream, selectors.EVENT_READ)
        os.set_blocking(our_in, False)
        ready.register(writing, selectors.EVENT_WRITE)
        left, reading = stdin, 2
        while reading:
            events = ready.select(until - time.monotonic())
            if not events and time.monotonic() >= until:
                raise TimeoutError
            for key, _ in events:
                if key.fileobj is writing:
                    try:
                        left = left[writing.write(left[:65536]) if left else 0 :]
                    except BrokenPipeError:
                        left = b""
                    if not left:
                        ready.unregister(writing)
                        writing.close()
                elif data := os.read(key.fd, 65536):
                    found[key.fileobj] += data  # type: ignore[index]
                else:
                    ready.unregister(key.fileobj)
                    reading -= 1
        return bytes(found[out]), bytes(found[err])


def _serve(connection: socket.socket) -> None:
    """Fork for each run that is asked for; returns in the child, which is the run, and never in the server."""
    while True:
        header, descriptors, _, _ = socket.recv_fds(connection, _HEADER_BYTES, 3)
        if not header:
            os._exit(0)
        asked = json.loads(_exactly(connection, int.from_bytes(header, "big")))
        pid = os.fork()
        if not pid:
            connection.close()
            _become(asked, descriptors)
            return
        for number in descriptors:
            os.close(number)
        connection.sendall(pid.to_bytes(_HEADER_BYTES, "big"))
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        connection.sendall(status.to_bytes(_HEADER_BYTES, "big", signed=True))


def _become(asked: dict[str, object], descriptors: Sequence[int]) -> None:
    """Be what was asked for, but for the code."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(asked["environment"])  # type: ignore[call-overload]
    time.tzset()
    os.chdir(str(asked["cwd"]))
    os.umask(int(str(asked["umask"])))
    sys.argv = [str(asked["module"]), *asked["arguments"]]  # type: ignore[misc]


def _load() -> None:
    """Load what verbs load, and make the tables of the codes."""
    sys.path[:] = [path for path in sys.path if path != str(Path(__file__).parent)]
    for name in _PACKAGES:
        package = importlib.import_module(name)
        for found in pkgutil.iter_modules(package.__path__, f"{name}."):
            importlib.import_module(found.name)
    importlib.import_module("pybackup.codes.codec").encode(np.zeros((2, 64), np.uint8), 1)
    importlib.import_module("pybackup.codes.rs255").protect(b"a")
    gc.collect()
    gc.freeze()  # else each collection in a child copies what it shares


def _run(program: ModuleType) -> NoReturn:
    """Run a program, and end as the interpreter does, but for taking down each module that was loaded: 50 ms."""
    status: object = 0
    try:
        program.run()
    except SystemExit as error:
        status = error.code or 0
    except BaseException:
        traceback.print_exc()
        status = 1
    if not isinstance(status, int):
        print(status, file=sys.stderr)
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    _load()
    _listen = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _serve(_listen)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _run(importlib.import_module(f"{sys.argv[0]}.__main__"))
