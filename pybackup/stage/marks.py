"""Comparing directories by marks, which are made of the names, sizes and times of their files.

If the mark of a directory is that of the last scan, none of its files needs to be compared. Where there are many
directories, a second process looks at half of them: what Python does for each file takes longer than what the kernel
does, and only what differs has to be told.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pybackup.host.second_process import FirstProcess, Message, is_worth_it, second_process
from pybackup.model.source import Judge

from .look import WHOLE, DirectoryRange, Failed, Seen, look, place_of

_WORTH_A_PROCESS = 1000  # directories


class Looked(NamedTuple):
    """A directory: its path, how many files it has, and its mark; ``found`` is None if that is the mark it had."""

    directory: bytes
    files: int
    mark: bytes
    found: Seen | None


@dataclass(frozen=True, slots=True)
class _Different(Message):
    looked: Looked


@dataclass(frozen=True, slots=True)
class _Unreadable(Message):
    path: bytes
    error: OSError


@dataclass(frozen=True, slots=True)
class _Rest(Message):
    """All directories whose marks are as they were. Nothing comes behind it."""

    alike: list[tuple[bytes, int, bytes]]


@dataclass(frozen=True, slots=True)
class MarkedLook:
    """What `look` is asked for, and what its directories are compared with.

    Attributes
    ----------
    marks
        The marks of the last scan, by directory.
    compare
        What scans compare: marks of scans that compare something else are others.
    """

    top: bytes
    judge: Judge | None
    marks: Mapping[bytes, bytes]
    compare: str

    def all(self, failed: Failed) -> Iterator[Looked]:
        """Yield every directory: those that changed in the order of `look`, those that did not at any time.

        Raises
        ------
        OSError
            The topmost directory cannot be read.
        """
        if len(self.marks) < _WORTH_A_PROCESS or not is_worth_it():
            yield from self._part(WHOLE, failed)
            return
        places = sorted(map(place_of, self.marks))
        middle = places[len(places) // 2]
        with second_process(lambda first: self._tell(first, DirectoryRange(middle)), "looks at directories") as second:
            if second is None:
                yield from self._part(WHOLE, failed)
                return
            yield from self._part(DirectoryRange(b"", middle), failed)
            while not isinstance(said := second.receive(), _Rest):
                if isinstance(said, _Different):
                    yield said.looked
                elif isinstance(said, _Unreadable):
                    failed(said.path, said.error)
            for directory, files, mark in said.alike:
                yield Looked(directory, files, mark, None)

    def _part(self, part: DirectoryRange, failed: Failed) -> Iterator[Looked]:
        for directory, found in look(self.top, self.judge, failed, part):
            mark = mark_of(found, self.compare)
            yield Looked(directory, len(found), mark, None if self.marks.get(directory) == mark else found)

    def _tell(self, first: FirstProcess, part: DirectoryRange) -> None:
        alike = []
        for looked in self._part(part, lambda path, error: first.send(_Unreadable(path, error))):
            if looked.found is None:
                alike.append(looked[:3])
            else:
                first.send(_Different(looked))
        first.send(_Rest(alike))


def mark_of(found: Seen, compare: str) -> bytes:
    """Return the mark of a directory with these files: another one if any of them changed, as far as a status tells.

    Parameters
    ----------
    compare
        What a scan compares; marks of scans that compare something else differ.
    """
    # Another version of Python may give other bytes: then the files are just compared one by one.
    return hashlib.blake2b(marshal.dumps((compare, found), 2), digest_size=16).digest()
