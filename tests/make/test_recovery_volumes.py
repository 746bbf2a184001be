"""Recovery volumes made again have the same bytes as before, and so have restored data volumes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from kit.damage import overwritten
from kit.small_sets import SmallSet, contents, small_set

from pybackup.archive.find import Volume, look_into
from pybackup.archive.measure import header_of, measure
from pybackup.errors import Damaged, Exists, UsageError
from pybackup.host.output import Destination
from pybackup.make.publish_rebuilt import publish_mended, publish_restored
from pybackup.make.rebuilt import Outcome, Rebuilt
from pybackup.make.recovery_content import blob_of
from pybackup.make.recovery_volumes import RecoveryGroup, default_group, make_recovery, phase_of_recovery
from pybackup.mend.across import SetRows
from pybackup.mend.refused_files import RefusedFiles
from pybackup.mend.survey_set import survey_set
from pybackup.monitor import Monitor, Noted


@pytest.fixture(scope="module")
def small() -> SmallSet:
    return small_set()


@pytest.fixture
def volumes(small: SmallSet, tmp_path: Path) -> list[Volume]:
    directory = small.write(tmp_path / "set")
    return [look_into(os.fsencode(directory / name)).volumes[0] for name in small.volumes]


def _made(
    volumes: list[Volume], to: Path, group: RecoveryGroup | None = None, numbers: tuple[int, ...] = ()
) -> set[str]:
    data = [volume for volume in volumes if volume.info and volume.info.kind == "data"]
    bodies = [measure(volume, Monitor()) for volume in data]
    wanted = group or default_group(data, 1, 2)
    made = make_recovery(data, bodies, wanted, Destination(os.fsencode(to)), numbers=numbers, monitor=Monitor())
    return {os.path.basename(one.path).decode() for one in made}


@pytest.mark.parametrize("numbers", [(), (2,), (1, 2)])
def test_made_again_they_are_the_same(
    small: SmallSet, volumes: list[Volume], tmp_path: Path, numbers: tuple[int, ...]
) -> None:
    names = _made(volumes, tmp_path / "again", numbers=numbers)
    assert names == {f"docs-R0{number}.xtar" for number in numbers or (1, 2)}
    assert contents(tmp_path / "again") == {name: small.volumes[name] for name in names}


def test_what_one_of_them_tells_is_what_made_them(volumes: list[Volume]) -> None:
    recovery = volumes[-1]
    assert recovery.info is not None
    told = RecoveryGroup.of(header_of(recovery), recovery.info)
    data = [volume for volume in volumes if volume.info and volume.info.kind == "data"]
    assert told == default_group(data, 1, 2)
    assert list(told.numbers) == [1, 2]


def test_none_asked_for_are_none(volumes: list[Volume], tmp_path: Path) -> None:
    group = default_group(volumes[:1], 1, 0)
    assert _made(volumes, tmp_path / "none", group) == set()
    assert not (tmp_path / "none").exists()


def test_what_does_not_fit_or_is_there_is_refused(volumes: list[Volume], tmp_path: Path) -> None:
    group = default_group(volumes[:1], 1, 1)
    with pytest.raises(UsageError, match="but 50000 fit") as caught:
        _made(volumes, tmp_path / "again", replace(group, volume_bytes=50_000))
    assert caught.value.option == "volume_size"
    with pytest.raises(UsageError, match="no code has"):
        _made(volumes, tmp_path / "again", replace(group, first=70_000))
    (tmp_path / "again").mkdir(exist_ok=True)
    (tmp_path / "again/docs-R01.xtar").write_bytes(b"mine")
    with pytest.raises(Exists):
        _made(volumes, tmp_path / "again")
    assert contents(tmp_path / "again") == {"docs-R01.xtar": b"mine"}


def test_an_index_is_read_as_it_stands_there(small: SmallSet, volumes: list[Volume]) -> None:
    first = volumes[0]
    blob = blob_of(first)
    assert blob in small.volumes["docs-001.xtar"]
    # Each later volume repeats the index.
    assert blob in small.volumes["docs-002.xtar"]
    Path(os.fsdecode(first.path)).write_bytes(bytes(1000))
    with pytest.raises(Damaged, match="its first header could be read before, but not now"):
        blob_of(first)


def test_its_phase_grows_with_what_is_read() -> None:
    assert phase_of_recovery(2000).work == 2 * phase_of_recovery(1000).work > 0


def _rebuilt(
    small: SmallSet,
    base: Path,
    changed: Mapping[str, bytes | None],
    *,
    keep_partial: bool = False,
    with_recovery: bool = True,
) -> tuple[Rebuilt, dict[str, bytes], Noted]:
    directory = small.write(base / "set", changed)
    heard, to = Noted(), Destination(os.fsencode(base / "to"))
    files = [look_into(os.fsencode(path)) for path in sorted(directory.iterdir())]
    with ExitStack() as stack, RefusedFiles(heard) as told:
        surveyed = survey_set(files, to, stack=stack, monitor=told)
        if surveyed.header is None:
            found = publish_mended(surveyed, to, stack, heard)
        else:
            rows = SetRows(surveyed, surveyed.header, to, stack, told)
            found = publish_restored(rows, to, stack, heard, keep_partial=keep_partial, with_recovery=with_recovery)
    return found, contents(base / "to") if (base / "to").exists() else {}, heard


def _outcomes(found: Rebuilt) -> dict[str, Outcome]:
    return {volume.info.label: volume.outcome for volume in found.volumes}


@pytest.mark.parametrize("with_recovery", [True, False])
def test_what_was_lost_is_published_byte_for_byte_and_nothing_else(
    small: SmallSet, tmp_path: Path, with_recovery: bool
) -> None:
    hurt = overwritten(small.volumes["docs-002.xtar"], [3])
    changed = {"docs-001.xtar": None, "docs-002.xtar": hurt, "docs-R02.xtar": None}
    found, made, heard = _rebuilt(small, tmp_path, changed, with_recovery=with_recovery)
    names = ["docs-001.xtar", "docs-002.xtar", *(["docs-R02.xtar"] if with_recovery else [])]
    assert made == {name: small.volumes[name] for name in names}
    assert (found.complete, found.needed, heard.problems) == (True, 0, [])
    outcomes = _outcomes(found)
    assert (outcomes["docs 1"], outcomes["docs 2"], outcomes["docs 3"]) == ("rebuilt", "rebuilt", "whole")


def test_what_is_beyond_help_is_not_published_unless_it_is_wanted(small: SmallSet, tmp_path: Path) -> None:
    gone = {"docs-001.xtar": None, "docs-002.xtar": None, "docs-R02.xtar": None}
    for keep_partial in (False, True):
        base = tmp_path / str(keep_partial)
        base.mkdir()
        found, made, _ = _rebuilt(small, base, gone, keep_partial=keep_partial)
        assert (found.complete, found.needed) == (False, 1)
        assert _outcomes(found)["docs 1"] is Outcome.BEYOND
        assert set(made) == ({"docs-001.xtar", "docs-002.xtar"} if keep_partial else set())


def test_without_recovery_volumes_own_parity_brings_back_what_it_can(small: SmallSet, tmp_path: Path) -> None:
    hurt = overwritten(small.volumes["docs-002.xtar"], [3, 4])
    changed = {"docs-002.xtar": hurt, **dict.fromkeys(small.recovery)}
    found, made, heard = _rebuilt(small, tmp_path, changed)
    assert made == {"docs-002.xtar": small.volumes["docs-002.xtar"]}
    assert (found.complete, heard.problems) == (True, [])


def test_without_recovery_volumes_a_lost_one_is_lost_and_says_what_would_help(small: SmallSet, tmp_path: Path) -> None:
    changed = {"docs-001.xtar": None, **dict.fromkeys(small.recovery)}
    found, made, heard = _rebuilt(small, tmp_path, changed)
    assert (made, _outcomes(found)["docs 1"]) == ({}, Outcome.BEYOND)
    assert [problem.reason for problem in heard.problems] == [
        "docs: no recovery volume was given, or too little is left of it; with one, lost volumes could be restored"
    ]
