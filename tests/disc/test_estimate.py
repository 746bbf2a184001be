"""The estimated size of an archive, compared with the size when it is made."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from kit.archives import archive
from kit.planting import text, write_sparse

from pybackup.compress.methods import Compression, Profile
from pybackup.disc.estimate import Estimate, estimate
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.model.entry import Kind
from pybackup.monitor import Monitor
from pybackup.selection.filelist import named_source

MIB = 1 << 20


def _estimated(top: Path) -> Estimate:
    options = CreateOptions(Profile(Compression.FAST), parity=None, workers=1)
    source = [named_source(os.fsencode(top))]
    plan = plan_create(source, os.fsencode(top.parent / "a.xtar"), judge=None, options=options, monitor=Monitor())
    return estimate(plan, Monitor())


@pytest.mark.parametrize("kind", ["noise", "text", "mixed"])
def test_it_is_as_near_as_it_says(tmp_path: Path, kind: str) -> None:
    chance = random.Random(5)
    top = tmp_path / "top"
    for number in range(120):
        directory = top / f"d{number % 7}"
        directory.mkdir(parents=True, exist_ok=True)
        is_noise = kind == "noise" or (kind == "mixed" and number % 2)
        size = chance.randrange(1, 60_000)
        (directory / f"f{number}").write_bytes(chance.randbytes(size) if is_noise else text(size, number))
    found = _estimated(top)
    archive([top], tmp_path / "real.xtar", with_parity=False)
    real = (tmp_path / "real.xtar").stat().st_size
    assert abs(found.body_bytes - real) <= 3 * found.error * found.body_bytes
    assert found.files == 120
    assert found.directories == 8
    assert found.content_bytes == found.data_bytes == sum(p.stat().st_size for p in top.rglob("f*"))
    assert 0 < found.ratio <= 1.01
    assert found.seconds > 0


def test_holes_weigh_nothing(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    write_sparse(top / "holes", 500 * MIB, {MIB: os.urandom(100_000), 300 * MIB: os.urandom(50_000)})
    found = _estimated(top)
    assert found.content_bytes == 500 * MIB
    assert 150_000 <= found.data_bytes < MIB
    assert found.body_bytes < 2 * MIB
    (holed,) = (planned.entry for planned in found.entries if planned.entry.kind is Kind.FILE)
    assert holed.size == found.data_bytes


def test_a_tree_without_content_has_its_entries(tmp_path: Path) -> None:
    (tmp_path / "top/empty").mkdir(parents=True)
    found = _estimated(tmp_path / "top")
    assert (found.files, found.directories, found.content_bytes, found.ratio, found.seconds) == (0, 2, 0, 1.0, 0.0)
    assert found.body_bytes > 0


def test_what_cannot_be_read_any_more_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    (tmp_path / "top/gone").write_bytes(text(9000, 1))
    options = CreateOptions(Profile(Compression.FAST), parity=None, workers=1)
    source = [named_source(os.fsencode(tmp_path / "top"))]
    plan = plan_create(source, os.fsencode(tmp_path / "a.xtar"), judge=None, options=options, monitor=Monitor())
    (tmp_path / "top/gone").unlink()
    found = estimate(plan, Monitor())
    assert (found.ratio, found.data_bytes) == (1.0, 9000)
