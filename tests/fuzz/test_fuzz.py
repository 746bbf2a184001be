"""A short run of the fuzzer, the same each time: some hundred cases of each target, and one of each bomb."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from kit.thorough import so_many

from pybackup.errors import FormatError
from pybackup.layout import index
from pybackup.layout.guard import GuardSector
from pybackup.layout.note import Note
from pybackup.sector import SECTOR

from . import mutate, sandbox
from .bombs import BOMBS
from .sandbox import Done, case_of, jobs_from, run_all
from .seeds import seeds
from .targets import TARGETS

_ROUNDS = so_many(10, 60)
# Each lists, extracts, verifies and rebuilds four volumes.
_ROUNDS_OF_SETS = so_many(5, 25)


@pytest.mark.parametrize("target", [target for target in TARGETS if target != "bomb"])
def test_refuses_and_nothing_else(target: str) -> None:
    rounds = _ROUNDS_OF_SETS if target == "set" else _ROUNDS
    results = list(run_all(itertools.islice(jobs_from(1, [target]), rounds)))
    assert [result for result in results if not isinstance(result, Done)] == []
    assert len(results) == rounds


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: str(bomb.__name__))
def test_bombs_take_what_they_may(bomb: object) -> None:
    seed = next(seed for seed in itertools.count() if random.Random(f"bomb {seed}").choice(BOMBS) is bomb)
    (result,) = run_all([("bomb", seed)])
    assert isinstance(result, Done), result


def test_cases_are_the_same_each_time() -> None:
    for target in TARGETS:
        if target != "bomb":
            assert case_of(target, 5) == case_of(target, 5) != case_of(target, 6)


def test_finds_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fuzzer that cannot fail finds nothing: crash, memory, a file that is not its own."""

    def greedy(base: Path) -> None:
        bytearray(1 << 30)[:: 1 << 12] = b"x" * (1 << 18)
        raise FormatError("too late")

    for run, what in (
        (lambda base: [][0], "IndexError"),
        (lambda base: (base / "evil").touch(), "evil"),
        (lambda base: (base / "out" / "evil").touch(), "evil"),
        (greedy, "MiB"),
    ):
        monkeypatch.setitem(TARGETS, "map", type(TARGETS["map"])(TARGETS["map"].make, run))
        with monkeypatch.context() as patch:
            patch.setattr(sandbox, "FREE_BYTES", 1 << 29)
            (result,) = run_all([("map", 1)])
        assert not isinstance(result, Done)
        assert what in result.what


def test_a_case_without_end_is_ended_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(base: Path) -> None:
        while True:
            pass

    monkeypatch.setitem(TARGETS, "map", type(TARGETS["map"])(TARGETS["map"].make, endless))
    # Collecting what a long run of tests left takes a part of a second by itself.
    monkeypatch.setattr(sandbox, "_HANGS_SECONDS", 2.0)
    (result,) = run_all([("map", 1)])
    assert not isinstance(result, Done)
    assert "in endless" in result.what


def test_what_is_resealed_is_accepted() -> None:
    """Else only checksums would be tested."""
    chance = random.Random(3)
    accepted = 0
    for _ in range(200):
        data = mutate.resealed_header(chance, seeds().plain)
        for at in mutate.headers(data):
            before = seeds().plain[at : at + 512]
            if data[at : at + 512] != before:
                try:
                    Note.unpack(data[at : at + 512])
                    accepted += 1
                except FormatError:
                    pass
    assert accepted > 60
    indexes = [mutate.forged_index(chance, chance.choice(seeds().indexes)) for _ in range(100)]
    assert sum(_is_index(data) for data in indexes) > 30
    volumes = [mutate.resealed_guards(chance, seeds().protected) for _ in range(100)]
    assert sum(_is_guard(data) for data in volumes if data != seeds().protected) > 30


def _is_index(data: bytes) -> bool:
    try:
        index.unpack_index(data)
    except FormatError:
        return False
    return True


def _is_guard(data: bytes) -> bool:
    changed = [at for at in mutate.guards(data) if data[at : at + SECTOR] != seeds().protected[at : at + SECTOR]]
    try:
        for at in changed:
            GuardSector.unpack(data[at : at + SECTOR])
    except FormatError:
        return False
    return bool(changed)
