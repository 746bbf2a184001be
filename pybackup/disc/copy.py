"""Copying the body of a volume into an image and hashing it, in a second process if this one has other work to do.

Threads would not do: because of Python's global lock, hashing and the arithmetic of parity take as long in two threads
as one after the other.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from pybackup.container.own import END
from pybackup.errors import Damaged
from pybackup.host.environment import environment
from pybackup.host.in_step import in_step
from pybackup.host.output import Output
from pybackup.host.second_process import FirstProcess, Message, SecondProcess, is_worth_it, second_process
from pybackup.host.storage import ArchiveFile

from .volume import DiscVolume

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class CopySteps:
    """How many bytes are handled at a time. The image does not depend on these sizes.

    Attributes
    ----------
    copied
        Bytes copied at a time.
    told
        Bytes copied between two reports of progress.
    read
        Bytes read at a time of the image outside of the volume.
    least
        Volumes shorter than this many bytes are copied in this process: starting a second one would take longer than it
        saves.
    """

    copied: int = 1 << 20
    told: int = 1 << 23
    read: int = 1 << 20
    least: int = 64 << 20


USUAL_STEPS = CopySteps()


@dataclass(frozen=True, slots=True)
class _Copied(Message):
    """Message from the copying process: how many more bytes were copied."""

    n_bytes: int


@dataclass(frozen=True, slots=True)
class _Digest(Message):
    """Message from the copying process: the SHA-256 of all bytes so far."""

    digest: bytes


@dataclass(frozen=True, slots=True)
class _Update(Message):
    """Message to the copying process: hash these bytes too, which may be none."""

    data: bytes


@dataclass(frozen=True, slots=True)
class _Tell(Message):
    """Message to the copying process: send the SHA-256."""


class Copying(Protocol):
    """A running copy of a volume into an image, and the SHA-256 of the volume and of the bytes given to `update`."""

    def finish(self) -> bytes:
        """Wait until the volume has been copied, and return the SHA-256 of its file on the disc.

        Raises
        ------
        Damaged
            The volume does not match the checksums in its own parity stream.
        EnvironmentFailed
            The volume cannot be read, or the image cannot be written.
        """

    def update(self, data: bytes) -> None:
        """Continue the hash with bytes that the image's parity protects beside the volume."""

    def digest(self) -> bytes:
        """Return the SHA-256 of the volume and of all bytes given to `update`."""

    def report_progress(self) -> None:
        """Call ``progress`` with the bytes copied since the last call, if there are any; does not wait."""


@contextmanager
def copying(
    volume: DiscVolume,
    file: ArchiveFile,
    output: Output,
    at: int,
    *,
    beside: bool,
    steps: CopySteps = USUAL_STEPS,
    progress: Progress,
) -> Iterator[Copying]:
    """Copy the body of a volume to an offset of the image, and write the end of an archive after it.

    Parameters
    ----------
    at
        Offset of the volume in the image, in bytes.
    beside
        The caller has other work to do meanwhile: copy in a second process, if the volume is long enough.
    progress
        Called, in this process, with the number of bytes copied since the last call.
    """
    copy = _Copy(volume, file, output, at, steps)
    if not beside or volume.body_bytes < steps.least or not is_worth_it():
        yield _Here(copy, progress)
        return
    with second_process(copy.serve, "copies") as process:
        yield _There(process, progress) if process else _Here(copy, progress)


def _take_all(digest: hashlib._Hash, pieces: Iterator[bytes]) -> None:
    for data in pieces:
        digest.update(data)


@dataclass(frozen=True, slots=True)
class _Copy:
    volume: DiscVolume
    file: ArchiveFile
    output: Output
    at: int
    steps: CopySteps

    def serve(self, first: FirstProcess) -> None:
        """In the second process: copy, then hash the bytes received, and send the digest whenever it is asked for."""
        digest = self.perform(lambda count: first.send(_Copied(count)))
        first.send(_Digest(digest.digest()))
        for message in first.messages():
            if isinstance(message, _Update):
                digest.update(message.data)
            else:
                assert isinstance(message, _Tell)
                first.send(_Digest(digest.digest()))

    def perform(self, progress: Progress) -> hashlib._Hash:
        """Copy the volume, and return the SHA-256 of what was written."""
        digest = hashlib.sha256()
        in_step(([data] for data in self._copied(progress)), [partial(_take_all, digest)])
        self._check(digest.copy())
        digest.update(END)
        self.output.write_at(self.at + self.volume.body_bytes, END)
        return digest

    def _copied(self, progress: Progress) -> Iterator[bytes]:
        """Copy the body, and yield the pieces that were copied."""
        told = 0
        for start, data in self._pieces():
            self.output.write_at(self.at + start, data)
            self.output.hurry(self.at + start, len(data))
            yield data
            told += len(data)
            if told >= self.steps.told:
                progress(told)
                told = 0
        progress(told)

    def _pieces(self) -> Iterator[tuple[int, bytes]]:
        for start in range(0, self.volume.body_bytes, self.steps.copied):
            yield start, self._read(start, min(start + self.steps.copied, self.volume.body_bytes))

    def _check(self, digest: hashlib._Hash) -> None:
        """Compare the volume with the SHA-256 in its parity stream, given the hash of its body."""
        stream = self.volume.stream
        if stream is None:
            return
        shape = stream.geometry
        for start, end in (
            (self.volume.body_bytes, shape.before_bytes),
            (shape.before_bytes + shape.stream_bytes, shape.volume_bytes),
        ):
            for at in range(start, end, self.steps.copied):
                digest.update(self._read(at, min(at + self.steps.copied, end)))
        if digest.digest() != stream.digest:
            raise self.volume.damaged()

    def _read(self, start: int, end: int) -> bytes:
        with environment(self.file.path):
            data = self.file.read_at(start, end - start)
        if len(data) != end - start:
            raise Damaged(f"{os.fsdecode(self.file.path)}: ends too early")
        return data


class _Here:
    """Copies in this process, when the caller calls `finish`."""

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

    def report_progress(self) -> None:
        """Do nothing: the copy is made, and reported, by `finish`."""


class _There:
    """Copies in a second process; this is the caller's side of it."""

    def __init__(self, process: SecondProcess, progress: Progress) -> None:
        self._process = process
        self._progress = progress
        self._digest: bytes | None = None

    def finish(self) -> bytes:
        while self._digest is None:
            self._take()
        return self._digest

    def update(self, data: bytes) -> None:
        self._process.send(_Update(data))

    def digest(self) -> bytes:
        self._process.send(_Tell())
        self._digest = None
        return self.finish()

    def report_progress(self) -> None:
        while self._digest is None and self._process.has_spoken():
            self._take()

    def _take(self) -> None:
        said = self._process.receive()
        if isinstance(said, _Copied):
            self._progress(said.n_bytes)
        else:
            assert isinstance(said, _Digest)
            self._digest = said.digest
