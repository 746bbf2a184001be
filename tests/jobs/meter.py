"""Counting what a run does to the files that it reads: opened, indexes parsed, guards searched, bytes read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from pybackup.host.storage import ArchiveFile
from pybackup.layout import index
from pybackup.layout.guard import GuardSector
from pybackup.parity.stream import find
from pybackup.parity.stream.volume import Readable


@dataclass
class Meter:
    """What was counted, by the base name of each file; temporary files have no name of their own, and count together.

    Attributes
    ----------
    parsed
        How often a tree index in a file was parsed.
    searched
        How often a search for guard sectors began in a file, its last MiB not counted.
    read_for_guards
        How often it was read from end to end for them.
    opened
        How often it was opened in this process.
    n_bytes
        How many bytes of it were read.
    """

    parsed: Counter[str] = field(default_factory=Counter)
    searched: Counter[str] = field(default_factory=Counter)
    read_for_guards: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    n_bytes: Counter[str] = field(default_factory=Counter)
    last_read: str = ""


def _name(path: bytes) -> str:
    name = os.fsdecode(os.path.basename(path))
    return "temporary" if name.startswith(".") else name


@contextmanager
def metered() -> Iterator[Meter]:
    """Count all that is done within, in this process."""
    meter = Meter()
    unpack, begin, read = index.unpack_index, ArchiveFile.__init__, ArchiveFile.read_at

    def unpack_index(data: bytes, growth: index.Allowance | None = None) -> index.Blob:
        blob = unpack(data, growth)
        if blob.head.scope == index.TREE:
            # What is parsed was read just before.
            meter.parsed[meter.last_read] += 1
        return blob

    def opened(self: ArchiveFile, path: bytes) -> None:
        begin(self, path)
        meter.opened[_name(path)] += 1

    def read_at(self: ArchiveFile, offset: int, count: int) -> bytes:
        data = read(self, offset, count)
        if type(self) is ArchiveFile:
            meter.last_read = _name(self.path)
            meter.n_bytes[meter.last_read] += len(data)
        return data

    led_to = find._Search.led_to

    def searched(self: find._Search, file: Readable) -> Iterator[tuple[int, GuardSector]]:
        meter.searched[_name(getattr(file, "path", b"?"))] += 1
        return led_to(self, file)

    scan = find.scan_guards

    def scanned(file: Readable, start: int, end: int) -> Iterator[tuple[int, GuardSector]]:
        if not start and end > find._TAIL_BYTES:
            meter.read_for_guards[_name(getattr(file, "path", b"?"))] += 1
        return scan(file, start, end)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "unpack_index", unpack_index)
        patch.setattr(ArchiveFile, "__init__", opened)
        patch.setattr(ArchiveFile, "read_at", read_at)
        patch.setattr(find._Search, "led_to", searched)
        patch.setattr(find, "scan_guards", scanned)
        yield meter
