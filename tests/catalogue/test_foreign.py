"""Media that others wrote, in which archives are entered as if they were directories, and hostile ones."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.command import run as command
from kit.thorough import so_many

from pybackup.cli.main import main
from pybackup.foreign import apart
from pybackup.foreign.apart import Looker
from pybackup.foreign.budget import Budget, Limits, OverBudget
from pybackup.foreign.form import ForeignForm, form_by_name
from pybackup.jobs.catalogue_look import looker
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed
from pybackup.model.problem import Trouble
from pybackup.monitor import Noted

from .verbs import TIME, Run, cat, js, plant

Pack = Callable[[Path, Path], None]
MIB = 1 << 20


def tool(*command: str | Path, at: Path) -> None:
    subprocess.run(list(map(str, command)), cwd=at, check=True, capture_output=True)


def by_tar(option: str) -> Pack:
    return lambda tree, to: tool("tar", f"-c{option}f", to, "--format=posix", ".", at=tree)


PACKERS: dict[str, Pack] = {
    "a.zip": lambda tree, to: tool("zip", "-qry", to, ".", at=tree),
    "a.tar": by_tar(""),
    "a.tar.gz": by_tar("z"),
    "a.tgz": by_tar("z"),
    "a.tar.bz2": by_tar("j"),
    "a.tar.xz": by_tar("J"),
    "a.7z": lambda tree, to: tool("7z", "a", "-bd", "-snl", to, ".", at=tree),
    "a.xtar": lambda tree, to: tool(
        *(sys.executable, "-m", "pybackup", "create", "--quiet", "--catalogue", "none", "-o", str(to)),
        *sorted(os.listdir(tree)),
        at=tree,
    ),
}


def look(
    path: Path, form: ForeignForm | None = None, *, hashed: bool = True, depth: int = 3
) -> tuple[list[Filed], Noted]:
    monitor = Noted()
    form = form or form_by_name(os.fsencode(path.name))
    assert form is not None
    with looker(hashed=hashed, depth=depth, monitor=monitor) as looking:
        found = list(looking.inside(os.fsencode(path), form, os.fsencode(path.name)))
    return found, monitor


def sha(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


@pytest.fixture
def address(sqlite_address: str) -> str:
    """On SQLite alone, as what is read here does not depend on the database."""
    return sqlite_address


def _grown(top: Path) -> Path:
    """A tree with names, sizes and links of all kinds."""
    plant(top)
    (top / "empty").write_bytes(b"")
    (top / "letters/ünï.txt").write_bytes(b"x" * 100_000)
    (top / "link").symlink_to("notes.md")
    for below, _, names in os.walk(top):
        for name in names:
            os.utime(Path(below) / name, ns=(TIME, TIME), follow_symlinks=False)
    return top


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree of the test's own."""
    return _grown(tmp_path / "tree")


@pytest.fixture(scope="module")
def same(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One tree for all tests, which do not change it."""
    return _grown(tmp_path_factory.mktemp("same") / "tree")


@pytest.fixture(scope="module")
def packed(same: Path) -> Path:
    """That tree in an archive of each form."""
    to = same.parent / "packed"
    to.mkdir()
    for name, packer in PACKERS.items():
        packer(same, to / name)
    return to


def files_of(tree: Path, prefix: str) -> set[tuple[bytes, int, int, int, bytes | None]]:
    """Return what the catalogue must have of a tree: path, kind, size, time and hash."""
    found: set[tuple[bytes, int, int, int, bytes | None]] = set()
    for path in tree.rglob("*"):
        name = os.fsencode(f"{prefix}{path.relative_to(tree)}")
        if path.is_symlink():
            found.add((name, int(Kind.SYMLINK), 0, TIME, None))
        elif path.is_file():
            found.add((name, int(Kind.FILE), path.stat().st_size, TIME, sha(path)))
    return found


def entries_of(run: Run, medium: str) -> dict[str, dict[str, Any]]:
    """The entries of a medium by path."""
    return {entry["path"]["text"]: entry for entry in js(run, "files", medium)}


def told(files: list[Filed]) -> set[tuple[bytes, int, int, int, bytes | None]]:
    return {(each.path, each.kind, each.size, each.mtime_ns, each.sha256) for each in files}


@pytest.mark.parametrize("name", PACKERS)
def test_an_archive_is_as_a_directory(name: str, same: Path, packed: Path) -> None:
    found, monitor = look(packed / name)
    assert (monitor.problems, monitor.notes) == ([], [])
    assert told(found) == files_of(same, f"{name}/")
    assert len(found) == len(told(found))
    assert {each.nested for each in found} == {1}


@pytest.mark.parametrize("name", [name for name in PACKERS if name != "a.xtar"])
def test_without_hashes_nothing_is_hashed(name: str, same: Path, packed: Path) -> None:
    found, monitor = look(packed / name, hashed=False)
    assert monitor.problems == []
    assert told(found) == {(*each[:4], None) for each in files_of(same, f"{name}/")}


@pytest.mark.parametrize("name", [name for name in PACKERS if name != "a.xtar"])
def test_archives_in_archives_are_entered_to_a_depth(name: str, same: Path, packed: Path, tmp_path: Path) -> None:
    PACKERS[name](packed, tmp_path / name)
    found, monitor = look(tmp_path / name, depth=2)
    assert monitor.problems == []
    by_archive = {inner: files_of(same, f"{name}/{inner}/") for inner in PACKERS}
    assert told([each for each in found if each.nested == 2]) == set().union(*by_archive.values())
    assert {each.path for each in found if each.nested == 1} == {os.fsencode(f"{name}/{inner}") for inner in PACKERS}
    assert len(look(tmp_path / name, depth=1)[0]) == len(PACKERS)


IMAGES: dict[str, list[str]] = {
    "rock ridge": ["xorriso", "-as", "mkisofs", "-quiet", "-R"],
    "rock ridge, deep": ["genisoimage", "-quiet", "-R", "-D"],
    "joliet": ["genisoimage", "-quiet", "-J"],
    "both": ["genisoimage", "-quiet", "-J", "-R"],
    "udf as well": ["genisoimage", "-quiet", "-J", "-R", "-udf"],
}


@pytest.mark.parametrize("kind", IMAGES)
def test_an_image_of_a_disc(kind: str, run: Run, tree: Path, tmp_path: Path) -> None:
    (tree / "link").unlink()
    long = "a name that is longer than what fits in one record of a directory " * 3 + ".txt"
    if "rock" in kind or kind == "both":
        (tree / long).write_bytes(b"long")
        os.utime(tree / long, ns=(TIME, TIME))
    PACKERS["a.zip"](tree, tree / "old.zip")
    os.utime(tree / "old.zip", ns=(TIME, TIME))
    tool(*IMAGES[kind], "-o", tmp_path / "disc.iso", ".", at=tree)
    (line,) = cat(run, "add", "disc.iso", "--label", "old disc")
    assert line.startswith("old disc: new")
    entries = entries_of(run, "old disc")
    found = {(os.fsencode(path), e["size"], e["mtime_ns"], e["sha256"]) for path, e in entries.items()}
    wanted = {(e[0], e[2], e[3], e[4].hex() if e[4] else None) for e in files_of(tree, "")}
    inner = {(b"old.zip/" + e[0], *e[1:]) for e in wanted if e[0] != b"old.zip"}
    assert found == wanted | inner
    assert {e["nested"] for e in entries.values()} == {0, 1}
    assert cat(run, "add", "disc.iso")[0].startswith("old disc: known already")


def test_deep_directories_of_an_image_are_where_they_were(run: Run, tmp_path: Path) -> None:
    """Rock Ridge moves what lies deeper than eight directories, and links to it."""
    tree = tmp_path / "tree"
    deep = tree / "1/2/3/4/5/6/7/8/9/10"
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"deep")
    tool("genisoimage", "-quiet", "-R", "-o", tmp_path / "deep.iso", ".", at=tree)
    cat(run, "add", "deep.iso")
    assert list(entries_of(run, "deep")) == ["1/2/3/4/5/6/7/8/9/10/file"]


def test_a_medium_with_archives_on_it(run: Run, same: Path, packed: Path, tmp_path: Path) -> None:
    tree, drive = same, tmp_path / "drive"
    shutil.copytree(packed, drive)
    cat(run, "add", drive, "--tree", "--label", "drive")
    digest = sha(tree / "notes.md").hex()
    paths = {e["path"]["text"] for e in js(run, "whereis", "--hash", digest)}
    assert paths == {f"{name}/notes.md" for name in PACKERS}
    assert cat(run, "add", drive, "--tree", "--label", "drive")[0].startswith("drive: known already")
    (drive / "a.zip").unlink()
    changed = len(files_of(tree, "")) + 1
    assert f"changed: 0 new, 0 altered, {changed} gone" in cat(run, "add", drive, "--tree", "--label", "drive")[0]
    cat(run, "add", drive, "--tree", "--depth", "0")
    assert set(entries_of(run, "drive")) == {name for name in PACKERS if name != "a.zip"}


def test_a_zip_alone_is_a_medium(run: Run, tree: Path, tmp_path: Path) -> None:
    PACKERS["a.zip"](tree, tmp_path / "a.zip")
    cat(run, "add", "a.zip")
    assert set(entries_of(run, "a")) == {os.fsdecode(each[0]) for each in files_of(tree, "")}


def test_archives_of_ours_on_a_foreign_image(run: Run, tree: Path, tmp_path: Path) -> None:
    def said(medium: str, *more: str) -> bytes:
        where = "--catalogue", os.environ["PYBACKUP_CATALOGUE"]
        done = command("catalogue", "add", medium, "--label", "disc", *more, *where, cwd=tmp_path)
        assert done.returncode == 0
        return done.stderr

    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/letter.txt").write_text("a letter")
    run("create", "docs", "-o", tree / "docs.xtar", "--catalogue", "none", "--workers", "1")
    tool("genisoimage", "-quiet", "-R", "-o", tmp_path / "disc.iso", ".", at=tree)
    assert b"disc.iso: its archives are entered, not its other files" in said("disc.iso")
    assert set(entries_of(run, "disc")) == {"docs/letter.txt"}
    cat(run, "remove", "disc")
    assert b"note" not in said("disc.iso", "--tree")
    assert set(entries_of(run, "disc")) > {"docs.xtar", "docs.xtar/docs/letter.txt"}
    cat(run, "remove", "disc")
    run("disc", "build", tree / "docs.xtar", "--to", "ours", "--medium", "cd700", "--catalogue", "none")
    assert b"note" not in said("ours/docs.iso")


def test_what_was_not_hashed_is_hashed_later(run: Run, tree: Path, tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    (drive / "sub").mkdir(parents=True)
    for name in ("a.zip", "a.tar.gz", "a.7z"):
        PACKERS[name](tree, drive / "sub" / name)
    tool("zip", "-qr", drive / "outer.zip", "sub", at=drive)
    tool("genisoimage", "-quiet", "-R", "-o", tmp_path / "disc.iso", ".", at=drive)
    for medium in (drive, tmp_path / "disc.iso"):
        cat(run, "add", medium, "--label", "now")
        whole = {path: entry["sha256"] for path, entry in entries_of(run, "now").items()}
        cat(run, "remove", "now")
        cat(run, "add", medium, "--no-hash", "--label", "later")
        assert not any(entry["sha256"] for entry in entries_of(run, "later").values())
        cat(run, "hash", "later")
        assert {path: entry["sha256"] for path, entry in entries_of(run, "later").items()} == whole
        assert cat(run, "hash", "later") == ["hashed 0 files, 0 B"]
        cat(run, "remove", "later")


def test_what_is_no_medium_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(bytes(100_000))
    assert cat(run, "add", "noise", status=1) == []


def cut(path: Path) -> None:
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size * 2 // 3)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("harm", [cut, flip])
def test_a_broken_archive_is_a_problem_and_is_entered(
    harm: Callable[[Path], None], name: str, run: Run, same: Path, packed: Path, tmp_path: Path
) -> None:
    tree, drive = same, tmp_path / "drive"
    drive.mkdir()
    shutil.copy(packed / name, drive / name)
    if name == "a.tar" and harm is flip:
        # Its contents have no sums, its headers have.
        data = bytearray((drive / name).read_bytes())
        data[data.rindex(b"ustar")] ^= 1
        (drive / name).write_bytes(data)
    else:
        harm(drive / name)
    (drive / "z.txt").write_bytes(b"behind it")
    whole = name == "a.xtar" and harm is flip  # its index tells all
    answer = cat(run, "add", drive, "--tree", "--label", "drive", "--json", status=0 if whole else 1)
    assert len(answer) == 1
    entries = entries_of(run, "drive")
    assert entries[name]["sha256"] == sha(drive / name).hex()
    assert entries["z.txt"]["sha256"] == sha(drive / "z.txt").hex()
    if name not in ("a.zip", "a.7z", "a.xtar"):
        return  # what comes out before the sum at the end of all tells that something was wrong
    right = {path.decode(): digest for path, _, _, _, digest in files_of(tree, f"{name}/") if digest}
    for path, entry in entries.items():
        if entry["sha256"] and entry["nested"]:
            assert bytes.fromhex(entry["sha256"]) == right[path], "never a wrong hash"


def test_a_damaged_file_in_a_zip_costs_itself(run: Run, tree: Path, tmp_path: Path) -> None:
    tool("zip", "-qr0", tmp_path / "a.zip", ".", at=tree)
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[data.index((tree / "notes.md").read_bytes())] ^= 1
    (tmp_path / "a.zip").write_bytes(data)
    cat(run, "add", "a.zip", status=1)
    found = {path: entry["sha256"] for path, entry in entries_of(run, "a").items()}
    assert [path for path, digest in found.items() if digest is None and path != "link"] == ["notes.md"]


def test_what_is_encrypted_is_listed(run: Run, tree: Path, tmp_path: Path) -> None:
    tool("zip", "-qr", "-P", "secret", tmp_path / "e.zip", "notes.md", at=tree)
    tool("7z", "a", "-psecret", tmp_path / "e.7z", "notes.md", at=tree)
    tool("7z", "a", "-psecret", "-mhe=on", tmp_path / "he.7z", "notes.md", at=tree)
    for name, status in (("e.zip", 0), ("e.7z", 0), ("he.7z", 1)):
        cat(run, "add", name, "--label", name, status=status)
        assert [(path, entry["sha256"]) for path, entry in entries_of(run, name).items()] == [("notes.md", None)] * (
            not status
        )


def zeros_in_zeros(path: Path) -> None:
    """Archives in archives, 8 GB of zeros in all."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(32 * MIB))
    for depth in range(2):
        outer = io.BytesIO()
        with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(16):
                archive.writestr(f"{depth}-{number}.zip", data.getvalue())
        data = outer
    (path / "bomb.zip").write_bytes(data.getvalue())


def _of_members(path: Path, header: tarfile.TarInfo, filler: bytes) -> None:
    """A tar by gzip whose first file is as long as its header says."""
    with open(path, "wb") as file:
        file.write(gzip.compress(header.tobuf(format=tarfile.GNU_FORMAT)))
        some = gzip.compress(filler * (8 * MIB))
        for _ in range(header.size // (8 * MIB)):
            file.write(some)


def zeros_in_tar(path: Path) -> None:
    """A file of 1 GB of zeros."""
    member = tarfile.TarInfo("zeros")
    member.size = 1 << 30
    _of_members(path / "bomb.tar.gz", member, b"\0")


def endless_name(path: Path) -> None:
    """A name of 1 GB."""
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    _of_members(path / "name.tar.gz", member, b"n")


def hole_without_end(path: Path) -> None:
    """A sparse file that is a hole of 8 EB, in a few bytes of tar."""
    with tarfile.open(path / "hole.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("hole")
        size = str((8 << 60) - 1)
        member.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": size, "GNU.sparse.name": "hole"}
        archive.addfile(member)


def overlapping(path: Path) -> None:
    """A zip of 3,000 files that all are the same 16 MB of zeros."""
    with zipfile.ZipFile(path / "overlap.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(16 * MIB))
        archive.filelist.extend(archive.filelist * 3000)


def empty_files(path: Path, count: int = 100_000) -> None:
    """A 7z of many empty files, of which each takes some bytes."""
    names = b"".join(f"{number}".encode("utf-16-le") + b"\0\0" for number in range(count))

    def number(value: int) -> bytes:
        return b"\xff" + value.to_bytes(8, "little")

    empty = b"\xff" * (count // 8)
    header = b"\x01\x05" + number(count)
    header += b"\x0e" + number(len(empty)) + empty + b"\x0f" + number(len(empty)) + empty
    header += b"\x11" + number(len(names) + 1) + b"\0" + names + b"\0\0"
    start = struct.pack("<QQI", 0, len(header), zlib.crc32(header))
    signature = b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start))
    (path / "empty.7z").write_bytes(signature + start + header)


def deep_paths(path: Path) -> None:
    """A tar of 1,500 files, each in 250 directories of its own."""
    with tarfile.open(path / "deep.tar.xz", "w:xz", format=tarfile.PAX_FORMAT, preset=0) as archive:
        for number in range(1500):
            archive.addfile(tarfile.TarInfo(f"{number}/" * 250 + "x"))


HOSTILE: dict[Callable[[Path], None], str] = {
    zeros_in_zeros: "bytes come out of it",
    zeros_in_tar: "bytes come out of it",
    endless_name: "more memory",
    hole_without_end: "larger than any",
    overlapping: "overlap",
    empty_files: "",
    deep_paths: "names",
}
# An eighth of what an archive may take, for an eighth of the time.
_LIMITED = """
from dataclasses import replace
from pybackup.foreign import apart
whole = apart.limits_of
def limits_of(size, form):
    limits = whole(size, form)
    names, name_bytes = limits.names // 8, limits.name_bytes // 8
    return replace(limits, n_bytes=limits.n_bytes // 8, names=names, name_bytes=name_bytes)
apart.limits_of = limits_of
apart._MEMORY_BYTES //= 8
"""
# Asked from within: what the system tells of a child begins with what its parent had.
_MEASURED = """
import sys
from pybackup.cli.main import main
status = main(sys.argv[1:])
print(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
sys.exit(status)
"""
_MOST_BYTES = 400 * MIB  # a process with all it has imported, and what an archive may take then


def add_measured(drive: Path, *words: str, limits: str = "") -> tuple[int, int, str]:
    """Enter a drive into the catalogue; return the exit status, the peak memory in bytes, and what was said."""
    command = [sys.executable, "-c", limits + _MEASURED, "catalogue", "add", str(drive), "--tree", *words]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    return done.returncode, int(done.stdout.split()[-1]) * 1024, done.stderr


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_hostile_archives(make: Callable[[Path], None], run: Run, tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()
    make(drive)
    (drive / "z.txt").write_bytes(b"behind it")
    (name,) = (entry.name for entry in drive.iterdir() if entry.name != "z.txt")
    status, peak, text = add_measured(drive, "--label", "drive", limits=_LIMITED)
    assert peak < _MOST_BYTES
    assert status == bool(HOSTILE[make]), text
    assert HOSTILE[make] in text
    digests = {hashlib.sha256((drive / each).read_bytes()).hexdigest() for each in (name, "z.txt")}
    for digest in digests:
        assert js(run, "whereis", "--hash", digest)


def test_a_7z_of_very_many_empty_files_is_entered(run: Run, tmp_path: Path) -> None:
    """A million take 25 s, so there are fewer by default; the bounds are those of the program."""
    count = so_many(16_000, 1_000_000)
    drive = tmp_path / "drive"
    drive.mkdir()
    empty_files(drive, count)
    status, peak, text = add_measured(drive)
    assert status == 0, text
    assert peak < 512 * MIB
    (known,) = js(run, "list")
    assert known["volume"]["files"] == count + 1


def test_names_that_lead_out_are_said_and_lead_nowhere(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()
    names = ["../../etc/passwd", "/etc/shadow", "a/../../b", "right/c"]
    with tarfile.open(drive / "a.tar", "w") as archive, zipfile.ZipFile(drive / "b.zip", "w") as other:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
            other.writestr(name, b"")
    assert main(["catalogue", "add", str(drive), "--label", "drive"]) == 0
    said = capsys.readouterr().err
    assert said.count("names in it lead out of it, or are too long: ../../etc/passwd and 2 more") == 2
    inner = {
        f"{archive}/{name}" for archive in ("a.tar", "b.zip") for name in ("etc/passwd", "etc/shadow", "a/b", "right/c")
    }
    assert set(entries_of(run, "drive")) == {"a.tar", "b.zip"} | inner


def _image(tree: Path, to: Path) -> bytearray:
    (tree / "sub/below").mkdir(parents=True)
    (tree / "sub/below/file").write_bytes(b"x" * 5000)
    tool("genisoimage", "-quiet", "-R", "-o", to, ".", at=tree)
    return bytearray(to.read_bytes())


def _root_sector(data: bytearray) -> int:
    return int.from_bytes(data[16 * 2048 + 158 :][:4], "little")


def loop(data: bytearray) -> None:
    """A directory that is the root."""
    root = _root_sector(data)
    at = data.index(b"SUB", root * 2048) - 33
    data[at + 2 : at + 6] = root.to_bytes(4, "little")


def endless(data: bytearray) -> None:
    """A directory of 4 GB."""
    at = data.index(b"SUB", _root_sector(data) * 2048) - 33
    data[at + 10 : at + 14] = b"\xff" * 4


def continued(data: bytearray) -> None:
    """A field of Rock Ridge that goes on in itself."""
    at = data.index(b"CE", _root_sector(data) * 2048)
    sector = at // 2048
    data[at + 4 : at + 8] = sector.to_bytes(4, "little")
    data[at + 12 : at + 16] = (at % 2048).to_bytes(4, "little")


def behind_the_end(data: bytearray) -> None:
    """A file whose extent lies behind the end of the image."""
    at = data.index(b"FILE.;1") - 33
    data[at + 2 : at + 6] = (1 << 30).to_bytes(4, "little")


@pytest.mark.parametrize("harm", [loop, endless, continued, behind_the_end])
def test_images_that_loop_or_lie(harm: Callable[[bytearray], None], run: Run, tmp_path: Path) -> None:
    data = _image(tmp_path / "tree", tmp_path / "disc.iso")
    harm(data)
    (tmp_path / "disc.iso").write_bytes(data)
    cat(run, "add", "disc.iso", "--label", "disc", status=harm is not continued)
    found = {path: entry["sha256"] for path, entry in entries_of(run, "disc").items()}
    if harm is behind_the_end:
        assert found == {"sub/below/file": None}
    elif harm is continued:
        assert list(found.values()) == [hashlib.sha256(b"x" * 5000).hexdigest()]


def test_what_looks_forever_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is of the process, so the system ends a reader that never looks at the clock."""

    def forever(file: object, inside: object) -> None:
        while True:
            pass

    (tmp_path / "a.zip").write_bytes(b"PK")
    (tmp_path / "b.tar").write_bytes(b"")
    monkeypatch.setattr(apart, "limits_of", lambda size, form: Limits(1, seconds=0.1))
    monkeypatch.setattr(apart, "_GRACE_SECONDS", 0)
    monitor = Noted()
    with Looker(
        {ForeignForm.ZIP: forever, ForeignForm.TAR: lambda file, inside: None}, hashed=True, depth=1, monitor=monitor
    ) as one:
        assert list(one.inside(bytes(tmp_path / "a.zip"), ForeignForm.ZIP, b"a.zip")) == []
        # The next one has a process of its own.
        assert list(one.inside(bytes(tmp_path / "b.tar"), ForeignForm.TAR, b"b.tar")) == []
    assert [(each.path, "more memory or time" in each.reason) for each in monitor.problems] == [(b"a.zip", True)]


def test_each_bound_is_kept() -> None:
    bounds: list[tuple[Limits, Callable[[Budget], None]]] = [
        (Limits(10), lambda spent: spent.content(11)),
        (Limits(10, names=3), lambda spent: spent.name(4, 1)),
        (Limits(10, name_bytes=3), lambda spent: spent.name(2, 2)),
        (Limits(10, told_bytes=3), lambda spent: spent.file(4)),
        (Limits(10, seconds=-1), lambda spent: spent.content(1)),
    ]
    for limits, spend in bounds:
        with pytest.raises(OverBudget):
            spend(Budget(limits))
    spent = Budget(Limits(10, names=3, name_bytes=3, told_bytes=3))
    spent.content(10)
    spent.name(3, 1)
    spent.file(3)


def test_what_is_over_the_bounds_is_known_as_far_as_it_went(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as inner:
        inner.writestr("big", bytes(5000))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("first", b"1")
        archive.write(tmp_path / "in.zip", "in.zip")
        archive.writestr("last", b"2")
    monkeypatch.setattr(apart, "limits_of", lambda size, form: Limits(6000))
    found, monitor = look(tmp_path / "a.zip")
    assert [each.path for each in found] == [b"a.zip/first", b"a.zip/in.zip", b"a.zip/in.zip/big"]
    assert [(each.path, each.trouble) for each in monitor.problems] == [(b"a.zip/in.zip", Trouble.REFUSED)]
