"""Both policies: they differ in what is done with damaged files, and in nothing else."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from jobs.meter import metered

import pybackup
from pybackup.archive.open import open_archive
from pybackup.mend.mended import MendedArchive
from pybackup.model.extents import Extents
from pybackup.model.problem import Trouble
from pybackup.model.soundness import Soundness
from pybackup.model.verdict import Fate
from pybackup.monitor import Monitor
from pybackup.restore.plan import Policy, RestoreOptions, RestorePlan, plan_restore, plan_salvage
from pybackup.restore.run import run
from pybackup.sector import SECTOR

MIB = 1 << 20


def made(base: Path, sizes: dict[str, int], segment_bytes: int = 64 * MIB) -> Path:
    chance = random.Random(1)
    (base / "top").mkdir()
    for name, size in sizes.items():
        (base / "top" / name).write_bytes(chance.randbytes(size))
    pybackup.create(
        [base / "top"], base / "a.xtar", parity="none", segment_size=segment_bytes, workers=1, monitor=Monitor()
    )
    return base / "a.xtar"


def planned(policy: Policy, archive: Path, to: Path, bad: Extents) -> RestorePlan:
    options = RestoreOptions(workers=1)
    with open_archive(os.fsencode(archive)) as opened:
        if policy is Policy.WHOLE:
            return plan_restore(opened, (), os.fsencode(to), options)
        known = Soundness(bad)
        return plan_salvage(MendedArchive(opened.place, opened.listing, None, known), os.fsencode(to), options)


@pytest.mark.parametrize("segment_bytes", [MIB, 64 * MIB])
@pytest.mark.parametrize("policy", Policy)
def test_a_damaged_file(tmp_path: Path, policy: Policy, segment_bytes: int) -> None:
    """A file of segments and one in a batch: left out, or their intact parts placed beside their names."""
    archive = made(tmp_path, {"a": 1000, "b": 3 * MIB, "c": 1000}, segment_bytes)
    with open_archive(os.fsencode(archive)) as opened:
        stored = next(each for each in opened.listing if each.entry.path == b"top/b")
    start = (stored.members[0].offset // SECTOR + 100) * SECTOR
    bad = Extents(((start, start + SECTOR),))
    data = bytearray(archive.read_bytes())
    data[start : start + SECTOR] = b"x" * SECTOR
    archive.write_bytes(data)
    monitor, out = Monitor(), tmp_path / "out"
    done = run(planned(policy, archive, out, bad), monitor=monitor)
    fates = {Policy.WHOLE: Fate.LOST, Policy.PARTIAL: Fate.PARTIAL}
    assert [verdict.fate for verdict in done.verdicts] == [Fate.INTACT, fates[policy], Fate.INTACT]
    (verdict,) = done.not_intact
    assert (done.files, done.counts[verdict.fate], verdict.path) == (2, 1, b"top/b")
    assert [problem.path for problem in monitor.problems] == [b"top/b"]
    for name in ("a", "c"):
        assert (out / "top" / name).read_bytes() == (tmp_path / "top" / name).read_bytes()
    if policy is Policy.WHOLE:
        assert sorted(os.listdir(out / "top")) == ["a", "c"]
        assert (verdict.placed_as, verdict.needed, monitor.problems[0].trouble) == (None, "", Trouble.LOST)
        assert done.n_bytes == 2000
    else:
        assert sorted(os.listdir(out / "top")) == ["a", "b.partial", "c"]
        left, whole = (out / "top/b.partial").read_bytes(), (tmp_path / "top/b").read_bytes()
        assert verdict.present.n_bytes == 3 * MIB - SECTOR
        assert all(left[low:high] == whole[low:high] for low, high in verdict.present)
        assert f"sector {start // SECTOR}" in verdict.needed
        assert monitor.problems[0].trouble is Trouble.DAMAGED


@pytest.mark.parametrize("policy", Policy)
def test_what_is_whole_is_decoded_once(tmp_path: Path, policy: Policy) -> None:
    """A file of any size: one of 17 MiB is not held in memory to be checked."""
    archive = made(tmp_path, {"long": 17 * MIB})
    plan = planned(policy, archive, tmp_path / "out", Extents())
    with metered() as meter:
        assert run(plan, monitor=Monitor()).complete
    assert meter.n_bytes["a.xtar"] < 1.1 * archive.stat().st_size
    assert (tmp_path / "out/top/long").read_bytes() == (tmp_path / "top/long").read_bytes()
