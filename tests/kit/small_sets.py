"""Small sets that are made once, each volume in memory, and what rebuilding makes of some of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pybackup.jobs.rebuild import rebuild
from pybackup.make.rebuilt import Rebuilt
from pybackup.monitor import Monitor
from pybackup.sector import SECTOR

from .memory import fast_directory
from .sets import create
from .trees import plant_noise

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


@cache
def small_set(
    sizes: tuple[int, ...] = (200_000, 130_000), recovery_volumes: int = 2, parity: str = "10%", seed: int = 3
) -> SmallSet:
    """A set of about 270 KB."""
    with fast_directory() as base:
        create(plant_noise(base / "top", seed=seed), base / "set", sizes, recovery_volumes, parity)
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


def sectors(data: bytes) -> int:
    return -(-len(data) // SECTOR)
