"""A chain as a machine: anything happens to the tree, runs are made at any level, and any day is asked for."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from kit.living import LivingTree
from kit.manifest import differences, manifest
from kit.memory import room
from kit.thorough import so_many

import pybackup
from pybackup.catalogue.connect import create_catalogue
from pybackup.monitor import Monitor

from .conftest import Chain

RULES = "base_copies=1,max_depth=2,min_size=64K"


class Days(RuleBasedStateMachine):
    """The tree of each run is known by its manifest; whatever was restored has to be that."""

    @initialize(seed=st.integers(0, 999))
    def begin(self, seed: int) -> None:
        """Begin with a full run of a tree."""
        self.patch = pytest.MonkeyPatch()
        base = Path(tempfile.mkdtemp(dir=room()))
        create_catalogue(os.fspath(base / "c.sqlite")).close()
        tree = LivingTree(base / "living/tree", seed, files=3, large_bytes=140_000, is_sly=True)
        self.chain = Chain(base, tree, os.fspath(base / "c.sqlite"), self.patch)
        self.steps = 0
        self.run("full", deltas=True)

    @rule(steps=st.integers(1, 6))
    def live(self, steps: int) -> None:
        """Something happens to the tree."""
        self.chain.tree.live(steps)

    @rule(level=st.sampled_from(["full", "incremental", "differential", None]), deltas=st.booleans())
    def run(self, level: str | None, deltas: bool) -> None:
        """Make a run."""
        heard = self.chain.run(level, delta=RULES if deltas else "none", checksum=True)
        assert heard.problems == []

    @rule(day=st.integers(0, 99), by_name=st.booleans())
    def restore(self, day: int, by_name: bool) -> None:
        """Restore any day, by the chain's name or from its archives."""
        chain, self.steps, heard = self.chain, self.steps + 1, Monitor()
        day, to = day % len(chain.days), chain.base / f"back{self.steps}"
        what = chain.name if by_name else [*reversed(chain.made)]
        pybackup.restore_chain(what, to=to, at=chain.at(day), workers=1, catalogue=chain.catalogue, monitor=heard)
        assert heard.problems == []
        assert differences(chain.days[day], manifest(to / "tree")) == []

    @rule(day=st.integers(0, 99))
    def listed(self, day: int) -> None:
        """What is listed of a day is its tree."""
        chain = self.chain
        day %= len(chain.days)
        stored = pybackup.list(chain.name, at=chain.at(day), catalogue=chain.catalogue)
        assert {each.entry.path.removeprefix(b"tree").lstrip(b"/") for each in stored} == set(chain.days[day])

    def teardown(self) -> None:
        """Remove all of it."""
        if hasattr(self, "chain"):
            self.patch.undo()
            shutil.rmtree(self.chain.base)


TestDays = Days.TestCase
TestDays.settings = settings(
    max_examples=so_many(4, 100),
    stateful_step_count=so_many(8, 30),
    suppress_health_check=list(HealthCheck),
)
