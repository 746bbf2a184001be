"""Archives of a chain mended before and after it is opened: each once, in temporary files that go."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

import pybackup
from pybackup.archive.joined import number_at
from pybackup.archive.open import open_archive
from pybackup.mend.chain import ChainMender
from pybackup.mend.identify import IdentifyingMender
from pybackup.mend.mender import Mender
from pybackup.monitor import Monitor


@pytest.fixture
def archives(tmp_path: Path) -> list[bytes]:
    """An archive, and one that builds on it."""
    (tmp_path / "tree").mkdir()
    made: list[Path] = []
    for number in range(2):
        (tmp_path / f"tree/{number}").write_bytes(os.urandom(50_000))
        made.append(tmp_path / f"{number}.xtar")
        pybackup.create([tmp_path / "tree"], output=made[-1], since_archive=made[:-1], parity="30%", workers=1)
    return [os.fsencode(path) for path in made]


def zero(path: bytes, start: int, end: int) -> None:
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(bytes(end - start))


def test_an_archive_that_is_to_blame_is_mended_once(archives: list[bytes], tmp_path: Path) -> None:
    zero(archives[0], 20_000, 24_000)
    (tmp_path / "work").mkdir()
    with ExitStack() as stack:
        archive = stack.enter_context(open_archive(archives[1], archives[:1]))
        mender = ChainMender(Mender(os.fsencode(tmp_path / "work"), stack, Monitor()), archive, Monitor())
        assert isinstance(archive.place, tuple)
        blamed = {number_at(part.address) for part in archive.place if part.path == archives[0]}
        assert mender.better(archive, ()) is None
        better = mender.better(archive, blamed)
        assert better is not None
        assert better.worn == ["0.xtar"]
        assert isinstance(better.place, tuple)
        assert [part.address for part in better.place] == [part.address for part in archive.place]
        assert mender.better(better, blamed) is None
    assert os.listdir(tmp_path / "work") == []


def test_what_does_not_tell_what_it_is_is_mended_while_it_is_needed(archives: list[bytes], tmp_path: Path) -> None:
    whole = Path(os.fsdecode(archives[1])).read_bytes()
    zero(archives[1], 0, 4096)
    nothing = tmp_path / "nothing.xtar"
    nothing.write_bytes(bytes(5000))
    (tmp_path / "work").mkdir()
    with IdentifyingMender(os.fsencode(tmp_path / "work"), Monitor()) as identifying:
        mended = identifying(archives[1])
        assert Path(os.fsdecode(mended)).read_bytes() == whole
        assert identifying(archives[1]) == mended
        assert identifying(os.fsencode(nothing)) == os.fsencode(nothing)
    assert os.listdir(tmp_path / "work") == []
