"""Files that a tree does not have any more are found and deleted, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import pybackup
from pybackup.archive.matching import select
from pybackup.archive.open import open_archive
from pybackup.host.replaced import replaced
from pybackup.monitor import Monitor
from pybackup.restore import deleting
from pybackup.restore.deleting import delete, superfluous


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "tree/d/deep").mkdir(parents=True)
    (tmp_path / "tree/d/file").write_bytes(b"f")
    (tmp_path / "tree/e").mkdir()
    pybackup.create([tmp_path / "tree"], output=tmp_path / "x.xtar", workers=1)
    return tmp_path / "x.xtar"


def found(archive: Path, target: Path, *patterns: bytes) -> list[bytes]:
    with open_archive(os.fsencode(archive)) as opened:
        return superfluous(os.fsencode(target), opened.listing, select(opened.listing, patterns))


def test_only_what_the_archive_does_not_know_is_too_much(archive: Path, tmp_path: Path) -> None:
    assert found(archive, tmp_path) == []
    (tmp_path / "tree/new").mkdir()
    (tmp_path / "tree/new/below").write_bytes(b"")
    (tmp_path / "tree/d/deep/link").symlink_to(tmp_path)
    (tmp_path / "tree/e/\udcff").write_bytes(b"")
    assert sorted(found(archive, tmp_path)) == [b"tree/d/deep/link", b"tree/e/\xff", b"tree/new"]
    assert found(archive, tmp_path, b"tree/e") == [b"tree/e/\xff"]
    assert found(archive, tmp_path, b"tree/d/file") == []
    assert found(archive, tmp_path / "nowhere") == []


def test_a_link_in_the_place_of_a_directory_leads_nowhere(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere/e").mkdir(parents=True)
    (tmp_path / "elsewhere/mine").write_bytes(b"")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/tree").symlink_to(tmp_path / "elsewhere")
    assert found(archive, tmp_path / "out") == []


def test_what_cannot_be_deleted_is_a_problem_and_the_rest_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b/c"):
        (tmp_path / "t" / name).mkdir(parents=True)
        (tmp_path / "t" / name / "file").write_bytes(b"")

    def busy(dir_fd: int, name: bytes) -> object:
        if name == b"a":
            raise OSError(16, "a file system is mounted in it")
        return replaced(dir_fd, name)

    monkeypatch.setattr(deleting, "replaced", busy)
    heard = Monitor()
    assert delete(os.fsencode(tmp_path), [b"t/a", b"t/b", b"t/gone"], heard) == [b"t/b"]
    assert [problem.path for problem in heard.problems] == [b"t/a", b"t/gone"]
    assert sorted(os.listdir(tmp_path / "t")) == ["a"]
