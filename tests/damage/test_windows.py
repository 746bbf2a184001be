"""64 KiB lost anywhere, first and last included: every file whose own bytes are whole comes back."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kit.oracle import Outcome, extract_to, faults, verdict_faults, verify_quietly
from kit.snapshot import Fact
from kit.specimen import Specimen

from pybackup.errors import PybackupError
from pybackup.mend.health import State
from pybackup.model.listing import Way

WINDOW = 64 * 1024
STRIDE = 16 * 1024
PARTS = 4
FILLS: dict[str, Callable[[int], bytes]] = {
    "zeros": lambda at: bytes(WINDOW),
    "noise": lambda at: random.Random(at).randbytes(WINDOW),
}


def lost_at(specimen: Specimen, start: int, fill: bytes, room: Path) -> tuple[Outcome, list[str]]:
    """What an extraction gives, and all that it or `verify` does wrong."""
    size = len(specimen.data)
    end = min(start + WINDOW, size)
    archive = room / "damaged"
    archive.write_bytes(specimen.data[:start] + fill[: end - start] + specimen.data[end:])
    outcome = extract_to(archive, room / "out")
    touched = specimen.touched(start, end)
    said = faults(specimen, outcome, touched)
    said += verdict_faults(specimen, verify_quietly(archive), outcome)
    if outcome.extracted is None:
        return outcome, [*said, f"refused: {outcome.refused}"]
    for path, streams in specimen.streams.items():
        if streams and path not in touched and not _is_back(outcome.found.get(path), specimen.tree[path]):
            said.append(f"{path!r} is whole and came back otherwise: {outcome.problems}")
    if outcome.silent != (outcome.found == specimen.tree):
        said.append(f"{outcome.problems} are said, {len(specimen.tree)} archived, {len(outcome.found)} found")
    if outcome.extracted.way not in tuple(Way):
        said.append(f"by an unknown way: {outcome.extracted.way}")
    return outcome, said


def _is_back(found: Fact | None, fact: Fact) -> bool:
    """Content and metadata; how many links it has depends on links that may be lost."""
    return found is not None and replace(found, links=0) == replace(fact, links=0)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("fill", FILLS)
def test_every_window(large: Specimen, room: Path, fill: str, part: int) -> None:
    last = len(large.data) - WINDOW
    found = []
    for start in [*range(0, last, STRIDE), last][part::PARTS]:
        _, said = lost_at(large, start, FILLS[fill](start), room)
        found += [(start, text) for text in said]
    assert found == []


def test_the_first_window_leaves_the_tree_index(large: Specimen, room: Path) -> None:
    outcome, said = lost_at(large, 0, bytes(WINDOW), room)
    assert said == []
    assert outcome.extracted is not None
    assert outcome.extracted.way == Way.TREE


def test_the_last_window_leaves_the_other_ways(large: Specimen, room: Path) -> None:
    outcome, said = lost_at(large, len(large.data) - WINDOW, bytes(WINDOW), room)
    assert said == []
    assert outcome.extracted is not None
    assert outcome.extracted.way in (Way.CONTAINERS, Way.HEADERS)


def test_the_last_window_is_noticed_as_a_loss(large: Specimen, room: Path) -> None:
    archive = room / "damaged"
    archive.write_bytes(large.data[:-WINDOW])
    verdict = verify_quietly(archive)
    assert not isinstance(verdict, PybackupError)
    assert verdict.state is State.BEYOND
