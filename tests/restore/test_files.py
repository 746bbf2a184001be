"""Files as tasks: small ones in batches, large ones by segments; each gets one verdict, in whatever order."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from kit.hearing import Counting

from pybackup.archive.open import open_archive
from pybackup.mend.mended import MendedArchive
from pybackup.model.extents import Extents
from pybackup.model.member import Stored
from pybackup.model.soundness import Soundness
from pybackup.model.verdict import Fate, FileVerdict
from pybackup.restore.files import FileTasks, most_tasks
from pybackup.restore.ledger import Ledger
from pybackup.restore.plan import Policy, RestoreOptions, plan_salvage
from pybackup.restore.worker import Ground
from pybackup.tree.place import PlaceOptions, Target

from .conftest import Packed, hurt

LONG = b"top/long"


def _verdicts(
    packed: Packed,
    room: Path,
    data: bytes,
    policy: Policy,
    bad: Extents = Extents(),  # noqa: B008 - a frozen value
    is_settled: Callable[[Stored], bool] = lambda stored: False,
) -> tuple[dict[bytes, FileVerdict | None], Counting, int]:
    """Return the verdict on each file, and the number of tasks; their results are taken in reverse order."""
    (room / "a.xtar").write_bytes(data)
    told: dict[bytes, FileVerdict | None] = {}
    heard = Counting()
    with ExitStack() as stack:
        opened = stack.enter_context(open_archive(os.fsencode(room / "a.xtar")))
        known = MendedArchive(opened.place, opened.listing, None, Soundness(bad))
        plan = plan_salvage(known, os.fsencode(room / "out"), RestoreOptions(workers=1))
        ground = Ground(opened.place, plan.target, PlaceOptions(owner=False), policy, keep_partial=True)
        target = stack.enter_context(Target(ground.target, ground.place, heard))
        pool = stack.enter_context(ThreadPoolExecutor(2))

        def tell(stored: Stored, verdict: FileVerdict | None) -> None:
            assert stored.entry.path not in told
            told[stored.entry.path] = verdict

        files = FileTasks(ground, target, pool, Ledger(plan, len(data), heard), tell, heard)
        tasks = list(files.tasks(packed.stored.values(), is_settled))
        for done, future in reversed(tasks):
            done(future.result(60))
    return told, heard, len(tasks)


def _restored(room: Path) -> dict[bytes, bytes]:
    return {b"top/" + os.fsencode(path.name): path.read_bytes() for path in (room / "out/top").iterdir()}


@pytest.mark.parametrize("policy", Policy)
def test_whole_files_are_in_their_place_and_counted(packed: Packed, room: Path, policy: Policy) -> None:
    told, heard, tasks = _verdicts(packed, room, packed.data, policy)
    assert told == dict.fromkeys(packed.stored)
    assert _restored(room) == packed.contents
    assert (heard.files, heard.n_bytes) == (len(packed.contents), sum(map(len, packed.contents.values())))
    # Three segments of the long one, and a batch of all others.
    assert tasks == 4
    assert tasks <= most_tasks(len(packed.contents), heard.n_bytes)


@pytest.mark.parametrize("policy", Policy)
def test_one_damaged_segment_is_the_verdict_on_its_file_alone(packed: Packed, room: Path, policy: Policy) -> None:
    member = packed.stored[LONG].members[1]
    bad = Extents(((member.stream_offset + 100, member.stream_offset + 200),))
    told, heard, _ = _verdicts(packed, room, hurt(packed.data, bad.ranges[0][0], 100), policy, bad)
    verdict = told.pop(LONG)
    assert verdict is not None
    assert set(told.values()) == {None}
    assert heard.files == len(packed.contents)
    whole = packed.contents[LONG]
    restored = _restored(room)
    left = restored.pop(LONG + b".partial", None)
    assert restored == {path: content for path, content in packed.contents.items() if path != LONG}
    if policy is Policy.WHOLE:
        assert (verdict.fate, left) == (Fate.LOST, None)
        return
    assert (verdict.fate, verdict.wanted) == (Fate.PARTIAL, bad)
    assert verdict.present.n_bytes == len(whole) - 100
    assert left is not None
    assert all(left[low:high] == whole[low:high] for low, high in verdict.present)


def test_what_cannot_be_begun_is_unplaced(packed: Packed, room: Path) -> None:
    (room / "out/top").mkdir(parents=True)
    (room / "out/top/long").write_bytes(b"mine")
    told, heard, tasks = _verdicts(packed, room, packed.data, Policy.WHOLE)
    verdict = told[LONG]
    assert verdict is not None
    assert (verdict.fate, tasks, heard.files) == (Fate.UNPLACED, 1, len(packed.contents))
    assert (room / "out/top/long").read_bytes() == b"mine"


def test_what_is_settled_is_no_task(packed: Packed, room: Path) -> None:
    told, heard, tasks = _verdicts(packed, room, packed.data, Policy.WHOLE, is_settled=lambda stored: True)
    assert (told, tasks) == ({}, 0)
    assert (heard.files, heard.n_bytes) == (len(packed.contents), sum(map(len, packed.contents.values())))


@pytest.mark.parametrize(("files", "n_bytes", "least"), [(0, 0, 0), (128, 0, 1), (1000, 0, 7), (1, 1 << 30, 1 << 10)])
def test_no_more_tasks_than_are_reckoned_with(files: int, n_bytes: int, least: int) -> None:
    assert most_tasks(files, n_bytes) >= least
