"""As unzcrash does it: bytes changed, blocks zeroed, lengths cut, on an archive of every kind of entry.

A byte that an extraction of the intact archive never reads cannot change what it does: for those only `verify` is
asked. Which are read is recorded, not assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.oracle import WHOLE, extract_to, faults, outcome_of, verdict_faults, verify_quietly
from kit.specimen import Specimen

from pybackup.errors import PybackupError
from pybackup.host.storage import ArchiveFile
from pybackup.mend.health import State

PARTS = 8
BLOCK = 512
# Structures of which every value of every byte is tried when nothing is left out.
TOGETHER = {
    "padding": 128,
    "end": 128,
    "structure": 128,
    "links": 128,
    "readme": 128,
    "pax": 64,
    "content header": 32,
    "container header": 32,
    "index header": 32,
    "other header": 32,
    "7z head": 8,
    "7z tail": 4,
    "own index head": 4,
    "own index body": 4,
    "own index parity": 4,
    "own index foot": 4,
}
EXHAUSTIVE = ("locator", "tree index head", "tree index foot", "own index head", "container header")


@pytest.fixture
def read_bytes(small: Specimen, room: Path, monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Offsets that an extraction of the intact archive reads."""
    read: set[int] = set()
    read_at = ArchiveFile.read_at

    def recorded(file: ArchiveFile, offset: int, count: int) -> bytes:
        read.update(range(offset, min(offset + count, file.size)))
        return read_at(file, offset, count)

    archive = room / "intact"
    archive.write_bytes(small.data)
    with monkeypatch.context() as patch:
        patch.setattr(ArchiveFile, "read_at", recorded)
        assert outcome_of(small, extract_to(archive, room / "out")) == WHOLE
    assert read
    return read


def complaints(specimen: Specimen, data: bytes, touched: set[bytes], room: Path) -> list[str]:
    """What an extraction and a verification of the damaged archive do that they must not."""
    archive = room / "damaged"
    archive.write_bytes(data)
    outcome = extract_to(archive, room / "out")
    verdict = verify_quietly(archive)
    return faults(specimen, outcome, touched) + verdict_faults(specimen, verdict, outcome)


def test_the_intact_archive_is_whole(small: Specimen, room: Path) -> None:
    archive = room / "intact"
    archive.write_bytes(small.data)
    assert outcome_of(small, extract_to(archive, room / "out")) == WHOLE
    verdict = verify_quietly(archive, deep=True)
    assert not isinstance(verdict, PybackupError)
    assert verdict.state is State.INTACT
    assert len(small.data) < 40_000
    assert sum(place.end - place.start for place in small.places) == len(small.data)


def changes(small: Specimen, part: int, every: bool) -> Iterator[tuple[range, int]]:
    """Offsets, and what their bytes are combined with.

    What one checksum covers and nothing interprets is changed several bytes at a time, and of all these every second
    is tried, unless nothing is left out.
    """
    for place in small.places:
        step = 1 if every else TOGETHER.get(place.name, 1)
        for number, start in enumerate(range(place.start, place.end, step)):
            if number % PARTS != part:
                continue
            if not every and (number // PARTS + part) % 2:
                continue
            at = range(start, min(start + step, place.end))
            if not every:
                yield at, 1 << (number // PARTS) % 8
            elif place.name in EXHAUSTIVE:
                yield from ((at, value) for value in range(1, 256))
            else:
                yield from ((at, value) for value in (1 << start % 8, 0xFF, 0x20))


@pytest.mark.parametrize("part", range(PARTS))
def test_every_byte_changed(small: Specimen, read_bytes: set[int], room: Path, part: int, every_damage: bool) -> None:
    found = []
    archive = room / "damaged"
    for offsets, value in changes(small, part, every_damage):
        data = bytearray(small.data)
        for at in offsets:
            data[at] ^= value
        if read_bytes.intersection(offsets):
            said = complaints(small, bytes(data), small.touched(offsets.start, offsets.stop), room)
        else:
            archive.write_bytes(data)
            verdict = verify_quietly(archive)
            # An extraction gives everything, so to say more than this is wrong.
            wanted = not isinstance(verdict, PybackupError) and verdict.state is State.REPAIRABLE
            said = [] if wanted else [f"verify says {verdict}"]
        found += [(offsets, value, text) for text in said]
    assert found == []


def test_every_block_zeroed(small: Specimen, room: Path) -> None:
    found = []
    for at in range(0, len(small.data), BLOCK):
        data = small.data[:at] + bytes(BLOCK) + small.data[at + BLOCK :]
        if data != small.data:
            found += [(at, text) for text in complaints(small, data, small.touched(at, at + BLOCK), room)]
    assert found == []


def cut_lengths(small: Specimen, every: bool) -> list[int]:
    """Lengths to cut at: all about each edge of a place or a block and each 29th of the others, or none left out."""
    edges = {edge for place in small.places for edge in (place.start, place.end)}
    about = {edge + off for edge in edges for off in range(-2, 3)} | {
        block + off for block in range(0, len(small.data), BLOCK) for off in (-1, 0, 1)
    }
    return [length for length in range(len(small.data)) if every or length % 29 == 0 or length in about]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_length(small: Specimen, room: Path, part: int, every_damage: bool) -> None:
    size = len(small.data)
    lengths = cut_lengths(small, every_damage)[part::PARTS]
    assert len(lengths) > 150
    found = []
    for length in lengths:
        said = complaints(small, small.data[:length], small.touched(length, size), room)
        found += [(length, text) for text in said]
    assert found == []
