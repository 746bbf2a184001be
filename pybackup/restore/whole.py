"""What workers of an extraction run: members decoded and placed, one batch or one segment at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from pybackup.compress.unpack import decode
from pybackup.errors import FormatError
from pybackup.host.joined import Place, open_place
from pybackup.host.staging import write_at
from pybackup.host.storage import ArchiveFile, environment
from pybackup.layout.sparse import SparseReader
from pybackup.model.member import Member, Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Noted
from pybackup.tree.place import PlaceOptions, StagedFile, Target, open_staged

# What is decoded at once before it is written; longer members are written as they are decoded.
_WHOLE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Where:
    """The archive, the target, and how to place: all that tasks have in common."""

    archive: Place
    target: bytes
    options: PlaceOptions


@dataclass(frozen=True, slots=True)
class Placed:
    """What came of a batch: paths that are not in their place, what was said, how many files came from other copies."""

    unplaced: Sequence[bytes]
    notes: Sequence[str]
    problems: Sequence[Problem]
    spared: int = 0


def place_batch(where: Where, batch: Sequence[Stored]) -> Placed:
    """Restore files, each whole and checked before it gets its name."""
    monitor = Noted()
    unplaced = []
    spared = 0
    with open_place(where.archive) as file, Target(where.target, where.options, monitor) as target:
        for stored in batch:
            faults: list[str] = []
            placed = _place_from_any(file, target, stored, faults)
            if placed is None:
                monitor.problem(Problem(stored.entry.path, Trouble.LOST, said_of_all(faults)))
            if not placed:
                unplaced.append(stored.entry.path)
            spared += bool(placed and faults)
    return Placed(unplaced, monitor.notes, monitor.problems, spared)


def said_of_all(faults: Sequence[str]) -> str:
    """Say what is wrong with each place that a file could have come from."""
    return "; its other copy: ".join(faults)


def place_segment(where: Where, directory: bytes, temporary: bytes, offset: int, member: Member) -> str:
    """Decode one segment into a staged file at ``offset``; return what is wrong with it, empty if nothing."""
    with open_place(where.archive) as file:
        try:
            fd = open_staged(where.target, directory, temporary)
        except (OSError, FormatError) as error:
            return f"cannot be written: {error}"
        try:
            for data in decode(file, member):
                with environment(where.target):
                    write_at(fd, offset, data)
                offset += len(data)
        except FormatError as error:
            return str(error)
        finally:
            os.close(fd)
    return ""


def _place_from_any(file: ArchiveFile, target: Target, stored: Stored, faults: list[str]) -> bool | None:
    """Place a file from the first place where it is whole; None where it is nowhere. ``faults`` gets what is wrong."""
    for place in stored.places:
        try:
            return _place(file, target, place)
        except FormatError as error:
            faults.append(str(error))
    return None


def _place(file: ArchiveFile, target: Target, stored: Stored) -> bool:
    if stored.sparse:
        return _place_sparse(file, target, stored)
    if stored.entry.size <= _WHOLE_BYTES:
        data = b"".join(data for member in stored.members for data in decode(file, member))
        return target.write_file(stored.entry, data)
    staged = target.begin_file(stored.entry)
    if staged is None:
        return False
    offset = 0
    with Discarding(staged):
        for member in stored.members:
            for data in decode(file, member):
                if not staged.write_at(offset, data):
                    return False
                offset += len(data)
        return staged.commit()


def _place_sparse(file: ArchiveFile, target: Target, stored: Stored) -> bool:
    staged = target.begin_file(stored.entry)
    if staged is None:
        return False
    reader = SparseReader(stored.entry.size)
    with Discarding(staged):
        for member in stored.members:
            for piece in decode(file, member):
                for offset, data in reader.feed(piece):
                    if not staged.write_at(offset, data):
                        return False
        reader.finish()
        return staged.commit()


class Discarding:
    """Discards a staged file that was not committed; harmless behind a commit."""

    def __init__(self, staged: StagedFile) -> None:
        self._staged = staged

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._staged.discard()
