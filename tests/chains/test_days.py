"""Days of a tree that lives: each comes back exactly, at each level of its runs, from archives and from discs."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from kit.living import LivingTree
from kit.manifest import differences, manifest
from kit.thorough import EVERYTHING, so_many

import pybackup
from pybackup.monitor import Monitor

from .conftest import Chain

DAYS = so_many(5, 30)
LARGE = 150_000
LEVELS = {
    "full": ("full",),
    "differential": ("full", *["differential"] * 9),
    "incremental": ("full", *["incremental"] * 29),
    "auto": (None,),
    "mixed": ("full", "incremental", "incremental", "differential", None, "incremental", "differential"),
}
DELTAS = {"delta": "base_copies=1,max_depth=2,min_size=64K", "whole": "none"}
# All pairs of a level and a way to store large files where there is time; else each level, and each way, once.
USUAL = [("full", "whole"), ("differential", "delta"), ("incremental", "delta"), ("auto", "whole"), ("mixed", "delta")]
TRIED = [(level, how) for level in LEVELS for how in DELTAS] if EVERYTHING else USUAL


@pytest.fixture
def living(chain: Chain) -> Chain:
    """A chain of a tree with large files, of which contents change under the same size and time as well."""
    chain.tree = LivingTree(chain.base / "living/tree", 41, files=20, large_bytes=LARGE, is_sly=True)
    return chain


def restored(chain: Chain, what: Any, day: int) -> None:
    """Restore a day, and compare it with what the tree was then."""
    to, heard = chain.base / "back", Monitor()
    to.mkdir()
    pybackup.restore_chain(what, to=to / "out", at=chain.at(day), workers=1, catalogue=chain.catalogue, monitor=heard)
    assert heard.problems == []
    assert differences(chain.days[day], manifest(to / "out/tree")) == []
    to.rename(chain.base / f"was{day}-{random.random()}")


@pytest.mark.parametrize(("level", "how"), TRIED)
def test_every_day_comes_back(living: Chain, level: str, how: str) -> None:
    chain, order = living, random.Random(level)
    for day in range(DAYS):
        chain.run(LEVELS[level][day % len(LEVELS[level])], delta=DELTAS[how], checksum=True)
        chain.tree.live(8)
    if how == "delta" and level != "full":
        # What is large is stored whole once, and then as what changed, but where the rules say it is time again.
        sizes = [path.stat().st_size for path in chain.made]
        assert min(sizes[1:]) < sizes[0] / 2
    images = [
        Path(os.fsdecode(built.path))
        for built in pybackup.disc_build(chain.made, to=chain.base / "images", monitor=Monitor())
    ]
    for day in range(DAYS):
        if EVERYTHING or day % 3 == order.randrange(3):
            restored(chain, chain.name, day)
        if EVERYTHING or day % 3 == 2:
            restored(chain, order.sample(images, len(images)), day)
    # The last one by the archives themselves, without any catalogue.
    chain.catalogue = "none"
    restored(chain, order.sample(chain.made, len(chain.made)), DAYS - 1)
