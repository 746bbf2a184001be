"""A small set to mutate, and the image of a disc of one of its volumes: made once a run, each valid."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pybackup.disc.build import perform_build
from pybackup.disc.plan_build import BuildOptions, plan_build
from pybackup.make.plan import CreateOptions
from pybackup.make.plan_set import SetOptions, plan_set
from pybackup.make.run import perform_set
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import parse_amount
from pybackup.parity.stream.geometry import ParityOptions

from .seeds import TIME_NS

_VOLUME_BYTES = 230_000


@dataclass(frozen=True, slots=True)
class SetSeeds:
    """Valid bytes.

    Attributes
    ----------
    volumes
        By their file names: data volumes, and a recovery volume.
    image
        Of the last data volume, which tells of all.
    """

    volumes: Mapping[str, bytes]
    image: bytes

    @property
    def recovery(self) -> bytes:
        """The recovery volume."""
        return next(data for name, data in self.volumes.items() if "-R" in name)


@cache
def set_seeds() -> SetSeeds:
    """Three volumes of 230 KB at most, a file over two of them, and one recovery volume."""
    with tempfile.TemporaryDirectory(prefix="pybackup-fuzz-") as base:
        top, to = Path(base) / "top", Path(base) / "set"
        _plant(top)
        parity = ParityOptions(parse_amount("10%"), group_sectors=24)
        options = CreateOptions(parity=parity, segment_bytes=1 << 16, workers=1)
        wanted = SetOptions(os.fsencode(to), "docs", _VOLUME_BYTES, recovery_volumes=1)
        monitor = Monitor()
        plan = plan_set([Source(os.fsencode(top), b"top")], wanted, judge=None, options=options, monitor=monitor)
        perform_set(plan, monitor=monitor)
        assert not monitor.problems
        volumes = {path.name: path.read_bytes() for path in sorted(to.iterdir())}
        last = to / [name for name in volumes if "-R" not in name][-1]
        how = BuildOptions(medium_bytes=1 << 30, group_sectors=64)
        built = perform_build(plan_build(os.fsencode(last), os.fsencode(base), how), monitor)
        return SetSeeds(volumes, Path(os.fsdecode(built.path)).read_bytes())


def _plant(top: Path) -> None:
    chance = random.Random(4)
    (top / "a" / "empty").mkdir(parents=True)
    for number in range(12):
        (top / "a" / f"file {number}").write_bytes(chance.randbytes(chance.randrange(1, 9000)))
    (top / "b").mkdir()
    (top / "b" / "over").write_bytes(chance.randbytes(280_000))
    (top / "link").symlink_to("a")
    os.link(top / "a" / "file 0", top / "twin")
    for path in sorted((top, *top.rglob("*")), reverse=True):
        os.utime(path, ns=(TIME_NS, TIME_NS), follow_symlinks=False)
