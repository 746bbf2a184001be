"""Settings and indexes of sets that nobody wrote in good faith."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from kit.hearing import Notes
from kit.sets import volumes

from pybackup.archive.find import find_volumes
from pybackup.archive.volume_set import VolumeSet, gather
from pybackup.container.set_index import read_set_index
from pybackup.errors import Damaged, UsageError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import index
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.monitor import Monitor

GOOD = VolumeInfo(bytes(8), "docs", 3, volume_bytes=700, group_sectors=512)


def test_settings_go_there_and_back() -> None:
    for info in (GOOD, VolumeInfo(b"12345678", "d\udcff cs", 1, VolumeKind.RECOVERY, last=True)):
        assert VolumeInfo.of_settings(json.loads(json.dumps({"set": info.settings()}))) == info


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "00"),
        ("id", "xyz"),
        ("id", None),
        ("name", "../../etc/x"),
        ("name", "a\0b"),
        ("name", " "),
        ("name", "\ud800"),
        ("name", "x" * 10_000_000),
        ("name", ["docs"]),
        ("number", 0),
        ("number", 1 << 31),
        ("number", True),
        ("number", "3"),
        ("number", float("inf")),
        ("kind", "other"),
        ("last", 1),
        ("parity", 10),
        ("group_sectors", -1),
        ("volume_bytes", 10**30),
        ("volume_bytes", float("nan")),
    ],
)
def test_impossible_settings_are_refused(field: str, value: object) -> None:
    with pytest.raises(Damaged):
        VolumeInfo.of_settings({"set": {**GOOD.settings(), field: value}})


@pytest.mark.parametrize("said", [[], "docs", 7, {}, True])
def test_what_is_no_object_is_refused(said: Any) -> None:
    with pytest.raises(Damaged):
        VolumeInfo.of_settings({"set": said})


def test_a_name_that_no_file_may_have_is_refused_at_once(tree: Path, tmp_path: Path) -> None:
    from pybackup.make.plan import CreateOptions
    from pybackup.make.plan_set import SetOptions, plan_set

    to = SetOptions(os.fsencode(tmp_path), "x" * 201, 10_000_000)
    with pytest.raises(UsageError, match="cannot be the name of a set"):
        plan_set([], to, judge=None, options=CreateOptions(), monitor=Monitor())


def test_one_that_says_it_is_the_last_and_is_not_settles_nothing() -> None:
    volume_set = VolumeSet(GOOD)
    for number, last in ((1, False), (2, True), (3, False)):
        volume_set.infos[number] = VolumeInfo(bytes(8), "docs", number, last=last)
    assert volume_set.last is None
    volume_set.infos[4] = VolumeInfo(bytes(8), "docs", 4, last=True)
    assert volume_set.last == 4


def test_no_more_volumes_are_named_than_anybody_reads() -> None:
    volume_set = VolumeSet(GOOD)
    volume_set.infos[200_000] = VolumeInfo(bytes(8), "docs", 200_000)
    assert len(volume_set.labels(volume_set.missing)) < 2000
    assert volume_set.labels(volume_set.missing).endswith(" and 199,900 more")


def test_indexes_that_are_a_bomb_together_are_left_out(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ArchiveFile(os.fsencode(volumes(docs)[-1])) as file:
        blobs = list(read_set_index(file))
        assert len(blobs) == len(volumes(docs)) - 1
        plain = sorted(blob.head.plain_bytes for blob in blobs)
        # Each alone is less than this, all together are more.
        monkeypatch.setattr(index, "_PLAIN_ALLOWANCE", plain[-1] + plain[0])
        monkeypatch.setattr(index, "_PLAIN_RATIO", 0)
        assert 0 < len(list(read_set_index(file))) < len(blobs)


def test_two_that_claim_one_number_are_told(tree: Path, docs: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.xtar"
    other.write_bytes(volumes(docs)[0].read_bytes())
    heard = Notes()
    volume_set = gather(find_volumes([os.fsencode(volumes(docs)[0]), os.fsencode(other)]).volumes, heard)
    assert len(volume_set.copies) == 1
    assert "docs 1 once more" in heard.notes[0]
