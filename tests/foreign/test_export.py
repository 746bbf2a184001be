"""Exported zips and tars, extracted by other tools and compared with the tree by system calls alone."""

from __future__ import annotations

import filecmp
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from kit import planting
from kit.archives import archive
from kit.manifest import Manifest, differences, manifest
from kit.stock import quiet

import pybackup
from pybackup.cli.main import main
from pybackup.foreign.contents import WholeContent
from pybackup.foreign.formats import ExportFormat
from pybackup.foreign.zip_writer import ZipWriter
from pybackup.host.output import Output
from pybackup.model.entry import Entry, Kind
from pybackup.monitor import Monitor

pytestmark = pytest.mark.usefixtures("as_root")

SECOND = planting.SECOND
FORMATS = [each.value for each in ExportFormat if each is not ExportFormat.JSON]
TARS = [each for each in FORMATS if each != "zip"]
TARS_HOLD = {
    name: plant for name, plant in planting.ROWS.items() if name != "long_paths"
}  # no tool can handle paths longer than PATH_MAX
ZIPS_HOLD = {name: plant for name, plant in TARS_HOLD.items() if name != "tebibyte"}  # a zip stores zeros
GNU = ("tar", "--warning=no-timestamp", "--acls", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-xpf")
BSD = ("bsdtar", "--acls", "--xattrs", "--numeric-owner", "-xpf")
# For bsdtar, %3D in the name of an attribute is three characters; for GNU tar it is "=", which no pax key can contain.
BSD_BUT = {"xattrs": ("xattrs",)}


def exported(base: Path, plant: planting.Planter, kind: str) -> tuple[Manifest, Path]:
    """Archive a planted tree and export the archive; return a snapshot of the tree, and the path of the export."""
    (base / "tree").mkdir()
    plant(base / "tree")
    before = manifest(base / "tree")
    archive([base / "tree"], base / "a.xtar")
    to = base / f"out.{kind}"
    heard = Monitor()
    done = pybackup.export(base / "a.xtar", to, monitor=heard)
    refused = {problem.path for problem in heard.problems}
    assert all(problem.reason.startswith("a zip holds no ") for problem in heard.problems)
    assert done.entries == len(before) - len(refused)
    assert done.n_bytes == to.stat().st_size
    return {path: facts for path, facts in before.items() if b"tree/" + path not in refused}, to


def expanded(command: Sequence[str], made: Path, base: Path) -> Manifest:
    """Return a snapshot of what a tool restored."""
    (base / "back").mkdir()
    quiet([*command, os.fsencode(made)], cwd=base / "back")
    return manifest(base / "back/tree")


def whole_seconds(found: Manifest, before: int = 0) -> Manifest:
    """Return a snapshot with times before ``before`` cut to whole seconds, as tars have only these before 1970."""
    return {
        path: replace(facts, mtime_ns=facts.mtime_ns // SECOND * SECOND) if facts.mtime_ns < before else facts
        for path, facts in found.items()
    }


@pytest.mark.parametrize("row", TARS_HOLD)
def test_gnu_tar_restores_all(row: str, tmp_path: Path) -> None:
    before, made = exported(tmp_path, TARS_HOLD[row], "tar")
    assert differences(whole_seconds(before), expanded(GNU, made, tmp_path)) == []


@pytest.mark.parametrize("row", TARS_HOLD)
def test_bsdtar_restores_all(row: str, tmp_path: Path) -> None:
    before, made = exported(tmp_path, TARS_HOLD[row], "tar")
    assert differences(whole_seconds(before), expanded(BSD, made, tmp_path), but=BSD_BUT.get(row, ())) == []


@pytest.mark.parametrize("kind", TARS)
def test_python_reads_tars(kind: str, tmp_path: Path) -> None:
    before, made = exported(tmp_path, planting.contents if kind == "tar" else planting.set_ids, kind)
    with tarfile.open(made) as file:
        assert {os.fsencode(each.name) for each in file} == {b"tree/" + path if path else b"tree" for path in before}
        for each in file:
            path = os.fsencode(each.name)[len(b"tree/") :]
            facts = before[path]
            assert (each.mode, each.uid, each.gid, each.size) == (facts.mode, facts.uid, facts.gid, facts.size)
            if each.isfile():
                content = file.extractfile(each)
                assert content is not None
                assert content.read() == (tmp_path / "tree" / os.fsdecode(path)).read_bytes()


@pytest.mark.parametrize("kind", TARS)
def test_gnu_tar_knows_each_compression(kind: str, tmp_path: Path) -> None:
    before, made = exported(tmp_path, planting.hard_links, kind)
    assert differences(whole_seconds(before), expanded(GNU, made, tmp_path)) == []


def in_a_zip(found: Manifest, *, links: bool) -> Manifest:
    """Return what a zip keeps: no hard links, whole seconds from 1970 to 2038; some tools set no times of links."""
    kept = {}
    for path, facts in found.items():
        is_kept = 0 <= facts.mtime_ns < SECOND << 31 and (links or facts.kind != "symlink")
        seconds = facts.mtime_ns // SECOND * SECOND if is_kept else 0
        kept[path] = replace(facts, linked=b"", xattrs=(), data=(), content="", mtime_ns=seconds)
    return kept


def check_zip(base: Path, before: Manifest, after: Manifest, *, links: bool) -> None:
    """Compare what a tool restored from a zip with the tree."""
    late = {path for path, facts in before.items() if not 0 <= facts.mtime_ns < SECOND << 31}
    after = {path: replace(facts, mtime_ns=0) if path in late else facts for path, facts in after.items()}
    assert differences(in_a_zip(before, links=links), in_a_zip(after, links=links)) == []
    for path, facts in before.items():
        if facts.kind == "file":
            assert filecmp.cmp(base / "tree" / os.fsdecode(path), base / "back/tree" / os.fsdecode(path), shallow=False)


def names_of_one_form(root: Path) -> None:
    """Make odd names, without the one that bsdtar changes in a zip to Unicode's normalization form C."""
    planting.odd_names(root)
    name = "cafe\N{COMBINING ACUTE ACCENT}"
    for above in ("d", "e"):
        shutil.rmtree(root / above / name)
    (root / "f" / name).unlink()
    (root / name).unlink()


@pytest.mark.parametrize("row", ZIPS_HOLD)
def test_bsdtar_restores_a_zip(row: str, tmp_path: Path) -> None:
    plant = names_of_one_form if row == "odd_names" else ZIPS_HOLD[row]
    before, made = exported(tmp_path, plant, "zip")
    check_zip(tmp_path, before, expanded(("bsdtar", "-xpf"), made, tmp_path), links=True)


@pytest.mark.parametrize("row", ZIPS_HOLD)
def test_unzip_restores_a_zip(row: str, tmp_path: Path) -> None:
    before, made = exported(tmp_path, ZIPS_HOLD[row], "zip")
    check_zip(tmp_path, before, expanded(("unzip", "-q", "-X", "-K", "-^"), made, tmp_path), links=False)


@pytest.mark.parametrize("row", ZIPS_HOLD)
def test_python_reads_a_zip(row: str, tmp_path: Path) -> None:
    before, made = exported(tmp_path, ZIPS_HOLD[row], "zip")
    with zipfile.ZipFile(made) as file:
        assert file.testzip() is None
        found = {}
        for each in file.infolist():
            encoding = "utf-8" if each.flag_bits & 0x800 else "cp437"
            path = each.orig_filename.encode(encoding).rstrip(b"/").removeprefix(b"tree").lstrip(b"/")
            found[path] = each.external_attr >> 16, file.read(each)
    assert found.keys() == before.keys()
    for path, facts in before.items():
        mode, content = found[path]
        assert stat.S_IMODE(mode) == facts.mode
        if facts.kind == "file":
            assert content == (tmp_path / "tree" / os.fsdecode(path)).read_bytes()
        else:
            assert content == facts.target


@pytest.mark.parametrize("large", ["file", "offset", "count"])
def test_zip64(large: str, tmp_path: Path) -> None:
    """Zip64 is needed for a file of more than 4 GiB, a file at an offset beyond 4 GiB, and more than 65,535 files."""
    path = tmp_path / "large.zip"
    size = (4 << 30) + 5 if large == "file" else 5
    content = WholeContent(size, lambda: iter([b"begin"]), [(0, 5)])
    with Output(os.fsencode(path)) as output:
        writer = ZipWriter(output)
        if large == "offset":
            output.truncate((4 << 30) + 77)
        for number in range(66_000 if large == "count" else 1):
            writer.add(Entry(b"%d" % number, Kind.FILE, size=size), content)
        writer.finish()
        output.publish()
    with zipfile.ZipFile(path) as file:
        names = file.namelist()
        assert len(names) == len(set(names)) == (66_000 if large == "count" else 1)
        info = file.getinfo(names[-1])
        assert info.file_size == size
        with file.open(info) as found:
            assert found.read(10) == b"begin" + bytes(5 if large == "file" else 0)
    told = quiet(["bsdtar", "-tvf", os.fsencode(path)], cwd=tmp_path)
    assert told.count(b"\n") == len(names)
    assert b" %d " % size in told
    listed = quiet(["unzip", "-Z1", os.fsencode(path)], cwd=tmp_path) if large != "offset" else told
    assert listed.count(b"\n") == len(names)


def damage(path: Path, at: slice) -> None:
    data = bytearray(path.read_bytes())
    data[at] = bytes(len(data[at]))
    path.write_bytes(data)


def plant_pairs(root: Path) -> None:
    """Make two files of random bytes, a link to each, and a directory with an old time."""
    for name in ("one", "two"):
        (root / name).mkdir()
        (root / name / "file").write_bytes(planting.noise(400_000, len(name) + ord(name[0])))
        os.link(root / name / "file", root / name / "link")
        planting.set_time(root / name, 1_000_000_000 * SECOND)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_what_is_lost_is_left_out_and_named(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tree").mkdir()
    plant_pairs(tmp_path / "tree")
    assert main(["create", "tree", "-o", "a.xtar", "--workers", "1", "--parity", "none", "--quiet"]) == 0
    damage(tmp_path / "a.xtar", slice(100_000, 100_100))
    assert main(["export", "a.xtar", "--to", f"out.{kind}"]) == 1
    told = capsys.readouterr().err
    assert "tree/one/file: lost: its content is not what was archived" in told
    assert "tree/one/link: lost: what it links to is lost" in told
    (tmp_path / "back").mkdir()
    quiet(["bsdtar", "-xpf", os.fsencode(tmp_path / f"out.{kind}")], cwd=tmp_path / "back")
    assert sorted(path.name for path in (tmp_path / "back").rglob("*") if path.is_file()) == ["file", "link"]
    assert (tmp_path / "back/tree/two/link").read_bytes() == (tmp_path / "tree/two/file").read_bytes()


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_what_parity_mends_is_whole(kind: str, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    plant_pairs(tmp_path / "tree")
    before = manifest(tmp_path / "tree")
    pybackup.create(tmp_path / "tree", tmp_path / "a.xtar", workers=1)
    damage(tmp_path / "a.xtar", slice(100_000, 110_000))
    heard = Monitor()
    assert pybackup.export(tmp_path / "a.xtar", tmp_path / f"out.{kind}", monitor=heard).files == 4
    assert heard.problems == []
    if kind == "tar":
        assert differences(before, expanded(GNU, tmp_path / "out.tar", tmp_path)) == []
    else:
        check_zip(tmp_path, before, expanded(("bsdtar", "-xpf"), tmp_path / "out.zip", tmp_path), links=True)


def test_a_set_without_one_of_its_volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(8):
        (tmp_path / "tree").mkdir(exist_ok=True)
        (tmp_path / f"tree/{number}").write_bytes(planting.noise(300_000, number))
    pybackup.create_set("tree", "volumes", "1M", workers=1)
    assert pybackup.export("volumes", "whole.zip").files == 8
    Path("volumes/tree-002.xtar").unlink()
    heard, extracting = Monitor(), Monitor()
    done = pybackup.export("volumes", "rest.zip", monitor=heard)
    pybackup.extract("volumes", "back", workers=1, monitor=extracting)
    there = sorted(path.name for path in Path("back/tree").iterdir())
    assert 0 < len(there) == done.files < 8
    with zipfile.ZipFile("rest.zip") as file:
        assert {name: file.read(f"tree/{name}") for name in there} == {
            name: Path("tree", name).read_bytes() for name in there
        }
    assert {problem.path for problem in heard.problems} == {problem.path for problem in extracting.problems}
    assert len([problem for problem in heard.problems if problem.path]) == 8 - done.files


def test_a_part_with_a_link_to_what_is_not_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tree").mkdir()
    plant_pairs(tmp_path / "tree")
    pybackup.create("tree", "a.xtar", workers=1)
    assert pybackup.export("a.xtar", "part.tar", ["tree/one/link"]).entries == 3
    with tarfile.open("part.tar") as file:
        content = file.extractfile("tree/one/link")
        assert content is not None
        assert content.read() == Path("tree/one/file").read_bytes()


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_archive_gives_the_same_bytes(kind: str, tmp_path: Path) -> None:
    _, made = exported(tmp_path, planting.set_ids, kind)
    pybackup.export(tmp_path / "a.xtar", tmp_path / "again", format=kind)
    assert filecmp.cmp(made, tmp_path / "again", shallow=False)


def test_memory_is_bounded(tmp_path: Path) -> None:
    """The content of a large file is kept in a temporary file, not in memory."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/large").write_bytes(planting.noise(200 << 20, 1))
    pybackup.create(tmp_path / "tree", tmp_path / "a.xtar", workers=1, compression="store", parity="none")
    code = """
import re, pybackup
pybackup.export("a.xtar", "a.zip")
print(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True)
    assert int(done.stdout) < 150_000  # KiB


def test_it_is_written_for_those_who_may_read_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("tree").mkdir()
    tmp_path.joinpath("tree/a").write_text("a")
    pybackup.create("tree", "a.xtar", workers=1)
    os.chmod("a.xtar", 0o600)
    pybackup.export("a.xtar", "a.zip")
    assert stat.S_IMODE(os.stat("a.zip").st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("a.xtar --to a.rar", "a.rar: its name ends with none of .zip, .tar, .tar.gz, .tar.bz2, .tar.xz"),
        ("a.xtar --to a.xtar --format zip", "a.xtar: exists; --overwrite replaces it"),
        ("a.xtar --to a.xtar --format zip --overwrite", "a.xtar: is one of the files that are read; choose"),
        ("a.xtar no/such --to a.zip", "no/such: nothing in the archive matches"),
    ],
)
def test_what_is_refused(
    arguments: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("tree").mkdir()
    pybackup.create("tree", "a.xtar", workers=1)
    before = Path("a.xtar").read_bytes()
    assert main(["export", *arguments.split()]) == 2
    assert said in capsys.readouterr().err
    assert sorted(os.listdir()) == ["a.xtar", "tree"]
    assert Path("a.xtar").read_bytes() == before
