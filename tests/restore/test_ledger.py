"""Verdicts of one run: each is counted once, losses are problems, bytes are counted by their soundness."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pybackup.archive.open import open_archive
from pybackup.host.joined import Part
from pybackup.mend.mended import MendedArchive
from pybackup.model.extents import Extents
from pybackup.model.problem import Problem, Trouble
from pybackup.model.soundness import FAR_BYTES, Soundness
from pybackup.model.verdict import Fate, FileVerdict
from pybackup.monitor import Monitor
from pybackup.restore.ledger import Ledger
from pybackup.restore.plan import RestoreOptions, RestorePlan, plan_salvage

from .conftest import Packed

TEXT, NOISE, LONG = b"top/text", b"top/noise.bin", b"top/long"


@pytest.fixture
def plan(packed: Packed, room: Path) -> RestorePlan:
    """A ledger of all files, of an image whose first kilobytes were repaired and some of which is bad."""
    (room / "a.xtar").write_bytes(packed.data)
    with open_archive(os.fsencode(room / "a.xtar")) as opened:
        member = packed.stored[NOISE].members[0]
        known = Soundness(Extents(((member.stream_offset, member.stream_offset + 500),)))
        archive = MendedArchive(opened.place, opened.listing, None, known)
        return plan_salvage(archive, os.fsencode(room / "out"), RestoreOptions(workers=1))


@pytest.fixture
def heard() -> Monitor:
    return Monitor()


def test_behind_the_end_of_the_image_everything_is_lost(plan: RestorePlan, heard: Monitor) -> None:
    ledger = Ledger(plan, 7000, heard)
    assert ledger.soundness.bad.within(7000, FAR_BYTES).ranges == ((7000, FAR_BYTES),)
    assert plan.soundness.bad.within(0, 7000) == ledger.soundness.bad.within(0, 7000)


def test_files_that_are_whole_take_no_verdict_and_are_counted(
    plan: RestorePlan, packed: Packed, heard: Monitor
) -> None:
    ledger = Ledger(plan, len(packed.data), heard)
    for stored in packed.stored.values():
        ledger.tell(stored, None)
    result = ledger.result([], [])
    assert result.counts[Fate.INTACT] == len(packed.contents) == result.files == len(result.verdicts)
    assert result.n_bytes == sum(map(len, packed.contents.values()))
    assert (result.not_intact, result.complete, result.nothing) == ([], True, False)
    assert (heard.problems, ledger.has_gaps, list(ledger.lost())) == ([], False, [])


def test_fates_are_counted_and_told_in_tree_order(plan: RestorePlan, packed: Packed, heard: Monitor) -> None:
    ledger = Ledger(plan, len(packed.data), heard)
    text, noise, long = (packed.stored[path] for path in (TEXT, NOISE, LONG))
    present, doubtful = Extents(((0, 5000),)), Extents(((5000, 6000),))
    ledger.tell(text, FileVerdict.lost(text.entry, "it is gone", Extents(((2048, 4096),))))
    partial = FileVerdict(NOISE, Fate.PARTIAL, 9000, present, "damaged", placed_as=NOISE + b".partial")
    ledger.tell(noise, replace(partial, plausible=doubtful))
    ledger.tell(long, FileVerdict.unplaced(long.entry, "in the way"))
    others = [stored for path, stored in packed.stored.items() if path not in (TEXT, NOISE, LONG)]
    for stored in others:
        ledger.tell(stored, None)
    result = ledger.result([Problem(b"top/link", Trouble.REFUSED, "no"), Problem(LONG, Trouble.EXISTS, "x")], [])
    assert [verdict.path for verdict in result.not_intact] == [LONG, NOISE, TEXT]
    assert (result.counts[Fate.LOST], result.counts[Fate.PARTIAL], result.counts[Fate.UNPLACED]) == (1, 1, 1)
    assert result.n_bytes == 5000 + sum(stored.entry.size for stored in others)
    assert result.plausible_bytes == 1000
    # The target's word on a file is its verdict; what is no file stays a problem.
    assert [problem.path for problem in result.unplaced] == [b"top/link"]
    assert [(problem.path, problem.trouble) for problem in heard.problems] == [
        (TEXT, Trouble.LOST),
        (NOISE, Trouble.DAMAGED),
    ]
    assert heard.problems[0].reason == "it is gone; needed: sector 1 of the volume, from another copy"
    assert (ledger.has_gaps, sorted(ledger.lost())) == (True, [LONG, NOISE, TEXT])
    assert (result.complete, result.nothing) == (False, False)


def test_a_file_on_repaired_bytes_is_repaired_unless_bad_ones_are_left(
    plan: RestorePlan, packed: Packed, heard: Monitor
) -> None:
    text, noise = packed.stored[TEXT], packed.stored[NOISE]
    spans = [(one.members[0].offset, one.members[0].offset + 100) for one in (text, noise)]
    ledger = Ledger(replace(plan, repaired=Extents.of(spans)), len(packed.data), heard)
    ledger.tell(text, None)
    ledger.tell(noise, None)
    assert [verdict.path for verdict in ledger.result([], []).not_intact] == [TEXT]
    assert ledger.result([], []).counts[Fate.REPAIRED] == 1
    assert (heard.problems, list(ledger.lost())) == ([], [])


def test_what_is_known_of_some_members(plan: RestorePlan, packed: Packed, heard: Monitor) -> None:
    ledger = Ledger(plan, len(packed.data), heard)
    assert ledger.known_of([]) == Soundness()
    assert not ledger.known_of(packed.stored[TEXT].members).bad
    member = packed.stored[NOISE].members[0]
    assert ledger.known_of([member]).bad.ranges == ((member.stream_offset, member.stream_offset + 500),)


def test_volumes_are_named_where_there_are_several(plan: RestorePlan, packed: Packed, heard: Monitor) -> None:
    size = len(packed.data)
    parts = (Part(0, size, b"/one", label="docs 1"), Part(1 << 40, size, b"", label="docs 2"))
    ledger = Ledger(replace(plan, archive=parts), 2 << 40, heard)
    text, noise = packed.stored[TEXT], packed.stored[NOISE]
    ledger.tell(text, FileVerdict.lost(text.entry, "gone", Extents(((4096, 6144),))))
    ledger.tell(noise, FileVerdict.lost(noise.entry, "gone", Extents((((1 << 40) + 4096, (1 << 40) + 6144),))))
    told = {verdict.path: verdict for verdict in ledger.result([], []).not_intact}
    assert told[TEXT].needed == "sector 2 of docs 1, from another copy"
    assert told[NOISE].needed == "docs 2"
    assert not told[TEXT].wanted


def test_sectors_of_an_archive_in_an_image_are_those_of_the_image(
    plan: RestorePlan, packed: Packed, heard: Monitor
) -> None:
    parts = (Part(0, len(packed.data), b"/image", offset=20_480),)
    ledger = Ledger(replace(plan, archive=parts), len(packed.data), heard)
    text = packed.stored[TEXT]
    ledger.tell(text, FileVerdict.lost(text.entry, "gone", Extents(((4096, 6144),))))
    (told,) = ledger.result([], []).not_intact
    assert told.wanted.ranges == ((24_576, 26_624),)
    assert told.needed == "sector 12 of the image, from another copy"
