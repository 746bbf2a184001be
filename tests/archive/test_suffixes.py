"""The suffixes by which a file is meant to be an archive."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pybackup.archive.suffixes import IMAGE_SUFFIX, OWN_SUFFIX, is_called_volume, is_named_like_archive


@pytest.mark.parametrize("name", [b"a" + OWN_SUFFIX, b"A" + OWN_SUFFIX.upper(), b"a b" + IMAGE_SUFFIX, b"sd.dd"])
def test_suffixes_count_in_any_case(name: bytes) -> None:
    assert is_named_like_archive(name)


@pytest.mark.parametrize("name", [b"a.xtar.gz", b"xtar", b"a.iso.part", b""])
def test_other_names_are_not_those_of_archives(name: bytes) -> None:
    assert not is_named_like_archive(name)


def test_only_files_are_called_volumes(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "a.iso")
    assert not is_called_volume(path)
    Path(os.fsdecode(path)).touch()
    assert is_called_volume(path)
    os.mkdir(os.fsencode(tmp_path / "b.iso"))
    assert not is_called_volume(os.fsencode(tmp_path / "b.iso"))
