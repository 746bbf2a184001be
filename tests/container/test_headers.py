"""Headers of members as other programs read them: Python's tarfile, which shares no code with us, and GNU tar."""

from __future__ import annotations

import io
import subprocess
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.container.headers import member_header, structure_header
from pybackup.layout.note import Note, Role, pax_crc
from pybackup.layout.stamp import Stamp
from pybackup.model.entry import Entry, Kind, Owner

NS = 10**9
ROLE = Note(Role.CONTENT, b"archive!", segments=1)

plain = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=120)
components = plain.map(str.encode).filter(lambda name: name not in (b".", b"..") and len(name) <= 255)
ids = st.integers(0, 2**32 - 1)
words = st.text("abcdefghij_-0123456789", max_size=32).map(str.encode)
owners = st.builds(Owner, ids, ids, words, words)
times = st.integers(-(10**18), 10**19)


def _read(blocks: bytes, content: bytes = b"") -> tarfile.TarInfo:
    whole = blocks + content + bytes(-len(content) % 512) + bytes(1024)
    with tarfile.open(fileobj=io.BytesIO(whole), encoding="utf-8", errors="surrogateescape") as archive:
        (found,) = archive.getmembers()
        return found


@settings(max_examples=50)
@given(components, owners, times, st.integers(0, 0o7777), st.binary(max_size=700))
def test_a_member_is_a_file_with_its_owner_time_and_size(
    name: bytes, owner: Owner, mtime_ns: int, mode: int, content: bytes
) -> None:
    entry = Entry(b"d/" + name, Kind.FILE, 0o640, owner, mtime_ns)
    blocks = member_header(entry, name, len(content), ROLE, mode=mode)
    found = _read(blocks, content)
    assert (found.name.encode("utf-8", "surrogateescape"), found.size, found.isreg()) == (name, len(content), True)
    assert (found.mode, found.uid, found.gid) == (mode, owner.uid, owner.gid)
    assert (found.uname.encode(), found.gname.encode()) == (owner.user, owner.group)
    assert (found.mtime, found.linkname) == (mtime_ns // NS, "")
    said = Note.unpack(blocks[-512:])
    assert (said.mtime_ns, said.archive_id, said.pax_crc) == (mtime_ns % NS, b"archive!", pax_crc(blocks[:-512]))


def test_what_a_header_cannot_say_stands_before_it() -> None:
    xattrs = {b"user.a=b": b"1", b"user.zero": b"\0\n"}
    entry = Entry(b"d/" + b"n" * 230, Kind.FILE, xattrs=xattrs)
    long = b"n" * 200 + b"~1.7z"
    found = _read(member_header(entry, long, 0, ROLE, mode=0o644, true_name=b"n" * 230))
    assert found.name == long.decode()
    assert found.pax_headers["comment"] == "PYBACKUP name=" + "n" * 230
    assert found.pax_headers["SCHILY.xattr.user.a%3Db"] == "1"
    assert found.pax_headers["SCHILY.xattr.user.zero"] == "\0\n"
    without = _read(member_header(entry, b"short.7z", 0, ROLE, mode=0o644, xattrs=False))
    assert without.pax_headers == {}


@pytest.mark.parametrize("name_bytes", [99, 100, 101])
def test_a_name_that_fits_takes_one_block(name_bytes: int) -> None:
    blocks = member_header(Entry(b"a", Kind.FILE), b"n" * name_bytes, 0, ROLE, mode=0o644)
    assert len(blocks) == (512 if name_bytes <= 100 else 1536)
    assert _read(blocks).name == "n" * name_bytes


TYPES = {
    Kind.DIRECTORY: tarfile.DIRTYPE,
    Kind.SYMLINK: tarfile.SYMTYPE,
    Kind.HARDLINK: tarfile.LNKTYPE,
    Kind.FIFO: tarfile.FIFOTYPE,
    Kind.CHARACTER: tarfile.CHRTYPE,
    Kind.BLOCK: tarfile.BLKTYPE,
}


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(TYPES)),
    st.lists(components, min_size=1, max_size=3).map(b"/".join),
    owners,
    times,
    st.integers(0, 0o7777),
    components,
    st.tuples(st.integers(0, 2**21 - 1), st.integers(0, 2**21 - 1)),
)
def test_an_entry_of_a_structure_is_the_same_for_tar(
    kind: Kind, path: bytes, owner: Owner, mtime_ns: int, mode: int, target: bytes, device: tuple[int, int]
) -> None:
    is_link = kind in (Kind.SYMLINK, Kind.HARDLINK)
    is_device = kind in (Kind.CHARACTER, Kind.BLOCK)
    entry = Entry(path, kind, mode, owner, mtime_ns, 0, target if is_link else b"", device if is_device else (0, 0))
    blocks = structure_header(entry)
    found = _read(blocks)
    assert found.type == TYPES[kind]
    # tarfile takes slashes at the end away.
    assert found.name.encode("utf-8", "surrogateescape") == path
    assert found.linkname.encode("utf-8", "surrogateescape") == entry.target
    assert (found.mode, found.uid, found.gid) == (mode, owner.uid, owner.gid)
    assert int(found.mtime // 1) == mtime_ns // NS or "mtime" in found.pax_headers
    if is_device:
        assert (found.devmajor, found.devminor) == device
    assert Stamp.unpack(blocks[-512:]) == Stamp(mtime_ns % NS, pax_crc(blocks[:-512]))


def test_gnu_tar_reads_what_is_no_utf8() -> None:
    path = b"\xff\xfe" * 60
    entry = Entry(path, Kind.SYMLINK, mtime_ns=NS, target=b"\xfd" * 150)
    listed = subprocess.run(
        ["tar", "-tv", "--quoting-style=literal", "--show-transformed-names", "-f", "-"],
        input=structure_header(entry) + bytes(1024),
        capture_output=True,
        check=True,
    )
    assert listed.stdout.rstrip(b"\n").endswith(path + b" -> " + entry.target)
    assert listed.stderr == b""


def test_times_before_1970_have_their_rest_in_the_stamp_alone() -> None:
    """Whole seconds below, and so much more: tars disagree on fractions of negative times."""
    entry = Entry(b"p" * 120, Kind.FIFO, mtime_ns=-1)
    blocks = structure_header(entry)
    found = _read(blocks)
    assert (found.mtime, "mtime" in found.pax_headers) == (-1, False)
    assert Stamp.unpack(blocks[-512:]).mtime_ns == NS - 1
