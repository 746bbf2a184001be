"""The two real trees the issue names, and one planted with everything, there and back again."""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkdtemp

import pytest
from kit import planting
from kit.archives import archive, check, extract, round_trip
from kit.manifest import differences, manifest
from kit.planting import MIB

from pybackup.compress.methods import Compression

SYSTEM = (Path("/usr/share/doc"), Path("/usr/lib/python3"))


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A directory that goes away at once: pytest would keep the last three of these trees."""
    path = Path(mkdtemp(prefix="pybackup-system-trees-"))
    yield path
    shutil.rmtree(path)


def test_doc_and_python3_together(scratch: Path) -> None:
    before = {tree: manifest(tree) for tree in SYSTEM}
    # A fresh Debian has next to nothing in /usr/lib/python3.
    assert all(before.values())
    assert sum(map(len, before.values())) > 1000
    archive(SYSTEM, scratch / "a.xtar", workers=2, compression=Compression.FAST)
    extract(scratch / "a.xtar", scratch / "out", workers=2)
    for tree, found in before.items():
        assert differences(found, manifest(tree)) == []
        assert differences(found, manifest(scratch / "out" / tree.name)) == []
    assert {path.name for path in (scratch / "out").iterdir()} == {tree.name for tree in SYSTEM}
    check(scratch / "a.xtar", scratch / "out", workers=2)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_everything(workers: int, scratch: Path) -> None:
    (scratch / "tree").mkdir()
    planting.everything(scratch / "tree")
    compression = Compression.DEFAULT if workers == 2 else Compression.FAST
    before = round_trip(scratch / "tree", scratch, workers=workers, compression=compression, segment_bytes=MIB)
    assert len(before) > 500
    check(scratch / "round.xtar", scratch / "tree", workers=workers)


def _some(scratch: Path) -> list[Path]:
    """A tree with everything, and a part of a real one."""
    (scratch / "tree").mkdir()
    planting.everything(scratch / "tree")
    shutil.copytree(_of_modest_size(Path(sysconfig.get_path("stdlib"))), scratch / "part", symlinks=True)
    return [scratch / "tree", scratch / "part"]


def _of_modest_size(tree: Path) -> Path:
    """The first directory below ``tree`` that has 100 files or more, in 0.5 to 10 MB."""
    for directory in sorted(path for path in tree.rglob("*") if path.is_dir() and not path.is_symlink()):
        sizes = [path.lstat().st_size for path in directory.rglob("*")]
        if len(sizes) >= 100 and 500_000 < sum(sizes) < 10_000_000:
            return directory
    raise AssertionError(f"nothing of modest size in {tree}")


@pytest.mark.parametrize("compression", [Compression.FAST, Compression.DEFAULT])
def test_the_same_bytes_whoever_works(compression: Compression, scratch: Path) -> None:
    trees = _some(scratch)[compression is Compression.DEFAULT :]
    for workers in (1, 2, 4):
        archive(trees, scratch / f"{workers}.xtar", workers=workers, compression=compression, segment_bytes=MIB)
    with ThreadPoolExecutor(3) as executor:
        archive(trees, scratch / "threads.xtar", executor=executor, compression=compression, segment_bytes=MIB)
    first = (scratch / "1.xtar").read_bytes()
    for other in ("2", "4", "threads"):
        assert (scratch / f"{other}.xtar").read_bytes() == first


def test_a_passed_executor_extracts_too(scratch: Path) -> None:
    (scratch / "tree").mkdir()
    planting.everything(scratch / "tree")
    before = manifest(scratch / "tree")
    archive([scratch / "tree"], scratch / "a.xtar", segment_bytes=MIB)
    with ThreadPoolExecutor(3) as executor:
        extract(scratch / "a.xtar", scratch / "out", executor=executor)
    assert differences(before, manifest(scratch / "out/tree")) == []


def test_neither_access_nor_change_times_of_the_sources_move(scratch: Path) -> None:
    (scratch / "tree").mkdir()
    planting.contents(scratch / "tree")
    planting.holes(scratch / "tree")
    for path in (scratch / "tree").iterdir():
        os.utime(path, ns=(1_000_000_000, path.stat().st_mtime_ns))
    before = {path.name: _times(path) for path in (scratch / "tree").iterdir()}
    archive([scratch / "tree"], scratch / "a.xtar")
    assert {path.name: _times(path) for path in (scratch / "tree").iterdir()} == before


def _times(path: Path) -> tuple[int, int, int]:
    status = path.lstat()
    return status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns
