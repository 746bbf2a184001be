"""Archives with bundles: what was put in comes out, by every line of defence, and by stock tools."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import py7zr
import pytest
from kit import planting
from kit.archives import archive, extract
from kit.manifest import differences, manifest

from pybackup.archive.open import open_archive
from pybackup.check.verify import verify
from pybackup.container.scan import scan
from pybackup.host.storage import ArchiveFile
from pybackup.layout import bundle, index, ustar
from pybackup.layout.note import Role
from pybackup.mend.health import State
from pybackup.model.listing import Way
from pybackup.model.member import Member, Method
from pybackup.monitor import Monitor
from pybackup.standalone import rescue

from .conftest import UP_TO, Bundled

_INDEX = re.compile(re.escape(index.HEAD_MAGIC) + b"|" + re.escape(index.FOOT_MAGIC))


def bundles_of(path: Path) -> Iterator[bytes]:
    """The bytes of each bundle."""
    data = path.read_bytes()
    with ArchiveFile(os.fsencode(path)) as file:
        for found in scan(file).headers:
            if found.note.role is Role.BUNDLE:
                begin = found.offset + ustar.BLOCK
                yield data[begin : begin + found.header.size]


def members_of(path: Path) -> dict[bytes, Member]:
    with open_archive(os.fsencode(path)) as opened:
        return {stored.entry.path: stored.members[0] for stored in opened.listing if stored.bundled}


def without_indexes(data: bytes, *, tree_only: bool = False) -> bytes:
    """The archive with the heads and feet of its indexes gone, and with its first header."""
    lost = bytearray(data)
    lost[: ustar.BLOCK] = bytes(ustar.BLOCK)
    for match in _INDEX.finditer(data):
        scope = data[match.start() + 9]
        if not tree_only or scope == index.TREE:
            lost[match.start() : match.end()] = bytes(8)
    return bytes(lost)


def rescued(path: Path, target: Path) -> int:
    return rescue.main(["extract", os.fspath(path), "--to", os.fspath(target), "--numeric-owner"])


def test_what_is_small_is_in_bundles_and_comes_back(bundled: Bundled, tmp_path: Path) -> None:
    heard = Monitor()
    verdict = verify(os.fsencode(bundled.archive), deep=True, workers=1, monitor=heard)
    assert (verdict.state, heard.problems) == (State.INTACT, [])
    members = members_of(bundled.archive)
    assert len(members) == 27
    methods = {member.method for member in members.values()}
    assert {Method.COPY, Method.DEFLATE} <= methods
    extract(bundled.archive, tmp_path / "out", numeric_owner=True)
    assert differences(bundled.facts, manifest(tmp_path / "out/tree")) == []


def test_bytes_are_the_same_with_more_processes(bundled: Bundled, tmp_path: Path) -> None:
    archive([bundled.tree], tmp_path / "b.xtar", bundle_bytes=UP_TO, workers=2)
    assert (tmp_path / "b.xtar").read_bytes() == bundled.archive.read_bytes()


def test_rescue_script_gives_the_same(bundled: Bundled, tmp_path: Path) -> None:
    assert rescued(bundled.archive, tmp_path / "out") == 0
    assert differences(bundled.facts, manifest(tmp_path / "out/tree")) == []


@pytest.mark.parametrize(("tree_only", "way"), [(True, Way.CONTAINERS), (False, Way.HEADERS)])
def test_without_indexes_all_comes_back(bundled: Bundled, tmp_path: Path, tree_only: bool, way: Way) -> None:
    hurt = tmp_path / "hurt.xtar"
    hurt.write_bytes(without_indexes(bundled.archive.read_bytes(), tree_only=tree_only))
    with open_archive(os.fsencode(hurt)) as opened:
        assert opened.listing.way is way
        assert list(opened.listing.doubts) == []
    extract(hurt, tmp_path / "out", numeric_owner=True, monitor=Monitor())
    assert differences(bundled.facts, manifest(tmp_path / "out/tree")) == []
    rescued(hurt, tmp_path / "rescued")
    assert differences(bundled.facts, manifest(tmp_path / "rescued/tree")) == []


def test_damage_to_a_stream_costs_its_file_only(bundled: Bundled, tmp_path: Path) -> None:
    data = bundled.archive.read_bytes()
    members = members_of(bundled.archive)
    hurt = tmp_path / "hurt.xtar"
    for path in (b"tree/a/text 5.txt", b"tree/b/.noise~0"):
        member = members[path]
        assert member.stream_bytes > 40
        lost = bytearray(data)
        lost[member.offset + 20] ^= 0x55
        hurt.write_bytes(lost)
        target = tmp_path / path.decode().replace("/", "-")
        extract(hurt, target, monitor=(heard := Monitor()))
        assert [problem.path for problem in heard.problems] in ([], [path])
        found = manifest(target / "tree")
        gone = {key for key in bundled.facts if key not in found}
        assert gone <= {path.removeprefix(b"tree/")}


def test_stock_tools_open_each_bundle_without_a_warning(bundled: Bundled, tmp_path: Path) -> None:
    expected = {path.name: path.read_bytes() for path in bundled.tree.rglob("*") if path.is_file()}
    seen: set[str] = set()
    for number, data in enumerate(bundles_of(bundled.archive)):
        one = tmp_path / f"{number}.7z"
        one.write_bytes(data)
        for tool, command in (("7z", ["7z", "x", "-y"]), ("bsdtar", ["bsdtar", "-xpf"])):
            target = tmp_path / f"{tool}{number}"
            target.mkdir()
            done = subprocess.run([*command, os.fspath(one)], cwd=target, capture_output=True, check=False)
            assert (done.returncode, done.stderr) == (0, b"")
            assert b"WARNING" not in done.stdout.upper()
        target = tmp_path / f"py7zr{number}"
        with py7zr.SevenZipFile(io.BytesIO(data)) as opened:
            opened.extractall(target)
        for tool in ("7z", "bsdtar", "py7zr"):
            found = {path.name: path.read_bytes() for path in (tmp_path / f"{tool}{number}").iterdir()}
            assert found.pop(bundle.NAME.decode()).startswith(bundle.MAGIC)
            assert found == {name: expected[name] for name in found}
        (tmp_path / f"7z{number}" / bundle.NAME.decode()).unlink()
        for path in (tmp_path / f"7z{number}").iterdir():
            true = next(bundled.tree.rglob(path.name)).stat()
            assert (path.stat().st_mode, path.stat().st_mtime_ns // 100) == (true.st_mode, true.st_mtime_ns // 100)
        seen |= found.keys()
    assert len(seen) == 27


def test_tar_goes_through_containers_without_a_warning(bundled: Bundled, tmp_path: Path) -> None:
    (tmp_path / "M").mkdir()
    script = "tar -xf $0 && for n in 1 2 3; do find . -name .xtar -type f -execdir tar -xf .xtar ';' -delete; done"
    done = subprocess.run(
        ["sh", "-c", script, os.fspath(bundled.archive)], cwd=tmp_path / "M", capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    names = [path.name for path in (tmp_path / "M").rglob(".xtar.files.*")]
    assert names
    assert all(re.fullmatch(r"\.xtar\.files\.[0-9a-f]{8}\.[0-9]{8}\.7z", name) for name in names)


def salvaged(path: Path, target: Path) -> str:
    command = [sys.executable, "-m", "pybackup", "salvage", os.fspath(path), "--to", os.fspath(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.fixture(scope="module")
def bare(bundled: Bundled, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive without parity: what is lost of it stays lost."""
    path = tmp_path_factory.mktemp("bare") / "bare.xtar"
    archive([bundled.tree], path, bundle_bytes=UP_TO, with_parity=False)
    return path


def contents_of(tree: Path) -> Counter[bytes]:
    return Counter(path.read_bytes() for path in tree.rglob("*") if path.is_file() and path.stat().st_size)


def test_where_notes_are_lost_too_the_7z_header_tells_of_the_streams(
    bundled: Bundled, bare: Path, tmp_path: Path
) -> None:
    data = bytearray(without_indexes(bare.read_bytes()))
    with ArchiveFile(os.fsencode(bare)) as file:
        blocks = [found.offset for found in scan(file).notes]
    assert len(blocks) > 3
    for at in blocks[1:]:
        data[at : at + 2] = b"??"
    hurt = tmp_path / "hurt.xtar"
    hurt.write_bytes(data)
    # Structure and headers have the rest; what has no name any more is in lost+found, once.
    expected = contents_of(bundled.tree)
    said = salvaged(hurt, tmp_path / "out")
    assert contents_of(tmp_path / "out") == expected, said
    names = {path.name.partition("-")[2] for path in (tmp_path / "out/lost+found").iterdir()}
    assert "text 7.txt" in names
    assert bundle.NAME.decode() not in names
    rescue.main(["salvage", os.fspath(hurt), "--to", os.fspath(tmp_path / "rescued")])
    assert contents_of(tmp_path / "rescued") == expected


def test_streams_behind_lost_bytes_are_found_by_their_notes(bundled: Bundled, bare: Path, tmp_path: Path) -> None:
    data = bare.read_bytes()
    hurt = tmp_path / "hurt.xtar"
    hurt.write_bytes(data[:700] + data[1212 + 3 :])
    said = salvaged(hurt, tmp_path / "out")
    assert differences(bundled.facts, manifest(tmp_path / "out/tree")) == [], said
    rescue.main(["salvage", os.fspath(hurt), "--to", os.fspath(tmp_path / "rescued"), "--numeric-owner"])
    assert differences(bundled.facts, manifest(tmp_path / "rescued/tree")) == []


@pytest.mark.parametrize("start", ["whole", "lost"])
def test_verify_counts_what_is_behind_the_end_of_a_cut_archive(tmp_path: Path, start: str) -> None:
    for number in range(40):
        path = tmp_path / f"tree/{number % 2}/{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(planting.noise(4000, number))
    archive([tmp_path / "tree"], tmp_path / "a.xtar", bundle_bytes=UP_TO, with_parity=False)
    data = (tmp_path / "a.xtar").read_bytes()
    hurt = tmp_path / "hurt.xtar"
    hurt.write_bytes((data if start == "whole" else bytes(512) + data[512:])[: len(data) * 7 // 10])
    extract(hurt, tmp_path / "out", monitor=Monitor())
    back = len(contents_of(tmp_path / "out"))
    assert 20 < back < 40
    verdict = verify(os.fsencode(hurt), workers=1, monitor=Monitor())
    # All are known by the notes before the cut.
    assert (verdict.files, len(verdict.lost)) == (40, 40 - back)


def test_salvage_of_an_intact_archive_finds_no_more_than_there_is(bundled: Bundled, tmp_path: Path) -> None:
    hurt = tmp_path / "hurt.xtar"
    hurt.write_bytes(without_indexes(bundled.archive.read_bytes()))
    done = subprocess.run(
        [sys.executable, "-m", "pybackup", "salvage", os.fspath(hurt), "--to", os.fspath(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert differences(bundled.facts, manifest(tmp_path / "out/tree")) == [], done.stderr
    assert not (tmp_path / "out/lost+found").exists()
