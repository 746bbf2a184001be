"""In one run each index is parsed once, guards are searched once, and no file is read more often than its work needs.

What each run does is in the table "What a run costs" of DESIGN.md, row for row; a run that does more fails here.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kit.damage import overwritten
from kit.memory import fast_directory

import pybackup
from pybackup.archive.joined import volumes_of

from .meter import Meter, metered

MIB = 1 << 20
DESIGN = Path(pybackup.__file__).parent / "docs/DESIGN.md"
# Of a file, and of all temporary files: index parsed, guards searched, opened, times read. A part of a reading counts.
Row = tuple[int, int, int, int]


@dataclass(frozen=True)
class Field:
    """A tree, an archive of it, whole and damaged, a small one of two files, and a set with a damaged volume."""

    tree: Path
    whole: Path
    small: Path
    hurt: Path
    volumes: Path
    on_hurt: bytes


@pytest.fixture(scope="module")
def field() -> Iterator[Field]:
    with fast_directory() as base:
        chance = random.Random(1)
        tree = base / "top"
        tree.mkdir()
        for number in range(24):
            (tree / f"file {number}").write_bytes(chance.randbytes(MIB // 2))
        pybackup.create([tree], base / "whole.xtar", workers=1, monitor=pybackup.Monitor())
        small = base / "small.xtar"
        pybackup.create([tree / "file 1", tree / "file 2"], small, workers=1, monitor=pybackup.Monitor())
        hurt = base / "hurt.xtar"
        hurt.write_bytes(overwritten((base / "whole.xtar").read_bytes(), range(400, 420)))
        volumes = base / "set"
        pybackup.create_set(
            [tree], volumes, 5 * MIB, name="docs", recovery_volumes=1, workers=1, monitor=pybackup.Monitor()
        )
        hurt_volume = volumes / "docs-002.xtar"
        size = hurt_volume.stat().st_size // 2048
        hurt_volume.write_bytes(overwritten(hurt_volume.read_bytes(), range(40, 40 + size // 4)))
        on_hurt = next(one.entry.path for one in pybackup.list(volumes) if volumes_of([one]) == {2})
        yield Field(tree, base / "whole.xtar", small, hurt, volumes, on_hurt)


RUNS: dict[str, Callable[[Field, Path, pybackup.Monitor], object]] = {
    "create": lambda f, to, m: pybackup.create([f.tree], to / "made.xtar", workers=1, monitor=m),
    "list": lambda f, to, m: list(pybackup.list(f.whole)),
    "verify": lambda f, to, m: pybackup.verify(f.whole, workers=1, monitor=m),
    "verify, small": lambda f, to, m: pybackup.verify(f.small, workers=1, monitor=m),
    "extract": lambda f, to, m: pybackup.extract(f.whole, to, workers=1, monitor=m),
    "salvage": lambda f, to, m: pybackup.salvage([f.whole], to, workers=1, monitor=m),
    "repair": lambda f, to, m: pybackup.repair([f.whole], to / "made.xtar", monitor=m),
    "verify, damaged": lambda f, to, m: pybackup.verify(f.hurt, workers=1, monitor=m),
    "extract, damaged": lambda f, to, m: pybackup.extract(f.hurt, to, workers=1, monitor=m),
    "salvage, damaged": lambda f, to, m: pybackup.salvage([f.hurt], to, workers=1, monitor=m),
    "repair, damaged": lambda f, to, m: pybackup.repair([f.hurt], to / "made.xtar", monitor=m),
    "create, set": lambda f, to, m: pybackup.create_set(
        [f.tree], to, 5 * MIB, name="docs", recovery_volumes=1, workers=1, monitor=m
    ),
    "list, set": lambda f, to, m: list(pybackup.list(f.volumes)),
    "verify, set": lambda f, to, m: pybackup.verify_set([f.volumes], workers=1, monitor=m),
    "extract one, set": lambda f, to, m: pybackup.extract(f.volumes, to, [f.on_hurt], workers=1, monitor=m),
    "extract, set": lambda f, to, m: pybackup.extract(f.volumes, to, workers=1, monitor=m),
    "salvage, set": lambda f, to, m: pybackup.salvage([f.volumes], to, workers=1, monitor=m),
    "repair, set": lambda f, to, m: pybackup.repair([f.volumes / "docs-002.xtar"], to / "made.xtar", monitor=m),
    "rebuild, set": lambda f, to, m: pybackup.rebuild([f.volumes], to, monitor=m),
}


def measured(field: Field, meter: Meter, to: Path) -> dict[str, Row]:
    """What was counted of each file, by its name; of all temporary files together, without how often they were read."""
    sizes = {
        path.name: path.stat().st_size for path in (*field.volumes.iterdir(), field.whole, field.small, field.hurt)
    }
    sizes |= {path.name: path.stat().st_size for path in to.iterdir() if path.is_file()}
    return {
        name: (
            meter.parsed[name],
            meter.searched[name],
            meter.opened[name],
            0 if name == "temporary" else -(-meter.n_bytes[name] // sizes[name]),
        )
        for name in sorted(meter.opened)
    }


def allowed() -> dict[str, dict[str, Row]]:
    """The table of DESIGN.md."""
    text = DESIGN.read_text().partition("## What a run costs")[2].partition("\n## ")[0]
    rows: dict[str, dict[str, Row]] = {}
    for run, name, *numbers in re.findall(r"^\| ([^|]+?) \| ([^|]+?)" + r" \| (\d+)" * 4 + r" \|$", text, re.M):
        rows.setdefault(run, {})[name] = (int(numbers[0]), int(numbers[1]), int(numbers[2]), int(numbers[3]))
    return rows


def test_the_table_has_every_run() -> None:
    assert allowed().keys() == RUNS.keys()


@pytest.mark.parametrize("run", RUNS)
def test_what_a_run_costs(run: str, field: Field, tmp_path: Path) -> None:
    monitor = pybackup.Monitor()
    with metered() as meter:
        RUNS[run](field, tmp_path, monitor)
    assert not [problem for problem in monitor.problems if "damaged" not in run and "set" not in run]
    assert max(meter.read_for_guards.values(), default=0) <= 1
    found = measured(field, meter, tmp_path)
    assert found == allowed().get(run), "".join(
        f"\n| {run} | {name} | {' | '.join(map(str, row))} |" for name, row in found.items()
    )
