"""The rescue script against pybackup's own reader: it brings back no wrong file, and no fewer than pybackup does."""

from __future__ import annotations

import ast
import contextlib
import errno
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fuzz.bombs import extensions, long_place, many_volumes, nested
from kit.archives import MIB, archive
from kit.command import SCRIPT, run_rescue
from kit.damage import DAMAGES, PLACES, changed_files
from kit.golden import ARCHIVES, expected_of
from kit.hostile import CASES, TAME, in_child, without_indexes, write
from kit.manifest import differences, manifest
from kit.memory import fast_directory
from kit.oracle import extract_to, restore_to
from kit.planting import ROWS, write_sparse
from kit.protected import SMALL_GROUPS, protect
from kit.recipe import GOLDEN, from_json
from kit.snapshot import Snapshot, snapshot
from kit.specimen import Specimen
from kit.trees import plant_large

from pybackup.archive.open import open_archive
from pybackup.codes import rs255 as codeword
from pybackup.errors import PybackupError
from pybackup.sector import SECTOR
from pybackup.standalone import rescue

pytestmark = pytest.mark.usefixtures("as_root")

TREES = [name for name in ROWS if name != "contents"]


@pytest.fixture(scope="module")
def protected() -> Iterator[tuple[Path, Path]]:
    """A tree and its archive with the parity and the sums that are default."""
    with fast_directory() as base:
        tree = plant_large(base)
        write_sparse(tree / "holes", 3 * MIB, dict.fromkeys(range(0, 3 * MIB, 65536), b"data" * 1024))
        archive([tree], base / "a.xtar", segment_bytes=MIB)
        yield tree, base / "a.xtar"


def extract(path: Path, target: Path, *more: str | Path) -> None:
    done = run_rescue("extract", path, "--to", target, "--devices", "--numeric-owner", *more)
    assert (done.returncode, done.stderr) == (0, "")


def rescued(command: str, path: Path, target: Path) -> tuple[int, Snapshot]:
    """What `main` leaves, its status, and the tree; the target is gone afterwards."""
    status = rescue.main([command, os.fspath(path), "--to", os.fspath(target), "--devices"])
    found = snapshot(os.fsencode(target)) if target.exists() else {}
    subprocess.run(["rm", "-rf", target], check=True)
    return status, found


@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_golden(path: Path, room: Path) -> None:
    extract(path, room / "out")
    assert differences(from_json(expected_of(path)["manifest"]), manifest(room / "out/tree"), but=["data"]) == []
    assert run_rescue("verify", path).returncode == 0
    assert GOLDEN in path.parents


@pytest.mark.parametrize("name", TREES)
def test_trees(name: str, room: Path) -> None:
    tree = room / "tree"
    tree.mkdir()
    ROWS[name](tree)
    archive([tree], room / "a.xtar")
    listed = run_rescue("list", room / "a.xtar")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert len(listed.stdout.splitlines()) == len(manifest(tree))
    extract(room / "a.xtar", room / "out")
    assert differences(manifest(tree), manifest(room / "out/tree")) == []


def test_segments_parity_and_selection(protected: tuple[Path, Path], room: Path) -> None:
    tree, path = protected
    extract(path, room / "out")
    assert differences(manifest(tree), manifest(room / "out/tree")) == []
    done = run_rescue("verify", path)
    assert (done.returncode, done.stderr) == (0, "")
    extract(path, room / "some", "tree/b/c", "tree/zlink")
    whole, some = manifest(tree), manifest(room / "some/tree")
    below = {name for name in whole if name.startswith(b"b/c/")} | {b"", b"b", b"b/c", b"zlink"}
    assert some.keys() == below
    assert some[b"zlink"].content == whole[b"zlink"].content


@pytest.mark.parametrize("sectors", [100, 100.25])
@pytest.mark.parametrize("damage", ["none", "locator", "locator and tree index"])
def test_in_an_image(sectors: float, damage: str, protected: tuple[Path, Path], room: Path) -> None:
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
    (room / "image").write_bytes(junk.randbytes(int(sectors * SECTOR)) + data + junk.randbytes(5 * SECTOR))
    done = run_rescue("extract", room / "image", "--to", room / "out")
    assert done.returncode == int(damage == "locator and tree index"), done.stderr
    assert differences(manifest(tree), manifest(room / "out/tree")) == []


def faults(small: Specimen, status: int, found: Snapshot, refused: bool, brought: Snapshot) -> list[str]:
    """What is wrong with what came back, and what pybackup brought back and the script did not."""
    contents = {path: (fact.kind, fact.content) for path, fact in small.tree.items()}
    words = [
        f"{path!r} is wrong" for path, fact in found.items() if contents.get(path, ()) != (fact.kind, fact.content)
    ]
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
def test_matrix(small: Specimen, room: Path, name: str, damage: str) -> None:
    place = small.place(*PLACES[name])
    path = room / "damaged"
    data = DAMAGES[damage](small.data, place)
    path.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        if damage == "unreadable":
            fail_sectors(patch, place.start - place.start % SECTOR)
        theirs = restore_to(path, room / "theirs")
        status, found = rescued("extract", path, room / "ours")
        assert faults(small, status, found, theirs.refused is not None, theirs.found) == []
        salvage_status, salvaged = rescued("salvage", path, room / "ours")
    assert faults(small, salvage_status, salvaged, theirs.refused is not None, found) == []
    if len(data) == len(small.data):
        touched = changed_files(small, data, damage, place)
        whole = {path for path, streams in small.streams.items() if streams} - touched
        assert whole <= found.keys()
        assert theirs.silent == (status == 0)


def overwritten(data: bytes, start: int, count: int) -> bytes:
    return data[:start] + bytes(count) + data[start + count :]


def headers_only(data: bytes) -> bytes:
    """Without any index."""
    return data.replace(b"XTARIDX{", b"xtaridx{").replace(b"}XTARIDX", b"}xtaridx")


def without_notes(data: bytes) -> bytes:
    """Without any note, of members or in bundles."""
    return data.replace(b"\0XTN", b"\0xtn").replace(b"\0XTF", b"\0xtf")


def test_by_headers_alone(small: Specimen, room: Path) -> None:
    (room / "damaged").write_bytes(headers_only(small.data))
    theirs = extract_to(room / "damaged", room / "theirs")
    _, found = rescued("extract", room / "damaged", room / "ours")
    assert {path: fact.content for path, fact in found.items()} == {
        path: fact.content for path, fact in theirs.found.items()
    }
    assert found.keys() == small.tree.keys()
    containers = [place for place in small.places if place.name == "container header"]
    data = overwritten(headers_only(small.data), containers[0].start, 512)
    (room / "damaged").write_bytes(data)
    theirs = extract_to(room / "damaged", room / "theirs")
    status, found = rescued("extract", room / "damaged", room / "ours")
    assert (status, found.keys()) == (1, theirs.found.keys())
    assert any(path.startswith(b"lost+found/container-") for path in found)


def test_without_parity(small: Specimen, room: Path) -> None:
    (room / "a.xtar").write_bytes(small.data)
    done = run_rescue("verify", room / "a.xtar")
    assert done.returncode == 0
    assert "no sums of sectors" in done.stderr
    extract(room / "a.xtar", room / "out")
    assert snapshot(os.fsencode(room / "out")) == small.tree


def test_verify_names_sectors_and_files(protected: tuple[Path, Path], room: Path) -> None:
    _, path = protected
    with open_archive(os.fsencode(path)) as opened:
        stored = {item.entry.path: item for item in opened.listing}
    member = stored[b"tree/large"].members[1]
    data = path.read_bytes()
    sector = (member.offset + member.packed_bytes - 5000) // SECTOR
    (room / "a.xtar").write_bytes(overwritten(data, sector * SECTOR, 2 * SECTOR))
    done = run_rescue("verify", room / "a.xtar")
    assert done.returncode == 1
    assert f"bad sectors: {sector} to {sector + 1}, in tree/large\n" in done.stderr
    assert "damaged: tree/large: " in done.stderr
    assert "pybackup repair" in done.stderr
    guards = [at for at in range(0, len(data), SECTOR) if data.startswith(b"XTPARITY", at)]
    (room / "a.xtar").write_bytes(overwritten(data, guards[0], SECTOR))
    done = run_rescue("verify", room / "a.xtar")
    assert done.returncode == 1
    assert f"bad sectors: {guards[0] // SECTOR} to {guards[0] // SECTOR}\n" in done.stderr
    assert "unknown sectors: 0 to 479, in " in done.stderr


def test_sidecar(room: Path, small: Specimen) -> None:
    (room / "a.xtar").write_bytes(small.data)
    protect(room / "a.xtar", room / "a.xtar.xpar", SMALL_GROUPS)
    assert run_rescue("verify", room / "a.xtar").stderr == ""
    end = small.place("end", -1)
    (room / "a.xtar").write_bytes(small.data[: end.start] + b"!" + small.data[end.start + 1 :])
    done = run_rescue("verify", room / "a.xtar")
    assert (done.returncode, "bad sectors: " in done.stderr) == (1, True)


def test_salvage_gives_pieces(protected: tuple[Path, Path], room: Path) -> None:
    tree, path = protected
    with open_archive(os.fsencode(path)) as opened:
        stored = {item.entry.path: item for item in opened.listing}
    large = stored[b"tree/large"].members[0]
    holes = stored[b"tree/holes"].members[0]
    data = path.read_bytes()
    sector = (large.offset + 32 + 500_000) // SECTOR * SECTOR
    data = overwritten(data, sector, SECTOR)
    end = holes.offset + holes.packed_bytes
    data = overwritten(data, end // SECTOR * SECTOR - SECTOR, SECTOR + end % SECTOR)
    (room / "a.xtar").write_bytes(data)
    done = run_rescue("salvage", room / "a.xtar", "--to", room / "out")
    assert done.returncode == 1
    assert "partial: tree/large" in done.stderr
    whole, piece = (tree / "large").read_bytes(), (room / "out/tree/large.partial").read_bytes()
    assert not (room / "out/tree/large").exists()
    good = sector - large.offset - 32
    assert len(piece) == len(whole)
    # It may begin in the sector in which the other one ends.
    first = max(0, -(-end // SECTOR) * SECTOR - large.offset - 32)
    assert piece[:first] == bytes(first)
    assert piece[first:good] == whole[first:good]
    assert piece[good : good + SECTOR] == bytes(SECTOR)
    assert piece[good + SECTOR :] == whole[good + SECTOR :]
    assert not (room / "out/tree/holes").exists()


def test_salvage_finds_what_moved_and_what_nothing_names(protected: tuple[Path, Path], room: Path) -> None:
    _, path = protected
    data = path.read_bytes()
    with open_archive(os.fsencode(path)) as opened:
        members = {item.entry.path: item.members for item in opened.listing if item.members}
    middle = len(data) // 3 // 512 * 512
    (room / "a.xtar").write_bytes(data[:middle] + data[middle + 17 :])
    assert run_rescue("salvage", room / "a.xtar", "--to", room / "out").returncode == 1
    lost = {name for name in members if not os.path.exists(os.fsencode(room / "out") + b"/" + name)}
    assert 1 <= len(lost) <= 2
    assert not (room / "out/lost+found").exists()


def contents_in(lost_found: Path) -> set[bytes]:
    """What was found, but containers."""
    return {path.read_bytes() for path in lost_found.iterdir() if "container" not in path.name}


def test_salvage_finds_members_that_nothing_names(protected: tuple[Path, Path], room: Path) -> None:
    tree, _ = protected
    archive([tree], room / "whole.xtar", segment_bytes=MIB, bundle_bytes=0)
    data = (room / "whole.xtar").read_bytes()
    with open_archive(os.fsencode(room / "whole.xtar")) as opened:
        members = {item.entry.path: item.members for item in opened.listing if item.members}
    bare = bytearray(without_notes(headers_only(data)))
    (first,) = members[b"tree/z/file1"]
    bare[first.offset - 1024 : first.offset - 1024] = b""
    keep = members[b"tree/z/file2"][0].offset - 512
    bare[keep : keep + 512] = data[keep : keep + 512]
    (room / "a.xtar").write_bytes(bytes(bare))
    assert run_rescue("salvage", room / "a.xtar", "--to", room / "bare").returncode == 1
    wanted = {(tree / "z" / f"file{number}").read_bytes() for number in range(16) if number != 2} - {b""}
    assert wanted <= contents_in(room / "bare/lost+found")


@pytest.mark.parametrize("inserted", [0, 17])
def test_salvage_finds_files_of_bundles_that_nothing_names(
    protected: tuple[Path, Path], room: Path, inserted: int
) -> None:
    """By the 7z header, which is behind the streams: one of them is ruined, and costs none of the others."""
    tree, path = protected
    data = path.read_bytes()
    with open_archive(os.fsencode(path)) as opened:
        members = {item.entry.path: item.members for item in opened.listing if item.members}
    (hurt,) = members[b"tree/z/file2"]
    assert hurt.bundled
    bare = bytearray(without_notes(headers_only(data)))
    keep = members[b"tree/large"][0].offset - 512
    bare[keep : keep + 512] = data[keep : keep + 512]
    bare[hurt.offset] ^= 255
    (room / "a.xtar").write_bytes(bytes(inserted) + bytes(bare))
    assert run_rescue("salvage", room / "a.xtar", "--to", room / "bare").returncode == 1
    wanted = {(tree / "z" / f"file{number}").read_bytes() for number in range(16) if number != 2} - {b""}
    assert wanted <= contents_in(room / "bare/lost+found")


def test_nothing_is_placed_through_links_or_over_what_exists(small: Specimen, room: Path) -> None:
    (room / "a.xtar").write_bytes(small.data)
    for name in ("elsewhere", "out", "again/tree"):
        (room / name).mkdir(parents=True)
    os.symlink(room / "elsewhere", room / "out/tree")
    assert run_rescue("extract", room / "a.xtar", "--to", room / "out").returncode == 1
    assert list((room / "elsewhere").iterdir()) == []
    (room / "again/tree/set").write_bytes(b"mine")
    done = run_rescue("extract", room / "a.xtar", "--to", room / "again", "--devices")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "lost: tree/set: File exists"
    assert (room / "again/tree/set").read_bytes() == b"mine"
    found = snapshot(os.fsencode(room / "again"))
    assert {path for path, fact in small.tree.items() if found.get(path) != fact} == {b"tree/set"}
    for path in (b"", b"/etc/x", b"a/../b", b"a//b", b".", b"a\0b", b"..", b"a/"):
        with pytest.raises(rescue.Damaged):
            rescue.split(path)


def linked(room: Path) -> Path:
    """An archive of a file, sparse and with attributes, that has a name in another directory, and a link to that."""
    (room / "tree/a").mkdir(parents=True)
    (room / "tree/b").mkdir()
    with open(room / "tree/a/first", "wb") as file:
        file.write(b"content" * 999)
        file.truncate(5 * MIB)
    (room / "tree/a/first").chmod(0o640)
    for name in ("second", "third"):
        os.link(room / "tree/a/first", room / "tree/b" / name)
    archive([room / "tree"], room / "a.xtar")
    return room / "a.xtar"


def check_copies(room: Path, alike: list[str]) -> None:
    """All names are there with the content and the metadata of the first."""
    first = (room / "out/tree/a/first").stat()
    for name in alike:
        there = room / "out/tree" / name
        assert there.read_bytes() == (room / "tree/a/first").read_bytes()
        other = there.stat()
        assert (other.st_mode, other.st_mtime_ns, other.st_uid) == (first.st_mode, first.st_mtime_ns, first.st_uid)
    left = {path.name for path in (room / "out").rglob("*") if path.is_file()}
    assert left == {"first", "second", "third"}


@pytest.mark.parametrize("reader", ["rescue.py", "pybackup"])
def test_a_hard_link_across_a_mount_is_a_copy(room: Path, reader: str) -> None:
    path = linked(room)
    (room / "out/tree/b").mkdir(parents=True)
    # A copy is no longer than the data of what it is a copy of.
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(room / "out/tree/b")]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is forbidden here")
    try:
        if reader == "rescue.py":
            done = run_rescue("extract", path, "--to", room / "out")
        else:
            command = [sys.executable, "-m", "pybackup", "extract", str(path), "--to", str(room / "out")]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        check_copies(room, ["b/second", "b/third"])
    finally:
        subprocess.run(["umount", room / "out/tree/b"], check=True)


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_a_hard_link_where_there_can_be_none_is_a_copy(
    room: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: int
) -> None:
    """As on FAT and exFAT, which know no links, neither for names that files get when they are whole."""
    path = linked(room)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", refuse)
        assert rescue.main(["extract", str(path), "--to", str(room / "out")]) == 0
    check_copies(room, ["b/second", "b/third"])
    assert "are copies" in capsys.readouterr().err


def test_statuses(room: Path, small: Specimen) -> None:
    (room / "none").write_bytes(random.Random(5).randbytes(100_000))
    (room / "a.xtar").write_bytes(small.data)
    assert run_rescue("list", room / "none").returncode == 4
    assert run_rescue("list", room / "missing").returncode == 3
    assert run_rescue("list").returncode == 2
    assert run_rescue("extract", room / "a.xtar", "--to", room / "out", "no/such").returncode == 2
    assert run_rescue("extract", room / "a.xtar", "--to", room / "none").returncode == 3


@pytest.mark.parametrize("body_bytes", [1, 222, 223, 224, 5000])
def test_index_parity_is_that_of_the_codec(body_bytes: int) -> None:
    chance = random.Random(body_bytes)
    body = chance.randbytes(body_bytes)
    width = -(-body_bytes // 223)
    parity = codeword.protect(body)
    for wrong in (0, 1, 16, 17):
        cells = bytearray(body.ljust(223 * width, b"\0") + parity)
        rows = [row for row in range(255) if row >= 223 or row * width < body_bytes]
        hit = chance.sample(rows, min(wrong, len(rows)))
        for row in hit:
            cells[row * width] ^= chance.randrange(1, 256)
        damaged = bytes(cells[:body_bytes]), bytes(cells[223 * width :])
        if len(hit) <= 16:
            assert rescue.repaired_body(*damaged) == (body, len(hit))
        else:
            with contextlib.suppress(rescue.Damaged):
                assert rescue.repaired_body(*damaged)[0] != body


def test_stands_alone_and_is_old() -> None:
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 8))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module.split(".")[0] for module in modules} <= set(sys.stdlib_module_names)
    newer = {"removeprefix", "removesuffix", "bit_count", "pairwise", "randbytes", "is_relative_to", "cache", "strict"}
    named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    named |= {node.arg or "" for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    assert not named & newer
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert [each.name for each in functions if (each.end_lineno or 0) - each.lineno >= 40] == []
    docstrings: list[Any] = [
        node for node in functions if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert {node.name for node in docstrings} <= {"number", "expect", "pieces", "writes"}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("damaged", ["whole", "without its tree index", "without any index"])
def test_hostile(kind: str, damaged: str, room: Path) -> None:
    (room / "outside").mkdir()
    (room / "outside/secret").write_bytes(b"secret")
    before = snapshot(os.fsencode(room / "outside"))
    path, target = room / "a.xtar", room / "target"
    for name, items in CASES[kind]():
        try:
            write(path, items)
        except (PybackupError, ValueError, OverflowError):
            continue
        path.write_bytes(without_indexes(path.read_bytes(), damaged))
        for command in ("extract", "salvage"):
            status = in_child(partial(rescue.main, [command, os.fspath(path), "--to", os.fspath(target)]))
            assert status in ((0, 1) if name in TAME else (1,)), (name, status)
            for left in (each for each in target.rglob("*") if each.is_file() and not each.is_symlink()):
                assert left.read_bytes() in (b"harm", b"other") or left.name.endswith(".partial"), (name, left)
            assert snapshot(os.fsencode(room / "outside")) == before
            assert {each.name for each in room.iterdir()} <= {"outside", "a.xtar", "target"}
            subprocess.run(["rm", "-rf", target], check=True)


@pytest.mark.parametrize("bomb", [long_place, nested, extensions, many_volumes])
def test_bombs(bomb: Any, room: Path) -> None:
    for name, data in bomb(random.Random(3)).items():
        (room / name).write_bytes(data)
        arguments = ["verify", os.fspath(room / name)]
        # The archive behind extensions without end is whole, and found.
        assert in_child(partial(rescue.main, arguments)) in ((0,) if bomb is extensions else (1, 4))


def test_where_directories_have_no_descriptors(small: Specimen, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rescue, "BY_DESCRIPTOR", False)
    (room / "a.xtar").write_bytes(small.data)
    status, found = rescued("extract", room / "a.xtar", room / "out")
    assert (status, found) == (0, small.tree)


def test_in_an_iso(protected: tuple[Path, Path], room: Path) -> None:
    tree, path = protected
    (room / "disc").mkdir()
    for name, data in (
        ("other", bytes(100_000)),
        ("backup.xtar", path.read_bytes()),
        ("rescue.py", SCRIPT.read_bytes()),
    ):
        (room / "disc" / name).write_bytes(data)
    command: list[str | Path] = ["xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", room / "disc.iso", room / "disc"]
    subprocess.run(command, check=True, capture_output=True)
    done = run_rescue("extract", room / "disc.iso", "--to", room / "out")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert differences(manifest(tree), manifest(room / "out/tree")) == []
    done = run_rescue("verify", room / "disc.iso")
    assert (done.returncode, done.stderr.count("bad sectors")) == (0, 0)
