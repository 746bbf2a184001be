"""Files that exist where an archive or set is to be written are never lost by a typing mistake."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.small_sets import SmallSet, small_set

from pybackup.errors import Exists, UsageError
from pybackup.make.plan_set import SetOptions
from pybackup.make.present import check_output, finished_volumes, remove_rest
from pybackup.model.volume import VolumeInfo
from pybackup.monitor import Noted


@pytest.fixture(scope="module")
def small() -> SmallSet:
    return small_set()


def _to(directory: Path, *, name: str = "docs", resume: bool = False) -> SetOptions:
    return SetOptions(os.fsencode(directory), name, 200_000, resume=resume)


def test_a_free_name_and_an_archive_that_may_be_replaced(small: SmallSet, tmp_path: Path) -> None:
    path = tmp_path / "a.xtar"
    check_output(os.fsencode(path))
    path.write_bytes(small.volumes["docs-001.xtar"])
    with pytest.raises(Exists):
        check_output(os.fsencode(path))
    check_output(os.fsencode(path), replace=True)
    path.write_bytes(b"")
    check_output(os.fsencode(path), replace=True)


@pytest.mark.parametrize("data", [b"a photo", bytes(100_000)])
def test_what_is_no_archive_is_never_replaced(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.xtar").write_bytes(data)
    with pytest.raises(UsageError, match="exists and is no archive"):
        check_output(os.fsencode(tmp_path / "a.xtar"), replace=True)
    assert (tmp_path / "a.xtar").read_bytes() == data


def test_a_directory_is_made_and_has_no_volumes(tmp_path: Path) -> None:
    assert finished_volumes(_to(tmp_path / "new/set")) == []
    assert (tmp_path / "new/set").is_dir()


def test_volumes_are_gone_on_with_or_replaced_or_refused(small: SmallSet, tmp_path: Path) -> None:
    directory = small.write(tmp_path / "set")
    with pytest.raises(Exists, match=r"docs-001.xtar: contains a volume already") as caught:
        finished_volumes(_to(directory))
    assert caught.value.option == "resume"
    found = finished_volumes(_to(directory, resume=True))
    assert [os.path.basename(done.path) for done in found] == [name.encode() for name in small.data]
    assert finished_volumes(_to(directory), replace=True) == []
    with pytest.raises(UsageError, match="exclude each other"):
        finished_volumes(_to(directory, resume=True), replace=True)


def test_sets_are_not_mixed(small: SmallSet, tmp_path: Path) -> None:
    directory = small.write(tmp_path / "set")
    for replace in (False, True):
        with pytest.raises(UsageError, match="belongs to another set, docs; choose another directory"):
            finished_volumes(_to(directory, name="photos"), replace=replace)


def test_the_rest_of_a_set_that_was_replaced_goes_and_nothing_else(small: SmallSet, tmp_path: Path) -> None:
    directory = small.write(tmp_path / "set")
    other = small_set(seed=4)
    (directory / "docs-001.xtar").write_bytes(other.volumes["docs-001.xtar"])
    (directory / "kept.xtar").write_bytes(small.volumes["docs-002.xtar"])
    (directory / "words.txt").write_bytes(b"words")
    (directory / "docs-009.xtar").write_bytes(b"no archive")
    heard = Noted()
    remove_rest(_to(directory), _set_id(other, tmp_path), heard)
    # This file has the name of a volume, but belongs to another set.
    left = {"docs-001.xtar", "kept.xtar", "words.txt", "docs-009.xtar"}
    assert {path.name for path in directory.iterdir()} == left
    assert len(heard.notes) == len(small.volumes) - 1


def _set_id(small: SmallSet, base: Path) -> bytes:
    directory = small.write(base / "other")
    info: VolumeInfo = finished_volumes(_to(directory, resume=True))[0].info
    return info.set_id
