"""The matrix: damage x place x job, with what must come of each.

A cell says what verify, extract, list and unpack make of it, in this order. Verify: ``i`` intact, ``r`` repairable,
``b`` beyond repair. The others: ``w`` whole, ``p`` part, with what is lost named. ``-`` for all: refused.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from kit.damage import DAMAGES, PLACES, changed_files
from kit.oracle import WHOLE, extract_to, faults, outcome_of, verdict_faults, verify_quietly
from kit.snapshot import Snapshot, snapshot
from kit.specimen import Place, Specimen

from pybackup.archive.open import open_archive
from pybackup.errors import PybackupError
from pybackup.monitor import Monitor
from pybackup.restore.unpack import unpack

SECTOR = 2048


# A sector that is swapped or cannot be read holds more than one structure: the stream next to an index, what is before
# the end.
TABLE = """
| place             | flip | ruin | zero | truncate | delete | insert | swap | unreadable |
| first header      | rwwp | rwwp | rwwp | ----     | rwwp   | rwww   | rwwp | rwwp       |
| readme            | rwwp | rwwp | rwwp | bppp     | bpwp   | bpwp   | rwwp | rwwp       |
| content header    | rwww | rwww | rwww | bppp     | bpwp   | bpwp   | bpwp | bpwp       |
| stream            | bpwp | bpwp | bpwp | bppp     | bpwp   | bpwp   | bpwp | bpwp       |
| 7z tail           | rwwp | rwwp | rwwp | bppp     | bpwp   | bpwp   | bpwp | bpwp       |
| bundle header     | rwww | rwww | rwww | bppp     | bpwp   | bpwp   | bpwp | bpwp       |
| notes             | rwww | rwww | rwww | bppp     | bpwp   | bpwp   | bpwp | bpwp       |
| padding           | rwww | rwww | iwww | bppp     | bpwp   | bpwp   | bpwp | bpwp       |
| container header  | rwww | rwww | rwww | bppp     | bpwp   | bpwp   | bpwp | rwwp       |
| own index head    | rwww | rwww | rwww | bppp     | bpwp   | bpwp   | bpwp | bpwp       |
| own index body    | rwww | rwww | rwww | bppp     | bpwp   | bpwp   | bpwp | bpwp       |
| own index parity  | rwww | rwww | rwww | bppp     | bpwp   | bpwp   | bpwp | bpwp       |
| own index foot    | rwww | rwww | rwww | bppp     | bpwp   | bpwp   | bpwp | bpwp       |
| structure         | rwwp | rwwp | rwwp | rwwp     | rwwp   | rwwp   | rwwp | rwwp       |
| links             | rwwp | rwwp | rwwp | rwwp     | rwwp   | rwwp   | rwwp | rwwp       |
| tree index head   | rwww | rwww | rwww | rwww     | rwww   | rwww   | rwwp | rwww       |
| tree index body   | rwww | rwww | rwww | rwww     | rwww   | rwww   | rwwp | rwww       |
| tree index parity | rwww | rwww | rwww | rwww     | rwww   | rwww   | rwwp | rwww       |
| tree index foot   | rwww | rwww | rwww | rwww     | rwww   | rwww   | rwwp | rwww       |
| end               | rwww | rwww | iwww | rwww     | rwww   | rwww   | rwwp | rwww       |
"""


def expected() -> dict[tuple[str, str], str]:
    """The cells of the table by place and damage."""
    lines = [line for line in TABLE.strip().splitlines() if line]
    head, *rows = ([cell.strip() for cell in line.strip("| ").split("|")] for line in lines)
    return {(row[0], damage): cell for row in rows for damage, cell in zip(head[1:], row[1:], strict=True)}


def fail_sectors(patch: pytest.MonkeyPatch, place: Place) -> None:
    """Let reads fail that touch the sector in which a place begins, as a scratched disc does."""
    bad = place.start - place.start % SECTOR
    pread = os.pread

    def failing(fd: int, count: int, offset: int) -> bytes:
        if offset < bad + SECTOR and bad < offset + count:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return pread(fd, count, offset)

    patch.setattr(os, "pread", failing)


def listed(archive: Path, specimen: Specimen) -> str:
    try:
        with open_archive(os.fsencode(archive)) as opened:
            listing = opened.listing
            entries = {stored.entry.path: stored.entry for stored in listing}
    except PybackupError:
        return "-"
    whole = entries == {path: stored.entry for path, stored in specimen.stored.items()}
    assert whole or not listing.complete or listing.doubts, "the list differs, and nothing is said of it"
    return "w" if whole and listing.complete else "p"


def unpacked(archive: Path, target: Path, whole: Snapshot) -> str:
    monitor = Monitor()
    try:
        unpack(os.fsencode(archive), os.fsencode(target), monitor=monitor)
    except PybackupError:
        return "-"
    found = snapshot(os.fsencode(target))
    wrong = [path for path, fact in found.items() if path in whole and fact.content != whole[path].content]
    assert wrong == []
    contents = {path: fact.content for path, fact in found.items()}
    same = contents == {path: fact.content for path, fact in whole.items()}
    assert same or monitor.problems, "members are missing, and nothing is said of it"
    return "w" if same and not monitor.problems else "p"


@pytest.fixture
def members(small: Specimen, room: Path) -> Snapshot:
    archive = room / "intact"
    archive.write_bytes(small.data)
    monitor = Monitor()
    unpack(os.fsencode(archive), os.fsencode(room / "whole"), monitor=monitor)
    assert monitor.problems == []
    return snapshot(os.fsencode(room / "whole"))


def outcome(small: Specimen, members: Snapshot, room: Path, name: str, damage: str) -> str:
    """What comes of one damage at one place, in the letters of the table."""
    place = small.place(*PLACES[name])
    archive = room / "damaged"
    data = DAMAGES[damage](small.data, place)
    archive.write_bytes(data)
    touched = set(small.streams) if len(data) != len(small.data) else changed_files(small, data, damage, place)
    with pytest.MonkeyPatch.context() as patch:
        if damage == "unreadable":
            fail_sectors(patch, place)
        verdict = verify_quietly(archive)
        listing = listed(archive, small)
        unpacking = unpacked(archive, room / "unpacked", members)
        result = extract_to(archive, room / "out")
    assert faults(small, result, touched) == []
    if data != small.data or damage == "unreadable":
        assert verdict_faults(small, verdict, result) == []
    extracted = {WHOLE: "w"}.get(outcome_of(small, result), "p" if result.refused is None else "-")
    judged = "-" if isinstance(verdict, PybackupError) else verdict.state.value[0]
    return judged + extracted + listing + unpacking


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", PLACES)
def test_matrix(small: Specimen, members: Snapshot, room: Path, name: str, damage: str) -> None:
    assert outcome(small, members, room, name, damage) == expected()[name, damage]


def test_the_table_is_complete() -> None:
    assert expected().keys() == {(name, damage) for name in PLACES for damage in DAMAGES}
