"""Small sets that are made once, each volume in memory, and what rebuilding makes of some of it."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from damage.fast_disk import fast_directory

from pybackup.jobs.rebuild import rebuild
from pybackup.make.plan import CreateOptions
from pybackup.make.plan_set import SetOptions, plan_set
from pybackup.make.rebuilt import Rebuilt
from pybackup.make.run import perform_set
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import parse_amount
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.sector import SECTOR

NAME = "docs"


@dataclass(frozen=True)
class SmallSet:
    """The volumes of a set by their names."""

    volumes: Mapping[str, bytes]

    @property
    def data(self) -> list[str]:
        return [name for name in self.volumes if "-R" not in name]

    @property
    def recovery(self) -> list[str]:
        return [name for name in self.volumes if "-R" in name]

    def write(self, directory: Path, changed: Mapping[str, bytes | None] | None = None) -> Path:
        """Write all volumes to a directory, some of them changed, or left out."""
        directory.mkdir(exist_ok=True)
        for name, data in {**self.volumes, **(changed or {})}.items():
            if data is not None:
                (directory / name).write_bytes(data)
        return directory


def plant(top: Path, *, seed: int = 3, n_bytes: int = 270_000) -> Path:
    """A tree of that many bytes, of one time, so that a set of it is always the same."""
    chance = random.Random(seed)
    left = n_bytes
    for number in range(1000):
        size = min(left, chance.randrange(1, 15_000))
        path = top / f"d{number % 3}" / f"file {number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(size))
        left -= size
        if not left:
            break
    (top / "link").symlink_to("d0")
    os.link(top / "d0" / "file 0", top / "twin")
    for directory, below, names in os.walk(top, topdown=False):
        for name in (*names, *below, "."):
            os.utime(Path(directory) / name, ns=(0, 1_700_000_000_123_456_789), follow_symlinks=False)
    return top


def create(
    top: Path, to: Path, sizes: Sequence[int], recovery_volumes: int, parity: str = "10%", *, resume: bool = False
) -> None:
    """Make a set of volumes of these sizes; the last one counts for all that follow."""
    options = CreateOptions(parity=ParityOptions(parse_amount(parity)), workers=1)
    wanted = SetOptions(os.fsencode(to), NAME, sizes[-1], sizes[:-1], recovery_volumes=recovery_volumes, resume=resume)
    monitor = Monitor()
    source = Source(os.fsencode(top), os.fsencode(top.name))
    perform_set(plan_set([source], wanted, judge=None, options=options, monitor=monitor), monitor=monitor)
    assert not monitor.problems


@cache
def small_set(
    sizes: tuple[int, ...] = (200_000, 130_000), recovery_volumes: int = 2, parity: str = "10%", seed: int = 3
) -> SmallSet:
    """A set of about 270 KB."""
    with fast_directory() as base:
        create(plant(base / "top", seed=seed), base / "set", sizes, recovery_volumes, parity)
        return SmallSet({path.name: path.read_bytes() for path in sorted((base / "set").iterdir())})


def rebuilt(
    given: Path | Sequence[Path], to: Path, *, keep_partial: bool = False, monitor: Monitor | None = None
) -> Rebuilt:
    paths = [given] if isinstance(given, Path) else given
    return rebuild(
        [os.fsencode(path) for path in paths],
        os.fsencode(to),
        keep_partial=keep_partial,
        monitor=monitor or Monitor(),
    )


def contents(directory: Path) -> dict[str, bytes]:
    """All files in a directory, hidden ones too."""
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def zeroed(data: bytes, sectors: Sequence[int]) -> bytes:
    """The bytes with some sectors lost."""
    damaged = bytearray(data)
    for sector in sectors:
        damaged[sector * SECTOR : (sector + 1) * SECTOR] = bytes(len(damaged[sector * SECTOR : (sector + 1) * SECTOR]))
    return bytes(damaged)


def sectors(data: bytes) -> int:
    return -(-len(data) // SECTOR)
