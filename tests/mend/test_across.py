"""The rows of the code across a set: what is lost of so many volumes comes back, and no wrong byte is called right."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.damage import overwritten
from kit.small_sets import SmallSet, sectors, small_set

from pybackup.archive.find import look_into
from pybackup.errors import UsageError
from pybackup.host.output import Destination
from pybackup.mend.across import SetRows
from pybackup.mend.lost_rows import LostRows
from pybackup.mend.refused_files import RefusedFiles
from pybackup.mend.survey_set import survey_set
from pybackup.model.volume import VolumeKind
from pybackup.monitor import Noted


@dataclass
class Result:
    """What came of it, while it was there."""

    lost_at_first: Mapping[int, int]
    recovery: list[int]
    right: set[int]
    wrong_bodies: list[int]
    lost_now: list[int]
    would_help: tuple[int, list[str]]
    heard: Noted


def _restored(small: SmallSet, room: Path, changed: Mapping[str, bytes | None]) -> Result:
    """Restore what is left of a set, and compare each body with what it was."""
    with ExitStack() as stack:
        base = Path(stack.enter_context(_directory(room)))
        directory = small.write(base / "set", changed)
        heard = Noted()
        to = Destination(os.fsencode(base / "to"))
        files = [look_into(os.fsencode(path)) for path in sorted(directory.iterdir())]
        with ExitStack() as inner, RefusedFiles(heard) as told:
            taken = survey_set(files, to, stack=inner, monitor=told)
            assert taken.header is not None
            rows = SetRows(taken, taken.header, to, inner, told)
            first, recovery, right = rows.restore()
            wrong = []
            for row, body in enumerate(rows.bodies):
                part = rows.place_of(row)
                held = rows.volume(row)
                if part is not None:
                    whole = Path(os.fsdecode(part.path)).read_bytes()[part.offset : part.offset + body.n_bytes]
                else:
                    assert held is not None
                    whole = held.file.read_at(held.start, body.n_bytes)
                if whole != small.volumes[small.data[row]][: body.n_bytes]:
                    wrong.append(row)
            lost = [rows.lost_sectors(row) for row in range(len(rows.bodies))]
            needed, infos = rows.what_would_help()
            return Result(first, recovery, right, wrong, lost, (needed, [info.label for info in infos]), heard)


def _directory(room: Path) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(dir=room)


@pytest.mark.parametrize(
    "gone", [("docs-001.xtar",), ("docs-002.xtar", "docs-001.xtar"), ("docs-001.xtar", "docs-R01.xtar")], ids="-".join
)
def test_as_many_as_there_are_recovery_volumes_come_back(room: Path, gone: tuple[str, ...]) -> None:
    small = small_set()
    result = _restored(small, room, dict.fromkeys(gone))
    rows = {small.data.index(name) for name in gone if name in small.data}
    assert (result.right, set(result.lost_at_first), result.wrong_bodies) == (rows, rows, [])
    assert not any(result.lost_now)
    assert result.recovery == [1] * ("docs-R01.xtar" in gone)
    assert result.would_help == (0, [])
    assert result.heard.problems == []


def test_one_too_many_is_lost_and_says_what_would_help(room: Path) -> None:
    small = small_set()
    gone = ["docs-001.xtar", "docs-002.xtar", "docs-R02.xtar"]
    result = _restored(small, room, dict.fromkeys(gone))
    assert result.right == set()
    assert result.wrong_bodies == [0, 1]
    assert result.would_help == (1, ["docs 1", "docs 2", "docs R2"])


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_columns_come_back_where_no_more_are_lost_than_recovery_volumes(room: Path, data: st.DataObject) -> None:
    """Without parity of their own: each column of sectors is a code of its own."""
    small = small_set(parity="none")
    lost = {}
    for name in small.data:
        # Past the first sectors, which tell what a file is, and before what is behind the body.
        last = sectors(small.volumes[name]) - 12
        if data.draw(st.booleans()):
            lost[name] = data.draw(st.sets(st.integers(2, last), max_size=8))
    changed = {name: overwritten(small.volumes[name], sorted(numbers)) for name, numbers in lost.items()}
    result = _restored(small, room, changed)
    for row, name in enumerate(small.data):
        beyond = {number for number in lost.get(name, ()) if sum(number in others for others in lost.values()) > 2}
        assert result.lost_now[row] <= len(beyond)
        if not beyond:
            assert row not in result.wrong_bodies
    assert all(row not in result.wrong_bodies for row in result.right)


def test_a_volume_that_is_whole_and_another_is_left_out(room: Path) -> None:
    """Of a set made anew from the same, with other content: parity vouches for each, and they do not fit together."""
    small = small_set()
    other = small_set(seed=4)
    changed = {"docs-001.xtar": None, "docs-002.xtar": other.volumes["docs-002.xtar"]}
    with pytest.raises(UsageError, match="belongs to another set than"):
        _restored(small, room, changed)


def test_what_rows_have_lost_and_what_would_help(room: Path) -> None:
    """All of two volumes and more: two of those that were not given would have to come."""
    small = small_set()
    gone = dict.fromkeys(("docs-001.xtar", "docs-002.xtar", "docs-R01.xtar"))
    directory = small.write(room / "lost", gone)
    with ExitStack() as stack, RefusedFiles(Noted()) as heard:
        files = [look_into(os.fsencode(path)) for path in sorted(directory.iterdir())]
        taken = survey_set(files, Destination(os.fsencode(room / "to")), stack=stack, monitor=heard)
        assert taken.header is not None
        rows = LostRows(taken, taken.header)
        rows.look_for_losses()
        assert [rows.lost_sectors(row) for row in (0, 1)] == [-(-body.n_bytes // 2048) for body in rows.bodies[:2]]
        assert not any(rows.lost_sectors(row) for row in range(2, len(rows.bodies)))
        needed, helpful = rows.what_would_help()
        assert (needed, [info.label for info in helpful]) == (1, ["docs 1", "docs 2", "docs R1"])


def test_names_and_paths_of_what_will_appear(room: Path) -> None:
    small = small_set()
    directory = small.write(room / "set", {"docs-001.xtar": None})
    with ExitStack() as stack, RefusedFiles(Noted()) as heard:
        to = Destination(os.fsencode(room / "to"))
        files = [look_into(os.fsencode(path)) for path in sorted(directory.iterdir())]
        taken = survey_set(files, to, stack=stack, monitor=heard)
        assert taken.header is not None
        rows = SetRows(taken, taken.header, to, stack, heard)
        assert rows.path(rows.data_info(0)) == os.fsencode(room / "to/docs-001.xtar")
        assert (rows.recovery_info(1).kind, rows.siblings) == (VolumeKind.RECOVERY, [1, 2])
        assert (rows.volume(0), rows.volume(1) is not None) == (None, True)
        assert rows.place_of(0) is None
        rows.restore()
        soundness, back = rows.soundness_of(0)
        assert (bool(soundness.bad), soundness.is_proved) == (False, True)
        assert back.n_bytes >= rows.bodies[0].n_bytes
    assert not (room / "to").exists() or list((room / "to").iterdir()) == []
