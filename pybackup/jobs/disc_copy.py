"""Copying the body of a volume into an image, and hashing it, in a second process where there is other work meanwhile.

Python's lock would let threads wait for each other: hashing and the arithmetic of parity in one process take as long
as one after the other.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Protocol

from pybackup.errors import Damaged, EnvironmentFailed, PybackupError
from pybackup.host.storage import ArchiveFile, Output, environment
from pybackup.host.workers import default_workers
from pybackup.layout import ustar

from .disc_volume import DiscVolume

_COPY_BYTES = 1 << 20
_TOLD_BYTES = 1 << 23
# Below it a second process costs more than it brings.
_LEAST_BYTES = 64 << 20

Progress = Callable[[int], None]


class Copying(Protocol):
    """The copying of a volume, and the SHA-256 of it, which goes on over what follows."""

    def finish(self) -> bytes:
        """Return the SHA-256 of the volume as it is on the disc, when it has been copied.

        Raises
        ------
        Damaged
            The volume is not what its own parity stream says of it.
        EnvironmentFailed
            It cannot be read or written.
        """

    def update(self, data: bytes) -> None:
        """Go on with the hash over what follows the volume."""

    def digest(self) -> bytes:
        """Return the SHA-256 of the volume and what followed."""

    def look(self) -> None:
        """Tell the progress."""


@contextmanager
def copying(
    volume: DiscVolume, file: ArchiveFile, output: Output, at: int, *, beside: bool, progress: Progress
) -> Iterator[Copying]:
    """Copy the body of a volume to an offset of the image, and end it there.

    Parameters
    ----------
    beside
        The caller has other work to do: copy in a second process, if it is worth it.
    progress
        Called, in this process, with the number of bytes copied since the last call.
    """
    can_fork = "fork" in multiprocessing.get_all_start_methods()
    if not beside or not can_fork or volume.body_bytes < _LEAST_BYTES or default_workers() < 2:
        yield _Here(_Copy(volume, file, output, at), progress)
        return
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    copy = _Copy(volume, file, output, at)
    process = context.Process(target=_serve, args=(copy, ours, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield _There(ours, progress)
    finally:
        ours.close()
        process.terminate()
        process.join()


@dataclass(frozen=True, slots=True)
class _Copy:
    volume: DiscVolume
    file: ArchiveFile
    output: Output
    at: int

    def perform(self, progress: Progress) -> hashlib._Hash:
        """Copy, and return the SHA-256 of what is in the image now."""
        digest = hashlib.sha256()
        told = 0
        with ThreadPoolExecutor(1) as beside:
            hashed = None
            for start, data in self._pieces():
                if hashed:
                    hashed.result()
                hashed = beside.submit(digest.update, data)
                self.output.write_at(self.at + start, data)
                self.output.hurry(self.at + start, len(data))
                told += len(data)
                if told >= _TOLD_BYTES:
                    progress(told)
                    told = 0
        progress(told)
        self._check(digest.copy())
        digest.update(ustar.END)
        self.output.write_at(self.at + self.volume.body_bytes, ustar.END)
        return digest

    def _pieces(self) -> Iterator[tuple[int, bytes]]:
        for start in range(0, self.volume.body_bytes, _COPY_BYTES):
            yield start, self._read(start, min(start + _COPY_BYTES, self.volume.body_bytes))

    def _check(self, digest: hashlib._Hash) -> None:
        """Check the volume by its stream; the hash has taken the body."""
        stream = self.volume.stream
        if stream is None:
            return
        shape = stream.geometry
        for start, end in (
            (self.volume.body_bytes, shape.before_bytes),
            (shape.before_bytes + shape.stream_bytes, shape.volume_bytes),
        ):
            for at in range(start, end, _COPY_BYTES):
                digest.update(self._read(at, min(at + _COPY_BYTES, end)))
        if digest.digest() != stream.digest:
            raise self.volume.damaged()

    def _read(self, start: int, end: int) -> bytes:
        with environment(self.file.path):
            data = self.file.read_at(start, end - start)
        if len(data) != end - start:
            raise Damaged(f"{os.fsdecode(self.file.path)}: ends too early")
        return data


class _Here:
    """Copies when the caller waits for it."""

    def __init__(self, copy: _Copy, progress: Progress) -> None:
        self._copy = copy
        self._progress = progress
        self._hash = hashlib.sha256()

    def finish(self) -> bytes:
        self._hash = self._copy.perform(self._progress)
        return self._hash.digest()

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def digest(self) -> bytes:
        return self._hash.digest()

    def look(self) -> None:
        """Nothing has been copied before `finish`."""


class _There:
    """The second process, as the caller sees it."""

    def __init__(self, pipe: Connection, progress: Progress) -> None:
        self._pipe = pipe
        self._progress = progress
        self._digest: bytes | None = None

    def finish(self) -> bytes:
        while self._digest is None:
            self._take()
        return self._digest

    def update(self, data: bytes) -> None:
        self._pipe.send_bytes(data)

    def digest(self) -> bytes:
        self._pipe.send_bytes(b"")
        self._digest = None
        return self.finish()

    def look(self) -> None:
        while self._digest is None and self._pipe.poll():
            self._take()

    def _take(self) -> None:
        try:
            said = self._pipe.recv()
        except EOFError as error:
            raise EnvironmentFailed("the process that copies died, perhaps for lack of memory") from error
        if isinstance(said, PybackupError):
            raise said
        if isinstance(said, int):
            self._progress(said)
        else:
            assert isinstance(said, bytes)
            self._digest = said


def _serve(copy: _Copy, ours: Connection, pipe: Connection) -> None:
    """In the second process: copy, then hash what the pipe brings until it is empty."""
    ours.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, BrokenPipeError):
        try:
            digest = copy.perform(pipe.send)
        except PybackupError as error:
            pipe.send(error)
            os._exit(1)
        pipe.send(digest.digest())
        while data := pipe.recv_bytes():
            digest.update(data)
        pipe.send(digest.digest())
    os._exit(0)
