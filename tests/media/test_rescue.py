"""The rescue script against pybackup's own reader: it brings back no wrong file, and no fewer than pybackup does."""

from __future__ import annotations

import ast
import errno
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from damage.fast_disk import fast_directory
from damage.oracle import extract_to
from damage.specimen import Snapshot, Specimen, make_large_tree, make_specimen, make_tree, snapshot
from damage.test_matrix import DAMAGES, PLACES, SECTOR, changed_files
from roundtrip.manifest import differences, manifest
from roundtrip.planting import ROWS, write_sparse
from roundtrip.recipe import GOLDEN, from_json
from roundtrip.running import MIB, archive
from roundtrip.test_golden import ARCHIVES, _expected

from pybackup.media import rescue

SCRIPT = Path(rescue.__file__)
TREES = [name for name in ROWS if name != "contents"]


@pytest.fixture(autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        said = "owners and devices: run the tests as root"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)


@pytest.fixture
def field() -> Iterator[Path]:
    with fast_directory() as base:
        yield base


@pytest.fixture(scope="module")
def small() -> Iterator[Specimen]:
    with fast_directory() as base:
        yield make_specimen(make_tree(base), base / "small.xtar")


@pytest.fixture(scope="module")
def protected() -> Iterator[tuple[Path, Path]]:
    """A tree and its archive with the parity and the sums that are default."""
    with fast_directory() as base:
        tree = make_large_tree(base)
        write_sparse(tree / "holes", 3 * MIB, {at: b"data" * 1024 for at in range(0, 3 * MIB, 65536)})
        archive([tree], base / "a.xtar", segment_bytes=MIB)
        yield tree, base / "a.xtar"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the script as a stranger does: alone, nothing of pybackup on its path."""
    command = [sys.executable, "-I", SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def extract(path: Path, target: Path, *more: str | Path) -> None:
    done = run("extract", path, "--to", target, "--devices", "--numeric-owner", *more)
    assert (done.returncode, done.stderr) == (0, "")


def rescued(command: str, path: Path, target: Path) -> tuple[int, Snapshot]:
    """What `main` leaves, its status, and the tree; the target is gone afterwards."""
    status = rescue.main([command, os.fspath(path), "--to", os.fspath(target), "--devices"])
    found = snapshot(os.fsencode(target)) if target.exists() else {}
    subprocess.run(["rm", "-rf", target], check=True)
    return status, found


@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_golden(path: Path, field: Path) -> None:
    extract(path, field / "out")
    assert differences(from_json(_expected(path)["manifest"]), manifest(field / "out/tree"), but=["data"]) == []
    assert run("verify", path).returncode == 0
    assert GOLDEN in path.parents


@pytest.mark.parametrize("name", TREES)
def test_trees(name: str, field: Path) -> None:
    tree = field / "tree"
    tree.mkdir()
    ROWS[name](tree)
    archive([tree], field / "a.xtar")
    listed = run("list", field / "a.xtar")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert len(listed.stdout.splitlines()) == len(manifest(tree))
    extract(field / "a.xtar", field / "out")
    assert differences(manifest(tree), manifest(field / "out/tree")) == []


def test_segments_parity_and_selection(protected: tuple[Path, Path], field: Path) -> None:
    tree, path = protected
    extract(path, field / "out")
    assert differences(manifest(tree), manifest(field / "out/tree")) == []
    done = run("verify", path)
    assert (done.returncode, done.stderr) == (0, "")
    extract(path, field / "some", "tree/b/c", "tree/zlink")
    whole, some = manifest(tree), manifest(field / "some/tree")
    below = {name for name in whole if name.startswith(b"b/c/")} | {b"", b"b", b"b/c", b"zlink"}
    assert some.keys() == below
    assert some[b"zlink"].content == whole[b"zlink"].content


@pytest.mark.parametrize("sectors", [100, 100.25])
@pytest.mark.parametrize("damage", ["none", "locator", "locator and tree index"])
def test_in_an_image(sectors: float, damage: str, protected: tuple[Path, Path], field: Path) -> None:
    tree, path = protected
    data = bytearray(path.read_bytes())
    if damage != "none":
        data[:512] = bytes(512)
    if damage == "locator and tree index":
        at = data.rfind(b"}XTARIDX")
        data[at : at + 8] = bytes(8)
        at = data.rfind(b"XTARIDX{")
        data[at : at + 8] = bytes(8)
    junk = random.Random(1)
    (field / "image").write_bytes(junk.randbytes(int(sectors * SECTOR)) + data + junk.randbytes(5 * SECTOR))
    done = run("extract", field / "image", "--to", field / "out")
    assert done.returncode == int(damage == "locator and tree index"), done.stderr
    assert differences(manifest(tree), manifest(field / "out/tree")) == []


def faults(small: Specimen, status: int, found: Snapshot, refused: bool, brought: Snapshot) -> list[str]:
    """What is wrong with what came back, and what pybackup brought back and the script did not."""
    contents = {path: (fact.kind, fact.content) for path, fact in small.tree.items()}
    words = [f"{path!r} is wrong" for path, fact in found.items() if contents.get(path, ()) != (fact.kind, fact.content)]
    words = [word for word in words if "lost+found" not in word and ".partial" not in word]
    words += [f"{path!r} is missing" for path in brought if path in contents and path not in found]
    if status == 0 and found != small.tree:
        words.append("silent, and something differs")
    if refused != (status == 4):
        words.append(f"status {status}")
    return words


def fail_sectors(patch: pytest.MonkeyPatch, bad: int) -> None:
    """Let reads fail that touch a sector, for both readers."""
    pread, read = os.pread, rescue.Image.read

    def failing(fd: int, count: int, offset: int) -> bytes:
        if offset < bad + SECTOR and bad < offset + count:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return pread(fd, count, offset)

    def failing_too(self: rescue.Image, offset: int, count: int) -> bytes:
        if self.base + offset < bad + SECTOR and bad < self.base + offset + count:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(self, offset, count)

    patch.setattr(os, "pread", failing)
    patch.setattr(rescue.Image, "read", failing_too)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", PLACES)
def test_matrix(small: Specimen, field: Path, name: str, damage: str) -> None:
    place = small.place(*PLACES[name])
    path = field / "damaged"
    data = DAMAGES[damage](small.data, place)
    path.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        if damage == "unreadable":
            fail_sectors(patch, place.start - place.start % SECTOR)
        theirs = extract_to(path, field / "theirs")
        status, found = rescued("extract", path, field / "ours")
        assert faults(small, status, found, theirs.refused is not None, theirs.found) == []
        salvage_status, salvaged = rescued("salvage", path, field / "ours")
    assert faults(small, salvage_status, salvaged, theirs.refused is not None, found) == []
    if len(data) == len(small.data):
        touched = changed_files(small, data, damage, place)
        whole = {path for path, streams in small.streams.items() if streams} - touched
        assert whole <= found.keys()
        assert theirs.silent == (status == 0)
