"""Sets as tests make them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from pybackup.compress.methods import DEFAULT_SEGMENT_BYTES, Compression, Profile
from pybackup.make.plan import CreateOptions
from pybackup.make.plan_set import SetOptions, plan_set
from pybackup.make.run import CreatedSet, perform_set
from pybackup.make.second_copies import parse_share
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import parse_amount
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.selection.filelist import named_source

MIB = 1 << 20
VOLUME = 1_600_000
FIRST = (1_300_000, 1_450_000)
TIME = 1_700_000_000 * 10**9


def make(
    tree: Path,
    to: Path,
    *,
    first: Sequence[int] = FIRST,
    size: int = VOLUME,
    name: str = "docs",
    recovery_volumes: int = 0,
    parity: str = "10%",
    resume: bool = False,
    tight: bool = False,
    second_copies: str | None = None,
    compression: Compression = Compression.FAST,
    segment_bytes: int = MIB,
    workers: int = 1,
    monitor: Monitor | None = None,
) -> CreatedSet:
    """Make a set; without a monitor of the caller's, any problem is a failure."""
    heard = monitor or Monitor()
    options = CreateOptions(
        Profile(compression),
        segment_bytes=segment_bytes,
        parity=ParityOptions(parse_amount(parity)),
        workers=workers,
    )
    share = parse_share(second_copies) if second_copies else Fraction(0)
    where = SetOptions(
        os.fsencode(to),
        name,
        size,
        tuple(first),
        resume,
        tight=tight,
        recovery_volumes=recovery_volumes,
        second_copies=share,
    )
    plan = plan_set([named_source(os.fsencode(tree))], where, judge=None, options=options, monitor=heard)
    done = perform_set(plan, monitor=heard)
    if monitor is None:
        assert heard.problems == []
    return done


def volumes(directory: Path) -> list[Path]:
    """The volumes in a directory, by their names."""
    return sorted(directory.glob("*.xtar"))


def make_volumes(tree: Path, to: Path, sizes: Sequence[int], *, parity: str = "10%", name: str = "docs") -> list[Path]:
    """Make a set of volumes of these sizes, the last for all that follow, and return them."""
    made = make(tree, to, first=sizes[:-1], size=sizes[-1], parity=parity, name=name)
    return [Path(os.fsdecode(volume.path)) for volume in made.volumes]


def create(
    top: Path, to: Path, sizes: Sequence[int], recovery_volumes: int, parity: str = "10%", *, resume: bool = False
) -> None:
    """Make a set of volumes of these sizes, the last for all that follow, compressed as by default."""
    make(
        top,
        to,
        first=sizes[:-1],
        size=sizes[-1],
        recovery_volumes=recovery_volumes,
        parity=parity,
        resume=resume,
        compression=Compression.DEFAULT,
        segment_bytes=DEFAULT_SEGMENT_BYTES,
    )
