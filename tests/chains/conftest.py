"""A tree that changes, a catalogue, and runs of a chain at given times."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kit.hearing import Notes
from kit.living import SEGMENT, LargeFiles, Tree
from kit.manifest import Manifest, manifest

import pybackup
from pybackup.archive.open import open_archive
from pybackup.catalogue.connect import create_catalogue, open_catalogue
from pybackup.catalogue.media import find_medium, set_state
from pybackup.catalogue.runs import runs
from pybackup.cli.main import main
from pybackup.jobs.restore import RestoredRun
from pybackup.model.catalogued import CataloguedRun, MediumState
from pybackup.model.member import Stored
from pybackup.monitor import Monitor

DISK, DATABASE, MAILBOX = b"tree/disk", b"tree/database", b"tree/mailbox"
# Two of these in a digest take a while: files as large as the rules want, and not much larger.
LARGE = 1_200_000
FIRST_DAY = 1_800_000_000
DAY = 86_400


@dataclass
class Chain:
    """A chain of a tree, with a run a day."""

    base: Path
    tree: Tree
    catalogue: str
    monkeypatch: pytest.MonkeyPatch
    name: str = "docs"
    how: dict[str, Any] = field(default_factory=dict)
    days: list[Manifest] = field(default_factory=list)
    made: list[Path] = field(default_factory=list)

    def run(self, level: str | None = None, *, volumes: bool = False, **more: Any) -> Notes:
        """Make the run of the next day, and remember the tree of it."""
        day, heard = len(self.days), Notes()
        self.monkeypatch.setenv("SOURCE_DATE_EPOCH", str(FIRST_DAY + day * DAY))
        how: dict[str, Any] = {
            "workers": 1,
            "segment_size": SEGMENT,
            "chain": self.name,
            "level": level,
            "monitor": heard,
            **self.how,
        } | more
        how |= {"catalogue": self.catalogue, "monitor": heard}
        if volumes:
            made = self.base / f"set{day}"
            pybackup.create_set([self.tree.top], volumes=made, **{"volume_size": 1 << 20, **how})
        else:
            made = self.base / f"day{day}.xtar"
            pybackup.create([self.tree.top], output=made, **how)
        self.days.append(manifest(self.tree.top))
        self.made.append(made)
        return heard

    def run_and_damage(self, days: int) -> None:
        """Make runs, each with a new large file, and then damage each archive within its parity."""
        for day in range(days):
            self.tree.write(self.tree.top / f"big{day}", 400_000)
            self.run()
        for path in self.made:
            data = bytearray(path.read_bytes())
            data[100_000:104_000] = bytes(4000)
            path.write_bytes(data)

    def runs(self) -> Sequence[CataloguedRun]:
        with open_catalogue(self.catalogue) as catalogue:
            return runs(catalogue, self.name)

    def levels(self) -> list[str]:
        return [run.mark.level.value for run in self.runs()]

    def mark(self, label: str, state: str) -> None:
        """Mark a medium as lost, suspect or retired."""
        with open_catalogue(self.catalogue) as catalogue:
            set_state(catalogue, find_medium(catalogue, label).id, MediumState(state))

    def at(self, day: int) -> str:
        return f"@{FIRST_DAY + day * DAY}"


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """A chain without any run yet."""
    address = os.fspath(tmp_path / "catalogue.sqlite")
    create_catalogue(address).close()
    monkeypatch.setenv("PYBACKUP_CATALOGUE", address)
    return Chain(tmp_path, Tree(tmp_path / "tree", 31), address, monkeypatch)


def restore(chain: Chain, to: Path, **more: Any) -> tuple[RestoredRun, Monitor]:
    heard = Monitor()
    named = more.pop("named", chain.name)
    return pybackup.restore_chain(named, to=to, workers=1, monitor=heard, catalogue=chain.catalogue, **more), heard


class Large(LargeFiles):
    """The large files of a chain's tree."""

    def __init__(self, chain: Chain) -> None:
        super().__init__(chain.tree, LARGE)
        self.chain = chain

    def burn_again(self) -> None:
        """Have a second copy of the archive of the last run."""
        copy = self.chain.base / f"copy{len(self.chain.made)}.xtar"
        shutil.copy(self.chain.made[-1], copy)
        assert main(["catalogue", "add", str(copy), "--copy", "--label", f"copy{len(self.chain.made)}"]) == 0


@pytest.fixture
def large(chain: Chain) -> Large:
    return Large(chain)


def stored(archive: Path, path: bytes) -> Stored:
    """A file as an archive itself has it."""
    with open_archive(os.fsencode(archive), alone=True) as opened:
        return opened.listing.stored(list(opened.listing.paths).index(path))


def deltas(archive: Path, path: bytes) -> int:
    return sum(member.is_delta for member in stored(archive, path).members)


def is_whole(archive: Path, path: bytes) -> bool:
    return not stored(archive, path).base_digest
