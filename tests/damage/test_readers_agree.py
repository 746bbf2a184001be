"""`extract`, `salvage` and rescue.py bring back the same files, `list` and `info` know their names, and more never
gives less: by every model of damage there is, and case by case where they once differed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kit.memory import fast_directory

import pybackup
from benchmarks import harm
from pybackup.monitor import Monitor
from pybackup.sector import SECTOR

from .readers import read, read_by_all, subject, write

KINDS = ("bare", "shifted", "sums", "parity", "image", "set", "bare set")
MODELS = {model.name: model for model in harm.MODELS}
_SETTINGS = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    with fast_directory() as base:
        yield base


def swapped(data: bytes, share: float, seed: int) -> bytes:
    """The data with some sectors in the place of their neighbours."""
    chance = random.Random(seed)
    sectors = [data[at : at + SECTOR] for at in range(0, len(data), SECTOR)]
    for number in chance.sample(range(len(sectors) - 1), int(share * len(sectors))):
        sectors[number], sectors[number + 1] = sectors[number + 1], sectors[number]
    return b"".join(sectors)


def struck(files: Mapping[str, bytes], name: str, seed: int) -> dict[str, bytes]:
    """The files of a medium, damaged by a model; those that are gone altogether are left out."""
    if name == "swapped":
        return {each: swapped(data, 0.1, seed) for each, data in files.items()}
    pieces = harm.hit(list(files.values()), MODELS[name], seed)
    return {each: data for each, data in zip(files, pieces, strict=True) if data}


@pytest.mark.parametrize("kind", KINDS)
@_SETTINGS
@given(model=st.sampled_from([*MODELS, "swapped"]), seed=st.integers(0, 1 << 16))
@example(model="swapped", seed=1)
def test_the_same_files_come_back(room: Path, kind: str, model: str, seed: int) -> None:
    whole = subject(kind)
    paths = write(room / "given", struck(whole.files, model, seed))
    reads = read_by_all(paths, room / "out", whole)
    if len(paths) == 1 and not reads["list"].refusal:
        assert pybackup.info(paths[0]).entries == len(list(pybackup.list(paths, monitor=Monitor())))


@pytest.mark.parametrize("kind", ["set", "bare set"])
@_SETTINGS
@given(model=st.sampled_from([*MODELS, "swapped"]), seed=st.integers(0, 1 << 16))
def test_more_volumes_never_give_less(room: Path, kind: str, model: str, seed: int) -> None:
    whole = subject(kind)
    paths = write(room / "given", struck(whole.files, model, seed))
    alone = read("extract", paths, room / "out", whole.contents)
    in_directory = read("extract", [room / "given"], room / "out", whole.contents)
    assert in_directory.right == alone.right
    paths = write(room / "given", struck(whole.files, model, seed) | dict(whole.more))
    for how in ("extract", "salvage"):
        together = read(how, paths, room / "out", whole.contents)
        assert sorted(alone.right - together.right) == []
        assert read(how, [room / "given"], room / "out", whole.contents).right == together.right


@pytest.mark.parametrize("kind", ["bare", "sums", "parity", "image"])
@_SETTINGS
@given(model=st.sampled_from([*MODELS, "swapped"]), seed=st.integers(0, 1 << 16))
def test_more_copies_never_give_less(room: Path, kind: str, model: str, seed: int) -> None:
    whole = subject(kind)
    copies = {
        f"{number}-{name}": data
        for number in (1, 2)
        for name, data in struck(whole.files, model, seed + number).items()
    }
    paths = write(room / "given", copies)
    alone = [read("salvage", [path], room / "out", whole.contents).right for path in paths]
    together = read("salvage", paths, room / "out", whole.contents).right
    assert sorted(frozenset().union(*alone) - together) == []
