"""A name for a sidecar: free, or a sidecar's that may be replaced; nothing else is ever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.protected import NO_PARITY, with_own_stream, with_sidecar

from pybackup.errors import Exists, UsageError
from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX, check_sidecar


def test_a_free_name(tmp_path: Path) -> None:
    check_sidecar(os.fsencode(tmp_path / "a") + SIDECAR_SUFFIX)
    assert os.listdir(tmp_path) == []


def test_a_sidecar_only_where_it_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.xpar").write_bytes(with_sidecar(tmp_path, NO_PARITY, b"content" * 1000).sidecar)
    with pytest.raises(Exists):
        check_sidecar(os.fsencode(tmp_path / "a.xpar"))
    check_sidecar(os.fsencode(tmp_path / "a.xpar"), replace=True)
    # A symbolic link to one, too.
    (tmp_path / "link.xpar").symlink_to("a.xpar")
    check_sidecar(os.fsencode(tmp_path / "link.xpar"), replace=True)


def test_an_empty_file_holds_nothing_that_could_be_lost(tmp_path: Path) -> None:
    (tmp_path / "a.xpar").touch()
    check_sidecar(os.fsencode(tmp_path / "a.xpar"), replace=True)
    with pytest.raises(Exists):
        check_sidecar(os.fsencode(tmp_path / "a.xpar"))


@pytest.mark.parametrize("kind", ["words", "zeros", "protected"])
def test_another_file_never(tmp_path: Path, kind: str) -> None:
    """A file that has its own parity stream is no sidecar either."""
    contents = {"words": b"a diary", "zeros": bytes(100_000)}
    data = contents[kind] if kind in contents else with_own_stream(tmp_path, NO_PARITY, b"archive!" * 1024).data
    (tmp_path / "a.xpar").write_bytes(data)
    with pytest.raises(UsageError, match="exists and is no sidecar"):
        check_sidecar(os.fsencode(tmp_path / "a.xpar"), replace=True)
    assert (tmp_path / "a.xpar").read_bytes() == data


def test_a_directory_never(tmp_path: Path) -> None:
    (tmp_path / "a.xpar").mkdir()
    with pytest.raises(UsageError):
        check_sidecar(os.fsencode(tmp_path / "a.xpar"), replace=True)
