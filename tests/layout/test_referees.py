"""Stock tools as referees: what we write they read with the same values, and what GNU tar writes we read."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pybackup.container.structure import write_structure
from pybackup.layout import note, pax, ustar
from pybackup.layout.acl import ACCESS, DEFAULT, acl_from_text
from pybackup.layout.note import Note, Role
from pybackup.layout.sparse import SparseLayout, SparseReader
from pybackup.layout.ustar import Header
from pybackup.model.entry import Entry, Kind, Owner

from .values import ARCHIVE_ID

Values = tuple[bytes, int, int, int, int, int]
"""What a referee says of a member: name, mode, uid, gid, size, mtime."""

NAME = 99 * b"n" + b"x"
HEADERS = {
    "plain": Header(b"a.7z", 0o640, 1000, 100, 0, 1_700_000_000, uname=b"ann", gname=b"staff"),
    "a second before 1970": Header(b"a", mtime=-1),
    "1697": Header(b"a", mtime=-(1 << 33)),
    "4147": Header(b"a", mtime=1 << 36),
    "ids beyond 21 bits": Header(b"a", uid=0o10000000, gid=0o10000001),
    "largest ids": Header(b"a", uid=2**32 - 2, gid=2**31),
    "set-id and sticky": Header(b"a", 0o7777),
    "name of 100 bytes": Header(NAME),
    "name that is no UTF-8": Header(b"\xff\xfe.7z"),
    "name in UTF-8": Header(b"\xc3\xa4.7z"),
    "prefix": Header(b"a.7z", prefix=b"some/where"),
}
LARGE = [(8 << 30) - 1, 8 << 30, 9 << 30, 15 << 40]


def by_tarfile(path: Path) -> Values:
    with tarfile.open(path, encoding="utf-8", errors="surrogateescape") as archive:
        found = archive.next()
        assert found is not None
        assert found.linkname == ""
        name = found.name.encode("utf-8", "surrogateescape")
        return name, found.mode, found.uid, found.gid, found.size, int(found.mtime)


def by_gnu_tar(path: Path) -> Values:
    options = ["--numeric-owner", "--utc", "--full-time", "--quoting-style=escape", "-tvf", str(path)]
    line = run("tar", *options, env={"LC_ALL": "C"}).decode().splitlines()[0]
    match = re.fullmatch(r"(\S{10}) +(\d+)/(\d+) +(\d+) (\d+-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? (.*)", line)
    assert match, line
    when = datetime.fromisoformat(match[5])
    mtime = (when - datetime(1970, 1, 1)) // timedelta(seconds=1)
    return unescaped(match[6]), mode(match[1]), int(match[2]), int(match[3]), int(match[4]), mtime


def by_bsdtar(path: Path) -> Values:
    # As an mtree, which has all values by number.
    line = run("bsdtar", "-cf", "-", "--format=mtree", f"@{path}", env={"LC_ALL": "C"}).decode().splitlines()[1]
    name, *words = line.split(" ")
    said = dict(word.split("=", 1) for word in words)
    assert "link" not in said
    bits, uid, gid = int(said["mode"], 8), int(said.get("uid", "0")), int(said.get("gid", "0"))
    return unescaped(name).removeprefix(b"./"), bits, uid, gid, int(said["size"]), int(said["time"].split(".")[0])


REFEREES = [by_tarfile, by_gnu_tar, by_bsdtar]


def run(program: str, *arguments: str, given: bytes = b"", env: dict[str, str] | None = None) -> bytes:
    assert shutil.which(program), f"{program} is missing; install it, it is a referee"
    environment = {**os.environ, **(env or {})}
    done = subprocess.run([program, *arguments], input=given, capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    return done.stdout


def unescaped(text: str) -> bytes:
    return re.sub(rb"\\(\d{3})", lambda found: bytes((int(found[1], 8),)), text.encode("latin-1"))


def mode(letters: str) -> int:
    bits = 0
    for place, letter in enumerate(letters[1:]):
        bits |= (letter not in "-ST") << 8 - place
    for place, bit in ((3, 0o4000), (6, 0o2000), (9, 0o1000)):
        bits |= bit * (letters[place] in "sStT")
    return bits


@pytest.mark.parametrize("noted", [False, True], ids=["bare", "noted"])
@pytest.mark.parametrize("referee", REFEREES)
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_referee_reads_a_header_as_it_was_written(
    tmp_path: Path, header: Header, referee: Callable[[Path], Values], noted: bool
) -> None:
    block = header.pack()
    if noted:
        said = Note(Role.CONTENT, ARCHIVE_ID, segments=1, mtime_ns=5, digest=hashlib.sha256(b"").digest())
        block = note.seal(replace(header, linkname=said.pack()).pack())
    path = tmp_path / "a.tar"
    with path.open("wb") as sink:
        sink.write(block)
        # By header only: the content is a hole.
        sink.truncate(len(block) + ustar.padded(header.size) + len(ustar.END))
    expected = (header.path, header.mode, header.uid, header.gid, header.size, header.mtime)
    assert referee(path) == expected


@pytest.mark.parametrize("size", LARGE)
def test_referees_read_a_size_beyond_eight_gib(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.tar"
    with path.open("wb") as sink:
        sink.write(Header(b"a", size=size).pack())
        sink.truncate(512 + ustar.padded(size) + len(ustar.END))
    assert by_tarfile(path)[4] == by_gnu_tar(path)[4] == size
    # An mtree would be made by reading all of it.
    assert run("bsdtar", "-tvf", str(path)).split()[4] == b"%d" % size


LONG = {
    "ASCII": 150 * b"n",
    "UTF-8": 80 * b"\xc3\xa4",
    "decomposed": 60 * b"a\xcc\x88",
    "no UTF-8": 150 * b"\xff",
    "line feed": b"\n" + 150 * b"n",
}


@pytest.mark.parametrize("referee", REFEREES)
@pytest.mark.parametrize("name", LONG.values(), ids=LONG)
def test_referee_reads_a_long_name(tmp_path: Path, name: bytes, referee: Callable[[Path], Values]) -> None:
    path = tmp_path / "a.tar"
    records = pax.text_records({b"path": name}, {b"path": 100})
    path.write_bytes(pax.member(name, records, 0) + Header(name[:100]).pack() + ustar.END)
    found = referee(path)[0]
    assert found.replace(b"\\n", b"\n") == name


# Attributes


ACL = b"user::rwx,user:1234:r-x,group::r--,group:99:---,mask::r-x,other::--x"


def with_xattrs(xattrs: dict[bytes, bytes], *, typeflag: bytes = b"0") -> bytes:
    records = pax.xattr_records(xattrs)
    return (
        pax.member(b"a", records, 0)
        + Header(b"a", 0o751, os.getuid(), os.getgid(), typeflag=typeflag).pack()
        + ustar.END
    )


def extract(program: str, data: bytes, target: Path) -> Path:
    options = ["--acls", "--xattrs"] + ["--xattrs-include=*"] * (program == "tar")
    run(program, *options, "-xpf", "-", "-C", str(target), given=data)
    return target / "a"


@pytest.mark.parametrize("program", ["tar", "bsdtar"])
def test_attributes_are_restored(tmp_path: Path, program: str) -> None:
    values = {b"user.empty": b"", b"user.bytes": bytes(range(256)), b"user.name": b"a=b\n"}
    found = extract(program, with_xattrs(values), tmp_path)
    assert {name: os.getxattr(found, name) for name in values} == values


@pytest.mark.parametrize("name", [b"user.a=b", b"user.100%", b"user.%3D", b"user.a=%25=b"])
def test_attribute_of_any_name_is_restored_by_gnu_tar(tmp_path: Path, name: bytes) -> None:
    found = extract("tar", with_xattrs({name: b"v=w"}), tmp_path)
    assert [os.fsencode(attribute) for attribute in os.listxattr(found)] == [name]
    assert os.getxattr(found, name) == b"v=w"


def test_attributes_that_gnu_tar_writes_are_read(tmp_path: Path) -> None:
    values = {b"user.a=b%c": b"\0=\n", b"user.plain": b"x"}
    (tmp_path / "a").touch()
    for name, value in values.items():
        os.setxattr(tmp_path / "a", name, value)
    data = run("tar", "--format=pax", "--xattrs", "-C", str(tmp_path), "-cf", "-", "a")
    assert pax.xattrs_from_records(records_of(data)) == values


@pytest.mark.parametrize("program", ["tar", "bsdtar"])
def test_acls_are_restored_as_getfacl_shows_them(tmp_path: Path, program: str) -> None:
    acl = acl_from_text(ACL)
    found = extract(program, with_xattrs({ACCESS: acl, DEFAULT: acl}, typeflag=b"5"), tmp_path)
    shown = run(
        "getfacl", "--numeric", "--omit-header", "--no-effective", "--absolute-names", str(found), env={"LC_ALL": "C"}
    )
    lines = [line for line in shown.splitlines() if line]
    assert lines[:6] == ACL.split(b",")
    assert lines[6:] == [b"default:" + line for line in ACL.split(b",")]
    assert os.getxattr(found, ACCESS) == acl


def records_of(data: bytes) -> dict[bytes, bytes]:
    header = Header.unpack(data[:512])
    return pax.unpack_member(header.typeflag, data[512 : 512 + header.size])


# Sparse files


LAYOUTS = {
    "hole at the end": SparseLayout(1 << 20, [(65536, 5000)]),
    "data at both ends": SparseLayout(1 << 20, [(0, 4096), ((1 << 20) - 3, 3)]),
    "nothing but a hole": SparseLayout(1 << 20, []),
    "map of several blocks": SparseLayout(40 << 20, [(at, 512) for at in range(0, 40 << 20, 1 << 17)]),
    "beyond 8 GiB": SparseLayout(1 << 40, [(9 << 30, 10)]),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_sparse_stream_is_restored_by_gnu_tar_with_its_holes(tmp_path: Path, layout: SparseLayout) -> None:
    content = bytes(number % 250 + 1 for number in range(layout.data_bytes))
    stream = layout.head(b"a b\xff", mode=0o640, mtime=1_000_000) + content + layout.tail()
    run("tar", "-xSf", "-", "-C", str(tmp_path), given=stream)
    found = os.fsencode(tmp_path) + b"/a b\xff"
    status = os.stat(found)
    assert (status.st_size, status.st_mode & 0o777, status.st_mtime) == (layout.size, 0o640, 1_000_000)
    assert status.st_blocks * 512 < layout.data_bytes + (len(layout.extents) + 2) * 8192
    assert read_back(found, layout) == content


def read_back(path: bytes, layout: SparseLayout) -> bytes:
    """The data of the extents; what lies around them must be zero."""
    found = b""
    with open(path, "rb") as file:
        for offset, length in layout.extents:
            if offset:
                file.seek(offset - 1)
                assert file.read(1) == b"\0"
            file.seek(offset)
            found += file.read(length)
    return found


@pytest.mark.parametrize("layout", list(LAYOUTS.values())[:4], ids=list(LAYOUTS)[:4])
def test_sparse_stream_of_gnu_tar_is_read(tmp_path: Path, layout: SparseLayout) -> None:
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.truncate(layout.size)
        for offset, length in layout.extents:
            file.seek(offset)
            file.write(length * b"\x55")
    data = run("tar", "--format=pax", "--sparse", "--sparse-version=1.0", "-C", str(tmp_path), "-cf", "-", "a")
    restored = bytearray(layout.size)
    reader = SparseReader(layout.size)
    for at in range(0, len(data), 10_007):
        for offset, part in reader.feed(data[at : at + 10_007]):
            restored[offset : offset + len(part)] = part
    reader.finish()
    assert bytes(restored) == path.read_bytes()


# The structure


TREE = [
    Entry(b"d", Kind.DIRECTORY, 0o751, mtime_ns=1_000_000_000_000_000_000),
    Entry(b"d/" + 120 * b"n", Kind.DIRECTORY, 0o700, mtime_ns=2_500_000_000),
    Entry(b"d/\xff\xfe", Kind.SYMLINK, 0o777, target=b"../\xff"),
    Entry(b"d/long", Kind.SYMLINK, 0o777, target=180 * b"\xc3\xa4"),
    Entry(b"fifo", Kind.FIFO, 0o640),
]


@pytest.mark.parametrize("program", ["tar", "bsdtar"])
def test_structure_is_recreated_by_stock_tar(tmp_path: Path, program: str) -> None:
    owner = Owner(os.getuid(), os.getgid())
    data = b"".join(write_structure(replace(entry, owner=owner) for entry in TREE))
    run(program, "-xpf", "-", "-C", str(tmp_path), given=data)
    for entry in TREE:
        path = os.fsencode(tmp_path) + b"/" + entry.path
        status = os.lstat(path)
        if entry.kind is Kind.SYMLINK:
            assert os.readlink(path) == entry.target
        else:
            assert status.st_mode & 0o7777 == entry.mode
        if entry.mtime_ns:
            assert status.st_mtime_ns // 1_000_000_000 == entry.mtime_ns // 1_000_000_000


def test_structure_is_read_by_tarfile() -> None:
    data = b"".join(write_structure(TREE))
    with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8", errors="surrogateescape") as archive:
        found = archive.getmembers()
    names = [member.name.encode("utf-8", "surrogateescape") for member in found]
    assert names == [entry.path for entry in TREE]
    targets = [member.linkname.encode("utf-8", "surrogateescape") for member in found]
    assert targets == [entry.target for entry in TREE]
