"""Storing a large file that changed: which segments an earlier archive holds already, and deltas for the others."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from pybackup.archive.holders import volume_of
from pybackup.archive.same_content import open_live
from pybackup.delta import engine
from pybackup.errors import FormatError
from pybackup.model.content import Former
from pybackup.model.member import Stored
from pybackup.model.source import Planned
from pybackup.monitor import Monitor

from .deltas import Deltas
from .earlier_archive import EarlierArchive
from .kept_signatures import KeptSignatures

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class DeltaRules:
    """When only the changes in a file are stored, instead of all of it.

    Every delta makes the file depend on one more volume, which may get lost.

    Attributes
    ----------
    min_bytes
        Shorter files are always stored whole, and are no base of a delta.
    max_depth
        The maximum number of deltas applied one after the other to get a file; 0 to store all files whole.
    min_saving
        The fraction of the file that must be saved at least, from 0 to 1.
    base_copies
        On how many media each volume with a part of the base must be; the recovery volumes that can replace it count as
        one.
    base_unchecked_ns
        Media that were last checked longer ago than this do not count as copies of the base; None to count all that are
        sound.
    """

    min_bytes: int = MIB
    max_depth: int = 1
    min_saving: Fraction = Fraction(1, 2)
    base_copies: int = 2
    base_unchecked_ns: int | None = None


WHOLE_AGAIN = Fraction(1, 2)
"""A file is stored whole again when the bytes stored on its base reach this fraction of the base."""


@dataclass(frozen=True, slots=True)
class Reused:
    """The parts of a changed file that need not be stored again.

    Attributes
    ----------
    base
        The earlier content.
    former
        The record of the base for the new archive; None if the file has the base's content still, or again.
    """

    base: Stored
    former: Former | None


class Reuse:
    """Decides which parts of files that changed are stored.

    Parameters
    ----------
    copies_of
        Returns on how many media the volume with an id is; the recovery volumes that can replace it count as one.
    kept
        Where signatures of large files are kept; None for nowhere.
    """

    def __init__(
        self,
        rules: DeltaRules,
        segment_bytes: int,
        copies_of: Callable[[bytes], int],
        monitor: Monitor,
        kept: KeptSignatures | None = None,
    ) -> None:
        self.rules, self._kept = rules, kept
        self._segment_bytes, self._copies_of, self._monitor = segment_bytes, copies_of, monitor
        self._is_told = False

    @property
    def least_bytes(self) -> int:
        """The length in bytes below which files are always stored whole."""
        return min(self._segment_bytes + 1, self.rules.min_bytes)

    def of(self, earlier: EarlierArchive, stored: Stored, planned: Planned) -> Reused | None:
        """Return the parts of a file that need not be stored again; None if it is to be stored whole.

        Parameters
        ----------
        stored
            The file as the earlier archive has it.
        """
        base = self._base_of(stored)
        if base is None or base.sparse or not base.members:
            return None
        spent = stored.base_spent if base is not stored else 0
        if spent >= WHOLE_AGAIN * sum(member.packed_bytes for member in base.sources):
            return None
        may_delta = self._may_delta(earlier, base, planned)
        if not may_delta and planned.entry.size <= self._segment_bytes:
            return None
        try:
            return self._compare(earlier, base, planned, spent, may_delta)
        except (OSError, FormatError):
            return None  # it will be stored whole, and reading it there reports the error

    def _base_of(self, stored: Stored) -> Stored | None:
        """Return the newest content of a file that may be the base of one more delta; None if there is none."""
        base: Stored | None = stored
        while base is not None and base.depth >= self.rules.max_depth:
            base = base.base
        return base

    def _may_delta(self, earlier: EarlierArchive, base: Stored, planned: Planned) -> bool:
        rules = self.rules
        if min(base.entry.size, planned.entry.size) < rules.min_bytes:
            return False
        volumes = {volume_of(earlier.archive, member.offset).archive_id for member in base.sources}
        if any(self._copies_of(identity) < rules.base_copies for identity in volumes):
            return False
        if engine.is_there():
            return True
        if not self._is_told:
            self._is_told = True
            self._monitor.note(
                "files with shifted content are stored whole: deltas need the package python-rsync or the program rdiff"
            )
        return False

    def _compare(
        self, earlier: EarlierArchive, base: Stored, planned: Planned, spent: int, may_delta: bool
    ) -> Reused | None:
        size, unit = planned.entry.size, self._segment_bytes
        fd = open_live(planned.path)
        try:
            status = os.fstat(fd)
            if status.st_size != size or status.st_blocks * 512 < size:
                return None  # the file changed meanwhile, or has holes
            digests: list[bytes] = []
            kept: set[int] = set()
            saved = 0
            deltas = Deltas(earlier, base, self.rules.min_saving, self._kept) if may_delta else None
            whole = hashlib.sha256()
            for number, data in enumerate(_segments(fd, size, unit)):
                whole.update(data)
                digests.append(hashlib.sha256(data).digest())
                if _has(base, number, unit, len(data), digests[-1]):
                    kept.add(number)
                    saved += len(data)
                elif deltas is not None:
                    saved += deltas.saved(data)
        finally:
            os.close(fd)
        if len(kept) == len(digests) and base.entry.size == size and whole.digest() == base.digest:
            return Reused(base, None)
        if len(kept) == len(digests) or saved < self.rules.min_saving * size:
            return None
        make = deltas.tried if deltas is not None else _no_delta
        return Reused(base, Former(base.digest, spent, digests, frozenset(kept), make))


def _no_delta(data: bytes) -> bytes | None:
    return None


def _has(base: Stored, number: int, unit: int, n_bytes: int, digest: bytes) -> bool:
    """Return whether a content has the same bytes as a segment at the same offset."""
    if number >= len(base.members) or any(member.raw_bytes != unit for member in base.members[:number]):
        return False
    member = base.members[number]
    return (member.raw_bytes, member.digest) == (n_bytes, digest)


def _segments(fd: int, size: int, unit: int) -> Iterator[bytes]:
    for offset in range(0, size, unit):
        data = os.pread(fd, min(unit, size - offset), offset)
        if len(data) != min(unit, size - offset):
            raise OSError(0, "became shorter")
        yield data
